#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --check-config; and the manual page and the sample file agree with the table of keys.

load common

setup() {
  page=$TOP_SRCDIR/man/tcpstated.conf.5
  sample=$TOP_SRCDIR/contrib/tcpstated.conf
  cd "$BATS_TEST_TMPDIR" || return
}

# usage: check_config [FILE]: what is in force, without origins
check_config() {
  "$tcpstated" --check-config --config "${1:-/dev/null}" | sed 's/ ;.*//; /^;/d'
}

# Every key there is, as "SECTION KEY": a rule or another shows each that belongs to rules.
all_keys() {
  printf '[exec x]\ncommand = true\n' >all-keys.conf
  check_config all-keys.conf | keys_of
}

keys_of() {
  awk -F' = ' '/^\[/ { section = $0; gsub(/[][]| .*/, "", section) } / = / { print section, $1 }' | sort -u
}

# usage: block NAME: what the page says of a key or of a rule, on one line without macros
block() {
  awk -v name="$1" '
    /^\.It Cm / || /^\.El/ { if (depth == 0) on = 0 }
    on && /^\.Bl/ { depth++ }
    on && /^\.El/ { depth-- }
    $0 ~ "^\\.It Cm " name "( |$)" { on = 1; depth = 0 }
    on' "$page" | sed 's/^\.[A-Z][a-z] //' | tr '\n' ' ' | sed 's/ \([.,]\) /\1 /g'
}

