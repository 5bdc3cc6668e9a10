/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/heartbeat_words.h"

#include "basic/macro.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char heartbeat_how_to_set[] =
	"In the protocol, for any kind of peer: each side sends something at least every third of "
	"the timeout and closes when nothing came for all of it. In TCP, where the protocol cannot "
	"be changed: SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT, so that idle + "
	"interval * count is the timeout (without them the first probe goes out after 2 h); and "
	"TCP_USER_TIMEOUT, the same in ms, for peers that vanish while data is under way to them. "
	"Keepalive finds dead hosts, not programs that hang.";

const char heartbeat_trade_off[] =
	"Too long: dead peers keep their seats, their memory and their names, and who lost the "
	"connection cannot come back under the same one. Too short: a bad moment of a network, or "
	"a "
	"pause of a program, cuts peers that live. A game server notices in seconds, a login "
	"server "
	"can wait for minutes.";

/* Adds to a text of HEARTBEAT_WORDS_SIZE. */
__attribute__((format(printf, 2, 3))) static void add(char *buf, const char *format, ...)
{
	size_t used = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + used, HEARTBEAT_WORDS_SIZE - used, format, args);
	va_end(args);
}

const char *heartbeat_format_timeout(char buf[FORMAT_SIZE], uint32_t ms)
{
	static const struct {
		uint32_t unit_ms;
		const char *name;
	} units[] = {{3600000, "h"}, {60000, "min"}, {1000, "s"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms >= units[i].unit_ms && ms % units[i].unit_ms == 0) {
			snprintf(buf, FORMAT_SIZE, "%" PRIu32 " %s", ms / units[i].unit_ms,
				units[i].name);
			return buf;
		}
	}
	return format_duration(buf, ms);
}

static const char *without_what(const struct heartbeat_advice *a)
{
	return a->basis == IDLE_DATA ? "data" : "any sign";
}

static void add_reason(char *buf, const struct heartbeat_port *p, const struct heartbeat_advice *a)
{
	char typical[FORMAT_SIZE], peers[FORMAT_SIZE], rtt[FORMAT_SIZE];

	format_duration(typical, a->typical_ms);
	format_count(peers, a->peers);
	if (a->weak)
		add(buf, "At one look, the %s peers that seem alive were silent for %s at most",
			peers, typical);
	else
		add(buf,
			"Of %s peers that were heard again, 99.9 %% had been silent for %s at "
			"most",
			peers, typical);
	if (a->by_minimum)
		add(buf, "; less than 5 s would cut them for one bad moment of a network.");
	else if (a->by_rtt)
		add(buf,
			"; with round trips of up to %s, four losses in a row take that long to "
			"repair.",
			format_duration(rtt, histogram_quantile(&p->rtt_us, 0.99) / 1000));
	else
		add(buf, "; this is three times that, rounded up.");
	if (a->cut_alive)
		add(buf, " %s that were silent for longer, and came back, it would have cut.",
			format_count(peers, a->cut_alive));
}

static void add_reservations(char *buf, const struct heartbeat_advice *a)
{
	if (a->weak)
		add(buf, " A look meets each silence somewhere in its middle: watch with --for "
			 "before you rely on it.");
	if (a->basis == IDLE_ANY)
		add(buf, " Many peers live and send nothing, so the sign to wait for is TCP's own: "
			 "use keepalive and TCP_USER_TIMEOUT, or give the protocol a heartbeat.");
}

static void suggest(char *buf, const struct heartbeat_port *p, const struct heartbeat_advice *a)
{
	char timeout[FORMAT_SIZE];

	add(buf, "%s without %s. ", heartbeat_format_timeout(timeout, a->timeout_ms),
		without_what(a));
	add_reason(buf, p, a);
	add_reservations(buf, a);
}

static void ask_for_longer(
	char *buf, const struct heartbeat_advice *a, const struct heartbeat_numbers *n)
{
	char peers[FORMAT_SIZE], watched[FORMAT_SIZE], longer[FORMAT_SIZE];

	add(buf,
		"none: only %s peers were heard again in %s, too few to tell their pauses from "
		"their deaths. Watch for %s.",
		format_count(peers, a->peers),
		format_duration(watched, (uint32_t)MIN(n->watched_ms, (uint64_t)UINT32_MAX - 1)),
		heartbeat_format_timeout(longer, a->watch_ms));
}

const char *heartbeat_suggestion(char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_port *p,
	const struct heartbeat_advice *a, const struct heartbeat_numbers *n)
{
	buf[0] = '\0';
	switch (a->verdict) {
	case ADVICE_SUGGESTED:
		suggest(buf, p, a);
		break;
	case ADVICE_TOO_FEW:
		add(buf, "none: %u living peers are the least that say something about a port.",
			ADVICE_PEERS_MIN);
		break;
	case ADVICE_TOO_SHORT:
		ask_for_longer(buf, a, n);
		break;
	case ADVICE_NO_INFO:
		add(buf, "none: the kernel did not tell how long these connections are silent.");
		break;
	}
	return buf;
}

const char *heartbeat_silent_peers(char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_advice *a)
{
	char number[FORMAT_SIZE], longest[FORMAT_SIZE];

	buf[0] = '\0';
	if (a->dead) {
		add(buf, "%s gave no sign for longer than that, up to %s: they look dead.",
			format_count(number, a->dead),
			format_duration(longest, a->dead_longest_ms));
		if (a->dead_data)
			add(buf, " Data is under way to %s of this port's peers.",
				format_count(number, a->dead_data));
	}
	if (a->doubtful)
		add(buf,
			" They are more than those that were heard, so they may only be listening: "
			"turn keepalive on, and see who answers, before you cut them.");
	if (a->idle)
		add(buf,
			"%s%s sent no data for as long, but gave a sign: they live, and a timeout "
			"on "
			"what the program reads would cut them.",
			*buf ? " " : "", format_count(number, a->idle));
	return buf;
}

const char *heartbeat_keepalive(char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_port *p)
{
	char on[FORMAT_SIZE], off[FORMAT_SIZE], unknown[FORMAT_SIZE], next[FORMAT_SIZE];

	buf[0] = '\0';
	format_count(off, p->keepalive[KEEPALIVE_OFF]);
	if (p->keepalive[KEEPALIVE_ON])
		add(buf, "runs on %s connections, not on %s",
			format_count(on, p->keepalive[KEEPALIVE_ON]), off);
	else
		add(buf, "runs on none of %s connections", off);
	if (p->keepalive[KEEPALIVE_UNKNOWN])
		add(buf, ", and cannot be seen on %s that retransmit or probe",
			format_count(unknown, p->keepalive[KEEPALIVE_UNKNOWN]));
	if (p->keepalive[KEEPALIVE_ON])
		add(buf, "; a probe is due in up to %s, so it is set to at least that",
			format_duration(next, p->keepalive_next_ms));
	if (p->keepalive[KEEPALIVE_OFF])
		add(buf, ". Without it, nothing but data that is sent to a peer finds out that it "
			 "is gone");
	add(buf, ". Who has TCP_USER_TIMEOUT set, the kernel does not tell.");
	return buf;
}
