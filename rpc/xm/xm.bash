# SPDX-License-Identifier: LGPL-2.1-or-later
# xm.bash – completion for bash; `xm complete` knows what there is

_xm()
{
	local cur words cword word line out status
	local -a raw=()

	_get_comp_words_by_ref -n =: cur words cword || return
	# without quotes, as xm would get them
	for word in "${words[@]:1:cword}"; do
		word=${word//\\/}
		word=${word#[\"\']}
		raw+=("${word%[\"\']}")
	done
	out=$("$1" complete "${raw[@]}" 2>/dev/null)
	status=$?
	COMPREPLY=()
	if [ $status = 2 ]; then
		[[ $cur != --*=* ]] || cur=${cur#*=}
		_filedir
		return
	fi
	# bash replaces what stands behind the last = or :
	local kept=${cur%"${cur##*[=:]}"}
	kept=${kept//\\/}
	while IFS= read -r line; do
		line=${line%%$'\t'*}
		[ -n "$line" ] || continue
		[[ $line != *[=.] ]] || compopt -o nospace
		[[ $line == *[=.] ]] || printf -v line %q "$line"
		COMPREPLY+=("${line#"$kept"}")
	done <<<"$out"
}
complete -F _xm xm
