/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_json.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "judge/diagnosis.h"
#include "output/json_builder.h"
#include "output/words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* The document holds lists of names at its deepest. */
#define DEPTH_MAX 3

enum type {
	TYPE_SCHEMA,
	TYPE_TEXT,        /* a char[size] */
	TYPE_RULE_NAME,   /* a char[RULE_NAME_SIZE] */
	TYPE_NAME,        /* an enumeration, by its names */
	TYPE_FLAG,        /* a bool */
	TYPE_SEQUENCE,    /* a uint64_t */
	TYPE_NUMBER,      /* a uint64_t, or UNKNOWN */
	TYPE_QUANTITY,    /* a double */
	TYPE_VALUE,       /* a double, or UNKNOWN_DOUBLE */
	TYPE_AGE,         /* a uint32_t of ms, in tenths of a second, or UNKNOWN_U32 */
	TYPE_DURATION,    /* a uint32_t of ms; null is 0 */
	TYPE_TIME,        /* a struct timespec */
	TYPE_SIDE,        /* of a struct alert_key; null, as the port, for none */
	TYPE_PORT,        /* likewise, behind the side */
	TYPE_STATES,      /* a state_set */
	TYPE_OWNERSHIP,   /* an ownership_set; null is all of it */
	TYPE_DESTINATION, /* a struct destination */
	TYPE_DIAGNOSIS,   /* the id of one; an unknown one is NULL */
	TYPE_CAUSE,       /* an enum symptom, or CAUSE_NONE */
	TYPE_SENTENCE,    /* of a struct alert: made of the rest, and not read */
	TYPE_WHY,         /* of a struct explanation, likewise */
	TYPE_ADVICE,      /* likewise */
};

struct field {
	const char *key;
	enum type type;
	size_t place; /* in struct alert_event */
	size_t size;
	const struct names *names;
	bool (*is_there)(const struct alert_event *e); /* else null; NULL: always */
};

static bool is_of_sockets(const struct alert_event *e)
{
	return rule_selects_sockets(&e->alert.rule);
}

static bool is_of_a_limit(const struct alert_event *e)
{
	return e->alert.rule.measure == MEASURE_PERCENT;
}

static bool is_of_a_counter(const struct alert_event *e)
{
	return e->alert.rule.measure == MEASURE_RATE;
}

#define AT(member)   .place = offsetof(struct alert_event, member)
#define TEXT(member) AT(member), .size = sizeof(((struct alert_event *)0)->member)

/* The document, in its order. */
static const struct field fields[] = {
	{.key = "schema", .type = TYPE_SCHEMA},
	{"sequence", TYPE_SEQUENCE, AT(sequence)},
	{"event", TYPE_NAME, AT(kind), .names = &event_kind_names},
	{"time", TYPE_TIME, AT(time)},
	{"since", TYPE_TIME, AT(alert.since)},
	{"host", TYPE_TEXT, TEXT(host)},
	{"netns", TYPE_TEXT, TEXT(netns)},
	{"alert", TYPE_RULE_NAME, AT(alert.rule.name)},
	{"severity", TYPE_NAME, AT(alert.rule.severity), .names = &severity_names},
	{"side", TYPE_SIDE, AT(alert.key)},
	{"port", TYPE_PORT, AT(alert.key)},
	{"owner", TYPE_TEXT, TEXT(alert.owner)},
	{"owner_mixed", TYPE_FLAG, AT(alert.owner_is_mixed)},
	{"destination", TYPE_DESTINATION, AT(alert.numbers.destination)},
	{"states", TYPE_STATES, AT(alert.rule.states), .is_there = is_of_sockets},
	{"ownership", TYPE_OWNERSHIP, AT(alert.rule.ownerships)},
	{"older_than_seconds", TYPE_DURATION, AT(alert.rule.older_than_ms)},
	{"measure", TYPE_NAME, AT(alert.rule.measure), .names = &measure_names},
	{"limit", TYPE_NAME, AT(alert.rule.limit), .names = &rule_limit_names,
		.is_there = is_of_a_limit},
	{"counter", TYPE_NAME, AT(alert.rule.counter), .names = &counter_names,
		.is_there = is_of_a_counter},
	{"window_seconds", TYPE_DURATION, AT(alert.rule.window_ms)},
	{"value", TYPE_VALUE, AT(alert.numbers.value)},
	{"raise", TYPE_QUANTITY, AT(alert.rule.raise)},
	{"clear", TYPE_QUANTITY, AT(alert.rule.clear)},
	{"rule_gone", TYPE_FLAG, AT(alert.is_ruleless)},
	{"used", TYPE_NUMBER, AT(alert.numbers.usage.used)},
	{"max", TYPE_NUMBER, AT(alert.numbers.usage.max)},
	{"sockets", TYPE_NUMBER, AT(alert.numbers.sockets)},
	{"memory_bytes", TYPE_NUMBER, AT(alert.numbers.memory_bytes)},
	{"oldest_seconds", TYPE_AGE, AT(alert.numbers.oldest_ms)},
	{"diagnosis", TYPE_DIAGNOSIS, AT(alert.rule.diagnosis)},
	{"explained_by", TYPE_DIAGNOSIS, AT(explanation.id)},
	{"cause", TYPE_CAUSE, AT(explanation.cause), .names = &cause_names},
	{"text", TYPE_SENTENCE, AT(alert)},
	{"why", TYPE_WHY, AT(explanation)},
	{"do", TYPE_ADVICE, AT(explanation)},
};

