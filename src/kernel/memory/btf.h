/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the sizes of the kernel's structures from its BTF, the type information that every
 * distribution's kernel shows to everybody in /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst).
 * The bytes are not trusted.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_BTF_H
#define TCPSTATED_KERNEL_MEMORY_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf_struct {
	const char *name;   /* borrowed */
	const char *member; /* borrowed; a member to look for, or NULL */
	uint32_t size;      /* sizeof in bytes; 0 where the kernel has no structure of this name */
	bool has_member;
};

/*
 * Finds each of count structures, in one pass and without memory of its own. Of several structures
 * of one name the first counts. Returns 0, or -EBADMSG when the bytes are no BTF of this machine's
 * byte order or are cut short; then every size is 0.
 */
int btf_find_structs(const void *btf, size_t size, struct btf_struct *structs, size_t count);

#endif
