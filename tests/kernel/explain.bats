#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --explain, --processes and --sockets on real sockets of a service in a real cgroup.

load common

setup_file() {
  mount=$(findmnt --noheadings --types cgroup2 --output TARGET --first-only) || return 0
  [ "$(id -u)" -eq 0 ] && [ "$(stat --format=%i "$mount")" -eq 1 ] && [ -w "$mount/cgroup.procs" ] || return 0
  slice=$mount/tcpstated-explain-$$.slice
  export mount slice service=$slice/leaky.service
  mkdir "$slice" "$service"
}

teardown_file() {
  [ -z "${slice:-}" ] || rmdir "$service" "$slice"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  # What nobody is to read and write.
  chmod 777 .
  export schema validate="$TOP_SRCDIR/tests/cli/validate_json.py" tcpstated
}

# usage: in_service COMMAND: runs it with 412 leaked connections on port 7777, 3 on port 7778 and 1,000 TIME_WAIT on port 7779,
# which a process in the service has. The command itself is not in it.
in_service() {
  [ -n "${slice:-}" ] || skip "no cgroups can be made here"
  local home
  home=$mount$(sed -n 's/^0:://p' /proc/self/cgroup)
  (
    echo "$BASHPID" >"$service/cgroup.procs"
    home=$home inside CLOSE_WAIT -n 412 --port 7777 and CLOSE_WAIT -n 3 --port 7778 and TIME_WAIT -n 1000 --port 7779 -- \
      "echo \$BASHPID >\"\$home/cgroup.procs\"; $1"
  )
}

@test "who has no rights learns the unit, the port, the number, the memory and the sentence" {
  run in_service 'unprivileged "$tcpstated" --explain'
  echo "$output"
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "WARNING: port 7777 (leaky.service): 412 CLOSE_WAIT, the program has not read the peer's close, "*MiB* ]]
  [[ $output == *"  whose: leaky.service, user root"* ]]
  [[ $(tr -s ' \n' ' ' <<<"$output") == *"NOTE port 7779 (leaky.service): 1,000 TIME_WAIT, this server closes first, "* ]]
  [[ $output != *"pid "* ]]
  [[ $output == *"--processes"* ]]
}

@test "root learns the process and its descriptors as well" {
  run in_service '"$tcpstated" --explain 7777'
  echo "$output"
  [ "$status" -eq 0 ]
  grep -E "^     by: pid [0-9]+ \(tcpstated-lab\), 412 descriptors: [0-9]" <<<"$output"
  # Where its lines break depends on where the program lies.
  [[ $(tr -s ' \n' ' ' <<<"$output") == *"command:"*"hold CLOSE_WAIT -n 412"* ]]
}

@test "nobody with --processes is told how many processes it may not see" {
  run in_service 'unprivileged "$tcpstated" --explain --processes 7777'
  echo "$output"
  output=$(tr -s ' \n' ' ' <<<"$output")
  [[ $output == *"Could not inspect "*" (permission denied); run as root to see "* ]]
  [[ $output == *"No process found for 412 sockets."* ]]
}

@test "of a port that is asked for, a few are told as a note" {
  run in_service '"$tcpstated" --explain 7778 7780; "$tcpstated" --explain'
  echo "$output"
  [[ $output == *"NOTE     port 7778 (leaky.service): 3 CLOSE_WAIT"* ]]
  [[ $output == *"No socket on port 7780."* ]]
  [ "$(grep -c "port 7778 (leaky.service): " <<<"$output")" -eq 2 ]
}

@test "the document has owners, processes and sockets, and keeps to the schema" {
  in_service '"$tcpstated" --explain --json --sockets 7 --state close_wait 7777 >document
    "$tcpstated" --json --sockets 2000 --state time_wait >aged
    python3 "$validate" "$schema" document
    python3 "$validate" "$schema" aged'
  python3 - <<'PYTHON'
import json
d = json.load(open("document"))
(finding,) = d["findings"]
owner = finding["owner"]
assert owner["unit"] == "leaky.service" and owner["kind"] == "unit" and not owner["mixed"] and owner["user"] == "root", finding
assert finding["split"] is None and finding["accepted_by"] is None, finding
(process,) = finding["processes"]
assert process["descriptors_count"] == 412 and len(process["descriptors"]) == 16, process
assert process["cgroup"], process
assert [p["owner"]["unit"] for p in d["ports"]] == ["leaky.service"], d["ports"]
assert len(d["sockets"]) == 7 and all(s["state"] == "CLOSE_WAIT" and s["owner"]["unit"] == "leaky.service" for s in d["sockets"])
assert d["processes"]["unheld"] == 0
aged = json.load(open("aged"))["sockets"]
assert len(aged) == 1000, len(aged)
ages = [s["age_seconds"] for s in aged]
assert ages == sorted(ages, reverse=True) and all(s["timer"] == "time-wait" for s in aged)
# They have no cgroup any more, but their port has.
assert all(s["owner"]["unit"] == "leaky.service" and s["remote"] for s in aged)
PYTHON
}

@test "the list of sockets says how it is ordered" {
  run in_service '"$tcpstated" --sockets 2 --state close_wait'
  echo "$output"
  [[ $output == *"2 of 415 sockets, "*"first"* ]]
  [ "$(grep -c "^CLOSE_WAIT " <<<"$output")" -eq 2 ]
  [ "$(grep -c "  10.*:777[78] - .*  leaky.service$" <<<"$output")" -eq 2 ]
}

@test "a recording explains the same where neither the cgroups nor the processes are" {
  in_service '"$tcpstated" --explain --record recording >recorded'
  [ "$(stat --format=%a recording)" -eq 600 ]
  chmod 644 recording
  # Elsewhere there is no hierarchy, no /proc of that machine, and other users.
  unshare --mount sh -ec 'umount -l "$2"; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" --explain --replay "$1"' \
    "$(realpath "$tcpstated")" recording "$mount" >replayed
  diff <(sed 's/, replayed from a recording//' replayed | tr -s ' \n' ' ') <(tr -s ' \n' ' ' <recorded)
  grep -q "by: pid" replayed
}