_Static_assert(sizeof(enum severity) == sizeof(int), "an enumeration is written as an int");

static struct json_object *build_ownership(struct builder *b, ownership_set set)
{
	struct json_object *array = set && set != OWNERSHIP_SET_ALL ? build_array(b) : NULL;

	for (unsigned i = 0; array && i < OWNERSHIP_COUNT; i++)
		if (set & OWNERSHIP_BIT(i))
			build_append(b, array, build_string(b, name_of(ownership_names, i)));
	return array;
}

static struct json_object *build_destination(struct builder *b, const struct destination *d)
{
	char address[INET6_ADDRSTRLEN] = "";
	struct json_object *o;

	if (!d->sockets)
		return NULL;
	o = build_object(b);
	inet_ntop(d->family, d->address, address, sizeof(address));
	build_put(b, o, "address", build_string(b, address));
	build_put(b, o, "port", build_number(b, d->port));
	return o;
}

static struct json_object *build_sentence(struct builder *b, const struct alert *a)
{
	char buffer[SENTENCE_SIZE];
	struct string s = STRING_IN(buffer);

	words_alert(&s, a);
	return build_string(b, buffer);
}

static struct json_object *build_value(struct builder *b, const struct field *f, const void *place)
{
	const struct explanation *why = place;
	const struct alert_key *key = place;

	switch (f->type) {
	case TYPE_SCHEMA:
		return build_string(b, EVENT_JSON_SCHEMA_ID);
	case TYPE_TEXT:
	case TYPE_RULE_NAME:
		return build_string(b, place);
	case TYPE_NAME:
	case TYPE_CAUSE:
		return build_string(b, name_of(*f->names, *(const unsigned *)place));
	case TYPE_FLAG:
		return build_boolean(b, *(const bool *)place);
	case TYPE_SEQUENCE:
	case TYPE_NUMBER:
		return build_number(b, *(const uint64_t *)place);
	case TYPE_QUANTITY:
	case TYPE_VALUE:
		return build_quantity(b, *(const double *)place);
	case TYPE_AGE:
		return build_seconds(b, *(const uint32_t *)place);
	case TYPE_DURATION:
		return *(const uint32_t *)place
			       ? build_quantity(b, *(const uint32_t *)place / 1000.0)
			       : NULL;
	case TYPE_TIME:
		return build_time(b, place);
	case TYPE_SIDE:
		return build_string(b, key->has_port ? side_name((enum sock_side)key->side) : NULL);
	case TYPE_PORT:
		return build_number(b, key->has_port ? key->port : UNKNOWN);
	case TYPE_STATES:
		return build_states(b, *(const state_set *)place);
	case TYPE_OWNERSHIP:
		return build_ownership(b, *(const ownership_set *)place);
	case TYPE_DESTINATION:
		return build_destination(b, place);
	case TYPE_DIAGNOSIS:
		return build_string(b, *(const char *const *)place);
	case TYPE_SENTENCE:
		return build_sentence(b, place);
	case TYPE_WHY:
		return build_string(b, words_advice(why->id, why->cause).why);
	case TYPE_ADVICE:
		break;
	}
	return build_string(b, words_advice(why->id, why->cause).what_to_do);
}

