/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "model/heartbeat.h"
#include "unit.h"

#include <math.h>
#include <string.h>

/* A peer that sends a segment of data every period_ms, beginning at phase_ms after time 0. */
struct peer {
	uint64_t cookie;
	uint32_t period_ms, phase_ms; /* period 0: silent since idle_since_ms before time 0 */
	uint32_t idle_since_ms;
	uint32_t segments; /* how many make one message; 0: one */
	uint8_t timer;
};

/* Longer than anything before time 0 that matters. */
#define ORIGIN_MS 100000000

static struct sock_record observe_one(const struct peer *p, uint16_t port, uint64_t now_ms)
{
	struct sock_record r = {
		.state = STATE_ESTABLISHED,
		.kind = KIND_FULL,
		.timer = p->timer,
		.expires_ms = p->timer ? 7000 : 0,
		.has_info = true,
		.cookie = p->cookie,
		.local_port = port,
		.remote_port = 50000,
	};
	uint64_t time = now_ms + ORIGIN_MS, messages = 0, silent = p->idle_since_ms + now_ms;

	if (p->period_ms) {
		messages = (time - p->phase_ms) / p->period_ms;
		silent = (time - p->phase_ms) % p->period_ms;
	}
	r.info = (struct sock_info){
		.last_data_recv_ms = (uint32_t)silent,
		.last_ack_recv_ms = (uint32_t)silent + 500000,
		.last_data_sent_ms = 123,
		.rtt_us = 40000,
		.segments_in = (uint32_t)(messages * (p->segments ? p->segments : 1)),
		.data_segments_in = (uint32_t)(messages * (p->segments ? p->segments : 1)),
	};
	return r;
}

static struct heartbeat *new_heartbeat(bool watch, uint32_t watched_max)
{
	const struct heartbeat_context context = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.watch = watch,
		.watched_max = watched_max,
	};
	struct heartbeat *h;

	assert_int_equal(heartbeat_new(&context, &h), 0);
	return h;
}

static void listen_on(struct heartbeat *h, uint16_t port)
{
	const struct sock_record r = {.state = STATE_LISTEN, .local_port = port};

	heartbeat_count(h, &r);
}

/* Looks at peers that all talk to one port, every interval_ms for duration_ms. */
static struct heartbeat *watch(
	const struct peer *peers, size_t count, uint64_t duration_ms, uint64_t interval_ms)
{
	struct heartbeat *h = new_heartbeat(true, IDLE_TIMES_WATCHED_DEFAULT);

	for (uint64_t now = 0; now <= duration_ms; now += interval_ms) {
		heartbeat_start(h, now);
		listen_on(h, 7777);
		for (size_t i = 0; i < count; i++) {
			struct sock_record r = observe_one(&peers[i], 7777, now);

			heartbeat_count(h, &r);
		}
		heartbeat_end(h);
	}
	heartbeat_finish(h);
	return h;
}

static const struct heartbeat_port *only_port(const struct heartbeat *h)
{
	size_t count;
	const struct heartbeat_port *const *ports = heartbeat_ports(h, &count);

	assert_int_equal(count, 1);
	return ports[0];
}

static void assert_within(uint32_t value, double truth, double percent)
{
	if (fabs(value - truth) > truth * percent / 100)
		fail_msg("%u is not within %.0f %% of %.0f", value, percent, truth);
}

#define PEERS 200

/* Whatever the period and the interval of polls: the gap between segments is reported. */
static void test_heartbeat_reports_the_period_of_regular_peers(void **state)
{
	static const uint32_t periods[] = {50, 200, 999, 1000, 1001, 5000, 60000};
	static const uint64_t intervals[] = {1000, 1300, 5000};
	static struct peer peers[PEERS];

	(void)state;
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
			struct heartbeat *h;
			const struct heartbeat_port *port;

			for (uint32_t j = 0; j < PEERS; j++)
				peers[j] = (struct peer){.cookie = j + 1,
					.period_ms = periods[p],
					.phase_ms = periods[p] * j / PEERS};
			h = watch(peers, PEERS, 2 * (uint64_t)periods[p] + 20000, intervals[i]);
			port = only_port(h);
			assert_int_equal(port->ended_ms[IDLE_DATA].count, PEERS);
			assert_within(
				histogram_quantile(&port->ended_ms[IDLE_DATA], 0.5), periods[p], 5);
			assert_within(histogram_quantile(&port->ended_ms[IDLE_ANY], 0.999),
				periods[p], 5);
			/* One poll: phases are spread, so idle times are too. */
			assert_within(histogram_quantile(&port->idle_ms[IDLE_DATA], 0.9),
				periods[p] * 0.9, 10);
			heartbeat_free(h);
		}
	}
}

