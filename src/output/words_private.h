/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of words share. */
#ifndef TCPSTATED_OUTPUT_WORDS_PRIVATE_H
#define TCPSTATED_OUTPUT_WORDS_PRIVATE_H

#include "basic/string.h"
#include "judge/limit.h"
#include "judge/owner_key.h"
#include "model/client_ports.h"
#include "model/service.h"
#include "model/whose.h"

#include <stdbool.h>
#include <stdint.h>

/* What a diagnosis says of its sockets, or NULL; id may be NULL. */
const char *words_of_diagnosis(const char *id);

/* What is used of each limit: "orphaned sockets". */
extern const char *const limit_nouns[LIMIT_COUNT];

/* "port 80: ", "port 192.0.2.7:80: ", "to port 5432 (mostly app.service): " */
void words_port(struct string *s, const struct service_key *service, const char *device,
	bool is_only, const struct whose *whose);

/*
 * Whose sums: "tunnel.service: "; without a name "cgroup 4711: ", and where the owner is unknown
 * "clients on this machine: " or "other services: ".
 */
void words_owner_subject(struct string *s, const struct owner_key *key, const struct whose *whose);

/* " over 600 ports", " over 4,800 more ports"; nothing if that is unknown. */
void words_over_ports(struct string *s, uint64_t ports, bool is_more);

/* ", the fullest of 4 listeners", where there are several. */
void words_listeners(struct string *s, uint64_t listeners);

/* "to 10.0.0.5:3306 from 10.0.0.1", "from 10.0.0.1 to any address" */
void words_endpoints(struct string *s, const struct destination *d);

/* "to 10.0.0.5:3306 from 10.0.0.1 (app.service): "; owner may be NULL or "". */
void words_destination(struct string *s, const struct destination *d, const struct whose *whose);

/* ", between 0 and 300 left" of all; nothing if that is known to 1 % of all, or unknown. */
void words_room(struct string *s, const struct port_room *room, uint64_t all);

/* "orphaned sockets: 400 of 65,536 (0.6 %)"; without a limit that is known, only the number. */
void words_usage(struct string *s, const char *noun, const struct usage *u);

/* ", 1.6 MiB, oldest 15 min"; what is unknown is left out. */
void words_memory_and_age(struct string *s, uint64_t memory_bytes, uint32_t oldest_ms);

#endif
