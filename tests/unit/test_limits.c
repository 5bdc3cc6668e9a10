/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "kernel/limits.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* A machine that consists of these files. */
struct file {
	const char *path, *text;
};

struct fake {
	struct source source;
	const struct file *files;
	size_t count;
};

static int fake_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	const struct fake *fake = (const struct fake *)s;

	for (size_t i = 0; i < fake->count; i++) {
		if (strcmp(fake->files[i].path, path) == 0) {
			*ret_size = strlen(fake->files[i].text);
			*ret = strdup(fake->files[i].text);
			return *ret ? 0 : -ENOMEM;
		}
	}
	return -ENOENT;
}

static const struct source_ops fake_ops = {.read_file = fake_read_file};

static void read_fake(const struct file *files, size_t count, struct limits *ret)
{
	struct fake fake = {.source = {.ops = &fake_ops}, .files = files, .count = count};

	limits_read(&fake.source, ret);
}

/* Linux 6.18, shortened where lines are many. */
static const struct file machine[] = {
	{"/proc/net/sockstat", "sockets: used 1315\n"
			       "TCP: inuse 12 orphan 3 tw 45 alloc 67 mem 89\n"
			       "UDP: inuse 2 mem 1\n"},
	{"/proc/net/sockstat6", "TCP6: inuse 21\nUDP6: inuse 4\n"},
	{"/proc/net/netstat",
		"TcpExt: SyncookiesSent TW TWRecycled TWKilled ListenOverflows ListenDrops "
		"TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout "
		"TCPAbortOnLinger "
		"TCPAbortFailed TCPMemoryPressures TCPTimeWaitOverflow\n"
		"TcpExt: 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n"
		"IpExt: InNoRoutes TW\n"
		"IpExt: 98 99\n"},
	{"/proc/net/snmp", "Ip: Forwarding DefaultTTL\n"
			   "Ip: 1 64\n"
			   "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens "
			   "AttemptFails EstabResets CurrEstab InSegs OutRsts\n"
			   "Tcp: 1 200 120000 -1 21 22 23 24 25 26 27\n"},
	{"/proc/sys/net/ipv4/tcp_max_tw_buckets", "131072\n"},
	{"/proc/sys/net/ipv4/tcp_max_orphans", "65536\n"},
	{"/proc/sys/net/ipv4/tcp_mem", "287829\t383772\t575658\n"},
	{"/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"},
	{"/proc/sys/net/ipv4/ip_local_reserved_ports", "8080,32760-32770,40000,60990-61010\n"},
	{"/proc/sys/net/ipv4/ip_local_port_step_width", "3\n"},
	{"/proc/sys/net/ipv4/tcp_tw_reuse", "2\n"},
	{"/proc/sys/net/ipv4/tcp_tw_reuse_delay", "1000\n"},
	{"/proc/sys/net/ipv4/tcp_timestamps", "1\n"},
	{"/proc/sys/net/ipv4/tcp_fin_timeout", "60\n"},
	{"/proc/sys/net/netfilter/nf_conntrack_count", "17\n"},
	{"/proc/sys/net/netfilter/nf_conntrack_max", "262144\n"},
	{"/proc/meminfo", "MemTotal:       24603712 kB\nMemFree:        23000000 kB\n"},
};

