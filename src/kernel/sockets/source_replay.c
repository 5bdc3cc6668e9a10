/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/names.h"
#include "basic/string.h"
#include "kernel/sockets/diag_message.h"
#include "kernel/sockets/proc_net_tcp.h"
#include "kernel/sockets/recording.h"
#include "kernel/sockets/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* One poll reads a few dozen files. */
#define FILES_MAX 1024

/* The names that struct scan borrows. */
enum { NAME_SOCK_DIAG, NAME_PROC, NAME_COUNT };
static const char *const name_list[NAME_COUNT] = {
	[NAME_SOCK_DIAG] = "sock_diag",
	[NAME_PROC] = "proc",
};
static const struct names source_names = NAMES(name_list);

struct recorded_file {
	char *path;
	int error;
	off_t offset; /* of its content */
	size_t size;
};

struct source_replay {
	struct source source;
	struct recording_reader reader;
	struct recording_facts facts;
	state_set states;  /* what the recorded scan requested */
	off_t scan_offset; /* where the chunks of the last scan begin */
	struct recorded_file *files;
	size_t files_count, files_allocated;
};

static struct source_replay *replay_of(struct source *s)
{
	return (struct source_replay *)s;
}

static int fail(struct source_replay *p, const char *problem)
{
	p->reader.problem = problem;
	return -EBADMSG;
}

static int index_file(struct source_replay *p)
{
	const struct recording_reader *r = &p->reader;
	const char *path = r->bytes + sizeof(uint32_t);
	struct recorded_file file = {0};
	uint32_t error;
	off_t end;

	if (r->size < sizeof(error) + 2 || !memchr(path, '\0', r->size - sizeof(error)))
		return fail(p, RECORDING_DAMAGED);
	memcpy(&error, r->bytes, sizeof(error));
	if (error > RECORDING_ERRNO_MAX || p->files_count == FILES_MAX)
		return fail(p, RECORDING_DAMAGED);
	end = ftello(r->file);
	if (end < 0)
		return -errno;
	file.error = -(int)error;
	file.size = r->size - sizeof(error) - strlen(path) - 1;
	file.offset = end - (off_t)file.size;

	if (ARRAY_GROW(p->files, p->files_allocated, p->files_count + 1) < 0)
		return -ENOMEM;
	file.path = strdup(path);
	if (!file.path)
		return -ENOMEM;
	p->files[p->files_count++] = file;
	return 0;
}

static int index_request(struct source_replay *p)
{
	const char *word;
	size_t length;
	int r;

	r = recording_get_facts(&p->reader, &p->facts);
	if (r < 0)
		return r;
	p->states = 0;
	if (p->facts.states[0] && state_set_parse(p->facts.states, &p->states, &word, &length) < 0)
		return fail(p, RECORDING_DAMAGED);
	p->scan_offset = ftello(p->reader.file);
	return p->scan_offset < 0 ? -errno : 0;
}

static int index_origin(struct source_replay *p)
{
	return recording_get_facts(&p->reader, &p->facts);
}

static int index_result(struct source_replay *p)
{
	int r = recording_get_facts(&p->reader, &p->facts);

	if (r < 0)
		return r;
	r = name_parse(source_names, p->facts.source);
	if (r < 0)
		return fail(p, RECORDING_DAMAGED);
	p->facts.scan.source = name_of(source_names, (size_t)r);
	return 0;
}

/* Which chunk may come in which phase, and the phase that follows. */
enum phase { REFUSED, AT_START, HAVE_ORIGIN, IN_SCAN, HAVE_RESULT, ENDED, PHASES };

static const uint8_t next_phase[PHASES][CHUNK_TYPES] = {
	[AT_START] = {[CHUNK_FILE] = AT_START, [CHUNK_ORIGIN] = HAVE_ORIGIN},
	[HAVE_ORIGIN] = {[CHUNK_FILE] = HAVE_ORIGIN, [CHUNK_REQUEST] = IN_SCAN},
	[IN_SCAN] = {[CHUNK_FILE] = IN_SCAN,
		[CHUNK_DATAGRAM] = IN_SCAN,
		[CHUNK_LINE] = IN_SCAN,
		[CHUNK_RESULT] = HAVE_RESULT},
	[HAVE_RESULT] =
		{[CHUNK_FILE] = HAVE_RESULT, [CHUNK_REQUEST] = IN_SCAN, [CHUNK_END] = ENDED},
};

static int (*const index_chunk[CHUNK_TYPES])(struct source_replay *p) = {
	[CHUNK_ORIGIN] = index_origin,
	[CHUNK_FILE] = index_file,
	[CHUNK_REQUEST] = index_request,
	[CHUNK_RESULT] = index_result,
};

/* Reads the recording once from end to end and keeps the positions. */
static int make_index(struct source_replay *p)
{
	uint8_t phase = AT_START;
	int r;

	r = recording_open(&p->reader);
	while (r == 0 && phase != ENDED) {
		r = recording_next(&p->reader);
		if (r < 0)
			break;
		phase = next_phase[phase][p->reader.type];
		if (phase == REFUSED)
			return fail(p, RECORDING_DAMAGED);
		if (index_chunk[p->reader.type])
			r = index_chunk[p->reader.type](p);
	}
	if (r == 0 && getc(p->reader.file) != EOF)
		return fail(p, RECORDING_DAMAGED);
	return r;
}

