/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_MODEL_MAJORITY_H
#define TCPSTATED_MODEL_MAJORITY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The value that most sockets of a group have, found in one pass and constant memory (Boyer and
 * Moore's vote): the value of more than half of the votes, in whatever order they come; without
 * such a majority the value of one of them.
 */
struct majority {
	uint64_t value; /* only with reported */
	uint32_t votes; /* private: its lead */
	bool reported;  /* there was a vote */
	bool mixed;     /* the votes differ */
};

void majority_vote(struct majority *m, uint64_t value);

#endif
