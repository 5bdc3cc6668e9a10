/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services: what listens where, and what its sockets look like when it listens no more. */
#include "basic/macro.h"
#include "lab/scenario.h"
#include "lab/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Sockets of one service, and what they have in common. */
struct survey {
	uint64_t sockets, listeners, full, waiting, with_device, orphans;
	uint64_t fullest_waiting, fullest_backlog; /* of the listener that is most full */
	uint64_t cgroup;                           /* of the last */
	uint32_t device;                           /* whose sockets with_device counts */
	uint16_t first_peer, last_peer;            /* the lowest and highest port of a peer */
};

static void survey_listener(struct survey *v, const struct sock_record *r)
{
	v->listeners++;
	v->waiting += r->receive_queue;
	/* The kernel takes one connection more than the backlog (include/net/sock.h:
	 * sk_acceptq_is_full). */
	v->full += r->receive_queue > r->send_queue;
	if (r->receive_queue >= v->fullest_waiting) {
		v->fullest_waiting = r->receive_queue;
		v->fullest_backlog = r->send_queue;
	}
}

static void survey_record(const struct sock_record *r, void *userdata)
{
	struct survey *v = userdata;

	v->with_device += v->device && r->device == v->device;
	v->cgroup = r->cgroup_id ? r->cgroup_id : v->cgroup;
	if (r->state == STATE_LISTEN) {
		survey_listener(v, r);
		return;
	}
	v->first_peer = v->sockets ? MIN(v->first_peer, r->remote_port) : r->remote_port;
	v->last_peer = MAX(v->last_peer, r->remote_port);
	v->sockets++;
}

static struct survey survey(struct stage *s, const struct connect_options *o, uint32_t device)
{
	struct survey v = {.device = device};

	stage_records(s, SERVER, o, survey_record, &v);
	return v;
}

static void play_listener_gone(struct stage *s)
{
	enum { CONNECTIONS = 50 };
	const struct connect_options o = {0};
	struct connection list[CONNECTIONS], kept, late;
	struct survey v;

	/* A common tuning: the service's own port is one that clients could have. */
	stage_sysctl(s, SERVER, "ipv4/ip_local_port_range", "1024 65535");
	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "1024 65535");
	kept = stage_connect(s, &o);
	stage_connect_many(s, &o, list, ARRAY_SIZE(list));
	call_close_listener(s, &o);
	expect_count(s, SERVER, STATE_LISTEN, 0);
	expect_number(s, "connect() returns",
		call_connect(s, &(struct connect_options){.unheard = true}, &late), -ECONNREFUSED);
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	expect_count(s, SERVER, STATE_CLOSE_WAIT, CONNECTIONS);

	stage_remark(s, "a connection outlives the listener:");
	call_send(s, &kept.client, 1);
	expect_receive(s, &kept.server, 1, SOON_MS, 1);
	v = survey(s, &o, 0);
	expect_number(s, "the sockets of this local port are", (long)v.sockets, CONNECTIONS + 1);
	expect_true(s, "their peers have many ports, in the range of this machine too",
		v.last_peer - v.first_peer >= CONNECTIONS && v.first_peer >= 1024);
	expect_true(s, "no listener is left to name the service", v.listeners == 0);
}

