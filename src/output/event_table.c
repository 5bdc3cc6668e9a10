/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_table.h"

#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/diagnosis_json.h"
#include "output/words.h"

#include <inttypes.h>

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

#define AT(member)                                                                                 \
	.place = offsetof(struct alert_event, member),                                             \
	.size = sizeof(((struct alert_event *)NULL)->member)
#define NAMED(table) .names = &(table), .required = true
#define OF_EVENT     .is_of_event = true

/* The document, in its order. */
const struct event_key event_keys[] = {
	{"schema", NULL, EVENT_SCHEMA, .required = true, OF_EVENT},
	{"sequence", "SEQUENCE", EVENT_NUMBER, AT(sequence), .required = true, OF_EVENT},
	{"event", "EVENT", EVENT_NAME, AT(kind), NAMED(event_kind_names), OF_EVENT},
	{"time", "TIME", EVENT_TIME, AT(time), .required = true, OF_EVENT},
	{"since", "SINCE", EVENT_TIME, AT(alert.since), .required = true},
	{"host", "HOST", EVENT_TEXT, AT(host), OF_EVENT},
	{"key", "KEY", EVENT_KEY, .required = true},
	{"alert", "ALERT", EVENT_TEXT, AT(alert.rule.name), .required = true},
	{"id", NULL, EVENT_DIAGNOSIS, AT(explanation.id)},
	{"cause", NULL, EVENT_CAUSE, AT(explanation.cause), .names = &cause_names},
	{"severity", "SEVERITY", EVENT_NAME, AT(alert.rule.severity), NAMED(severity_names)},
	{"netns", "NETNS", EVENT_TEXT, AT(netns)},
	{"scope", "SCOPE", EVENT_NAME, AT(alert.key.scope), NAMED(scope_names)},
	{"side", "SIDE", EVENT_SIDE, AT(alert.key)},
	{"address", "ADDRESS", EVENT_ADDRESS, AT(alert.key)},
	{"device", "DEVICE", EVENT_DEVICE, AT(alert)},
	{"port", "PORT", EVENT_PORT, AT(alert.key)},
	{"only_service_of_port", NULL, EVENT_FLAG, AT(alert.is_only), .required = true},
	{"owner", NULL, EVENT_OWNER, AT(alert.owner)},
	{"cgroup_id", NULL, EVENT_CGROUP, AT(alert.key)},
	{"destination", NULL, EVENT_DESTINATION, AT(alert.numbers.destination)},
	{"states", "STATE", EVENT_STATES, AT(alert.rule.states), .is_there = is_of_sockets},
	{"ownership", NULL, EVENT_OWNERSHIP, AT(alert.rule.ownerships), .names = &ownership_names},
	{"older_than_seconds", NULL, EVENT_DURATION, AT(alert.rule.older_than_ms)},
	{"measure", "MEASURE", EVENT_NAME, AT(alert.rule.measure), NAMED(measure_names)},
	{"limit", NULL, EVENT_NAME, AT(alert.rule.limit), .names = &rule_limit_names,
		.is_there = is_of_a_limit},
	{"counter", NULL, EVENT_NAME, AT(alert.rule.counter), .names = &counter_names,
		.is_there = is_of_a_counter},
	{"window_seconds", NULL, EVENT_DURATION, AT(alert.rule.window_ms)},
	{"value", "VALUE", EVENT_QUANTITY, AT(alert.numbers.value)},
	{"raise", "THRESHOLD", EVENT_QUANTITY, AT(alert.rule.raise), .required = true},
	{"clear", "CLEAR", EVENT_QUANTITY, AT(alert.rule.clear), .required = true},
	{"rule_gone", NULL, EVENT_FLAG, AT(alert.is_ruleless), .required = true},
	{"ports", "PORTS", EVENT_NUMBER, AT(alert.numbers.ports)},
	{"listeners", NULL, EVENT_NUMBER, AT(alert.numbers.listeners)},
	{"used", NULL, EVENT_NUMBER, AT(alert.numbers.usage.used)},
	{"max", NULL, EVENT_NUMBER, AT(alert.numbers.usage.max)},
	{"sockets", "SOCKETS", EVENT_NUMBER, AT(alert.numbers.sockets)},
	{"memory_bytes", "MEMORY_BYTES", EVENT_NUMBER, AT(alert.numbers.memory_bytes)},
	{"oldest_seconds", "OLDEST_SECONDS", EVENT_AGE, AT(alert.numbers.oldest_ms)},
	{"rule_diagnosis", NULL, EVENT_DIAGNOSIS, AT(alert.rule.diagnosis)},
	{"what", "TEXT", EVENT_SENTENCE, AT(alert), .required = true},
	{"diagnoses", NULL, EVENT_DIAGNOSES, AT(explanation), .required = true, OF_EVENT},
};

const size_t event_keys_count = ARRAY_SIZE(event_keys);

