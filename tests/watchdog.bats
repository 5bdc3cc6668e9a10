#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/watchdog: a case that hangs fails by name, and what it started is gone.
bats_require_minimum_version 1.5.0

watchdog=$TOP_SRCDIR/tests/watchdog

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export TEST_SECONDS_MAX=3 WATCHDOG_MARK=$BATS_TEST_TMPDIR
}

# usage: write_program NAME <<END: an executable shell script.
write_program() {
  { echo '#!/bin/sh' && cat; } >"$1"
  chmod +x "$1"
}

# The processes that a test started and that still run: they carry a word in their environment that nothing else has.
left_behind() {
  # grep fails for a process that ends meanwhile, or is of another user.
  env -u WATCHDOG_MARK grep -lzs "^WATCHDOG_MARK=$BATS_TEST_TMPDIR\$" /proc/[0-9]*/environ || true
}

# usage: under_watchdog COMMAND ...: as make runs it. What the driver counts goes to the file counted, the output to the file log.
under_watchdog() {
  AM_TAP_AWK='awk' sh "$TOP_SRCDIR/build-aux/tap-driver.sh" --test-name named --log-file log --trs-file trs -- \
    "$watchdog" "$@" >counted
  cat counted log
}

# usage: bats_under_watchdog FILE <<END: tests that bats runs. TEST stands for @test, which the bats around this one would take.
bats_under_watchdog() {
  sed 's/^TEST/@test/' >"$1"
  # Nothing of the bats around it.
  under_watchdog env -i PATH="$PATH" WATCHDOG_MARK="$WATCHDOG_MARK" \
    "$(sed -n 's/^BATS = //p' "$TOP_BUILDDIR/Makefile")" --tap "$1"
}

@test "a bats test that hangs is named and fails, and the next one runs" {
  bats_under_watchdog hangs.bats <<'INNER'
TEST "passes" { true; }
TEST "hangs, in what \"run\" waits for" {
  echo "waiting for the children"
  run bash -c 'trap "" TERM; setsid sleep 1000 & sleep 1000'
}
teardown() { echo "torn down"; }
TEST "reads from nobody" {
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  exec 9<>"$BATS_TEST_TMPDIR/fifo"
  read -r -u 9
}
TEST "passes as well" { true; }
INNER
  grep '^PASS: named 1 passes$' counted
  grep '^FAIL: named 2 hangs, in what "run" waits for: exceeded 3 s$' counted
  grep '^FAIL: named 3 reads from nobody: exceeded 3 s$' counted
  grep '^PASS: named 4 passes as well$' counted
  # What it said and what it was waiting for.
  grep '^# waiting for the children$' log
  grep '^# torn down$' log
  grep '^#   [0-9]* S sleep 1000$' log
  [ -z "$(left_behind)" ]
}

@test "a setup_file that hangs is named and fails" {
  bats_under_watchdog hangs.bats <<'INNER'
setup_file() { sleep 1000; }
TEST "never runs" { true; }
INNER
  grep '^FAIL: named 1 setup_file failed: exceeded 3 s$' counted
  grep '^# watchdog: setup_file or teardown_file of hangs.bats: exceeded 3 s' log
  [ -z "$(left_behind)" ]
}

@test "a unit test that hangs is named and fails, though it and its child ignore SIGTERM" {
  under_watchdog "$TOP_BUILDDIR/tests/helpers/hanging_test"
  grep '^PASS: named 1 - test_after_setup$' counted
  grep '^PASS: named 2 - test_that_passes$' counted
  grep '^FAIL: named 3 - test_that_hangs: exceeded 3 s$' counted
  # The last one did not run.
  grep '^ERROR: named - too few tests run (expected 4, got 3)$' counted
  [ -z "$(left_behind)" ]
}

@test "a program that says nothing is named itself" {
  write_program silent <<<'sleep 1000'
  under_watchdog ./silent
  grep '^FAIL: named 1 - silent: exceeded 3 s$' counted
  [ -z "$(left_behind)" ]
}

@test "a lint that hangs is named and fails" {
  write_program lints <<'INNER'
. "$TOP_SRCDIR/tests/lint/lib.sh"
lint "passes" true
lint "hangs # SKIP" sleep 1000
finish
INNER
  under_watchdog ./lints
  grep '^PASS: named 1 - passes$' counted
  grep '^FAIL: named 2 - hangs  SKIP: exceeded 3 s$' counted
  [ -z "$(left_behind)" ]
}

@test "what is left behind with the output open is named" {
  write_program leaves <<<'echo 1..1; echo ok 1; setsid sleep 1000 &'
  under_watchdog ./leaves
  grep '^PASS: named 1$' counted
  grep '^ERROR: named 2 - leaves has ended, but processes that it left behind keep its output open: exceeded 3 s' counted
  [ -z "$(left_behind)" ]
}

@test "each case has the whole time" {
  write_program slow <<<'echo 1..4; for i in 1 2 3 4; do sleep 2; echo "ok $i"; done'
  TEST_SECONDS_MAX=6 run "$watchdog" ./slow
  [ "$status" -eq 0 ]
  [ "$output" = "$(printf '%s\n' 1..4 'ok 1' 'ok 2' 'ok 3' 'ok 4')" ]
}

@test "output and exit status are passed on, and a signal is" {
  write_program fails <<<'printf "1..1\nok 1\nno newline"; exit 7'
  run "$watchdog" ./fails
  [ "$status" -eq 7 ]
  [ "$output" = "$(printf '1..1\nok 1\nno newline')" ]
  write_program crashes <<<'kill -SEGV $$'
  run "$watchdog" ./crashes
  [ "$status" -eq 139 ]
  run -127 "$watchdog" ./no-such-program
  [[ $output == "Bail out! "*./no-such-program* ]]
}

@test "orphans are reaped, so that who waits for the end of one sees it" {
  write_program orphans <<'INNER'
sh -c 'sleep 0.1 & echo $! >pid'
while kill -0 "$(cat pid)" 2>/dev/null; do :; done
echo 1..1
echo ok 1
INNER
  run "$watchdog" ./orphans
  [ "$status" -eq 0 ]
}

@test "interrupted, it ends all that it started" {
  write_program waits <<<'echo >started; trap "" TERM; setsid sleep 1000 & wait'
  mkfifo started
  "$watchdog" ./waits 3>&- &
  local pid=$! status=0
  read -r <started
  [ -n "$(left_behind)" ]
  kill "$pid"
  wait "$pid" || status=$?
  [ "$status" -eq 143 ]
  [ -z "$(left_behind)" ]
}

@test "every kind of test runs under the watchdog" {
  local extension kinds=LOG_COMPILER
  while read -r extension; do
    extension=${extension#.}
    kinds+=" ${extension^^}_LOG_COMPILER"
  done < <(sed -n 's/^TEST_EXTENSIONS = //p' "$TOP_BUILDDIR/Makefile" | tr ' ' '\n')
  [ "$kinds" = "LOG_COMPILER BATS_LOG_COMPILER LINT_LOG_COMPILER QEMU_LOG_COMPILER SYSTEM_LOG_COMPILER" ]
  for kind in $kinds; do
    grep "^$kind = \$(watchdog)" "$TOP_BUILDDIR/Makefile"
  done
}