int event_json_format(const struct alert_event *e, char **ret)
{
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	struct builder b = {0};
	struct json_object *o = build_object(&b);
	const char *text;
	char *copy;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		const void *place = (const char *)e + f->place;
		bool is_there = !f->is_there || f->is_there(e);

		build_put(&b, o, f->key, is_there ? build_value(&b, f, place) : NULL);
	}
	text = b.error ? NULL : json_object_to_json_string_ext(o, flags);
	copy = text ? strdup(text) : NULL;
	json_object_put(o);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* A text as build_string() makes it, which fits with its NUL. */
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

static bool read_rule_name(struct json_object *value, char *ret)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return read_text(value, ret, RULE_NAME_SIZE) && ret[strspn(ret, allowed)] == '\0';
}

static bool read_schema(struct json_object *value)
{
	char id[64];

	return read_text(value, id, sizeof(id)) && strcmp(id, EVENT_JSON_SCHEMA_ID) == 0;
}

static bool read_name(struct json_object *value, const struct names *names, unsigned *ret)
{
	char word[64];
	int r = read_text(value, word, sizeof(word)) ? name_parse(*names, word) : -EINVAL;

	if (r >= 0)
		*ret = (unsigned)r;
	return r >= 0;
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

static bool read_double(struct json_object *value, double *ret)
{
	if (!json_object_is_type(value, json_type_int) &&
		!json_object_is_type(value, json_type_double))
		return false;
	*ret = json_object_get_double(value);
	return isfinite(*ret);
}

static bool read_seconds(struct json_object *value, uint32_t *ret)
{
	double seconds;

	/* The tenth of a second above what fits may come from what does. */
	if (!read_double(value, &seconds) || seconds < 0 || seconds > UNKNOWN_U32 / 1000.0 + 0.1)
		return false;
	*ret = (uint32_t)MIN(seconds * 1000 + 0.5, UNKNOWN_U32 - 1.0);
	return true;
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
	/* It was read correctly if it is written the same again. */
	return ret->tv_nsec >= 0 && format_time(again, ret) && strcmp(again, text) == 0;
}

static bool read_side(struct json_object *value, struct alert_key *k)
{
	enum sock_side side = SIDE_SERVER;
	char word[16];

	k->has_port = value;
	if (value && (!read_text(value, word, sizeof(word)) || side_parse(word, &side) < 0 ||
			     strcmp(word, side_name(side)) != 0))
		return false;
	k->side = (uint8_t)side;
	return true;
}

/* Both the side and the port are there, or neither. */
static bool read_port(struct json_object *value, struct alert_key *k)
{
	uint64_t port = 0;

	if (k->has_port != (value != NULL) || (value && !read_number(value, UINT16_MAX, &port)))
		return false;
	k->port = (uint16_t)port;
	return true;
}

static bool read_state(struct json_object *value, unsigned *ret)
{
	enum tcp_state state;
	char word[32];

	if (!read_text(value, word, sizeof(word)) ||
		state_from_name(word, strlen(word), &state) < 0 ||
		strcmp(word, state_name(state)) != 0)
		return false;
	*ret = state;
	return true;
}

/* A list of names, of states or of ownerships, and not an empty one. */
static bool read_set(struct json_object *value, const struct names *names, unsigned *ret)
{
	unsigned n;

	*ret = 0;
	if (!json_object_is_type(value, json_type_array) || !json_object_array_length(value))
		return false;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *word = json_object_array_get_idx(value, i);

		if (!(names ? read_name(word, names, &n) : read_state(word, &n)))
			return false;
		*ret |= 1U << n;
	}
	return true;
}

static bool read_destination(struct json_object *value, struct destination *d)
{
	struct json_object *address = NULL, *number = NULL;
	char text[INET6_ADDRSTRLEN];
	uint64_t port;

	if (!json_object_is_type(value, json_type_object) ||
		!json_object_object_get_ex(value, "address", &address) ||
		!json_object_object_get_ex(value, "port", &number) ||
		!read_text(address, text, sizeof(text)) || !read_number(number, UINT16_MAX, &port))
		return false;
	d->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	d->port = (uint16_t)port;
	d->sockets = 1;
	return inet_pton(d->family, text, d->address) == 1;
}

