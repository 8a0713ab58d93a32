# shellcheck shell=bash
#
# Sourced by tests of whole machines, with lib.sh: profiles, starts and ends as a user has them, and what the
# host looks like meanwhile. A machine's name is that of its profile.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lab_needs+=(pgrep:procps python3:python3)

work=/tmp/work
product=$(readlink -f "$lab_dir/../..")

# vmlaunch where a user has it, and a first look at QEMU, which is slow here and kept for the later ones, in other labs too.
install_vmlaunch() {
	local answers=/home/labuser/.cache/vmlaunch
	cp "$product/vmlaunch" /usr/local/bin/vmlaunch
	if [ -d /lab/ctl/answers ]; then
		as_user mkdir -p -m 700 "$answers"
		as_user cp /lab/ctl/answers/* "$answers" || true
	fi
	mkdir -p $work
	profile first <<<''
	chown labuser $work
	# More than once where others use the computer: QEMU is read from its disk the first time.
	for _ in 1 2 3 4 5; do
		if by_user plan $work/first.ini >$work/first.out 2>&1; then
			mkdir -p /lab/ctl/answers.new
			cp "$answers"/qemu-*.json /lab/ctl/answers.new || true
			return 0
		fi
	done
	cat $work/first.out
}

# A small machine that never gets far: 64 MiB, no firmware's variables. Sections come from standard input.
profile() { # NAME
	printf '%s\n' '[vm]' 'memory = 64M' '[cpu]' 'cores = 1' '[firmware]' 'uefi = no' >"$work/$1.ini"
	cat >>"$work/$1.ini"
}

# The usual one, with the stand-in GPU. Further lines from standard input.
# shellcheck disable=SC2120
gpu_profile() { # NAME [HUGEPAGES]
	profile "$1" < <(
		printf '%s\n' '[memory]' "hugepages = ${2:-off}" 'host-reserve = 256M' '[gpu]' \
			'device = 1234:1111#2'
		cat
	)
}

# The reporting guest: its report is in $work/NAME.serial. Further lines from standard input.
guest_profile() { # NAME [KERNEL ARGUMENTS]
	{
		printf '%s\n' '[vm]' 'memory = 256M' '[cpu]' 'cores = 1' '[firmware]' 'uefi = no' '[memory]' \
			'hugepages = off' 'host-reserve = 256M' '[console]' "serial = $work/$1.serial" '[boot]' \
			"kernel = $LAB_BUILT/vmlinux" "initrd = $LAB_BUILT/guest.img" \
			"append = ${l2_kernel_args//$'\n'/ } ${*:2}"
		cat
	} >"$work/$1.ini"
}

# As `sudo vmlaunch` of labuser's, without needing sudo.
by_user() { SUDO_UID=1000 SUDO_GID=1000 vmlaunch "$@"; }

declare -A supervisor

# What was said the last time would be taken for this time's until the background job's shell has emptied the file.
nothing_said_yet() { : >"$1"; } # FILE

# Starts in the background. What it says is in $work/NAME.out.
begin() { # NAME [OPTION...]
	nothing_said_yet "$work/$1.out"
	# A script's background job would ignore Ctrl-C.
	setsid env --default-signal=INT,QUIT SUDO_UID=1000 SUDO_GID=1000 \
		vmlaunch "$work/$1.ini" "${@:2}" >"$work/$1.out" 2>&1 &
	supervisor[$1]=$!
}

runs() {
	local text
	read_file "$work/$1.out"
	[[ $text == *': running ('* ]]
}
# Its state is behind its name, which may have blanks and parentheses.
has_ended() { # PID
	local text
	read_file "/proc/$1/stat"
	text=${text##*) }
	[ -z "$text" ] || [ "${text:0:1}" = Z ]
}

# Starts it and waits until the guest runs.
start() { # NAME [OPTION...]
	begin "$@"
	wait_for "runs $1 || has_ended ${supervisor[$1]}" || true
	runs "$1" || { cat "$work/$1.out"; return 1; }
}

# Waits for a start's end. Returns its status.
finish() { # NAME
	wait_for "has_ended ${supervisor[$1]}" || { cat "$work/$1.out"; return 124; }
	wait "${supervisor[$1]}"
}

# Ends it at once. (`vmlaunch kill` has less patience with a QEMU that is slow to quit than this lab needs.)
end() { # NAME
	by_user qmp "$1" --timeout $lab_patience quit >"$work/$1.quit" 2>&1 || { cat "$work/$1.quit"; return 1; }
	finish "$1" || { local status=$?; cat "$work/$1.out"; return "$status"; }
}

qemu_of() { pgrep -f -- "-name guest=$1[, ]" || true; }
keepers() { for j in /run/vmlaunch/*.journal; do [ ! -e "$j" ] || basename "$j" .journal; done; }
status_field() { awk -F'\t' -v f="$2:" '$1 == f { print $2; for (i = 3; i <= NF; i++) print $i }' "/proc/$1/status" | paste -sd' '; }

# Whatever the test did: the kernel's log has all that keepers' filters did not let them do.
last_checks() {
	check 'no keeper made a system call that is not in its list' \
		equal "$(dmesg | sed -n 's/.* type=1326 .*comm="vmlaunch".*\(syscall=[0-9]*\).*/\1/p' | sort -u)" ''
}

# What the keeper said that it did, and what the plan says, as commands without comments and pids.
done_lines() { sed -n 's/^vmlaunch: host: //p' "$work/$1.out" | sed 's/--pid [0-9]*/--pid PID/'; }
# shellcheck disable=SC2016  # the plan's own words
planned_lines() { # NAME
	by_user plan "$work/$1.ini" 2>/dev/null |
		awk '/^The host, by the keeper/ { on = 1; next } /^[^ ]/ { on = 0 } on' |
		sed -n 's/^    \([a-z].*\)/\1/p' |
		sed 's/ *#.*//; s/\$USER/1000/; s/--pid \$\$/--pid PID/' | grep .
}

# The host is as FILE says, if need be after the moment that drivers take to make their nodes: a second is plenty, but a
# second of a busy computer is long. SECONDS are for those who go on when it is not.
host_is() { # FILE [SECONDS]
	wait_for "snapshot >$work/now; cmp -s $work/now $1" "${2:-}" || { diff "$1" $work/now; return 1; }
}

# The start is refused with STATUS before anything was changed.
refused() { # STATUS NAME [OPTION...]
	local status=0
	begin "${@:2}"
	finish "$2" || status=$?
	[ "$status" = "$1" ] || { echo "status $status"; cat "$work/$2.out"; return 1; }
	! done_lines "$2" | grep -v '^prlimit'
}

# ---- a keeper stopped at a change of its journal (preload/point.c)

begin_stopped() { # NAME POINT [OPTION...]
	nothing_said_yet "$work/$1.out"
	rm -f $work/point
	POINT=$2 POINT_FILE=$work/point LD_PRELOAD=$product/build/lab/point.so SUDO_UID=1000 \
		setsid vmlaunch "$work/$1.ini" "${@:3}" >"$work/$1.out" 2>&1 &
	supervisor[$1]=$!
}

# Prints its pid; false while there is none.
stopped_keeper() {
	local stat text
	for stat in /proc/[0-9]*/stat; do
		read_file "$stat"
		[[ $text == *' (vmlaunch) T '* ]] || continue
		echo "${text%% *}"
		return 0
	done
	return 1
}
