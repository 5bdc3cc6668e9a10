/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts the kernel objects that sockets are made of, by the allocator's own books: an oracle for
 * what a socket costs. */
#ifndef TCPSTATED_TESTS_SLABS_H
#define TCPSTATED_TESTS_SLABS_H

#include <stddef.h>
#include <stdint.h>

#define SLABS_MAX 64

struct slab_cache {
	char name[32];
	double objects;
	double object_bytes; /* pages of a slab, shared among its objects */
};

struct slabs {
	struct slab_cache cache[SLABS_MAX];
	size_t count;
};

/*
 * Counts. Makes the allocator give back what it holds for each CPU first: only then are its numbers
 * exact. Takes root. Returns 0 or -errno.
 */
int slabs_read(struct slabs *ret);

/* The pages that are neither free nor slab nor anyone's that the kernel names: the data of buffers
 * are among them. */
int pages_unnamed(double *ret);

#endif
