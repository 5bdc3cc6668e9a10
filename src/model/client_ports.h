/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local ports that this machine connects out with: how many are left, towards the destination
 * that has the fewest.
 *
 * connect() without bind() takes any port of ip_local_port_range that is not reserved, whose bind
 * bucket no bind() or listen() has touched, and that is not in use between this source address,
 * destination address, destination port and device (net/ipv4/inet_hashtables.c:
 * __inet_hash_connect; IPv4 and mapped IPv6 addresses are the same). bind() of a source address to
 * port 0 takes any port that no socket of that address has, whatever its destination
 * (net/ipv4/inet_connection_sock.c: inet_csk_find_open_port).
 *
 * sock_diag shows who is connected, but not every reason why a bucket is touched:
 *  - a socket bound to a port that its program chose: only by a second dump (struct port_set
 *    chosen);
 *  - a socket bound to port 0: not at all. The kernel's parity shows it: connect() begins with the
 *    ports of the parity of the first one, bind() with the others, and either takes the second half
 *    only once the first one is used up. Where one was, a port that two destinations share is
 *    connect()'s: bind() gives it to one socket of an address;
 *  - a TIME_WAIT: neither whether it was bound, nor whether it had timestamps, without which
 *    tcp_tw_reuse does not apply.
 * What remains unknown makes a range.
 *
 * Memory is bounded: Misra and Gries (1982) with PORT_USERS_MAX counters, and PORT_SETS_MAX pairs
 * of port bitmaps for those with more than PORT_LIST_MAX ports. Beyond, the range widens.
 */
#ifndef TCPSTATED_MODEL_CLIENT_PORTS_H
#define TCPSTATED_MODEL_CLIENT_PORTS_H

#include "model/limits.h"
#include "model/majority.h"
#include "model/owner.h"
#include "model/port_set.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_USERS_MAX 512
#define PORT_LIST_MAX  32
#define PORT_SETS_MAX  64

/* At least half of them stay free. */
#define PORT_USER_SLOTS (2 * PORT_USERS_MAX)

/* Whom the ports are in use by. An IPv4 address that is mapped to IPv6 is AF_INET here. */
struct destination {
	uint32_t sockets; /* 0: there is none */
	uint32_t device;  /* interface index that they are bound to; 0: none */
	uint16_t port;    /* 0: any destination, of sockets that are bound to the source first */
	uint8_t family;
	uint8_t source[16];  /* network byte order, as in struct sock_record; zero: unknown */
	uint8_t address[16]; /* likewise */
	char device_name[DEVICE_NAME_SIZE]; /* "": none, or not looked up */
};

/* Whether it is a limit of the source address alone. */
static inline bool destination_is_source(const struct destination *d)
{
	return d->sockets && !d->port;
}

/* How many more connections are possible, beside what is most likely (struct usage). */
struct port_room {
	uint64_t usable_min, usable_max; /* UNKNOWN likewise */
	uint64_t undecided; /* ports of which the dump of chosen ports would tell more; 0 with it */
	struct majority cgroup, uid; /* of the sockets (struct port_tally) */
	/* Set after the scan (poll/owners.h). NULL: unknown. Borrowed. */
	const struct owner *owner;
	const char *user;
};

/* Private: the sockets of one source towards one destination, or of one source. */
struct port_user {
	struct destination key; /* its sockets are the counter of Misra and Gries */
	uint32_t missed;        /* at most so many were counted and forgotten before */
	uint32_t young;         /* TIME_WAIT that connect() does not take yet */
	uint32_t unplaced;      /* whose ports are not in the sets */
	uint32_t listed;
	uint32_t list_waits; /* bit i: list[i] is a TIME_WAIT */
	uint16_t list[PORT_LIST_MAX];
	uint16_t sets; /* the place of its sets, plus one; 0: it has only the list */
	struct majority cgroup, uid;
};

struct port_sets {
	struct port_set held;  /* ports that nobody else gets */
	struct port_set waits; /* TIME_WAIT, which connect() may take again */
	bool used;
};

struct client_ports {
	uint16_t first, last; /* ip_local_port_range; 0, 0: unknown, nothing is counted */
	uint32_t reuse_delay_ms;
	bool dirty; /* something was counted */

	struct port_set taken;     /* by listeners, servers, and what is bound and not connected */
	struct port_set connected; /* a client's socket has it */
	struct port_set waiting;   /* a client's TIME_WAIT has it */
	struct port_set shared;    /* two clients' sockets of one source have it */
	struct port_set mixed;     /* clients' sockets of two sources have it */
	struct port_set third;     /* three clients' sockets have it */
	struct port_set wildcard4, wildcard6; /* bound to every address */
	uint16_t source[65536];               /* hash of the first client's source; 0: none */

	struct port_user user[PORT_USERS_MAX];
	uint16_t slot[PORT_USER_SLOTS]; /* the place in user, plus one; 0: free */
	uint32_t used;
	uint32_t decrements; /* of each counter so far */
	struct port_sets sets[PORT_SETS_MAX];
};

/* Forgets all and starts a scan. delay_ms: tcp_tw_reuse_delay. */
void client_ports_start(struct client_ports *c, uint16_t first, uint16_t last, uint32_t delay_ms);

/* Counts a socket of any state, in any order. Ignores what occupies no local port of the range. */
void client_ports_count(struct client_ports *c, const struct sock_record *r, enum sock_side side);

/*
 * Judges what was counted: the ports in use and all that there are, towards the destination with
 * the fewest left, and the range of what is left. chosen: the local ports of sockets whose program
 * chose the port, full sockets only; NULL: unknown. Without a destination, ret_busiest->sockets is
 * 0 and the numbers are those of any destination. All is UNKNOWN without a port range.
 */
void client_ports_judge(const struct client_ports *c, const struct limits *l,
	const struct port_set *chosen, struct usage *ret_usage, struct destination *ret_busiest,
	struct port_room *ret_room);

#endif
