/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/stream.h"

#include <errno.h>

int stream_finish(FILE *out)
{
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

int stream_write(FILE *out, const struct string *text)
{
	if (text->length)
		fwrite(text->text, 1, text->length, out);
	return stream_finish(out);
}
