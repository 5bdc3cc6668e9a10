#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# "tcpstated-lab hold" makes the requested sockets, reports them, and leaves nothing behind.

load ../kernel/common

# The JSON of tcpstated about the sockets that "hold" makes.
snapshot() {
  "$lab" hold "$@" -- "$tcpstated" --json >"$BATS_TEST_TMPDIR/json"
}

# usage: expect PATH=VALUE ...: checks the JSON document. ports:7001.orphans is a key of that port.
expect() {
  python3 - "$BATS_TEST_TMPDIR/json" "$@" <<'EOF'
import json, sys
document = json.load(open(sys.argv[1]))
wrong = False
for word in sys.argv[2:]:
    path, expected = word.split("=")
    value = document
    for key in path.split("."):
        if key.startswith("ports:"):
            value = next(port for port in value["ports"] if port["port"] == int(key[len("ports:"):]))
        else:
            value = value[int(key)] if isinstance(value, list) else value[key]
    if str(value) != expected:
        print(f"{path}: expected {expected}, is {value}")
        wrong = True
sys.exit(wrong)
EOF
}

# usage: refuses_hold WORD ... -- ARGUMENT ...: wrong usage, and the sentence has each word
refuses_hold() {
  local words=()
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  shift
  run --separate-stderr "$lab" hold "$@"
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == "tcpstated-lab: "* ]]
  [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
  local word
  for word in "${words[@]}"; do
    [[ $stderr == *"$word"* ]]
  done
}

export -f eventually

@test "ESTABLISHED" {
  snapshot established -n 7
  expect totals.states.ESTABLISHED.sockets=7 ports:7001.side=server ports:7001.orphans=0
}

@test "SYN_SENT is a client's" {
  snapshot SYN_SENT -n 7 --port 7005
  expect totals.states.SYN_SENT.sockets=7 ports:7005.side=client
}

@test "SYN_RECV, as many as requested" {
  snapshot SYN_RECV -n 300
  expect totals.states.SYN_RECV.sockets=300
}

@test "FIN_WAIT_1 is an orphan, or held" {
  snapshot FIN_WAIT_1 -n 7 and FIN_WAIT_1 -n 5 --held --port 7002
  expect totals.states.FIN_WAIT_1.sockets=12 ports:7001.orphans=7 ports:7002.orphans=0
}

@test "FIN_WAIT_2 is mini, an orphan, or held" {
  snapshot fin-wait-2 -n 7 and FIN_WAIT_2 -n 5 --orphan --port 7002 and FIN_WAIT2 -n 3 --held --port 7003
  expect totals.states.FIN_WAIT_2.sockets=15 fin_wait_2.mini=7 fin_wait_2.orphan=5 fin_wait_2.held=3
}

@test "TIME_WAIT, of a server and of a client, over IPv6 and over loopback" {
  snapshot TIME_WAIT -n 7 -6 and TIME_WAIT -n 5 --client --port 7002 and TIME_WAIT -n 3 --loopback --port 7003
  expect totals.states.TIME_WAIT.sockets=15 ports:7001.side=server ports:7001.states.TIME_WAIT.sockets=7 \
    ports:7002.side=client ports:7002.states.TIME_WAIT.sockets=5 ports:7003.states.TIME_WAIT.sockets=3
}

@test "CLOSE_WAIT is held, or in the accept queue" {
  snapshot CLOSE_WAIT -n 7 and CLOSE_WAIT -n 1200 --unaccepted
  expect totals.states.CLOSE_WAIT.sockets=1207 ports:7001.unaccepted=1200 ports:7001.accept_queue=1200
}

@test "ESTABLISHED in a full accept queue" {
  snapshot ESTABLISHED -n 6 --unaccepted --backlog 5
  expect totals.states.ESTABLISHED.sockets=6 ports:7001.unaccepted=6 ports:7001.accept_queue=6 ports:7001.backlog=5
}

