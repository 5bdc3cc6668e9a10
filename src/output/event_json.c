/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_json.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "judge/diagnosis.h"
#include "output/event_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The document holds the words of a diagnosis at its deepest. */
#define DEPTH_MAX 5

int event_json_format(const struct alert_event *e, char **ret)
{
	struct builder b = {0};
	struct json_object *o = build_object(&b);
	const char *text;
	char *copy;

	for (size_t i = 0; i < event_keys_count; i++)
		build_put(&b, o, event_keys[i].name, event_value(&b, &event_keys[i], e));
	text = build_text(&b, o, false);
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

/* As precise as it is written: of more digits, the sentences would have some that the document of
 * the same event has not. */
static bool read_quantity(struct json_object *value, double *ret)
{
	char text[FORMAT_SIZE];

	if (!read_double(value, ret) || !format_number(text, *ret))
		return false;
	*ret = strtod(text, NULL);
	return true;
}

/* In steps of so many ms, as it is written. */
static bool read_seconds(struct json_object *value, unsigned step_ms, uint32_t *ret)
{
	double seconds;

	/* The tenth of a second above what fits may come from what does. */
	if (!read_double(value, &seconds) || seconds < 0 || seconds > UNKNOWN_U32 / 1000.0 + 0.1)
		return false;
	*ret = (uint32_t)MIN(round(seconds * 1000 / step_ms) * step_ms, UNKNOWN_U32 - 1.0);
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
	enum sock_side side;
	char word[16];

	if (!read_text(value, word, sizeof(word)) || side_parse(word, &side) < 0 ||
		strcmp(word, side_name(side)) != 0)
		return false;
	k->service.side = k->scope == SCOPE_PORT ? (uint8_t)side : 0;
	k->owner_key.side = k->scope == SCOPE_OWNER ? side : 0;
	return k->scope != SCOPE_TOTAL;
}

/* As build_address() writes it. */
static bool read_any_address(struct json_object *value, struct sock_address *ret)
{
	char text[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = {0};
	int family;

	if (!read_text(value, text, sizeof(text)))
		return false;
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, bytes) != 1)
		return false;
	*ret = sock_address_of((uint8_t)family, bytes);
	return inet_ntop(ret->family, ret->bytes, again, sizeof(again)) && strcmp(again, text) == 0;
}

/* Only a server's listener has one of its own. */
static bool read_address(struct json_object *value, struct alert_key *k)
{
	return k->scope == SCOPE_PORT && k->service.side == SIDE_SERVER &&
	       read_any_address(value, &k->service.address) &&
	       !sock_address_is_wildcard(&k->service.address);
}

/* A name that the kernel accepts (net/core/dev.c: dev_valid_name), or a number. */
static bool read_device(struct json_object *value, struct alert *a)
{
	return a->key.scope == SCOPE_PORT && read_text(value, a->device, sizeof(a->device)) &&
	       !a->device[strcspn(a->device, "/: \t\n\v\f\r")];
}

static bool read_port(struct json_object *value, struct alert_key *k)
{
	uint64_t port;

	if (k->scope != SCOPE_PORT || !read_number(value, UINT16_MAX, &port))
		return false;
	k->service.port = (uint16_t)port;
	return true;
}

/* The cgroup identifies an owner, or else the side does. */
static bool read_cgroup(struct json_object *value, struct alert_key *k)
{
	return k->scope == SCOPE_OWNER && k->owner_key.side == SIDE_COUNT &&
	       read_number(value, UNKNOWN - 1, &k->owner_key.cgroup) && k->owner_key.cgroup;
}

/* Whether a key may lack it. */
static bool read_no_key(enum event_type type, struct alert_key *k)
{
	if (type == EVENT_CGROUP)
		return k->scope != SCOPE_OWNER || k->owner_key.side < SIDE_COUNT;
	if (type == EVENT_SIDE && k->scope == SCOPE_OWNER)
		k->owner_key.side = SIDE_COUNT;
	return k->scope != SCOPE_PORT;
}

/* A list of names; 0: it is no such list, or empty. */
static unsigned read_set(struct json_object *value, const struct names *names)
{
	unsigned n = 0, set = 0;

	if (!json_object_is_type(value, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		if (!read_name(json_object_array_get_idx(value, i), names, &n))
			return 0;
		set |= 1U << n;
	}
	return set;
}

/* An address of either family; null leaves it unknown. */
static bool read_end(struct json_object *value, uint8_t *family, uint8_t ret[16])
{
	char text[INET6_ADDRSTRLEN];

	if (!value)
		return true;
	if (!read_text(value, text, sizeof(text)))
		return false;
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, ret) == 1;
}

/* All of a destination, or the source alone. */
static bool read_destination(struct json_object *value, struct destination *d)
{
	struct json_object *address, *device, *port, *source;
	uint64_t number = 0;

	if (!json_object_is_type(value, json_type_object) ||
		!json_object_object_get_ex(value, "address", &address) ||
		!json_object_object_get_ex(value, "device", &device) ||
		!json_object_object_get_ex(value, "port", &port) ||
		!json_object_object_get_ex(value, "source", &source) || !address != !port ||
		(!address && !source))
		return false;
	if (port && !read_number(port, UINT16_MAX, &number))
		return false;
	if (device && !read_text(device, d->device_name, sizeof(d->device_name)))
		return false;
	d->port = (uint16_t)number;
	d->sockets = 1;
	return read_end(source, &d->family, d->source) && read_end(address, &d->family, d->address);
}

/* A text that may be null, as "". */
static bool read_member(struct json_object *o, const char *key, char *ret, size_t size)
{
	struct json_object *value = NULL;

	*ret = '\0';
	if (!json_object_object_get_ex(o, key, &value))
		return false;
	return !value || read_text(value, ret, size);
}

