/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: /etc/tcpstated/tcpstated.conf and its drop-ins, over the built-in defaults.
 * One table of keys drives parsing, range checks, --check-config, and the tests that the manual
 * page and the sample file list them all.
 */
#ifndef TCPSTATED_CONFIG_CONFIG_H
#define TCPSTATED_CONFIG_CONFIG_H

#include "basic/cleanup.h"
#include "judge/rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One [exec NAME]. */
struct exec_config {
	char name[RULE_NAME_SIZE];
	char *command;       /* given to /bin/sh -c */
	uint32_t timeout_ms; /* after which it is killed */
	/* The rules whose events it gets; no names: all of them. */
	char (*alerts)[RULE_NAME_SIZE];
	size_t alerts_count;
};

struct config {
	/* [poll] */
	uint32_t interval_ms;
	double cpu_budget_percent; /* of one core */
	uint32_t tracked_max;      /* sockets whose age is kept */

	/* [output] */
	size_t ports_max;    /* rows of a snapshot; 0: every port */
	char *snapshots;     /* "stdout", a file to append JSON lines to, or NULL: none */
	char *snapshot_file; /* replaced by each snapshot, or NULL */
	char *events;        /* as snapshots */
	bool journal;

	/* [alert NAME]: the built-in ones as they were retuned, then the others in file order */
	struct rule *rules;
	size_t rules_count;
	/* [exec NAME] */
	struct exec_config *execs;
	size_t execs_count;

	struct config_origins *origins; /* where each value was set; private to config/ */
};

/* Every mistake of a configuration, a sentence each, in file order. Starts as all zero. */
struct config_errors {
	char **list;
	size_t count;

	/* private to config/ */
	uint64_t *places; /* of each sentence: what they are ordered by */
	uint64_t listed;  /* bit N: a sentence has the list of accepted words N */
	int error;        /* -ENOMEM: a sentence was lost */
};

/*
 * Makes a configuration of the files, all of it or nothing. path is the file of --config, which
 * must exist; NULL is the default one, which need not. Either has its drop-ins in the folder
 * PATH.d, files *.conf in the order of their names. Returns 0, -EINVAL with every mistake as
 * "FILE:LINE: 'WORD': expected ...", or -errno of the first file that cannot be read, with a
 * sentence about each in the list as well; on failure *ret is untouched. Free with config_free;
 * release the errors with config_errors_release in any case.
 */
int config_load(const char *path, struct config **ret, struct config_errors *errors);

struct config *config_free(struct config *c); /* returns NULL; c may be NULL */
DEFINE_FREEP(config)
void config_errors_release(struct config_errors *errors);

/* Prints the configuration in force as a file that reads back the same, with each value's origin in
 * a comment after it, or on the line before a command, in which the comment would be the shell's.
 */
void config_print(const struct config *c, FILE *out);

#endif
