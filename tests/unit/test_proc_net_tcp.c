/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "kernel/sockets/proc_net_tcp.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER                                                                                     \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "      \
	"timeout inode\n"

/*
 * The kernel prints an address as the number that its bytes are on the machine; so this test, too,
 * puts it together from the bytes.
 */
static const char *line_of(const char *local, const char *remote, const char *rest)
{
	static char line[256];
	struct in_addr l, r;
	unsigned local_port, remote_port;
	char address[2][INET_ADDRSTRLEN];

	assert_int_equal(sscanf(local, "%15[0-9.]:%u", address[0], &local_port), 2);
	assert_int_equal(sscanf(remote, "%15[0-9.]:%u", address[1], &remote_port), 2);
	assert_int_equal(inet_pton(AF_INET, address[0], &l), 1);
	assert_int_equal(inet_pton(AF_INET, address[1], &r), 1);
	snprintf(line, sizeof(line), "   0: %08X:%04X %08X:%04X %s\n", l.s_addr, local_port,
		r.s_addr, remote_port, rest);
	return line;
}

static const char *line6_of(const char *local, unsigned local_port, const char *remote,
	unsigned remote_port, const char *rest)
{
	static char line[256];
	struct in6_addr l, r;

	assert_int_equal(inet_pton(AF_INET6, local, &l), 1);
	assert_int_equal(inet_pton(AF_INET6, remote, &r), 1);
	snprintf(line, sizeof(line), "   0: %08X%08X%08X%08X:%04X %08X%08X%08X%08X:%04X %s\n",
		l.s6_addr32[0], l.s6_addr32[1], l.s6_addr32[2], l.s6_addr32[3], local_port,
		r.s6_addr32[0], r.s6_addr32[1], r.s6_addr32[2], r.s6_addr32[3], remote_port, rest);
	return line;
}

static struct sock_record parse(const char *line, uint8_t family)
{
	struct sock_record r = {0};

	assert_int_equal(proc_net_tcp_parse_line(line, family, &r), 0);
	return r;
}

static struct sock_record parse_rest(const char *rest)
{
	return parse(line_of("192.0.2.1:7777", "198.51.100.2:50000", rest), AF_INET);
}

static void test_proc_net_tcp_parse_line_held(void **state)
{
	struct sock_record r;

	(void)state;
	r = parse_rest("08 00000010:000001F5 00:00000000 00000000  1000        0 4711 1 "
		       "0000000080b51166 20 4 30 10 -1");
	assert_int_equal(r.family, AF_INET);
	assert_int_equal(r.state, STATE_CLOSE_WAIT);
	assert_int_equal(r.kind, KIND_FULL);
	assert_int_equal(r.ownership, OWNERSHIP_HELD);
	assert_int_equal(r.timer, TIMER_NONE);
	assert_int_equal(r.local_port, 7777);
	assert_int_equal(r.remote_port, 50000);
	assert_memory_equal(r.local_address, ((const uint8_t[16]){192, 0, 2, 1}), 16);
	assert_memory_equal(r.remote_address, ((const uint8_t[16]){198, 51, 100, 2}), 16);
	assert_int_equal(r.send_queue, 16);
	assert_int_equal(r.receive_queue, 501);
	assert_int_equal(r.uid, 1000);
	assert_int_equal(r.inode, 4711);
	assert_false(r.has_buffers);
	assert_int_equal(r.cookie, 0);
}

