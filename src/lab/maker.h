/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes connections and walks them through the steps of their situation, a batch at a time. */
#ifndef TCPSTATED_LAB_MAKER_H
#define TCPSTATED_LAB_MAKER_H

#include "lab/situation.h"

struct maker {
	const struct pair *pair;
	struct spec *specs; /* every spec, for what sock_diag has to show */
	size_t specs_count;
	struct spec *spec;    /* the one to work for, among them */
	int listener;         /* of spec_listen */
	unsigned peer_number; /* of the next batch's peer address; each batch has one of its own */
	const char *what;     /* what was being done when it failed; static storage */
};

/* Raises the soft limit of open files to the hard one. Returns how many sockets this process can
 * hold beside a batch. */
unsigned maker_capacity(void);

/*
 * Opens a listener for a spec, in the namespace where it belongs; returns here. So many connections
 * will wait on it, half open or not accepted. For BOUND_INACTIVE it does not listen. Returns a file
 * descriptor or -errno.
 */
int spec_listen(const struct pair *p, const struct spec *s, uint16_t port, unsigned waiting);

/*
 * Makes count sockets more; those that are held stay open in this process. Call here, it returns
 * here. Returns 0, or -errno and m->what.
 */
int maker_run(struct maker *m, unsigned count);

/* How many peer addresses maker_run uses for so many sockets. */
unsigned maker_addresses(unsigned count);

#endif
