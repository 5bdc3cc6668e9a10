/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a small BTF, type by type. */
#ifndef TCPSTATED_TESTS_BTF_BLOB_H
#define TCPSTATED_TESTS_BTF_BLOB_H

#include <linux/btf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct btf_blob {
	char types[4096], strings[2048]; /* the first string is the empty name */
	uint32_t types_size, strings_size;
	char bytes[sizeof(struct btf_header) + 4096 + 2048]; /* what btf_blob_finish() makes */
};

#define BTF_BLOB ((struct btf_blob){.strings_size = 1})

static inline void btf_blob_bytes(struct btf_blob *b, const void *bytes, size_t size)
{
	if (b->types_size + size > sizeof(b->types))
		abort();
	memcpy(b->types + b->types_size, bytes, size);
	b->types_size += (uint32_t)size;
}

static inline uint32_t btf_blob_string(struct btf_blob *b, const char *string)
{
	uint32_t at = b->strings_size;

	if (at + strlen(string) >= sizeof(b->strings))
		abort();
	memcpy(b->strings + at, string, strlen(string) + 1);
	b->strings_size += (uint32_t)strlen(string) + 1;
	return at;
}

/* A type without what follows it. */
static inline void btf_blob_type(
	struct btf_blob *b, unsigned kind, const char *name, uint32_t size, uint16_t members)
{
	const struct btf_type type = {
		.name_off = btf_blob_string(b, name),
		.info = kind << 24 | members,
		.size = size,
	};

	btf_blob_bytes(b, &type, sizeof(type));
}

/* A structure of one member. */
static inline void btf_blob_struct(
	struct btf_blob *b, const char *name, uint32_t size, const char *member)
{
	struct btf_member m = {0};

	btf_blob_type(b, BTF_KIND_STRUCT, name, size, 1);
	m.name_off = btf_blob_string(b, member);
	btf_blob_bytes(b, &m, sizeof(m));
}

/* An integer, which its encoding follows. */
static inline void btf_blob_long(struct btf_blob *b, const char *name, uint32_t size)
{
	static const uint32_t encoding;

	btf_blob_type(b, BTF_KIND_INT, name, size, 0);
	btf_blob_bytes(b, &encoding, sizeof(encoding));
}

/* Returns the size of what is then in b->bytes. */
static inline size_t btf_blob_finish(struct btf_blob *b)
{
	const struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = b->types_size,
		.str_off = b->types_size,
		.str_len = b->strings_size,
	};

	memcpy(b->bytes, &header, sizeof(header));
	memcpy(b->bytes + sizeof(header), b->types, b->types_size);
	memcpy(b->bytes + sizeof(header) + b->types_size, b->strings, b->strings_size);
	return sizeof(header) + b->types_size + b->strings_size;
}

#endif
