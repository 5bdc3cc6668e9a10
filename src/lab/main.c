/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpstated-lab: real sockets in every state in which a TCP connection can end, made on purpose. */
#include "basic/log.h"
#include "basic/macro.h"
#include "config.h"
#include "lab/hold_options.h"
#include "lab/lab.h"
#include "lab/scenario.h"

#include <string.h>

static int list_main(int argc, char **argv)
{
	const struct scenario *scenario;

	if (argc > 1) {
		log_line(LOG_ERR, "list: unexpected argument '%s'", argv[1]);
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
	      "Reproduces every way a TCP connection can end, with real sockets in network "
	      "namespaces of its own.\n"
	      "\n"
	      "  list                      list the scenarios\n"
	      "  run                       play scenarios and show what happens\n",
		stdout);
	option_print_table(&run_option_table, stdout);
	fputs("  hold                      make sockets in a state, and hold them until standard "
	      "input closes\n",
		stdout);
	option_print_table(&hold_option_table, stdout);
	fputs("  -h, --help                print this help and exit\n"
	      "  -V, --version             print the version and exit\n"
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
	log_line(LOG_ERR, "expected list, run or hold%s%s%s; see --help", argc > 1 ? ", not '" : "",
		word, argc > 1 ? "'" : "");
	return EXIT_USAGE;
}