static void play_same_port(struct stage *s)
{
	enum { LEAKED = 60 };
	const struct connect_options web = {.own_address = true},
				     game = {.own_address = true, .server_address = 1};
	struct connection list[LEAKED], healthy;

	healthy = stage_connect(s, &web);
	stage_connect_many(s, &game, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	expect_count(s, SERVER, STATE_CLOSE_WAIT, LEAKED);
	expect_count_of(s, SERVER, STATE_CLOSE_WAIT, &game, LEAKED);
	expect_count_of(s, SERVER, STATE_CLOSE_WAIT, &web, 0);
	expect_count_of(s, SERVER, STATE_ESTABLISHED, &web, 1);
	stage_remark(s, "the leaking one is stopped; the other still listens on that port:");
	call_close_listener(s, &game);
	expect_count_of(s, SERVER, STATE_LISTEN, &game, 0);
	expect_count_of(s, SERVER, STATE_LISTEN, &web, 1);
	expect_count_of(s, SERVER, STATE_CLOSE_WAIT, &game, LEAKED);
	expect_state(s, &healthy.server, STATE_ESTABLISHED, SOON_MS, NULL);
}

static void play_device(struct stage *s)
{
	const struct connect_options first = {.server_device = FIRST_CABLE},
				     second = {.server_device = SECOND_CABLE,
					     .client_device = SECOND_CABLE,
					     .client_address = 1};
	struct connection a, b;
	struct sock_record r = {0};
	struct survey v;

	stage_second_cable(s);
	a = stage_connect(s, &first);
	b = stage_connect(s, &second);
	expect_state(s, &a.server, STATE_ESTABLISHED, SOON_MS, &r);
	expect_number(s, "its device is", r.device, stage_device_index(FIRST_CABLE));
	expect_state(s, &b.server, STATE_ESTABLISHED, SOON_MS, &r);
	expect_number(s, "its device is", r.device, stage_device_index(SECOND_CABLE));
	v = survey(s, &second, stage_device_index(SECOND_CABLE));
	expect_number(
		s, "listener and connection with the second device are", (long)v.with_device, 2);

	stage_remark(s, "TIME_WAIT keeps the device:");
	call_close(s, &b.server, NULL);
	call_close(s, &b.client, NULL);
	expect_state(s, &b.server, STATE_TIME_WAIT, SOON_MS, &r);
	expect_number(s, "its device is", r.device, stage_device_index(SECOND_CABLE));
}

static void play_stuck_worker(struct stage *s)
{
	enum { WORKERS = 4, BACKLOG = 16, BATCH = 20, BATCHES = 8 };
	const struct connect_options o = {.group = WORKERS, .backlog = BACKLOG, .unanswered = true};
	struct connection batch[BATCH];
	struct survey v;
	size_t accepted = 0;

	for (size_t i = 0; i < BATCHES; i++) {
		stage_connect_many(s, &o, batch, ARRAY_SIZE(batch));
		accepted += call_accept_but_first(s, &o);
	}
	expect_counter(s, SERVER, COUNTER_LISTEN_OVERFLOWS, 1);
	accepted += call_accept_but_first(s, &o);
	v = survey(s, &o, 0);
	expect_number(s, "listeners", (long)v.listeners, WORKERS);
	expect_number(s, "listeners whose queue is full", (long)v.full, 1);
	expect_number(s, "connections in that queue", (long)v.fullest_waiting, BACKLOG + 1);
	expect_number(s, "its backlog", (long)v.fullest_backlog, BACKLOG);
	expect_true(s, "the sum of the queues is far below the sum of the backlogs",
		v.waiting < (uint64_t)WORKERS * BACKLOG / 2);
	expect_true(s, "the other workers accept", accepted > (size_t)BATCH * BATCHES / 2);
}

static void play_backlog_zero(struct stage *s)
{
	enum { CLIENTS = 10 };
	const struct connect_options o = {.backlog = BACKLOG_ZERO, .unanswered = true};
	struct connection list[CLIENTS];
	struct survey v;

	stage_connect_many(s, &o, list, ARRAY_SIZE(list));
	expect_count(s, CLIENT, STATE_ESTABLISHED, 1);
	expect_count(s, CLIENT, STATE_SYN_SENT, CLIENTS - 1);
	v = survey(s, &o, 0);
	expect_number(s, "connections in the queue", (long)v.fullest_waiting, 1);
	expect_number(s, "the backlog", (long)v.fullest_backlog, 0);
	expect_counter(s, SERVER, COUNTER_LISTEN_OVERFLOWS, CLIENTS - 1);
}

static void play_cgroups(struct stage *s)
{
	enum { LEAKED = 20 };
	const struct connect_options web = {.own_address = true},
				     game = {.own_address = true, .server_address = 1};
	struct connection list[LEAKED], c;
	struct survey of_web, of_game;

	stage_cgroup(s, "web.service");
	c = stage_connect(s, &web);
	stage_cgroup(s, "game.service");
	stage_connect_many(s, &game, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	expect_count_of(s, SERVER, STATE_CLOSE_WAIT, &game, LEAKED);
	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, NULL);
	of_web = survey(s, &web, 0);
	of_game = survey(s, &game, 0);
	expect_true(s, "each socket has the cgroup of the program that listens",
		of_web.cgroup && of_game.cgroup && of_web.cgroup != of_game.cgroup);

	stage_remark(s, "web.service makes the listener, game.service accepts:");
	stage_cgroup(s, "web.service");
	call_listen(s, &(struct connect_options){.port = STAGE_PORT + 1});
	stage_cgroup(s, "game.service");
	c = stage_connect(s, &(struct connect_options){.port = STAGE_PORT + 1});
	expect_true(s, "the connection has the cgroup of the listener, not of who accepted it",
		survey(s, &(struct connect_options){.port = STAGE_PORT + 1}, 0).cgroup ==
			of_web.cgroup);
	call_close(s, &c.server, NULL);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_TIME_WAIT, SOON_MS, NULL);
}

