/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/journal.h"

#include "output/event_fields.h"
#include "output/words.h"

#include <string.h>
#include <syslog.h>

/* The location would be this file, for every event alike. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER */
#define OWN_FIELDS 4

static const char *const message_ids[EVENT_KIND_COUNT] = {
	[EVENT_RAISED] = "MESSAGE_ID=" JOURNAL_ID_RAISED,
	[EVENT_REPEATED] = "MESSAGE_ID=" JOURNAL_ID_REPEATED,
	[EVENT_CLEARED] = "MESSAGE_ID=" JOURNAL_ID_CLEARED,
};

static int priority(const struct alert_event *e)
{
	if (e->kind == EVENT_CLEARED)
		return LOG_NOTICE;
	return e->alert.rule.severity == SEVERITY_CRITICAL ? LOG_CRIT : LOG_WARNING;
}

static struct iovec field(const char *text)
{
	/* sd_journal_sendv() takes no const, and changes nothing. */
	return (struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
}

static int send_event(const struct alert_event *e)
{
	char message_text[SENTENCE_SIZE], level_text[16];
	struct string message = STRING_IN(message_text), level = STRING_IN(level_text);
	struct iovec list[OWN_FIELDS + EVENT_FIELDS_MAX];
	struct event_fields fields;
	int count = 0;

	event_fields(e, &fields);
	string_add(&message, "MESSAGE=");
	words_event(&message, e);
	string_addf(&level, "PRIORITY=%d", priority(e));
	list[count++] = field(message.text);
	list[count++] = field(message_ids[e->kind]);
	list[count++] = field(level.text);
	list[count++] = field("SYSLOG_IDENTIFIER=tcpstated");
	for (size_t i = 0; i < fields.count; i++)
		list[count++] = field(fields.list[i]);
	return sd_journal_sendv(list, count);
}

static int journal_deliver(
	void *output, const struct item *item, int interrupt_fd, struct string *error)
{
	(void)output;
	(void)interrupt_fd;
	return output_result(send_event(&item->event), "cannot write to it", error);
}

const struct output_ops journal_ops = {
	.deliver = journal_deliver,
};
