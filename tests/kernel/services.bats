#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The oracle of services: what tests/helpers/services.py made, and the walk that holds tcpstated against it.

load common

services=$TOP_SRCDIR/tests/helpers/services.py
walk=$TOP_SRCDIR/tests/kernel/services.py

setup() {
  [ "$(id -u)" -eq 0 ] || skip "needs root to make namespaces"
}

# usage: answers COMMAND ...: the answers of the helper to commands in a namespace of its own, one a line, then "ss -tanH"
answers() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/commands"
  # The helper holds the sockets until its input ends, which is when ss has listed them.
  unshare --net bash -euo pipefail -c '
    ip link set lo up
    coproc helper { python3 "$0"; }
    while read -r command; do
      echo "$command" >&"${helper[1]}"
      IFS= read -r answer <&"${helper[0]}"
      echo "$answer"
    done
    sockets=$(ss -tanH)
    echo "$sockets"' "$services" <"$BATS_TEST_TMPDIR/commands" >"$BATS_TEST_TMPDIR/answers"
}

@test "the helper makes what it is asked for, and knows whose each socket is" {
  answers "server web 127.0.0.1:8080" "server any [::]:7777 reuseport 3" "server six [::]:7778 v6only" \
    "server device 0.0.0.0:7779 device lo" \
    "connect web 3 CLOSE_WAIT from 127.0.0.2,127.0.0.3" "connect any 4 FIN_WAIT_2 to 127.0.0.1,::1" \
    "connect six 2 TIME_WAIT to ::1 port 2000" "connect device 5 ESTABLISHED to 127.0.0.1 only server" \
    "connect any 6 ESTABLISHED to 127.0.0.1 mapped only client" "close any" "connect web 2 CLIENT_TIME_WAIT" "drop web 1" truth
  python3 - "$BATS_TEST_TMPDIR/answers" <<'END'
import collections, json, sys
lines = open(sys.argv[1]).read().splitlines()
answers = [json.loads(line) for line in lines if line.startswith("{")]
assert [a["made"] for a in answers[:-1]] == [1, 3, 1, 1, 3, 4, 2, 5, 6, 3, 2, 1], answers[:-1]
truth = {}
for s in answers[-1]["sockets"]:
    pair = tuple(f"{s[end]['address']} {s[end]['port']}" for end in ("local", "remote"))
    truth[pair] = s["side"], s["address"], s["device"], s["port"]
counts = collections.Counter()
for state, _, _, *names in (line.split()[:5] for line in lines if not line.startswith("{")):
    pair = []
    for name in names:
        address, port = name.rsplit(":", 1)
        pair.append(f"{address.split('%')[0].strip('[]').removeprefix('::ffff:')} {port}")
    counts[(state, *(("listener", pair[0]) if state == "LISTEN" else truth[tuple(pair)]))] += 1
expected = {
    ("LISTEN", "listener", "127.0.0.1 8080"): 1, ("LISTEN", "listener", ":: 7778"): 1, ("LISTEN", "listener", "0.0.0.0 7779"): 1,
    ("CLOSE-WAIT", "server", "127.0.0.1", None, 8080): 2, ("FIN-WAIT-2", "client", None, None, 8080): 2,
    ("FIN-WAIT-2", "server", None, None, 7777): 4, ("CLOSE-WAIT", "client", None, None, 7777): 4,
    ("TIME-WAIT", "server", None, None, 7778): 2, ("ESTAB", "server", None, "lo", 7779): 5,
    ("ESTAB", "client", None, None, 7777): 6, ("TIME-WAIT", "client", None, None, 8080): 2,
}
assert dict(counts) == expected, counts
END
}

@test "the helper says what it cannot do" {
  answers "server a 127.0.0.1:80" "server a 127.0.0.1:81" "server b 127.0.0.1:80" "connect c 1 ESTABLISHED" "connect a 1 SYN_SENT" \
    "connect a 1 ESTABLISHED to 127.0.0.1 foo" "close a" "connect a 1 ESTABLISHED" nothing
  [ "$(grep -c '"error"' "$BATS_TEST_TMPDIR/answers")" -eq 7 ]
}

@test "the judge of the walk finds a socket in another row, and none where all is right" {
  python3 - "$walk" <<'END'
import collections, importlib.util, sys
spec = importlib.util.spec_from_file_location("walk", sys.argv[1])
walk = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walk)

def truth_of(listeners):
    sockets = [{"local": {"address": "10.0.0.1", "port": 80}, "remote": {"address": "10.9.0.1", "port": p}, "service": "a",
                "side": "server", "address": "10.0.0.1", "device": None, "port": 80} for p in range(100, 104)]
    return {"services": [{"name": "a", "listeners": listeners, "connections": 4}], "sockets": sockets}

kernel = [("CLOSE_WAIT", ("10.0.0.1", 80), ("10.9.0.1", str(p)), None) for p in range(100, 104)]
place = ("server", "10.0.0.1", None, 80), "CLOSE_WAIT"
elsewhere = ("server", None, None, 80), "CLOSE_WAIT"

def right(rows, listeners):
    judge = walk.Judge()
    judge.add(collections.Counter(rows), kernel, truth_of(listeners), set())
    assert judge.sockets == 4, judge.sockets
    return judge.right