static bool read_flag(struct json_object *o, const char *key, bool *ret)
{
	struct json_object *value = NULL;

	*ret = json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean);
}

/* The cgroup, the user and whether it is gone say all the rest. */
static bool read_owner(struct json_object *value, struct owner *ret)
{
	char cgroup[OWNER_CGROUP_MAX], user[OWNER_USER_MAX], unit[OWNER_UNIT_MAX],
		container[OWNER_CONTAINER_MAX], kind[16];
	bool is_mixed, is_gone;

	if (!json_object_is_type(value, json_type_object) ||
		!read_member(value, "cgroup", cgroup, sizeof(cgroup)) ||
		!read_member(value, "user", user, sizeof(user)) ||
		!read_member(value, "unit", unit, sizeof(unit)) ||
		!read_member(value, "container", container, sizeof(container)) ||
		!read_member(value, "kind", kind, sizeof(kind)) ||
		!read_flag(value, "mixed", &is_mixed) || !read_flag(value, "gone", &is_gone))
		return false;
	owner_restore(cgroup, user, is_gone, ret);
	ret->is_mixed = is_mixed;
	return owner_is_known(ret) && strcmp(kind, name_of(owner_kind_names, ret->kind)) == 0 &&
	       strcmp(unit, ret->unit) == 0 && strcmp(container, ret->container) == 0;
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

/* What null means. Of size 0: all is zero already. */
static const struct {
	const void *value;
	size_t size;
} nulls[] = {
	[EVENT_NUMBER] = {&(const uint64_t){UNKNOWN}, sizeof(uint64_t)},
	[EVENT_QUANTITY] = {&(const double){UNKNOWN_DOUBLE}, sizeof(double)},
	[EVENT_AGE] = {&(const uint32_t){UNKNOWN_U32}, sizeof(uint32_t)},
	[EVENT_OWNERSHIP] = {&(const ownership_set){OWNERSHIP_SET_ALL}, sizeof(ownership_set)},
	[EVENT_CAUSE] = {&(const enum symptom){CAUSE_NONE}, sizeof(enum symptom)},
	[EVENT_DIAGNOSES] = {NULL, 0},
};

static bool read_null(const struct event_key *k, void *place)
{
	if (nulls[k->type].size)
		memcpy(place, nulls[k->type].value, nulls[k->type].size);
	if (k->type == EVENT_SIDE || k->type == EVENT_PORT || k->type == EVENT_CGROUP)
		return read_no_key(k->type, place);
	return !k->required;
}

static bool read_value(struct json_object *value, const struct event_key *k, void *place)
{
	switch (k->type) {
	case EVENT_SCHEMA:
		return read_schema(value);
	case EVENT_TEXT:
		return read_text(value, place, k->size);
	case EVENT_NAME:
	case EVENT_CAUSE:
		return read_name(value, k->names, place);
	case EVENT_FLAG:
		*(bool *)place = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean);
	case EVENT_NUMBER:
		return read_number(value, UNKNOWN - 1, place);
	case EVENT_QUANTITY:
		return read_quantity(value, place);
	case EVENT_AGE:
		return read_seconds(value, 100, place);
	case EVENT_DURATION:
		return read_seconds(value, 1, place);
	case EVENT_TIME:
		return read_time(value, place);
	case EVENT_SIDE:
		return read_side(value, place);
	case EVENT_ADDRESS:
		return read_address(value, place);
	case EVENT_DEVICE:
		return read_device(value, place);
	case EVENT_PORT:
		return read_port(value, place);
	case EVENT_OWNER:
		return read_owner(value, place);
	case EVENT_CGROUP:
		return read_cgroup(value, place);
	case EVENT_STATES:
		*(state_set *)place = (state_set)read_set(value, &state_names);
		return *(state_set *)place;
	case EVENT_OWNERSHIP:
		*(ownership_set *)place = (ownership_set)read_set(value, k->names);
		return *(ownership_set *)place;
	case EVENT_DESTINATION:
		return read_destination(value, place);
	case EVENT_DIAGNOSIS:
		return read_diagnosis(value, place);
	case EVENT_DIAGNOSES:
		return json_object_is_type(value, json_type_object);
	case EVENT_KEY:
	case EVENT_SENTENCE:
		break;
	}
	return json_object_is_type(value, json_type_string);
}

/* Of a rule that a configuration may have, which is never "ok". */
static bool is_valid(const struct rule *r)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return r->name[strspn(r->name, allowed)] == '\0' && r->severity != SEVERITY_OK;
}

/* Whether the key is that of what was read: two alerts never have the same. */
static bool has_its_key(struct json_object *o, const struct alert_event *e)
{
	char buffer[EVENT_KEY_SIZE];
	struct string key = STRING_IN(buffer);
	struct json_object *value = json_object_object_get(o, "key");

	event_key_text(&key, e);
	return (size_t)json_object_get_string_len(value) == key.length &&
	       strcmp(json_object_get_string(value), buffer) == 0;
}

static bool read_event(struct json_object *o, struct alert_event *ret)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object))
		return false;
	for (size_t i = 0; i < event_keys_count; i++) {
		const struct event_key *k = &event_keys[i];
		void *place = (char *)ret + k->place;

		if (!json_object_object_get_ex(o, k->name, &value) ||
			!(value ? read_value(value, k, place) : read_null(k, place)))
			return false;
	}
	/* Only now everything is known that decides which values must be there. */
	for (size_t i = 0; i < event_keys_count; i++)
		if (event_keys[i].is_there &&
			event_keys[i].is_there(ret) !=
				!!json_object_object_get(o, event_keys[i].name))
			return false;
	return is_valid(&ret->alert.rule) && has_its_key(o, ret);
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
