/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source of made-up sockets, for tests of what runs on any source. */
#ifndef TCPSTATED_TESTS_UNIT_FAKE_SOURCE_H
#define TCPSTATED_TESTS_UNIT_FAKE_SOURCE_H

#include "basic/unknown.h"
#include "kernel/sockets/source.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct fake_source {
	struct source source;
	struct origin origin;
	int error; /* not 0: scans fail with it */
	bool incomplete;
	uint32_t sockets; /* how many there are beside the listeners of ports 7001 and 7002, */
	struct sock_record (*record)(uint32_t index); /* and each of them */
	void (*scanned)(struct fake_source *f);       /* called after each scan; may be NULL */
	unsigned scans;
};

static inline int fake_scan(struct source *s, const struct scan_request *request, sock_record_fn fn,
	void *userdata, struct scan *ret)
{
	struct sock_record listener = {.family = AF_INET, .state = STATE_LISTEN, .send_queue = 128};
	struct fake_source *f = (struct fake_source *)s;
	const int error = f->error;

	(void)request;
	*ret = (struct scan){.source = "sock_diag", .complete = !f->incomplete, .wall_us = 1};
	if (f->incomplete || error)
		strcpy(ret->error, "the test says so");
	for (listener.local_port = 7001; listener.local_port <= 7002; listener.local_port++)
		fn(&listener, userdata);
	for (uint32_t i = 0; !error && i < f->sockets; i++) {
		const struct sock_record r = f->record(i);

		ret->sockets++;
		fn(&r, userdata);
	}
	f->scans++;
	if (f->scanned)
		f->scanned(f);
	return error;
}

static inline int fake_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	(void)s;
	(void)path;
	(void)ret;
	(void)ret_size;
	return -ENOENT;
}

static inline int fake_attach(struct source *s, const char *name, const char *text)
{
	(void)s;
	(void)name;
	(void)text;
	return 0;
}

static inline int fake_origin(struct source *s, struct origin *ret)
{
	*ret = ((struct fake_source *)s)->origin;
	return 0;
}

static inline void fake_free(struct source *s)
{
	(void)s;
}

/* A socket in CLOSE_WAIT that a server holds on port 7001, the same one for each index. */
static inline struct sock_record fake_close_wait(uint32_t index)
{
	return (struct sock_record){
		.family = AF_INET,
		.state = STATE_CLOSE_WAIT,
		.kind = KIND_FULL,
		.ownership = OWNERSHIP_HELD,
		.local_port = 7001,
		.remote_port = (uint16_t)(32768 + index % 28000),
		.cookie = UINT64_C(4096) + index * UINT64_C(3),
		.inode = index + 1,
		.receive_queue = 1,
	};
}

/* Without sockets so far. */
static inline void fake_source_init(struct fake_source *f)
{
	static const struct source_ops ops = {
		.scan = fake_scan,
		.read_file = fake_read_file,
		.attach = fake_attach,
		.origin = fake_origin,
		.free = fake_free,
	};

	*f = (struct fake_source){
		.source = {.ops = &ops, .replayed = true},
		.origin =
			{
				.time.tv_sec = 1795340400,
				.host = "gs1",
				.boot_id = "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11",
				.kernel = "6.18.44",
				.netns = "host",
			},
		.record = fake_close_wait,
	};
}

#endif
