/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/macro.h"
#include "kernel/sockets/recording.h"
#include "kernel/sockets/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct source_recorder {
	struct source source;
	struct source *inner;
	struct recording_writer writer;
	struct scan_tap tap;
};

static struct source_recorder *recorder_of(struct source *s)
{
	return (struct source_recorder *)s;
}

static void tap_datagram(void *userdata, const void *bytes, size_t size)
{
	struct source_recorder *r = userdata;
	const struct recording_piece datagram = {bytes, size};

	recording_put(&r->writer, CHUNK_DATAGRAM, &datagram, 1);
}

static void tap_proc_line(void *userdata, uint8_t family, const char *line)
{
	struct source_recorder *r = userdata;
	const struct recording_piece pieces[] = {{&family, sizeof(family)}, {line, strlen(line)}};

	recording_put(&r->writer, CHUNK_LINE, pieces, ARRAY_SIZE(pieces));
}

/* A file too large for a chunk is left out: whoever reads it attaches what it found. */
static void put_file(
	struct source_recorder *r, const char *path, int error, const char *text, size_t size)
{
	const uint32_t number = (uint32_t)-error;
	const struct recording_piece pieces[] = {
		{&number, sizeof(number)}, {path, strlen(path) + 1}, {text, size}};

	if (size <= RECORDING_CHUNK_MAX - sizeof(number) - strlen(path) - 1)
		recording_put(&r->writer, CHUNK_FILE, pieces, ARRAY_SIZE(pieces));
}

static int recorder_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	struct source_recorder *r = recorder_of(s);
	int error = r->inner->ops->read_file(r->inner, path, ret, ret_size);

	/* A relative path is an attachment's name: whoever finds none will add it. */
	if (path[0] == '/')
		put_file(r, path, error, error < 0 ? "" : *ret, error < 0 ? 0 : *ret_size);
	return error;
}

static int recorder_attach(struct source *s, const char *name, const char *text)
{
	put_file(recorder_of(s), name, 0, text, strlen(text));
	return 0;
}

static int recorder_origin(struct source *s, struct origin *ret)
{
	struct source_recorder *r = recorder_of(s);
	struct recording_facts facts = {.version = PACKAGE_VERSION};
	int error = r->inner->ops->origin(r->inner, ret);

	if (error < 0)
		return error;
	facts.origin = *ret;
	facts.seconds = (uint64_t)ret->time.tv_sec;
	facts.nanoseconds = (uint64_t)ret->time.tv_nsec;
	recording_put_facts(&r->writer, CHUNK_ORIGIN, &facts);
	return 0;
}

static void put_request(struct source_recorder *r, const struct scan_request *request)
{
	struct recording_facts facts = {.buffers = request->buffers};
	struct string states = STRING_IN(facts.states);

	state_set_format(&states, request->states);
	recording_put_facts(&r->writer, CHUNK_REQUEST, &facts);
}

/* Measures the times here, so that the recording and the program that makes it agree. */
static int recorder_scan(struct source *s, const struct scan_request *request, sock_record_fn fn,
	void *userdata, struct scan *ret)
{
	struct source_recorder *r = recorder_of(s);
	uint64_t wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	struct recording_facts facts = {0};
	int error;

	put_request(r, request);
	error = r->inner->ops->scan(r->inner, request, fn, userdata, ret);
	ret->wall_us = clock_us(CLOCK_MONOTONIC) - wall;
	ret->cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;

	facts.failed = (uint64_t)-error;
	facts.complete = ret->complete;
	facts.scan = *ret;
	snprintf(facts.source, sizeof(facts.source), "%s", ret->source);
	recording_put_facts(&r->writer, CHUNK_RESULT, &facts);
	return error;
}

int source_recorder_finish(struct source *recorder)
{
	struct recording_writer *w = &recorder_of(recorder)->writer;

	recording_put(w, CHUNK_END, NULL, 0);
	if (fclose(TAKE_PTR(w->file)) != 0 && w->error == 0)
		w->error = -errno;
	return w->error;
}

static void recorder_free(struct source *s)
{
	struct source_recorder *r = recorder_of(s);

	fclosep(&r->writer.file);
	source_freep(&r->inner);
	free(r);
}

static const struct source_ops recorder_ops = {
	.scan = recorder_scan,
	.read_file = recorder_read_file,
	.attach = recorder_attach,
	.origin = recorder_origin,
	.free = recorder_free,
};

int source_recorder_new(struct source *inner, int fd, struct source **ret)
{
	cleanup_(freep) struct source_recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->writer.file = fdopen(fd, "wb");
	if (!r->writer.file)
		return -errno;
	r->source.ops = &recorder_ops;
	r->inner = inner;
	r->tap = (struct scan_tap){tap_datagram, tap_proc_line, r};
	source_live_set_tap(inner, &r->tap);
	recording_begin(&r->writer);
	*ret = &TAKE_PTR(r)->source;
	return 0;
}
