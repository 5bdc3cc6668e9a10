/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/sock_table.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/tally.h"
#include "output/stream.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

const char *sock_timer_word(enum sock_timer timer)
{
	static const char *const words[] = {
		[TIMER_NONE] = "-",
		[TIMER_RETRANSMIT] = "retransmit",
		[TIMER_KEEPALIVE] = "keepalive",
		[TIMER_TIME_WAIT] = "time-wait",
		[TIMER_PROBE] = "probe",
	};

	return timer < ARRAY_SIZE(words) ? words[timer] : "?";
}

static const char *age_of(char buf[FORMAT_SIZE], const struct sock_observation *s)
{
	return s->age_ms == UNKNOWN_U32 ? strcpy(buf, "-") : format_duration(buf, s->age_ms);
}

/* The timer, and how long it still runs. */
static const char *timer_of(char buf[FORMAT_SIZE], const struct sock_record *r)
{
	char left[FORMAT_SIZE];

	if (r->timer == TIMER_NONE)
		return strcpy(buf, "-");
	snprintf(buf, FORMAT_SIZE, "%.20s %.30s", sock_timer_word((enum sock_timer)r->timer),
		format_duration(left, r->expires_ms));
	return buf;
}

static void print_ends(FILE *out, const struct sock_record *r)
{
	char local[FORMAT_SIZE], remote[FORMAT_SIZE];

	fprintf(out, "%s", format_endpoint(local, r->family, r->local_address, r->local_port));
	if (r->state != STATE_LISTEN)
		fprintf(out, " - %s",
			format_endpoint(remote, r->family, r->remote_address, r->remote_port));
}

static void print_socket(FILE *out, const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	char age[FORMAT_SIZE], memory[FORMAT_SIZE], timer[FORMAT_SIZE];

	fprintf(out, "%-14s %8s %9s %10" PRIu32 " %10" PRIu32 "  %s\n",
		state_name((enum tcp_state)r->state), age_of(age, s),
		format_bytes(memory, s->memory_bytes), r->receive_queue, r->send_queue,
		timer_of(timer, r));
	fputs("  ", out);
	print_ends(out, r);
	fprintf(out, "%s%s\n", s->owner ? "  " : "", s->owner ? s->owner : "");
}

int sock_table_print(FILE *out, const struct sock_list *l, const struct text_style *style)
{
	const bool aged = l->count && l->list[0].age_ms != UNKNOWN_U32;
	char count[FORMAT_SIZE], offered[FORMAT_SIZE], line[256];

	fputc('\n', out);
	snprintf(line, sizeof(line), "%s of %s sockets, %s.", format_count(count, l->count),
		format_count(offered, l->offered),
		aged ? "the oldest in their state first, then the largest whose age is not known"
		     : "the largest first, since no age is known");
	text_paragraph(out, style, SEVERITY_OK, "", line);
	if (!l->count)
		return stream_finish(out);
	fprintf(out, "%s%-14s %8s %9s %10s %10s  %s%s\n", text_color(style, SEVERITY_OK), "STATE",
		"AGE", "MEMORY", "RECEIVE-Q", "SEND-Q", "TIMER", text_plain(style));
	for (size_t i = 0; i < l->count; i++)
		print_socket(out, &l->list[i]);
	return stream_finish(out);
}
