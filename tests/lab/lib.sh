# shellcheck shell=bash
#
# Sourced by check scripts, which run inside L1:
#
#   #!/usr/bin/env bash
#   set -eu
#   . "$(dirname "$0")/lib.sh"
#   in_lab --retry 1
#   check 'the GPU has its driver' is_driver "$GPU" bochs-drm
#
# Prints TAP. The script fails if a check did or if it ended early.

lab_script=$(readlink -f "$0")
lab_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# shellcheck disable=SC2034
GPU=0000:01:00.0 AUDIO=0000:01:00.1 IGPU=0000:00:02.0

checks=0 failures=0 lab_tmp='' systemd=''

# What the checks themselves use, as program:package; without it they are skipped.
lab_needs=()

# In L1 this begins the checks; elsewhere it runs the script in L1, with these
# options of `lab run`, and ends with its status.
in_lab() {  # [OPTION...]
    local need options=()
    for need in "${lab_needs[@]}"; do
        options+=(--need "$need")
    done
    [ -n "${LAB_L1:-}" ] || exec "$lab_dir/lab" run "${options[@]}" "$@" -- bash "$lab_script"
    begin_checks
}

begin_checks() {
    lab_tmp=$(mktemp -d /tmp/lab.XXXXXX)
    mkfifo "$lab_tmp/never"
    trap end_checks EXIT
}

end_checks() {
    local status=$?
    ! declare -F last_checks >/dev/null || last_checks
    rm -rf "$lab_tmp"
    if [ "$status" != 0 ]; then
        not_ok "the script came to its end (it ended with $status)"
    fi
    echo "1..$checks"
    [ "$failures" = 0 ] || exit 1
}

# ---------------------------------------------------------------- checks

# share/times says when, for whoever wants a test to be faster.
mark_time() { [ -z "${LAB_SHARE:-}" ] || echo "$SECONDS $*" >>"$LAB_SHARE/times"; }
ok() { checks=$((checks + 1)); echo "ok $checks - $*"; mark_time "$@"; }
not_ok() { checks=$((checks + 1)) failures=$((failures + 1)); echo "not ok $checks - $*"; mark_time "$@"; }
skip() { ok "$1 # SKIP $2"; }  # TEXT REASON
note() { printf '# %s\n' "$@"; }

# The command must succeed. What it prints is shown only if it does not.
check() {  # TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$lab_tmp/check" 2>&1; then
        ok "$text"
    else
        not_ok "$text"
        note "failed: $*"
        sed 's/^/# /' "$lab_tmp/check"
    fi
}

not() { ! "$@"; }
equal() { [ "$1" = "$2" ] || { echo "is:     $1"; echo "wanted: $2"; return 1; }; }
has() { grep -qaE -- "$1" "$2" || { tail -n 20 "$2"; return 1; }; }  # REGEX FILE

# A program takes 0.1 s of a processor to begin here, so who waits by programs keeps those away for whom it waits.
pause() { read -rt "$1" _ <>"$lab_tmp/never" || true; }  # SECONDS

# What a file holds, in the variable `text`; empty without one.
read_file() { text=''; { IFS= read -rd '' text <"$1" || true; } 2>/dev/null; }  # FILE

# Seconds that a wait may take. On a busy computer the processors of this one stand still for as long as half a minute at
# a time (its kernel says so), so this is no more than an end to waiting: no test is faster for a shorter one.
lab_patience=300

# Evaluates CONDITION until it holds; false if it does not in all that time. SECONDS are for what is expected not to come.
# Whatever it asks may have a third of the time.
wait_for() {  # CONDITION [SECONDS]
    local end=$((${EPOCHREALTIME/./} + ${2:-$lab_patience} * 1000000)) asked rest
    for (( ; ; )); do
        asked=${EPOCHREALTIME/./}
        eval "$1" && return 0
        rest=${EPOCHREALTIME/./}
        [ "$rest" -lt "$end" ] || return 1
        rest=$(((rest - asked) * 2))
        [ "$rest" -ge 50000 ] || rest=50000
        [ "$rest" -le 500000 ] || rest=500000
        printf -v rest '0.%06d' "$rest"
        pause "$rest"
    done
}

