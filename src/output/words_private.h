/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of words share. */
#ifndef TCPSTATED_OUTPUT_WORDS_PRIVATE_H
#define TCPSTATED_OUTPUT_WORDS_PRIVATE_H

/* What a diagnosis says of its sockets, or NULL; id may be NULL. */
const char *words_of_diagnosis(const char *id);

#endif
