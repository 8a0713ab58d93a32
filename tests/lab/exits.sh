#!/usr/bin/env bash
#
# The lab's promises to whoever calls it, checked from outside: exit status,
# output, time limit, retries.
# shellcheck disable=SC2016  # L1's shell expands
set -eu
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab=$lab_dir/lab
"$lab" setup || exit
begin_checks

run() {  # sets status; leaves out and err
    status=0
    "$lab" run "$@" >"$lab_tmp/out" 2>"$lab_tmp/err" || status=$?
}

run --env WORD='two words' --share "$lab_tmp" -- \
    bash -c 'echo "$WORD"; pwd; echo trouble >&2; echo shared >$LAB_SHARE/file; exit 3'
check "the command's status comes out" equal "$status" 3
check 'so does its output, alone' equal "$(<"$lab_tmp/out")" "two words"$'\n'"$PWD"
check 'so do its errors' has '^trouble$' "$lab_tmp/err"
check 'files are shared' equal "$(<"$lab_tmp/file")" shared
check 'nothing is written to the computer' not test -e /home/labuser

run --timeout 15 -- sleep 100
check 'the time limit is 124' equal "$status" 124

# A kernel that panics; the first time only.
run --retry 2 --share "$lab_tmp" -- bash -c 'echo out
    if [ ! -e $LAB_SHARE/once ]; then
        : >$LAB_SHARE/once; sync; echo c >/proc/sysrq-trigger
    fi'
check 'a lost L1 is tried again' equal "$status" 0
check 'and counted aloud' has '^lab: starting over: retry 1 of 2$' "$lab_tmp/err"
check 'and only the last try is heard' equal "$(<"$lab_tmp/out")" out

# One that hangs; the first time only.
run --timeout 400 --retry 1 --share "$lab_tmp" -- bash -c 'if [ ! -e $LAB_SHARE/hung ]; then
        : >$LAB_SHARE/hung; kill -STOP $(ps -o ppid= -C sleep | head -n 1); sleep 1000
    fi'
check 'an L1 that hangs is lost in time' equal "$status" 0
check 'and tried again' has '^lab: starting over: retry 1 of 1$' "$lab_tmp/err"

run -- bash -c 'echo c >/proc/sysrq-trigger'
check 'a lost L1 is 125' equal "$status" 125

VMLAUNCH_LAB_QEMU=no-such-qemu run -- true
check 'without QEMU it is 77' equal "$status" 77
check 'with one line that says why' equal "$(wc -l <"$lab_tmp/err")" 1