static void test_limits_read_machine(void **state)
{
	struct limits l;

	(void)state;
	read_fake(machine, ARRAY_SIZE(machine), &l);
	assert_int_equal(l.inuse, 12);
	assert_int_equal(l.inuse6, 21);
	assert_int_equal(l.orphans.used, 3);
	assert_int_equal(l.orphans.max, 65536);
	assert_int_equal(l.tw_buckets.used, 45);
	assert_int_equal(l.tw_buckets.max, 131072);
	assert_int_equal(l.allocated, 67);
	assert_int_equal(l.tcp_mem_pages.used, 89);
	assert_int_equal(l.tcp_mem_low_pages, 287829);
	assert_int_equal(l.tcp_mem_pressure_pages, 383772);
	assert_int_equal(l.tcp_mem_pages.max, 575658);
	assert_int_equal(l.port_first, 32768);
	assert_int_equal(l.port_last, 60999);
	/* 32768-32770, 40000, 60990-60999 */
	assert_int_equal(l.ports_reserved, 3 + 1 + 10);
	assert_true(port_set_has(&l.reserved, 8080) && port_set_has(&l.reserved, 61010));
	assert_false(port_set_has(&l.reserved, 8081) || port_set_has(&l.reserved, 61011));
	assert_int_equal(l.port_step_width, 3);
	assert_int_equal(l.tw_reuse, 2);
	assert_int_equal(l.tw_reuse_delay_ms, 1000);
	assert_int_equal(l.timestamps, 1);
	assert_int_equal(l.fin_timeout_seconds, 60);
	assert_int_equal(l.conntrack.used, 17);
	assert_int_equal(l.conntrack.max, 262144);
	assert_int_equal(l.mem_total_bytes, UINT64_C(24603712) * 1024);
	assert_int_equal(l.curr_estab, 25);
}

static void test_limits_read_counters(void **state)
{
	static const uint64_t expected[COUNTER_COUNT] = {
		[COUNTER_ACTIVE_OPENS] = 21,
		[COUNTER_PASSIVE_OPENS] = 22,
		[COUNTER_ATTEMPT_FAILS] = 23,
		[COUNTER_ESTAB_RESETS] = 24,
		[COUNTER_OUT_RSTS] = 27,
		[COUNTER_TW] = 2,
		[COUNTER_TW_RECYCLED] = 3,
		[COUNTER_TW_KILLED] = 4,
		[COUNTER_TIME_WAIT_OVERFLOW] = 14,
		[COUNTER_LISTEN_OVERFLOWS] = 5,
		[COUNTER_LISTEN_DROPS] = 6,
		[COUNTER_ABORT_ON_DATA] = 7,
		[COUNTER_ABORT_ON_CLOSE] = 8,
		[COUNTER_ABORT_ON_MEMORY] = 9,
		[COUNTER_ABORT_ON_TIMEOUT] = 10,
		[COUNTER_ABORT_ON_LINGER] = 11,
		[COUNTER_ABORT_FAILED] = 12,
		[COUNTER_MEMORY_PRESSURES] = 13,
	};
	struct limits l;

	(void)state;
	read_fake(machine, ARRAY_SIZE(machine), &l);
	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		if (l.counters[c] != expected[c])
			fail_msg("%s is %ju", name_of(counter_names, c), (uintmax_t)l.counters[c]);
}

static bool all_unknown(const struct limits *l)
{
	struct limits unknown;

	limits_init(&unknown);
	return memcmp(l, &unknown, sizeof(unknown)) == 0;
}

static void test_limits_read_missing_files(void **state)
{
	struct limits l = {0};

	(void)state;
	read_fake(NULL, 0, &l);
	assert_true(all_unknown(&l));
}

/* Each file alone: what it lacks must not become 0. */
static void test_limits_read_one_file_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machine); i++) {
		struct limits l, all;
		size_t same = 0, unknown = 0,
		       fields = offsetof(struct limits, reserved) / sizeof(uint64_t);

		read_fake(machine, ARRAY_SIZE(machine), &all);
		read_fake(&machine[i], 1, &l);
		for (size_t f = 0; f < fields; f++) {
			same += ((uint64_t *)&l)[f] == ((uint64_t *)&all)[f];
			unknown += ((uint64_t *)&l)[f] == UNKNOWN;
		}
		assert_int_equal(same + unknown, fields);
		/* Reserved ports mean nothing without the range. */
		assert_int_equal(same > 0, !strstr(machine[i].path, "reserved"));
	}
}

