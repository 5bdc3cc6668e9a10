/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values as in each of our documents: what is unknown is null, and a failure is kept, so that
 * only the end must be checked.
 */
#ifndef TCPSTATED_OUTPUT_JSON_BUILDER_H
#define TCPSTATED_OUTPUT_JSON_BUILDER_H

#include "model/owner.h"
#include "model/snapshot.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The first -errno, or 0. After a failure nothing is added. */
struct builder {
	int error;
};

/* Records a failure if value is NULL; returns value. */
struct json_object *build_checked(struct builder *b, struct json_object *value);

struct json_object *build_object(struct builder *b);
struct json_object *build_array(struct builder *b);

/* Adds a value under a key of static storage, or at the end, and takes it over. NULL is null. */
void build_put(
	struct builder *b, struct json_object *o, const char *key, struct json_object *value);
void build_append(struct builder *b, struct json_object *array, struct json_object *value);

struct json_object *build_number(struct builder *b, uint64_t n);
struct json_object *build_boolean(struct builder *b, bool value);

/* With one decimal; a negative value is unknown. */
struct json_object *build_decimal(struct builder *b, double value);

/* As format_number() writes it, and with a fraction; NaN is unknown. */
struct json_object *build_quantity(struct builder *b, double value);

/* A duration; UNKNOWN_U32 is unknown. */
struct json_object *build_seconds(struct builder *b, uint32_t ms);

struct json_object *build_time(struct builder *b, const struct timespec *t);

/* The first 1023 bytes of a text, as utf8_printable() leaves them; NULL and "" are unknown. */
struct json_object *build_string(struct builder *b, const char *text);

/* {"address", "device", "port", "source"}, or null if there is none. */
struct json_object *build_destination(struct builder *b, const struct destination *d);

/* "10.0.0.5"; null: none. */
struct json_object *build_address(struct builder *b, const struct sock_address *a);

/*
 * Whose sockets are; null: unknown. user is that of the sockets, where the owner has none of its
 * own; NULL: unknown.
 */
struct json_object *build_owner(
	struct builder *b, const struct owner *o, const char *user, bool is_mixed);

struct json_object *build_states(struct builder *b, state_set states);

/* A value as text: indented when pretty, else as one line. It is borrowed from the value. NULL
 * after a failure, also an earlier one. */
const char *build_text(struct builder *b, struct json_object *value, bool pretty);

/* What documents have in common. */

/* Puts "schema", "version", "time", "host", "boot_id", "kernel" and "netns". */
void build_put_origin(
	struct builder *b, struct json_object *o, const char *schema, const struct origin *origin);

/*
 * Puts what a service is: "netns", "side", "address", "device" and "port"; all null but the first
 * with NULL. device is the name of its device, NULL or "" where that is unknown.
 */
void build_put_service(struct builder *b, struct json_object *o, const char *netns,
	const struct service_key *service, const char *device);

/* How the scan went. */
struct json_object *build_scan(
	struct builder *b, const struct scan *scan, const struct origin *origin);

/* What the user asked to see; null: everything. */
struct json_object *build_filter(struct builder *b, const struct filter *f, bool with_states);

#endif
