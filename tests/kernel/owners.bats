#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whose sockets are: in real cgroups, by real processes. tests/kernel/owners.py plays, and what was told stays for the tests.

load common

setup_file() {
  can_make_cgroups || return 0
  unshare --net python3 "$TOP_SRCDIR/tests/kernel/owners.py" "$helpers/owners" "$BATS_FILE_TMPDIR"
}

setup() {
  can_make_cgroups || skip "no cgroups can be made here"
  cd "$BATS_FILE_TMPDIR" || return
  pid=$(cat pid)
  base=$(cat base)
  service="/$base/leaky\\134x2dserver.service"
  container="/$base/docker-0123456789ab$(printf 'c%.0s' {1..52}).scope"
}

# usage: row FILE SIDE PORT: what follows those words in the only line of that row.
row() {
  [ "$(grep -c "^row $2 $3 " "$1")" -eq 1 ]
  sed -n "s/^row $2 $3 //p" "$1"
}

@test "accepted connections are their listener's, whoever accepted them" {
  run row first server 7777
  echo "$output"
  [[ $output == "found $service unit leaky-server.service leaky\\134x2dserver.service same "* ]]
}

@test "connections are their maker's" {
  run row first client 7777
  echo "$output"
  [[ $output == "found $container docker docker\\0400123456789ab docker-0123456789ab"*".scope same root" ]]
}

@test "the user is the one who accepted, though root listens" {
  [[ $(row first server 7777) == *" 65533" ]]
  [[ $(row first server 7779) == *" root" ]]
}

@test "an orphan has no user, but the service that it had" {
  [[ $(row first server 7778) == "found $service unit leaky-server.service "*" same -" ]]
}

@test "one walk finds all, and the next look needs none" {
  grep -x "walks 1" first
  diff first second
}

@test "a removed cgroup is told as gone, by its last path where that was known" {
  [[ $(row removed server 7777) == "gone $service unit leaky-server.service "* ]]
  [[ $(row removed client 7777) == "found $container docker "* ]]
  grep -x "walks 1" removed
  [[ $(row forgotten server 7777) == "gone - "* ]]
  [[ $(row forgotten client 7777) == "found $container docker "* ]]
}

@test "where a part of the hierarchy is mounted, what is outside of it is unseen, not gone" {
  [[ $(row part server 7777) == "found $service unit "* ]]
  [[ $(row part client 7777) == "found $container docker "* ]]
  [[ $(row part server 7779) == "unseen - "* ]]
}

@test "root finds the process that holds the sockets" {
  grep "^process" processes
  grep -E "^process $pid root 7777 4 python3 /[^ ]*$" processes
  grep -E "^process $pid root 7779 1 python3 /[^ ]*$" processes
  # Some sandboxes let nobody look into their first process.
  grep -xE "refused [0-9]+ unheld 0 walks 1" processes
  [ "$(grep -c "^process" processes)" -eq "$(grep -c "^process $pid " processes)" ]
}

@test "nobody learns the same of cgroups, and how many processes could not be looked into" {
  diff <(grep ^row first) <(grep ^row nobody)
  [ "$(grep -c "^process" nobody)" -eq 0 ]
  read -r _ refused _ unheld _ < <(grep ^refused nobody)
  echo "refused $refused unheld $unheld"
  [ "$refused" -ge 1 ]
  [ "$unheld" -eq "$(awk '/^process/ { sockets += $5 } END { print sockets }' processes)" ]
}

@test "a recording tells the same when the cgroups, the processes and the users are gone" {
  diff <(sed 's/ walks .*//' recorded) <("$helpers/owners" --processes --replay recording | sed 's/ walks .*//')
}
