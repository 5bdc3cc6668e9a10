/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/limits.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "basic/unknown.h"

#include <stdbool.h>
#include <string.h>

/* A place in struct limits for a name in a line of "NAME VALUE NAME VALUE ...". */
struct named_field {
	const char *name;
	size_t offset;
};

#define AT(field) offsetof(struct limits, field)

static uint64_t *field_at(struct limits *l, size_t offset)
{
	return (uint64_t *)(void *)((char *)l + offset);
}

/* Cuts the next word off a line. Returns its length, 0 at the end of the line. */
static size_t next_word(const char **line, const char **ret_word)
{
	*line += strspn(*line, " \t");
	*ret_word = *line;
	*line += strcspn(*line, " \t\n");
	return (size_t)(*line - *ret_word);
}

static bool word_is(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* The number that a word is; UNKNOWN for anything else, negative numbers included. */
static uint64_t word_number(const char *word, size_t length)
{
	const char *at = word;
	uint64_t value;

	if (scan_decimal(&at, word + length, UNKNOWN - 1, &value) < 0 || at != word + length)
		return UNKNOWN;
	return value;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : NULL;
}

/* The rest of the line that begins with the given word, or NULL. */
static const char *find_line(const char *text, const char *first)
{
	for (const char *line = text; line; line = next_line(line)) {
		const char *at = line, *word;
		size_t length = next_word(&at, &word);

		if (word_is(word, length, first))
			return at;
	}
	return NULL;
}

static void parse_pairs(struct limits *l, const char *text, const char *first,
	const struct named_field *fields, size_t count)
{
	const char *line = find_line(text, first), *name, *value;
	size_t name_length, value_length;

	while (line && (name_length = next_word(&line, &name)) > 0) {
		value_length = next_word(&line, &value);
		for (size_t i = 0; i < count; i++)
			if (word_is(name, name_length, fields[i].name))
				*field_at(l, fields[i].offset) = word_number(value, value_length);
	}
}

void limits_parse_sockstat(struct limits *l, const char *text)
{
	static const struct named_field fields[] = {
		{"inuse", AT(inuse)},
		{"orphan", AT(orphans.used)},
		{"tw", AT(tw_buckets.used)},
		{"alloc", AT(allocated)},
		{"mem", AT(tcp_mem_pages.used)},
	};

	parse_pairs(l, text, "TCP:", fields, ARRAY_SIZE(fields));
}

void limits_parse_sockstat6(struct limits *l, const char *text)
{
	static const struct named_field fields[] = {{"inuse", AT(inuse6)}};

	parse_pairs(l, text, "TCP6:", fields, ARRAY_SIZE(fields));
}

static void store_counter(struct limits *l, const char *name, size_t length, uint64_t value)
{
	const int counter = name_find(counter_names, name, length);

	if (word_is(name, length, "CurrEstab"))
		l->curr_estab = value;
	if (counter >= 0)
		l->counters[counter] = value;
}

/* Kernels add and drop columns: the column of a name is the same only in one pair of lines. */
static void parse_counter_lines(struct limits *l, const char *names, const char *values)
{
	const char *name, *value;
	size_t name_length, value_length;

	while ((name_length = next_word(&names, &name)) > 0 &&
		(value_length = next_word(&values, &value)) > 0)
		store_counter(l, name, name_length, word_number(value, value_length));
}

void limits_parse_counters(struct limits *l, const char *text)
{
	for (const char *names = text; names;) {
		const char *values = next_line(names);
		const char *at = names, *at_values = values, *word, *value_word;
		size_t length = next_word(&at, &word);

		if (!values)
			return;
		if (word_is(word, length, "Tcp:") || word_is(word, length, "TcpExt:")) {
			size_t value_length = next_word(&at_values, &value_word);

			if (value_length == length && memcmp(word, value_word, length) == 0)
				parse_counter_lines(l, at, at_values);
		}
		names = next_line(values);
	}
}

/* "MemTotal:       24603712 kB" */
static void parse_meminfo(struct limits *l, const char *text)
{
	const char *line = find_line(text, "MemTotal:"), *word;
	size_t length;

	if (!line)
		return;
	length = next_word(&line, &word);
	l->mem_total_bytes = word_number(word, length);
	if (l->mem_total_bytes > (UNKNOWN - 1) / 1024)
		l->mem_total_bytes = UNKNOWN;
	else
		l->mem_total_bytes *= 1024;
}

/* "8080,30000-30010", ascending and without overlaps; empty when nothing is reserved. */
static void parse_reserved_ports(struct limits *l, const char *text)
{
	const char *at = text, *end = text + strcspn(text, "\n");
	struct port_set set = {0};
	uint64_t reserved = 0, next = 0;

	if (!is_known(l->port_first))
		return;
	while (at < end) {
		uint64_t first, last, from, to;

		if (scan_range(&at, end, UINT16_MAX, &first, &last) < 0 || first < next)
			return;
		next = last + 1;
		for (uint64_t port = first; port <= last; port++)
			port_set_add(&set, (uint16_t)port);
		from = MAX(first, l->port_first);
		to = MIN(last, l->port_last);
		if (from <= to)
			reserved += to - from + 1;
		if (at < end && *at++ != ',')
			return;
	}
	l->ports_reserved = reserved;
	l->reserved = set;
}

/* Files of numbers alone. */
static const struct number_file {
	const char *path;
	uint64_t max;
	size_t count;
	size_t offsets[3];
} number_files[] = {
	{"/proc/sys/net/ipv4/tcp_max_tw_buckets", UNKNOWN - 1, 1, {AT(tw_buckets.max)}},
	{"/proc/sys/net/ipv4/tcp_max_orphans", UNKNOWN - 1, 1, {AT(orphans.max)}},
	{"/proc/sys/net/ipv4/tcp_mem", UNKNOWN - 1, 3,
		{AT(tcp_mem_low_pages), AT(tcp_mem_pressure_pages), AT(tcp_mem_pages.max)}},
	{"/proc/sys/net/ipv4/ip_local_port_range", UINT16_MAX, 2, {AT(port_first), AT(port_last)}},
	{"/proc/sys/net/ipv4/ip_local_port_step_width", UINT16_MAX, 1, {AT(port_step_width)}},
	{"/proc/sys/net/ipv4/tcp_tw_reuse", UINT8_MAX, 1, {AT(tw_reuse)}},
	{"/proc/sys/net/ipv4/tcp_tw_reuse_delay", UINT32_MAX - 1, 1, {AT(tw_reuse_delay_ms)}},
	{"/proc/sys/net/ipv4/tcp_timestamps", UINT8_MAX, 1, {AT(timestamps)}},
	{"/proc/sys/net/ipv4/tcp_fin_timeout", UNKNOWN - 1, 1, {AT(fin_timeout_seconds)}},
	{"/proc/sys/net/netfilter/nf_conntrack_count", UNKNOWN - 1, 1, {AT(conntrack.used)}},
	{"/proc/sys/net/netfilter/nf_conntrack_max", UNKNOWN - 1, 1, {AT(conntrack.max)}},
};

/* The others, each with its parser. Reserved ports are counted within the range read before. */
static const struct {
	const char *path;
	void (*parse)(struct limits *l, const char *text);
} text_files[] = {
	{"/proc/sys/net/ipv4/ip_local_reserved_ports", parse_reserved_ports},
	{"/proc/net/sockstat", limits_parse_sockstat},
	{"/proc/net/sockstat6", limits_parse_sockstat6},
	{"/proc/net/netstat", limits_parse_counters},
	{"/proc/net/snmp", limits_parse_counters},
	{"/proc/meminfo", parse_meminfo},
};

/* All numbers of a file or none of them. */
static void parse_numbers(struct limits *l, const char *text, const struct number_file *file)
{
	uint64_t values[ARRAY_SIZE(file->offsets)];
	const char *line = text, *word;

	for (size_t i = 0; i < file->count; i++) {
		size_t length = next_word(&line, &word);

		values[i] = word_number(word, length);
		if (values[i] > file->max)
			return;
	}
	for (size_t i = 0; i < file->count; i++)
		*field_at(l, file->offsets[i]) = values[i];
}

/* The text of a file, or NULL. */
static char *read_text(struct source *source, const char *path)
{
	char *text = NULL;
	size_t size;

	return source->ops->read_file(source, path, &text, &size) < 0 ? NULL : text;
}

void limits_read(struct source *source, struct limits *ret)
{
	limits_init(ret);
	for (size_t i = 0; i < ARRAY_SIZE(number_files); i++) {
		cleanup_(freep) char *text = read_text(source, number_files[i].path);

		if (text)
			parse_numbers(ret, text, &number_files[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(text_files); i++) {
		cleanup_(freep) char *text = read_text(source, text_files[i].path);

		if (text)
			text_files[i].parse(ret, text);
	}
}
