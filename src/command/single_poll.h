/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look by itself, for --once and --explain: from the first file read to all that may be told. */
#ifndef TCPSTATED_COMMAND_SINGLE_POLL_H
#define TCPSTATED_COMMAND_SINGLE_POLL_H

#include "judge/finding.h"
#include "kernel/sockets/source.h"
#include "model/held.h"
#include "model/process.h"
#include "model/snapshot.h"
#include "model/sock_list.h"
#include "output/explain.h"
#include "poll/owners.h"
#include "poll/poll.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * As root, processes are looked for without being asked while the findings are about so many
 * sockets at most: then it takes a moment on any machine, and what holds more shows in their number
 * and owner. Others are asked to say so, since most of what they would read they may not.
 */
#define PROCESSES_IMPLICIT_MAX 4096

struct single_poll_settings {
	struct poll_settings poll; /* its witness is set here */
	bool explain;              /* judge what is asked for by name without a floor, name users */
	bool processes;            /* with explain: look for processes in any case */
	size_t sockets_max;        /* 0: list no single sockets */
};

struct single_poll {
	struct snapshot snapshot;
	struct findings findings;
	struct sock_list sockets; /* without sockets_max, empty */
	struct holders holders;
	char error[256]; /* the reason of a failure, as a sentence */

	/* what the others borrow from */
	struct tally *tally;
	struct ages *ages; /* NULL: not asked for */
	struct owners *owners;
	struct held held;
	struct processes processes;
};

/* Returns 0, or -errno with error set. Release with single_poll_release in either case. */
int single_poll(struct source *source, const struct single_poll_settings *settings,
	struct single_poll *ret);
void single_poll_release(struct single_poll *l);

/* Keeps in the source's recording what was looked up. Returns 0 or -errno. */
int single_poll_attach(const struct single_poll *l, struct source *source);

#endif
