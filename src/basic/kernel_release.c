/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/kernel_release.h"

#include <stdio.h>

bool kernel_release_is_at_least(const char *release, unsigned major, unsigned minor)
{
	unsigned its_major, its_minor;

	if (sscanf(release, "%5u.%5u", &its_major, &its_minor) != 2)
		return false;
	return its_major > major || (its_major == major && its_minor >= minor);
}
