#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whose the sockets of a finding are, where several have some on one port: in real cgroups. tests/kernel/whose.py plays, and
# what tcpstated printed stays for the tests.

load common

setup_file() {
  can_make_cgroups || return 0
  COLUMNS=200 unshare --net python3 "$TOP_SRCDIR/tests/kernel/whose.py" "$tcpstated" "$BATS_FILE_TMPDIR"
}

setup() {
  can_make_cgroups || skip "no cgroups can be made here"
  cd "$BATS_FILE_TMPDIR" || return
  cat ./*.explain ./*.check
}

# usage: finding PORT WORDS: both --explain and --check have that finding, and name nobody else.
finding() {
  grep -E "^WARNING: port $2: [0-9]+ CLOSE_WAIT" "$1.explain"
  grep -E "^TCPSTATED WARNING - port $2: [0-9]+ CLOSE_WAIT" "$1.check"
}

@test "two services on one address are one finding with the share of each" {
  finding 7001 '7001 \([0-9]+ of (web|game).service, [0-9]+ of (web|game).service\)'
  python3 - <<'PYTHON'
import json
(f,) = [f for f in json.load(open("all.json"))["findings"] if (f["side"], f["port"]) == ("server", 7001)]
assert f["owner"]["mixed"], f
assert sorted(s["owner"]["unit"] for s in f["split"]) == ["game.service", "web.service"], f
assert sum(s["sockets"] for s in f["split"]) == f["sockets"] == 150, f
assert f["split"][0]["owner"]["unit"] == f["owner"]["unit"], f
assert f["split"][0]["sockets"] >= f["split"][1]["sockets"], f
PYTHON
}

@test "of two services on two addresses only the one that leaks is named" {
  finding 7002 '127.0.0.2:7002 \(game.service\)'
  [[ $(grep -v "nothing found" 7002.explain) != *web.service* ]]
  [[ $(cat 7002.check) != *web.service* ]]
}

@test "sockets are those of the process that holds them, not of who accepted them" {
  grep "^WARNING: port 7003 (mud.service): 100 CLOSE_WAIT" 7003.explain
  grep "whose: held by mud.service, user 65533; accepted by mud.socket$" 7003.explain
  grep "port 7003 (accepted by mud.socket): 100 CLOSE_WAIT" 7003.check
  [[ $(cat 7003.explain 7003.check) != *"user root"* ]]
  python3 - <<'PYTHON'
import json
(f,) = [f for f in json.load(open("all.json"))["findings"] if (f["side"], f["port"]) == ("server", 7003)]
assert f["owner"]["unit"] == "mud.service" and f["owner"]["user"] == "65533", f
assert f["accepted_by"]["unit"] == "mud.socket" and f["accepted_by"]["user"] is None, f
PYTHON
}

@test "so they are when who accepted them is gone" {
  grep "whose: held by mud.service, user 65533; accepted by a service that is gone$" gone.explain
  grep "port 7003 (accepted by a service that is gone): 100 CLOSE_WAIT" gone.check
  [[ $(cat gone.explain gone.check) != *"user root"* ]]
}

@test "a user's own unit is the user's, whatever its name" {
  finding 7004 "7004 \(nginx.service of user $(cat user)\)"
  python3 - <<'PYTHON'
import json
(f,) = [f for f in json.load(open("all.json"))["findings"] if (f["side"], f["port"]) == ("server", 7004)]
assert f["owner"]["kind"] == "user_unit" and f["owner"]["user"] == open("user").read(), f
PYTHON
}

@test "what a removed service left is not the one's that listens now" {
  grep "port 7005 (accepted by a service that is gone): 100 CLOSE_WAIT" 7005.check
  [[ $(cat 7005.explain 7005.check) != *"web.service"* ]]
}
