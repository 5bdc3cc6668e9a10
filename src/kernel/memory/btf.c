/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/btf.h"

#include "basic/macro.h"

#include <errno.h>
#include <linux/btf.h>
#include <string.h>

/* What follows the struct btf_type of each kind: a number of bytes, and a number for each member.
 */
static const struct trailer {
	uint8_t known;
	uint8_t fixed;
	uint8_t each;
} trailers[] = {
	[BTF_KIND_INT] = {1, sizeof(uint32_t), 0},
	[BTF_KIND_PTR] = {1, 0, 0},
	[BTF_KIND_ARRAY] = {1, sizeof(struct btf_array), 0},
	[BTF_KIND_STRUCT] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_UNION] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_ENUM] = {1, 0, sizeof(struct btf_enum)},
	[BTF_KIND_FWD] = {1, 0, 0},
	[BTF_KIND_TYPEDEF] = {1, 0, 0},
	[BTF_KIND_VOLATILE] = {1, 0, 0},
	[BTF_KIND_CONST] = {1, 0, 0},
	[BTF_KIND_RESTRICT] = {1, 0, 0},
	[BTF_KIND_FUNC] = {1, 0, 0},
	[BTF_KIND_FUNC_PROTO] = {1, 0, sizeof(struct btf_param)},
	[BTF_KIND_VAR] = {1, sizeof(struct btf_var), 0},
	[BTF_KIND_DATASEC] = {1, 0, sizeof(struct btf_var_secinfo)},
	[BTF_KIND_FLOAT] = {1, 0, 0},
	[BTF_KIND_DECL_TAG] = {1, sizeof(struct btf_decl_tag), 0},
	[BTF_KIND_TYPE_TAG] = {1, 0, 0},
	[BTF_KIND_ENUM64] = {1, 0, sizeof(struct btf_enum64)},
};

struct sections {
	const char *types, *types_end;
	const char *strings; /* ends in a NUL */
	size_t strings_size;
};

/* Whether that many bytes from start are within the left ones. */
static bool is_within(uint32_t start, uint32_t bytes, size_t left)
{
	return start <= left && bytes <= left - start;
}

static int find_sections(const void *btf, size_t size, struct sections *ret)
{
	struct btf_header header;
	const char *body;
	size_t left;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, btf, sizeof(header));
	/* In the other byte order the magic number differs. */
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
		header.hdr_len < sizeof(header) || header.hdr_len > size)
		return -EBADMSG;
	body = (const char *)btf + header.hdr_len;
	left = size - header.hdr_len;
	if (!is_within(header.type_off, header.type_len, left) ||
		!is_within(header.str_off, header.str_len, left) || !header.str_len ||
		body[header.str_off + header.str_len - 1] != '\0')
		return -EBADMSG;
	*ret = (struct sections){
		.types = body + header.type_off,
		.types_end = body + header.type_off + header.type_len,
		.strings = body + header.str_off,
		.strings_size = header.str_len,
	};
	return 0;
}

static bool has_member(
	const struct sections *s, const char *members, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		struct btf_member member;

		memcpy(&member, members + i * sizeof(member), sizeof(member));
		if (member.name_off < s->strings_size &&
			strcmp(s->strings + member.name_off, name) == 0)
			return true;
	}
	return false;
}

/* The members of a structure follow the type; an integer has none, whatever it says. */
static void match_type(const struct sections *s, const struct btf_type *type, const char *members,
	struct btf_wanted *wanted, size_t count)
{
	const char *name = s->strings + type->name_off;

	for (struct btf_wanted *w = wanted; w < wanted + count; w++) {
		if (w->size || strcmp(w->name, name) != 0)
			continue;
		w->size = type->size;
		w->has_member = w->member && BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT &&
				has_member(s, members, BTF_INFO_VLEN(type->info), w->member);
	}
}

static int walk_types(const struct sections *s, struct btf_wanted *wanted, size_t count)
{
	const char *at = s->types;

	while (at < s->types_end) {
		struct btf_type type;
		const struct trailer *trailer;
		size_t kind, left = (size_t)(s->types_end - at), bytes = sizeof(type);

		if (left < bytes)
			return -EBADMSG;
		memcpy(&type, at, sizeof(type));
		kind = BTF_INFO_KIND(type.info);
		/* The length of a newer kind is unknown. */
		if (kind >= ARRAY_SIZE(trailers) || !trailers[kind].known)
			return -EBADMSG;
		trailer = &trailers[kind];
		bytes += trailer->fixed + (size_t)trailer->each * BTF_INFO_VLEN(type.info);
		if (left < bytes || type.name_off >= s->strings_size)
			return -EBADMSG;
		if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_INT)
			match_type(s, &type, at + sizeof(type), wanted, count);
		at += bytes;
	}
	return 0;
}

static void clear(struct btf_wanted *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		wanted[i].size = 0;
		wanted[i].has_member = false;
	}
}

int btf_find_types(const void *btf, size_t size, struct btf_wanted *wanted, size_t count)
{
	struct sections sections;
	int r;

	clear(wanted, count);
	r = find_sections(btf, size, &sections);
	if (r == 0)
		r = walk_types(&sections, wanted, count);
	if (r < 0)
		clear(wanted, count);
	return r;
}