static void test_limits_read_malformed_files(void **state)
{
	static const struct file bad[] = {
		{"/proc/net/sockstat", "TCP: inuse -1 orphan x tw 4x alloc\n"},
		{"/proc/net/sockstat", "TCP:\n"},
		{"/proc/net/sockstat", "TCP: 1 inuse"},
		{"/proc/net/sockstat", ""},
		{"/proc/net/sockstat6", "TCP: inuse 1\n"},
		{"/proc/net/netstat", "TcpExt: TW TWKilled\n"},
		{"/proc/net/netstat", "TcpExt: TW TWKilled\nIpExt: 1 2\n"},
		{"/proc/net/netstat", "TcpExt: TW\nTcpExt:\n"},
		{"/proc/net/netstat", "TcpExt: TW\nTcpExt: 99999999999999999999\n"},
		{"/proc/sys/net/ipv4/tcp_mem", "1 2\n"},
		{"/proc/sys/net/ipv4/tcp_mem", "1 2 -3\n"},
		{"/proc/sys/net/ipv4/tcp_max_orphans", "\n"},
		{"/proc/sys/net/ipv4/ip_local_port_range", "32768 99999\n"},
		{"/proc/meminfo", "MemTotal: lots\n"},
		{"/proc/meminfo", "MemTotal: 18446744073709551614 kB\n"},
		{"/proc/meminfo", "MemFree: 1 kB\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct limits l;

		read_fake(&bad[i], 1, &l);
		if (!all_unknown(&l))
			fail_msg("a number was read from %s: '%s'", bad[i].path, bad[i].text);
	}
}

static uint64_t reserved_ports(const char *text)
{
	const struct file files[] = {
		{"/proc/sys/net/ipv4/ip_local_port_range", "1000 1999\n"},
		{"/proc/sys/net/ipv4/ip_local_reserved_ports", text},
	};
	struct limits l;

	read_fake(files, ARRAY_SIZE(files), &l);
	return l.ports_reserved;
}

static void test_limits_read_reserved_ports(void **state)
{
	(void)state;
	assert_int_equal(reserved_ports("\n"), 0);
	assert_int_equal(reserved_ports(""), 0);
	assert_int_equal(reserved_ports("1000\n"), 1);
	assert_int_equal(reserved_ports("999,1000-1001,1999,2000\n"), 3);
	assert_int_equal(reserved_ports("1-65535\n"), 1000);
	assert_true(reserved_ports("1500,1500\n") == UNKNOWN);
	assert_true(reserved_ports("1500-1400\n") == UNKNOWN);
	assert_true(reserved_ports("1500-\n") == UNKNOWN);
	assert_true(reserved_ports("1500 1600\n") == UNKNOWN);
	assert_true(reserved_ports("65536\n") == UNKNOWN);
}

static void test_limits_parse_counters_by_name(void **state)
{
	struct limits l;

	(void)state;
	limits_init(&l);
	limits_parse_counters(&l, "TcpExt: New TWKilled TW\nTcpExt: 7 8 9\n");
	assert_int_equal(l.counters[COUNTER_TW], 9);
	assert_int_equal(l.counters[COUNTER_TW_KILLED], 8);
	assert_true(l.counters[COUNTER_TW_RECYCLED] == UNKNOWN);
}

static void test_usage_percent(void **state)
{
	(void)state;
	assert_true(usage_percent(&(struct usage){0, 100}) == 0.0);
	assert_true(usage_percent(&(struct usage){50, 200}) == 25.0);
	assert_true(usage_percent(&(struct usage){300, 200}) == 150.0);
	assert_true(usage_percent(&(struct usage){5, 0}) < 0.0);
	assert_true(usage_percent(&(struct usage){UNKNOWN, 5}) < 0.0);
	assert_true(usage_percent(&(struct usage){5, UNKNOWN}) < 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_read_machine),
		cmocka_unit_test(test_limits_read_counters),
		cmocka_unit_test(test_limits_read_missing_files),
		cmocka_unit_test(test_limits_read_one_file_at_a_time),
		cmocka_unit_test(test_limits_read_malformed_files),
		cmocka_unit_test(test_limits_read_reserved_ports),
		cmocka_unit_test(test_limits_parse_counters_by_name),
		cmocka_unit_test(test_usage_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
