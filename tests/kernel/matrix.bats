#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every diagnosis against its situation and against all the others.

load common

diagnoses=$TOP_SRCDIR/src/judge/diagnoses.c
words=$TOP_SRCDIR/src/output/words_diagnoses.c

matrix() {
  python3 "$TOP_SRCDIR/tests/kernel/matrix.py" "$@"
}

@test "each situation has its findings, and no other" {
  matrix "$lab" "$tcpstated" "$diagnoses"
}

@test "a matrix that is wrong fails" {
  printf '#!/bin/sh\necho "[]"\n' >"$BATS_TEST_TMPDIR/lab"
  chmod +x "$BATS_TEST_TMPDIR/lab"
  run matrix "$BATS_TEST_TMPDIR/lab" "$tcpstated" "$diagnoses"
  [ "$status" -eq 1 ]
  [[ $output == *"CLOSE_WAIT, the end unread "*" -! "*"WRONG"* ]]
}

@test "a diagnosis without a situation fails" {
  { cat "$diagnoses" && echo '.id = "brand-new"'; } >"$BATS_TEST_TMPDIR/diagnoses.c"
  printf '#!/bin/sh\necho "[]"\n' >"$BATS_TEST_TMPDIR/lab"
  chmod +x "$BATS_TEST_TMPDIR/lab"
  run matrix "$BATS_TEST_TMPDIR/lab" "$tcpstated" "$BATS_TEST_TMPDIR/diagnoses.c"
  [ "$status" -eq 1 ]
  [[ $output == *"no situation shows brand-new"* ]]
}

@test "the scenarios that the findings name can be run" {
  "$lab" list | awk '{ print $1 }' | sort >"$BATS_TEST_TMPDIR/list"
  tr -d '"\n\t' <"$words" | sed 's/ \+/ /g' | grep -oE 'tcpstated-lab run( [a-z0-9-]+)+' | sed 's/tcpstated-lab run //' |
    tr ' ' '\n' | sort -u >"$BATS_TEST_TMPDIR/named"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/named")" -ge 15 ]
  [ -z "$(comm -23 "$BATS_TEST_TMPDIR/named" "$BATS_TEST_TMPDIR/list")" ]
}
