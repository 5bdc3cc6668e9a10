/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/format.h"
#include "basic/macro.h"

#include <inttypes.h>

const char heartbeat_how_to_set[] =
	"In the protocol, for any kind of peer: each side sends something at least every third of "
	"the timeout, and closes when nothing arrived for all of it. In TCP, where the protocol "
	"cannot be changed: SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT, so that "
	"idle + interval * count is the timeout (by default the first probe is sent after 2 h); "
	"and TCP_USER_TIMEOUT, the same in ms, for peers that vanish while data is in flight to "
	"them. Keepalive finds dead hosts, not programs that hang.";

const char heartbeat_trade_off[] =
	"Too long: dead peers keep their slots, their memory and their names, and a client that "
	"lost its connection cannot come back under the same name. Too short: a network glitch or "
	"a paused program disconnects peers that are alive. A game server notices in seconds, a "
	"login server can wait for minutes.";

/* A duration beyond 32 bits is the longest. */
static uint32_t clamp_ms(uint64_t ms)
{
	return (uint32_t)MIN(ms, (uint64_t)UINT32_MAX - 1);
}

void words_timeout(struct string *s, uint64_t ms)
{
	static const struct {
		uint32_t unit_ms;
		const char *name;
	} units[] = {{3600000, "h"}, {60000, "min"}, {1000, "s"}};
	char duration[FORMAT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms >= units[i].unit_ms && ms % units[i].unit_ms == 0) {
			string_addf(s, "%" PRIu64 " %s", ms / units[i].unit_ms, units[i].name);
			return;
		}
	}
	string_add(s, format_duration(duration, clamp_ms(ms)));
}

static void add_reason(
	struct string *s, const struct heartbeat_port *p, const struct heartbeat_advice *a)
{
	char typical[FORMAT_SIZE], peers[FORMAT_SIZE], rtt[FORMAT_SIZE];

	format_duration(typical, a->typical_ms);
	format_count(peers, a->peers);
	if (a->weak)
		string_addf(s,
			"In one snapshot, the %s peers that appear alive had been silent for %s at "
			"most",
			peers, typical);
	else
		string_addf(s,
			"Of %s peers that were heard again, 99.9 %% had been silent for %s at "
			"most",
			peers, typical);
	if (a->by_minimum)
		string_add(s, "; less than 5 s would disconnect them at one network glitch.");
	else if (a->by_rtt)
		string_addf(s,
			"; with round trips of up to %s, recovering from four losses in a row "
			"takes that long.",
			format_duration(rtt, histogram_quantile(&p->rtt_us, 0.99) / 1000));
	else
		string_add(s, "; this is three times that, rounded up.");
	if (a->cut_alive)
		string_addf(s,
			" It would have disconnected %s that were silent for longer and came back.",
			format_count(peers, a->cut_alive));
}

static void add_suggestion(
	struct string *s, const struct heartbeat_port *p, const struct heartbeat_advice *a)
{
	words_timeout(s, a->timeout_ms);
	string_addf(s, " without %s. ", a->basis == IDLE_DATA ? "data" : "any sign of life");
	add_reason(s, p, a);
	if (a->weak)
		string_add(s, " One snapshot sees each pause somewhere in its middle: watch with "
			      "--for before you rely on it.");
	if (a->basis == IDLE_ANY)
		string_add(s, " Many peers are alive and send nothing, so only TCP itself can show "
			      "who is gone: use keepalive and TCP_USER_TIMEOUT, or give the "
			      "protocol a heartbeat.");
}

void words_suggestion(struct string *s, const struct heartbeat_port *p,
	const struct heartbeat_advice *a, const struct heartbeat_numbers *n)
{
	char peers[FORMAT_SIZE], watched[FORMAT_SIZE];

	switch (a->verdict) {
	case ADVICE_SUGGESTED:
		add_suggestion(s, p, a);
		break;
	case ADVICE_TOO_FEW:
		string_addf(s,
			"none: a suggestion for a port needs at least %u peers that are alive.",
			ADVICE_PEERS_MIN);
		break;
	case ADVICE_TOO_SHORT:
		string_addf(s,
			"none: only %s peers were heard again in %s, too few to distinguish a "
			"pause from a dead peer. Watch for ",
			format_count(peers, a->peers),
			format_duration(watched, clamp_ms(n->watched_ms)));
		words_timeout(s, a->watch_ms);
		string_add_char(s, '.');
		break;
	case ADVICE_NO_INFO:
		string_add(s, "none: the kernel did not report how long these connections have "
			      "been idle.");
		break;
	}
}

