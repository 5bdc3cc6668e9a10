# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Real sockets, made in namespaces of their own.
# shellcheck source=tests/cli/common.bash
source "${TOP_SRCDIR:-.}/tests/cli/common.bash"

helpers=${TOP_BUILDDIR:-.}/tests/helpers
compare_counts=${TOP_SRCDIR:-.}/tests/kernel/compare_counts.py
export tcpstated helpers compare_counts

# 300 CLOSE_WAIT on an IPv4 port, 100 of them with data unread; 200 FIN_WAIT_2 after shutdown() on an IPv6 port; 150 FIN_WAIT_2
# after close() and 100 TIME_WAIT on a dual-stack port with IPv4 clients; 50 connections that nobody accepted.
mixture=(close_wait:n=200,port=7001 close_wait:n=100,port=7001,unread=100
  fin_wait_2_held:n=200,port=7002,family=6
  fin_wait_2_mini:n=150,port=7003,family=dual time_wait:n=100,port=7003,family=dual
  close_wait_unaccepted:n=50,port=7004)

# usage: inside SPEC ... -- COMMAND: runs a shell command in a namespace that holds those sockets.
inside() {
  local specs=()
  while [ "$1" != -- ]; do
    specs+=("$1")
    shift
  done
  "$helpers/mksocks" "${specs[@]}" -- bash -euo pipefail -c "$2"
}

# Runs a command without any privilege.
unprivileged() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs "$@"
  else
    "$@"
  fi
}
export -f unprivileged