/* Ten segments a message are ten arrivals at one moment, not ten short gaps. */
static void test_heartbeat_is_not_misled_by_messages_of_many_segments(void **state)
{
	static struct peer peers[PEERS];
	struct heartbeat *h;

	(void)state;
	for (uint32_t j = 0; j < PEERS; j++)
		peers[j] = (struct peer){.cookie = j + 1,
			.period_ms = 10000,
			.phase_ms = 10000 * j / PEERS,
			.segments = 10};
	h = watch(peers, PEERS, 60000, 1000);
	assert_within(histogram_quantile(&only_port(h)->ended_ms[IDLE_DATA], 0.5), 10000, 10);
	heartbeat_free(h);
}

static void test_heartbeat_idle_peers_never_end(void **state)
{
	static const struct peer peers[] = {
		{.cookie = 1, .idle_since_ms = 3600000},
		{.cookie = 2, .period_ms = 1000},
	};
	struct heartbeat *h = watch(peers, 2, 10000, 1000);
	const struct heartbeat_port *port = only_port(h);

	(void)state;
	assert_int_equal(port->longest_ms[IDLE_DATA].count, 2);
	assert_int_equal(port->longest_ms[IDLE_DATA].largest, 3610000);
	assert_int_equal(port->ended_ms[IDLE_DATA].count, 1);
	assert_int_equal(port->idle_ms[IDLE_DATA].largest, 3610000);
	heartbeat_free(h);
}

static void test_heartbeat_one_poll(void **state)
{
	static const struct peer peers[] = {
		{.cookie = 1, .idle_since_ms = 100, .timer = TIMER_KEEPALIVE},
		{.cookie = 2, .idle_since_ms = 300},
		{.cookie = 3, .idle_since_ms = 200, .timer = TIMER_RETRANSMIT},
	};
	struct heartbeat *h = new_heartbeat(false, 0);
	const struct heartbeat_port *port;
	struct heartbeat_numbers n;

	(void)state;
	heartbeat_start(h, 5);
	listen_on(h, 7777);
	for (size_t i = 0; i < 3; i++) {
		struct sock_record r = observe_one(&peers[i], 7777, 0);

		heartbeat_count(h, &r);
	}
	heartbeat_end(h);
	heartbeat_finish(h);
	port = only_port(h);
	n = heartbeat_numbers(h);
	assert_int_equal(port->service.side, SIDE_SERVER);
	assert_int_equal(port->sockets, 3);
	assert_int_equal(histogram_quantile(&port->longest_ms[IDLE_DATA], 1), 300);
	assert_int_equal(port->ended_ms[IDLE_DATA].count, 0);
	assert_int_equal(histogram_quantile(&port->sent_ms, 1), 123);
	assert_int_equal(histogram_quantile(&port->rtt_us, 0.5), 40000);
	assert_int_equal(port->keepalive[KEEPALIVE_ON], 1);
	assert_int_equal(port->keepalive[KEEPALIVE_OFF], 1);
	assert_int_equal(port->keepalive[KEEPALIVE_UNKNOWN], 1);
	assert_int_equal(port->keepalive_next_ms, 7000);
	assert_int_equal(port->unacknowledged, 1);
	assert_int_equal(n.polls, 1);
	assert_int_equal(n.watched_ms, 0);
	assert_int_equal(n.watched, 0);
	heartbeat_free(h);
}

/* An acknowledgement ends an idle time, but is no data. */
static void test_heartbeat_reports_symptoms_from_data(void **state)
{
	struct heartbeat *h = new_heartbeat(false, 0);
	struct sock_record r =
		observe_one(&(struct peer){.cookie = 1, .idle_since_ms = 900000}, 7777, 0);

	(void)state;
	r.info.last_ack_recv_ms = 40;
	heartbeat_start(h, 0);
	listen_on(h, 7777);
	heartbeat_count(h, &r);
	heartbeat_end(h);
	heartbeat_finish(h);
	assert_int_equal(only_port(h)->idle_ms[IDLE_DATA].largest, 900000);
	assert_int_equal(only_port(h)->idle_ms[IDLE_ANY].largest, 40);
	heartbeat_free(h);
}

