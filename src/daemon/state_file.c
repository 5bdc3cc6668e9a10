/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_file.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "daemon/state_alert.h"
#include "output/event_json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "tcpstated-state 1"

#define TEMPORARY_NAME STATE_FILE_NAME ".new"

/* An event with the name of its outlet is the longest line; anything longer is none of ours. */
#define LINE_MAX_BYTES ((ssize_t)EVENT_JSON_SIZE_MAX + 256)

/* Ages of 4 million sockets, which is more than anybody may configure, are less than that. */
#define FILE_MAX_BYTES ((off_t)256 << 20)

static void write_event(const char *output_queue, const struct alert_event *e, void *userdata)
{
	cleanup_(freep) char *json = NULL;

	/* Without memory for it, it is lost with this file; the queue still has it. */
	if (event_json_format(e, &json) < 0)
		return;
	fprintf(userdata, "event %s\t%s\n", output_queue, json);
}

static void write_age(const struct age *age, void *userdata)
{
	fprintf(userdata, "age %s %" PRIx64 " %" PRIu32 "\n", state_name(age->state), age->cookie,
		age->age_ms);
}

static void write_contents(FILE *out, const struct state_contents *c)
{
	fprintf(out,
		HEADER "\nboot_id %s\nnetns %s\nmonotonic_ms %" PRIu64 "\nsequence %" PRIu64 "\n",
		c->identity.boot_id, c->identity.netns, c->now_ms, alerts_sequence(c->alerts));
	for (size_t i = 0; i < alerts_count(c->alerts); i++)
		state_alert_write(out, alerts_get(c->alerts, i));
	if (c->events)
		c->events(c->events_source, write_event, out);
	ages_foreach(c->ages, write_age, out);
	fputs("end\n", out);
}

int state_save(int dir_fd, const struct state_contents *contents)
{
	int fd = openat(dir_fd, TEMPORARY_NAME,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *out;
	bool failed;

	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	write_contents(out, contents);
	failed = ferror(out);
	/* Not synced: a machine that went down has another boot id when it is back. */
	if (fclose(out) != 0 || failed) {
		int error = errno ? -errno : -EIO;

		(void)unlinkat(dir_fd, TEMPORARY_NAME, 0);
		return error;
	}
	return renameat(dir_fd, TEMPORARY_NAME, dir_fd, STATE_FILE_NAME) < 0 ? -errno : 0;
}

/* A file under way. */
struct reading {
	FILE *in;
	const struct state_identity *identity;
	const struct state_target *output;
	char *line;
	size_t line_size;
	unsigned line_number;
	uint64_t saved_ms;
	char *note;
	size_t note_size;
};

__attribute__((format(printf, 3, 4))) static int refuse(
	struct reading *reading, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reading->note, reading->note_size, format, args);
	va_end(args);
	return error;
}

static int refuse_line(struct reading *reading)
{
	return refuse(reading, -EBADMSG, "line %u makes no sense; the rest is ignored",
		reading->line_number);
}

/* Reads the next line without its newline. */
static bool next_line(struct reading *reading)
{
	ssize_t length = getline(&reading->line, &reading->line_size, reading->in);

	if (length <= 0)
		return false;
	reading->line_number++;
	if (reading->line[length - 1] == '\n')
		reading->line[--length] = '\0';
	/* A NUL would hide what is behind it. */
	return strlen(reading->line) == (size_t)length && length < LINE_MAX_BYTES;
}

/* The value of a header line "NAME VALUE", or NULL. */
static const char *header_value(struct reading *reading, const char *name)
{
	size_t length = strlen(name);

	if (!next_line(reading) || strncmp(reading->line, name, length) != 0 ||
		reading->line[length] != ' ')
		return NULL;
	return reading->line + length + 1;
}

static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !*end && !errno;
}

