/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_KERNEL_SOCKETS_CHOSEN_PORTS_H
#define TCPSTATED_KERNEL_SOCKETS_CHOSEN_PORTS_H

#include "kernel/sockets/source.h"
#include "model/filter.h"

/*
 * The local ports that programs chose for their connected sockets (kernel/sockets/sock_diag.h), by
 * a second dump of the live kernel, whose result is attached to a recording, or from a recording.
 * Returns 0 or -errno, -ENOENT if a recording was made without.
 */
int chosen_ports_read(struct source *source, struct port_set *ret);

#endif
