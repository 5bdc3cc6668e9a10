/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "unit.h"

#include "basic/format.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void test_format_count_groups_digits(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{65536, "65,536"},
		{1000000, "1,000,000"},
		{UINT64_MAX - 1, "18,446,744,073,709,551,614"},
		{UNKNOWN, "?"},
	};
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(format_count(buf, rows[i].n), rows[i].text);
}

static void test_format_bytes_never_wider_than_eight(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{102348, "99.9 KiB"},
		{102400, "100 KiB"},
		{1047961, "1023 KiB"},
		{1048064, "1.0 MiB"}, /* 1023.5 KiB would be rounded to 1024 */
		{UINT64_C(1) << 30, "1.0 GiB"},
		{UNKNOWN, "?"},
	};
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(format_bytes(buf, rows[i].bytes), rows[i].text);
	for (uint64_t n = 1; n < UINT64_MAX / 3; n = 3 * n - n / 5)
		assert_true(strlen(format_bytes(buf, n)) <= 8);
	assert_string_equal(format_bytes(buf, UINT64_MAX - 1), "16.0 EiB");
}

static void test_format_duration_picks_unit(void **state)
{
	static const struct {
		uint32_t ms;
		const char *text;
	} rows[] = {
		{0, "0 ms"},
		{999, "999 ms"},
		{2399, "2.3 s"},
		{9999, "9.9 s"},
		{10000, "10 s"},
		{119999, "119 s"},
		{120000, "2 min"},
		{7199999, "119 min"},
		{7200000, "2 h"},
		{172800000, "2 d"},
		{UINT32_MAX - 1, "49 d"},
		{UINT32_MAX, "?"},
	};
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(format_duration(buf, rows[i].ms), rows[i].text);
}

static void test_format_number_is_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{-0.0, "0"},
		{412, "412"},
		{1200, "1200"},
		{0.5, "0.5"},
		{0.25, "0.25"},
		{0.0001, "0"},
		{-0.0001, "0"},
		{-10.0 / 3, "-3.333"},
		{99.9996, "100"},
		{999999999999999, "999999999999999"},
		{1e15, "1e+15"},
		{-1.7976931348623157e308, "-1.79769313486232e+308"},
	};
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(format_number(buf, rows[i].value), rows[i].text);
	assert_null(format_number(buf, (double)NAN));
	assert_null(format_number(buf, -(double)INFINITY));
}

static void test_format_percent_knows_unknown(void **state)
{
	char buf[FORMAT_SIZE];

	(void)state;
	assert_string_equal(format_percent(buf, 0), "0.0 %");
	assert_string_equal(format_percent(buf, 99.96), "100.0 %");
	assert_string_equal(format_percent(buf, -1), "?");
}

static void test_format_endpoint_writes_mapped_as_ipv4(void **state)
{
	static const struct {
		int family;
		const char *address;
		const char *text;
	} rows[] = {
		{AF_INET, "10.0.0.5", "10.0.0.5:3306"},
		{AF_INET6, "::ffff:10.0.0.5", "10.0.0.5:3306"},
		{AF_INET6, "2001:db8::1", "[2001:db8::1]:3306"},
		{AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666",
			"[2001:db8:1111:2222:3333:4444:5555:6666]:3306"},
	};
	char buf[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t address[16] = {0};

		assert_int_equal(inet_pton(rows[i].family, rows[i].address, address), 1);
		assert_string_equal(
			format_endpoint(buf, rows[i].family, address, 3306), rows[i].text);
	}
}

static void test_format_endpoint_has_the_device(void **state)
{
	static const uint8_t ipv4[16] = {10, 9, 0, 7}, zoned[16] = {0xfe, 0x80, [15] = 7};
	char buf[ENDPOINT_SIZE];

	(void)state;
	assert_string_equal(format_device_endpoint(buf, AF_INET, ipv4, "v0", 22), "10.9.0.7%v0:22");
	assert_string_equal(format_device_endpoint(buf, AF_INET, ipv4, "", 22), "10.9.0.7:22");
	assert_string_equal(
		format_device_endpoint(buf, AF_INET6, zoned, "eth1", 443), "[fe80::7%eth1]:443");
	assert_string_equal(format_address(buf, AF_INET6, zoned, "eth1"), "fe80::7%eth1");
	assert_string_equal(format_address(buf, AF_INET6, zoned, ""), "fe80::7");
}

static void test_format_time_is_rfc_3339(void **state)
{
	char buf[FORMAT_SIZE];

	(void)state;
	assert_string_equal(
		format_time(buf, &(struct timespec){.tv_sec = 1795340400, .tv_nsec = 123999999}),
		"2026-11-22T09:40:00.123Z");
	assert_string_equal(format_time(buf, &(struct timespec){0}), "1970-01-01T00:00:00.000Z");
}

static void test_format_time_refuses_absurd_years(void **state)
{
	char buf[FORMAT_SIZE];

	(void)state;
	assert_null(format_time(buf, &(struct timespec){.tv_sec = INT64_MAX}));
	assert_null(format_time(buf, &(struct timespec){.tv_sec = INT64_C(300000000000)}));
	assert_null(format_time(buf, &(struct timespec){.tv_sec = INT64_C(-90000000000)}));
	/* Nanoseconds out of range stay three digits. */
	assert_int_equal(strlen(format_time(buf, &(struct timespec){.tv_nsec = -1})),
		strlen("1970-01-01T00:00:00.000Z"));
}

static void test_format_printable_replaces_what_could_harm(void **state)
{
	static const struct {
		const char *text, *printable;
	} rows[] = {
		{"gs1.example.org", "gs1.example.org"}, {"\033[2Jgone", "?[2Jgone"},
		{"a\nb\tc\x7f", "a?b?c?"},
		{"K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x8e\xae",
			"K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x8e\xae"},
		{"\x9b"
		 "31m",
			"?31m"}, /* a bare byte above 0x7f */
		{"\xc2\x9b"
		 "31m",
			"??31m"},                  /* U+009B, a control character */
		{"\xc0\xaf", "??"},                /* overlong */
		{"\xe0\x80\xaf", "???"},           /* likewise */
		{"\xed\xa0\x80", "???"},           /* a surrogate */
		{"\xf4\x90\x80\x80", "????"},      /* above U+10FFFF */
		{"\xe2\x82", "??"},                /* cut short */
		{"\xf8\x88\x80\x80\x80", "?????"}, /* five bytes */
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(
			utf8_printable(buf, sizeof(buf), rows[i].text), rows[i].printable);
}

static void test_format_printable_cuts_between_characters(void **state)
{
	char buf[5];

	(void)state;
	assert_string_equal(utf8_printable(buf, sizeof(buf), "abcdef"), "abcd");
	assert_string_equal(utf8_printable(buf, sizeof(buf), "abc\xc3\xb6"), "abc");
	assert_string_equal(utf8_printable(buf, 1, "abc"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_count_groups_digits),
		cmocka_unit_test(test_format_bytes_never_wider_than_eight),
		cmocka_unit_test(test_format_duration_picks_unit),
		cmocka_unit_test(test_format_number_is_short),
		cmocka_unit_test(test_format_percent_knows_unknown),
		cmocka_unit_test(test_format_endpoint_writes_mapped_as_ipv4),
		cmocka_unit_test(test_format_endpoint_has_the_device),
		cmocka_unit_test(test_format_time_is_rfc_3339),
		cmocka_unit_test(test_format_time_refuses_absurd_years),
		cmocka_unit_test(test_format_printable_replaces_what_could_harm),
		cmocka_unit_test(test_format_printable_cuts_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
