# shellcheck shell=bash
#
# Sourced by `lab`: fetches the kernel, and builds what L1 and L2 boot.
#
# All of it lies in $built, which L1 sees as /lab/built:
#   vmlinuz, vmlinux, release, version    the kernel, packed and unpacked
#   lib/modules/RELEASE/                  its modules, ours under updates/ and samples/
#   l1.img, guest.img                     initramfs of L1 and of L2
#   tools/                                programs for checks
#   packages/                             what --package asked for
#   headers/                              kernel headers, after `lab modules`
#   samples/                              sample drivers out of the kernel's source, after `lab samples`
#   iommufd/                              modules for iommufd, after `lab iommufd`

# shellcheck disable=SC2154  # here, cache, qemu and scratch are lab's
built=$cache/built

# What L1 needs to find its root.
l1_modules='virtio_pci 9pnet_virtio 9p overlay virtio_console'

# ------------------------------------------------------------- requirements

# program:package. A kernel is packed with xz or with zstd.
needs=(apt-get:apt dpkg-deb:dpkg modprobe:kmod depmod:kmod cpio:cpio gcc:gcc readelf:binutils
    busybox:busybox-static xz:xz-utils zstd:zstd setpriv:util-linux flock:util-linux)

cmd_check() {
    local pair missing=()
    [ "$(uname -m)" = x86_64 ] || absent "the lab needs an x86-64 computer"
    for pair in "${needs[@]}" "${needed[@]}"; do
        have "${pair%:*}" || missing+=("${pair#*:}")
    done
    have "$qemu" || missing+=(qemu-system-x86)
    if have busybox && readelf -l "$(command -v busybox)" 2>/dev/null | grep -q INTERP; then
        missing+=(busybox-static)
    fi
    [ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
    [ ${#missing[@]} -eq 0 ] || absent "these packages are missing: $(printf '%s\n' "${missing[@]}" | sort -u | paste -sd' ')"
    if [ -e "$built/release" ]; then return 0; fi
    know_suite
    [ -n "$(kernel_package)" ] ||
        absent 'apt knows no kernel package (linux-image-amd64); apt-get update, or VMLAUNCH_LAB_KERNEL=PACKAGE'
}

# True if TARGET is missing or older than one of the sources.
stale() {  # TARGET SOURCE...
    local target=$1 source
    shift
    [ -e "$target" ] || return 0
    for source; do
        [ "$source" -ot "$target" ] || return 0
    done
    return 1
}

new_scratch() {
    rm -rf "$scratch"
    scratch=$(mktemp -d "$cache/scratch.XXXXXX")
}

cmd_setup() {
    cmd_check
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock "$lock"
    [ -e "$built/release" ] || get_kernel
    if stale "$built/l1.img" "$here/l1/init"; then build_l1; fi
    if stale "$built/guest.img" "$here"/guest/*; then build_guest; fi
    if stale "$built/tools" "$here"/tools/* || lacks_tools; then build_tools; fi
    exec {lock}>&-
}

# ------------------------------------------------------------------- packages

# As archives of what matters, because L1 is slow at unpacking.
fetch_packages() {
    local name debs
    mkdir -p "$built/packages"
    for name in "${packages[@]}"; do
        if [ -e "$built/packages/$name.tar" ] ||
            dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' installed'; then
            continue
        fi
        # For this computer's root, whichever kernel runs on it.
        if ! suite='' fetch "$name"; then
            say "package $name cannot be had; going on without"
            continue
        fi
        new_scratch
        dpkg-deb -x "${debs[0]}" "$scratch/root"
        forget_debs
        rm -rf "$scratch"/root/usr/share/{doc,lintian,locale,man}
        tar -C "$scratch/root" --owner=0 --group=0 -cf "$scratch/tar" .
        mv "$scratch/tar" "$built/packages/$name.tar"
    done
}

# --------------------------------------------------------------------- kernel

kernel_package() {
    if [ -n "${VMLAUNCH_LAB_KERNEL:-}" ]; then
        echo "$VMLAUNCH_LAB_KERNEL"
    else
        depends_on linux-image-amd64 '^linux-image-[0-9]' | head -n 1
    fi
}

# A kernel's own parts: vmlinuz and modules in one package up to Debian 13, in one each since, with what depmod
# wants beside them in a third.
kernel_parts='^linux-(base|binary|image|modules)-[0-9]'

get_kernel() {
    local package deb debs modules release new
    package=$(kernel_package)
    say "fetching $package"
    # shellcheck disable=SC2046  # words
    fetch $(with_parts "$package" "$kernel_parts") ||
        absent "apt-get download $package: $(why_not)"
    new_scratch
    new=$scratch/built
    for deb in "${debs[@]}"; do
        dpkg-deb -x "$deb" "$scratch/root"
    done
    modules=$(find "$scratch/root" -path '*lib/modules/*' -prune | head -n 1)
    release=${modules##*/}
    mkdir -p "$new/lib/modules"
    mv "$modules" "$new/lib/modules/"
    if [ -e "$scratch/root/boot/vmlinuz-$release" ]; then
        mv "$scratch/root/boot/vmlinuz-$release" "$new/vmlinuz"
    else
        mv "$new/lib/modules/$release/vmlinuz" "$new/vmlinuz"
    fi
    unpack_vmlinux "$new/vmlinuz" >"$new/vmlinux"
    depmod -b "$new" "$release"
    dpkg-deb -f "${debs[0]}" Version >"$new/version"
    echo "$release" >"$new/release"
    rm -rf "$built"
    mv "$new" "$built"
    forget_debs
}

# The ELF image inside a bzImage: emulation takes seconds to unpack it at every
# boot. Documentation/arch/x86/boot.rst says where it is; the payload's last
# four bytes are its unpacked size.
unpack_vmlinux() {  # BZIMAGE
    local sectors offset length unpack
    number() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
    sectors=$(number "$1" $((0x1f1)) 1)
    offset=$(($(number "$1" $((0x248)) 4) + (sectors + 1) * 512))
    length=$(number "$1" $((0x24c)) 4)
    case $(od -An -t x1 -j "$offset" -N 4 "$1" | tr -d ' ') in
        fd377a58) unpack='xz -dc' ;;
        28b52ffd) unpack='zstd -qdc' ;;
        1f8b*) unpack='gzip -dc' ;;
        *) broken 'the kernel is packed in a way that is not known here' ;;
    esac
    dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count=$((length - 4)) \
        status=none | $unpack
}

