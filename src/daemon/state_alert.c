/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_alert.h"

#include "basic/macro.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum type { TYPE_BOOL, TYPE_U8, TYPE_U16, TYPE_U32, TYPE_U64, TYPE_TIME, TYPE_DOUBLE, TYPE_TEXT };

#define AT(member) offsetof(struct alert, member)

/* Every field that is kept. A number is at most max; a text has max bytes with its NUL. */
static const struct field {
	const char *key;
	enum type type;
	size_t place;
	uint64_t max;
} fields[] = {
	{"name", TYPE_TEXT, AT(rule.name), RULE_NAME_SIZE},
	{"severity", TYPE_U32, AT(rule.severity), SEVERITY_CRITICAL},
	{"states", TYPE_U16, AT(rule.states), STATE_SET_ALL},
	{"holds", TYPE_U8, AT(rule.ownerships), OWNERSHIP_SET_ALL},
	{"older_than_ms", TYPE_U32, AT(rule.older_than_ms), UINT32_MAX},
	{"measure", TYPE_U32, AT(rule.measure), MEASURE_COUNT - 1},
	{"limit", TYPE_U32, AT(rule.limit), LIMIT_COUNT - 1},
	{"counter", TYPE_U32, AT(rule.counter), COUNTER_COUNT - 1},
	{"window_ms", TYPE_U32, AT(rule.window_ms), UINT32_MAX},
	{"scope", TYPE_U32, AT(rule.scope), SCOPE_COUNT - 1},
	{"raise", TYPE_DOUBLE, AT(rule.raise), 0},
	{"clear", TYPE_DOUBLE, AT(rule.clear), 0},
	{"has_port", TYPE_BOOL, AT(key.has_port), 0},
	{"side", TYPE_U8, AT(key.side), SIDE_COUNT - 1},
	{"port", TYPE_U16, AT(key.port), UINT16_MAX},
	{"state", TYPE_U32, AT(state), ALERT_STATE_COUNT - 1},
	{"since", TYPE_TIME, AT(since), 0},
	{"changed_ms", TYPE_U64, AT(changed_ms), UINT64_MAX},
	{"told_ms", TYPE_U64, AT(reported_ms), UINT64_MAX},
	{"value", TYPE_DOUBLE, AT(numbers.value), 0},
	{"sockets", TYPE_U64, AT(numbers.sockets), UINT64_MAX},
	{"memory_bytes", TYPE_U64, AT(numbers.memory_bytes), UINT64_MAX},
	{"oldest_ms", TYPE_U32, AT(numbers.oldest_ms), UINT32_MAX},
	{"text", TYPE_TEXT, AT(text), ALERT_TEXT_SIZE},
};

/* The size of a whole number in memory; 0: it is none. */
static size_t integer_size(enum type type)
{
	static const size_t sizes[] = {
		[TYPE_BOOL] = sizeof(bool),
		[TYPE_U8] = sizeof(uint8_t),
		[TYPE_U16] = sizeof(uint16_t),
		[TYPE_U32] = sizeof(uint32_t),
		[TYPE_U64] = sizeof(uint64_t),
		[TYPE_TEXT] = 0,
	};

	return sizes[type];
}

_Static_assert(sizeof(enum alert_state) == sizeof(uint32_t), "enums are read as 32 bits");

static uint64_t get_integer(const void *place, size_t size)
{
	uint64_t value = 0;
	uint32_t u32 = 0;
	uint16_t u16 = 0;
	uint8_t u8 = 0;

	switch (size) {
	case sizeof(u8):
		memcpy(&u8, place, size);
		return u8;
	case sizeof(u16):
		memcpy(&u16, place, size);
		return u16;
	case sizeof(u32):
		memcpy(&u32, place, size);
		return u32;
	default:
		memcpy(&value, place, size);
		return value;
	}
}

