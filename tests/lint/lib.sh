# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the lints share: each prints TAP, one test for each file that it checks. They run in the build directory.
set -u

# shellcheck disable=SC2034 # for those who read this file in
top=${TOP_SRCDIR:-.}
number=0
status=0

need() {
  if ! command -v "$1" >/dev/null 2>&1; then
    echo "1..0 # SKIP $1 is not installed"
    exit 0
  fi
}

# Runs a command; its output is only shown when it fails.
# usage: lint TITLE COMMAND [ARGUMENT ...]
lint() {
  title=$1
  shift
  number=$((number + 1))
  # For tests/watchdog.
  echo "# running: $title"
  if output=$("$@" 2>&1); then
    echo "ok $number - $title"
  else
    echo "not ok $number - $title"
    echo "$output" | sed 's/^/# /'
    status=1
  fi
}

finish() {
  echo "1..$number"
  exit $status
}
