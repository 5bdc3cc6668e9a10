/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Under which service each socket of a network namespace is counted, by evidence, in this order:
 *
 * 1. A listener that takes the socket's local address, port and device, as the kernel would choose
 *    among them (net/ipv4/inet_hashtables.c: __inet_lookup_listener, compute_score).
 * 2. What is known from before: from a listener or a count, never from a guess. A service stays
 *    known until a complete scan finds none of its sockets; counts that contradict it end it, too.
 * 3. How many share it in this scan: a local port with many peers is a server's; a remote address
 *    and port, or a remote port, with many local ports is a client's.
 * 4. The port ranges of both ends; on a tie the lower port is the service's.
 *
 * Most sockets are placed at once. While counts are even, a socket waits for the end of the scan;
 * beyond ATTRIBUTION_WAITING_MAX it is placed by what is known so far, and if the counts then turn
 * out otherwise, a second pass over the sockets places them by the counts of the first.
 *
 * Memory: 0.7 MiB that becomes resident only where counts are needed, 32 bytes for each service,
 * and the sockets that wait.
 */
#ifndef TCPSTATED_MODEL_ATTRIBUTION_H
#define TCPSTATED_MODEL_ATTRIBUTION_H

#include "basic/cleanup.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

/* Sockets that may wait, a quarter of a MiB. */
#define ATTRIBUTION_WAITING_MAX 1500

/* Sockets of services whose listener is gone that are told from those of a wildcard's listener,
 * which takes their address now; 8 bytes each, where there are any. */
#define ATTRIBUTION_LEFT_MAX 16384

/* Services that are remembered; further ones are attributed anew in each scan. */
#define ATTRIBUTION_KNOWN_MAX 65536

struct attribution;

/* Returns 0 or -ENOMEM; free with attribution_free. */
int attribution_new(struct attribution **ret);
struct attribution *attribution_free(struct attribution *a); /* returns NULL; a may be NULL */
DEFINE_FREEP(attribution)

/* Starts a scan of a namespace with this ip_local_port_range; 0, 0 when it is unknown. */
void attribution_start(struct attribution *a, uint16_t port_first, uint16_t port_last);

/*
 * Takes in a LISTEN record, before any other socket of its namespace, and gives its service.
 * Without memory it is left out.
 */
void attribution_add_listener(
	struct attribution *a, const struct sock_record *r, struct service_key *ret);

/* Gives the service of a socket. Returns false if it waits: attribution_finish() will give it. */
bool attribution_place(struct attribution *a, const struct sock_record *r, struct service_key *ret);

/* Called with a socket that waited. */
typedef void (*attribution_fn)(
	const struct sock_record *r, const struct service_key *service, void *userdata);

/*
 * Ends a scan: places what waited. complete: every socket of every state was shown; only then are
 * services without sockets forgotten. Returns whether sockets were placed that the counts now
 * contradict: then attribution_start_again() and all the records once more place them right.
 */
bool attribution_finish(struct attribution *a, bool complete, attribution_fn fn, void *userdata);

/* Starts the second pass of a scan. */
void attribution_start_again(struct attribution *a);

/* Counts up when a service becomes known or is forgotten. */
uint64_t attribution_changes(const struct attribution *a);

/* What is worth keeping over a restart: services known from a listener or a count. A client's has
 * the address of its destination. */
typedef void (*attribution_known_fn)(const struct service_key *known, void *userdata);
size_t attribution_known_count(const struct attribution *a);
void attribution_foreach_known(
	const struct attribution *a, attribution_known_fn fn, void *userdata);

/* Takes in what was kept. Returns 0, -ENOMEM, or -ENOSPC beyond ATTRIBUTION_KNOWN_MAX. */
int attribution_restore_known(struct attribution *a, const struct service_key *known);

#endif