static void test_proc_net_tcp_parse_line_kinds(void **state)
{
	static const struct {
		const char *rest;
		enum tcp_state state;
		enum sock_kind kind;
		enum sock_ownership ownership;
		uint32_t expires_ms;
	} cases[] = {
		{"06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000",
			STATE_TIME_WAIT, KIND_MINI, OWNERSHIP_NONE, 60000},
		{"05 00000000:00000000 03:00000001 00000000     0        0 0 3 0000000000000000",
			STATE_FIN_WAIT_2, KIND_MINI, OWNERSHIP_NONE, 10},
		{"05 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000",
			STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_HELD, 0},
		{"05 00000000:00000000 02:00000064 00000000     0        0 0 1 0000000000000000",
			STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_ORPHAN, 1000},
		{"04 00000001:00000000 01:00000014 00000001     0        0 0 2 0000000000000000",
			STATE_FIN_WAIT_1, KIND_FULL, OWNERSHIP_ORPHAN, 200},
		{"03 00000000:00000000 01:00000064 00000000     0        0 0 0 0000000000000000",
			STATE_SYN_RECV, KIND_REQUEST, OWNERSHIP_NONE, 1000},
		{"01 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000",
			STATE_ESTABLISHED, KIND_FULL, OWNERSHIP_UNACCEPTED, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = parse_rest(cases[i].rest);

		assert_int_equal(r.state, cases[i].state);
		assert_int_equal(r.kind, cases[i].kind);
		assert_int_equal(r.ownership, cases[i].ownership);
		assert_int_equal(r.expires_ms, cases[i].expires_ms);
	}
}

static void test_proc_net_tcp_parse_line_listener(void **state)
{
	struct sock_record r;

	(void)state;
	r = parse(line_of("0.0.0.0:80", "0.0.0.0:0",
			  "0A 00000000:00000005 00:00000000 00000000     0        0 115 1 "
			  "0000000080b51166 100 0 0 10 0                       "),
		AF_INET);
	assert_int_equal(r.state, STATE_LISTEN);
	assert_int_equal(r.receive_queue, 5);
	assert_int_equal(r.send_queue, 0);
}

static void test_proc_net_tcp_parse_line_ipv6(void **state)
{
	struct sock_record r;
	struct in6_addr local, remote;

	(void)state;
	inet_pton(AF_INET6, "2001:db8::1:2:3", &local);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &remote);
	r = parse(line6_of("2001:db8::1:2:3", 443, "::ffff:192.0.2.7", 40000,
			  "01 00000000:00000000 00:00000000 00000000     0        0 5 1 0"),
		AF_INET6);
	assert_int_equal(r.family, AF_INET6);
	assert_memory_equal(r.local_address, &local, 16);
	assert_memory_equal(r.remote_address, &remote, 16);
	assert_int_equal(r.local_port, 443);
	assert_int_equal(r.remote_port, 40000);
}

static void test_proc_net_tcp_parse_line_longest_timer(void **state)
{
	struct sock_record r;

	(void)state;
	r = parse_rest("01 0:0 00:FFFFFFFFFFFFFFFF 0 0 0 0 1");
	assert_int_equal(r.expires_ms, UINT32_MAX);
	/* 2^32 ms at 100 Hz, and one tick less. */
	assert_int_equal(parse_rest("01 0:0 00:19999999 0 0 0 0 1").expires_ms, 4294967290);
	assert_int_equal(parse_rest("01 0:0 00:1999999A 0 0 0 0 1").expires_ms, UINT32_MAX);
}

/* Every part is needed: a line cut anywhere before the field after the inode is refused. */
static void test_proc_net_tcp_parse_line_truncated(void **state)
{
	const char line[] = "   0: 0100007F:1F40 0100007F:C350 08 00000000:00000001 00:00000000 "
			    "00000000  1000        0 4711 ";
	struct sock_record r;

	(void)state;
	assert_int_equal(proc_net_tcp_parse_line(line, AF_INET, &r), 0);
	for (size_t length = 0; length < sizeof(line) - 1; length++) {
		char cut[sizeof(line)];

		memcpy(cut, line, length);
		cut[length] = '\0';
		memset(&r, 0x55, sizeof(r));
		assert_int_equal(proc_net_tcp_parse_line(cut, AF_INET, &r), -EBADMSG);
		assert_int_equal(r.state, 0x55);
	}
}

