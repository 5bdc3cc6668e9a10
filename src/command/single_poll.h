/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A poll by itself, for --once, --check and --explain: from the first file read to the findings. */
#ifndef TCPSTATED_COMMAND_SINGLE_POLL_H
#define TCPSTATED_COMMAND_SINGLE_POLL_H

#include "command/options.h"
#include "judge/finding.h"
#include "model/snapshot.h"
#include "model/sock_list.h"
#include "model/wanted_sockets.h"

struct single_poll {
	struct source *source;
	struct snapshot snapshot;
	struct findings findings; /* --explain with ports: without a floor */
	struct sock_list sockets; /* sorted; empty without --sockets */
	struct wanted_sockets wanted; /* with --explain: sockets whose processes may be wanted */
	char error[256];          /* why the poll failed, as a sentence; "": it did not */

	/* what the others borrow from */
	struct tally *tally;
	struct ages *ages; /* NULL without --explain */
	struct owners *owners;
};

/* Returns 0 or, after logging, an exit status. Release with single_poll_release in either case. */
int single_poll(const struct options *o, struct single_poll *ret);
void single_poll_release(struct single_poll *p);

/* Completes the recording, if one is made, with what was looked up. Returns 0 or, after logging, an
 * exit status. */
int single_poll_record(const struct options *o, const struct single_poll *p);

#endif
