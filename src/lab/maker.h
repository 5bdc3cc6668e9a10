/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes connections and takes them through the steps of their situation, a batch at a time. */
#ifndef TCPSTATED_LAB_MAKER_H
#define TCPSTATED_LAB_MAKER_H

#include "lab/situation.h"

struct maker {
	const struct pair *pair;
	struct spec *specs; /* all of them, to know what sock_diag has to show */
	size_t specs_count;
	struct spec *spec;    /* the one among them to make sockets for */
	int listener;         /* of spec_listen */
	unsigned peer_number; /* of the next batch's peer address; each batch has one of its own */
	const char *what;     /* what failed; static storage */
};

/* Returns how many sockets this process can hold besides a batch, by the hard limit of open files.
 */
unsigned maker_capacity(void);

/*
 * Opens a listener for a spec, in the namespace where it belongs, and enters here again. waiting is
 * how many connections will wait on it, half open or not accepted. For BOUND_INACTIVE it does not
 * listen. Returns a file descriptor or -errno.
 */
int spec_listen(const struct pair *p, const struct spec *s, uint16_t port, unsigned waiting);

/*
 * Makes count more sockets; those that are held stay open in this process. Expects and leaves the
 * process here. Returns 0, or -errno and m->what.
 */
int maker_run(struct maker *m, unsigned count);

/* The first local port of clients, unless a spec has another one; and the last that there may be.
 */
#define MAKER_PORT_FIRST     32768
#define MAKER_PORT_FIRST_MAX 37536

/* How many peer addresses maker_run uses for so many sockets. */
unsigned maker_addresses(unsigned count);

#endif