assert right({place: 4}, 1) == 4
assert right({place: 3, elsewhere: 1}, 1) == 3
assert right({elsewhere: 4}, 1) == 0
# Its listener was never seen: its address is not to be known.
assert right({elsewhere: 4}, 0) == 4
assert right({(("client", None, None, 100), "CLOSE_WAIT"): 4}, 0) == 0
END
}

@test "a walk fails where nothing is counted" {
  printf '#!/bin/sh\necho "{\\"ports\\": []}"\n' >"$BATS_TEST_TMPDIR/tcpstated"
  chmod +x "$BATS_TEST_TMPDIR/tcpstated"
  run python3 "$walk" "$BATS_TEST_TMPDIR/tcpstated" --seed 1 --steps 5
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"right: 0.000 %"* ]]
}

# usage: walk WORD ...: of so many services that a step takes seconds
walk() {
  python3 "$walk" "$tcpstated" --services 40 "$@"
}

@test "single looks: 99 % of a walk's sockets are under their service, and no row too many" {
  walk --seed 1 --steps 15 --range "32768 60999"
  walk --seed 2 --steps 15 --range "1024 65535"
}

@test "beside a daemon that is restarted: 99.9 %" {
  walk --seed 3 --steps 15 --range "32768 60999" --history --restart 5
  walk --seed 4 --steps 15 --range "1024 65535" --history --restart 5
}

# usage: rows JSON: "SIDE ADDRESS:PORT STATE SOCKETS" of each
rows() {
  python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["ports"]:
    for state, numbers in row["states"].items():
        if numbers["sockets"] and state != "LISTEN":
            print(row["side"], "%s:%d" % (row["address"] or "*", row["port"]), state, numbers["sockets"])' "$1" | sort
}

# A listener that is gone, in a wide range: its peers are not services.
@test "sockets of a service whose listener is gone are one row, whatever the ranges" {
  for first in 32768 1024; do
    inside TIME_WAIT -n 3000 --port 25565 --listener-gone --client-ports 1024 -- "
      echo '$first 65535' >/proc/sys/net/ipv4/ip_local_port_range
      '$tcpstated' --json --ports 0" >"$BATS_TEST_TMPDIR/json"
    rows "$BATS_TEST_TMPDIR/json" >"$BATS_TEST_TMPDIR/rows"
    cat "$BATS_TEST_TMPDIR/rows"
    [ "$(cat "$BATS_TEST_TMPDIR/rows")" = "server *:25565 TIME_WAIT 3000" ]
  done
}

@test "a port that the system chose stays a service when its listener closes" {
  inside CLOSE_WAIT -n 200 --port 45678 --listener-gone -- "'$tcpstated' --json --ports 0" >"$BATS_TEST_TMPDIR/json"
  rows "$BATS_TEST_TMPDIR/json" >"$BATS_TEST_TMPDIR/rows"
  cat "$BATS_TEST_TMPDIR/rows"
  [ "$(cat "$BATS_TEST_TMPDIR/rows")" = "server *:45678 CLOSE_WAIT 200" ]
}

@test "a client that binds its ports itself is one row" {
  inside CLOSE_WAIT -n 300 --client --port 40000 --client-ports 10000 -- "'$tcpstated' --json --ports 0 --side client" \
    >"$BATS_TEST_TMPDIR/json"
  rows "$BATS_TEST_TMPDIR/json" >"$BATS_TEST_TMPDIR/rows"
  cat "$BATS_TEST_TMPDIR/rows"
  [ "$(cat "$BATS_TEST_TMPDIR/rows")" = "client *:40000 CLOSE_WAIT 300" ]
}

# Nothing is kept of a peer: neither a row nor memory.
@test "60,000 TIME_WAIT of 20 ports without a listener are 20 rows, and cost the daemon at most 1.5 MiB" {
  cat >"$BATS_TEST_TMPDIR/conf" <<END
[output]
journal = no
snapshot_file = $BATS_TEST_TMPDIR/snapshot
END
  export conf=$BATS_TEST_TMPDIR/conf snapshot=$BATS_TEST_TMPDIR/snapshot state=$BATS_TEST_TMPDIR/state
  poll='
    echo "1024 65535" >/proc/sys/net/ipv4/ip_local_port_range
    rm -f "$snapshot"
    "$tcpstated" --daemon --config "$conf" --state-directory "$state" &
    until [ -s "$snapshot" ]; do
      kill -0 $! || exit
    done
    cp "$snapshot" "$snapshot.kept"
    resident=$(awk "/^VmHWM:/ { print \$2 }" "/proc/$!/status")
    kill $!
    wait $!
    echo "$resident"'
  empty=$(inside LISTEN --port 7001 -- "$poll")
  full=$(inside TIME_WAIT -n 3000 --ports 20 --port 25565 --listener-gone --client-ports 1024 -- "$poll")
  echo "$full KiB, $empty KiB without sockets"
  python3 - "$snapshot.kept" <<'END'
import json, sys
rows = json.load(open(sys.argv[1]))["ports"]
assert sorted((row["side"], row["port"], row["sockets"]) for row in rows) == [("server", 25565 + i, 3000) for i in range(20)], rows
END
  [ $((full - empty)) -le 1536 ]
}
