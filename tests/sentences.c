/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints every sentence that the program can say, with sample numbers: "make sentences". It walks
 * the tables, so that a new row appears by itself; tests/lint/wording.lint reads it.
 */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"
#include "output/check.h"
#include "output/explain.h"
#include "output/heartbeat_text.h"
#include "output/sock_table.h"
#include "output/text.h"
#include "output/watch.h"
#include "output/words.h"
#include "unit/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const struct text_style style = {.columns = 100};

/* The sentence under way. */
static char buffer[4 * SENTENCE_SIZE];
static struct string s;

static void start(void)
{
	s = STRING_IN(buffer);
}

static void end(void)
{
	if (s.error)
		abort();
	if (s.length)
		printf("%s\n", buffer);
	start();
}

static void heading(const char *text)
{
	printf("\n== %s ==\n", text);
}

static const struct destination database = {
	.sockets = 27000, .family = AF_INET, .port = 3306, .address = {10, 0, 0, 5}};

static void finding(const struct finding *f)
{
	words_finding(&s, f);
	end();
}

static const struct owner game = {
	.kind = OWNER_UNIT,
	.name = "game.service",
	.unit = "game.service",
	.cgroup = "/system.slice/game.service",
};

static const struct owner web = {
	.kind = OWNER_UNIT,
	.name = "web.service",
	.unit = "web.service",
	.cgroup = "/system.slice/web.service",
};

static const struct owner activated = {
	.kind = OWNER_UNIT,
	.name = "mud.socket",
	.unit = "mud.socket",
	.cgroup = "/system.slice/mud.socket",
};

/* On a server's port, on a client's, with and without an owner, and on many ports. */
static void findings_of_groups(const struct diagnosis *d)
{
	struct finding f = {
		.id = d->id,
		.has_port = true,
		.service.port = 7777,
		.whose.owner = &game,
		.sockets = 412,
		.memory_bytes = 1593204,
		.oldest_ms = 913400,
		.usage = USAGE_UNKNOWN,
		.cause = CAUSE_NONE,
	};

	finding(&f);
	f.whose.is_mixed = true;
	finding(&f);
	f.whose = (struct whose){
		.is_mixed = true,
		.shares = {{&game, NULL, 212}, {&web, NULL, 150}, {&activated, NULL, 40}},
		.shares_count = 3,
		.others = 2,
		.others_sockets = 10,
	};
	finding(&f);
	f.whose = (struct whose){.owner = &activated, .is_acceptor = true};
	finding(&f);
	f.whose.is_acceptor = false;
	f.service.side = SIDE_CLIENT;
	f.whose = (struct whose){0};
	f.oldest_ms = UNKNOWN_U32;
	finding(&f);
	f.has_port = false;
	f.scope = SCOPE_OWNER;
	f.ports = 60;
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		f.causes[c] = d->causes & SYMPTOM_BIT(c) ? 100 + c : 0;
	for (f.owner_key.side = 0; f.owner_key.side <= SIDE_COUNT; f.owner_key.side++)
		finding(&f);
	f.owner_key = (struct owner_key){.cgroup = 4711, .side = SIDE_COUNT};
	finding(&f);
	f.is_rest = true;
	f.whose = (struct whose){.owner = &game};
	finding(&f);
}

static void findings_of_limits(const struct diagnosis *d)
{
	struct finding f = {
		.id = d->id,
		.service.port = 7777,
		.has_port = d->judge != judge_limits,
		.whose.owner = &game,
		.sockets = UNKNOWN,
		.memory_bytes = UNKNOWN,
		.oldest_ms = UNKNOWN_U32,
		.usage = {27000, 28232},
		.cause = CAUSE_NONE,
	};

	if (d->judge == judge_limits && d->limit == LIMIT_CLIENT_PORTS)
		f.destination = database;
	finding(&f);
}

static void advice(const char *id, enum symptom cause)
{
	const struct advice a = words_advice(id, cause);

	printf("why: %s\ndo: %s\nsee: %s\n", a.why, a.fix, a.see);
}

static void print_findings(void)
{
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		heading(d->id);
		if (d->judge != judge_groups)
			findings_of_limits(d);
		if (d->judge == judge_groups || d->judge == judge_syn_recv)
			findings_of_groups(d);
		advice(d->id, CAUSE_NONE);
		for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
			if (d->causes & SYMPTOM_BIT(c))
				advice(d->id, c);
	}
}

