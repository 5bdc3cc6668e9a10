/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "btf_blob.h"
#include "kernel/memory/btf.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* One type of every kind with its trailer, then the structure that a reader must still
 * find. */
static struct btf_blob every_kind(void)
{
	static const struct {
		unsigned kind;
		uint16_t members;
		size_t trailer;
	} kinds[] = {
		{BTF_KIND_INT, 0, 4},
		{BTF_KIND_PTR, 0, 0},
		{BTF_KIND_ARRAY, 0, 12},
		{BTF_KIND_UNION, 2, 24},
		{BTF_KIND_ENUM, 3, 24},
		{BTF_KIND_FWD, 0, 0},
		{BTF_KIND_TYPEDEF, 0, 0},
		{BTF_KIND_VOLATILE, 0, 0},
		{BTF_KIND_CONST, 0, 0},
		{BTF_KIND_RESTRICT, 0, 0},
		{BTF_KIND_FUNC, 1, 0}, /* not a member, but BTF_FUNC_GLOBAL */
		{BTF_KIND_FUNC_PROTO, 2, 16},
		{BTF_KIND_VAR, 0, 4},
		{BTF_KIND_DATASEC, 2, 24},
		{BTF_KIND_FLOAT, 0, 0},
		{BTF_KIND_DECL_TAG, 0, 4},
		{BTF_KIND_TYPE_TAG, 0, 0},
		{BTF_KIND_ENUM64, 2, 24},
		{BTF_KIND_STRUCT, 2, 24},
	};
	static const char filler[24];
	struct btf_blob b = BTF_BLOB;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		btf_blob_type(&b, kinds[i].kind, "", 8, kinds[i].members);
		btf_blob_bytes(&b, filler, kinds[i].trailer);
	}
	btf_blob_struct(&b, "tcp_sock", 2304, "inet_conn");
	return b;
}

static void test_btf_find_types_skips_every_kind(void **state)
{
	struct btf_blob b = every_kind();
	struct btf_wanted wanted[] = {
		{.name = "tcp_sock", .size = 1}, {.name = "tcp6_sock", .size = 1}};
	size_t size = btf_blob_finish(&b);

	(void)state;
	assert_int_equal(btf_find_types(b.bytes, size, wanted, ARRAY_SIZE(wanted)), 0);
	assert_int_equal(wanted[0].size, 2304);
	assert_int_equal(wanted[1].size, 0);
}

static void test_btf_find_types_only_structures_and_integers(void **state)
{
	struct btf_blob b = BTF_BLOB;
	struct btf_wanted wanted[] = {{.name = "file"}, {.name = "tcp_sock_x"}, {.name = "dentry"},
		{.name = "dentry"}, {.name = "long unsigned int"}};
	size_t size;

	(void)state;
	btf_blob_type(&b, BTF_KIND_FWD, "file", 0, 0);
	btf_blob_type(&b, BTF_KIND_TYPEDEF, "file", 7, 0);
	btf_blob_struct(&b, "file", 184, "f_pos");
	btf_blob_struct(&b, "file", 9999, "another");
	btf_blob_struct(&b, "tcp_sock", 2304, "x");
	btf_blob_struct(&b, "dentry", 192, "d_name");
	btf_blob_long(&b, "long unsigned int", 8);
	size = btf_blob_finish(&b);
	assert_int_equal(btf_find_types(b.bytes, size, wanted, ARRAY_SIZE(wanted)), 0);
	assert_int_equal(wanted[0].size, 184);
	assert_int_equal(wanted[1].size, 0);
	assert_int_equal(wanted[2].size, 192);
	assert_int_equal(wanted[3].size, 192);
	assert_int_equal(wanted[4].size, 8);
}

/* Not one byte short may it be; each length is in a block of its own, so that AddressSanitizer sees
 * a read past its end. */
static void test_btf_find_types_cut_short(void **state)
{
	struct btf_blob b = every_kind();
	size_t size = btf_blob_finish(&b);

	(void)state;
	for (size_t length = 0; length < size; length++) {
		struct btf_wanted wanted = {.name = "tcp_sock", .size = 1, .has_member = true};
		char *copy = malloc(length + !length);

		assert_non_null(copy);
		memcpy(copy, b.bytes, length);
		assert_int_equal(btf_find_types(copy, length, &wanted, 1), -EBADMSG);
		assert_int_equal(wanted.size, 0);
		assert_false(wanted.has_member);
		free(copy);
	}
}

