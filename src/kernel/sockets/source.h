/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where sockets and small kernel files are read from: the live kernel, or a recording of one.
 * Everything behind this interface reads either in the same way, so that a recording replays the
 * complete program.
 */
#ifndef TCPSTATED_KERNEL_SOCKETS_SOURCE_H
#define TCPSTATED_KERNEL_SOCKETS_SOURCE_H

#include "basic/cleanup.h"
#include "basic/string.h"
#include "model/snapshot.h"
#include "model/sock_record.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called once for each socket, in the order of the dump. r is valid during the call only. */
typedef void (*sock_record_fn)(const struct sock_record *r, void *userdata);

struct scan_request {
	state_set states; /* LISTEN is always read too, and first */
	bool buffers;     /* ask for SK_MEMINFO */
	bool info; /* request tcp_info, rarely: to fill it in the kernel locks each socket for a
		      moment. /proc has none. */
};

struct source;

struct source_ops {
	/*
	 * Reads every socket. Sets source, complete, error, note and sockets in ret. Returns 0 when
	 * the dump ended (also when it is incomplete: ret->complete is false), or -errno with the
	 * reason as a sentence in ret->error; then what was counted so far is meaningless.
	 */
	int (*scan)(struct source *s, const struct scan_request *request, sock_record_fn fn,
		void *userdata, struct scan *ret);

	/*
	 * Reads a small file by its absolute path, or an attachment by its name. *ret ends in a NUL
	 * that *ret_size does not count; the caller frees it. Returns 0 or -errno; -ENOENT also
	 * when a recording lacks it.
	 */
	int (*read_file)(struct source *s, const char *path, char **ret, size_t *ret_size);

	/*
	 * Adds an attachment to a recording: a text under a relative name, worked out from what is
	 * too large to record or not a file. read_file() of the recording returns it. NULL: nothing
	 * is recorded. Returns 0 or -errno.
	 */
	int (*attach)(struct source *s, const char *name, const char *text);

	/* Host, kernel, boot id, namespace and time. Returns 0 or -errno. */
	int (*origin)(struct source *s, struct origin *ret);

	void (*free)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	bool replayed; /* a recording: what this machine shows other than by read_file() is another
			  kernel's */
};

/* The longest text of an attachment: it shares a chunk of 1 MiB with its name. */
#define ATTACHMENT_MAX (((size_t)1 << 20) - 64)

/* Attaches a text to a recording and releases it. Returns its error, or that of attach(). */
static inline int source_attach(struct source *s, const char *name, struct string *text)
{
	cleanup_(freep) char *taken = NULL;
	int r = string_take(text, &taken, NULL);

	return r < 0 || !s->ops->attach ? r : s->ops->attach(s, name, taken);
}

static inline void source_freep(struct source **s)
{
	if (*s)
		(*s)->ops->free(*s);
}

/* Where the live kernel's sockets are read from. */
enum socket_table {
	TABLE_AUTO,      /* sock_diag; /proc/net/tcp if that is unavailable, as the scan's note then
			    says */
	TABLE_SOCK_DIAG, /* sock_diag or nothing */
	TABLE_PROC,      /* /proc/net/tcp and /proc/net/tcp6 */
};

/* The running kernel, in the network namespace of this process. Returns 0 or -errno. */
int source_live_new(enum socket_table table, struct source **ret);

/* Receives the kernel's answers before they are decoded, in their order. */
struct scan_tap {
	void (*datagram)(void *userdata, const void *bytes, size_t size);
	/* One line of /proc/net/tcp or tcp6 without its newline; NUL-terminated. */
	void (*proc_line)(void *userdata, uint8_t family, const char *line);
	void *userdata;
};

/* Gives the tap every scan from now on. It is borrowed; NULL removes it. */
void source_live_set_tap(struct source *live, const struct scan_tap *tap);

/*
 * Reads through inner and writes everything to fd, in the format of kernel/sockets/recording.h.
 * Takes over inner and fd. Check source_recorder_finish() for failed writes. Returns 0 or -errno
 * (inner and fd then stay the caller's).
 */
int source_recorder_new(struct source *inner, int fd, struct source **ret);

/* Ends the recording. Returns 0, or the first -errno of writing. */
int source_recorder_finish(struct source *recorder);

/*
 * Replays a recording. Returns 0, -errno when the file is unreadable, -EINVAL when it is not a
 * regular file, or -EBADMSG when it is not a complete recording; with the last two *ret_error,
 * static storage, says what is wrong.
 */
int source_replay_new(const char *path, struct source **ret, const char **ret_error);

#endif