static void alert(const struct rule *r)
{
	struct alert a = {
		.rule = *r,
		.owner = game,
		.numbers = {27.5, 412, 1593204, 913400, UNKNOWN, UNKNOWN, {27000, 28232}, {0}},
	};

	a.rule.window_ms = 600000;
	if (r->measure == MEASURE_PERCENT && r->limit == LIMIT_CLIENT_PORTS)
		a.numbers.destination = database;
	a.key.scope = SCOPE_TOTAL;
	if (r->scopes & SCOPE_BIT(SCOPE_OWNER)) {
		a.key.scope = SCOPE_OWNER;
		a.key.owner_key.side = SIDE_COUNT;
		a.numbers.ports = 60;
	}
	if (r->scopes & SCOPE_BIT(SCOPE_PORT))
		a.key = (struct alert_key){
			.scope = SCOPE_PORT, .service.side = SIDE_SERVER, .service.port = 7777};
	words_alert(&s, &a);
	end();
}

static struct rule plain_rule(enum measure measure)
{
	struct rule r = RULE_DEFAULT;

	r.measure = measure;
	r.states = STATE_SET_CLOSING;
	return r;
}

static void print_alerts(void)
{
	heading("alerts of the built-in rules");
	for (size_t i = 0; i < built_in_rules_count; i++) {
		printf("%s: ", built_in_rules[i].name);
		alert(&built_in_rules[i]);
	}
	heading("alerts of each measure and scope");
	for (enum measure m = 0; m < MEASURE_COUNT; m++) {
		for (enum scope scope = 0; scope < SCOPE_COUNT; scope++) {
			struct rule r = plain_rule(m);

			r.scopes = SCOPE_BIT(scope);
			if (r.scopes & ~rule_possible_scopes(&r))
				continue;
			alert(&r);
		}
	}
	heading("alerts of each limit");
	for (enum rule_limit l = 0; l < LIMIT_COUNT; l++) {
		struct rule r = plain_rule(MEASURE_PERCENT);

		r.limit = l;
		r.scopes = rule_possible_scopes(&r);
		alert(&r);
	}
	heading("alerts of each counter");
	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++) {
		struct rule r = plain_rule(MEASURE_RATE);

		r.counter = c;
		r.scopes = SCOPE_BIT(SCOPE_TOTAL);
		alert(&r);
	}
	heading("alerts of sockets that somebody has");
	for (enum sock_ownership o = 0; o < OWNERSHIP_COUNT; o++) {
		struct rule r = plain_rule(MEASURE_SOCKETS);

		r.ownerships = OWNERSHIP_BIT(o);
		r.older_than_ms = 60000;
		r.states =
			o ? STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_LAST_ACK) : STATE_SET_ALL;
		alert(&r);
	}
}

static void print_events(void)
{
	struct alert_event e = {
		.alert = {.rule = built_in_rules[0],
			.key = {.scope = SCOPE_PORT, .service.port = 7777},
			.numbers = {412, 412, 1593204, UNKNOWN_U32, UNKNOWN, UNKNOWN, {0}, {0}}}};

	heading("events");
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++) {
		e.kind = k;
		e.alert.is_ruleless = k == EVENT_CLEARED;
		words_event(&s, &e);
		end();
	}
}

/* A leak, a healthy port, a client; every reservation applies. */
static void fill(struct sample *sample)
{
	struct port_tally *row;

	sample_init(sample);
	row = sample_port(sample, SIDE_SERVER, 7777);
	row->creators.first.owner = &game;
	row->creators.first.user = "game";
	sample_held(sample, row, STATE_CLOSE_WAIT, 412);
	sample_mini(sample, row, 150);
	sample_orphans(sample, row, STATE_FIN_WAIT_2, 20);
	sample_held(sample, row, STATE_FIN_WAIT_2, 30);
	row = sample_port(sample, SIDE_SERVER, 80);
	row->listening = false;
	sample_held(sample, row, STATE_ESTABLISHED, 3);
	sample_held(sample, sample_port(sample, SIDE_CLIENT, 5432), STATE_TIME_WAIT, 1);
	sample->snapshot.rows = sample->rows;
	sample->snapshot.rows_count = sample->snapshot.ports_count;
}

static void reserve(struct sample *sample)
{
	struct snapshot *snapshot = &sample->snapshot;

	snapshot->scan.complete = false;
	snapshot->scan.source = "proc";
	strcpy(snapshot->scan.error, "the dump was cut short");
	strcpy(snapshot->scan.note, "sock_diag: Operation not permitted");
	snapshot->established_from_counter = true;
	snapshot->origin.replayed = true;
	strcpy(snapshot->origin.netns, "blue");
	port_set_add(&sample->services.ports, 7777);
	port_set_add(&sample->services.ports, 80);
	port_set_add(&sample->services.ports, 90);
	snapshot->filter.ports = &sample->services;
	snapshot->filter.states = STATE_SET_CLOSING;
	snapshot->filter.sides[SIDE_CLIENT] = false;
}

