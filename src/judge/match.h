/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sockets a finding is about, to find the processes that can act on it. */
#ifndef TCPSTATED_JUDGE_MATCH_H
#define TCPSTATED_JUDGE_MATCH_H

#include "judge/finding.h"
#include "model/wanted_sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether sockets of this class (socket_class_tag) are those that finding f->list[i] is about; of
 * sockets that no process holds (TIME_WAIT, orphans, those that wait to be accepted), those that
 * listen on its port. A finding about many ports together matches the classes of these ports.
 */
bool finding_matches(const struct findings *f, size_t i, uint64_t tag);

/* Whether any finding is about them. */
bool findings_match(const struct findings *f, uint64_t tag);

#endif
