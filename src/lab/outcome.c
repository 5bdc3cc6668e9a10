/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/outcome.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "lab/timeline.h"
#include "output/json_builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void outcome_init(struct outcome *o)
{
	*o = (struct outcome){
		.memory = {UNKNOWN, UNKNOWN, UNKNOWN},
		.slab = {UNKNOWN, UNKNOWN},
	};
	for (enum host host = SERVER; host <= CLIENT; host++)
		for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
			o->counters[host][c] = UNKNOWN;
}

void outcome_fail(struct outcome *o, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (o->failures_count < FAILURES_MAX)
		string_printv(o->failures[o->failures_count], SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	o->failures_count++;
}

/* Breaks the text between words. */
static void print_wrapped(const char *text, const char *indent, unsigned columns)
{
	size_t at = 0;

	for (const char *word = text; *word; word += strspn(word, " ")) {
		const size_t length = strcspn(word, " ");

		if (at == 0 || at + 1 + length > columns) {
			printf("%s%s", at ? "\n" : "", indent);
			at = strlen(indent);
		} else {
			putchar(' ');
			at++;
		}
		fwrite(word, 1, length, stdout);
		at += length;
		word += length;
	}
	putchar('\n');
}

static void print_counters(const struct outcome *o, enum host host, unsigned columns)
{
	char buf[1024], number[FORMAT_SIZE];
	struct string text = STRING_IN(buf);

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++) {
		const uint64_t by = o->counters[host][c];

		if (is_known(by) && by > 0)
			string_addf(&text, "%s%s +%s", text.length ? ", " : "",
				name_of(counter_names, c), format_count(number, by));
	}
	if (text.length) {
		printf("   counters of the %s:\n", host_name(host));
		print_wrapped(buf, "      ", columns);
	}
}

static void print_memory(const struct outcome *o)
{
	char before[FORMAT_SIZE], most[FORMAT_SIZE], after[FORMAT_SIZE];

	printf("   kernel memory of both hosts' sockets, estimated: %s before, %s at most, %s "
	       "after\n",
		format_bytes(before, o->memory.before), format_bytes(most, o->memory.most),
		format_bytes(after, o->memory.after));
	if (is_known(o->slab.before) && is_known(o->slab.after))
		printf("   slabinfo, TCP's caches of the whole machine: %s before, %s after\n",
			format_bytes(before, o->slab.before), format_bytes(after, o->slab.after));
}

static void print_lesson(const struct scenario *scenario, unsigned columns)
{
	char text[1024];

	print_wrapped(scenario->lesson, "   ", columns);
	if (!scenario->windows)
		return;
	snprintf(text, sizeof(text), "On Windows: %s", scenario->windows);
	print_wrapped(text, "   ", columns);
}

static void print_verdict(bool color, const char *code, const char *verdict)
{
	if (color)
		printf("\033[1;%sm%s\033[0m", code, verdict);
	else
		printf("%s", verdict);
}

void outcome_print(
	const struct outcome *o, const struct scenario *scenario, unsigned columns, bool color)
{
	if (o->ended && !*o->not_here) {
		putchar('\n');
		print_counters(o, SERVER, columns);
		print_counters(o, CLIENT, columns);
		print_memory(o);
		putchar('\n');
		print_lesson(scenario, columns);
		putchar('\n');
	}
	if (o->failures_count == 0 && *o->not_here) {
		print_verdict(color, "33", "not on this kernel");
		printf(": %s: %s\n", scenario->name, o->not_here);
	} else if (o->failures_count == 0) {
		print_verdict(color, "32", "ok");
		printf(" %s (%.1f s)\n", scenario->name, o->seconds);
	}
	for (size_t i = 0; i < MIN(o->failures_count, (size_t)FAILURES_MAX); i++) {
		print_verdict(color, "31", "FAILED");
		printf(" %s: %s\n", scenario->name, o->failures[i]);
	}
	putchar('\n');
}

static struct json_object *build_counters(
	struct builder *b, const struct outcome *o, enum host host)
{
	struct json_object *counters = build_object(b);

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		build_put(b, counters, name_of(counter_names, c),
			build_number(b, o->counters[host][c]));
	return counters;
}

static struct json_object *build_memory(struct builder *b, const struct outcome *o)
{
	struct json_object *memory = build_object(b);
	struct json_object *estimated = build_object(b);
	struct json_object *slab = build_object(b);

	build_put(b, estimated, "before_bytes", build_number(b, o->memory.before));
	build_put(b, estimated, "most_bytes", build_number(b, o->memory.most));
	build_put(b, estimated, "after_bytes", build_number(b, o->memory.after));
	build_put(b, slab, "before_bytes", build_number(b, o->slab.before));
	build_put(b, slab, "after_bytes", build_number(b, o->slab.after));
	build_put(b, memory, "estimated", estimated);
	build_put(b, memory, "slab_of_machine", slab);
	return memory;
}

static struct json_object *read_events(int fd)
{
	if (write(fd, "]", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0)
		return json_object_from_fd(fd);
	return NULL;
}

int outcome_print_json(struct outcome *o, const struct scenario *scenario, int events)
{
	struct builder b = {0};
	struct json_object *root = build_object(&b);
	struct json_object *counters = build_object(&b);
	struct json_object *failures = build_array(&b);

	for (size_t i = 0; i < MIN(o->failures_count, (size_t)FAILURES_MAX); i++)
		build_append(&b, failures, build_string(&b, o->failures[i]));
	build_put(&b, counters, "server", build_counters(&b, o, SERVER));
	build_put(&b, counters, "client", build_counters(&b, o, CLIENT));
	build_put(&b, root, "schema", build_string(&b, "tcpstated.scenario/1"));
	build_put(&b, root, "name", build_string(&b, scenario->name));
	build_put(&b, root, "title", build_string(&b, scenario->title));
	build_put(&b, root, "ok", build_boolean(&b, o->failures_count == 0));
	build_put(&b, root, "not_here", build_string(&b, o->not_here));
	build_put(&b, root, "seconds", build_checked(&b, json_object_new_double(o->seconds)));
	build_put(&b, root, "events", read_events(events));
	build_put(&b, root, "counters", counters);
	build_put(&b, root, "memory", build_memory(&b, o));
	build_put(&b, root, "lesson", build_string(&b, scenario->lesson));
	build_put(&b, root, "windows", build_string(&b, scenario->windows));
	build_put(&b, root, "failures", failures);
	if (!b.error)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	return b.error;
}