# ------------------------------------------------------------------- devices

pci=/sys/bus/pci/devices

link_name() { local target; target=$(readlink "$1") && echo "${target##*/}"; }
driver_of() { link_name "$pci/$1/driver" || true; }
group_of() { link_name "$pci/$1/iommu_group"; }
is_driver() { equal "$(driver_of "$1")" "$2"; }  # ADDRESS DRIVER
override_of() {
    local text
    read -r text <"$pci/$1/driver_override"
    [ "$text" = '(null)' ] || echo "$text"
}

# Loads the drivers of the stand-in GPU and its audio function, as udev would.
load_drivers() {
    modprobe -a bochs snd_hda_codec_generic snd_hda_intel
    wait_for 'compgen -G "/dev/dri/card*" >/dev/null &&
        compgen -G "/dev/snd/pcm*" >/dev/null'
}

# Gives functions to a driver by driver_override; "-" is the one that the
# kernel chooses. It checks nothing: this is a test's own hand, not vmlaunch's.
bind_to() {  # DRIVER ADDRESS...
    local driver=$1 address
    shift
    for address; do
        echo "${driver#-}" >"$pci/$address/driver_override"
        [ ! -e "$pci/$address/driver" ] || echo "$address" >"$pci/$address/driver/unbind"
        echo "$address" >/sys/bus/pci/drivers_probe
    done
}

# A process of that name which keeps the node open (or only mapped) until it is
# killed; prints its pid.
hold() { (exec -a "$1" lab-hold "${@:2}"); }  # NAME [--map] NODE...

# Builds preload/point.c, which stops a keeper at a change of its journal. To be called before in_lab: L1's
# root is read-only. Another test may use the one that is there.
build_stopper() {
    local dir=$lab_dir/../../build/lab new
    if [ -n "${LAB_L1:-}" ] || [ "$dir/point.so" -nt "$lab_dir/preload/point.c" ]; then return 0; fi
    mkdir -p "$dir"
    new=$(mktemp "$dir/point.XXXXXX")
    gcc -shared -fPIC -O2 -o "$new" "$lab_dir/preload/point.c" -ldl
    chmod 755 "$new"
    mv "$new" "$dir/point.so"
}

# ------------------------------------------------------- the state of the host

# All that a hand-over may change, one fact a line, sorted: compare with diff.
snapshot() { lab-snapshot; }

# ---------------------------------------------------------------------- users

# As labuser, without root's rights or environment.
as_user() {
    setpriv --reuid=1000 --regid=1000 --init-groups --inh-caps=-all \
        env -i HOME=/home/labuser USER=labuser LOGNAME=labuser SHELL=/bin/bash LC_ALL=C.UTF-8 \
        XDG_RUNTIME_DIR=/run/user/1000 PATH=/usr/local/bin:/usr/bin:/bin "$@"
}
export -f as_user

# With a terminal of its own for input, output and errors.
on_terminal() { SHELL=/bin/bash script -qefc "$(printf '%q ' "$@")" /dev/null </dev/null; }

# Starts the system bus and polkit by hand, with a rule that lets labuser do one
# action without a password. False if they are not installed.
start_polkit() {  # ACTION
    local daemon
    daemon=$(compgen -G '/usr/lib*/polkit*/polkitd' || compgen -G '/usr/lib*/polkitd') ||
        return 1
    command -v dbus-daemon >/dev/null || return 1
    # Of the computer's own rules only root may know.
    mount -t tmpfs -o mode=755 rules /etc/polkit-1/rules.d
    mount -t tmpfs -o mode=755 rules /usr/share/polkit-1/rules.d
    cat >/etc/polkit-1/rules.d/lab.rules <<RULE
polkit.addRule(function (action, subject) {
    if (action.id == "$1" && subject.user == "labuser")
        return polkit.Result.YES;
});
RULE
    mkdir -p /run/dbus
    dbus-daemon --system --fork --nopidfile
    "${daemon%%$'\n'*}" --no-debug >"$lab_tmp/polkitd" 2>&1 &
    wait_for 'dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.PolicyKit1 |
        grep -q "boolean true"'
}

