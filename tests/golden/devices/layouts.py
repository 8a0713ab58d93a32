"""The seven distributions' layouts, as trees over a made-up laptop: where each has its programs, modules and firmware.

Places and names are those of base/layout.h and base/distribution.c, which name their sources; kernels and versions are
made up.
"""
import json
import shutil

RELEASE = "6.12.1-made-up"
VFIO = "kernel/drivers/vfio/pci/vfio-pci.ko"
DESCRIPTOR = "qemu/firmware/60-edk2-x86_64.json"


def programs(tree, directory, *names):
    for name in names:
        tree.file(f"{directory}/{name}", "#!/bin/sh\n")
        (tree.root / directory / name).chmod(0o755)


def link(tree, path, target):
    """With the very words of target, as a distribution writes them."""
    path = tree.root / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def modules(tree, directory, listed=VFIO, builtin=""):
    tree.file("proc/sys/kernel/osrelease", f"{RELEASE}\n")
    tree.file(f"{directory}/{RELEASE}/modules.dep", f"kernel/drivers/char/x.ko:\n{listed}:\n" if listed else "")
    tree.file(f"{directory}/{RELEASE}/modules.builtin", f"kernel/lib/crc.ko\n{builtin}")


def firmware(tree, share, code, variables, form="raw"):
    """share: where the descriptors are, in the tree; code and variables: paths as the descriptor has them."""
    for path in (code, variables):
        tree.file(path[1:], "x" * 64)
    tree.file(f"{share}/{DESCRIPTOR}", json.dumps({
        "description": "UEFI without Secure Boot", "interface-types": ["uefi"],
        "mapping": {"device": "flash", "executable": {"filename": code, "format": form},
                    "nvram-template": {"filename": variables, "format": form}},
        "targets": [{"architecture": "x86_64", "machines": ["pc-q35-*"]}], "features": ["acpi-s3"], "tags": []}))


def os_release(tree, text):
    tree.file("etc/os-release", text)


def systemd(tree):
    tree.file("run/systemd/system/x", "")


def merged_usr(tree):
    for name in ("bin", "sbin", "lib", "lib64"):
        link(tree, name, f"usr/{name}")
    tree.file("usr/lib64/x", "")


