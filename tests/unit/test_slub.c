/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "fake_files.h"
#include "kernel/memory/slub.h"
#include "unit.h"

static const struct slub two_cpus = {.page_size = 4096, .line_size = 64, .cpus = 2};

static void test_slub_object_size(void **state)
{
	/* Sizes of types and of objects, as Linux 6.1 and 6.18 show them. */
	static const struct {
		uint32_t type_size;
		unsigned flags;
		uint32_t size;
	} rows[] = {
		{2280, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 2304}, /* 6.1: TCP */
		{2440, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 2496}, /* TCPv6 */
		{264, SLUB_POINTER_OUTSIDE, 272},                       /* tw_sock_TCP */
		{304, SLUB_POINTER_OUTSIDE, 312},                       /* request_sock_TCP */
		{232, SLUB_LINE_ALIGNED, 256},                          /* filp */
		{64, SLUB_LINE_ALIGNED, 64},                            /* tcp_bind2_bucket */
		{2304, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 2368}, /* 6.18: TCP */
		{2304, SLUB_LINE_ALIGNED, 2304},
		{768, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 832}, /* sock_inode_cache */
		{192, 0, 192},                                        /* dentry */
		{20, 0, 24},
		/* small ones share a line */
		{33, SLUB_LINE_ALIGNED, 64},
		{32, SLUB_LINE_ALIGNED, 32},
		{5, SLUB_LINE_ALIGNED, 8},
		{1, SLUB_LINE_ALIGNED, 8},
		/* no such type, and one that is no object */
		{0, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 0},
		{UINT32_MAX, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(slub_object_size(&two_cpus, 8, rows[i].type_size, rows[i].flags),
			rows[i].size);
}

static void test_slub_object_size_long_lines(void **state)
{
	static const struct slub s = {.page_size = 4096, .line_size = 128, .cpus = 2};

	(void)state;
	assert_int_equal(
		slub_object_size(&s, 8, 2304, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE), 2432);
}

static void test_slub_object_size_short_pointers(void **state)
{
	static const struct slub s = {.page_size = 4096, .line_size = 64, .cpus = 2};

	(void)state;
	assert_int_equal(slub_object_size(&s, 4, 140, SLUB_POINTER_OUTSIDE), 144);
	assert_int_equal(slub_object_size(&s, 8, 140, SLUB_POINTER_OUTSIDE), 152);
	assert_int_equal(slub_object_size(&s, 4, 1, SLUB_LINE_ALIGNED), 4);
}

/* As /proc/slabinfo shows it on Linux 6.1 and 6.12, booted with that many CPUs. */
static void test_slub_layout(void **state)
{
	static const struct {
		uint32_t cpus, size, per_slab, pages;
	} rows[] = {
		{2, 2304, 14, 8},
		{2, 2368, 13, 8},
		{2, 2496, 13, 8},
		{2, 2624, 12, 8},
		{2, 256, 16, 1},
		{2, 272, 15, 1},
		{2, 312, 13, 1},
		{2, 320, 12, 1},
		{2, 192, 21, 1},
		{2, 512, 16, 2},
		{2, 576, 14, 2},
		{2, 24, 170, 1},
		{2, 1024, 16, 4},
		{2, 1344, 12, 4},
		{2, 1472, 22, 8},
		{2, 4096, 8, 8},
		{1, 832, 19, 4},
		{2, 832, 19, 4},
		{8, 832, 39, 8},
		{1, 704, 11, 2},
		{2, 704, 23, 4},
		{8, 704, 23, 4},
		{8, 1344, 24, 8},
		{8, 256, 32, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct slub s = {.page_size = 4096, .line_size = 64, .cpus = rows[i].cpus};
		struct object_layout l = slub_layout(&s, rows[i].size);

		assert_int_equal(l.size, rows[i].size);
		assert_int_equal(l.per_slab, rows[i].per_slab);
		assert_int_equal(l.slab_bytes, rows[i].pages * 4096);
	}
}

static void test_slub_layout_sound_for_any_size(void **state)
{
	static const uint32_t pages[] = {4096, 16384, 65536}, cpus[] = {1, 2, 64, 8192, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pages) * ARRAY_SIZE(cpus); i++) {
		const struct slub s = {
			.page_size = pages[i % ARRAY_SIZE(pages)],
			.line_size = 64,
			.cpus = cpus[i / ARRAY_SIZE(pages)],
		};

		for (uint32_t size = 1; size <= 1U << 20; size += 1 + size / 7) {
			struct object_layout l = slub_layout(&s, size);

			assert_true(object_layout_is_sound(&l));
			assert_int_equal(l.size, size);
		}
		assert_int_equal(slub_layout(&s, 0).per_slab, 0);
		assert_int_equal(slub_layout(&s, (1U << 20) + 1).size, 0);
		assert_int_equal(slub_layout(&s, UINT32_MAX).slab_bytes, 0);
	}
}

static struct slub read_from(const char *present, const char *possible, const char *line)
{
	struct fake_files f = FAKE_FILES;
	struct slub s;

	if (present)
		fake_files_add_text(&f, "/sys/devices/system/cpu/present", present);
	if (possible)
		fake_files_add_text(&f, "/sys/devices/system/cpu/possible", possible);
	if (line)
		fake_files_add_text(
			&f, "/sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size", line);
	slub_read(&f.source, &s);
	return s;
}

static void test_slub_read_cpus(void **state)
{
	static const struct {
		const char *present, *possible;
		uint32_t cpus;
	} rows[] = {
		{"0-1\n", "0-63\n", 2},
		{"0-3,8,10-11\n", "0-63\n", 7},
		/* one CPU may mean that the others come later */
		{"0\n", "0-63\n", 64},
		{"0\n", "0\n", 1},
		{"0\n", NULL, 1},
		{NULL, "0-7\n", 8},
		{NULL, NULL, 1},
		{"", "x\n", 1},
		{"3-1\n", "0-", 1},
		{"0-4294967295\n", "99999999999999999999\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
			read_from(rows[i].present, rows[i].possible, NULL).cpus, rows[i].cpus);
}

static void test_slub_read_line_size(void **state)
{
	static const struct {
		const char *line;
		uint32_t size;
	} rows[] = {{"128\n", 128}, {"64\n", 64}, {NULL, 64}, {"", 64}, {"0\n", 64}, {"100\n", 64},
		{"4\n", 64}, {"65536\n", 64}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(read_from(NULL, NULL, rows[i].line).line_size, rows[i].size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slub_object_size),
		cmocka_unit_test(test_slub_object_size_long_lines),
		cmocka_unit_test(test_slub_object_size_short_pointers),
		cmocka_unit_test(test_slub_layout),
		cmocka_unit_test(test_slub_layout_sound_for_any_size),
		cmocka_unit_test(test_slub_read_cpus),
		cmocka_unit_test(test_slub_read_line_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
