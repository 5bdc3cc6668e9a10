/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays. The owner keeps the pointer, the number in use and the number allocated. */
#ifndef TCPSTATED_BASIC_ARRAY_H
#define TCPSTATED_BASIC_ARRAY_H

#include <stddef.h>

/*
 * Makes room for needed elements by doubling, so that adding one at a time has a constant cost
 * each. list points to the array's pointer. Returns 0, or -ENOMEM with the array unchanged.
 */
int array_grow(void *list, size_t *allocated, size_t needed, size_t element_size);

#define ARRAY_GROW(list, allocated, needed)                                                        \
	array_grow(&(list), &(allocated), (needed), sizeof(__typeof__(*(list))))

#endif