_Static_assert(sizeof(enum severity) == sizeof(unsigned), "an enumeration is read as unsigned");

static struct json_object *ownership(
	struct builder *b, const struct event_key *k, ownership_set set)
{
	struct json_object *array = set && set != OWNERSHIP_SET_ALL ? build_array(b) : NULL;

	for (unsigned i = 0; array && i < OWNERSHIP_COUNT; i++)
		if (set & OWNERSHIP_BIT(i))
			build_append(b, array, build_string(b, name_of(*k->names, i)));
	return array;
}

/* NULL: of an owner whose cgroup is known, and of the machine. */
static const char *side_of(const struct alert_key *key)
{
	if (key->scope == SCOPE_PORT)
		return side_name((enum sock_side)key->service.side);
	return key->scope == SCOPE_OWNER && key->owner_key.side < SIDE_COUNT
		       ? side_name((enum sock_side)key->owner_key.side)
		       : NULL;
}

void event_key_text(struct string *s, const struct alert_event *e)
{
	const struct alert *a = &e->alert;

	/* Neither the name of a rule, of a namespace nor of a device has a slash, and that of a
	 * device no colon. */
	string_addf(s, "%s/", a->rule.name);
	string_add_printable(s, e->netns);
	if (a->key.scope == SCOPE_PORT) {
		string_addf(s, "/%s/", side_of(&a->key));
		words_service(s, &a->key.service, a->device, false);
	} else if (a->key.scope == SCOPE_OWNER) {
		const char *side = side_of(&a->key);

		/* The cgroup is the same while the machine runs, whatever is known of its name. */
		if (a->key.owner_key.cgroup)
			string_addf(s, "/owner/%" PRIu64, a->key.owner_key.cgroup);
		else
			string_addf(s, "/owner/%s", side ? side : "rest");
	}
}

static struct json_object *key_text(struct builder *b, const struct alert_event *e)
{
	char buffer[EVENT_KEY_SIZE];
	struct string s = STRING_IN(buffer);

	event_key_text(&s, e);
	return build_string(b, buffer);
}

static struct json_object *diagnosis(struct builder *b, const struct explanation *why)
{
	struct json_object *o = build_object(b);

	diagnosis_json_put_event(b, o, why);
	return o;
}

static struct json_object *sentence(struct builder *b, const struct alert *a)
{
	char buffer[SENTENCE_SIZE];
	struct string s = STRING_IN(buffer);

	words_alert(&s, a);
	return build_string(b, buffer);
}

struct json_object *event_value(
	struct builder *b, const struct event_key *k, const struct alert_event *e)
{
	const void *place = (const char *)e + k->place;
	const struct alert_key *key = place;

	if (k->is_there && !k->is_there(e))
		return NULL;
	switch (k->type) {
	case EVENT_SCHEMA:
		return build_string(b, EVENT_JSON_SCHEMA_ID);
	case EVENT_TEXT:
		return build_string(b, place);
	case EVENT_NAME:
	case EVENT_CAUSE:
		return build_string(b, name_of(*k->names, *(const unsigned *)place));
	case EVENT_FLAG:
		return build_boolean(b, *(const bool *)place);
	case EVENT_NUMBER:
		return build_number(b, *(const uint64_t *)place);
	case EVENT_QUANTITY:
		return build_quantity(b, *(const double *)place);
	case EVENT_AGE:
		return build_seconds(b, *(const uint32_t *)place);
	case EVENT_DURATION:
		return *(const uint32_t *)place
			       ? build_quantity(b, *(const uint32_t *)place / 1000.0)
			       : NULL;
	case EVENT_TIME:
		return build_time(b, place);
	case EVENT_SIDE:
		return build_string(b, side_of(key));
	case EVENT_ADDRESS:
		return build_address(b, &key->service.address);
	case EVENT_DEVICE:
		return build_string(b, ((const struct alert *)place)->device);
	case EVENT_PORT:
		return build_number(b, key->scope == SCOPE_PORT ? key->service.port : UNKNOWN);
	case EVENT_CGROUP:
		return build_number(b, key->owner_key.cgroup ? key->owner_key.cgroup : UNKNOWN);
	case EVENT_OWNER:
		return build_owner(b, place, NULL, ((const struct owner *)place)->is_mixed);
	case EVENT_STATES:
		return build_states(b, *(const state_set *)place);
	case EVENT_OWNERSHIP:
		return ownership(b, k, *(const ownership_set *)place);
	case EVENT_DESTINATION:
		return build_destination(b, place);
	case EVENT_DIAGNOSIS:
		return build_string(b, *(const char *const *)place);
	case EVENT_SENTENCE:
		return sentence(b, place);
	case EVENT_KEY:
		return key_text(b, e);
	case EVENT_DIAGNOSES:
		break;
	}
	return diagnosis(b, place);
}
