#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where netlink is refused or a dump fails: the fallback, or an error with the reason. Never zeros.

load common

refuse() {
  "$helpers/refuse" "$@"
}

# usage: falls_back CALL=ERRNO: the same sockets are counted all the same, from /proc, and the document says why.
falls_back() {
  export refused=$1
  inside CLOSE_WAIT -n 20 -- '"$helpers/refuse" "$refused" -- "$tcpstated" --json' >"$BATS_TEST_TMPDIR/json"
  [ "$(json scan.source <"$BATS_TEST_TMPDIR/json")" = proc ]
  [ "$(json totals.states.CLOSE_WAIT.sockets <"$BATS_TEST_TMPDIR/json")" -eq 20 ]
  [[ $(json scan.note <"$BATS_TEST_TMPDIR/json") == *sock_diag* ]]
}

@test "AF_NETLINK refused as RestrictAddressFamilies= does: EAFNOSUPPORT" {
  falls_back netlink=97
}

@test "AF_NETLINK refused with EPERM" {
  falls_back netlink=1
}

@test "sending refused with EACCES" {
  falls_back sendto=13
}

@test "the text says that it fell back, and why" {
  run --separate-stderr refuse netlink=97 -- "$tcpstated"
  [ "$status" -eq 0 ]
  [[ $output == */proc/net/tcp* ]]
  [[ $output == *AF_NETLINK* ]]
}

# usage: fails WORD -- ARGUMENT of refuse ...
fails() {
  local word=$1
  shift 2
  run --separate-stderr refuse "$@"
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ $stderr == "tcpstated: "*"$word"* ]]
}

@test "no fallback wanted: exit status 1 and the reason" {
  fails AF_NETLINK -- netlink=97 -- "$tcpstated" --source sock_diag --json
}

@test "a dump that stops in the middle: exit status 1 and the reason" {
  fails "did not continue" -- recvmsg=11 -- "$tcpstated" --json
}

@test "a dump that lost messages: exit status 1 and the reason" {
  fails "lack of memory" -- recvmsg=105 -- "$tcpstated"
}

@test "no memory: exit status 1 and the reason" {
  fails "Cannot allocate memory" -- recvmsg=12 -- "$tcpstated"
}

@test "signals without end: exit status 1 and the reason" {
  fails "Interrupted" -- recvmsg=4 -- "$tcpstated"
}

@test "netlink and /proc both refused: exit status 1 and the reason" {
  run --separate-stderr unshare -rm sh -c '
    mount -t tmpfs none "/proc/$$/net" && exec "$0" netlink=97 -- "$1" --json' "$helpers/refuse" "$tcpstated"
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ $stderr == *"/proc/net/tcp"* ]]
}

@test "--check is UNKNOWN where a scan fails, never OK" {
  run --separate-stderr refuse recvmsg=105 -- "$tcpstated" --check
  [ "$status" -eq 3 ]
  [[ $output == "TCPSTATED UNKNOWN"* ]]
}
