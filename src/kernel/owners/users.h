/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of users by uid: this machine's (getpwuid(3)), or those in a recording. Each is asked
 * for once, since a directory service may be far away.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_USERS_H
#define TCPSTATED_KERNEL_OWNERS_USERS_H

#include "basic/cleanup.h"
#include "kernel/sockets/source.h"

#include <stdint.h>

/* LOGIN_NAME_MAX of Linux; a user with a longer name is shown by number. */
#define USER_NAME_MAX 256

/* How many names are remembered; further ones are looked up each time and recorded by number. */
#define USERS_MAX 1024

struct users;

/* Reads the source at once. Returns 0 or -ENOMEM; free with users_free. */
int users_new(struct source *source, struct users **ret);
struct users *users_free(struct users *u); /* returns NULL; u may be NULL */
DEFINE_FREEP(users)

/* The name of a user, or the number when it has none or the lookup fails. Raw bytes: escape them
 * for output. */
void users_name(struct users *u, uint32_t uid, char ret[USER_NAME_MAX]);

/* Attaches what was looked up to the source's recording; call it once, at the end. Returns 0 or
 * -errno. */
int users_attach(const struct users *u, struct source *source);

/* The same for a user of this machine, without remembering it. */
void user_name(uint32_t uid, char ret[USER_NAME_MAX]);

#endif
