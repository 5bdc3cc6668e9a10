/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_file.h"

#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "output/event_json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEADER "tcpstated-state 3"

/* 4096 alerts of 1 KiB, and 1025 events of a few KiB for each command, are less than that. */
#define FILE_SIZE_MAX ((size_t)64 << 20)

/* "alert STATE CHANGED_MS REPORTED_MS DEVICE JSON": an event of an alert says the rest of it. The
 * index of its device is still true, as the boot and the namespace are the same. */
static void add_alert(struct string *s, const struct alert *alert)
{
	const struct alert_event e = {
		.time = alert->since,
		.alert = *alert,
		.explanation = {.cause = CAUSE_NONE},
	};
	cleanup_(freep) char *json = NULL;

	/* Without memory for it, a restart raises it again. */
	if (event_json_format(&e, &json) == 0)
		string_addf(s, "alert %s %" PRIu64 " %" PRIu64 " %" PRIu32 " %s\n",
			name_of(alert_state_names, alert->state), alert->changed_ms,
			alert->reported_ms, alert->key.service.device, json);
}

/* "event OUTPUT<tab>JSON" */
static void add_event(const char *output, const struct alert_event *e, void *userdata)
{
	cleanup_(freep) char *json = NULL;

	/* Without memory for it, it is missing in this file; the queue still has it. */
	if (event_json_format(e, &json) == 0)
		string_addf(userdata, "event %s\t%s\n", output, json);
}

int state_save(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	const struct state_contents *c)
{
	cleanup_(string_release) struct string s = string_up_to(FILE_SIZE_MAX);

	string_addf(&s,
		HEADER "\nboot_id %s\nnetns %s\nmonotonic_ms %" PRIu64 "\nsequence %" PRIu64 "\n",
		identity->boot_id, identity->netns, now_ms, alerts_sequence(c->alerts));
	for (size_t i = 0; i < alerts_count(c->alerts); i++)
		add_alert(&s, alerts_get(c->alerts, i));
	if (c->events)
		c->events(c->events_source, add_event, &s);
	string_add(&s, "end\n");
	if (s.error)
		return s.error;
	/* Not synced: a machine that went down has another boot id when it is back. */
	return file_replace_at(
		dir_fd, STATE_FILE_NAME, STATE_FILE_NAME ".new", 0600, s.text, s.length);
}

/* A file under way. */
struct reading {
	const struct state_target *target;
	char *next, *end;
	unsigned line_number;
	uint64_t saved_ms;
};

/* The next line, without its newline; NULL: there is none, or it holds a NUL. */
static char *next_line(struct reading *r)
{
	char *line = r->next, *newline = memchr(line, '\n', (size_t)(r->end - line));

	r->line_number++;
	if (!newline)
		return NULL;
	*newline = '\0';
	r->next = newline + 1;
	return strlen(line) == (size_t)(newline - line) ? line : NULL;
}

/* The value of a header line "NAME VALUE"; NULL: it is another one. */
static const char *header_value(struct reading *r, const char *name)
{
	const size_t length = strlen(name);
	const char *line = next_line(r);

	return line && strncmp(line, name, length) == 0 && line[length] == ' ' ? line + length + 1
									       : NULL;
}

static bool header_number(struct reading *r, const char *name, uint64_t max, uint64_t *ret)
{
	const char *value = header_value(r, name);

	return value && scan_decimal(&value, value + strlen(value), max, ret) == 0 && !*value;
}

static int read_header(struct reading *r, const struct state_identity *identity, uint64_t now_ms,
	struct string *reason)
{
	const char *line = next_line(r), *boot_id, *netns;
	uint64_t sequence;
	int error;

	if (!line || strcmp(line, HEADER) != 0)
		return string_fail(reason, -EPROTONOSUPPORT,
			"from another version of this program; starting afresh");
	boot_id = header_value(r, "boot_id");
	netns = boot_id ? header_value(r, "netns") : NULL;
	if (!netns)
		return -EBADMSG;
	error = state_identity_check(identity, boot_id, netns, reason);
	if (error < 0)
		return error;
	/* What is of the same boot was saved before now. */
	if (!header_number(r, "monotonic_ms", now_ms, &r->saved_ms) ||
		!header_number(r, "sequence", UINT64_MAX, &sequence))
		return -EBADMSG;
	alerts_set_sequence(r->target->alerts, sequence);
	return 0;
}

/* A blank and a number. */
static bool take_number(const struct reading *r, const char **at, uint64_t max, uint64_t *ret)
{
	return *(*at)++ == ' ' && scan_decimal(at, r->end, max, ret) == 0;
}

/* A time is at most that of the saving. */
static bool take_time(const struct reading *r, const char **at, uint64_t *ret)
{
	return take_number(r, at, r->saved_ms, ret);
}

static int take_alert(struct reading *r, char *text)
{
	const char *at = text + strcspn(text, " ");
	const int state = name_find(alert_state_names, text, (size_t)(at - text));
	uint64_t changed_ms, reported_ms, device;
	struct alert_event e;
	int error;

	if (state <= ALERT_INACTIVE || !take_time(r, &at, &changed_ms) ||
		!take_time(r, &at, &reported_ms) || !take_number(r, &at, UINT32_MAX, &device) ||
		*at++ != ' ' || event_json_parse(at, strlen(at), &e) < 0)
		return -EBADMSG;
	/* Both say whether there is one. */
	if (!device != !*e.alert.device)
		return -EBADMSG;
	e.alert.key.service.device = (uint32_t)device;
	e.alert.state = (enum alert_state)state;
	e.alert.changed_ms = changed_ms;
	e.alert.reported_ms = reported_ms;
	e.alert.rule.scopes = SCOPE_BIT(e.alert.key.scope);
	error = alerts_restore(r->target->alerts, &e.alert);
	return error == -ENOSPC ? 0 : error;
}

static int take_event(struct reading *r, char *text)
{
	char *json = strchr(text, '\t');
	struct alert_event e;

	if (!json || event_json_parse(json + 1, strlen(json + 1), &e) < 0)
		return -EBADMSG;
	*json = '\0';
	if (r->target->event)
		r->target->event(text, &e, r->target->userdata);
	return 0;
}

static int take_line(struct reading *r, char *line)
{
	static const struct {
		const char *word;
		int (*take)(struct reading *r, char *text);
	} kinds[] = {
		{"alert ", take_alert},
		{"event ", take_event},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const size_t length = strlen(kinds[i].word);

		if (strncmp(line, kinds[i].word, length) == 0)
			return kinds[i].take(r, line + length);
	}
	return -EBADMSG;
}

int state_read(char *text, size_t size, const struct state_identity *identity, uint64_t now_ms,
	const struct state_target *target, struct string *reason)
{
	struct reading reading = {.target = target, .next = text, .end = text + size};
	int r = read_header(&reading, identity, now_ms, reason);

	while (r == 0) {
		char *line = next_line(&reading);

		if (line && strcmp(line, "end") == 0)
			return 0;
		r = line ? take_line(&reading, line) : -EBADMSG;
	}
	if (!reason->length)
		string_addf(
			reason, "line %u is not valid; the rest is ignored", reading.line_number);
	return r;
}

int state_load(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	const struct state_target *target, struct string *reason)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = state_directory_read(dir_fd, STATE_FILE_NAME, FILE_SIZE_MAX, &text, &size, reason);

	return r == 0 ? state_read(text, size, identity, now_ms, target, reason) : r;
}
