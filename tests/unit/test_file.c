/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* A file that exists for one test. */
struct fixture {
	char path[64];
	char *text;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/tcpstated-test-file-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	unlink(f->path);
	test_free(f);
	return 0;
}

static void write_file(const struct fixture *f, size_t size)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		fputc('a' + (int)(i % 23), file);
	assert_int_equal(fclose(file), 0);
}

static void test_file_read_whole(void **state)
{
	struct fixture *f = *state;
	/* Around each size that the buffer takes as it grows. */
	const size_t sizes[] = {0, 1, 8191, 8192, 8193, 16384, 16385, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		write_file(f, sizes[i]);
		free(TAKE_PTR(f->text));
		assert_int_equal(file_read(f->path, 100000, &f->text, &f->size), 0);
		assert_int_equal(f->size, sizes[i]);
		assert_int_equal(strlen(f->text), sizes[i]);
		if (sizes[i])
			assert_int_equal(f->text[sizes[i] - 1], 'a' + (int)((sizes[i] - 1) % 23));
	}
}

static void test_file_read_size_max(void **state)
{
	struct fixture *f = *state;
	const size_t sizes[] = {1, 100, 8192, 20000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		write_file(f, sizes[i]);
		assert_int_equal(file_read(f->path, sizes[i] - 1, &f->text, &f->size), -EFBIG);
		assert_null(f->text);
		assert_int_equal(f->size, 0);
	}
}

/* A file of /proc tells a size of 0. */
static void test_file_read_proc(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_read("/proc/self/stat", 4096, &f->text, &f->size), 0);
	assert_int_equal(strtol(f->text, NULL, 10), getpid());
	assert_int_equal(f->text[f->size - 1], '\n');
}

static void test_file_read_errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_read("/nonexistent", 4096, &f->text, &f->size), -ENOENT);
	assert_int_equal(file_read("/", 4096, &f->text, &f->size), -EISDIR);
	assert_null(f->text);
}

static void test_scan_numbers(void **state)
{
	static const struct {
		const char *text;
		bool hex;
		uint64_t max;
		int result;
		uint64_t value;
		size_t length;
	} cases[] = {
		{"0", false, 0, 0, 0, 1},
		{"42 7", false, 100, 0, 42, 2},
		{"007", false, 7, 0, 7, 3},
		{"255", false, 255, 0, 255, 3},
		{"256", false, 255, -ERANGE, 0, 0},
		{"9", false, 5, -ERANGE, 0, 0},
		{"18446744073709551615", false, UINT64_MAX, 0, UINT64_MAX, 20},
		{"18446744073709551616", false, UINT64_MAX, -ERANGE, 0, 0},
		{"99999999999999999999999", false, UINT64_MAX, -ERANGE, 0, 0},
		{"", false, 10, -EINVAL, 0, 0},
		{"-1", false, 10, -EINVAL, 0, 0},
		{"+1", false, 10, -EINVAL, 0, 0},
		{" 1", false, 10, -EINVAL, 0, 0},
		{"1f", false, 100, 0, 1, 1},
		{"1F:a", true, 100, 0, 0x1f, 2},
		{"0x1", true, 100, 0, 0, 1},
		{"g", true, 100, -EINVAL, 0, 0},
		{"ffffffffffffffff", true, UINT64_MAX, 0, UINT64_MAX, 16},
		{"10000000000000000", true, UINT64_MAX, -ERANGE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = cases[i].text, *end = at + strlen(at);
		uint64_t value = 0;
		int r = cases[i].hex ? scan_hex(&at, end, cases[i].max, &value)
				     : scan_decimal(&at, end, cases[i].max, &value);

		if (r != cases[i].result || value != cases[i].value ||
			at != cases[i].text + cases[i].length)
			fail_msg("'%s': result %d, value %" PRIu64 ", length %td", cases[i].text, r,
				value, at - cases[i].text);
	}
}

static void test_scan_decimal_stops_at_end(void **state)
{
	const char text[] = "12345", *at = text;
	uint64_t value = 0;

	(void)state;
	assert_int_equal(scan_decimal(&at, text + 3, UINT64_MAX, &value), 0);
	assert_int_equal(value, 123);
	assert_int_equal(scan_decimal(&at, text + 3, UINT64_MAX, &value), -EINVAL);
}

static void test_scan_blanks(void **state)
{
	const char text[] = " \t 1 ", *at = text;

	(void)state;
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + 3);
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + 3);
	at++;
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file_read_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_size_max, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_proc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_errors, setup, teardown),
		cmocka_unit_test(test_scan_numbers),
		cmocka_unit_test(test_scan_decimal_stops_at_end),
		cmocka_unit_test(test_scan_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
