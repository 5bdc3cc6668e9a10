/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From uids to users' names: this machine's (getpwuid(3)), or those that a recording holds. Each is
 * asked for once, since a directory service may be far away.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_USERS_H
#define TCPSTATED_KERNEL_OWNERS_USERS_H

#include "kernel/sockets/source.h"

#include <stddef.h>
#include <stdint.h>

/* LOGIN_NAME_MAX of Linux; a name that is longer is told as its number. */
#define USER_NAME_MAX 256

/* How many names are remembered; others are looked up each time, and recorded by number. */
#define USERS_MAX 1024

struct users;

/* Returns 0 or -ENOMEM; free with users_free. The source is read at once. */
int users_new(struct source *source, struct users **ret);
struct users *users_free(struct users *u); /* returns NULL; u may be NULL */
void users_freep(struct users **u);

/* The name of a user, or the number where it has none or cannot be looked up. Raw bytes: who tells
 * it escapes it. */
void users_name(struct users *u, uint32_t uid, char ret[USER_NAME_MAX]);

/* Keeps what was looked up in the source's recording: write it once, when all was. Returns 0 or
 * -errno. */
int users_attach(const struct users *u, struct source *source);

/* The same for one user of this machine, not remembered. */
void user_name(uint32_t uid, char ret[USER_NAME_MAX]);

#endif
