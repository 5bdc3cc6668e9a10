/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of "tcpstated-lab hold". */
#ifndef TCPSTATED_LAB_HOLD_OPTIONS_H
#define TCPSTATED_LAB_HOLD_OPTIONS_H

#include "basic/command_line.h"
#include "basic/string.h"
#include "lab/situation.h"

struct hold_options {
	struct spec specs[SPECS_MAX]; /* of a state on several ports, one for each */
	size_t specs_count;
	char **command; /* ends with NULL; itself NULL: none is to be run. Borrowed from argv */
	bool help;      /* was requested; nothing else counts then */
};

extern const struct option_table hold_option_table;

/*
 * Reads the words after argv[0], and reorders them: groups of a state and its options, joined by
 * the word "and", and after "--" a command. Returns 0, or -EINVAL with a sentence in error that
 * names the word and what is possible; *ret is undefined then.
 */
int hold_options_parse(int argc, char **argv, struct hold_options *ret, struct string *error);

#endif