static void test_proc_net_tcp_parse_line_malformed(void **state)
{
	static const char *const bad[] = {
		/* an IPv6 address in the IPv4 file, and the other way round below */
		"0: 0000000000000000FFFF00000100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"0: 100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"0: 0100007G:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"0: 0100007F:11F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 00 0:1 00:0 0 0 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 0E 0:1 00:0 0 0 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 108 0:1 00:0 0 0 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 08 100000000:1 00:0 0 0 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 -1 0 1 1",
		"0: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 4294967296 1",
		"0 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"x: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1",
		"",
		"\n",
	};
	struct sock_record r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (proc_net_tcp_parse_line(bad[i], AF_INET, &r) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(
		proc_net_tcp_parse_line(
			"0: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 1 1", AF_INET6, &r),
		-EBADMSG);
}

/* A directory with the two files, and the result of a scan. */
struct fixture {
	char directory[64], tcp[96], tcp6[96];
	struct proc_net_tcp_files files;
	struct scan scan;
	struct sock_record records[16];
	size_t count;
	char lines[2048]; /* what the tap saw */
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	strcpy(f->directory, "/tmp/tcpstated-test-proc-XXXXXX");
	if (!mkdtemp(f->directory))
		return -1;
	snprintf(f->tcp, sizeof(f->tcp), "%s/tcp", f->directory);
	snprintf(f->tcp6, sizeof(f->tcp6), "%s/tcp6", f->directory);
	f->files = (struct proc_net_tcp_files){f->tcp, f->tcp6};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->tcp);
	unlink(f->tcp6);
	rmdir(f->directory);
	test_free(f);
	return 0;
}

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A socket with a port of its own. */
static void append_socket(const char *path, const char *state_number, unsigned port)
{
	char line[256];
	const char *address = path[strlen(path) - 1] == '6' ? "000000000000000000000000" : "";

	snprintf(line, sizeof(line),
		"   0: %s0100007F:%04X %s0100007F:0001 %s 0:0 00:0 0 0 0 7 1 0\n", address, port,
		address, state_number);
	append(path, line);
}

static void keep(const struct sock_record *r, void *userdata)
{
	struct fixture *f = userdata;

	assert_true(f->count < ARRAY_SIZE(f->records));
	f->records[f->count++] = *r;
}

static void keep_line(void *userdata, uint8_t family, const char *line)
{
	struct fixture *f = userdata;
	size_t length = strlen(f->lines);

	snprintf(f->lines + length, sizeof(f->lines) - length, "%u %s\n", family, line);
}

static int scan(struct fixture *f, state_set states)
{
	const struct scan_request request = {.states = states};
	const struct scan_tap tap = {.proc_line = keep_line, .userdata = f};

	f->count = 0;
	f->lines[0] = '\0';
	return proc_net_tcp_scan(&f->files, &request, &tap, keep, f, &f->scan);
}

static void assert_ports(const struct fixture *f, const uint16_t *ports, size_t count)
{
	assert_int_equal(f->count, count);
	assert_int_equal(f->scan.sockets, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->records[i].local_port, ports[i]);
}

static void fill(const struct fixture *f)
{
	append(f->tcp, HEADER);
	append_socket(f->tcp, "0A", 1);
	append_socket(f->tcp, "0A", 2);
	append_socket(f->tcp, "08", 3);
	append_socket(f->tcp, "01", 4);
	append(f->tcp6, HEADER);
	append_socket(f->tcp6, "0A", 11);
	append_socket(f->tcp6, "06", 12);
}

static void test_proc_net_tcp_scan_listeners_first(void **state)
{
	struct fixture *f = *state;

	fill(f);
	/* The kernel does not do this; a listener that comes late must still be reported. */
	append_socket(f->tcp6, "0A", 13);
	assert_int_equal(scan(f, STATE_SET_ALL), 0);
	assert_ports(f, (const uint16_t[]){1, 2, 11, 3, 4, 12, 13}, 7);
	assert_true(f->scan.complete);
	assert_string_equal(f->scan.source, "proc");
	assert_int_equal(f->records[1].family, AF_INET);
	assert_int_equal(f->records[2].family, AF_INET6);
}

static void test_proc_net_tcp_scan_states(void **state)
{
	struct fixture *f = *state;

	fill(f);
	assert_int_equal(scan(f, STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_TIME_WAIT)), 0);
	assert_ports(f, (const uint16_t[]){1, 2, 11, 3, 12}, 5);
}

static void test_proc_net_tcp_scan_tap_receives_what_is_reported(void **state)
{
	struct fixture *f = *state;
	char *line = f->lines;

	fill(f);
	assert_int_equal(scan(f, STATE_BIT(STATE_CLOSE_WAIT)), 0);
	for (size_t i = 0; i < f->count; i++) {
		char *end = NULL;
		uint8_t family = (uint8_t)strtoul(line, &end, 10);

		assert_int_equal(parse(end, family).local_port, f->records[i].local_port);
		line = strchr(end, '\n') + 1;
	}
	assert_int_equal(f->count, 4);
	assert_int_equal(*line, '\0');
}