def debian(tree):
    """/usr is merged, sbin is not bin."""
    merged_usr(tree)
    programs(tree, "usr/bin", "kmod", "udevadm", "systemctl", "busctl", "sudo", "pkexec")
    link(tree, "usr/sbin/modprobe", "../bin/kmod")
    tree.file("proc/sys/kernel/modprobe", "/sbin/modprobe\n")
    modules(tree, "usr/lib/modules")
    firmware(tree, "usr/share", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")
    os_release(tree, 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n')
    systemd(tree)


def ubuntu(tree):
    """As Debian; vfio-pci is in the kernel itself."""
    debian(tree)
    modules(tree, "usr/lib/modules", None, VFIO + "\n")
    os_release(tree, 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n')


def fedora(tree):
    """From 42 on all programs are in /usr/bin."""
    merged_usr(tree)
    programs(tree, "usr/bin", "kmod", "udevadm", "systemctl", "busctl", "sudo", "pkexec")
    link(tree, "usr/bin/modprobe", "kmod")
    link(tree, "usr/sbin", "bin")
    tree.file("proc/sys/kernel/modprobe", "/usr/sbin/modprobe\n")
    modules(tree, "usr/lib/modules", VFIO + ".xz")
    firmware(tree, "usr/share", "/usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2", "/usr/share/edk2/ovmf/OVMF_VARS_4M.qcow2",
             "qcow2")
    os_release(tree, 'NAME="Fedora Linux"\nVERSION_ID=43\nID=fedora\n')
    systemd(tree)


def arch(tree):
    """Everything in /usr/bin since long."""
    for name, target in (("bin", "usr/bin"), ("sbin", "usr/bin"), ("lib", "usr/lib"), ("usr/sbin", "bin")):
        link(tree, name, target)
    programs(tree, "usr/bin", "kmod", "udevadm", "systemctl", "busctl", "sudo", "pkexec")
    link(tree, "usr/bin/modprobe", "kmod")
    tree.file("proc/sys/kernel/modprobe", "/sbin/modprobe\n")
    modules(tree, "usr/lib/modules", VFIO + ".zst")
    firmware(tree, "usr/share", "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd")
    os_release(tree, 'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n')
    systemd(tree)


def opensuse(tree):
    merged_usr(tree)
    programs(tree, "usr/bin", "kmod", "udevadm", "systemctl", "busctl", "sudo", "pkexec")
    link(tree, "usr/sbin/modprobe", "/usr/bin/kmod")
    modules(tree, "usr/lib/modules", VFIO + ".zst")
    firmware(tree, "usr/share", "/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin")
    os_release(tree, 'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n')
    systemd(tree)


def gentoo(tree):
    """/usr is not merged, the modules are not compressed."""
    programs(tree, "bin", "kmod", "udevadm")
    link(tree, "sbin/modprobe", "../bin/kmod")
    programs(tree, "usr/bin", "systemctl", "busctl", "sudo", "pkexec")
    tree.file("proc/sys/kernel/modprobe", "/sbin/modprobe\n")
    modules(tree, "lib/modules")
    firmware(tree, "usr/share", "/usr/share/edk2/OvmfX64/OVMF_CODE_4M.qcow2",
             "/usr/share/edk2/OvmfX64/OVMF_VARS_4M.qcow2", "qcow2")
    os_release(tree, "NAME=Gentoo\nID=gentoo\n")
    systemd(tree)


def nixos(tree):
    """Neither /usr/lib nor /usr/share; the running kernel's modules are those of the system that was booted."""
    store = "nix/store"
    programs(tree, f"{store}/1-kmod-34/bin", "kmod")
    link(tree, f"{store}/1-kmod-34/bin/modprobe", "kmod")
    programs(tree, f"{store}/2-systemd-258/bin", "udevadm", "systemctl", "busctl")
    for name, package in (("modprobe", "1-kmod-34"), ("udevadm", "2-systemd-258"), ("systemctl", "2-systemd-258"),
                          ("busctl", "2-systemd-258")):
        link(tree, f"{store}/3-system-path/bin/{name}", f"/{store}/{package}/bin/{name}")
    modules(tree, f"{store}/4-kernel-modules/lib/modules", VFIO + ".xz")
    for system, what in (("5-nixos-system", "4-kernel-modules"), ("6-nixos-system-updated", "7-kernel-modules")):
        link(tree, f"{store}/{system}/kernel-modules", f"/{store}/{what}")
        link(tree, f"{store}/{system}/sw", f"/{store}/3-system-path")
    tree.file(f"{store}/7-kernel-modules/lib/modules/6.18.0/modules.dep", "")
    link(tree, "run/booted-system", f"/{store}/5-nixos-system")
    link(tree, "run/current-system", f"/{store}/6-nixos-system-updated")
    programs(tree, "run/wrappers/wrappers.x", "sudo", "pkexec")
    link(tree, "run/wrappers/bin", "/run/wrappers/wrappers.x")
    programs(tree, "bin", "sh")
    programs(tree, "usr/bin", "env")
    tree.file("proc/sys/kernel/modprobe", f"/{store}/1-kmod-34/bin/modprobe\n")
    tree.file("firmware/code.fd", "x" * 64)
    tree.file("firmware/vars.fd", "x" * 64)
    os_release(tree, 'NAME=NixOS\nID=nixos\nVERSION_ID="26.11"\n')
    systemd(tree)


LAYOUTS = {layout.__name__: layout for layout in (debian, ubuntu, fedora, arch, opensuse, gentoo, nixos)}


def laid_out(fill, layout):
    """The machine that fill makes, with nothing of another layout."""
    def function(tree):
        fill(tree)
        for name in ("usr", "lib"):
            shutil.rmtree(tree.root / name, ignore_errors=True)
        layout(tree)
    return function
