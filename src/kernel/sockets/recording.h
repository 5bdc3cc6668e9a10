/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file format of --record and --replay: everything that one poll read from the kernel,
 * verbatim.
 *
 *     "tcpstated recording 1\n"
 *     RECORDING_BYTE_ORDER, 32 bits as all numbers, in the byte order of the recording machine
 *     chunks, each a struct chunk_header and its bytes, unpadded
 *
 * ORIGIN comes once. A scan is a REQUEST, then what was received for it, then a RESULT; a disturbed
 * dump is repeated, so there may be several, and the last one counts. FILE may come anywhere. END
 * comes last: without it, the recording was cut short. A reader refuses anything else.
 *
 * ORIGIN, REQUEST and RESULT are lines of text, "name value", readable with strings(1).
 */
#ifndef TCPSTATED_KERNEL_SOCKETS_RECORDING_H
#define TCPSTATED_KERNEL_SOCKETS_RECORDING_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/state.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RECORDING_MAGIC      "tcpstated recording 1\n"
#define RECORDING_BYTE_ORDER UINT32_C(0x01020304)

/* MAX_ERRNO, include/linux/err.h */
#define RECORDING_ERRNO_MAX 4095

/* The problem (struct recording_reader) of content that no recorder writes. */
#define RECORDING_DAMAGED "it is damaged, or was not made by tcpstated --record"

/* No chunk is larger. A datagram has at most 32 KiB; a file that does not fit is left out. */
#define RECORDING_CHUNK_MAX ((size_t)1 << 20)

enum chunk_type {
	CHUNK_ORIGIN = 1,
	CHUNK_FILE, /* errno, or 0 when it was read; path, NUL, content. Relative: an attachment. */
	CHUNK_REQUEST,
	CHUNK_DATAGRAM, /* as recvmsg(2) gave it */
	CHUNK_LINE,     /* the family, one byte; a line of /proc/net/tcp or tcp6 without newline */
	CHUNK_RESULT,
	CHUNK_END,
	CHUNK_TYPES,
};

struct chunk_header {
	uint32_t type;
	uint32_t size; /* of the bytes that follow */
};

/* What the chunks of text contain. */
struct recording_facts {
	/* ORIGIN */
	char version[32]; /* of the recording tcpstated */
	uint64_t seconds, nanoseconds;
	struct origin origin; /* its strings */

	/* REQUEST */
	char states[192]; /* names, separated by commas */
	uint64_t buffers;

	/* RESULT */
	char source[16];
	uint64_t failed; /* errno of a failed scan, else 0 */
	uint64_t complete;
	struct scan scan; /* its strings and times */
};

struct recording_piece {
	const void *bytes;
	size_t size;
};

struct recording_writer {
	FILE *file;
	int error; /* the first -errno; then nothing more is written */
};

/* Starts a recording on w->file. */
void recording_begin(struct recording_writer *w);

/* Writes one chunk, made of pieces. One larger than RECORDING_CHUNK_MAX is -EFBIG. */
void recording_put(struct recording_writer *w, enum chunk_type type,
	const struct recording_piece *pieces, size_t count);

/* Writes the facts of a chunk of that type. */
void recording_put_facts(
	struct recording_writer *w, enum chunk_type type, const struct recording_facts *facts);

struct recording_reader {
	FILE *file;
	const char *problem; /* what is wrong, after -EBADMSG; static storage */
	enum chunk_type type;
	size_t size;
	char *bytes; /* of the chunk last read and a NUL; aligned for any type; the reader's own */
	size_t allocated;
};

/*
 * Reads the head of a recording from r->file, which stays the caller's. Returns 0, -errno of
 * reading, or -EBADMSG with r->problem. Release with recording_close.
 */
int recording_open(struct recording_reader *r);
void recording_close(struct recording_reader *r);

/* Reads the next chunk. Returns as recording_open, or -ENOMEM; the file's end is -EBADMSG, too. */
int recording_next(struct recording_reader *r);

/*
 * Reads the facts of the chunk last read, an ORIGIN, REQUEST or RESULT. Each must occur once; names
 * of a later version are skipped; control characters become question marks. Returns 0, or -EBADMSG
 * with r->problem.
 */
int recording_get_facts(struct recording_reader *r, struct recording_facts *facts);

/* source_replay_new (kernel/sockets/source.h) on an open file, which it takes over. For fuzzing. */
int source_replay_from(FILE *file, struct source **ret, const char **ret_error);

#endif
