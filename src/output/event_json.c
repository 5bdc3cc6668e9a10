/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_json.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "judge/diagnosis.h"
#include "model/tally.h"
#include "output/json_builder.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The document holds lists of names at its deepest. */
#define DEPTH_MAX 3

static struct json_object *event_object(struct builder *b, const struct alert_event *e)
{
	const struct alert_key *k = &e->key;
	struct json_object *o = build_object(b);

	build_put(b, o, "schema", build_string(b, EVENT_JSON_SCHEMA_ID));
	build_put(b, o, "sequence", build_number(b, e->sequence));
	build_put(b, o, "event", build_string(b, event_kind_name(e->kind)));
	build_put(b, o, "time", build_time(b, &e->time));
	build_put(b, o, "since", build_time(b, &e->since));
	build_put(b, o, "host", build_string(b, e->host));
	build_put(b, o, "netns", build_string(b, e->netns));
	build_put(b, o, "alert", build_string(b, e->alert));
	build_put(b, o, "severity", build_string(b, severity_name(e->severity)));
	build_put(b, o, "side",
		k->has_port ? build_string(b, side_name((enum sock_side)k->side)) : NULL);
	build_put(b, o, "port", build_number(b, k->has_port ? k->port : UNKNOWN));
	build_put(b, o, "states", e->states ? build_states(b, e->states) : NULL);
	build_put(b, o, "measure", build_string(b, measure_name(e->measure)));
	build_put(b, o, "value", build_quantity(b, e->numbers.value));
	build_put(b, o, "raise", build_quantity(b, e->raise));
	build_put(b, o, "clear", build_quantity(b, e->clear));
	build_put(b, o, "sockets", build_number(b, e->numbers.sockets));
	build_put(b, o, "memory_bytes", build_number(b, e->numbers.memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, e->numbers.oldest_ms));
	build_put(b, o, "text", build_string(b, e->text));
	build_put(b, o, "why", build_string(b, e->why));
	build_put(b, o, "do", build_string(b, e->advice));
	return o;
}

int event_json_format(const struct alert_event *e, char **ret)
{
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	struct builder b = {0};
	struct json_object *o = event_object(&b, e);
	const char *text = b.error ? NULL : json_object_to_json_string_ext(o, flags);
	char *copy = text ? strdup(text) : NULL;

	json_object_put(o);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* Readers of one value each. They return whether it is what the document may have there. */

/* A text as build_string() makes it, that fits with its NUL. */
static bool read_text(struct json_object *value, char *ret, size_t size)
{
	const char *text = json_object_get_string(value);
	char printable[1024];

	if (!json_object_is_type(value, json_type_string) || !*text)
		return false;
	if (strlen(text) != (size_t)json_object_get_string_len(value) || strlen(text) >= size)
		return false;
	if (strcmp(utf8_printable(printable, sizeof(printable), text), text) != 0)
		return false;
	strcpy(ret, text);
	return true;
}

static bool read_optional_text(struct json_object *value, char *ret, size_t size)
{
	ret[0] = '\0';
	return !value || read_text(value, ret, size);
}

/* The number of a word in a list of names. */
static bool read_word(
	struct json_object *value, const char *(*name)(unsigned), unsigned count, unsigned *ret)
{
	char word[64];

	if (!read_text(value, word, sizeof(word)))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(word, name(i)) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool read_number(struct json_object *value, uint64_t max, uint64_t *ret)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	/* A number below 0 is 0 as an unsigned one. */
	if (json_object_get_int64(value) < 0 || json_object_get_uint64(value) > max)
		return false;
	*ret = json_object_get_uint64(value);
	return true;
}

static bool read_optional_number(struct json_object *value, uint64_t *ret)
{
	*ret = UNKNOWN;
	return !value || read_number(value, UNKNOWN - 1, ret);
}

static bool read_double(struct json_object *value, double *ret)
{
	if (!json_object_is_type(value, json_type_int) &&
		!json_object_is_type(value, json_type_double))
		return false;
	*ret = json_object_get_double(value);
	return isfinite(*ret);
}

static bool read_time(struct json_object *value, struct timespec *ret)
{
	char text[FORMAT_SIZE], again[FORMAT_SIZE];
	struct tm tm = {0};
	const char *rest;

	if (!read_text(value, text, sizeof(text)))
		return false;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return false;
	ret->tv_sec = timegm(&tm);
	ret->tv_nsec = 0;
	if (*rest == '.')
		ret->tv_nsec = strtol(rest + 1, NULL, 10) % 1000 * 1000000;
	/* What is written the same again was read right. */
	return ret->tv_nsec >= 0 && format_time(again, ret) && strcmp(again, text) == 0;
}

/* One reader a key. */

static bool read_schema(struct json_object *value, struct alert_event *e)
{
	char text[64];

	(void)e;
	return read_text(value, text, sizeof(text)) && strcmp(text, EVENT_JSON_SCHEMA_ID) == 0;
}

static bool read_sequence(struct json_object *value, struct alert_event *e)
{
	return read_number(value, UNKNOWN - 1, &e->sequence);
}

static const char *kind_word(unsigned i)
{
	return event_kind_name((enum event_kind)i);
}

static bool read_kind(struct json_object *value, struct alert_event *e)
{
	unsigned kind;

	if (!read_word(value, kind_word, EVENT_KIND_COUNT, &kind))
		return false;
	e->kind = (enum event_kind)kind;
	return true;
}

static bool read_event_time(struct json_object *value, struct alert_event *e)
{
	return read_time(value, &e->time);
}

static bool read_since(struct json_object *value, struct alert_event *e)
{
	return read_time(value, &e->since);
}

static bool read_host(struct json_object *value, struct alert_event *e)
{
	return read_optional_text(value, e->host, sizeof(e->host));
}

static bool read_netns(struct json_object *value, struct alert_event *e)
{
	return read_optional_text(value, e->netns, sizeof(e->netns));
}

static bool read_alert(struct json_object *value, struct alert_event *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return read_text(value, e->alert, sizeof(e->alert)) &&
	       e->alert[strspn(e->alert, allowed)] == '\0';
}

static const char *severity_word(unsigned i)
{
	return severity_name((enum severity)i);
}

static bool read_severity(struct json_object *value, struct alert_event *e)
{
	unsigned severity;

	/* An alert that is "ok" is none. */
	if (!read_word(value, severity_word, SEVERITY_CRITICAL + 1, &severity) ||
		severity == SEVERITY_OK)
		return false;
	e->severity = (enum severity)severity;
	return true;
}

static const char *side_word(unsigned i)
{
	return side_name((enum sock_side)i);
}

/* Either both side and port are known, or none. */
static bool read_side(struct json_object *value, struct alert_event *e)
{
	unsigned side = 0;

	e->key.has_port = value != NULL;
	if (value && !read_word(value, side_word, SIDE_COUNT, &side))
		return false;
	e->key.side = (uint8_t)side;
	return true;
}

static bool read_port(struct json_object *value, struct alert_event *e)
{
	uint64_t port = 0;

	if (e->key.has_port != (value != NULL) || (value && !read_number(value, 65535, &port)))
		return false;
	e->key.port = (uint16_t)port;
	return true;
}

static const char *state_word(unsigned i)
{
	return state_name((enum tcp_state)i);
}

static bool read_states(struct json_object *value, struct alert_event *e)
{
	e->states = 0;
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_array) || !json_object_array_length(value))
		return false;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		unsigned state;

		if (!read_word(
			    json_object_array_get_idx(value, i), state_word, STATE_COUNT, &state))
			return false;
		e->states |= STATE_BIT(state);
	}
	return true;
}

