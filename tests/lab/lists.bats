#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The man page and the completion of tcpstated-lab list what the program has.

load ../kernel/common

setup() {
  man=$TOP_SRCDIR/man/tcpstated-lab.8
  completion=$TOP_SRCDIR/contrib/bash-completion/tcpstated-lab
  cd "$BATS_TEST_TMPDIR" || return
}

# usage: completions WORD ...: what the completion offers for the last word
completions() {
  bash -c '
    _init_completion() {
      words=("${line[@]}") cword=$((${#line[@]} - 1))
      cur=${line[cword]} prev=${line[cword - 1]}
    }
    source "$1"
    shift
    line=("$@")
    _tcpstated_lab
    printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$lab" "$@"
}

# Long options, and the short ones that have no long name.
options() {
  grep -oE -- '(^|[^A-Za-z0-9-])(--[a-z][a-z0-9-]*|-[n6]\b)' | sed 's/^[^-]//' | sort -u
}

@test "list, man page and completion name the same scenarios" {
  "$lab" list | awk '{ print $1 }' | sort >list
  [ "$(wc -l <list)" -ge 30 ]
  [ -z "$(uniq -d list)" ]
  sed -n '/^\.Ss Scenarios/,/^\.Ss States/s/^\.It Cm //p' "$man" | sort >page
  completions run '' | grep -v '^-' | grep -vx all | sort >completion
  diff list page
  diff list completion
}

@test "help, man page and completion list the same options" {
  "$lab" --help | options >help
  grep -x -- --unread help
  grep -x -- -6 help
  grep '^\.It Fl' "$man" | grep -oE 'Fl [-a-z0-9]+' | sed 's/Fl /-/' | options >page
  { completions '' && completions run '' && completions hold TIME_WAIT ''; } | options >completion
  diff help page
  diff help completion
}

@test "man page and completion list the states that can be held" {
  run --separate-stderr "$lab" hold
  [ "$status" -eq 2 ]
  sed 's/.*possible are //; s/, /\n/g' <<<"$stderr" | sort >possible
  grep -x TIME_WAIT possible
  sed -n '/^\.Ss States/,/^\.Sh/s/^\.It //p' "$man" | sort >page
  completions hold '' | grep -v '^-' | sort >completion
  diff possible page
  diff possible completion
  completions hold LISTEN and '' | grep -v '^-' | sort | diff possible -
}
