#!/usr/bin/env bash
# build.sh DIR - compiles once.c for UEFI and makes an option ROM of it for each of its cards: DIR/edu.rom, DIR/ivshmem.rom.
# Ends with 77 where gnu-efi is missing.
set -eu
here=$(dirname "$(readlink -f "$0")")
dir=$1
lib=/usr/lib
if [ ! -e /usr/include/efi/efi.h ] || [ ! -e $lib/crt0-efi-x86_64.o ]; then
	echo 'no gnu-efi'
	exit 77
fi
mkdir -p "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# As firmware/probe/probe.mk has them, which says why.
gcc -std=gnu17 -O2 -Wall -Wextra -Werror -ffreestanding -fpic -fshort-wchar -mno-red-zone -fvisibility=hidden -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none -U_FORTIFY_SOURCE -DGNU_EFI_USE_MS_ABI \
	-isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -c "$here/once.c" -o "$work/once.o"
ld -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined -T $lib/elf_x86_64_efi.lds $lib/crt0-efi-x86_64.o \
	"$work/once.o" -L$lib -lgnuefi -o "$work/once.so" 2>"$work/said" || { cat "$work/said"; exit 1; }
objcopy -j .text -j .sdata -j .data -j .rodata -j .dynamic -j .dynsym -j '.rel*' -j .reloc --output-target=efi-bsdrv-x86_64 \
	"$work/once.so" "$work/once.efi"
# PCI Firmware 3.0, 5.1; UEFI 2.7, 14.4.2.
python3 - "$work/once.efi" "$dir" <<'PYTHON'
import os, struct, sys
program = open(sys.argv[1], "rb").read()
blocks = (0x60 + len(program) + 511) // 512
for name, vendor, device, kind in (("edu", 0x1234, 0x11E8, 0x00FF00), ("ivshmem", 0x1AF4, 0x1110, 0x050000)):
    head = b"\x55\xaa" + struct.pack("<HIHHH8sHHH", blocks, 0xEF1, 11, 0x8664, 0, bytes(8), 0x60, 0x1C, 0)
    head += b"PCIR" + struct.pack("<HHHHB3sHHBBH", vendor, device, 0, 28, 3, kind.to_bytes(3, "little"), blocks, 1, 3, 0x80, 0)
    rom = (head.ljust(0x60, b"\0") + program).ljust(blocks * 512, b"\0")
    with open(f"{sys.argv[2]}/{name}.new", "wb") as file:
        file.write(rom)
    os.rename(file.name, f"{sys.argv[2]}/{name}.rom")
PYTHON