@test "peers that are alive acknowledge until their window is closed" {
  "$lab" hold ESTABLISHED -n 3 --alive --unsent 1000 and FIN_WAIT_1 -n 3 --alive --unsent 250000 --port 7002 -- bash -c '
    probed() {
      [ "$(ss -tnoH state fin-wait-1 | grep -c "timer:(persist,")" -eq 3 ] &&
        [ "$(ss -tnH state established sport 7001 | awk "{ print \$2 }" | sort -u)" = 0 ]
    }
    eventually probed'
}

@test "LAST_ACK and CLOSING" {
  snapshot LAST_ACK -n 7 and CLOSING -n 5 --port 7002
  expect totals.states.LAST_ACK.sockets=7 totals.states.CLOSING.sockets=5 ports:7001.orphans=7 ports:7002.orphans=5
}

@test "LISTEN, each on a port of its own" {
  snapshot LISTEN -n 7 --port 8001
  expect totals.states.LISTEN.sockets=7 ports:8001.states.LISTEN.sockets=1 ports:8007.states.LISTEN.sockets=1
}

@test "CLOSE and BOUND_INACTIVE are sockets without a connection" {
  snapshot CLOSE -n 7 and BOUND_INACTIVE -n 5 --port 8001 -6
  # Before Linux 6.8 the kernel does not list them, and tcpstated says null.
  if [ "$(json totals.states.CLOSE.sockets <"$BATS_TEST_TMPDIR/json")" = null ]; then
    skip "this kernel does not list them"
  fi
  expect totals.states.CLOSE.sockets=7 ports:7001.side=client totals.states.BOUND_INACTIVE.sockets=5 \
    ports:8001.states.BOUND_INACTIVE.sockets=1 ports:8005.states.BOUND_INACTIVE.sockets=1
}

@test "the bytes are in the queues" {
  run "$lab" hold CLOSE_WAIT -n 3 --unread 100 --unsent 200 -- ss -tnH state close-wait
  [ "$status" -eq 0 ]
  # The FIN counts as a received byte.
  [ "$(awk '{ print $1, $2 }' <<<"$output" | sort -u)" = "101 200" ]
  [ "$(wc -l <<<"$output")" -eq 3 ]
}

# usage: lists WORD ... <EXPECTED: "COUNT STATE LOCAL-ADDRESS:PORT", in any order, of what ss lists of the sockets that "hold" makes
lists() {
  diff <("$lab" hold "$@" -- ss -tanH </dev/null | awk '{ print $1, $4 }' | sort | uniq -c | awk '{ print $1, $2, $3 }' |
    LC_ALL=C sort) <(LC_ALL=C sort)
}

@test "listeners on addresses of their own share a port, over IPv4, IPv6 and both" {
  lists CLOSE_WAIT -n 5 --address 2 and TIME_WAIT -n 3 --address 250 and ESTABLISHED -n 4 --address 3 -6 \
    and CLOSE_WAIT -n 6 --address 4 --dual <<'END'
6 CLOSE-WAIT [::ffff:10.0.0.4]:7001
5 CLOSE-WAIT 10.0.0.2:7001
4 ESTAB [fd00::3]:7001
1 LISTEN [::ffff:10.0.0.4]:7001
1 LISTEN [fd00::3]:7001
1 LISTEN 10.0.0.2:7001
1 LISTEN 10.0.0.250:7001
3 TIME-WAIT 10.0.0.250:7001
END
  lists CLOSE_WAIT -n 5 --address 2 --group 1 and CLOSE_WAIT -n 6 --group 2 and LISTEN --port 7002 --address 3 <<'END'
5 CLOSE-WAIT 10.0.0.2:7001
6 CLOSE-WAIT 10.0.0.1:7001
1 LISTEN 10.0.0.2:7001
2 LISTEN 0.0.0.0:7001
1 LISTEN 10.0.0.3:7002
END
  "$lab" hold CLOSE_WAIT --address 2 and CLOSE_WAIT --device --port 7002 </dev/null >"$BATS_TEST_TMPDIR/json"
  expect sockets.0.address=10.0.0.2 sockets.0.device=None sockets.1.address=None sockets.1.device=to-there
}

@test "sockets and listeners that are bound to the device" {
  lists CLOSE_WAIT -n 2 --device and CLOSE_WAIT -n 3 --device --client --port 7002 <<'END'
2 CLOSE-WAIT 10.0.0.1%to-there:7001
1 CLOSE-WAIT 10.0.0.1%to-there:33768
1 CLOSE-WAIT 10.0.0.1%to-there:33769
1 CLOSE-WAIT 10.0.0.1%to-there:33770
1 LISTEN 0.0.0.0%to-there:7001
END
}

@test "the listener is gone, the connections are not" {
  lists CLOSE_WAIT -n 1200 --listener-gone and TIME_WAIT -n 7 and ESTABLISHED --port 7002 <<'END'
1200 CLOSE-WAIT 10.0.0.1:7001
1 ESTAB 10.0.0.1:7002
1 LISTEN 0.0.0.0:7002
7 TIME-WAIT 10.0.0.1:7001
END
}

@test "as many sockets on each of several ports" {
  lists CLOSE_WAIT -n 2 --port 7001 --ports 3 --listener-gone and TIME_WAIT --port 7003 --ports 2 <<'END'
2 CLOSE-WAIT 10.0.0.1:7001
2 CLOSE-WAIT 10.0.0.1:7002
2 CLOSE-WAIT 10.0.0.1:7003
1 TIME-WAIT 10.0.0.1:7003
1 TIME-WAIT 10.0.0.1:7004
1 LISTEN 0.0.0.0:7004
END
}

@test "one of several listeners with SO_REUSEPORT is full; a backlog of 0" {
  run "$lab" hold ESTABLISHED -n 17 --unaccepted --backlog 16 --group 4 and ESTABLISHED --unaccepted --backlog 0 --port 7002 -- \
    ss -tlnH
  [ "$(awk '{ print $2, $3, $4 }' <<<"$output" | sort)" = "$(printf '%s\n' '0 16 0.0.0.0:7001' '0 16 0.0.0.0:7001' \
    '0 16 0.0.0.0:7001' '1 0 0.0.0.0:7002' '17 16 0.0.0.0:7001')" ]
}

@test "clients have the ports they are given" {
  run "$lab" hold CLOSE_WAIT -n 3 --client --client-ports 10000 -- ss -tanH
  [ "$(awk '{ print $4 }' <<<"$output" | sort)" = "$(printf '10.0.0.1:%s\n' 10000 10001 10002)" ]
  run "$lab" hold CLOSE_WAIT -n 3 --client-ports 37536 -- ss -tnH
  [ "$(awk '{ print $5 }' <<<"$output" | sort)" = "$(printf '10.64.0.1:%s\n' 37536 37537 37538)" ]
}

@test "owners in cgroups of their own, which are gone afterwards" {
  local mount cgroups=()
  mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
  if [ -z "$mount" ] || ! mkdir "$mount/tcpstated-lab-test-$$"; then
    "$lab" hold CLOSE_WAIT --cgroup a.service </dev/null 2>"$BATS_TEST_TMPDIR/error" && return 1
    grep 'cannot enter it' "$BATS_TEST_TMPDIR/error"
    skip "no cgroup file system to write to"
  fi
  rmdir "$mount/tcpstated-lab-test-$$"
  run "$lab" hold CLOSE_WAIT -n 2 --cgroup game.service and CLOSE_WAIT -n 3 --client --cgroup web.service --port 7002 -- ss -tneH
  echo "$output"
  [ "$(grep -c '10.0.0.1:7001 .*cgroup:/tcpstated-lab-[0-9]*.slice/game.service' <<<"$output")" -eq 2 ]
  [ "$(grep -c ':7002 .*cgroup:/tcpstated-lab-[0-9]*.slice/web.service' <<<"$output")" -eq 3 ]
  mapfile -t cgroups < <(find "$mount" -maxdepth 1 -name "$(grep -o 'tcpstated-lab-[0-9]*.slice' <<<"$output" | head -n 1)")
  [ "${#cgroups[@]}" -eq 0 ]
}

@test "more sockets than a process may have descriptors" {
  run bash -c 'ulimit -n 600 && "$0" hold CLOSE_WAIT -n 1000 -- "$1" --json' "$lab" "$tcpstated"
  [ "$status" -eq 0 ]
  echo "$output" >"$BATS_TEST_TMPDIR/json"
  expect totals.states.CLOSE_WAIT.sockets=1000
}

@test "a low soft limit of open files spreads the sockets over no more peers" {
  run bash -c 'ulimit -Sn 200 && "$0" hold TIME_WAIT -n 500 -- ss -tnaH state time-wait' "$lab"
  [ "$status" -eq 0 ] || echo "$output"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 500 ]
  [ "$(printf '%s\n' "${lines[@]}" | awk '{ sub(/:[0-9]*$/, "", $4); print $4 }' | sort -u | wc -l)" -eq 1 ]
}

