#!/usr/bin/env bats
# The command line itself: help, completion, man pages, refusals. Nothing here needs an image or a store.

load ../lib/common

setup_file() {
	[ -x "$DOLIUM_BIN/dolium" ] || { echo "no $DOLIUM_BIN/dolium: build first" >&2; return 1; }
	export DOLIUM_ROOT=$BATS_FILE_TMPDIR/root DOLIUM_RUN_ROOT=$BATS_FILE_TMPDIR/run
	export PATH="$DOLIUM_BIN:$PATH"
}

# Every command as words, one a line: "run", "image ls". Read from the help, as a user would.
commands() {
	local name
	dolium --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | while read -r name; do
		case $name in
		image | container)
			dolium "$name" --help | awk -v group="$name" \
				'/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print group, $1 }'
			;;
		*) echo "$name" ;;
		esac
	done
}

# What a shell offers for the last of these words, without descriptions and the directive.
offers() { dolium __complete -- "$@" | sed '$d; s/\t.*//'; }

@test "every command has help, and the help has every option that completion knows" {
	commands | grep -qx run
	commands | grep -qx 'image prune'
	while read -r -a words; do
		run -0 dolium "${words[@]}" --help
		says "Usage:  dolium ${words[*]}"
		while read -r option; do
			[ "$option" = --help ] || says "$option"
		done < <(offers "${words[@]}" --)
	done < <(commands)
}

@test "help run, run --help and an empty command line print help, to stdout, with success" {
	run --separate-stderr -0 dolium help run
	says "Usage:  dolium run [OPTIONS] IMAGE [COMMAND] [ARG...]"
	equal "$stderr" ""
	equal "$(dolium help run)" "$(dolium run --help)"
	equal "$(dolium help image ls)" "$(dolium image ls --help)"
	equal "$(dolium)" "$(dolium --help)"
	run -0 dolium image
	says "prune"
}

@test "run has every option of the list that was promised" {
	run -0 dolium run --help
	for option in --interactive --tty --detach --rm --name --env --env-file --workdir --user --volume --mount \
		--read-only --tmpfs --hostname --entrypoint --memory --memory-swap --cpus --cpu-shares --cpuset-cpus \
		--pids-limit --ulimit --cap-add --cap-drop --privileged --security-opt --device --network --pid --ipc \
		--uts --userns --init --stop-signal --label --annotation --shm-size --sysctl --group-add --add-host \
		--dns --platform --pull --isolation --cgroup-parent --oom-score-adj --env-host; do
		says "$option "
	done
	for letter in i t d e w u v h m l; do
		says "  -$letter, --"
	done
}

@test "an unknown option or command suggests the nearest and says where the list is" {
	run dolium run --memroy 1g x
	status_is 125
	says "unknown option: '--memroy'"
	says "did you mean '--memory'? See 'dolium run --help'."
	run dolium imgaes
	status_is 1
	says "did you mean 'dolium images'?"
	run dolium image purne
	status_is 1
	says "did you mean 'dolium image prune'?"
	run dolium run --zzzzzz x
	status_is 125
	lacks "did you mean"
	run dolium frobnicate
	status_is 1
	lacks "did you mean"
}

@test "a value that cannot be is refused with the option, the value and the reason" {
	for bad in "--memory abc" "--cpus x" "--pids-limit many" "--ulimit nofile" "--ulimit nosuch=1" "--device null" \
		"--mount type=bind" "--volume a:b:c:d" "--tmpfs relative" "--pull sometimes" "--isolation strong" \
		"--sysctl kernel" "--add-host name" "--oom-score-adj 2000" "--userns other" "--rm=maybe"; do
		# shellcheck disable=SC2086 # an option and its value
		run dolium run $bad image
		status_is 125
		says "dolium: invalid value '${bad#*[ =]}' for '${bad%%[ =]*}': "
	done
}

@test "words are counted: too few, too many" {
	run dolium run
	status_is 1
	says "'dolium run' requires at least 1 argument"
	run dolium tag one
	status_is 1
	says "requires 2 arguments"
	run dolium ps one
	status_is 1
	says "takes no arguments"
}

@test "errors go to stderr and nothing to stdout" {
	run --separate-stderr dolium run --nonsense x
	is ""
	[[ "$stderr" == "dolium: "* ]]
}

@test "a container can be started in the background" {
	run -0 dolium create --name some hello
	run -0 dolium start some
	is some
	run -0 dolium wait some
	is 0
	run -0 dolium rm some
}

@test "-it without a terminal is refused as docker does" {
	run dolium run -it image </dev/null
	status_is 1
	says "the input device is not a TTY"
}