# What start_systemd needs is there.
has_systemd() {
    [ -x /lib/systemd/systemd ] && command -v dbus-daemon busctl systemctl >/dev/null
}

# Starts a real systemd, which then owns L1's control groups, as process 1 of a namespace of its own, with the
# system bus and nothing else. Sets systemd to its pid; in_systemd runs a command beside it.
start_systemd() {
    local units=$lab_tmp/units
    mkdir "$units"
    printf '%s\n' '[Unit]' DefaultDependencies=no Requires=dbus.socket Requires=dbus.service >"$units/lab.target"
    printf '%s\n' '[Unit]' DefaultDependencies=no '[Socket]' ListenStream=/run/dbus/system_bus_socket \
        >"$units/dbus.socket"
    printf '%s\n' '[Unit]' DefaultDependencies=no Requires=dbus.socket '[Service]' \
        'ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile' >"$units/dbus.service"
    cat >"$units/start" <<START
# Generators of units take the most time, and none of theirs is wanted.
mount -t tmpfs generators /usr/lib/systemd/system-generators
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/systemd/system /run/lock /run/dbus /run/user/1000
chown 1000:1000 /run/user/1000
cp $units/*.target $units/dbus.* /run/systemd/system
exec env container=lab /lib/systemd/systemd --system --unit=lab.target --log-target=console --show-status=no
START
    unshare --pid --fork --mount --mount-proc bash "$units/start" >"$units/log" 2>&1 &
    wait_for 'systemd=$(pgrep -x systemd) && in_systemd test -S /run/dbus/system_bus_socket &&
        in_systemd busctl --quiet call org.freedesktop.DBus / org.freedesktop.DBus GetNameOwner s org.freedesktop.systemd1' 120 ||
        { cat "$units/log"; return 1; }
}
in_systemd() { nsenter -t "$systemd" -m -p -- "$@"; }

# ------------------------------------------------------------------------- L2

# The arguments of L2's kernel; those after panic only save time.
l2_kernel_args='console=ttyS0 quiet panic=-1 mitigations=off no_timer_check
    cryptomgr.notests rcupdate.rcu_expedited=1 tsc=reliable'

# The stand-in GPU behind a root port, both functions.
# shellcheck disable=SC2034,SC2054
l2_gpu=(-device pcie-root-port,id=gpu-port,chassis=1,slot=1,addr=01.0
    -device "vfio-pci,host=$GPU,bus=gpu-port,addr=00.0,multifunction=on"
    -device "vfio-pci,host=$AUDIO,bus=gpu-port,addr=00.1")

# Boots the reporting guest under KVM, with little memory: VFIO pins all of it,
# which takes L1 a second for 80 MiB. Its report goes to FILE, all that it
# printed to FILE.serial, QEMU's messages to FILE.err. Returns QEMU's status.
l2() {  # FILE [KERNEL ARGUMENTS] -- QEMU ARGUMENTS
    local file=$1 append='' status=0
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        append+=" $1"
        shift
    done
    timeout 200 qemu-system-x86_64 -no-user-config -nodefaults -no-reboot -display none \
        -machine q35,accel=kvm -cpu host -m 256M \
        -chardev "file,id=serial,path=$file.serial" -serial chardev:serial \
        -kernel "$LAB_BUILT/vmlinux" -initrd "$LAB_BUILT/guest.img" \
        -append "${l2_kernel_args//$'\n'/ }$append" "${@:2}" </dev/null 2>"$file.err" || status=$?
    grep -a '^GUEST ' "$file.serial" >"$file" || true
    return "$status"
}

# One line of KIND in the report has all of these KEY=VALUE.
saw() {  # FILE KIND KEY=VALUE...
    local line want
    while read -r line; do
        for want in "${@:3}"; do
            [[ "$line " == *" $want "* ]] || continue 2
        done
        return 0
    done < <(grep "^GUEST $2 " "$1")
    echo "no $2 with ${*:3}, but:"
    grep "^GUEST $2 " "$1"
    return 1
}
