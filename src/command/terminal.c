/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* xterm's private modes, which every terminal of today knows: 1049 is the alternate screen with
 * the cursor's place kept (where it is not known, the picture stays), 25 the cursor. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define SCREEN_LEAVE "\033[0m\033[?25h\033[?1049l"

bool terminal_is_capable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void terminal_size(unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize window = {0};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	*ret_rows = window.ws_row ? window.ws_row : 24;
	*ret_columns = window.ws_col ? window.ws_col : 80;
}

static int write_all(const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t n = write(STDOUT_FILENO, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* Signals keep their keys: ^C, ^Z and ^\ do what they always do. */
static int take_keys(struct terminal *t)
{
	struct termios raw;

	if (!t->active && tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return -errno;
	raw = t->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

int terminal_enter(struct terminal *t)
{
	int r;

	t->keys = isatty(STDIN_FILENO);
	r = t->keys ? take_keys(t) : 0;
	if (r < 0)
		return r;
	t->active = true;
	return write_all(SCREEN_ENTER);
}

void terminal_leave(struct terminal *t)
{
	if (!t->active)
		return;
	t->active = false;
	(void)write_all(SCREEN_LEAVE);
	if (t->keys)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
}
