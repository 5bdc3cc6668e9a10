/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owners of sockets by name: the service or container whose cgroup created them and, on
 * request, the user. Kept from poll to poll, so that a name is looked up once
 * (kernel/owners/cgroups.h).
 */
#ifndef TCPSTATED_POLL_OWNERS_H
#define TCPSTATED_POLL_OWNERS_H

#include "basic/cleanup.h"
#include "judge/finding.h"
#include "kernel/sockets/source.h"
#include "model/process.h"
#include "model/sock_list.h"
#include "model/whose.h"

#include <stdbool.h>

struct owners;

/*
 * users: name users too, which may wait for a directory service: not for the daemon. Returns 0 or
 * -errno; free with owners_free.
 */
int owners_new(struct source *source, bool users, struct owners **ret);
struct owners *owners_free(struct owners *o); /* returns NULL; o may be NULL */
DEFINE_FREEP(owners)

/*
 * Names all creators of a tally that was just counted, and of the busiest destination in s, which
 * was taken from it: sets their owners and users, valid until the next owners_name() or
 * owners_free(). Returns 0 or -ENOMEM.
 */
int owners_name(struct owners *o, struct tally *t, struct snapshot *s);

/* Names the owners of single sockets of the same scan, after owners_name(): by their own cgroup, or
 * that of their service if the kernel keeps none (TIME_WAIT). */
void owners_name_sockets(const struct tally *t, struct sock_list *l);

/*
 * Takes the owners of findings from the processes that hold their sockets: those can act, whoever
 * created or accepted the sockets. Valid as those of owners_name(). Returns 0 or -ENOMEM.
 */
int owners_name_holders(struct owners *o, const struct processes *p, struct findings *f);

/* The printable name of any user, or the number if there is none. */
#define OWNERS_USER_SIZE 256
void owners_user(struct owners *o, uint32_t uid, char ret[OWNERS_USER_SIZE]);

/* Attaches what was looked up to the source's recording; call it once, at the end. Returns 0 or
 * -errno. */
int owners_attach(const struct owners *o, struct source *source);

#endif
