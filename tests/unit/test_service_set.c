/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/service_set.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void parse(struct service_set *set, const char *list)
{
	const char *word;
	size_t length;

	*set = (struct service_set){0};
	if (service_set_parse(set, list, &word, &length) < 0)
		fail_msg("%s: %.*s", list, (int)length, word);
}

static struct service_key key(enum sock_side side, const char *address, uint16_t port)
{
	struct service_key k = {.side = (uint8_t)side, .port = port};
	uint8_t family = address && strchr(address, ':') ? AF_INET6 : AF_INET, bytes[16] = {0};

	if (address) {
		assert_int_equal(inet_pton(family, address, bytes), 1);
		k.address = sock_address_of(family, bytes);
	}
	return k;
}

static void test_service_set_parse_ports_and_ranges(void **state)
{
	static struct service_set set;
	unsigned count = 0;

	(void)state;
	parse(&set, "7777,27015-27030,0,65535");
	for (unsigned port = 0; port <= UINT16_MAX; port++)
		count += port_set_has(&set.ports, (uint16_t)port);
	assert_int_equal(count, 1 + 16 + 2);
	assert_true(port_set_has(&set.ports, 7777));
	assert_true(port_set_has(&set.ports, 27015));
	assert_true(port_set_has(&set.ports, 27030));
	assert_false(port_set_has(&set.ports, 27031));
	assert_true(port_set_has(&set.ports, 0));
	assert_true(port_set_has(&set.ports, 65535));
}

