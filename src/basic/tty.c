/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/tty.h"

#include "basic/number.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROWS_DEFAULT    24
#define COLUMNS_DEFAULT 80

bool tty_has_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fd) && !(no_color && *no_color);
}

void tty_size(int fd, unsigned *ret_rows, unsigned *ret_columns)
{
	const char *text = getenv("COLUMNS");
	struct winsize window = {0};
	uint64_t columns = 0;

	if (ioctl(fd, TIOCGWINSZ, &window) == 0)
		columns = window.ws_col;
	else if (text)
		(void)scan_decimal(&text, text + strlen(text), UINT16_MAX, &columns);
	*ret_rows = window.ws_row ? window.ws_row : ROWS_DEFAULT;
	*ret_columns = columns ? (unsigned)columns : COLUMNS_DEFAULT;
}
