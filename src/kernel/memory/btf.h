/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the sizes of the kernel's types from its BTF, the type information that every
 * distribution's kernel shows to everybody in /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst).
 * The bytes are not trusted.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_BTF_H
#define TCPSTATED_KERNEL_MEMORY_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf_wanted {
	const char *name;   /* borrowed */
	const char *member; /* borrowed; a member to look for, or NULL */
	uint32_t size;      /* sizeof in bytes; 0 when the kernel has no such type */
	bool has_member;
};

/*
 * Finds each of count types, which are structures or integers, in one pass and without allocating.
 * Of several types with one name the first counts. Returns 0, or -EBADMSG when the bytes are cut
 * short or not BTF of this machine's byte order; then every size is 0.
 */
int btf_find_types(const void *btf, size_t size, struct btf_wanted *wanted, size_t count);

#endif
