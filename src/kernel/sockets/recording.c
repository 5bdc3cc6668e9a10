/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets/recording.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "basic/string.h"
#include "basic/unknown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Later times have no four-digit year. */
#define YEAR_10000 UINT64_C(253402300800)

/* The facts, for writing and reading alike. */
static const struct fact {
	enum chunk_type chunk;
	const char *name;
	size_t offset;
	size_t text_size; /* of a text with its NUL; 0: a number */
	uint64_t number_max;
#define FIELD(name)        ((struct recording_facts *)NULL)->name
#define TEXT(field)        offsetof(struct recording_facts, field), sizeof(FIELD(field)), 0
#define NUMBER(field, max) offsetof(struct recording_facts, field), 0, max
} facts_table[] = {
	{CHUNK_ORIGIN, "version", TEXT(version)},
	{CHUNK_ORIGIN, "seconds", NUMBER(seconds, YEAR_10000 - 1)},
	{CHUNK_ORIGIN, "nanoseconds", NUMBER(nanoseconds, 999999999)},
	{CHUNK_ORIGIN, "host", TEXT(origin.host)},
	{CHUNK_ORIGIN, "boot_id", TEXT(origin.boot_id)},
	{CHUNK_ORIGIN, "kernel", TEXT(origin.kernel)},
	{CHUNK_ORIGIN, "netns", TEXT(origin.netns)},
	{CHUNK_REQUEST, "states", TEXT(states)},
	{CHUNK_REQUEST, "buffers", NUMBER(buffers, 1)},
	{CHUNK_RESULT, "source", TEXT(source)},
	{CHUNK_RESULT, "failed", NUMBER(failed, RECORDING_ERRNO_MAX)},
	{CHUNK_RESULT, "complete", NUMBER(complete, 1)},
	{CHUNK_RESULT, "error", TEXT(scan.error)},
	{CHUNK_RESULT, "note", TEXT(scan.note)},
	{CHUNK_RESULT, "wall_us", NUMBER(scan.wall_us, UNKNOWN - 1)},
	{CHUNK_RESULT, "cpu_us", NUMBER(scan.cpu_us, UNKNOWN - 1)},
};

_Static_assert(ARRAY_SIZE(facts_table) <= 32, "recording_get_facts keeps a bit for each");
_Static_assert(
	ATTACHMENT_MAX <= RECORDING_CHUNK_MAX - 64, "an attachment and its name are a chunk");

static void put_bytes(struct recording_writer *w, const void *bytes, size_t size)
{
	if (w->error == 0 && fwrite(bytes, 1, size, w->file) != size)
		w->error = errno ? -errno : -EIO;
}

void recording_begin(struct recording_writer *w)
{
	static const uint32_t byte_order = RECORDING_BYTE_ORDER;

	put_bytes(w, RECORDING_MAGIC, strlen(RECORDING_MAGIC));
	put_bytes(w, &byte_order, sizeof(byte_order));
}

void recording_put(struct recording_writer *w, enum chunk_type type,
	const struct recording_piece *pieces, size_t count)
{
	struct chunk_header header = {.type = type};
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].size > RECORDING_CHUNK_MAX - size) {
			w->error = w->error ? w->error : -EFBIG;
			return;
		}
		size += pieces[i].size;
	}
	header.size = (uint32_t)size;
	put_bytes(w, &header, sizeof(header));
	for (size_t i = 0; i < count; i++)
		put_bytes(w, pieces[i].bytes, pieces[i].size);
}

/* A line ends at a line break, and a terminal may obey other control characters. */
static void copy_printable(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
	to[length] = '\0';
}

static void add_fact(struct string *s, const struct fact *fact, const struct recording_facts *facts)
{
	const char *value = (const char *)facts + fact->offset;

	if (fact->text_size) {
		char text[256];

		copy_printable(text, value, strnlen(value, sizeof(text) - 1));
		string_addf(s, "%s %s\n", fact->name, text);
	} else {
		uint64_t number;

		memcpy(&number, value, sizeof(number));
		string_addf(s, "%s %" PRIu64 "\n", fact->name, number);
	}
}

void recording_put_facts(
	struct recording_writer *w, enum chunk_type type, const struct recording_facts *facts)
{
	cleanup_(string_release) struct string text = string_up_to(RECORDING_CHUNK_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(facts_table); i++)
		if (facts_table[i].chunk == type)
			add_fact(&text, &facts_table[i], facts);
	if (text.error && !w->error)
		w->error = text.error;
	if (!w->error)
		recording_put(w, type, &(struct recording_piece){text.text, text.length}, 1);
}

