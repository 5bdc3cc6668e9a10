/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated": prints one snapshot. */
#include "basic/cleanup.h"
#include "command/command.h"
#include "command/report.h"

int once_run(const struct options *o)
{
	cleanup_(single_poll_release) struct single_poll poll = {0};
	int status = single_poll(o, &poll);

	return status ? status : report(o, &poll, NULL);
}
