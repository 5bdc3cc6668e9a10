/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where sockets and small kernel files are read from: the live kernel, or a recording of one.
 * Everything behind this interface is read the same way from either, so that a recording replays
 * the whole program.
 */
#ifndef TCPSTATED_KERNEL_SOCKETS_SOURCE_H
#define TCPSTATED_KERNEL_SOCKETS_SOURCE_H

#include "model/snapshot.h"
#include "model/sock_record.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called once for each socket, in the order of the dump. r is valid during the call only. */
typedef void (*sock_record_fn)(const struct sock_record *r, void *userdata);

struct scan_request {
	state_set states; /* LISTEN is always read too, and comes first */
	bool buffers;     /* ask for SK_MEMINFO */
	bool info; /* ask for tcp_info: the kernel locks each socket for a moment to fill it in, so
		      seldom. /proc has none. */
};

struct source;

struct source_ops {
	/*
	 * Reads every socket. Fills ret: source, complete, error, note, sockets. Returns 0 when the
	 * dump came to its end (also an incomplete one, ret->complete false), or -errno when it
	 * failed: then ret->error says why in a sentence, and what was counted so far means
	 * nothing.
	 */
	int (*scan)(struct source *s, const struct scan_request *request, sock_record_fn fn,
		void *userdata, struct scan *ret);

	/*
	 * Reads a whole small file by its absolute path. *ret is NUL-terminated (the NUL is not in
	 * *ret_size), the caller frees it. Returns 0 or -errno; -ENOENT also where a recording does
	 * not hold it.
	 */
	int (*read_file)(struct source *s, const char *path, char **ret, size_t *ret_size);

	/*
	 * Keeps a text under a relative name beside what was read, for what was worked out from a
	 * file too large to record: read_file() of a recording answers it by that name. The live
	 * kernel forgets it. Returns 0 or -errno.
	 */
	int (*note)(struct source *s, const char *name, const char *text);

	/* Host, kernel, boot id, namespace and time. Returns 0 or -errno. */
	int (*origin)(struct source *s, struct origin *ret);

	void (*free)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	bool replayed; /* a recording: what this machine tells by other ways than read_file() is of
			  another kernel */
};

static inline void source_freep(struct source **s)
{
	if (*s)
		(*s)->ops->free(*s);
}

/* Where the live kernel's sockets are read from. */
enum socket_table {
	TABLE_AUTO, /* sock_diag; /proc/net/tcp where that is not to be had, which the scan's note
		       says */
	TABLE_SOCK_DIAG, /* sock_diag or nothing */
	TABLE_PROC,      /* /proc/net/tcp and /proc/net/tcp6 */
};

/* The running kernel, in the network namespace of this process. Returns 0 or -errno. */
int source_live_new(enum socket_table table, struct source **ret);

/* Sees what the kernel answered before it is decoded, in the order of the answers. */
struct scan_tap {
	void (*datagram)(void *userdata, const void *bytes, size_t size);
	/* One line of /proc/net/tcp or tcp6 without its newline; NUL-terminated. */
	void (*proc_line)(void *userdata, uint8_t family, const char *line);
	void *userdata;
};

/* Lets the tap see every scan from now on. It is borrowed; NULL takes it away. */
void source_live_set_tap(struct source *live, const struct scan_tap *tap);

/*
 * Reads through inner and writes everything it saw to fd (kernel/sockets/recording.h tells the
 * format). Takes over inner and fd. source_recorder_finish() tells whether all of it was written.
 * Returns 0 or -errno (inner and fd then stay the caller's).
 */
int source_recorder_new(struct source *inner, int fd, struct source **ret);

/* Ends the recording. Returns 0, or the first -errno that writing met. */
int source_recorder_finish(struct source *recorder);

/*
 * Replays a recording. Returns 0, -errno when the file cannot be read, -EINVAL when it is no
 * regular file, or -EBADMSG when it is no whole recording; then *ret_error (static or owned by
 * nobody) says what is wrong with it.
 */
int source_replay_new(const char *path, struct source **ret, const char **ret_error);

#endif
