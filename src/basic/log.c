/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemd names device and inode of the stream that it connected (systemd.exec(5)). */
int log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(here, stream) == 0;
}

void log_line(int priority, const char *format, ...)
{
	char line[2048];
	int used = log_is_journal()
			   ? snprintf(line, sizeof(line), "<%d>", priority)
			   : snprintf(line, sizeof(line), "%s: ", program_invocation_short_name);
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	va_end(args);
	length = strlen(line);
	line[length++] = '\n';
	/* The journal's end is a socket: a line that finds no room there is lost, and the polling
	 * goes on. */
	if (send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
		(void)!write(STDERR_FILENO, line, length);
}
