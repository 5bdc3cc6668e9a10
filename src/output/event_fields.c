/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_fields.h"

#include "basic/format.h"
#include "basic/string.h"
#include "output/event_table.h"

/* Adds the value, a list with "," between. A number without a fraction is an integer, as a shell
 * compares them. */
static void add_value(struct string *text, const struct event_key *k, struct json_object *value)
{
	char number[FORMAT_SIZE];

	if (k->type == EVENT_QUANTITY) {
		string_add(text, format_number(number, json_object_get_double(value)));
		return;
	}
	if (!json_object_is_type(value, json_type_array)) {
		string_add(text, json_object_get_string(value));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		string_add(text, i ? "," : "");
		add_value(text, k, json_object_array_get_idx(value, i));
	}
}

void event_fields(const struct alert_event *e, struct event_fields *ret)
{
	struct string text = STRING_IN(ret->text);
	struct builder b = {0};

	ret->count = 0;
	for (size_t i = 0; i < event_keys_count; i++) {
		const struct event_key *k = &event_keys[i];
		struct json_object *value = k->field ? event_value(&b, k, e) : NULL;

		if (!value)
			continue;
		ret->list[ret->count++] = text.text + text.length;
		string_addf(&text, "TCPSTATED_%s=", k->field);
		add_value(&text, k, value);
		string_add_char(&text, '\0');
		json_object_put(value);
	}
}