void words_silent_peers(struct string *s, const struct heartbeat_advice *a)
{
	char number[FORMAT_SIZE], longest[FORMAT_SIZE];

	if (a->dead) {
		string_addf(s,
			"%s showed no sign of life for longer than that, up to %s: they appear "
			"dead.",
			format_count(number, a->dead),
			format_duration(longest, a->dead_longest_ms));
		if (a->dead_data)
			string_addf(s, " Data is in flight to %s of this port's peers.",
				format_count(number, a->dead_data));
	}
	if (a->doubtful)
		string_add(s, " They outnumber the peers that were heard, so they may only be "
			      "listening: turn on keepalive and see who answers before you "
			      "disconnect them.");
	if (a->idle)
		string_addf(s,
			"%s%s sent no data for as long but showed signs of life: they are alive, "
			"and a timeout on what the program reads would disconnect them.",
			a->dead || a->doubtful ? " " : "", format_count(number, a->idle));
}

void words_keepalive(struct string *s, const struct heartbeat_port *p)
{
	char on[FORMAT_SIZE], off[FORMAT_SIZE], number[FORMAT_SIZE];

	format_count(off, p->keepalive[KEEPALIVE_OFF]);
	if (p->keepalive[KEEPALIVE_ON])
		string_addf(s, "on for %s connections, off for %s",
			format_count(on, p->keepalive[KEEPALIVE_ON]), off);
	else
		string_addf(s, "off for all of %s connections", off);
	if (p->keepalive[KEEPALIVE_UNKNOWN])
		string_addf(s, ", unknown for %s that retransmit or probe",
			format_count(number, p->keepalive[KEEPALIVE_UNKNOWN]));
	if (p->keepalive[KEEPALIVE_ON])
		string_addf(s,
			"; the next probe is due within %s, so the idle time is at least that",
			format_duration(number, p->keepalive_next_ms));
	if (p->keepalive[KEEPALIVE_OFF])
		string_add(s, ". Without it, only data that is sent to a peer reveals that it is "
			      "gone");
	string_add(s, ". The kernel does not report TCP_USER_TIMEOUT.");
}

void words_heartbeat_verdict(
	struct string *s, const struct heartbeat_report *r, uint64_t dead, size_t ports)
{
	const struct heartbeat_numbers *n = &r->numbers;
	char number[FORMAT_SIZE];

	if (dead) {
		string_addf(s, "%s of ", format_count(number, dead));
		words_count(s, n->sockets, "connection", "connections");
		string_add(s, " appear dead on ");
		words_count(s, ports, "port", "ports");
	} else if (n->sockets) {
		string_add(s, "No dead connection found: ");
		words_count(s, n->sockets, "connection", "connections");
	} else {
		string_add(s, "No connections");
	}
	if (n->polls > 1)
		string_addf(s, "; watched %s, %" PRIu32 " polls",
			format_duration(number, clamp_ms(n->watched_ms)), n->polls);
	else
		string_add(s, "; one snapshot");
}

static void add_incomplete(struct string *s, const struct heartbeat_report *r)
{
	if (!r->scan.complete)
		string_add_printable(s, r->scan.error);
}

static void add_stopped(struct string *s, const struct heartbeat_report *r)
{
	if (r->numbers.watched_ms + 1000 >= r->requested_ms)
		return;
	string_add(s, "Stopped early, before the requested ");
	words_timeout(s, r->requested_ms);
	string_add_char(s, '.');
}

static void add_sampled(struct string *s, const struct heartbeat_report *r)
{
	char watched[FORMAT_SIZE], weight[FORMAT_SIZE];

	if (r->numbers.weight > 1)
		string_addf(s,
			"The longest idle times are those of a sample: %s connections, each of "
			"which stands for %s.",
			format_count(watched, r->numbers.watched),
			format_count(weight, r->numbers.weight));
}

static void add_without_info(struct string *s, const struct heartbeat_report *r)
{
	if (!r->numbers.without_info)
		return;
	string_add(s, "The kernel reported no times for ");
	words_count(s, r->numbers.without_info, "connection.", "connections.");
}

const struct heartbeat_reservation heartbeat_reservations[HEARTBEAT_RESERVATIONS] = {
	{"INCOMPLETE: ", SEVERITY_WARNING, add_incomplete},
	{"", SEVERITY_OK, add_stopped},
	{"", SEVERITY_OK, add_sampled},
	{"", SEVERITY_OK, add_without_info},
};