# The veth drops packets until the kernel has seen its carrier: one of five runs lost some without waiting for it.
@test "no segment is lost to a cable that is not ready yet" {
  local i
  for ((i = 0; i < 50; i++)); do
    "$lab" hold ESTABLISHED -- awk '$1 == "Tcp:" { print $13 }' /proc/net/snmp
  done >"$BATS_TEST_TMPDIR/resent"
  [ "$(sort "$BATS_TEST_TMPDIR/resent" | uniq -c | awk '{ print $1, $2 }')" = "$(printf '50 0\n50 RetransSegs')" ]
}

@test "the ready line is JSON that says what was made, and the end of input ends it" {
  "$lab" hold CLOSE_WAIT -n 4 --port 7009 -6 --unread 5 and TIME_WAIT -n 3 --client </dev/null >"$BATS_TEST_TMPDIR/json"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/json")" -eq 1 ]
  expect ready=True \
    sockets.0.state=CLOSE_WAIT sockets.0.kind=held sockets.0.n=4 sockets.0.port=7009 sockets.0.family=6 \
    sockets.0.side=server sockets.0.unread=5 sockets.0.unsent=0 \
    sockets.1.state=TIME_WAIT sockets.1.kind=mini sockets.1.n=3 sockets.1.side=client sockets.1.expired=0
  [[ $(json netns <"$BATS_TEST_TMPDIR/json") == "net:["*"]" ]]
}

