# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the bats files share.
bats_require_minimum_version 1.5.0

# "make check-valgrind" puts something in its place.
tcpstated=${TCPSTATED:-${TOP_BUILDDIR:-.}/tcpstated}
schema=${TOP_SRCDIR:-.}/contrib/tcpstated.snapshot.schema.json

# Runs tcpstated and expects an exit status, nothing on standard output, and one line on standard error that holds each word.
# usage: refuses STATUS WORD [WORD ...] -- ARGUMENT ...
refuses() {
  local status_expected=$1 words=()
  shift
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  shift
  run --separate-stderr "$tcpstated" "$@"
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq "$status_expected" ]
  [ -z "$output" ]
  [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
  [[ $stderr == "tcpstated: "* ]]
  local word
  for word in "${words[@]}"; do
    [[ $stderr == *"$word"* ]]
  done
}

# usage: eventually COMMAND ...: runs it about every 50 ms until it succeeds. Only a test that fails takes the whole time.
eventually() {
  local seconds=60 end
  end=$((SECONDS + seconds))
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "waited $seconds s for: $*"
      return 1
    fi
    sleep 0.05
  done
}

# Reads one value out of a JSON document on standard input: json totals.states.LISTEN.sockets
json() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value) if not isinstance(value, str) else value)' "$1"
}

# Validates a JSON document in a file against the installed schema.
validate() {
  python3 "${TOP_SRCDIR:-.}/tests/cli/validate_json.py" "$schema" "$1"
}
