/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --check": one line for a monitoring system, whose exit statuses it has. */
#include "output/check.h"

#include "basic/cleanup.h"
#include "command/command.h"
#include "command/single_poll.h"
#include "command/stdout.h"

int check_run(const struct options *o)
{
	cleanup_(single_poll_release) struct single_poll poll = {0};
	enum check_status status = CHECK_UNKNOWN;
	int r;

	if (single_poll(o, &poll) != 0) {
		if (*poll.error)
			(void)check_print_unknown(stdout, poll.error);
		return CHECK_UNKNOWN;
	}
	r = check_print(stdout, &poll.snapshot, &poll.findings, &o->warning, &o->critical, &status);
	if (stdout_finish(r) != 0 || single_poll_record(o, &poll) != 0)
		return CHECK_UNKNOWN;
	return (int)status;
}
