/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots made by hand, for the tests of what is judged and printed. */
#ifndef TCPSTATED_TESTS_UNIT_SAMPLE_H
#define TCPSTATED_TESTS_UNIT_SAMPLE_H

#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/finding.h"
#include "model/snapshot.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_ROWS 320

/* Owners made by hand, until that many more are. */
#define SAMPLE_OWNERS 8

static inline const struct owner *sample_owner(const char *path)
{
	static struct owner owners[SAMPLE_OWNERS];
	static unsigned next;
	struct owner *o = &owners[next++ % SAMPLE_OWNERS];

	owner_from_path(path, o);
	return o;
}

struct sample {
	struct snapshot snapshot;
	struct port_tally rows[SAMPLE_ROWS], rest;
	const struct port_tally *ports[SAMPLE_ROWS];
	struct service_set services;
};

/* An empty machine of 16 GiB whose scan went well and whose limits are far away. */
static inline void sample_init(struct sample *sample)
{
	struct snapshot *s = &sample->snapshot;

	memset(sample, 0, sizeof(*sample));
	s->origin.time = (struct timespec){.tv_sec = 1795340400, .tv_nsec = 123456789};
	strcpy(s->origin.host, "gs1");
	strcpy(s->origin.boot_id, "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11");
	strcpy(s->origin.kernel, "6.18.44");
	strcpy(s->origin.netns, "host");
	s->scan = (struct scan){
		.source = "sock_diag",
		.complete = true,
		.wall_us = 112000,
		.cpu_us = 111000,
	};
	s->scanned = STATE_SET_ALL;
	s->filter = FILTER_ALL;
	OBJECT_FOREACH(o)
		s->prices.object[o] = (struct price){.bytes = 256, .object_size = 256};
	s->prices.object[OBJECT_TCP_SOCK].bytes = 2521;
	s->prices.object[OBJECT_TW_SOCK].bytes = 264;
	s->slab_bytes = 3250000;
	limits_init(&s->limits);
	s->limits.mem_total_bytes = UINT64_C(16) << 30;
	s->limits.tw_buckets = (struct usage){0, 131072};
	s->limits.orphans = (struct usage){0, 65536};
	s->limits.tcp_mem_pages = (struct usage){457, 573432};
	s->limits.tcp_mem_low_pages = 286716;
	s->limits.tcp_mem_pressure_pages = 382290;
	for (size_t i = 0; i < COUNTER_COUNT; i++)
		s->limits.counters[i] = i;
	s->client_ports = (struct usage){0, 28232};
	STATE_FOREACH(i)
		s->totals.states[i].oldest_ms = UNKNOWN_U32;
	for (size_t i = 0; i < SAMPLE_ROWS; i++) {
		sample->ports[i] = &sample->rows[i];
		STATE_FOREACH(j)
			sample->rows[i].states[j].oldest_ms = UNKNOWN_U32;
	}
	STATE_FOREACH(j)
		sample->rest.states[j].oldest_ms = UNKNOWN_U32;
	s->ports = sample->ports;
	s->rows = sample->rows;
	s->rest = &sample->rest;
}

static inline struct port_tally *sample_port(
	struct sample *sample, enum sock_side side, uint16_t port)
{
	struct port_tally *row = &sample->rows[sample->snapshot.ports_count++];

	sample->snapshot.rows_count++;
	row->service.side = (uint8_t)side;
	row->service.port = port;
	row->listening = side == SIDE_SERVER;
	row->listeners = row->listening;
	row->backlog = row->listening ? 4096 : 0;
	row->backlogs = row->backlog;
	return row;
}

/*
 * Counts sockets of a state on a port, or in the rest (row NULL), and in the totals.
 */
