/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "kernel/memory/slabinfo.h"
#include "slabinfo_sample.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TCP_LINE "TCP 1 13 2368 13 8 : tunables 0 0 0 : slabdata 1 1 0\n"

static int parse(const char *text, struct slabinfo *ret)
{
	return slabinfo_parse(text, strlen(text), 4096, ret);
}

static void assert_layout(
	const struct object_layout *l, uint32_t size, uint32_t per_slab, uint32_t slab_bytes)
{
	assert_int_equal(l->size, size);
	assert_int_equal(l->per_slab, per_slab);
	assert_int_equal(l->slab_bytes, slab_bytes);
}

static void test_slabinfo_parse_6_18(void **state)
{
	struct slabinfo info;

	(void)state;
	assert_int_equal(parse(SLABINFO_6_18, &info), 0);
	assert_layout(&info.layout[OBJECT_TCP_SOCK], 2368, 13, 32768);
	assert_layout(&info.layout[OBJECT_TCP6_SOCK], 2496, 13, 32768);
	assert_layout(&info.layout[OBJECT_TW_SOCK], 256, 16, 4096);
	assert_layout(&info.layout[OBJECT_TW6_SOCK], 256, 16, 4096);
	assert_layout(&info.layout[OBJECT_REQUEST_SOCK], 320, 12, 4096);
	assert_layout(&info.layout[OBJECT_REQUEST6_SOCK], 320, 12, 4096);
	assert_layout(&info.layout[OBJECT_SOCK_INODE], 832, 19, 16384);
	assert_layout(&info.layout[OBJECT_FILE], 192, 21, 4096);
	assert_layout(&info.layout[OBJECT_DENTRY], 192, 21, 4096);
	assert_layout(&info.layout[OBJECT_LSM_INODE], 32, 128, 4096);
	assert_layout(&info.layout[OBJECT_LSM_FILE], 24, 170, 4096);
	assert_layout(&info.layout[OBJECT_SKB], 256, 16, 4096);
	assert_layout(&info.layout[OBJECT_SKB_SMALL_HEAD], 576, 14, 8192);
	/* These are merged with others and have no line of their own. */
	assert_layout(&info.layout[OBJECT_BIND_BUCKET], 0, 0, 0);
	assert_layout(&info.layout[OBJECT_BIND2_BUCKET], 0, 0, 0);
	assert_layout(&info.layout[OBJECT_SKB_FCLONE], 0, 0, 0);
	/* tw 54 + 8, request 19 + 20 slabs of one page; TCP 170 + 12 slabs of eight; UDPv6 is not
	 * TCP's. */
	assert_int_equal(info.slab_bytes, 101 * 4096 + 182 * 32768);
}

static void test_slabinfo_parse_6_1(void **state)
{
	struct slabinfo info;

	(void)state;
	assert_int_equal(parse(SLABINFO_6_1, &info), 0);
	assert_layout(&info.layout[OBJECT_TCP_SOCK], 2304, 14, 32768);
	assert_layout(&info.layout[OBJECT_TW_SOCK], 272, 15, 4096);
	assert_layout(&info.layout[OBJECT_FILE], 256, 16, 4096);
	assert_layout(&info.layout[OBJECT_SKB_FCLONE], 512, 16, 8192);
	assert_layout(&info.layout[OBJECT_SKB_SMALL_HEAD], 0, 0, 0);
	assert_int_equal(info.slab_bytes, 0);
}

static void test_slabinfo_parse_page_size(void **state)
{
	struct slabinfo info;

	(void)state;
	assert_int_equal(slabinfo_parse(SLABINFO_6_18, strlen(SLABINFO_6_18), 65536, &info), 0);
	assert_layout(&info.layout[OBJECT_TCP_SOCK], 2368, 13, 524288);
}

static void test_slabinfo_parse_last_line_without_newline(void **state)
{
	struct slabinfo info;

	(void)state;
	assert_int_equal(parse("slabinfo - version: 2.1\nTCP 0 0 2304 14 8 : tunables 0 0 0 : "
			       "slabdata 0 3 0",
				 &info),
		0);
	assert_int_equal(info.slab_bytes, 3 * 32768);
}

static void test_slabinfo_parse_skips_strange_lines_of_others(void **state)
{
	struct slabinfo info;

	(void)state;
	assert_int_equal(
		parse("slabinfo - version: 2.0\n\n \nnothing known\nUDPv6 x\n" TCP_LINE "\n",
			&info),
		0);
	assert_int_equal(info.slab_bytes, 32768);
}