static void test_proc_net_tcp_scan_only_headers(void **state)
{
	struct fixture *f = *state;

	append(f->tcp, HEADER);
	append(f->tcp6, HEADER);
	assert_int_equal(scan(f, STATE_SET_ALL), 0);
	assert_int_equal(f->count, 0);
	assert_true(f->scan.complete);
}

static void test_proc_net_tcp_scan_without_ipv6(void **state)
{
	struct fixture *f = *state;

	append(f->tcp, HEADER);
	append_socket(f->tcp, "01", 4);
	assert_int_equal(scan(f, STATE_SET_ALL), 0);
	assert_ports(f, (const uint16_t[]){4}, 1);
}

static void assert_scan_fails(struct fixture *f, int error, const char *sentence)
{
	assert_int_equal(scan(f, STATE_SET_ALL), error);
	assert_false(f->scan.complete);
	if (!strstr(f->scan.error, sentence))
		fail_msg("'%s' does not say '%s'", f->scan.error, sentence);
}

static void test_proc_net_tcp_scan_without_file(void **state)
{
	struct fixture *f = *state;

	append(f->tcp6, HEADER);
	assert_scan_fails(f, -ENOENT, "tcp: No such file or directory");
}

/* An empty file must not pass for a machine without sockets. */
static void test_proc_net_tcp_scan_empty_file(void **state)
{
	struct fixture *f = *state;

	append(f->tcp, HEADER);
	append(f->tcp6, "");
	assert_scan_fails(f, -EBADMSG, "line 1 of ");
}

static void test_proc_net_tcp_scan_malformed_line(void **state)
{
	struct fixture *f = *state;

	fill(f);
	append(f->tcp, "garbage\n");
	assert_scan_fails(f, -EBADMSG, "line 6 of ");
}

static void test_proc_net_tcp_scan_line_cut_short(void **state)
{
	struct fixture *f = *state;

	fill(f);
	append(f->tcp6, "   0: 0000");
	assert_scan_fails(f, -EBADMSG, "line 4 of ");
}

static void test_proc_net_tcp_scan_endless_line(void **state)
{
	struct fixture *f = *state;

	fill(f);
	for (int i = 0; i < 1000; i++)
		append(f->tcp, "          ");
	assert_scan_fails(f, -EBADMSG, "line 6 of ");
}

static void test_proc_net_tcp_scan_line_with_nul(void **state)
{
	struct fixture *f = *state;
	FILE *file;

	fill(f);
	file = fopen(f->tcp, "a");
	assert_non_null(file);
	fwrite("   5: \0\n", 1, 8, file);
	assert_int_equal(fclose(file), 0);
	assert_scan_fails(f, -EBADMSG, "line 6 of ");
}

#define SCAN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc_net_tcp_parse_line_held),
		cmocka_unit_test(test_proc_net_tcp_parse_line_kinds),
		cmocka_unit_test(test_proc_net_tcp_parse_line_listener),
		cmocka_unit_test(test_proc_net_tcp_parse_line_ipv6),
		cmocka_unit_test(test_proc_net_tcp_parse_line_longest_timer),
		cmocka_unit_test(test_proc_net_tcp_parse_line_truncated),
		cmocka_unit_test(test_proc_net_tcp_parse_line_malformed),
		SCAN_TEST(test_proc_net_tcp_scan_listeners_first),
		SCAN_TEST(test_proc_net_tcp_scan_states),
		SCAN_TEST(test_proc_net_tcp_scan_tap_receives_what_is_reported),
		SCAN_TEST(test_proc_net_tcp_scan_only_headers),
		SCAN_TEST(test_proc_net_tcp_scan_without_ipv6),
		SCAN_TEST(test_proc_net_tcp_scan_without_file),
		SCAN_TEST(test_proc_net_tcp_scan_empty_file),
		SCAN_TEST(test_proc_net_tcp_scan_malformed_line),
		SCAN_TEST(test_proc_net_tcp_scan_line_cut_short),
		SCAN_TEST(test_proc_net_tcp_scan_endless_line),
		SCAN_TEST(test_proc_net_tcp_scan_line_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