static void test_heartbeat_unknown_is_not_counted_as_idle_time(void **state)
{
	struct heartbeat *h = new_heartbeat(true, 16);
	struct sock_record r = observe_one(&(struct peer){.cookie = 1}, 7777, 0);
	const struct heartbeat_port *port;

	(void)state;
	heartbeat_start(h, 0);
	r.info = (struct sock_info){
		UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32, 0, UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32, 0};
	heartbeat_count(h, &r);
	r.has_info = false;
	r.cookie = 2;
	heartbeat_count(h, &r);
	heartbeat_end(h);
	heartbeat_finish(h);
	port = only_port(h);
	assert_int_equal(port->sockets, 2);
	assert_int_equal(heartbeat_numbers(h).without_info, 1);
	assert_int_equal(port->idle_ms[IDLE_DATA].count, 0);
	assert_int_equal(port->longest_ms[IDLE_ANY].count, 0);
	assert_int_equal(port->rtt_us.count, 0);
	heartbeat_free(h);
}

static void test_heartbeat_sides_and_filter(void **state)
{
	struct heartbeat_context context = {
		.filter = FILTER_ALL, .port_first = 32768, .port_last = 60999};
	struct sock_record client = {.state = STATE_ESTABLISHED,
		.local_port = 40000,
		.remote_port = 5432,
		.has_info = true,
		.cookie = 9};
	struct heartbeat *h;

	(void)state;
	context.filter.sides[SIDE_SERVER] = false;
	assert_int_equal(heartbeat_new(&context, &h), 0);
	heartbeat_start(h, 0);
	listen_on(h, 7777);
	heartbeat_count(h, &client);
	client.local_port = 7777;
	client.remote_port = 40001;
	heartbeat_count(h, &client);
	client.state = STATE_CLOSE_WAIT;
	client.local_port = 40000;
	heartbeat_count(h, &client);
	heartbeat_end(h);
	assert_int_equal(only_port(h)->service.side, SIDE_CLIENT);
	assert_int_equal(only_port(h)->service.port, 5432);
	assert_int_equal(only_port(h)->sockets, 1);
	heartbeat_free(h);
}

/* Beyond the bound it samples: the numbers stay near, the memory does not grow. */
static void test_heartbeat_samples_beyond_its_bound(void **state)
{
	struct heartbeat *h = new_heartbeat(true, 1000);
	const struct heartbeat_port *port;
	struct heartbeat_numbers n;

	(void)state;
	for (uint64_t now = 0; now <= 3000; now += 1000) {
		heartbeat_start(h, now);
		listen_on(h, 7777);
		for (uint32_t i = 0; i < 50000; i++) {
			const struct peer p = {.cookie = 1000000 + i,
				.period_ms = i % 10 ? 500 : 2000,
				.phase_ms = i % 500};
			struct sock_record r = observe_one(&p, 7777, now);

			heartbeat_count(h, &r);
		}
	}
	heartbeat_end(h);
	heartbeat_finish(h);
	port = only_port(h);
	n = heartbeat_numbers(h);
	assert_in_range(n.watched, 400, 1000);
	assert_int_equal(n.weight, 64);
	assert_int_equal(port->sockets, 50000);
	assert_within((uint32_t)port->longest_ms[IDLE_DATA].count, 50000, 10);
	assert_within(histogram_quantile(&port->ended_ms[IDLE_DATA], 0.5), 500, 5);
	heartbeat_free(h);
}

static void test_heartbeat_ports_beyond_the_bound_are_counted(void **state)
{
	struct heartbeat *h = new_heartbeat(false, 0);
	struct heartbeat_numbers n;
	size_t count;

	(void)state;
	for (int poll = 0; poll < 2; poll++) {
		heartbeat_start(h, 0);
		for (uint16_t port = 1; port <= HEARTBEAT_PORTS_MAX + 10; port++) {
			struct sock_record r = observe_one(&(struct peer){.cookie = port}, port, 0);

			listen_on(h, port);
			heartbeat_count(h, &r);
		}
	}
	heartbeat_end(h);
	heartbeat_finish(h);
	n = heartbeat_numbers(h);
	(void)heartbeat_ports(h, &count);
	assert_int_equal(count, HEARTBEAT_PORTS_MAX);
	assert_int_equal(n.rest_ports, 10);
	assert_int_equal(n.rest_sockets, 10);
	assert_int_equal(n.sockets, HEARTBEAT_PORTS_MAX + 10);
	heartbeat_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heartbeat_reports_the_period_of_regular_peers),
		cmocka_unit_test(test_heartbeat_is_not_misled_by_messages_of_many_segments),
		cmocka_unit_test(test_heartbeat_idle_peers_never_end),
		cmocka_unit_test(test_heartbeat_one_poll),
		cmocka_unit_test(test_heartbeat_reports_symptoms_from_data),
		cmocka_unit_test(test_heartbeat_unknown_is_not_counted_as_idle_time),
		cmocka_unit_test(test_heartbeat_sides_and_filter),
		cmocka_unit_test(test_heartbeat_samples_beyond_its_bound),
		cmocka_unit_test(test_heartbeat_ports_beyond_the_bound_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