static void print_snapshot_words(struct sample *sample)
{
	struct snapshot *snapshot = &sample->snapshot;
	struct close_rates rates = {.watched_ms = 60000};
	struct finding f = {.id = "close-wait-not-closed",
		.has_port = true,
		.sockets = 412,
		.oldest_ms = UNKNOWN_U32,
		.whose = {.owner = &game, .user = "game"}};
	struct age_stats ages = {.tracked = 412, .median_ms = 8100, .added = UNKNOWN_U32};
	struct alerts *alerts;

	heading("verdicts");
	words_nothing_found(&s, snapshot);
	end();
	snapshot->filter.states = STATE_SET_CLOSING;
	words_nothing_found(&s, snapshot);
	end();
	snapshot->scan.complete = false;
	words_nothing_found(&s, snapshot);
	end();
	snapshot->scan.complete = true;
	snapshot->filter.states = STATE_SET_ALL;

	heading("status");
	if (alerts_new(&alerts) < 0)
		abort();
	words_status(&s, snapshot, alerts);
	end();
	if (alerts_restore(alerts, &(struct alert){.rule = built_in_rules[0],
					   .key = {.scope = SCOPE_PORT, .service.port = 7777},
					   .state = ALERT_RAISED}) < 0)
		abort();
	words_status(&s, snapshot, alerts);
	end();
	alerts_free(alerts);

	heading("estimates");
	for (unsigned i = PRICES_FROM_SLABINFO; i <= PRICES_FROM_TABLE; i++) {
		snapshot->prices.source = (enum price_source)i;
		words_prices(&s, snapshot);
		end();
	}
	for (enum close_rates_flow i = 0; i < FLOW_COUNT; i++)
		rates.sums[i] = (struct close_rates_sum){(double)i + 1, 60000};
	rates.sums[FLOW_PASSIVE_OPENS].amount = 1500;
	words_close_rates(&s, &rates);
	end();

	heading("details of a finding");
	words_since(&s, &f);
	end();
	f.ages = &ages;
	f.oldest_ms = 913400;
	words_since(&s, &f);
	end();
	ages.added = 17;
	words_since(&s, &f);
	end();
	words_whose(&s, &f);
	end();
}

static void print_documents(struct sample *sample)
{
	const struct process process = {.pid = 4711,
		.comm = "game",
		.command = "game --port 7777",
		.descriptors_count = 20};
	const struct processes processes = {.count = 0, .refused = 2, .unheld = 9, .omitted = 1};
	const struct holders explicit = {&processes, 0, true}, implicit = {NULL, 0, true};
	const struct descriptors descriptors = {.list = {7, 8}, .known = 2, .total = 20};
	struct findings f;

	if (diagnose(&sample->snapshot, true, &f) < 0)
		abort();
	heading("the text");
	(void)text_print(stdout, &sample->snapshot, &f, &style);
	heading("--explain");
	(void)explain_print(stdout, &sample->snapshot, &f, &explicit, &style);
	(void)explain_print(stdout, &sample->snapshot, &f, &implicit, &style);
	words_process(&s, &process, &descriptors);
	end();
	findings_release(&f);
}

static void print_socks(void)
{
	struct sock_observation observed = {.record = {.state = STATE_CLOSE_WAIT,
						    .family = AF_INET,
						    .local_port = 7777,
						    .remote_port = 40000},
		.age_ms = UNKNOWN_U32};
	const struct sock_list list = {.list = &observed, .count = 1, .offered = 412};

	heading("--sockets");
	(void)sock_table_print(stdout, &list, &style);
	observed.age_ms = 5000;
	(void)sock_table_print(stdout, &list, &style);
}

static void check(struct sample *sample, const char *warning, bool quiet)
{
	struct thresholds w = {0}, c = {0};
	struct findings f = {0};
	const char *word;
	enum check_status status;
	size_t length;

	if (warning && thresholds_parse(&w, warning, &word, &length) < 0)
		abort();
	if (!quiet && diagnose(&sample->snapshot, false, &f) < 0)
		abort();
	(void)check_print(stdout, &sample->snapshot, &f, &w, &c, &status);
	findings_release(&f);
}

