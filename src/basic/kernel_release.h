/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_BASIC_KERNEL_RELEASE_H
#define TCPSTATED_BASIC_KERNEL_RELEASE_H

#include <stdbool.h>

/*
 * Whether a kernel's release as uname(2) gives it ("6.18.44-amd64") is at least major.minor; false
 * for any other text.
 */
bool kernel_release_is_at_least(const char *release, unsigned major, unsigned minor);

#endif
