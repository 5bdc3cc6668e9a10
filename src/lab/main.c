/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpstated-lab: real sockets in every state in which a TCP connection can end, made on purpose. */
#include "basic/macro.h"
#include "config.h"
#include "lab/hold.h"
#include "lab/run.h"
#include "lab/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_NO_OUTPUT = 1, EXIT_USAGE = 2 };

static int finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	fprintf(stderr, "tcpstated-lab: cannot write to standard output: %s\n", strerror(errno));
	return EXIT_NO_OUTPUT;
}

static int list_main(int argc, char **argv)
{
	const struct scenario *scenario;

	if (argc > 1) {
		fprintf(stderr, "tcpstated-lab: list: '%s' is one word too many\n", argv[1]);
		return EXIT_USAGE;
	}
	for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++)
		printf("%-28s %s\n", scenario->name, scenario->title);
	return finish_output();
}

static int help_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("Usage: tcpstated-lab list\n"
	      "       tcpstated-lab run SCENARIO... | all [--json] [--full]\n"
	      "       tcpstated-lab hold STATE [OPTION]... [-- COMMAND...]\n"
	      "Ends TCP connections in every way there is, with real sockets in network namespaces "
	      "of its own.\n"
	      "\n"
	      "  list                   name the scenarios\n"
	      "  run                    play scenarios and show what happens\n",
		stdout);
	run_help(stdout);
	fputs("  hold                   make sockets in a state, and keep them until standard "
	      "input "
	      "closes\n",
		stdout);
	hold_help(stdout);
	fputs("  -h, --help             print this help and exit\n"
	      "  -V, --version          print the version and exit\n"
	      "\n"
	      "Exit status: 0 success; 1 an outcome was wrong, or sockets could not be made; 2 "
	      "wrong usage;\n"
	      "hold -- COMMAND: that of the command.\n"
	      "Full description: tcpstated-lab(8).\n",
		stdout);
	return finish_output();
}

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("tcpstated-lab (" PACKAGE_NAME ") " PACKAGE_VERSION "\n"
	     "License GPL-2.0-or-later. There is no warranty, to the extent that the law permits.");
	return finish_output();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*function)(int argc, char **argv);
	} commands[] = {
		{"list", list_main},
		{"run", run_main},
		{"hold", hold_main},
		{"--help", help_main},
		{"-h", help_main},
		{"--version", version_main},
		{"-V", version_main},
	};
	const char *word = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].function(argc - 1, argv + 1);
	fprintf(stderr, "tcpstated-lab: expected list, run or hold%s%s%s; see --help\n",
		argc > 1 ? ", not '" : "", word, argc > 1 ? "'" : "");
	return EXIT_USAGE;
}