static void set_integer(void *place, size_t size, uint64_t value)
{
	const uint32_t u32 = (uint32_t)value;
	const uint16_t u16 = (uint16_t)value;
	const uint8_t u8 = (uint8_t)value;

	switch (size) {
	case sizeof(u8):
		memcpy(place, &u8, size);
		break;
	case sizeof(u16):
		memcpy(place, &u16, size);
		break;
	case sizeof(u32):
		memcpy(place, &u32, size);
		break;
	default:
		memcpy(place, &value, size);
	}
}

static struct json_object *time_value(const struct timespec *t)
{
	struct json_object *pair = json_object_new_array_ext(2);

	if (!pair)
		return NULL;
	json_object_array_add(pair, json_object_new_int64(t->tv_sec));
	json_object_array_add(pair, json_object_new_int64(t->tv_nsec));
	return pair;
}

static struct json_object *field_value(const struct field *f, const void *place)
{
	switch (f->type) {
	case TYPE_TEXT:
		return json_object_new_string(place);
	case TYPE_DOUBLE: {
		double value;

		memcpy(&value, place, sizeof(value));
		return json_object_new_double(value);
	}
	case TYPE_TIME:
		return time_value(place);
	case TYPE_BOOL:
	case TYPE_U8:
	case TYPE_U16:
	case TYPE_U32:
	case TYPE_U64:
		break;
	}
	return json_object_new_uint64(get_integer(place, integer_size(f->type)));
}

void state_alert_write(FILE *out, const struct alert *alert)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; o && i < ARRAY_SIZE(fields); i++)
		json_object_object_add(o, fields[i].key,
			field_value(&fields[i], (const char *)alert + fields[i].place));
	if (o)
		fprintf(out, "alert %s\n",
			json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

static bool parse_time(struct json_object *value, struct timespec *ret)
{
	int64_t seconds, nanoseconds;

	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) != 2)
		return false;
	seconds = json_object_get_int64(json_object_array_get_idx(value, 0));
	nanoseconds = json_object_get_int64(json_object_array_get_idx(value, 1));
	if (seconds < 0 || nanoseconds < 0 || nanoseconds > 999999999)
		return false;
	ret->tv_sec = seconds;
	ret->tv_nsec = (long)nanoseconds;
	return true;
}

static bool parse_text(struct json_object *value, char *place, size_t size)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || strlen(text) >= size ||
		(size_t)json_object_get_string_len(value) != strlen(text))
		return false;
	strcpy(place, text);
	return true;
}

static bool parse_double(struct json_object *value, void *place)
{
	double number = json_object_get_double(value);

	if (!json_object_is_type(value, json_type_double) || !isfinite(number))
		return false;
	memcpy(place, &number, sizeof(number));
	return true;
}

static bool parse_integer(struct json_object *value, const struct field *f, void *place)
{
	const uint64_t max = f->type == TYPE_BOOL ? 1 : f->max;

	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
		json_object_get_uint64(value) > max)
		return false;
	set_integer(place, integer_size(f->type), json_object_get_uint64(value));
	return true;
}

static bool parse_field(struct json_object *o, const struct field *f, void *place)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, f->key, &value))
		return false;
	switch (f->type) {
	case TYPE_TEXT:
		return parse_text(value, place, f->max);
	case TYPE_DOUBLE:
		return parse_double(value, place);
	case TYPE_TIME:
		return parse_time(value, place);
	case TYPE_BOOL:
	case TYPE_U8:
	case TYPE_U16:
	case TYPE_U32:
	case TYPE_U64:
		break;
	}
	return parse_integer(value, f, place);
}

int state_alert_parse(const char *text, struct alert *ret)
{
	struct json_object *o = json_tokener_parse(text);
	struct alert alert = {.rule = RULE_DEFAULT};
	bool good = json_object_is_type(o, json_type_object);

	for (size_t i = 0; good && i < ARRAY_SIZE(fields); i++)
		good = parse_field(o, &fields[i], (char *)&alert + fields[i].place);
	json_object_put(o);
	if (!good || !alert.rule.name[0] || alert.state == ALERT_INACTIVE)
		return -EBADMSG;
	*ret = alert;
	return 0;
}
