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

# How many must be right is a figure of its own; here the walk itself is tried.
@test "a walk knows every socket that it made, by single looks and beside a daemon that is restarted" {
  python3 "$walk" "$tcpstated" --steps 20 --least 0
  python3 "$walk" "$tcpstated" --steps 6 --history --restart 3 --least 0
}