# The files of modules and of what they need, in the order of loading. What is
# built into the kernel, or not there, is left out.
module_files() {  # NAME...
    local name
    for name; do
        modprobe -C /dev/null -d "$built" -S "$(<"$built/release")" \
            --show-depends "$name" 2>/dev/null || true
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

add_module() {  # DIRECTORY FILE: unpacks it there, prints its name
    local name=${2##*/} unpack=cat
    case $name in
        *.xz) unpack='xz -dc' ;;
        *.zst) unpack='zstd -qdc' ;;
    esac
    name=${name%.xz} name=${name%.zst}
    [ -e "$1/$name" ] || $unpack "$2" >"$1/$name"
    echo "$name"
}

# Not compressed: unpacking it under emulation takes longer than reading it.
pack() {  # DIRECTORY IMAGE
    (cd "$1" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
    mv "$2.new" "$2"
}

# ------------------------------------------------------------------ L1 and L2

build_l1() {
    local root file
    new_scratch
    root=$scratch/root
    mkdir -p "$root"/{bin,mods,proc,sys,dev,host,rw,root}
    cp "$(command -v busybox)" "$root/bin/busybox"
    install -m 755 "$here/l1/init" "$root/init"
    # shellcheck disable=SC2086
    for file in $(module_files $l1_modules); do
        add_module "$root/mods" "$file"
    done >"$root/mods/order"
    pack "$root" "$built/l1.img"
}

compile() {  # PROGRAM SOURCE...
    local program=$1
    shift
    gcc -static -O2 -Wall -Wextra -s -I "$here/../../launcher" -o "$program" "$@" ||
        broken "$program does not compile"
}

# /mods/table of the guest: for each pattern of a device's modalias one line,
# the pattern and the module files to load for it.
build_guest() {
    local root entry name file files aliases
    new_scratch
    root=$scratch/root
    mkdir -p "$root"/{mods,proc,sys,dev}
    compile "$root/init" "$here"/guest/*.c "$here/../../launcher/base/digest.c"
    aliases=$built/lib/modules/$(<"$built/release")/modules.alias
    # shellcheck disable=SC2013  # words, not lines
    for entry in $(sed 's/#.*//' "$here/guest/modules"); do
        name=${entry%%+*}
        # shellcheck disable=SC2086
        files=$(for file in $(module_files ${entry//+/ }); do
            add_module "$root/mods" "$file"
        done | tr '\n' ' ')
        [ -z "$files" ] ||
            awk -v m="$name" -v f="$files" '$1 == "alias" && $3 == m { print $2, f }' "$aliases"
    done >"$root/mods/table"
    pack "$root" "$built/guest.img"
}

# Another checkout's lab, with other tools, may have built them.
lacks_tools() {
    local source name
    for source in "$here"/tools/*.c; do
        name=${source##*/}
        [ -e "$built/tools/${name%.c}" ] || return 0
    done
    return 1
}

build_tools() {
    local source name
    new_scratch
    mkdir "$scratch/tools"
    for source in "$here"/tools/*.c; do
        name=${source##*/}
        compile "$scratch/tools/${name%.c}" "$source"
    done
    rm -rf "$built/tools"
    mv "$scratch/tools" "$built/tools"
}

# -------------------------------------------------------------------- modules

# Headers, and the programs that a build needs of the kernel's own. Those of another release are linked with its
# libraries, and its headers are made for its compiler: then a root with that compiler, and with make.
get_headers() {
    local release version name list=() package deb debs
    release=$(<"$built/release") version=$(<"$built/version")
    name=linux-headers-$release
    know_suite
    for package in $(with_parts "$name" '^linux-(headers|kbuild)-'); do
        list+=("$package=$version")
    done
    say "fetching the headers of $release"
    fetch "${list[@]}" ||
        absent "no headers of $release $version: $(why_not)" "(after a kernel update: lab clean --all)"
    new_scratch
    mkdir "$scratch/headers"
    [ -z "$suite" ] || unpack_compiler "$scratch/headers" "$(depends_on "$name" '^gcc-[0-9]' | head -n 1)"
    for deb in "${debs[@]}"; do
        dpkg-deb --fsys-tarfile "$deb" | tar -C "$scratch/headers" --keep-directory-symlink --no-same-owner -xf -
    done
    # They are made to lie in /usr.
    [ -n "$suite" ] || sed -i "s,/usr/src/,$built/headers/usr/src/,g" "$scratch/headers/usr/src/$name/Makefile"
    rm -rf "$built/headers"
    mv "$scratch/headers" "$built/headers"
    forget_debs
}

unpack_compiler() {  # ROOT COMPILER'S-PACKAGE
    local root=$1 name deb
    lab_apt apt-get install -y --download-only "$2" make libc6-dev libelf1t64 pahole dash coreutils sed grep gawk \
        findutils >"$own/log" 2>&1 || absent "no compiler of $suite: $(tail -n 1 "$own/log")"
    mkdir -p "$root"/{proc,dev,tmp,build} "$root"/usr/{bin,lib,lib64,sbin}
    for name in bin lib lib64 sbin; do
        ln -s "usr/$name" "$root/$name"
    done
    for deb in "$own"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" --keep-directory-symlink --no-same-owner \
            --exclude=./usr/share/{doc,locale,man} -xf -
    done
    rm -f "$own"/cache/archives/*.deb
    # What packages' own scripts would have linked.
    [ -e "$root/usr/bin/awk" ] || ln -s gawk "$root/usr/bin/awk"
    [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
}

# Compiles the modules in $scratch.
build_modules() {  # [MAKE'S ARGUMENT...]
    local source log=$cache/modules.log
    source=/usr/src/linux-headers-$(<"$built/release")
    if [ -z "$suite" ]; then
        make -s -C "$built/headers$source" M="$scratch" "$@" modules >"$log" 2>&1
    else
        in_headers_root make -s -C "$source" M=/build "$@" modules >"$log" 2>&1
    fi || { tail -n 20 "$log" >&2; broken 'the modules do not compile'; }
    find "$scratch" -name '*.ko' -exec strip -g {} +
}

# Runs a command in the other release's root, with $scratch as /build.
in_headers_root() {  # COMMAND...
    local as=()
    [ "$(id -u)" = 0 ] || as=(--map-root-user)
    # shellcheck disable=SC2016  # for the shell in there
    unshare --mount "${as[@]}" sh -c 'root=$1; mount --rbind /dev "$root/dev" &&
        mount --rbind /proc "$root/proc" && mount --bind "$2" "$root/build" && shift 2 && exec chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin "$@"' sh "$built/headers" "$scratch" "$@"
}

cmd_modules() {
    local release updates
    have make || absent 'these packages are missing: make'
    exec {lock}>"$cache/lock"
    flock "$lock"
    release=$(<"$built/release")
    updates=$built/lib/modules/$release/updates
    if stale "$updates" "$here"/modules/*; then
        [ -d "$built/headers" ] || get_headers
        new_scratch
        cp "$here"/modules/* "$scratch"
        build_modules
        rm -rf "$updates"
        mkdir "$updates"
        cp "$scratch"/*.ko "$updates"
        depmod -b "$built" "$release"
    fi
    exec {lock}>&-
}

# -------------------------------------------------------------------- samples

# Parts of the kernel's source, into $scratch/source. (150 MB are fetched for a few files.)
get_source() {  # PATH...
    local release version series debs
    release=$(<"$built/release") version=$(<"$built/version")
    series=$(cut -d. -f1,2 <<<"$release")
    say "fetching the source of $release"
    fetch "linux-source-$series=$version" ||
        absent "no source of $release $version: $(why_not)" "(after a kernel update: lab clean --all)"
    new_scratch
    mkdir "$scratch/source"
    dpkg-deb --fsys-tarfile "${debs[0]}" |
        tar -xOf - "./usr/src/linux-source-$series.tar.xz" |
        tar -xJf - -C "$scratch/source" --strip-components=1 "${@/#/linux-source-$series/}" ||
        absent "the source of $release has no $*"
    forget_debs
}

# The kernel's own sample drivers of mediated devices, out of its source: mdpy, a display, and mtty, a serial
# adapter.
get_samples() {
    get_source samples/vfio-mdev
    rm -rf "$built/samples"
    mv "$scratch/source/samples/vfio-mdev" "$built/samples"
}

# Their parent is registered where the kernel's list of drivers puts it; parent.h says what instead.
use_parent() {  # FILE EXPRESSION
    sed -i "/mdev_register_parent(/s/, &$2,/, lab_parent(\&$2),/" "$1"
    grep -q "lab_parent(&$2)" "$1" || broken "$1 registers its parent in another way"
}

cmd_samples() {
    local release to
    have make || absent 'these packages are missing: make'
    exec {lock}>"$cache/lock"
    flock "$lock"
    release=$(<"$built/release")
    to=$built/lib/modules/$release/samples
    if stale "$to" "$here"/samples/*; then
        [ -d "$built/headers" ] || get_headers
        [ -d "$built/samples" ] || get_samples
        new_scratch
        cp "$built"/samples/*.[ch] "$here"/samples/* "$scratch"
        use_parent "$scratch/mdpy.c" mdpy_dev
        use_parent "$scratch/mtty.c" mtty_dev.dev
        build_modules
        rm -rf "$to"
        mkdir "$to"
        cp "$scratch"/*.ko "$to"
        depmod -b "$built" "$release"
    fi
    exec {lock}>&-
}

# -------------------------------------------------------------------- iommufd

# Debian has CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV off. All that the two switch on is in modules, iommufd and
# VFIO's, which are compiled with both from the source of the kernel as it is. Two things that else are the kernel's own
# go into iommufd: steps through the spans of an interval tree, and the bitmap of dirty pages. The modules lie apart,
# and whoever wants them loads them by insmod: all other tests have Debian's.
cmd_iommufd() {
    local release source
    have make || absent 'these packages are missing: make'
    exec {lock}>"$cache/lock"
    flock "$lock"
    release=$(<"$built/release")
    if stale "$built/iommufd" "$built/release"; then
        [ "$(printf '%s\n' 6.6 "$release" | sort -V | head -n 1)" = 6.6 ] ||
            absent "$release is too old for devices as descriptors (6.6 and newer; VMLAUNCH_LAB_SUITE=trixie)"
        [ -d "$built/headers" ] || get_headers
        get_source drivers/vfio drivers/iommu lib/interval_tree.c
        source=$scratch/source
        mkdir "$scratch/iommu"
        mv "$source/drivers/vfio" "$scratch"
        mv "$source"/drivers/iommu/{iommufd,iommu-priv.h} "$scratch/iommu"
        sed '/^INTERVAL_TREE_DEFINE/,/EXPORT_SYMBOL_GPL(interval_tree_iter_next);/d; /^EXPORT_SYMBOL/d' \
            "$source/lib/interval_tree.c" >"$scratch/iommu/iommufd/spans.c"
        rm -r "$source"
        sed -i 's/^obj-$(CONFIG_IOMMUFD_DRIVER) += .*/iommufd-y += iova_bitmap.o spans.o/' \
            "$scratch/iommu/iommufd/Makefile"
        echo 'obj-m := iommu/iommufd/ vfio/' >"$scratch/Kbuild"
        build_modules CONFIG_IOMMUFD=m CONFIG_VFIO_DEVICE_CDEV=y \
            "KCFLAGS=$(printf -- '-DCONFIG_%s=1 ' IOMMUFD_MODULE IOMMUFD_DRIVER VFIO_DEVICE_CDEV INTERVAL_TREE_SPAN_ITER)"
        rm -rf "$built/iommufd"
        mkdir "$built/iommufd"
        find "$scratch" -name '*.ko' -exec cp -t "$built/iommufd" {} +
    fi
    exec {lock}>&-
}