static const char *measure_word(unsigned i)
{
	return measure_name((enum measure)i);
}

static bool read_measure(struct json_object *value, struct alert_event *e)
{
	unsigned measure;

	if (!read_word(value, measure_word, MEASURE_COUNT, &measure))
		return false;
	e->measure = (enum measure)measure;
	return true;
}

static bool read_value(struct json_object *value, struct alert_event *e)
{
	e->numbers.value = UNKNOWN_DOUBLE;
	return !value || read_double(value, &e->numbers.value);
}

static bool read_raise(struct json_object *value, struct alert_event *e)
{
	return read_double(value, &e->raise);
}

static bool read_clear(struct json_object *value, struct alert_event *e)
{
	return read_double(value, &e->clear);
}

static bool read_sockets(struct json_object *value, struct alert_event *e)
{
	return read_optional_number(value, &e->numbers.sockets);
}

static bool read_memory(struct json_object *value, struct alert_event *e)
{
	return read_optional_number(value, &e->numbers.memory_bytes);
}

static bool read_oldest(struct json_object *value, struct alert_event *e)
{
	double seconds;

	e->numbers.oldest_ms = UNKNOWN_U32;
	if (!value)
		return true;
	/* The tenth of a second above what fits may come from what does. */
	if (!read_double(value, &seconds) || seconds < 0 || seconds > UNKNOWN_U32 / 1000.0 + 0.1)
		return false;
	e->numbers.oldest_ms = (uint32_t)MIN(seconds * 1000 + 0.5, UNKNOWN_U32 - 1.0);
	return true;
}

static bool read_sentence(struct json_object *value, struct alert_event *e)
{
	return read_text(value, e->text, sizeof(e->text));
}

static bool read_program_text(struct json_object *value, const char **ret)
{
	*ret = NULL;
	if (value && !json_object_is_type(value, json_type_string))
		return false;
	if (value)
		*ret = diagnosis_sentence(json_object_get_string(value));
	return true;
}

static bool read_why(struct json_object *value, struct alert_event *e)
{
	return read_program_text(value, &e->why);
}

static bool read_advice(struct json_object *value, struct alert_event *e)
{
	return read_program_text(value, &e->advice);
}

static const struct {
	const char *key;
	bool (*read)(struct json_object *value, struct alert_event *e);
} keys[] = {
	{"schema", read_schema},
	{"sequence", read_sequence},
	{"event", read_kind},
	{"time", read_event_time},
	{"since", read_since},
	{"host", read_host},
	{"netns", read_netns},
	{"alert", read_alert},
	{"severity", read_severity},
	{"side", read_side},
	{"port", read_port},
	{"states", read_states},
	{"measure", read_measure},
	{"value", read_value},
	{"raise", read_raise},
	{"clear", read_clear},
	{"sockets", read_sockets},
	{"memory_bytes", read_memory},
	{"oldest_seconds", read_oldest},
	{"text", read_sentence},
	{"why", read_why},
	{"do", read_advice},
};

static bool read_event(struct json_object *o, struct alert_event *ret)
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct json_object *value = NULL;

		if (!json_object_object_get_ex(o, keys[i].key, &value) || !keys[i].read(value, ret))
			return false;
	}
	return true;
}

int event_json_parse(const char *text, size_t size, struct alert_event *ret)
{
	struct json_tokener *tokener;
	struct json_object *o;
	int r = -EINVAL;

	if (size > EVENT_JSON_SIZE_MAX)
		return -EINVAL;
	tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	memset(ret, 0, sizeof(*ret));
	o = json_tokener_parse_ex(tokener, text, (int)size);
	/* Nothing may follow, and a document that is not complete is no object. */
	if (o && json_tokener_get_parse_end(tokener) == size && read_event(o, ret))
		r = 0;
	json_object_put(o);
	json_tokener_free(tokener);
	return r;
}
