# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the commands in the namespaces of watch.bats use. That file sets $out, $socket and $connect_py.
# shellcheck disable=SC2154

# A bound for tests that fail; nothing that succeeds takes so long.
patience=20

# Reads a block of descriptor 9 into $block, up to its empty line. At the end of the input, the status is 1.
read_block() {
  local line status=0
  block=
  while IFS= read -t "$patience" -r line <&9 || { status=$? && false; }; do
    [ -n "$line" ] || return 0
    block+=$line$'\n'
  done
  [ $status -le 128 ] || echo "waited $patience s for the rest of a block after:" "$block"
  return $status
}

# Reads blocks until one matches.
read_until() {
  local end=$((SECONDS + patience))
  read_block || return
  until grep -Eq -- "$1" <<<"$block"; do
    if [ $SECONDS -ge $end ]; then
      echo "no block matches $1; the last is:" && echo "$block"
      return 1
    fi
    read_block || return
  done
}

# Opens connections to a port of this namespace, which last until the shell ends. They are there when it returns.
# usage: connect PORT N
connect() {
  local word end=$((SECONDS + patience))
  exec 8> >(exec python3 "$connect_py" "$1" "$2" >"$out/connected" 9<&-)
  until read -r word 2>/dev/null <"$out/connected" && [ "$word" = ready ]; do
    kill -0 $! || return
    if [ $SECONDS -ge $end ]; then
      echo "waited $patience s for $2 connections to port $1"
      return 1
    fi
    sleep 0.05
  done
}

# Fails if there is such a line; "!" before grep would not end a script.
# usage: none_of [-v] PATTERN [FILE]
none_of() {
  if grep -E "$@"; then
    echo "there is a line of that kind: $*"
    return 1
  fi
}

pane() {
  tmux -L "$socket" -f /dev/null "$@"
}

# Starts a shell in a terminal of 80 columns and 24 rows.
start_pane() {
  rm -f "$out"/stty.*
  pane new-session -d -x 80 -y 24 "PS1='shell> ' exec bash --norc --noprofile"
  trap 'pane kill-server' EXIT
  pane set-option -g status off >/dev/null
  pane resize-window -x 80 -y 24
  shown_is '^shell>'
  shell_runs 'echo MARKER'
  save_terminal before
}

# usage: keys KEY ...: see send-keys in tmux(1)
keys() {
  pane send-keys "$@"
}

# Runs a command about every 50 ms until it succeeds.
eventually() {
  local end=$((SECONDS + patience))
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "waited $patience s for: $*"
      return 1
    fi
    sleep 0.05
  done
}

matches_now() {
  pane capture-pane -p >"$out/pane" && grep -Eq -- "$1" "$out/pane"
}

# Waits until a line of the terminal matches.
shown_is() {
  eventually matches_now "$1" || {
    echo "no line matches $1 in:" && cat "$out/pane"
    return 1
  }
}

shell_runs() {
  keys "$1" Enter
}

has_file() {
  [ -e "$1" ]
}

# Saves the settings of the terminal as a program that the shell starts finds them.
save_terminal() {
  shell_runs "stty -a >'$out/stty.$1'; touch '$out/stty.$1.done'"
  eventually has_file "$out/stty.$1.done"
}

# The foreground process of the shell.
watcher() {
  pgrep -P "$(pane display-message -p '#{pane_pid}')"
}

has_no_watcher() {
  ! watcher >/dev/null
}

# Checks that the shell has its terminal back as it was: contents, cursor, settings.
# usage: terminal_is_clean NAME
terminal_is_clean() {
  shown_is '^MARKER$'
  [ "$(pane display-message -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
  none_of TOTAL "$out/pane"
  save_terminal "$1"
  diff "$out/stty.before" "$out/stty.$1"
  grep -qw echo "$out/stty.$1"
}
