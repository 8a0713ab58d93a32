# bash completion for vmlaunch: asks 'vmlaunch complete', which knows all words. shellcheck shell=bash

_vmlaunch() {
	local cut='' line word kind
	local -a words=('')
	# bash breaks words at = and : as well, vmlaunch does not: put them together again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i != 1 && ($word == [=:] || ${COMP_WORDS[i - 1]} == [=:]) ]]; then
			words[-1]+=$word
		elif ((i == 1)); then
			words=("$word")
		else
			words+=("$word")
		fi
	done
	# What of the last word bash takes for words of their own.
	[[ ${words[-1]} != *[=:]* ]] || cut=${words[-1]%"${words[-1]##*[=:]}"}
	COMPREPLY=()
	while IFS= read -r line; do
		word=${line%%$'\t'*} kind=${line#*$'\t'}
		if [[ -n $word ]]; then
			COMPREPLY+=("${word#"$cut"}")
		else
			compopt -o filenames
			word=${words[-1]#"$cut"}
			if [[ $kind == ini ]]; then
				mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.ini' -- "$word")
			else
				mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
			fi
		fi
	done < <("$1" complete -- "${words[@]}" 2>/dev/null)
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
} 2>/dev/null

complete -F _vmlaunch vmlaunch