static void print_checks(struct sample *sample)
{
	heading("--check");
	check(sample, NULL, true);
	check(sample, NULL, false);
	check(sample, "CLOSE_WAIT=100000", false);
	check(sample, "1M,CLOSE_WAIT=100", false);
	sample->snapshot.scanned = STATE_BIT(STATE_ESTABLISHED);
	check(sample, "CLOSE_WAIT=100", false);
	check(sample, "ESTABLISHED=100", false);
	sample->snapshot.scanned = STATE_SET_ALL;
	reserve(sample);
	check(sample, NULL, false);
	(void)check_print_unknown(stdout, "cannot read the recording: No such file or directory");
}

static void print_watch(struct sample *sample)
{
	struct alert leak = {.rule = built_in_rules[0],
		.key = {.scope = SCOPE_PORT, .service.port = 7777},
		.state = ALERT_RAISED,
		.numbers = {412, 412, 1593204, UNKNOWN_U32, UNKNOWN, UNKNOWN, {0}, {0}}};
	const struct alert *alerts[] = {&leak};
	struct findings f;
	struct watch_frame frame = {.snapshot = &sample->snapshot,
		.findings = &f,
		.alerts = alerts,
		.alerts_count = 1,
		.alerts_omitted = 3,
		.interval_ms = 2000};

	heading("--watch");
	if (diagnose(&sample->snapshot, false, &f) < 0)
		abort();
	(void)watch_print(stdout, &frame, &style, NULL);
	frame.failure = "sock_diag: No buffer space available";
	frame.failures = 3;
	(void)watch_print(stdout, &frame, &style, NULL);
	leak.rule.severity = SEVERITY_CRITICAL;
	frame.failure = NULL;
	(void)watch_print(stdout, &frame, &style, NULL);
	findings_release(&f);
}

static void print_heartbeats(void)
{
	static struct heartbeat_port port = {
		.service.port = 7777, .sockets = 150, .mute = 3, .keepalive = {100, 40, 10}};
	struct heartbeat_line line = {.port = &port};
	struct heartbeat_report report = {
		.scan = {.complete = false, .error = "the dump was cut short"},
		.requested_ms = 3600000,
		.numbers = {.sockets = 150,
			.without_info = 3,
			.polls = 61,
			.watched_ms = 60000,
			.watched = 60000,
			.weight = 4},
		.lines = &line,
		.lines_count = 1,
		.omitted = {2, 1234},
	};

	heading("--heartbeat");
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		histogram_add(&port.ended_ms[k], 1000, 100);
		histogram_add(&port.longest_ms[k], 1000 + 5000U * k, 150);
		histogram_add(&port.idle_ms[k], 500 + 5000U * k, 150);
	}
	histogram_add(&port.rtt_us, 24000, 150);
	for (unsigned i = 0; i < 12; i++) {
		line.advice = (struct heartbeat_advice){
			.verdict = i < 4 ? (enum advice_verdict)i : ADVICE_SUGGESTED,
			.weak = i & 1,
			.basis = i & 8 ? IDLE_ANY : IDLE_DATA,
			.peers = 100,
			.typical_ms = 4000,
			.timeout_ms = 15000,
			.by_rtt = i == 5,
			.by_minimum = i == 6,
			.doubtful = i == 7,
			.cut_alive = i & 8 ? 2 : 0,
			.dead = i & 1 ? 50 : 0,
			.dead_data = 7,
			.dead_longest_ms = 3600000,
			.idle = i & 2 ? 5 : 0,
			.watch_ms = 7200000,
		};
		words_suggestion(&s, &port, &line.advice, &report.numbers);
		end();
		if (line.advice.verdict == ADVICE_SUGGESTED)
			words_silent_peers(&s, &line.advice);
		end();
	}
	(void)heartbeat_text_print(stdout, &report, &style);
	port.keepalive[KEEPALIVE_ON] = port.keepalive[KEEPALIVE_UNKNOWN] = 0;
	report.numbers.polls = 1;
	line.advice.dead = 0;
	(void)heartbeat_text_print(stdout, &report, &style);
	report.numbers.sockets = report.lines_count = 0;
	(void)heartbeat_text_print(stdout, &report, &style);
}

int main(void)
{
	static struct sample sample;

	start();
	print_findings();
	print_alerts();
	print_events();
	fill(&sample);
	print_snapshot_words(&sample);
	print_documents(&sample);
	print_watch(&sample);
	print_checks(&sample);
	print_documents(&sample);
	print_watch(&sample);
	print_socks();
	print_heartbeats();
	return 0;
}
