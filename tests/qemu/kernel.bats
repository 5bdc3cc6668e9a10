#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What tcpstated and tcpstated-lab do on the kernel that $KERNEL names (see tests/qemu/boot).

load ../kernel/common

# Those that tests/kernel/counts.bats makes, and every other state.
sockets=("${mixture[@]}"
  and FIN_WAIT_2 -n 50 --port 7005 --orphan and FIN_WAIT_1 -n 50 --port 7006 --orphan
  and FIN_WAIT_1 -n 50 --port 7007 --held and LAST_ACK -n 50 --port 7008
  and CLOSING -n 50 --port 7009 and ESTABLISHED -n 50 --port 7010 and SYN_RECV -n 50 --port 7011
  and SYN_SENT -n 50 --port 7012 and TIME_WAIT -n 50 --port 7013 --client)

setup_file() {
  "$TOP_SRCDIR/tests/qemu/boot" "$KERNEL" "$BATS_FILE_TMPDIR" "${sockets[@]}"
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
}

# Prints the bytes of the objects, and the row of the table that is off most.
teardown_file() {
  cd "$BATS_FILE_TMPDIR" || return
  [ -f memory.out ] || return 0
  awk '$1 ~ /^(TCP|TCPv6|tw_sock_TCP|request_sock_TCP|sock_inode_cache|filp|dentry|skbuff_head_cache)$/ {
    list = list (list ? ", " : "") $1 " " $4
  }
  END { print "# object sizes in bytes: " list }' slabinfo.out >&3
  awk 'match($0, /[-+][0-9.]+%/) {
    off = substr($0, RSTART + 1, RLENGTH - 2) + 0
    if (off >= most) { most = off; row = substr($0, 1, 52); sub(/ +$/, "", row) }
    rows++
  }
  END { printf "# memory: %d rows, at most %.1f %% off slabinfo (%s)\n", rows, most, row }' memory.out >&3
}

# Where something fails, what the guest said is shown.
succeeded() {
  cat "$1.err"
  [ "$(cat "$1.status")" -eq 0 ]
}

needs_late_tcp_diag() {
  [ -f before.status ] || skip "tcp_diag is built into this kernel"
}

# usage: within_5_percent SNAPSHOT OTHER: the memory of every state.
within_5_percent() {
  python3 - "$1" "$2" <<'END'
import json, sys
one, other = (json.load(open(name))["totals"]["states"] for name in sys.argv[1:3])
priced = 0
for state, numbers in one.items():
    a, b = numbers["memory_bytes"], other[state]["memory_bytes"]
    assert (a is None) == (b is None), (state, a, b)
    if a:
        assert abs(a - b) <= 0.05 * a, (state, a, b)
        priced += 1
assert priced >= 9, priced
END
}

@test "before tcp_diag is loaded: counted from /proc/net/tcp, and why is said" {
  needs_late_tcp_diag
  succeeded before
  [ "$(json scan.source <before.out)" = proc ]
  [[ $(json scan.note <before.out) == *tcp_diag* ]]
}

@test "before tcp_diag is loaded: where nothing else is wanted, exit status 1 and why" {
  needs_late_tcp_diag
  [ "$(cat before-forced.status)" -eq 1 ]
  [ ! -s before-forced.out ]
  cat before-forced.err
  [[ $(cat before-forced.err) == "tcpstated: "*tcp_diag* ]]
}

@test "once tcp_diag is loaded, the next run uses it" {
  succeeded after
  [ "$(json scan.source <after.out)" = sock_diag ]
  [ "$(json scan.note <after.out)" = null ]
}

@test "the numbers that were made are the numbers that are told" {
  succeeded hold
  succeeded snapshot
  while read -r key number; do
    echo "$key: $(json "$key" <snapshot.out), made $number"
    [ "$(json "$key" <snapshot.out)" -eq "$number" ]
  done <<END
totals.states.ESTABLISHED.sockets 50
totals.states.SYN_SENT.sockets 50
totals.states.SYN_RECV.sockets 50
totals.states.FIN_WAIT_1.sockets 100
totals.states.FIN_WAIT_2.sockets 400
fin_wait_2.held 200
fin_wait_2.mini 150
fin_wait_2.orphan 50
totals.states.TIME_WAIT.sockets 150
totals.states.CLOSE_WAIT.sockets 350
totals.states.LAST_ACK.sockets 50
totals.states.CLOSING.sockets 50
END
}

@test "counts equal those of /proc/net/tcp for every state, port and side" {
  python3 "$compare_counts" proc snapshot.out <proc.out
}

@test "without privilege: the same counts" {
  succeeded unprivileged
  python3 "$compare_counts" proc unprivileged.out <proc.out
}

@test "memory within 5 % of slabinfo for every state" {
  cat memory.out
  succeeded memory
}

@test "by BTF: the memory of every state within 5 % of that by slabinfo" {
  [ "$(cat btf.status)" -eq 0 ] || skip "this kernel has no BTF"
  [ "$(json prices.source <snapshot.out)" = slabinfo ]
  [ "$(json prices.source <unprivileged.out)" = btf ]
  within_5_percent snapshot.out unprivileged.out
}

@test "without slabinfo and BTF: by the compiled-in table, and that is said" {
  succeeded table
  [ "$(json prices.source <table.out)" = table ]
  [ "$(json totals.states.CLOSE_WAIT.sockets <table.out)" -eq 350 ]
  # The table has the sizes of Debian 12's kernel; of another it is a guess.
  [[ $(json kernel <table.out) != 6.1.* ]] || within_5_percent snapshot.out table.out
}

@test "every scenario passes" {
  # Of what they print, that which failed is shown, and how it ended.
  awk '{ block = block $0 "\n" }
    /^(ok|not on this kernel:|FAILED) / { if ($1 == "FAILED") printf "%s", block; block = "" }
    END { printf "%s", block }' scenarios.out
  succeeded scenarios
}