static int sizes_with_header(struct btf_header header)
{
	struct btf_blob b = every_kind();
	struct btf_wanted wanted = {.name = "tcp_sock"};
	size_t size = btf_blob_finish(&b);

	memcpy(b.bytes, &header, sizeof(header));
	return btf_find_types(b.bytes, size, &wanted, 1);
}

static void test_btf_find_types_hostile_header(void **state)
{
	struct btf_blob b = every_kind();
	struct btf_header good, bad;

	(void)state;
	btf_blob_finish(&b);
	memcpy(&good, b.bytes, sizeof(good));
	assert_int_equal(sizes_with_header(good), 0);

	bad = good;
	bad.magic = __builtin_bswap16(BTF_MAGIC); /* of a machine of the other byte order */
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.version = 2;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.hdr_len = 8;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad.hdr_len = UINT32_MAX;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.type_len = UINT32_MAX;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.type_off = UINT32_MAX;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.str_len = 0;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.str_len--; /* no NUL at the end */
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
	bad = good;
	bad.str_off = UINT32_MAX;
	assert_int_equal(sizes_with_header(bad), -EBADMSG);
}

static int sizes_of_one_type(uint32_t name_off, uint32_t info)
{
	const struct btf_type type = {.name_off = name_off, .info = info};
	struct btf_blob b = BTF_BLOB;
	struct btf_wanted wanted = {.name = "x", .member = "x"};

	btf_blob_string(&b, "x");
	btf_blob_bytes(&b, &type, sizeof(type));
	return btf_find_types(b.bytes, btf_blob_finish(&b), &wanted, 1);
}

static void test_btf_find_types_hostile_type(void **state)
{
	(void)state;
	assert_int_equal(sizes_of_one_type(1, BTF_KIND_STRUCT << 24), 0);
	/* a name outside of the strings */
	assert_int_equal(sizes_of_one_type(3, BTF_KIND_STRUCT << 24), -EBADMSG);
	assert_int_equal(sizes_of_one_type(UINT32_MAX, BTF_KIND_STRUCT << 24), -EBADMSG);
	/* members that are not there */
	assert_int_equal(sizes_of_one_type(1, BTF_KIND_STRUCT << 24 | 1), -EBADMSG);
	assert_int_equal(sizes_of_one_type(1, BTF_KIND_STRUCT << 24 | UINT16_MAX), -EBADMSG);
	/* kinds that are none, or not known yet */
	assert_int_equal(sizes_of_one_type(1, 0), -EBADMSG);
	assert_int_equal(sizes_of_one_type(1, 31U << 24), -EBADMSG);
}

static void test_btf_find_types_member(void **state)
{
	struct btf_wanted wanted[] = {{.name = "proto", .member = "freeptr_offset"},
		{.name = "proto", .member = "freeptr"}, {.name = "proto"},
		{.name = "sock", .member = "freeptr_offset"},
		{.name = "none", .member = "freeptr_offset"}};
	struct btf_blob b = BTF_BLOB;

	(void)state;
	btf_blob_struct(&b, "sock", 760, "sk_rcu");
	btf_blob_struct(&b, "proto", 400, "freeptr_offset");
	btf_blob_struct(&b, "", 16, "freeptr_offset");
	assert_int_equal(
		btf_find_types(b.bytes, btf_blob_finish(&b), wanted, ARRAY_SIZE(wanted)), 0);
	assert_true(wanted[0].has_member);
	assert_false(wanted[1].has_member);
	assert_false(wanted[2].has_member);
	assert_int_equal(wanted[2].size, 400);
	assert_false(wanted[3].has_member);
	assert_int_equal(wanted[3].size, 760);
	assert_false(wanted[4].has_member);
}

static void test_btf_find_types_member_name_out_of_bounds(void **state)
{
	const struct btf_member member = {.name_off = UINT32_MAX};
	struct btf_wanted wanted = {.name = "proto", .member = "freeptr_offset"};
	struct btf_blob b = BTF_BLOB;

	(void)state;
	btf_blob_type(&b, BTF_KIND_STRUCT, "proto", 400, 1);
	btf_blob_bytes(&b, &member, sizeof(member));
	assert_int_equal(btf_find_types(b.bytes, btf_blob_finish(&b), &wanted, 1), 0);
	assert_false(wanted.has_member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_btf_find_types_skips_every_kind),
		cmocka_unit_test(test_btf_find_types_only_structures_and_integers),
		cmocka_unit_test(test_btf_find_types_cut_short),
		cmocka_unit_test(test_btf_find_types_hostile_header),
		cmocka_unit_test(test_btf_find_types_hostile_type),
		cmocka_unit_test(test_btf_find_types_member),
		cmocka_unit_test(test_btf_find_types_member_name_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