static bool read_diagnosis(struct json_object *value, const char **ret)
{
	const struct diagnosis *d;
	char id[64];

	if (!read_text(value, id, sizeof(id)))
		return false;
	d = diagnosis_find(id);
	*ret = d ? d->id : NULL;
	return true;
}

/* What null means, where it is allowed. Of size 0: all is zero already. */
static const struct {
	const void *value;
	size_t size;
} nulls[] = {
	[TYPE_TEXT] = {"", 1},
	[TYPE_NUMBER] = {&(const uint64_t){UNKNOWN}, sizeof(uint64_t)},
	[TYPE_VALUE] = {&(const double){UNKNOWN_DOUBLE}, sizeof(double)},
	[TYPE_AGE] = {&(const uint32_t){UNKNOWN_U32}, sizeof(uint32_t)},
	[TYPE_DURATION] = {"", 0},
	[TYPE_OWNERSHIP] = {&(const ownership_set){OWNERSHIP_SET_ALL}, sizeof(ownership_set)},
	[TYPE_DESTINATION] = {"", 0},
	[TYPE_DIAGNOSIS] = {"", 0},
	[TYPE_CAUSE] = {&(const enum symptom){CAUSE_NONE}, sizeof(enum symptom)},
	[TYPE_SENTENCE] = {"", 0},
	[TYPE_WHY] = {"", 0},
	[TYPE_ADVICE] = {"", 0},
};

static bool read_null(const struct field *f, void *place)
{
	if (f->type == TYPE_SIDE)
		return read_side(NULL, place);
	if (f->type == TYPE_PORT)
		return read_port(NULL, place);
	if (!nulls[f->type].value)
		return f->is_there;
	memcpy(place, nulls[f->type].value, nulls[f->type].size);
	return true;
}

static bool read_value(struct json_object *value, const struct field *f, void *place)
{
	unsigned set = 0;

	switch (f->type) {
	case TYPE_SCHEMA:
		return read_schema(value);
	case TYPE_TEXT:
		return read_text(value, place, f->size);
	case TYPE_RULE_NAME:
		return read_rule_name(value, place);
	case TYPE_NAME:
	case TYPE_CAUSE:
		return read_name(value, f->names, place);
	case TYPE_FLAG:
		*(bool *)place = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean);
	case TYPE_SEQUENCE:
	case TYPE_NUMBER:
		return read_number(value, UNKNOWN - 1, place);
	case TYPE_QUANTITY:
	case TYPE_VALUE:
		return read_double(value, place);
	case TYPE_AGE:
	case TYPE_DURATION:
		return read_seconds(value, place);
	case TYPE_TIME:
		return read_time(value, place);
	case TYPE_SIDE:
		return read_side(value, place);
	case TYPE_PORT:
		return read_port(value, place);
	case TYPE_STATES:
		if (!read_set(value, NULL, &set))
			return false;
		*(state_set *)place = (state_set)set;
		return true;
	case TYPE_OWNERSHIP:
		if (!read_set(value, &ownership_names, &set))
			return false;
		*(ownership_set *)place = (ownership_set)set;
		return true;
	case TYPE_DESTINATION:
		return read_destination(value, place);
	case TYPE_DIAGNOSIS:
		return read_diagnosis(value, place);
	case TYPE_SENTENCE:
	case TYPE_WHY:
	case TYPE_ADVICE:
		break;
	}
	return json_object_is_type(value, json_type_string);
}

static bool read_event(struct json_object *o, struct alert_event *ret)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		void *place = (char *)ret + fields[i].place;

		if (!json_object_object_get_ex(o, fields[i].key, &value) ||
			!(value ? read_value(value, &fields[i], place)
				: read_null(&fields[i], place)))
			return false;
	}
	/* Only now everything is known that decides which values must be there. */
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].is_there &&
			fields[i].is_there(ret) !=
				(json_object_object_get(o, fields[i].key) != NULL))
			return false;
	/* An alert cannot be "ok". */
	return ret->alert.rule.severity != SEVERITY_OK;
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
