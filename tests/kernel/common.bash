# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Real sockets, made in namespaces of their own.
# shellcheck source=tests/cli/common.bash
source "${TOP_SRCDIR:-.}/tests/cli/common.bash"

helpers=${TOP_BUILDDIR:-.}/tests/helpers
lab=${TOP_BUILDDIR:-.}/tcpstated-lab
compare_counts=${TOP_SRCDIR:-.}/tests/kernel/compare_counts.py
export tcpstated helpers compare_counts

# 300 CLOSE_WAIT on an IPv4 port, 100 of them with data unread; 200 FIN_WAIT_2 after shutdown() on an IPv6 port; 150 FIN_WAIT_2
# after close() and 100 TIME_WAIT on a dual-stack port with IPv4 clients; 50 connections that nobody accepted.
mixture=(CLOSE_WAIT -n 200 --port 7001 and CLOSE_WAIT -n 100 --port 7001 --unread 100
  and FIN_WAIT_2 -n 200 --port 7002 -6 --held
  and FIN_WAIT_2 -n 150 --port 7003 --dual and TIME_WAIT -n 100 --port 7003 --dual
  and CLOSE_WAIT -n 50 --port 7004 --unaccepted)

# usage: inside WORD ... -- COMMAND: runs a shell command in a namespace that holds the sockets that the words after
# "tcpstated-lab hold" ask for.
inside() {
  local words=()
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  "$lab" hold "${words[@]}" -- bash -euo pipefail -c "$2"
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

# Only root makes cgroups, and only where the whole hierarchy is mounted.
can_make_cgroups() {
  local mount
  [ "$(id -u)" -eq 0 ] || return
  mount=$(findmnt --noheadings --types cgroup2 --output TARGET --first-only) || return
  [ "$(stat --format=%i "$mount")" -eq 1 ] && [ -w "$mount/cgroup.procs" ]
}
