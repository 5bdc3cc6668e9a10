/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command in a process where some system calls fail: what a seccomp filter of a sandbox
 * does, and a way to bring about errors that a real kernel gives once in a year.
 *
 * usage: refuse CALL=ERRNO ... -- COMMAND [ARGUMENT ...]
 * CALL is one of those in calls[], ERRNO a number. "netlink" is socket(AF_NETLINK, ...) alone.
 */

#include "basic/macro.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const struct {
	const char *name;
	uint32_t number;
} calls[] = {
	{"netlink", SYS_socket},
	{"recvmsg", SYS_recvmsg},
	{"sendto", SYS_sendto},
	{"bind", SYS_bind},
};

#define CALLS_MAX 8 /* at five instructions each */

static struct sock_filter program[CALLS_MAX * 5 + 2];
static unsigned short length;

static void emit(uint16_t code, uint32_t k, uint8_t jump_true, uint8_t jump_false)
{
	program[length++] = (struct sock_filter){code, jump_true, jump_false, k};
}

static void load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The system call number is loaded; leaves it loaded for the next one. */
static void emit_refusal(uint32_t number, uint32_t error, bool only_netlink)
{
	if (only_netlink) {
		emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4);
		load(offsetof(struct seccomp_data, args[0]));
		emit(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1);
	} else {
		emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
	}
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA), 0, 0);
	if (only_netlink)
		load(offsetof(struct seccomp_data, nr));
}

static int add(const char *word)
{
	const char *equals = strchr(word, '=');
	unsigned long error = equals ? strtoul(equals + 1, NULL, 10) : 0;

	for (size_t i = 0; equals && i < ARRAY_SIZE(calls); i++) {
		if (strlen(calls[i].name) != (size_t)(equals - word) ||
			strncmp(word, calls[i].name, (size_t)(equals - word)) != 0)
			continue;
		emit_refusal(
			calls[i].number, (uint32_t)error, strcmp(calls[i].name, "netlink") == 0);
		return 0;
	}
	fprintf(stderr, "refuse: '%s' is no CALL=ERRNO\n", word);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct sock_fprog filter = {.filter = program};
	int i = 1;

	load(offsetof(struct seccomp_data, nr));
	for (; i < argc && i <= CALLS_MAX && strcmp(argv[i], "--") != 0; i++)
		if (add(argv[i]) < 0)
			return 125;
	if (i + 1 >= argc || strcmp(argv[i], "--") != 0) {
		fputs("usage: refuse CALL=ERRNO ... -- COMMAND [ARGUMENT ...]\n", stderr);
		return 125;
	}
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	filter.len = length;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
		perror("refuse");
		return 125;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