static int fail(struct recording_reader *r, const char *problem)
{
	r->problem = problem;
	return -EBADMSG;
}

/* Reads size bytes. Returns 0, -EBADMSG when the file ends too early, or -errno. */
static int get_bytes(struct recording_reader *r, void *ret, size_t size)
{
	errno = 0;
	if (fread(ret, 1, size, r->file) == size)
		return 0;
	if (ferror(r->file))
		return errno ? -errno : -EIO;
	return fail(r, "the recording is cut short: its end is missing");
}

int recording_open(struct recording_reader *r)
{
	static const char magic[] = RECORDING_MAGIC;
	static const size_t name_length = sizeof("tcpstated recording ") - 1;
	char head[sizeof(magic) - 1];
	uint32_t byte_order = 0;
	int n;

	n = get_bytes(r, head, sizeof(head));
	if (n < 0 && n != -EBADMSG)
		return n;
	if (n < 0 || memcmp(head, magic, name_length) != 0)
		return fail(r, "it is not a recording made by tcpstated --record");
	if (memcmp(head, magic, sizeof(head)) != 0)
		return fail(r, "it was made by a version of tcpstated with another format");
	n = get_bytes(r, &byte_order, sizeof(byte_order));
	if (n < 0)
		return n;
	if (byte_order == __builtin_bswap32(RECORDING_BYTE_ORDER))
		return fail(r, "it was made on a machine of the other byte order; replay it there");
	if (byte_order != RECORDING_BYTE_ORDER)
		return fail(r, RECORDING_DAMAGED);
	return 0;
}

void recording_close(struct recording_reader *r)
{
	free(r->bytes);
	r->bytes = NULL;
}

/* Datagrams, which are most of the chunks, fit in without growing. */
#define FIRST_ALLOCATION ((size_t)64 << 10)

int recording_next(struct recording_reader *r)
{
	struct chunk_header header;
	int n;

	n = get_bytes(r, &header, sizeof(header));
	if (n < 0)
		return n;
	if (header.type < CHUNK_ORIGIN || header.type >= CHUNK_TYPES ||
		header.size > RECORDING_CHUNK_MAX)
		return fail(r, RECORDING_DAMAGED);
	n = ARRAY_GROW(r->bytes, r->allocated, MAX((size_t)header.size + 1, FIRST_ALLOCATION));
	if (n == 0)
		n = get_bytes(r, r->bytes, header.size);
	if (n < 0)
		return n;
	r->bytes[header.size] = '\0';
	r->type = header.type;
	r->size = header.size;
	return 0;
}

/* Reads "NAME VALUE". Returns the index of the fact, -ENOENT for an unknown name, or -EBADMSG. */
static int get_fact(
	const char *line, const char *end, enum chunk_type type, struct recording_facts *facts)
{
	const char *space = memchr(line, ' ', (size_t)(end - line)), *value;

	if (!space)
		return -EBADMSG;
	value = space + 1;
	for (size_t i = 0; i < ARRAY_SIZE(facts_table); i++) {
		const struct fact *fact = &facts_table[i];
		char *to = (char *)facts + fact->offset;
		uint64_t number;

		if (fact->chunk != type || strlen(fact->name) != (size_t)(space - line) ||
			memcmp(fact->name, line, (size_t)(space - line)) != 0)
			continue;
		if (fact->text_size) {
			if ((size_t)(end - value) >= fact->text_size)
				return -EBADMSG;
			copy_printable(to, value, (size_t)(end - value));
		} else {
			if (scan_decimal(&value, end, fact->number_max, &number) < 0 ||
				value != end)
				return -EBADMSG;
			memcpy(to, &number, sizeof(number));
		}
		return (int)i;
	}
	return -ENOENT;
}

int recording_get_facts(struct recording_reader *r, struct recording_facts *facts)
{
	const char *at = r->bytes, *end = at + r->size, *line, *line_end;
	uint32_t seen = 0, wanted = 0;

	for (size_t i = 0; i < ARRAY_SIZE(facts_table); i++)
		if (facts_table[i].chunk == r->type)
			wanted |= UINT32_C(1) << i;
	while (scan_line(&at, end, &line, &line_end)) {
		int n = line_end < end ? get_fact(line, line_end, r->type, facts) : -EBADMSG;

		if (n >= 0 && !(seen >> n & 1))
			seen |= UINT32_C(1) << n;
		else if (n != -ENOENT)
			return fail(r, RECORDING_DAMAGED);
	}
	return seen == wanted ? 0 : fail(r, RECORDING_DAMAGED);
}
