#!/usr/bin/env bash
#
# The lab's own checks: all that other checks take for granted, in one boot.
set -eu
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# A disk that lasts as long as L1 does.
in_lab --modules --package sudo --package pkexec --retry 1 \
    --qemu-arg -drive \
    --qemu-arg if=none,id=scratch,driver=raw,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on \
    --device-spec pcie-root-port,id=disk-port,chassis=9,slot=9,addr=1d.0 \
    --device-spec nvme,drive=scratch,serial=SCRATCH,bus=disk-port

cd "$lab_tmp"
modprobe -a vfio-pci nvme

# ---- IOMMU groups

check 'the GPU and its audio function are alone in a group' \
    equal "$(ls "$pci/$GPU/iommu_group/devices")" "$GPU"$'\n'"$AUDIO"
check 'the integrated GPU is in another one' \
    not equal "$(group_of "$IGPU")" "$(group_of "$GPU")"
check 'the integrated GPU is the boot VGA' equal "$(<"$pci/$IGPU/boot_vga")" 1

# ---- drivers, and the snapshot

check 'drivers load' load_drivers
check 'the GPU has its driver' is_driver "$GPU" bochs-drm
check 'the audio function has its driver' is_driver "$AUDIO" snd_hda_intel
snapshot >before
bind_to vfio-pci "$GPU" "$AUDIO"
check 'the GPU goes to vfio-pci' is_driver "$GPU" vfio-pci
check 'the audio function goes to vfio-pci' is_driver "$AUDIO" vfio-pci
check 'driver_override can be read' equal "$(override_of "$GPU")" vfio-pci
check 'the group has a device node' test -c "/dev/vfio/$(group_of "$GPU")"
lab-acl --allow 1000 /dev/kvm
snapshot >taken
diff before taken >changes || true
check 'the snapshot shows the drivers' has "^> .*$GPU/driver -> .*vfio-pci" changes
check 'the snapshot shows the override' has "^> .*$GPU/driver_override:vfio-pci" changes
check 'the snapshot shows ACLs' has '^> 0660 0:0 .*u:1000:rw-.* /dev/kvm' changes

# ---- L2, with the GPU and a disk of the host

nvme=$(link_name /sys/class/nvme/nvme0/device)
bind_to vfio-pci "$nvme"
start=${EPOCHREALTIME/./}
check 'L2 runs and turns itself off' l2 report guest.rom=0000:01:00.0 \
    guest.write=/dev/nvme0n1:written-by-the-guest -- "${l2_gpu[@]}" \
    -device pcie-root-port,id=disk-port,chassis=2,slot=2,addr=02.0 \
    -device "vfio-pci,host=$nvme,bus=disk-port" -smbios type=1,product=Laptop
note "L2 took $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
sed 's/^/# /' report.err
check 'L2 reports to the end' saw report end
check 'L2 sees the GPU' saw report pci address=0000:01:00.0 vendor=0x1234 device=0x1111
check 'L2 sees a BAR of it' saw report bar address=0000:01:00.0 bar=0 size=0x1000000
check 'L2 sees the audio function' saw report pci address=0000:01:00.1 driver=snd_hda_intel
check 'L2 plays sound with it' has '^GUEST sound device=pcm.* played=' report
echo 1 >"$pci/$GPU/rom"
digest=$(sha256sum "$pci/$GPU/rom")
echo 0 >"$pci/$GPU/rom"
check "L2 reads the GPU's option ROM" \
    saw report rom address=0000:01:00.0 "sha256=${digest%% *}"
check 'L2 writes to the disk' saw report write device=/dev/nvme0n1 same=1
check 'L2 sees what the command line says' saw report dmi name=product_name value=Laptop

bind_to - "$GPU" "$AUDIO" "$nvme"
check 'the disk comes back' wait_for '[ -b /dev/nvme0n1 ]'
check 'the host reads what L2 wrote' \
    has written-by-the-guest <(dd if=/dev/nvme0n1 bs=4096 skip=1 count=1 status=none | tr -d '\0')
lab-acl --clear /dev/kvm
chmod 600 /dev/kvm
snapshot >after
check 'the host is as it was' diff before after

# ---- huge pages

pages=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
echo 32 >"$pages"
check 'huge pages are reserved' equal "$(<"$pages")" 32
snapshot >after
check 'the snapshot shows them' not diff before after
echo 0 >"$pages"

# ---- holders

card=$(compgen -G "$pci/$GPU/drm/card*")
node=/dev/dri/${card##*/}
pid=$(hold compositor "$node")
check 'a compositor holds the DRM node' equal "$(<"/proc/$pid/comm")" compositor
check 'its descriptor can be found' has "$node" <(readlink /proc/"$pid"/fd/*)
kill "$pid"

# ---- nvidia

echo "$GPU" >"$pci/$GPU/driver/unbind"
check 'the stand-in nvidia modules load' modprobe -a nvidia nvidia_uvm nvidia_drm
check 'nvidia has the GPU' is_driver "$GPU" nvidia
check 'nvidia leaves the integrated GPU alone' is_driver "$IGPU" bochs-drm
check 'nvidia_drm makes a DRM node' compgen -G "$pci/$GPU/drm/card*"
check 'nvidia cannot go before its users' not rmmod nvidia
pid=$(hold cuda /dev/nvidia0)
check 'its users can go' rmmod nvidia_drm nvidia_modeset nvidia_uvm
check 'with its node open it cannot' not rmmod nvidia
check 'and still has the GPU' is_driver "$GPU" nvidia
kill "$pid"
pid=$(hold cuda --map /dev/nvidia0)
check 'with its node mapped it cannot' not rmmod nvidia
check 'only the maps tell' has /dev/nvidia0 "/proc/$pid/maps"
(echo "$GPU" >"$pci/$GPU/driver/unbind") &
writer=$!
check 'unbind waits for the node' wait_for "[ ! -e $pci/$GPU/driver ]"
kill -9 "$writer"
check 'SIGKILL does not end its writer' not wait_for "[ ! -e /proc/$writer ]" 1
kill "$pid"
check 'it ends when the node is closed' wait_for "[ ! -e /proc/$writer ]"
check 'then nvidia can go' rmmod nvidia
bind_to - "$GPU"
check 'the GPU goes back to its driver' is_driver "$GPU" bochs-drm
snapshot >after
check 'the host is as it was after all' diff before after

# ---- users

check 'labuser is a user without rights' equal "$(as_user id -un) $(as_user id -Gn)" 'labuser labuser'
check 'labuser has a runtime directory' as_user test -w /run/user/1000
check 'labuser cannot use KVM' not as_user test -r /dev/kvm
check 'a terminal can be had' on_terminal as_user test -t 0
if command -v sudo >/dev/null; then
    check 'labuser has sudo' equal "$(as_user sudo -n id -u)" 0
else
    skip 'labuser has sudo' 'no package sudo'
fi
if command -v pkexec >/dev/null && start_polkit org.freedesktop.policykit.exec; then
    check 'labuser has pkexec' equal "$(as_user pkexec id -u)" 0
else
    skip 'labuser has pkexec' 'no pkexec, polkitd or dbus-daemon'
fi
