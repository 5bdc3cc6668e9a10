#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --watch under the shell's job control. In a file of its own, since valgrind does not let a program stop itself.

load ../kernel/common

setup() {
  export out=$BATS_TEST_TMPDIR socket=tcpstated-$BATS_TEST_NUMBER-$$
  export connect_py=$TOP_SRCDIR/tests/cli/connect.py tools=$TOP_SRCDIR/tests/cli/watch.bash
}

@test "terminal: ^Z gives the shell its terminal, fg takes it again" {
  inside LISTEN --port 8001 -- '
    source "$tools"
    start_pane
    shell_runs "\"$tcpstated\" --watch 3600 --side server"
    shown_is "^ +8001 +1 +\? "
    keys C-z
    shown_is "Stopped"
    terminal_is_clean stopped
    connect 8001 30
    shell_runs fg
    shown_is "^ +8001 +31 +\+30 "
    [ "$(pane display-message -p "#{alternate_on} #{cursor_flag}")" = "1 0" ]
    keys q
    eventually has_no_watcher
    terminal_is_clean after'
}
