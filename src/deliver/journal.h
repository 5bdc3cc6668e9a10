/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alert events in the journal. Beside MESSAGE, MESSAGE_ID and PRIORITY an entry has the fields of
 * output/event_fields.h, for "journalctl TCPSTATED_PORT=7777".
 */
#ifndef TCPSTATED_DELIVER_JOURNAL_H
#define TCPSTATED_DELIVER_JOURNAL_H

#include "judge/alert.h"

/*
 * What "journalctl MESSAGE_ID=..." finds them by. They never change; contrib/tcpstated.catalog
 * explains each one.
 */
#define JOURNAL_ID_RAISED   "f6c4485d52e74b5abd36a55edf704d22"
#define JOURNAL_ID_REPEATED "1c375870058c488fb9c844b8a889a844"
#define JOURNAL_ID_CLEARED  "e58f89aec53742ca8952242f4126497a"

/*
 * Writes an entry; blocks while the journal's socket is full. The priority is critical or warning,
 * as the alert's severity; notice for one that is cleared. Returns 0, also where there is no
 * journal at all, or -errno.
 */
int journal_send(const struct alert_event *e);

#endif
