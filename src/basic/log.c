/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/log.h"

#include "basic/string.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether standard error goes to the journal: systemd names the device and inode of the stream that
 * it connected (systemd.exec(5)). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(here, stream) == 0;
}

/*
 * Writes without waiting. A line for which a socket, a pipe or a terminal has no room is lost:
 * polling goes on. A pipe that is ready takes PIPE_BUF bytes at once, which is more than a line.
 */
static void write_line(const char *line, size_t length)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
		errno != ENOTSOCK)
		return;
	if (poll(&ready, 1, 0) == 1 && ready.revents & POLLOUT)
		(void)!write(STDERR_FILENO, line, length);
}

void log_line(int priority, const char *format, ...)
{
	char line[2048];
	struct string s = string_in(line, sizeof(line) - 1);
	va_list args;

	if (is_journal())
		string_addf(&s, "<%d>", priority);
	else
		string_addf(&s, "%s: ", program_invocation_short_name);
	va_start(args, format);
	string_addv(&s, format, args);
	va_end(args);
	line[s.length] = '\n';
	write_line(line, s.length + 1);
}