static inline void sample_add(struct sample *sample, struct port_tally *row, enum tcp_state state,
	const struct state_tally *tally)
{
	struct snapshot *s = &sample->snapshot;

	state_tally_add(row ? &row->states[state] : &sample->rest.states[state], tally);
	if (!row)
		s->omitted.sockets += tally->sockets,
			s->omitted.memory_bytes += tally->memory_bytes;
	state_tally_add(&s->totals.states[state], tally);
	s->totals.sockets += tally->sockets;
	s->totals.memory_bytes += tally->memory_bytes;
	if (state_set_has(STATE_SET_CLOSING, state)) {
		s->totals.closing_sockets += tally->sockets;
		s->totals.closing_memory_bytes += tally->memory_bytes;
	}
	s->scan.sockets += tally->sockets;
}

/* Lets sockets that were added show a symptom. */
static inline void sample_symptom(
	struct sample *sample, struct port_tally *row, enum symptom symptom, uint32_t sockets)
{
	struct symptom_tally *places[] = {
		&sample->snapshot.totals.symptoms[symptom],
		row ? &row->symptoms[symptom] : &sample->rest.symptoms[symptom],
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		places[i]->sockets += sockets;
		places[i]->memory_bytes += sockets * UINT64_C(3867);
	}
}

/* Sockets of the usual price that a process holds, or, for TIME_WAIT, mini ones; CLOSE_WAIT after
 * its end was read. */
static inline void sample_held(
	struct sample *sample, struct port_tally *row, enum tcp_state state, uint32_t sockets)
{
	bool mini = state == STATE_TIME_WAIT;

	sample_add(sample, row, state,
		&(struct state_tally){
			.sockets = sockets,
			.memory_bytes = (uint64_t)sockets * (mini ? 264 : 3867),
			.mini = mini ? sockets : 0,
			.oldest_ms = mini ? 59900 : UNKNOWN_U32,
		});
	if (state == STATE_CLOSE_WAIT)
		sample_symptom(sample, row, SYMPTOM_EOF_READ, sockets);
}

/* Lets the sockets of a row have an age: so many of them are old. */
static inline void sample_aged(struct port_tally *row, enum tcp_state state, uint32_t aged)
{
	row->states[state].dated = row->states[state].sockets;
	row->states[state].aged = aged;
	row->states[state].oldest_ms = aged ? AGED_MS + 90000 : 400;
}

/* Who created the sockets of a row, by the cgroup. */
static inline void sample_creator(
	struct port_tally *row, uint64_t cgroup, const struct owner *owner)
{
	row->creators.first = (struct creator){.cgroup = cgroup, .reported = true, .owner = owner};
}

/* FIN_WAIT_2 that the kernel keeps as mini sockets. */
static inline void sample_mini(struct sample *sample, struct port_tally *row, uint32_t sockets)
{
	sample_add(sample, row, STATE_FIN_WAIT_2,
		&(struct state_tally){
			.sockets = sockets,
			.memory_bytes = (uint64_t)sockets * 264,
			.mini = sockets,
			.oldest_ms = 58000,
		});
}

static inline void sample_orphans(
	struct sample *sample, struct port_tally *row, enum tcp_state state, uint32_t sockets)
{
	sample_add(sample, row, state,
		&(struct state_tally){
			.sockets = sockets,
			.memory_bytes = (uint64_t)sockets * 2530,
			.orphan = sockets,
			.oldest_ms = UNKNOWN_U32,
		});
}

static inline void sample_unaccepted(
	struct sample *sample, struct port_tally *row, enum tcp_state state, uint32_t sockets)
{
	sample_add(sample, row, state,
		&(struct state_tally){
			.sockets = sockets,
			.memory_bytes = (uint64_t)sockets * 3977,
			.unaccepted = sockets,
			.oldest_ms = UNKNOWN_U32,
		});
}

/*
 * What a call that writes to "out" wrote, as a string that the caller frees; the call's result goes
 * to *(result): SAMPLE_REPORTED(&r, json_print(out, ...)).
 */
#define SAMPLE_REPORTED(result, call)                                                              \
	({                                                                                         \
		char *reported_ = NULL;                                                            \
		size_t size_;                                                                      \
		FILE *out = open_memstream(&reported_, &size_);                                    \
		*(result) = (call);                                                                \
		fclose(out);                                                                       \
		reported_;                                                                         \
	})

#endif