@test "the version is one line, and a format takes it apart" {
	run -0 dolium --version
	matches '^dolium version [0-9]+\.[0-9]+\.[0-9]+$'
	version=${output##* }
	run -0 dolium version
	says "$version"
	run -0 dolium version --format '{{.Version}}'
	is "$version"
}

@test "a reader that goes away ends it without a word, a full disk with one" {
	run bash -c 'dolium run --help | head -n 1; echo "${PIPESTATUS[0]}"'
	lacks "dolium:"
	run bash -c 'dolium help >/dev/full'
	status_is 1
	says "cannot write the output: No space left on device"
}

@test "completion: options, values, commands and files in bash" {
	bash -n <(dolium completion bash)
	# What bash would give to the function: words are cut at '=' and ':' too.
	complete_bash() {
		bash -c 'source <(dolium completion bash)
			COMP_LINE=$1 COMP_POINT=${#1}
			shift
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_dolium
			printf "%s\n" "${COMPREPLY[@]}"' _ "$@" 2>/dev/null
	}
	run -0 complete_bash "dolium run --memory-s" dolium run --memory-s
	is "--memory-swap"
	run -0 complete_bash "dolium run --pull " dolium run --pull ""
	is $'missing\nalways\nnever'
	run -0 complete_bash "dolium run --pull=a" dolium run --pull = a
	is "always"
	run -0 complete_bash "dolium run --pull=" dolium run --pull = ""
	is $'missing\nalways\nnever'
	run -0 complete_bash "dolium run -e 'A=b c' --memory-s" dolium run -e "'A=b c'" --memory-s
	is "--memory-swap"
	run -0 complete_bash "dolium ima" dolium ima
	is $'images\nimage'
	touch "$BATS_TEST_TMPDIR/env-file"
	run -0 complete_bash "dolium run --env-file $BATS_TEST_TMPDIR/env" dolium run --env-file "$BATS_TEST_TMPDIR/env"
	is "$BATS_TEST_TMPDIR/env-file"
	run -0 complete_bash "dolium run --env-file=$BATS_TEST_TMPDIR/env" dolium run --env-file = "$BATS_TEST_TMPDIR/env"
	is "$BATS_TEST_TMPDIR/env-file"
}

@test "completion works in a bash that somebody types into" {
	run -0 pty --expect 'ready> ' --send 'source <(dolium completion bash)\r' --expect 'ready> ' \
		--send 'dolium run --pull=alw\t\x15' --expect 'pull=always' --send 'dolium run --memory-s\t 1\x15' \
		--expect 'memory-swap  *1' --send 'dolium hist\t' --expect 'history ' --send '\x15exit\r' -- \
		env PS1='ready> ' bash --norc --noprofile -i
}

@test "completion: the script of zsh is good zsh, and offers what bash gets" {
	skip_unless "no zsh" command -v zsh
	dolium completion zsh >"$BATS_TEST_TMPDIR/_dolium"
	zsh -n "$BATS_TEST_TMPDIR/_dolium"
	# The completion system is asked for by keys only: what it would show is caught where it is handed over.
	run -0 zsh -f -c '
		compdef() { :; }
		source "$1"
		_describe() { print -l -- "${(@P)2}"; }
		words=(dolium run --memory-s) CURRENT=3
		_dolium' _ "$BATS_TEST_TMPDIR/_dolium"
	matches '^--memory-swap:Limit of memory'
}

@test "completion works in a zsh that somebody types into" {
	skip_unless "no zsh" command -v zsh
	run -0 pty --expect 'ready> ' --send 'autoload -Uz compinit; compinit -u -D; source <(dolium completion zsh)\r' \
		--expect 'ready> ' --send 'dolium run --memory-s\t' --expect 'memory-swap' --send ' 1 --pull=al\t' \
		--expect 'always' --send '\x15exit\r' -- env PS1='ready> ' zsh -f -i
}

@test "completion: fish" {
	skip_unless "no fish" command -v fish
	dolium completion fish >"$BATS_TEST_TMPDIR/dolium.fish"
	fish -n "$BATS_TEST_TMPDIR/dolium.fish"
	run -0 env HOME="$BATS_TEST_TMPDIR" fish -c "source $BATS_TEST_TMPDIR/dolium.fish; complete -C 'dolium run --memory-s'"
	matches '^--memory-swap'
}

@test "completion: a shell that is not known is refused" {
	run dolium completion tcsh
	status_is 1
	says "there is bash, zsh and fish"
}

@test "the options in the man pages are those of the program" {
	run -0 "$TOP/tools/man-options" --check "$DOLIUM_BIN/dolium"
}

@test "every option of every command is in a man page" {
	while read -r -a words; do
		case ${words[0]} in
		container | image) [ "${words[*]}" = "image prune" ] || continue; page=dolium-image.1 ;;
		version | info | help | completion) continue ;;
		*) page=dolium-${words[0]}.1 ;;
		esac
		[ -f "$TOP/man/$page" ]
		while read -r option; do
			[ "$option" = --help ] && continue
			grep -q -- "Fl -${option#--}\( \|$\)" "$TOP/man/$page" || { echo "$page lacks $option"; return 1; }
		done < <(offers "${words[@]}" --)
	done < <(commands)
}

@test "the man pages are clean, and name no page that is not there" {
	skip_unless "no mandoc" command -v mandoc
	run bash -c 'mandoc -Tlint "$0"/*.[1-8] 2>/dev/null | grep -v -e "referenced manual not found" -e "outdated mandoc.db"' "$TOP/man"
	is ""
	while read -r name section; do
		[ -f "$TOP/man/$name.$section" ] || { echo "no page: $name($section)"; return 1; }
	done < <(grep -hoE 'Xr dolium[a-z.-]* [1-8]' "$TOP"/man/*.[1-8] | sed 's/^Xr //' | sort -u)
}

@test "starting costs next to nothing: help opens no file and asks nobody" {
	skip_unless "no strace" command -v strace
	run -0 strace -f -e trace=openat,open,socket,connect,clone,fork,vfork,execve -o "$BATS_TEST_TMPDIR/calls" \
		dolium run --help
	run -0 grep -c . "$BATS_TEST_TMPDIR/calls"
	# execve itself and the line of the exit
	[ "$output" -le 2 ] || { cat "$BATS_TEST_TMPDIR/calls"; false; }
}
