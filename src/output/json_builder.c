/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_builder.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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
	/* A reader that takes the type from the first document must not find an integer there. */
	if (!strpbrk(text, ".e"))
		strcat(text, ".0");
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

static struct json_object *build_end(struct builder *b, uint8_t family, const uint8_t address[16])
{
	const struct sock_address a = sock_address_of(family, address);

	return sock_address_is_wildcard(&a) ? NULL : build_address(b, &a);
}

struct json_object *build_destination(struct builder *b, const struct destination *d)
{
	char device[DEVICE_NAME_SIZE];
	struct json_object *o;

	if (!d->sockets)
		return NULL;
	o = build_object(b);
	build_put(b, o, "address", build_end(b, d->family, d->address));
	build_put(b, o, "device", build_string(b, device_label(device, d->device, d->device_name)));
	build_put(b, o, "port", build_number(b, d->port ? d->port : UNKNOWN));
	build_put(b, o, "source", build_end(b, d->family, d->source));
	return o;
}

struct json_object *build_address(struct builder *b, const struct sock_address *a)
{
	char text[INET6_ADDRSTRLEN];

	return build_string(
		b, a->family ? inet_ntop(a->family, a->bytes, text, sizeof(text)) : NULL);
}

struct json_object *build_owner(
	struct builder *b, const struct owner *o, const char *user, bool is_mixed)
{
	struct json_object *object;

	if (!o || !owner_is_known(o))
		return NULL;
	object = build_object(b);
	build_put(b, object, "kind", build_string(b, name_of(owner_kind_names, o->kind)));
	build_put(b, object, "unit", build_string(b, o->unit));
	build_put(b, object, "container", build_string(b, o->container));
	build_put(b, object, "cgroup", build_string(b, o->cgroup));
	build_put(b, object, "user", build_string(b, *o->user ? o->user : user));
	build_put(b, object, "mixed", build_boolean(b, is_mixed));
	build_put(b, object, "gone", build_boolean(b, o->is_gone));
	return object;
}

struct json_object *build_states(struct builder *b, state_set states)
{
	struct json_object *array = build_array(b);

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			build_append(b, array, build_string(b, state_name(s)));
	return array;
}

const char *build_text(struct builder *b, struct json_object *value, bool pretty)
{
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
			  (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);
	const char *text = b->error ? NULL : json_object_to_json_string_ext(value, flags);

	if (!text)
		b->error = -ENOMEM;
	return text;
}

void build_put_origin(
	struct builder *b, struct json_object *o, const char *schema, const struct origin *origin)
{
	build_put(b, o, "schema", build_string(b, schema));
	build_put(b, o, "version", build_string(b, PACKAGE_VERSION));
	build_put(b, o, "time", build_time(b, &origin->time));
	build_put(b, o, "host", build_string(b, origin->host));
	build_put(b, o, "boot_id", build_string(b, origin->boot_id));
	build_put(b, o, "kernel", build_string(b, origin->kernel));
	build_put(b, o, "netns", build_string(b, origin->netns));
}

void build_put_service(struct builder *b, struct json_object *o, const char *netns,
	const struct service_key *service, const char *device)
{
	static const struct service_key none;
	const struct service_key *k = service ? service : &none;
	const char *side = service ? side_name((enum sock_side)k->side) : NULL;
	char text[DEVICE_NAME_SIZE];

	build_put(b, o, "netns", build_string(b, netns));
	build_put(b, o, "side", build_string(b, side));
	build_put(b, o, "address", build_address(b, &k->address));
	build_put(b, o, "device", build_string(b, device_label(text, k->device, device)));
	build_put(b, o, "port", build_number(b, service ? k->port : UNKNOWN));
}

struct json_object *build_scan(
	struct builder *b, const struct scan *scan, const struct origin *origin)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "source", build_string(b, scan->source));
	build_put(b, o, "replayed", build_boolean(b, origin->replayed));
	build_put(b, o, "complete", build_boolean(b, scan->complete));
	build_put(b, o, "error", build_string(b, scan->error));
	build_put(b, o, "sockets", build_number(b, scan->sockets));
	build_put(b, o, "wall_us", build_number(b, scan->wall_us));
	build_put(b, o, "cpu_us", build_number(b, scan->cpu_us));
	return o;
}

/* Not by build_string(): a list of ports can be longer than any name. */
static struct json_object *port_list(struct builder *b, const struct service_set *ports)
{
	cleanup_(freep) char *text = service_set_format(ports);

	return build_checked(b, text ? json_object_new_string(text) : NULL);
}

struct json_object *build_filter(struct builder *b, const struct filter *f, bool with_states)
{
	const bool one_side = f->sides[SIDE_SERVER] != f->sides[SIDE_CLIENT];
	const bool states = with_states && f->states != STATE_SET_ALL;
	struct json_object *o;

	if (!f->ports && !states && !one_side)
		return NULL;
	o = build_object(b);
	build_put(b, o, "ports", f->ports ? port_list(b, f->ports) : NULL);
	if (with_states)
		build_put(b, o, "states", states ? build_states(b, f->states) : NULL);
	build_put(b, o, "side",
		build_string(
			b, one_side ? side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT)
				    : NULL));
	return o;
}
