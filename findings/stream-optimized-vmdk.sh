#!/usr/bin/env bash
#
# Guess: QEMU opens a VMDK of the kind that comes out of an exported appliance (OVA: subformat streamOptimized) for
# reading alone, or refuses, as it cannot change what is compressed; or it writes the cluster anew at the end.
#
# Seen with qemu-utils 7.2.22, 10.0.13 and 11.1.3, all alike: it opens for writing without a word. A cluster (64 KiB)
# that has never been written takes one write, of the whole cluster: any further write to it is an I/O error, so
# is each write that is smaller ("Invalid argument"). A guest on such a disk boots, and fails at its first write.
# Nothing that was there is lost. A copy in another format ('qemu-img convert') is the way out.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
./unpack "$place/7.2.22" bookworm qemu-utils=1:7.2+dfsg-7+deb12u18+b3
./unpack "$place/10.0.13" trixie qemu-utils=1:10.0.13+ds-0+deb13u1
./unpack "$place/11.1.3" trixie qemu-utils=1:11.1.3+ds-1~bpo13+1

run() { # VERSION PROGRAM WORD...
	local root=$place/$1 program=$2
	shift 2
	"$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$program" "$@"
}

expect() { # WANTED STATUS WORDS
	if [ "$1" = "$2" ]; then echo "seen: $3: status $2"; else
		echo "CHANGED, not seen: $3: status $2, not $1"
		exit 1
	fi
}

disk() { # WANTED COMMAND WORDS: one command on the disk, opened for writing
	local status=0
	run "$version" qemu-io -f vmdk -c "$2" "$place/a.vmdk" >"$place/out" 2>&1 || status=$?
	expect "$1" "$status" "$version, $3"
}

for version in 7.2.22 10.0.13 11.1.3; do
	run "$version" qemu-img create -q -f raw "$place/a.raw" 16M
	run "$version" qemu-io -f raw -c 'write -P 1 0 1M' "$place/a.raw" >"$place/out"
	run "$version" qemu-img convert -f raw -O vmdk -o subformat=streamOptimized "$place/a.raw" "$place/a.vmdk"
	disk 0 'read -P 1 0 1M' 'opened for writing, and read'
	disk 1 'write -P 2 0 64k' 'a cluster that has data is written'
	disk 0 'write -P 3 8M 64k' 'a cluster that has none is written as a whole'
	disk 1 'write -P 4 8M 64k' 'and once more'
	disk 1 'write -P 5 9M 4k' 'a part of a cluster that has none is written'
	disk 0 'read -P 1 0 1M' 'what was there is there'
done