@test "the exit status of the command is passed on" {
  run "$lab" hold LISTEN -- sh -c 'exit 37'
  [ "$status" -eq 37 ]
  run "$lab" hold LISTEN -- sh -c 'kill -KILL $$'
  [ "$status" -eq 137 ]
  run -127 "$lab" hold LISTEN -- "$BATS_TEST_TMPDIR/none"
}

@test "a ready line that cannot be written is an error" {
  run --separate-stderr bash -c '"$0" hold LISTEN </dev/null >/dev/full' "$lab"
  [ "$status" -eq 1 ]
  [[ $stderr == *"standard output"* ]]
}

# The namespace of descriptor 8 has no process and no socket any more, except in TIME_WAIT.
is_over() {
  [ -z "$(find /proc/[0-9]*/ns/net -lname "$netns" 2>/dev/null)" ] &&
    [ -z "$(nsenter --net=/proc/self/fd/8 ss -tanH exclude time-wait)" ]
}

@test "nothing is left after SIGKILL" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to inspect the namespace"
  mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
  "$lab" hold FIN_WAIT_1 -n 50 --unsent 1000 and CLOSE_WAIT -n 50 and TIME_WAIT -n 50 \
    <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
  exec 7>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
  read -r -t 60 ready <&9 || {
    echo "waited 60 s for the ready line"
    return 1
  }
  pid=$(json pid <<<"$ready")
  netns=$(json netns <<<"$ready")
  exec 8<"/proc/$pid/ns/net"
  [ "$(nsenter --net=/proc/self/fd/8 ss -tanH state fin-wait-1 | wc -l)" -eq 50 ]
  kill -KILL "$pid"
  eventually is_over
}

