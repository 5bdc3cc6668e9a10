/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/sock_table.h"

#include "basic/format.h"
#include "basic/unknown.h"
#include "output/words.h"

#include <inttypes.h>
#include <string.h>

static const char *const timer_list[] = {
	[TIMER_NONE] = "-",
	[TIMER_RETRANSMIT] = "retransmit",
	[TIMER_KEEPALIVE] = "keepalive",
	[TIMER_TIME_WAIT] = "time-wait",
	[TIMER_PROBE] = "probe",
};

const struct names timer_names = NAMES(timer_list);

static const char *age_of(char buf[FORMAT_SIZE], const struct sock_observation *s)
{
	return is_known(s->age_ms) ? format_duration(buf, s->age_ms) : strcpy(buf, "-");
}

/* The timer, and how long it still runs. */
static const char *timer_of(char buf[FORMAT_SIZE], const struct sock_record *r)
{
	char left[FORMAT_SIZE];

	if (r->timer == TIMER_NONE)
		return strcpy(buf, "-");
	snprintf(buf, FORMAT_SIZE, "%.20s %.30s", name_of(timer_names, r->timer),
		format_duration(left, r->expires_ms));
	return buf;
}

const char *sock_local_end(char buf[ENDPOINT_SIZE], const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;

	return format_device_endpoint(
		buf, r->family, r->local_address, s->device_name, r->local_port);
}

const char *sock_remote_end(char buf[ENDPOINT_SIZE], const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	const struct sock_address remote = sock_address_remote(r);
	const bool zoned = sock_address_is_link_local(&remote);

	return format_device_endpoint(
		buf, r->family, r->remote_address, zoned ? s->device_name : "", r->remote_port);
}

static void add_ends(struct page *p, const struct sock_observation *s)
{
	char end[ENDPOINT_SIZE];

	string_add(&p->out, sock_local_end(end, s));
	if (s->record.state != STATE_LISTEN)
		string_addf(&p->out, " - %s", sock_remote_end(end, s));
}

static void add_socket(struct page *p, const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	char age[FORMAT_SIZE], memory[FORMAT_SIZE], timer[FORMAT_SIZE];

	string_addf(&p->out, "%-14s %8s %9s %10" PRIu32 " %10" PRIu32 "  %s\n  ",
		state_name((enum tcp_state)r->state), age_of(age, s),
		format_bytes(memory, s->memory_bytes), r->receive_queue, r->send_queue,
		timer_of(timer, r));
	add_ends(p, s);
	if (s->owner) {
		string_add(&p->out, "  ");
		words_name(&p->out, s->owner->name, OWNER_SHOWN);
	}
	string_add_char(&p->out, '\n');
}

int sock_table_print(FILE *out, const struct sock_list *l, const struct text_style *style)
{
	const bool aged = l->count && is_known(l->list[0].age_ms);
	struct page p = page_new(style);
	char number[FORMAT_SIZE], heading[128];

	string_addf(&p.sentence, "%s of ", format_count(number, l->count));
	words_count(&p.sentence, l->offered, "socket", "sockets");
	string_add(&p.sentence,
		aged ? ", the oldest in their state first, then the largest of unknown age."
		     : ", the largest first, since no age is known.");
	string_add_char(&p.out, '\n');
	page_paragraph(&p, SEVERITY_OK, "");
	if (l->count) {
		snprintf(heading, sizeof(heading), "%-14s %8s %9s %10s %10s  %s", "STATE", "AGE",
			"MEMORY", "RECEIVE-Q", "SEND-Q", "TIMER");
		page_heading(&p, heading);
	}
	for (size_t i = 0; i < l->count; i++)
		add_socket(&p, &l->list[i]);
	return page_print(&p, out);
}
