/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/stdout.h"

#include "basic/log.h"
#include "basic/tty.h"
#include "command/command.h"
#include "output/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int stdout_reserve(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (fd == STDOUT_FILENO) {
			log_line(LOG_ERR, "standard output is closed: there is nowhere to print");
			return -EBADF;
		}
		if (open("/dev/null", O_RDWR) < 0)
			return -errno;
	}
	return 0;
}

struct text_style stdout_style(const struct options *o)
{
	struct text_style style = {
		.wide = o->wide,
		.color = o->color == COLOR_AUTO ? tty_has_color(STDOUT_FILENO)
						: o->color == COLOR_ALWAYS,
	};
	unsigned rows;

	tty_size(STDOUT_FILENO, &rows, &style.columns);
	return style;
}

int stdout_finish(int r)
{
	if (r == 0)
		r = stream_finish(stdout);
	if (r == 0)
		return 0;
	log_line(LOG_ERR, "cannot write to standard output: %s", strerror(-r));
	return EXIT_SCAN_FAILED;
}
