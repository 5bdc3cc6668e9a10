/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_builder.h"

#include "basic/format.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "model/tally.h"

#include <errno.h>
#include <stdio.h>

struct json_object *build_checked(struct builder *b, struct json_object *value)
{
	if (!value)
		b->error = -ENOMEM;
	return value;
}

struct json_object *build_object(struct builder *b)
{
	return build_checked(b, json_object_new_object());
}

struct json_object *build_array(struct builder *b)
{
	return build_checked(b, json_object_new_array());
}

void build_put(struct builder *b, struct json_object *o, const char *key, struct json_object *value)
{
	const unsigned options = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!b->error && json_object_object_add_ex(o, key, value, options) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

void build_append(struct builder *b, struct json_object *array, struct json_object *value)
{
	if (!b->error && json_object_array_add(array, value) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

struct json_object *build_number(struct builder *b, uint64_t n)
{
	return n == UNKNOWN ? NULL : build_checked(b, json_object_new_uint64(n));
}

struct json_object *build_boolean(struct builder *b, bool value)
{
	return build_checked(b, json_object_new_boolean(value));
}

struct json_object *build_decimal(struct builder *b, double value)
{
	char text[FORMAT_SIZE];

	if (value < 0)
		return NULL;
	snprintf(text, sizeof(text), "%.1f", value);
	return build_checked(b, json_object_new_double_s(value, text));
}

struct json_object *build_quantity(struct builder *b, double value)
{
	char text[FORMAT_SIZE];

	if (!format_number(text, value))
		return NULL;
	return build_checked(b, json_object_new_double_s(value, text));
}

struct json_object *build_seconds(struct builder *b, uint32_t ms)
{
	return build_decimal(b, ms == UNKNOWN_U32 ? -1.0 : ms / 1000.0);
}

struct json_object *build_time(struct builder *b, const struct timespec *t)
{
	char text[FORMAT_SIZE];

	return build_string(b, format_time(text, t));
}

struct json_object *build_string(struct builder *b, const char *text)
{
	char printable[1024];

	if (!text || !*text)
		return NULL;
	return build_checked(
		b, json_object_new_string(utf8_printable(printable, sizeof(printable), text)));
}

struct json_object *build_states(struct builder *b, state_set states)
{
	struct json_object *array = build_array(b);

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			build_append(b, array, build_string(b, state_name(s)));
	return array;
}