@test "the page has every key, in its section, and no other" {
  all_keys >table
  grep -x "poll interval" table
  grep -x "alert window" table
  [ "$(wc -l <table)" -ge 26 ]
  awk '
    /^\.Ss The \[/ { section = $3; gsub(/[][]/, "", section) }
    /^\.S[sh] / && !/\[/ { section = "" }
    section && /^\.It Cm [a-z_]+ No =/ { print section, $3 }' "$page" | sort >page
  diff table page
}

@test "the page has every default" {
  { check_config && printf '[alert own]\nraise = 1\n' && printf '[alert grown]\nmeasure = growth\nraise = 1\n'; } >given.conf
  printf '[exec own]\ncommand = true\n' >>given.conf
  check_config given.conf | awk '/^\[/ { on = /poll|output|own|grown|exec/ } on && / = /' | grep -vE '^(raise|clear|command) ' >defaults
  grep -x "window = 10min" defaults
  while IFS= read -r line; do
    [ "$line" = "measure = growth" ] && continue
    # Of both keys that are called ports.
    echo "$line: $(block "${line% = *}")"
    [[ "$(block "${line% = *}")" == *"The default is ${line#* = }."* ]]
  done <defaults
}

@test "the page has every range" {
  local sections='poll: interval cpu_budget tracked_sockets
output: ports
alert x: older_than for keep repeat window
exec x: timeout'
  local range='from [^ ,]+ to [^ ,]+'
  while IFS=: read -r section keys; do
    for key in $keys; do
      printf '[%s]\n%s = nonsense\n' "$section" "$key" >bad.conf
      run --separate-stderr "$tcpstated" --check-config --config bad.conf
      [[ $stderr =~ $range ]]
      echo "$key: ${BASH_REMATCH[0]}: $(block "$key")"
      [[ "$(block "$key")" == *"F${BASH_REMATCH[0]#f}"* ]]
    done
  done <<<"$sections"
}

@test "the page has every measure, limit and counter" {
  printf '[alert x]\nmeasure = nonsense\n' >bad.conf
  run --separate-stderr "$tcpstated" --check-config --config bad.conf
  grep -oE '[a-zA-Z_]+' <<<"${stderr#*measure: }" | grep -vxE 'or|is' | sort -u >words
  grep -x tw_buckets words
  grep -x TCPAbortOnMemory words
  # The operands are arguments there, in lower case.
  block measure | tr -c 'A-Za-z_' '\n' | sed 's/^limit$/LIMIT/; s/^counter$/COUNTER/' | sort -u >page
  [ -z "$(comm -23 words page)" ]
}

# The keys of each built-in rule that differ from those of a rule of the operator's own, on one line.
rules() {
  printf '[alert own]\nraise = 1\n' >own.conf
  check_config own.conf | awk '
    /^\[/ { name = /^\[alert/ ? substr($2, 1, length($2) - 1) : "" }
    name && /^\[/ { names[++count] = name }
    name && / = / { values[name] = values[name] $0 "\n" }
    END {
      split(values["own"], list, "\n")
      for (i in list)
        if (list[i] !~ /^(raise|clear)/)
          own[list[i]] = 1
      for (i = 1; i <= count; i++) {
        text = ""
        n = split(values[names[i]], list, "\n")
        for (k = 1; k < n; k++)
          if (!(list[k] in own))
            text = text (text ? "; " : "") list[k]
        if (names[i] != "own")
          print names[i], text
      }
    }'
}

@test "the page has every built-in rule, with the values that differ from the defaults" {
  rules >table
  [ "$(wc -l <table)" -ge 18 ]
  while read -r name text; do
    echo "$name: $text: $(block "$name")"
    [[ "$(block "$name")" == *"By default $text."* ]]
  done <table
  sed -n '/^\.Sh BUILT-IN/,/^\.Sh FILES/s/^\.It Cm //p' "$page" | sort >page
  cut -d' ' -f1 table | sort | diff - page
}

@test "the sample has every key and every built-in rule" {
  sed -E 's/^# ?([a-z_]+ = |\[)/\1/' "$sample" >all
  keys_of <all >sample-keys
  all_keys | diff - sample-keys
  check_config | grep '^\[' >sections
  grep '^\[' "$sample" | diff sections -
}

@test "the sample with every default uncommented changes nothing" {
  sed -E 's/^#([a-z_]+ = )/\1/' "$sample" >defaults.conf
  [ "$(grep -c ' = ' defaults.conf)" -gt 100 ]
  check_config >built-in
  check_config defaults.conf | diff built-in -
  check_config "$sample" | diff built-in -
  # Each is taken from the file.
  "$tcpstated" --check-config --config defaults.conf | grep "^cpu_budget = 1% ; defaults.conf:"
}

@test "the examples of the sample and of the page load" {
  sed -E 's/^# ([a-z_]+ = |\[)/\1/' "$sample" >examples.conf
  check_config examples.conf | grep -x '\[exec pager\]'
  # An example between its markers.
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" | awk '/^\.Bd/ { on = 1; next } /^\.Ed/ { on = 0 } on' >page.conf
  check_config page.conf | grep -x '\[alert minecraft-dead-players\]'
  check_config page.conf | grep -x 'interval = 15s'
}

@test "what is printed reads back the same" {
  sed -E 's/^# ([a-z_]+ = |\[)/\1/' "$sample" >examples.conf
  for file in /dev/null examples.conf; do
    "$tcpstated" --check-config --config "$file" >first
    "$tcpstated" --check-config --config first >second
    check_config "$file" >values
    check_config first | diff values -
    # From there on with the origins.
    cp second first
    "$tcpstated" --check-config --config first | sed 's/; first:/; second:/' >third
    sed 's/; first:/; second:/' second | diff - third
  done
}

@test "a drop-in wins, and the origin says so" {
  printf '[poll]\ninterval = 7s\n' >a.conf
  mkdir a.conf.d
  printf '[poll]\ncpu_budget = 2%%\n\n[alert tw-buckets]\nenabled = no\n' >a.conf.d/local.conf
  run --separate-stderr "$tcpstated" --check-config --config a.conf
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ $output == *$'\ninterval = 7s ; a.conf:2\ncpu_budget = 2% ; a.conf.d/local.conf:2\ntracked_sockets = 262144 ; built in\n'* ]]
  [[ $output == *$'[alert tw-buckets]\nenabled = no ; a.conf.d/local.conf:5\n'* ]]
  # The order of the options does not matter.
  [ "$("$tcpstated" --config a.conf --check-config)" = "$output" ]
}

@test "every mistake is printed, one a line, in file order, and nothing else" {
  printf 'a = b\n[poll]\nintervall = 5\n[alert x]\n[exec y]\ncommand = a ; b\n' >bad.conf
  mkdir bad.conf.d
  printf '[pol]\ninterval = 5 # seconds\n' >bad.conf.d/1.conf
  run --separate-stderr "$tcpstated" --check-config --config bad.conf
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  echo "$stderr"
  [ "${#stderr_lines[@]}" -eq 6 ]
  [[ ${stderr_lines[0]} == "tcpstated: bad.conf:1: 'a': expected "* ]]
  [[ ${stderr_lines[1]} == "tcpstated: bad.conf:3: 'intervall': expected "*"; did you mean 'interval'?" ]]
  [[ ${stderr_lines[2]} == "tcpstated: bad.conf:4: 'x': expected raise"* ]]
  [[ ${stderr_lines[3]} == "tcpstated: bad.conf:6: ';': expected "* ]]
  [[ ${stderr_lines[4]} == "tcpstated: bad.conf.d/1.conf:1: 'pol': expected "*"; did you mean 'poll'?" ]]
  [[ ${stderr_lines[5]} == "tcpstated: bad.conf.d/1.conf:2: '5': expected "*"1s to 1h"* ]]
}

@test "what is not a file" {
  mkfifo fifo
  refuses 2 "none: No such file" -- --check-config --config none
  refuses 2 "directory" -- --check-config --config .
  refuses 2 "fifo" "not a regular file" -- --check-config --config fifo
  truncate -s 5G large
  refuses 2 "large" "1 MiB" -- --check-config --config large
  refuses 2 "--config" "needs --watch" -- --config large
  refuses 2 "--check-config" "--json" -- --check-config --json
}

@test "the default file need not be there" {
  [ ! -e /usr/local/etc/tcpstated ] || skip "this machine has one"
  run --separate-stderr "$tcpstated" --check-config
  [ "$status" -eq 0 ]
  [ "$output" = "$("$tcpstated" --check-config --config /dev/null)" ]
}

@test "standard output full" {
  run --separate-stderr sh -c '"$0" --check-config --config /dev/null >/dev/full' "$tcpstated"
  [ "$status" -eq 1 ]
  [[ $stderr == *"standard output"* ]]
}
