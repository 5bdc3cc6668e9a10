/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The N sockets of a scan that have been longest in their state, by a heap of that size. Those of
 * unknown age come last, the largest of them first.
 */
#ifndef TCPSTATED_MODEL_SOCK_LIST_H
#define TCPSTATED_MODEL_SOCK_LIST_H

#include "model/sock_observer.h"

#include <stddef.h>
#include <stdint.h>

/* 2 MB, and more than anybody reads. */
#define SOCK_LIST_MAX 10000

struct sock_list {
	struct sock_observation *list; /* in order after sock_list_sort(); before, a heap */
	size_t count, max;
	uint64_t offered; /* how many there were */
};

/* max: at least 1, at most SOCK_LIST_MAX. Returns 0 or -ENOMEM; release with sock_list_release. */
int sock_list_init(struct sock_list *l, size_t max);
void sock_list_release(struct sock_list *l);

/* Empties the list. */
void sock_list_start(struct sock_list *l);

/* Keeps a socket if it is among the first. */
void sock_list_offer(struct sock_list *l, const struct sock_observation *s);

/* Sorts the list; nothing may be offered any more. */
void sock_list_sort(struct sock_list *l);

#endif
