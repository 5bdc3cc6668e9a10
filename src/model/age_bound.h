/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a closing socket has been in its state at least, by what the kernel remembers of the
 * connection (struct tcp_info): for sockets that no poll saw before. */
#ifndef TCPSTATED_MODEL_AGE_BOUND_H
#define TCPSTATED_MODEL_AGE_BOUND_H

#include "model/sock_record.h"

#include <stdint.h>

/* A lower bound in ms; 0 when nothing is certain: without tcp_info (scan_request.info), of mini and
 * request sockets, and outside the closing states. */
uint32_t age_bound_ms(const struct sock_record *r);

#endif
