#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Dumps of real kernels replay to what was true of them. After an intended change of the output, review the difference
# and regenerate the expectations with tests/recordings/expect.

load common

recordings=$TOP_SRCDIR/tests/recordings

@test "there is a recording of each kind of kernel" {
  ls "$recordings"/linux-6.1-*.recording "$recordings"/linux-6.18-*.recording
}

@test "each recording replays to its expected JSON" {
  for recording in "$recordings"/*.recording; do
    echo "$recording"
    "$recordings/expect" "$tcpstated" "$recording" | diff -u "${recording%.recording}.json" -
  done
}

@test "each recording replays to its expected text" {
  for recording in "$recordings"/*.recording; do
    echo "$recording"
    "$tcpstated" --replay "$recording" --wide | diff -u "${recording%.recording}.txt" -
  done
}
