/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose the ports of a snapshot are, in words: the service or container whose cgroup made the
 * sockets, and, where asked for, the user. It is kept from poll to poll, since what was looked up
 * once costs little the next time (kernel/owners/cgroups.h).
 */
#ifndef TCPSTATED_POLL_OWNERS_H
#define TCPSTATED_POLL_OWNERS_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/sock_list.h"
#include "model/tally.h"

#include <stdbool.h>

struct owners;

/*
 * users: name users as well. That may ask a directory service, and wait for it: not for what must
 * go on. Returns 0 or -errno; free with owners_free.
 */
int owners_new(struct source *source, bool users, struct owners **ret);
struct owners *owners_free(struct owners *o); /* returns NULL; o may be NULL */
void owners_freep(struct owners **o);

/*
 * Names the listed ports of s, which was just taken from t: struct port_tally's owner and user are
 * set where they are known, and stay valid until the next owners_name() or owners_free(). Nothing
 * in them steers a terminal. Returns 0 or -ENOMEM.
 */
int owners_name(struct owners *o, struct tally *t, const struct snapshot *s);

/*
 * Names the owners of single sockets of the same scan: by their own cgroup, else, where the kernel
 * keeps none (TIME_WAIT), as that of their port. Comes after owners_name(). Returns 0 or -ENOMEM.
 */
int owners_name_sockets(struct owners *o, const struct tally *t, struct sock_list *l);

/* The name of any user, as in struct port_tally; the number where none is known. */
#define OWNERS_USER_SIZE 256
void owners_user(struct owners *o, uint32_t uid, char ret[OWNERS_USER_SIZE]);

/* Keeps what was looked up in the source's recording: once, at the end. Returns 0 or -errno. */
int owners_attach(const struct owners *o, struct source *source);

#endif