static int read_header(struct reading *reading)
{
	const char *value;
	uint64_t sequence;

	if (!next_line(reading) || strcmp(reading->line, HEADER) != 0)
		return refuse(
			reading, -EPROTONOSUPPORT, "it is not of this version; it begins anew");
	value = header_value(reading, "boot_id");
	if (!value)
		return refuse_line(reading);
	if (strcmp(value, reading->identity->boot_id) != 0)
		return refuse(reading, -ESTALE,
			"it is from before this machine was booted; it begins anew");
	value = header_value(reading, "netns");
	if (!value)
		return refuse_line(reading);
	if (strcmp(value, reading->identity->netns) != 0)
		return refuse(
			reading, -ESTALE, "it is from another network namespace; it begins anew");
	value = header_value(reading, "monotonic_ms");
	if (!value || !parse_number(value, &reading->saved_ms))
		return refuse_line(reading);
	value = header_value(reading, "sequence");
	if (!value || !parse_number(value, &sequence))
		return refuse_line(reading);
	alerts_set_sequence(reading->output->alerts, sequence);
	return 0;
}

static int take_alert(struct reading *reading, char *text)
{
	struct alert alert;
	int r = state_alert_parse(text, &alert);

	if (r < 0)
		return r;
	r = alerts_restore(reading->output->alerts, &alert);
	return r == -ENOSPC ? 0 : r;
}

static int take_event(struct reading *reading, char *text)
{
	char *json = strchr(text, '\t');
	struct alert_event event;
	int r;

	if (!json)
		return -EBADMSG;
	*json++ = '\0';
	r = event_json_parse(json, strlen(json), &event);
	if (r < 0)
		return r;
	if (reading->output->event)
		reading->output->event(text, &event, reading->output->userdata);
	return 0;
}

/* "STATE COOKIE AGE_MS" */
static int take_age(struct reading *reading, char *text)
{
	size_t length = strcspn(text, " ");
	enum tcp_state state;
	uint64_t cookie, age_ms;
	char *end;

	if (!text[length] || state_from_name(text, length, &state) < 0)
		return -EBADMSG;
	errno = 0;
	cookie = strtoull(text + length + 1, &end, 16);
	if (errno || *end != ' ' || !parse_number(end + 1, &age_ms))
		return -EBADMSG;
	ages_restore(reading->output->ages, cookie, state,
		(uint32_t)MIN(age_ms, (uint64_t)UINT32_MAX - 1), reading->saved_ms);
	return 0;
}

/* What a line can be. */
static const struct {
	const char *word;
	int (*take)(struct reading *reading, char *text);
} kinds[] = {
	{"alert ", take_alert},
	{"event ", take_event},
	{"age ", take_age},
};

static int take_line(struct reading *reading)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t length = strlen(kinds[i].word);

		if (strncmp(reading->line, kinds[i].word, length) == 0)
			return kinds[i].take(reading, reading->line + length);
	}
	return -EBADMSG;
}

int state_read(FILE *in, const struct state_identity *identity, const struct state_target *output,
	char *note, size_t note_size)
{
	struct reading reading = {
		.in = in,
		.identity = identity,
		.output = output,
		.note = note,
		.note_size = note_size,
	};
	int r = read_header(&reading);

	while (r == 0) {
		if (!next_line(&reading)) {
			r = refuse_line(&reading);
			break;
		}
		if (strcmp(reading.line, "end") == 0)
			break;
		if (take_line(&reading) < 0)
			r = refuse_line(&reading);
	}
	free(reading.line);
	return r;
}

int state_load(int dir_fd, const struct state_identity *identity, const struct state_target *output,
	char *note, size_t note_size)
{
	/* Whoever put a FIFO there must not hold up the start. */
	cleanup_(closep) int fd =
		openat(dir_fd, STATE_FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_(fclosep) FILE *in = NULL;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(note, note_size, "%s", strerror(errno));
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
		snprintf(note, note_size, "it is no file of a sensible size");
		return -EBADMSG;
	}
	in = fdopen(fd, "r");
	if (!in)
		return -ENOMEM;
	(void)TAKE_FD(fd);
	return state_read(in, identity, output, note, note_size);
}
