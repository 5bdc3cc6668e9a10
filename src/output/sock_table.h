/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single sockets, as --sockets lists them. */
#ifndef TCPSTATED_OUTPUT_SOCK_TABLE_H
#define TCPSTATED_OUTPUT_SOCK_TABLE_H

#include "basic/format.h"
#include "basic/names.h"
#include "model/sock_list.h"
#include "output/page.h"

#include <stdio.h>

/* The local end, with the device that it is bound to, and the remote one, with that of a link-local
 * address: "[fe80::1%eth1]:22", "10.0.0.1%eth1:22". */
const char *sock_local_end(char buf[ENDPOINT_SIZE], const struct sock_observation *s);
const char *sock_remote_end(char buf[ENDPOINT_SIZE], const struct sock_observation *s);

/*
 * Prints each in two lines, since two addresses do not fit into 80 columns with the rest, and above
 * them in which order they come. Returns 0 or -errno.
 */
int sock_table_print(FILE *out, const struct sock_list *l, const struct text_style *style);

/* "-", "retransmit", "keepalive", "time-wait", "probe", by enum sock_timer */
extern const struct names timer_names;

#endif