/* Ends the program of the first run with a connection open, which the client then closes too. */
static void crash(struct stage *s, const struct connect_options *o)
{
	struct connection c;

	c = stage_connect(s, o);
	call_close_listener(s, o);
	call_close(s, &c.server, NULL);
	expect_receive(s, &c.client, 1, SOON_MS, 0);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_TIME_WAIT, SOON_MS, NULL);
}

static void play_restart(struct stage *s)
{
	const struct connect_options without = {.no_reuse_address = true}, with = {0},
				     other = {.port = STAGE_PORT + 1},
				     other_without = {
					     .port = STAGE_PORT + 1, .no_reuse_address = true};
	struct connection c;

	stage_remark(s, "a server without SO_REUSEADDR crashes, and is restarted:");
	crash(s, &without);
	expect_number(s, "bind() returns", call_listen(s, &without), -EADDRINUSE);
	stage_remark(s, "an update sets SO_REUSEADDR; the TIME_WAIT is of the run without:");
	expect_number(s, "bind() returns", call_listen(s, &with), -EADDRINUSE);

	stage_remark(s, "one that always sets it:");
	crash(s, &other);
	expect_number(s, "bind() returns", call_listen(s, &other), 0);

	stage_remark(s, "not TIME_WAIT alone: a connection that a child holds does the same:");
	c = stage_connect(s, &other);
	call_close_listener(s, &other);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);
	expect_number(s, "bind() returns", call_listen(s, &other_without), -EADDRINUSE);
	expect_number(s, "bind() returns", call_listen(s, &other), 0);
}

const struct scenario scenarios_service[] = {
	{
		"listener-gone",
		"The listener is closed, its connections stay",
		play_listener_gone,
		.lesson =
			"A connection does not need its listener: after close() of the listener it "
			"works on, or leaks on. No socket says any more that it is a server's; "
			"that many peers share one local port does, whatever "
			"net.ipv4.ip_local_port_range is.",
	},
	{"same-port-two-addresses", "Two services on one port, each on an address of its own",
		play_same_port,
		.lesson = "Services that are bound to addresses share a port, and each connection "
			  "belongs to the one whose address it has. Counted by port alone, one "
			  "program's leak is taken for another's."},
	{"listener-on-device", "A service that is bound to a device (SO_BINDTODEVICE)", play_device,
		.lesson = "Two services may listen on one port when each is bound to a device of "
			  "its own, as with VRFs. Their connections are bound to it too, in "
			  "TIME_WAIT as well."},
	{"reuseport-stuck-worker", "SO_REUSEPORT: one of four workers hangs, its queue is full",
		play_stuck_worker,
		.lesson = "The kernel spreads connections over the listeners of a group by a hash, "
			  "whether they accept or not: clients of the one that hangs time out, "
			  "while the sum of the queues looks fine. Judge each listener by itself."},
	{"backlog-zero", "listen() with a backlog of 0: one connection fits", play_backlog_zero,
		.lesson = "The kernel takes one connection more than the backlog, so with 0 one "
			  "waits and all others stay in SYN_SENT until it is accepted. Ask for "
			  "more than the clients that can come at once."},
	{"owners-in-cgroups", "Whose socket: the cgroup of the program that listened", play_cgroups,
		.lesson = "A socket belongs to the cgroup of the program that made its listener, "
			  "even when another one accepts it, as with socket activation. The "
			  "process that holds it can be in another one."},
	{"restart-time-wait", "A crashed server cannot bind() again: EADDRINUSE", play_restart,
		.lesson = "TIME_WAIT and inherited connections of the former run block bind() of "
			  "its port unless SO_REUSEADDR was set in both runs: the option is a "
			  "socket's, and its connections keep it. Set it on every listener before "
			  "bind().",
		.windows = "SO_REUSEADDR there lets another program take the port; use "
			   "SO_EXCLUSIVEADDRUSE."},
	{0},
};
