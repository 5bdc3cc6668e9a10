/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/prices.h"
#include "unit.h"

#include <string.h>

/* Linux 6.18 with 4 KiB pages and two CPUs, as its slabinfo shows it. */
static const struct object_layout linux_6_18[OBJECT_COUNT] = {
	[OBJECT_TCP_SOCK] = {2368, 13, 32768},
	[OBJECT_TCP6_SOCK] = {2496, 13, 32768},
	[OBJECT_TW_SOCK] = {256, 16, 4096},
	[OBJECT_TW6_SOCK] = {256, 16, 4096},
	[OBJECT_REQUEST_SOCK] = {320, 12, 4096},
	[OBJECT_REQUEST6_SOCK] = {320, 12, 4096},
	[OBJECT_SOCK_INODE] = {832, 19, 16384},
	[OBJECT_FILE] = {192, 21, 4096},
	[OBJECT_DENTRY] = {192, 21, 4096},
	[OBJECT_LSM_INODE] = {32, 128, 4096},
	[OBJECT_LSM_FILE] = {24, 170, 4096},
	[OBJECT_BIND_BUCKET] = {128, 32, 4096},
	[OBJECT_BIND2_BUCKET] = {128, 32, 4096},
	[OBJECT_SKB] = {256, 16, 4096},
	[OBJECT_SKB_FCLONE] = {512, 16, 8192},
	[OBJECT_SKB_SMALL_HEAD] = {576, 14, 8192},
};

static void test_prices_from_layout_packing(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2521, 2521, 256, 256, 341, 341, 862, 195, 195, 32, 24, 128, 128, 256, 512, 585};
	struct prices p;

	(void)state;
	prices_from_layout(&p, PRICES_FROM_BTF, linux_6_18, 0);
	assert_int_equal(p.source, PRICES_FROM_BTF);
	OBJECT_FOREACH(o) {
		assert_int_equal(p.object[o].bytes, bytes[o]);
		assert_int_equal(p.object[o].object_size, linux_6_18[o].size);
	}
}

/* The sizes of the vectors: kmalloc-128 for a slab of TCP or tw_sock, -96 for request, -192 for
 * inodes and files. */
static void test_prices_from_layout_charged(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2530, 2530, 264, 264, 349, 349, 872, 204, 204, 32, 24, 136, 136, 256, 512, 585};
	struct prices p;

	(void)state;
	prices_from_layout(&p, PRICES_FROM_SLABINFO, linux_6_18, 8);
	OBJECT_FOREACH(o)
		assert_int_equal(p.object[o].bytes, bytes[o]);
}

static void test_prices_from_layout_no_object(void **state)
{
	struct object_layout none[OBJECT_COUNT] = {0};
	struct prices p;

	(void)state;
	prices_from_layout(&p, PRICES_FROM_TABLE, none, 8);
	OBJECT_FOREACH(o) {
		assert_int_equal(p.object[o].bytes, 0);
		assert_int_equal(p.object[o].object_size, 0);
	}
}

static void test_prices_from_layout_largest_numbers(void **state)
{
	struct object_layout layout[OBJECT_COUNT] = {
		[OBJECT_TCP_SOCK] = {UINT32_MAX, 1, UINT32_MAX},
		[OBJECT_TW_SOCK] = {1, UINT32_MAX, UINT32_MAX},
	};
	struct prices p;

	(void)state;
	prices_from_layout(&p, PRICES_FROM_TABLE, layout, 8);
	assert_int_equal(p.object[OBJECT_TCP_SOCK].bytes, UINT32_MAX);
	assert_int_equal(p.object[OBJECT_TW_SOCK].bytes, 9);
}

static void test_object_layout_is_sound(void **state)
{
	static const struct {
		struct object_layout layout;
		bool sound;
	} rows[] = {
		{{0, 0, 0}, true},
		{{256, 16, 4096}, true},
		{{256, 17, 4096}, false},
		{{256, 0, 4096}, false},
		{{0, 16, 4096}, false},
		{{0, 0, 4096}, false},
		{{UINT32_MAX, UINT32_MAX, UINT32_MAX}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(object_layout_is_sound(&rows[i].layout), rows[i].sound);
}

static void test_kmalloc_bytes(void **state)
{
	static const struct {
		uint64_t request, bytes;
	} rows[] = {{1, 8}, {8, 8}, {9, 16}, {64, 64}, {65, 96}, {96, 96}, {97, 128}, {128, 128},
		{129, 192}, {192, 192}, {193, 256}, {640, 1024}, {8192, 8192},
		{UINT64_C(1) << 40, UINT64_C(1) << 40}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(kmalloc_bytes(rows[i].request), rows[i].bytes);
}

static void test_price_object_name_all_differ(void **state)
{
	(void)state;
	OBJECT_FOREACH(o) {
		assert_non_null(name_of(price_object_names, o));
		for (enum price_object other = 0; other < o; other++)
			assert_string_not_equal(
				name_of(price_object_names, o), name_of(price_object_names, other));
	}
	assert_string_equal(name_of(price_object_names, OBJECT_TCP_SOCK), "tcp_sock");
	assert_string_equal(name_of(price_object_names, OBJECT_SKB_SMALL_HEAD), "skb_small_head");
}

static void test_price_source_name(void **state)
{
	(void)state;
	assert_string_equal(name_of(price_source_names, PRICES_FROM_SLABINFO), "slabinfo");
	assert_string_equal(name_of(price_source_names, PRICES_FROM_BTF), "btf");
	assert_string_equal(name_of(price_source_names, PRICES_FROM_TABLE), "table");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prices_from_layout_packing),
		cmocka_unit_test(test_prices_from_layout_charged),
		cmocka_unit_test(test_prices_from_layout_no_object),
		cmocka_unit_test(test_prices_from_layout_largest_numbers),
		cmocka_unit_test(test_object_layout_is_sound),
		cmocka_unit_test(test_kmalloc_bytes),
		cmocka_unit_test(test_price_object_name_all_differ),
		cmocka_unit_test(test_price_source_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
