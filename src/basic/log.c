/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/log.h"

#include "basic/cleanup.h"
#include "basic/string.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Below PIPE_BUF: a pipe takes all of a line or nothing. */
#define LINE_SIZE 2048

/* systemd names device and inode of the stream that it connected (systemd.exec(5)). */
static bool is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];

	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	return stream && strcmp(here, stream) == 0;
}

/*
 * A pipe or a terminal is opened a second time, since O_NONBLOCK on standard error itself would
 * apply to every program that shares it. A file is not: it would be written from its beginning.
 */
static bool write_elsewhere(const char *line, size_t size, bool *ret_written)
{
	cleanup_(closep) int fd =
		open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return false;
	*ret_written = write(fd, line, size) == (ssize_t)size;
	return true;
}

/* Returns whether the line was written. */
static bool write_line(mode_t mode, const char *line, size_t size)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	bool written;

	if (S_ISSOCK(mode))
		return send(STDERR_FILENO, line, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)size;
	if (!S_ISREG(mode) && write_elsewhere(line, size, &written))
		return written;
	/* Another user's pipe or terminal cannot be opened: what is writable takes a line. */
	return poll(&p, 1, 0) == 1 && write(STDERR_FILENO, line, size) == (ssize_t)size;
}

void log_line(int priority, const char *format, ...)
{
	static unsigned lost;
	char prefix_text[64], note_text[128], text[LINE_SIZE];
	struct string prefix = STRING_IN(prefix_text), note = STRING_IN(note_text);
	struct string line = string_in(text, sizeof(text) - 1);
	struct stat st;
	va_list args;

	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	if (is_journal(&st))
		string_addf(&prefix, "<%d>", priority);
	else
		string_addf(&prefix, "%s: ", program_invocation_short_name);
	string_addf(&note, "%s%u line%s of this log %s lost\n", prefix_text, lost,
		lost > 1 ? "s" : "", lost > 1 ? "were" : "was");
	if (lost && write_line(st.st_mode, note.text, note.length))
		lost = 0;
	string_add(&line, prefix_text);
	va_start(args, format);
	string_addv(&line, format, args);
	va_end(args);
	text[line.length++] = '\n';
	if (lost || !write_line(st.st_mode, line.text, line.length))
		lost++;
}
