/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place for sentences: every output says the same in the same words. Each function adds to
 * a string (basic/string.h), without a full stop unless it is a paragraph, and adds nothing if
 * there is nothing to say. Foreign names are printable and bounded, so that they never push the
 * numbers out. "make sentences" prints them all.
 */
#ifndef TCPSTATED_OUTPUT_WORDS_H
#define TCPSTATED_OUTPUT_WORDS_H

#include "basic/string.h"
#include "judge/alert.h"
#include "judge/close_rates.h"
#include "judge/finding.h"
#include "judge/heartbeat_advice.h"
#include "model/process.h"

#include <stdint.h>

/* Room for any sentence about a finding, an alert or an event. */
#define SENTENCE_SIZE 1024

/* How many bytes of an owner's name are shown. */
#define OWNER_SHOWN 120

/* "OK", "NOTE", "WARNING", "CRITICAL" */
extern const char *const severity_labels[];

/* Foreign text, printable and at most max bytes of it; "..." ends what is longer. */
void words_name(struct string *s, const char *name, size_t max);

/* "80", "192.0.2.7:80", "[fe80::7%eth1]:80", "*%eth1:80"; the port alone if it is the port's only
 * service. device is as in device_label(). */
void words_service(
	struct string *s, const struct service_key *service, const char *device, bool is_only);

/* "game.service", "mostly game.service", "accepted by mud.socket", "212 of game.service, 88 of
 * web.service", "300 of game.service, 12 of 3 others" */
void words_owner(struct string *s, const struct whose *whose);

/* "1 socket", "1,000 sockets" */
void words_count(struct string *s, uint64_t n, const char *one, const char *many);

/* RFC 3339, or "?". */
void words_time(struct string *s, const struct timespec *t);

/* Findings, alerts and events. */

/* "port 7777 (game.service): 412 CLOSE_WAIT, not closed by the program, 1.6 MiB" */
void words_finding(struct string *s, const struct finding *f);

/* "port 7777 (game.service): 412 CLOSE_WAIT for 60 s or longer, held by a program, 1.6 MiB" */
void words_alert(struct string *s, const struct alert *a);

/* "raised close-wait-leak: " and the sentence of its alert */
void words_event(struct string *s, const struct alert_event *e);

/* Paragraphs about a finding or an alert; static storage. */
struct advice {
	const char *why; /* the cause and the consequence */
	const char *fix;
	const char *see; /* where to read on */
};

/* Of a diagnosis and its cause or CAUSE_NONE; all NULL for an id that has none, or NULL. */
struct advice words_advice(const char *id, enum symptom cause);

/* About a snapshot. */

/* "4 sockets (3 closing), 5.6 KiB" */
void words_totals(struct string *s, const struct snapshot *snapshot);

/* "Nothing found: " and the totals */
void words_nothing_found(struct string *s, const struct snapshot *snapshot);

/* The totals, how many alerts are in force, and the worst of them. */
void words_status(struct string *s, const struct snapshot *snapshot, const struct alerts *alerts);

/* "gs1, Linux 6.18.44, network namespace blue, 2026-11-22T09:40:00.123Z, read in 112 ms, replayed
 * from a recording"; took_us may be UNKNOWN. */
void words_origin(struct string *s, const struct origin *o, uint64_t took_us);

/* "80,443,192.0.2.7:80"; a longer list is cut behind a comma. */
void words_ports(struct string *s, const struct service_set *ports);

/* What makes the numbers incomplete, to be said before them. */
struct reservation {
	const char *label;
	enum severity severity;
	void (*add)(struct string *s, const struct snapshot *snapshot);
};

#define RESERVATIONS 5
extern const struct reservation reservations[RESERVATIONS];

/* What the estimate of memory rests on. */
void words_prices(struct string *s, const struct snapshot *snapshot);

/* "orphans, whole host (tcp_max_orphans)" */
void words_limit(struct string *s, enum rule_limit limit, const struct snapshot *snapshot);

/* "closes per minute: 1,200 local, about 300 by peers, 20 resets"; what is unknown is left out. */
void words_close_rates(struct string *s, const struct close_rates *c);

/* Details of a finding. */

/* "oldest 15 min; median 8.1 s; up to 420 new in the last minute" */
void words_since(struct string *s, const struct finding *f);

/* "game.service, user game", "held by game.service, user game; accepted by mud.socket" */
void words_whose(struct string *s, const struct finding *f);

/* Each says so if it did not look at everything: a filter, an incomplete scan, services that are
 * not counted one by one. */

/* "port 80 (nginx.service): nothing found; 4 sockets, 5.6 KiB: 3 ESTABLISHED, 1 LISTEN" */
void words_nothing_on_port(
	struct string *s, const struct snapshot *snapshot, const struct port_tally *row);

/* "Nothing found on 40 more ports." */
void words_nothing_on_ports(struct string *s, const struct snapshot *snapshot, uint64_t ports);

/* "No socket on port 7780." */
void words_no_socket_on(
	struct string *s, const struct snapshot *snapshot, const struct service_set *ports);

/* What a process has of a finding's sockets. */
struct descriptors {
	uint32_t list[PROCESS_DESCRIPTORS_MAX];
	size_t known;   /* in the list */
	uint64_t total; /* copies included */
};

/* "pid 4711 (game), 3 descriptors: 7, 8, 9; command: game --port 7777" */
void words_process(struct string *s, const struct process *p, const struct descriptors *d);

/* What makes the processes less than all of them. */
void words_refused(struct string *s, const struct processes *p);
void words_unheld(struct string *s, const struct processes *p);
extern const char words_use_processes[];
extern const char words_processes_omitted[];

/* Heartbeats. */

/* A length of time as it is set: "5 s", "90 s", "15 min", "2 h". */
void words_timeout(struct string *s, uint64_t ms);

/* What is suggested and why, or why nothing is. */
void words_suggestion(struct string *s, const struct heartbeat_port *p,
	const struct heartbeat_advice *a, const struct heartbeat_numbers *n);

/* Who is silent for longer than the suggestion, and what that means. */
void words_silent_peers(struct string *s, const struct heartbeat_advice *a);

/* Which of the connections TCP itself would find dead, as far as the kernel reports it. */
void words_keepalive(struct string *s, const struct heartbeat_port *p);

/* "5 of 20 connections appear dead on 1 port; watched 15 min, 30 polls" */
void words_heartbeat_verdict(
	struct string *s, const struct heartbeat_report *r, uint64_t dead, size_t ports);

/* As struct reservation. */
struct heartbeat_reservation {
	const char *label;
	enum severity severity;
	void (*add)(struct string *s, const struct heartbeat_report *r);
};

#define HEARTBEAT_RESERVATIONS 4
extern const struct heartbeat_reservation heartbeat_reservations[HEARTBEAT_RESERVATIONS];

/* How a timeout is set, and what happens if it is too long or too short; static storage. */
extern const char heartbeat_how_to_set[];
extern const char heartbeat_trade_off[];

#endif
