/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a closing socket that nobody has seen before has been in its state at the least, by
 * what the kernel itself remembers of the connection (struct tcp_info).
 */
#ifndef TCPSTATED_MODEL_AGE_BOUND_H
#define TCPSTATED_MODEL_AGE_BOUND_H

#include "model/sock_record.h"

#include <stdint.h>

/*
 * A lower bound in ms; 0 where nothing is certain: without tcp_info (scan_request.info), of mini
 * and request sockets, and in the states that are no closing ones.
 */
uint32_t age_bound_ms(const struct sock_record *r);

#endif
