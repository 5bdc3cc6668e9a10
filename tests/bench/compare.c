/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs commands in turns, their output thrown away, and prints for each the CPU time (user and
 * system) and the peak memory of the median run, and how the first compares with it. The kernel
 * counts this program's own peak memory for what it starts, so that nothing is seen below 1.4 MiB.
 *
 * usage: compare ROUNDS COMMAND ... [-- COMMAND ...] ...
 */

#include "median.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define COMMANDS_MAX 8
#define ROUNDS_MAX   99

struct command {
	char **argv;
	double cpu_ms[ROUNDS_MAX], peak_kib[ROUNDS_MAX];
};

static int run(struct command *c, size_t round)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pid_t pid;
	int status, r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	if (wait4(pid, &status, 0, &usage) < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -ECHILD;
	c->cpu_ms[round] = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	c->peak_kib[round] = (double)usage.ru_maxrss;
	return 0;
}

static void print(struct command *commands, size_t count, size_t rounds)
{
	const double first = median(commands[0].cpu_ms, rounds);

	for (size_t i = 0; i < count; i++) {
		const double cpu = median(commands[i].cpu_ms, rounds);

		printf("%9.1f ms %7.0f KiB ", cpu, median(commands[i].peak_kib, rounds));
		if (i == 0)
			printf("%6s ", "");
		else
			printf("%6.2f ", first / cpu);
		for (char **word = commands[i].argv; *word; word++)
			printf(" %s", word == commands[i].argv && strrchr(*word, '/')
					      ? strrchr(*word, '/') + 1
					      : *word);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	size_t count = 0, rounds;

	if (argc < 3)
		return 2;
	rounds = strtoul(argv[1], NULL, 10);
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	for (int i = 2; i < argc && count < COMMANDS_MAX; i++) {
		if (strcmp(argv[i], "--") == 0)
			return 2;
		commands[count++].argv = &argv[i];
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		argv[i] = NULL;
	}
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < count; i++) {
			int r = run(&commands[i], round);

			if (r < 0) {
				fprintf(stderr, "compare: %s: %s\n", commands[i].argv[0],
					strerror(-r));
				return EXIT_FAILURE;
			}
		}
	print(commands, count, rounds);
	return EXIT_SUCCESS;
}
