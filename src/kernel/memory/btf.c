/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/btf.h"

#include "basic/macro.h"

#include <errno.h>
#include <linux/btf.h>
#include <string.h>

/* What follows the struct btf_type of each kind: so many bytes, and so many for each of its
 * members. */
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

/* The number of bytes from start on, both counted from the end of the header, is within what is
 * left behind it. */
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
	/* The magic number reads differently in the other byte order. */
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

/* The members stand behind the type. */
static void match_struct(const struct sections *s, const struct btf_type *type, const char *members,
	struct btf_struct *structs, size_t count)
{
	const char *name = s->strings + type->name_off;

	for (size_t i = 0; i < count; i++) {
		if (structs[i].size || strcmp(structs[i].name, name) != 0)
			continue;
		structs[i].size = type->size;
		structs[i].has_member =
			structs[i].member &&
			has_member(s, members, BTF_INFO_VLEN(type->info), structs[i].member);
	}
}

static int walk_types(const struct sections *s, struct btf_struct *structs, size_t count)
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
		/* The length of a kind that is newer than this program is not known. */
		if (kind >= ARRAY_SIZE(trailers) || !trailers[kind].known)
			return -EBADMSG;
		trailer = &trailers[kind];
		bytes += trailer->fixed + (size_t)trailer->each * BTF_INFO_VLEN(type.info);
		if (left < bytes || type.name_off >= s->strings_size)
			return -EBADMSG;
		if (kind == BTF_KIND_STRUCT)
			match_struct(s, &type, at + sizeof(type), structs, count);
		at += bytes;
	}
	return 0;
}

static void forget(struct btf_struct *structs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		structs[i].size = 0;
		structs[i].has_member = false;
	}
}

int btf_find_structs(const void *btf, size_t size, struct btf_struct *structs, size_t count)
{
	struct sections sections;
	int r;

	forget(structs, count);
	r = find_sections(btf, size, &sections);
	if (r == 0)
		r = walk_types(&sections, structs, count);
	if (r < 0)
		forget(structs, count);
	return r;
}