static void test_slabinfo_parse_refuses(void **state)
{
	static const char *const wrong[] = {
		"",
		"slabinfo",
		"slabinfo - version: 1.1\n" TCP_LINE,
		TCP_LINE,
		"Slabinfo - version: 2.1\n" TCP_LINE,
		/* no TCP */
		SLABINFO_HEAD,
		SLABINFO_HEAD "TCPv6 1 13 2368 13 8 : tunables 0 0 0 : slabdata 1 1 0\n",
		/* a line of TCP's that is cut short, or strange */
		SLABINFO_HEAD TCP_LINE "tw_sock_TCP\n",
		SLABINFO_HEAD TCP_LINE "tw_sock_TCP 0 0 256 16 1 : tunables 0 0 0 : slabdata 0\n",
		SLABINFO_HEAD TCP_LINE "tw_sock_TCP 0 0 256 16 1 : tunables 0 0 0 : slabda",
		SLABINFO_HEAD TCP_LINE
		"tw_sock_TCP 0 0 256 16 -1 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD TCP_LINE "tw_sock_TCP 0 0 256 16 1 tunables 0 0 0 : slabdata 0 0 0\n",
		/* objects of no size, none a slab, more than fit, more than can be */
		SLABINFO_HEAD "TCP 0 0 0 0 0 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 2368 0 8 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 2368 14 8 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 4294967296 1 1048575 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 2368 4294967296 8 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 2368 13 1048576 : tunables 0 0 0 : slabdata 0 0 0\n",
		SLABINFO_HEAD "TCP 0 0 2368 13 8 : tunables 0 0 0 : slabdata 0 4294967296 0\n",
		SLABINFO_HEAD
		"TCP 0 0 2368 13 8 : tunables 0 0 0 : slabdata 0 99999999999999999999 0\n",
	};
	struct slabinfo info;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(parse(wrong[i], &info), -EBADMSG);
}

static void test_slabinfo_find_size(void **state)
{
	static const char text[] = SLABINFO_6_18;
	struct object_layout l;

	(void)state;
	assert_int_equal(slabinfo_find_size(text, strlen(text), 4096, 512, &l), 0);
	assert_layout(&l, 512, 16, 8192);
	assert_int_equal(slabinfo_find_size(text, strlen(text), 4096, 128, &l), 0);
	assert_layout(&l, 128, 32, 4096);
	assert_int_equal(slabinfo_find_size(text, strlen(text), 4096, 136, &l), -ENOENT);
	/* Not the line with the names of the columns. */
	assert_int_equal(slabinfo_find_size(text, strlen(text), 4096, 0, &l), -ENOENT);
}

static int make_directory(void **state)
{
	static char directory[32];

	snprintf(directory, sizeof(directory), "/tmp/slabinfo.XXXXXX");
	*state = directory;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	return rmdir(*state);
}

/* Asks about a cache that is a link to target; removes it again. */
static int link_size(const char *directory, const char *target, uint32_t *ret)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%s/cache", directory);
	assert_int_equal(symlink(target, path), 0);
	r = slab_link_size(directory, "cache", ret);
	unlink(path);
	return r;
}

static void test_slab_link_size_of_merged_caches(void **state)
{
	static const struct {
		const char *target;
		uint32_t size;
	} rows[] = {{":A-0000128", 128}, {":0000512", 512}, {":aA-0000016", 16},
		{":tA-0012345678", 12345678}};
	uint32_t size;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(link_size(*state, rows[i].target, &size), 0);
		assert_int_equal(size, rows[i].size);
	}
}

static void test_slab_link_size_refuses(void **state)
{
	static const char *const wrong[] = {"0000128", ":", ":A-", ":A-0000128x", ":99999999999",
		":A-12-3",
		":0000000000000000000000000000000000000000000000000000000000000000000000128"};
	uint32_t size = 77;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(link_size(*state, wrong[i], &size), -EBADMSG);
	assert_int_equal(size, 77);
}

static void test_slab_link_size_of_other_caches(void **state)
{
	char path[64];
	uint32_t size = 77;

	snprintf(path, sizeof(path), "%s/TCP", (const char *)*state);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(slab_link_size(*state, "TCP", &size), 0);
	assert_int_equal(size, 0);
	rmdir(path);
	assert_int_equal(slab_link_size(*state, "TCP", &size), -ENOENT);
	assert_int_equal(slab_link_size(path, "TCP", &size), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slabinfo_parse_6_18),
		cmocka_unit_test(test_slabinfo_parse_6_1),
		cmocka_unit_test(test_slabinfo_parse_page_size),
		cmocka_unit_test(test_slabinfo_parse_last_line_without_newline),
		cmocka_unit_test(test_slabinfo_parse_skips_strange_lines_of_others),
		cmocka_unit_test(test_slabinfo_parse_refuses),
		cmocka_unit_test(test_slabinfo_find_size),
		cmocka_unit_test_setup_teardown(
			test_slab_link_size_of_merged_caches, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			test_slab_link_size_refuses, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			test_slab_link_size_of_other_caches, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