@test "the host is not affected" {
  ss -tanH state close-wait | wc -l >"$BATS_TEST_TMPDIR/before"
  ip -o link | wc -l >>"$BATS_TEST_TMPDIR/before"
  cat /proc/sys/net/ipv4/tcp_max_tw_buckets /proc/sys/net/core/somaxconn >>"$BATS_TEST_TMPDIR/before"
  "$lab" hold CLOSE_WAIT -n 50 --unaccepted and TIME_WAIT -n 50 -- nsenter --net=/proc/$$/ns/net sh -c '
    ss -tanH state close-wait | wc -l
    ip -o link | wc -l
    cat /proc/sys/net/ipv4/tcp_max_tw_buckets /proc/sys/net/core/somaxconn' >"$BATS_TEST_TMPDIR/after"
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "without privileges, if user namespaces are allowed" {
  unprivileged unshare -Urn true || skip "no user namespaces for ordinary users here"
  unprivileged "$lab" hold CLOSE_WAIT -n 20 and TIME_WAIT -n 20 --client -- "$tcpstated" --json >"$BATS_TEST_TMPDIR/json"
  expect totals.states.CLOSE_WAIT.sockets=20 totals.states.TIME_WAIT.sockets=20
}

@test "a word that is not a state: exit status 2, and the possible ones" {
  refuses_hold "a state is missing" CLOSE_WAIT --
  refuses_hold "'FOO'" CLOSE_WAIT -- FOO
  refuses_hold "'CLOS'" CLOSE_WAIT -- CLOS
  refuses_hold "a state is missing" -- CLOSE_WAIT and
  refuses_hold "'LISTEN'" "'and'" -- CLOSE_WAIT LISTEN
}

@test "an impossible combination: exit status 2, and the possible ones" {
  refuses_hold --mini CLOSE_WAIT "--held, --unaccepted" -- CLOSE_WAIT --mini
  refuses_hold --held SYN_RECV none -- SYN_RECV --held
  refuses_hold --orphan TIME_WAIT --mini -- LISTEN and TIME_WAIT --orphan
  refuses_hold --unread "FIN_WAIT_2 --mini" "FIN_WAIT_2 --held" -- FIN_WAIT_2 --unread 5
  refuses_hold --unsent TIME_WAIT ESTABLISHED -- TIME_WAIT --unsent 5
  refuses_hold --read-eof ESTABLISHED CLOSE_WAIT -- ESTABLISHED --read-eof
  refuses_hold --client LISTEN -- LISTEN --client
  refuses_hold --server SYN_SENT -- SYN_SENT --server
  refuses_hold --loopback SYN_RECV -- SYN_RECV --loopback
  refuses_hold --alive CLOSE_WAIT "ESTABLISHED --held" "FIN_WAIT_1 --orphan" -- CLOSE_WAIT --alive
  refuses_hold --backlog ESTABLISHED SYN_RECV -- ESTABLISHED --backlog 5
  refuses_hold --backlog "'65536'" 65535 -- SYN_RECV --backlog 65536
  refuses_hold --backlog TIME_WAIT -- TIME_WAIT --backlog 0
  refuses_hold --group LISTEN "ESTABLISHED --unaccepted" -- LISTEN --group 2
  refuses_hold --group "'0'" 64 -- SYN_RECV --group 0
  refuses_hold --address "'251'" 250 -- CLOSE_WAIT --address 251
  refuses_hold --address --client -- CLOSE_WAIT --client --address 1
  refuses_hold --address --loopback -- CLOSE_WAIT --loopback --address 1
  refuses_hold --device --loopback -- CLOSE_WAIT --loopback --device
  refuses_hold --listener-gone "CLOSE_WAIT --unaccepted" -- CLOSE_WAIT --unaccepted --listener-gone
  refuses_hold --client-ports "'37537'" 37536 -- CLOSE_WAIT --client-ports 37537
  refuses_hold --client-ports LISTEN -- LISTEN --client-ports 1024
  refuses_hold --ports LISTEN -- LISTEN --ports 2
  refuses_hold --ports " 6" -- CLOSE_WAIT --port 65530 --ports 7
  refuses_hold "1024 states and ports" -- CLOSE_WAIT and CLOSE_WAIT --port 8001 --ports 1024
  refuses_hold --cgroup "'a/b'" letters -- CLOSE_WAIT --cgroup a/b
  refuses_hold --cgroup "'..'" letters -- CLOSE_WAIT --cgroup ..
  refuses_hold --held --orphan together -- FIN_WAIT_1 --held --orphan
  refuses_hold -6 --dual together -- TIME_WAIT --dual -6
  refuses_hold --server CLOSE -- CLOSE --server
  refuses_hold LISTEN 58535 -- LISTEN -n 58536
  refuses_hold BOUND_INACTIVE 58535 -- BOUND_INACTIVE -n 58536
}

@test "invalid numbers and options: exit status 2" {
  refuses_hold -n "'x'" -- TIME_WAIT -n x
  refuses_hold -n "'-1'" -- TIME_WAIT -n -1
  refuses_hold -n "'4000001'" -- TIME_WAIT -n 4000001
  refuses_hold --port "'0'" 65535 -- TIME_WAIT --port 0
  refuses_hold --port "'65536'" -- TIME_WAIT --port=65536
  refuses_hold --port value -- TIME_WAIT --port
  refuses_hold --foo -- TIME_WAIT --foo
  refuses_hold -x -- TIME_WAIT -x
  refuses_hold "no value" -- FIN_WAIT_2 --held=1
  refuses_hold command -- TIME_WAIT --
}
