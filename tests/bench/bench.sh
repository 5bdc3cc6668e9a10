#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What tcpstated costs, against the least that is possible and against what else there is, all in
# one run and in a namespace of its own. It prints; it does not judge.
#
# usage: bench.sh BUILD_DIRECTORY
set -eu

build=$1
rounds=${ROUNDS:-9}
lab=$build/tcpstated-lab
compare=$build/tests/bench/compare
bare=$build/tests/bench/bare_dump
tcpstated=$build/tcpstated

# Run inside the namespace: CPU of the dump alone, without starting a process.
if [ "${2-}" = inside ]; then
	"$compare" "$rounds" "$tcpstated" --once --json -- "$bare" -- ss -tanH -- \
		cat /proc/net/tcp /proc/net/tcp6
	i=0
	while [ $i -lt "$rounds" ]; do
		"$bare" | sed 's/.* /bare /'
		"$tcpstated" --once --json | sed 's/.*"cpu_us":\([0-9]*\).*/tcpstated \1/'
		i=$((i + 1))
	done | sort -k1,1 -k2,2n | awk '
		{ n[$1]++; value[$1, n[$1]] = $2 }
		END {
			own = value["tcpstated", int((n["tcpstated"] + 1) / 2)]
			bare = value["bare", int((n["bare"] + 1) / 2)]
			printf "%9.1f ms %11s %6s  the scan of tcpstated alone\n", own / 1000, "", ""
			printf "%9.1f ms %11s %6.2f  the loop of bare_dump alone\n", bare / 1000, "", own / bare
		}'
	exit
fi

echo "300,000 TIME_WAIT and 20,000 CLOSE_WAIT; median of $rounds runs in turns"
echo "         CPU        peak  ratio  (tcpstated to this)"
"$lab" hold CLOSE_WAIT -n 20000 and TIME_WAIT -n 300000 --port 7002 -- \
	sh "$0" "$build" inside

echo
echo "peak memory of tcpstated with so many TIME_WAIT"
for n in 0 30000 300000; do
	"$lab" hold TIME_WAIT -n $n -- "$compare" "$rounds" "$tcpstated" --once --json |
		awk -v n=$n '{ printf "%9d %8s KiB\n", n, $3 }'
done
