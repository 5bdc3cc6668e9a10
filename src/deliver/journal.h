/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alert events in the journal. Beside MESSAGE, MESSAGE_ID and PRIORITY an entry has the fields of
 * output/event_fields.h, for "journalctl TCPSTATED_PORT=7777". The priority is critical or warning,
 * as the alert's severity, and notice for a cleared alert.
 *
 * deliver() blocks while the journal's socket is full; without a journal it succeeds and does
 * nothing.
 */
#ifndef TCPSTATED_DELIVER_JOURNAL_H
#define TCPSTATED_DELIVER_JOURNAL_H

#include "deliver/output.h"

/* What "journalctl MESSAGE_ID=..." finds them by. They never change; contrib/tcpstated.catalog
 * explains each one. */
#define JOURNAL_ID_RAISED   "f6c4485d52e74b5abd36a55edf704d22"
#define JOURNAL_ID_REPEATED "1c375870058c488fb9c844b8a889a844"
#define JOURNAL_ID_CLEARED  "e58f89aec53742ca8952242f4126497a"

extern const struct output_ops journal_ops;

#endif
