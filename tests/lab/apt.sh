# shellcheck shell=bash
#
# Sourced by `lab`: packages through apt, for this computer's own release or, with VMLAUNCH_LAB_SUITE, for another
# one of Debian's. That one has a source list, state and cache of its own under $cache/apt: nothing is installed, and
# no file of the system's apt is touched.

# shellcheck disable=SC2154  # cache and suite are lab's
own=$cache/apt

lab_apt() {  # PROGRAM WORD...
    local options=(-qq -o APT::Sandbox::User="$(id -un)")
    [ -z "$suite" ] || options+=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$own/sources"
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
        -o Dir::State="$own/state" -o Dir::State::status="$own/state/status" -o Dir::Cache="$own/cache"
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o Debug::NoLocking=1
        -o APT::Install-Recommends=0 -o APT::Default-Release="$suite"
        # Some mirrors are slow to follow, and a guest's kernel is no danger to anybody.
        -o Acquire::Check-Valid-Until=false)
    "$1" "${options[@]}" "${@:2}"
}

# Debian's archive as this computer's apt has it. Its line without a label is of a list that was never fetched.
archive() {
    apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -F'|' '$1 == "Debian" || ($1 !~ /^[A-Z]/ && $2 ~ /\/debian\/$/) { print $2; exit }'
}

# Makes the other release known. Its lists are as old as the kernel in the cache, or a day.
know_suite() {
    local uri
    [ -n "$suite" ] || return 0
    [ -z "$(find "$own/updated" -mtime -1 2>/dev/null)" ] || return 0
    uri=$(archive)
    [ -n "$uri" ] || absent "no Debian archive in this computer's apt sources, so no $suite either"
    mkdir -p "$own"/{sources,state/lists/partial,cache/archives/partial}
    : >"$own/state/status"
    # Backports lack what they did not need to change.
    printf 'deb %s %s main\n' "$uri" "$suite" >"$own/sources/lab.list"
    [ "${suite%-backports}" = "$suite" ] ||
        printf 'deb %s %s main\n' "$uri" "${suite%-backports}" >>"$own/sources/lab.list"
    say "fetching apt's lists of $suite"
    lab_apt apt-get update >"$own/log" 2>&1 || absent "apt cannot have $suite: $(tail -n 1 "$own/log")"
    touch "$own/updated"
}

# Packages, into $cache/debs: what is there already is not fetched again, whatever else went wrong meanwhile.
# Sets debs to their files.
fetch() {  # PACKAGE[=VERSION]...
    local package name log=$cache/fetch.log
    mkdir -p "$cache/debs"
    know_suite
    (cd "$cache/debs" && lab_apt apt-get download "$@" 2>"$log") || return 1
    debs=()
    for package; do
        name=${package%%=*}
        debs+=("$(find "$cache/debs" -name "${name}_*.deb" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)")
    done
}
why_not() { tail -n 1 "$cache/fetch.log"; }
forget_debs() { rm -f "${debs[@]}"; }

# What a package depends on whose name is of that kind.
depends_on() {  # PACKAGE REGEX
    lab_apt apt-cache depends "$1" 2>/dev/null |
        awk -v kind="$2" '$1 ~ /^\|?Depends:$/ && $2 ~ kind { print $2 }'
}

# PACKAGE and, of its parts, all that it is made of: newer kernels are split into several packages.
with_parts() {  # PACKAGE REGEX
    local seen=" $1 " list=("$1") i part
    for ((i = 0; i < ${#list[@]}; i++)); do
        for part in $(depends_on "${list[i]}" "$2"); do
            case $seen in *" $part "*) continue ;; esac
            seen+="$part " list+=("$part")
        done
    done
    echo "${list[*]}"
}
