/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of values that the table of keys (keys.c) is made of. */
#ifndef TCPSTATED_CONFIG_TYPES_H
#define TCPSTATED_CONFIG_TYPES_H

#include "config/private.h"

extern const struct value_type type_number, type_word, type_set, type_file, type_command,
	type_ports, type_rule_names, type_measure, type_amount;

/* Replaces a text by a copy of another one; NULL is none. Returns 0 or -ENOMEM. */
int config_store_text(char **place, const char *text);

#endif