/* A port selects every address and side; an address selects the server that listens on it. */
static void test_service_set_has_services(void **state)
{
	static const struct {
		const char *list;
		enum sock_side side;
		const char *address;
		uint16_t port;
		bool is_in;
	} rows[] = {
		{"80", SIDE_SERVER, NULL, 80, true},
		{"80", SIDE_SERVER, "192.0.2.7", 80, true},
		{"80", SIDE_CLIENT, NULL, 80, true},
		{"192.0.2.7:80", SIDE_SERVER, "192.0.2.7", 80, true},
		{"192.0.2.7:80", SIDE_SERVER, "192.0.2.8", 80, false},
		{"192.0.2.7:80", SIDE_SERVER, "192.0.2.7", 81, false},
		{"192.0.2.7:80", SIDE_SERVER, NULL, 80, false},
		{"192.0.2.7:80", SIDE_CLIENT, NULL, 80, false},
		{"192.0.2.7:80-82", SIDE_SERVER, "192.0.2.7", 82, true},
		{"192.0.2.7:80-82", SIDE_SERVER, "192.0.2.7", 83, false},
		{"1,192.0.2.7:80,2", SIDE_SERVER, "192.0.2.7", 80, true},
		{"1,192.0.2.7:80,2", SIDE_SERVER, "192.0.2.7", 2, true},
		{"[2001:db8::1]:80", SIDE_SERVER, "2001:db8::1", 80, true},
		{"[2001:DB8:0::1]:80", SIDE_SERVER, "2001:db8::1", 80, true},
		{"[2001:db8::1]:80", SIDE_SERVER, "2001:db8::2", 80, false},
		{"[::ffff:192.0.2.7]:80", SIDE_SERVER, "192.0.2.7", 80, true},
		{"0.0.0.0:80", SIDE_SERVER, NULL, 80, true},
		{"[::]:80", SIDE_SERVER, NULL, 80, true},
		{"*:80", SIDE_SERVER, NULL, 80, true},
		{"*:80", SIDE_SERVER, "192.0.2.7", 80, false},
		{"*:80", SIDE_CLIENT, NULL, 80, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct service_set set;
		const struct service_key k = key(rows[i].side, rows[i].address, rows[i].port);

		parse(&set, rows[i].list);
		if (service_set_has(&set, &k) != rows[i].is_in)
			fail_msg("row %zu: %s", i, rows[i].list);
		assert_true(service_set_has(NULL, &k));
	}
}

/* A service on a device is selected by its address all the same. */
static void test_service_set_has_every_device(void **state)
{
	static struct service_set set;
	struct service_key k = key(SIDE_SERVER, "fe80::7", 80);

	(void)state;
	k.device = 4;
	parse(&set, "[fe80::7]:80");
	assert_true(service_set_has(&set, &k));
}

static void test_service_set_knows_sets_of_servers(void **state)
{
	static struct service_set set;

	(void)state;
	assert_false(service_set_is_of_servers(&set));
	parse(&set, "192.0.2.7:80,*:81");
	assert_true(service_set_is_of_servers(&set));
	parse(&set, "192.0.2.7:80,81");
	assert_false(service_set_is_of_servers(&set));
}

static void test_service_set_parse_names_the_wrong_word(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
		{"", ""},
		{"80,http", "http"},
		{"65536", "65536"},
		{"99999999999999999999", "99999999999999999999"},
		{"30-20,80", "30-20"},
		{"1-", "1-"},
		{"-1", "-1"},
		{"80 ", "80 "},
		{"80,,81", ""},
		{"+80", "+80"},
		{"192.0.2.7", "192.0.2.7"},
		{"80,192.0.2.7:", "192.0.2.7:"},
		{"192.0.2.7:http", "192.0.2.7:http"},
		{"192.0.2.7:65536", "192.0.2.7:65536"},
		{"192.0.2.7:90-80", "192.0.2.7:90-80"},
		{"192.0.2.256:80", "192.0.2.256:80"},
		{"192.0.2:80", "192.0.2:80"},
		{"[192.0.2.7]:80", "[192.0.2.7]:80"},
		{"2001:db8::1:80", "2001:db8::1:80"},
		{"[2001:db8::1]", "[2001:db8::1]"},
		{"[2001:db8::1]80", "[2001:db8::1]80"},
		{"[2001:db8::1:80", "[2001:db8::1:80"},
		{"[2001:db8::g]:80", "[2001:db8::g]:80"},
		{"[]:80", "[]:80"},
		{"[:80", "[:80"},
		{":80", ":80"},
		{"**:80", "**:80"},
		{"localhost:80", "localhost:80"},
		{"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
			"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct service_set set;
		const char *word = NULL;
		size_t length = 0;

		if (service_set_parse(&set, rows[i].list, &word, &length) != -EINVAL)
			fail_msg("row %zu: %s", i, rows[i].list);
		assert_int_equal(length, strlen(rows[i].word));
		assert_memory_equal(word, rows[i].word, length);
	}
}

/* What is in the set already takes no place. */
static void test_service_set_refuses_too_many(void **state)
{
	static struct service_set set;
	char list[32];
	const char *word;
	size_t length;

	(void)state;
	for (unsigned i = 0; i <= SERVICE_RANGES_MAX; i++) {
		const int expected = i < SERVICE_RANGES_MAX ? 0 : -E2BIG;

		snprintf(list, sizeof(list), "1,192.0.2.%u:80", i);
		assert_int_equal(service_set_parse(&set, list, &word, &length), expected);
		if (expected == 0)
			assert_int_equal(service_set_parse(&set, list, &word, &length), 0);
	}
	assert_ptr_equal(word, list + 2);
	assert_int_equal(length, strlen(list + 2));
}

static void test_side_parse_words(void **state)
{
	enum sock_side side;

	(void)state;
	assert_int_equal(side_parse("server", &side), 0);
	assert_int_equal(side, SIDE_SERVER);
	assert_int_equal(side_parse("Client", &side), 0);
	assert_int_equal(side, SIDE_CLIENT);
	assert_int_equal(side_parse("both", &side), -EINVAL);
}

static void test_service_set_format_round_trip(void **state)
{
	static const char *const lists[] = {"0", "65535", "7777,27015-27030", "0-65535", "1,3,5-6",
		"192.0.2.7:80", "80,192.0.2.7:80-81,[2001:db8::1]:443", "*:80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		static struct service_set set;
		char *text;

		parse(&set, lists[i]);
		text = service_set_format(&set);
		assert_string_equal(text, lists[i]);
		free(text);
	}
}

static void test_service_set_format_joins_and_sorts(void **state)
{
	static const struct {
		const char *list, *text;
	} rows[] = {
		{"81,80,22", "22,80-81"},
		{"192.0.2.7:80,22,0.0.0.0:81", "22,192.0.2.7:80,*:81"},
		{"192.0.2.7:80,[::ffff:192.0.2.7]:80", "192.0.2.7:80"},
	};
	static struct service_set set;
	char *text = service_set_format(&set);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(&set, rows[i].list);
		text = service_set_format(&set);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

/* The longest there can be. */
static void test_service_set_format_has_room_for_all(void **state)
{
	static struct service_set set;
	char address[80], *text;

	(void)state;
	for (unsigned port = 1; port <= UINT16_MAX; port += 2)
		port_set_add(&set.ports, (uint16_t)port);
	for (unsigned i = 0; i < SERVICE_RANGES_MAX; i++) {
		const char *word;
		size_t length;

		snprintf(address, sizeof(address),
			"[2001:2001:2001:2001:2001:2001:2001:%x]:50000-60000", 0x2000 + i);
		assert_int_equal(service_set_parse(&set, address, &word, &length), 0);
	}
	text = service_set_format(&set);
	assert_non_null(text);
	assert_string_equal(text + strlen(text) - strlen(address), address);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_set_format_round_trip),
		cmocka_unit_test(test_service_set_format_joins_and_sorts),
		cmocka_unit_test(test_service_set_format_has_room_for_all),
		cmocka_unit_test(test_service_set_parse_ports_and_ranges),
		cmocka_unit_test(test_service_set_parse_names_the_wrong_word),
		cmocka_unit_test(test_service_set_refuses_too_many),
		cmocka_unit_test(test_service_set_has_services),
		cmocka_unit_test(test_service_set_has_every_device),
		cmocka_unit_test(test_service_set_knows_sets_of_servers),
		cmocka_unit_test(test_side_parse_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
