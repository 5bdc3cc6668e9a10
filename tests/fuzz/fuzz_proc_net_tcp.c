/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of /proc/net/tcp and tcp6: as a single line of either, and as both
 * files. */
#include "basic/cleanup.h"
#include "config.h"
#include "kernel/sockets/proc_net_tcp.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(const struct sock_record *r, void *userdata)
{
	uint64_t *sockets = userdata;

	*sockets +=
		r->state < STATE_COUNT && r->kind < KIND_COUNT && r->ownership < OWNERSHIP_COUNT;
}

static void scan(const uint8_t *data, size_t size)
{
	const struct scan_request request = {.states = STATE_SET_ALL};
	cleanup_(closep) int fd = memfd_create("input", MFD_CLOEXEC);
	char path[32];
	const struct proc_net_tcp_files files = {path, path};
	uint64_t sockets = 0;
	struct scan scan = {0};
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	r = proc_net_tcp_scan(&files, &request, NULL, count, &sockets, &scan);
	if (sockets != scan.sockets || scan.complete != (r == 0) ||
		(r < 0) != (scan.error[0] != '\0'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_record record;
	char *line = malloc(size + 1);

	if (!line)
		abort();
	memcpy(line, data, size);
	line[size] = '\0';
	(void)proc_net_tcp_parse_line(line, AF_INET, &record);
	(void)proc_net_tcp_parse_line(line, AF_INET6, &record);
	free(line);
	scan(data, size);
	return 0;
}