/* To count 0 sockets of a state that was not recorded would be a false all-clear. */
static int refuse_states(state_set missing, struct scan *ret)
{
	struct string error = STRING_IN(ret->error);

	string_add(&error, "the recording was made without ");
	state_set_format(&error, missing);
	string_add(&error, "; replay it with --closing or --state");
	return -ENODATA;
}

static int replay_line(const struct recording_reader *r, struct diag_dump *dump)
{
	struct sock_record record;
	uint8_t family = (uint8_t)r->bytes[0];

	if (r->size < 2 || (family != AF_INET && family != AF_INET6) ||
		proc_net_tcp_parse_line(r->bytes + 1, family, &record) < 0)
		return -EBADMSG;
	if (state_set_has(dump->states, record.state)) {
		dump->sockets++;
		dump->fn(&record, dump->userdata);
	}
	return 0;
}

/*
 * Replays the chunks of the scan. *ret_ended: the last thing the kernel sent was the end of a dump;
 * a refused one may be followed by another, or by lines. Returns 0 or -errno.
 */
static int replay_chunks(struct recording_reader *r, struct diag_dump *dump, bool *ret_ended)
{
	for (;;) {
		int n = recording_next(r);

		if (n < 0)
			return n;
		if (r->type == CHUNK_RESULT)
			return 0;
		if (r->type == CHUNK_DATAGRAM) {
			n = diag_datagram_parse(dump, r->bytes, r->size);
			*ret_ended = n > 0;
		} else if (r->type == CHUNK_LINE) {
			n = replay_line(r, dump);
		}
		if (n == -EBADMSG)
			return n;
	}
}

static int replay_scan(struct source *s, const struct scan_request *request, sock_record_fn fn,
	void *userdata, struct scan *ret)
{
	struct source_replay *p = replay_of(s);
	struct diag_dump dump = {
		.fn = fn,
		.userdata = userdata,
		.states = (state_set)(request->states | STATE_BIT(STATE_LISTEN)),
	};
	state_set missing = (state_set)(request->states & ~(p->states | STATE_BIT(STATE_LISTEN)));
	bool ended = false;
	int r;

	*ret = p->facts.scan;
	if (missing)
		return refuse_states(missing, ret);
	if (fseeko(p->reader.file, p->scan_offset, SEEK_SET) < 0)
		r = -errno;
	else
		r = replay_chunks(&p->reader, &dump, &ended);
	ret->sockets = dump.sockets;
	if (p->facts.failed)
		return -(int)p->facts.failed;
	ret->complete = p->facts.complete;
	/* It was complete when recorded. If it is not now, this is not what the kernel sent. */
	if (r == 0 && ret->source == name_list[NAME_SOCK_DIAG] && !ended)
		r = -EBADMSG;
	if (r < 0) {
		ret->complete = false;
		STRING_PRINT(ret->error, "the recording's sockets cannot be read: %s",
			r == -EBADMSG ? "they are damaged" : strerror(-r));
		return r;
	}
	return 0;
}

static int replay_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	const struct source_replay *p = replay_of(s);
	const struct recorded_file *file = NULL;
	cleanup_(freep) char *text = NULL;

	for (size_t i = 0; i < p->files_count && !file; i++)
		if (strcmp(p->files[i].path, path) == 0)
			file = &p->files[i];
	if (!file)
		return -ENOENT;
	if (file->error)
		return file->error;
	text = malloc(file->size + 1);
	if (!text)
		return -ENOMEM;
	if (fseeko(p->reader.file, file->offset, SEEK_SET) < 0)
		return -errno;
	if (fread(text, 1, file->size, p->reader.file) != file->size)
		return -EIO;
	text[file->size] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = file->size;
	return 0;
}

static int replay_origin(struct source *s, struct origin *ret)
{
	*ret = replay_of(s)->facts.origin;
	return 0;
}

static void replay_free(struct source *s)
{
	struct source_replay *p = replay_of(s);

	for (size_t i = 0; i < p->files_count; i++)
		free(p->files[i].path);
	free(p->files);
	fclosep(&p->reader.file);
	recording_close(&p->reader);
	free(p);
}

/* A recording is complete: it has each attachment, or is read as if it had none. */
static const struct source_ops replay_ops = {
	.scan = replay_scan,
	.read_file = replay_read_file,
	.origin = replay_origin,
	.free = replay_free,
};

int source_replay_from(FILE *file, struct source **ret, const char **ret_error)
{
	struct source_replay *p = calloc(1, sizeof(*p));
	cleanup_(source_freep) struct source *source = NULL;
	int r;

	if (!p) {
		fclose(file);
		return -ENOMEM;
	}
	p->source.ops = &replay_ops;
	p->source.replayed = true;
	p->reader.file = file;
	source = &p->source;
	r = make_index(p);
	if (r < 0) {
		if (r == -EBADMSG)
			*ret_error = p->reader.problem;
		return r;
	}
	p->facts.origin.time = (struct timespec){
		.tv_sec = (time_t)p->facts.seconds,
		.tv_nsec = (long)p->facts.nanoseconds,
	};
	p->facts.origin.replayed = true;
	*ret = TAKE_PTR(source);
	return 0;
}

int source_replay_new(const char *path, struct source **ret, const char **ret_error)
{
	cleanup_(fclosep) FILE *file = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		*ret_error = "it is not a regular file, and a recording is read more than once";
		return -EINVAL;
	}
	return source_replay_from(TAKE_PTR(file), ret, ret_error);
}
