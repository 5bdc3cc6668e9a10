/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "kernel/sockets/recording.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#define LINE "   0: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 4711 1"

#define STATES_BUT_ESTABLISHED ((state_set)(STATE_SET_ALL & ~STATE_BIT(STATE_ESTABLISHED)))

struct datagram {
	char bytes[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t size;
};

/* What stands for the live kernel while a recording is made: it plays what a test puts into it. */
struct kernel {
	struct source source;
	const struct scan_tap *tap;
	struct datagram datagrams[2];
	bool line; /* a line of /proc/net/tcp besides */
	int result;
	struct scan scan;
};

/* source_live.c would do the same with the real one (the linker's --wrap brings the call here). */
void __wrap_source_live_set_tap(struct source *live, const struct scan_tap *tap);
void __wrap_source_live_set_tap(struct source *live, const struct scan_tap *tap)
{
	((struct kernel *)live)->tap = tap;
}

static int kernel_scan(struct source *s, const struct scan_request *request, sock_record_fn fn,
	void *userdata, struct scan *ret)
{
	struct kernel *k = (struct kernel *)s;

	(void)request;
	(void)fn;
	(void)userdata;
	*ret = k->scan;
	for (size_t i = 0; i < ARRAY_SIZE(k->datagrams); i++)
		if (k->datagrams[i].size)
			k->tap->datagram(
				k->tap->userdata, k->datagrams[i].bytes, k->datagrams[i].size);
	if (k->line)
		k->tap->proc_line(k->tap->userdata, AF_INET, LINE);
	return k->result;
}

static int kernel_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	(void)s;
	if (strcmp(path, "/large") == 0)
		*ret_size = RECORDING_CHUNK_MAX;
	else if (strcmp(path, "/empty") == 0)
		*ret_size = 0;
	else if (strcmp(path, "/small") == 0)
		*ret_size = 5;
	else
		return strcmp(path, "/secret") == 0 ? -EACCES : -ENOENT;
	*ret = malloc(*ret_size + 1);
	if (!*ret)
		return -ENOMEM;
	memset(*ret, 'x', *ret_size);
	(*ret)[*ret_size] = '\0';
	return 0;
}

static int kernel_attach(struct source *s, const char *name, const char *text)
{
	(void)s;
	(void)name;
	(void)text;
	return 0;
}

static int kernel_origin(struct source *s, struct origin *ret)
{
	(void)s;
	*ret = (struct origin){
		.time = {.tv_sec = 1763805000, .tv_nsec = 123456789},
		.host = "db1\033[2J\n",
		.boot_id = "70a1bd37-0f26-4d3a-8bd0-0a4b2a3a5a1e",
		.kernel = "6.18.44",
		.netns = "host",
	};
	return 0;
}

static void kernel_free(struct source *s)
{
	(void)s; /* the fixture's */
}

static const struct source_ops kernel_ops = {
	.scan = kernel_scan,
	.read_file = kernel_read_file,
	.attach = kernel_attach,
	.origin = kernel_origin,
	.free = kernel_free,
};

struct fixture {
	struct kernel kernel;
	struct source *recorder, *replay;
	int fd; /* of the recording */
	char *bytes;
	size_t size;
	const char *error;
	struct scan scan;
	struct sock_record records[8];
	size_t count;
};

static void put_socket(struct datagram *d, uint8_t state_number, uint16_t port)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(d->bytes + d->size);
	struct inet_diag_msg *msg;

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	nlh->nlmsg_seq = 77;
	nlh->nlmsg_pid = 88;
	msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	msg->idiag_family = AF_INET;
	msg->idiag_state = state_number;
	msg->idiag_inode = 1;
	msg->id.idiag_sport = htons(port);
	msg->id.idiag_dport = htons(50000);
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
	d->size += nlh->nlmsg_len;
}

static void put_end(struct datagram *d)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(d->bytes + d->size);

	nlh->nlmsg_type = NLMSG_DONE;
	mnl_nlmsg_put_extra_header(nlh, sizeof(int));
	d->size += nlh->nlmsg_len;
}

static void put_error(struct datagram *d, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(d->bytes + d->size);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	e->error = error;
	d->size += nlh->nlmsg_len;
}

/* A listener, an established connection, a CLOSE_WAIT; without end. */
static void put_sockets(struct datagram *d)
{
	put_socket(d, 10, 80);
	put_socket(d, 1, 81);
	put_socket(d, 8, 82);
}

static void start_recording(struct fixture *f)
{
	cleanup_(fclosep) FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	f->fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	assert_true(f->fd >= 0 && fd >= 0);
	assert_int_equal(source_recorder_new(&f->kernel.source, fd, &f->recorder), 0);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->kernel.source.ops = &kernel_ops;
	f->kernel.scan = (struct scan){.source = "sock_diag", .complete = true, .sockets = 3};
	put_sockets(&f->kernel.datagrams[0]);
	put_end(&f->kernel.datagrams[0]);
	start_recording(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_freep(&f->recorder);
	source_freep(&f->replay);
	closep(&f->fd);
	free(f->bytes);
	test_free(f);
	return 0;
}

static void keep(const struct sock_record *r, void *userdata)
{
	struct fixture *f = userdata;

	assert_true(f->count < ARRAY_SIZE(f->records));
	f->records[f->count++] = *r;
}

static void record_origin(struct fixture *f)
{
	struct origin origin;

	assert_int_equal(f->recorder->ops->origin(f->recorder, &origin), 0);
}

static void record_scan(struct fixture *f, state_set states)
{
	const struct scan_request request = {.states = states, .buffers = true};

	assert_int_equal(
		f->recorder->ops->scan(f->recorder, &request, keep, f, &f->scan), f->kernel.result);
}

/* Ends the recording and takes it into f->bytes. */
static void finish(struct fixture *f)
{
	assert_int_equal(source_recorder_finish(f->recorder), 0);
	f->size = (size_t)lseek(f->fd, 0, SEEK_END);
	f->bytes = malloc(f->size);
	assert_non_null(f->bytes);
	assert_int_equal(pread(f->fd, f->bytes, f->size, 0), f->size);
}

static void record(struct fixture *f, state_set states)
{
	record_origin(f);
	record_scan(f, states);
	finish(f);
}

/* Opens the first size bytes of the recording. */
static int open_replay(struct fixture *f, size_t size)
{
	FILE *file = fmemopen(f->bytes, size, "rb");

	assert_non_null(file);
	source_freep(&f->replay);
	f->replay = NULL;
	f->error = NULL;
	return source_replay_from(file, &f->replay, &f->error);
}

static void assert_refused(struct fixture *f, const char *sentence)
{
	assert_int_equal(open_replay(f, f->size), -EBADMSG);
	assert_string_equal(f->error, sentence);
	assert_null(f->replay);
}

static int replay_scan(struct fixture *f, state_set states)
{
	const struct scan_request request = {.states = states, .buffers = true};

	f->count = 0;
	f->scan = (struct scan){0};
	return f->replay->ops->scan(f->replay, &request, keep, f, &f->scan);
}

static void test_replay_origin(void **state)
{
	struct fixture *f = *state;
	struct origin origin;

	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(f->replay->ops->origin(f->replay, &origin), 0);
	assert_int_equal(origin.time.tv_sec, 1763805000);
	assert_int_equal(origin.time.tv_nsec, 123456789);
	assert_string_equal(origin.boot_id, "70a1bd37-0f26-4d3a-8bd0-0a4b2a3a5a1e");
	assert_string_equal(origin.kernel, "6.18.44");
	assert_string_equal(origin.netns, "host");
	/* Nothing of a recording reaches a terminal as a command. */
	assert_string_equal(origin.host, "db1?[2J?");
	assert_true(origin.replayed);
}

static void test_replay_scan(void **state)
{
	struct fixture *f = *state;
	uint64_t wall_us;

	record(f, STATE_SET_ALL);
	wall_us = f->scan.wall_us;
	assert_int_equal(open_replay(f, f->size), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(replay_scan(f, STATE_SET_ALL), 0);
		assert_int_equal(f->count, 3);
		assert_int_equal(f->records[0].state, STATE_LISTEN);
		assert_int_equal(f->records[1].state, STATE_ESTABLISHED);
		assert_int_equal(f->records[2].state, STATE_CLOSE_WAIT);
		assert_int_equal(f->records[2].local_port, 82);
		assert_string_equal(f->scan.source, "sock_diag");
		assert_int_equal(f->scan.sockets, 3);
		assert_true(f->scan.complete);
		assert_string_equal(f->scan.error, "");
		assert_int_equal(f->scan.wall_us, wall_us);
	}
}

static void test_replay_scan_lines(void **state)
{
	struct fixture *f = *state;

	f->kernel.datagrams[0].size = 0;
	put_error(&f->kernel.datagrams[0], -EPERM);
	f->kernel.line = true;
	f->kernel.scan.source = "proc";
	snprintf(f->kernel.scan.note, sizeof(f->kernel.scan.note), "netlink is refused");
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), 0);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->records[0].local_port, 8000);
	assert_int_equal(f->records[0].inode, 4711);
	assert_string_equal(f->scan.source, "proc");
	assert_string_equal(f->scan.note, "netlink is refused");
	assert_int_equal(replay_scan(f, STATE_BIT(STATE_TIME_WAIT)), 0);
	assert_int_equal(f->count, 0);
}

static void test_replay_scan_fewer_states(void **state)
{
	struct fixture *f = *state;

	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATES_BUT_ESTABLISHED), 0);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->scan.sockets, 2);
	/* Listeners are always reported. */
	assert_int_equal(replay_scan(f, STATE_BIT(STATE_CLOSE_WAIT)), 0);
	assert_int_equal(f->count, 2);
}

/* Zero sockets of a state that was not recorded would be a false all-clear. */
static void test_replay_scan_states_not_recorded(void **state)
{
	struct fixture *f = *state;

	record(f, STATES_BUT_ESTABLISHED);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), -ENODATA);
	assert_false(f->scan.complete);
	assert_string_equal(f->scan.error, "the recording was made without ESTABLISHED; replay it "
					   "with --closing or --state");
	assert_int_equal(f->count, 0);
	assert_int_equal(replay_scan(f, STATES_BUT_ESTABLISHED), 0);
}

static void test_replay_scan_incomplete(void **state)
{
	struct fixture *f = *state;

	f->kernel.scan.complete = false;
	snprintf(f->kernel.scan.error, sizeof(f->kernel.scan.error), "disturbed");
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), 0);
	assert_false(f->scan.complete);
	assert_string_equal(f->scan.error, "disturbed");
}

static void test_replay_scan_failed(void **state)
{
	struct fixture *f = *state;

	f->kernel.datagrams[0].size = 0;
	put_error(&f->kernel.datagrams[0], -EPERM);
	f->kernel.result = -EPERM;
	f->kernel.scan.complete = false;
	snprintf(f->kernel.scan.error, sizeof(f->kernel.scan.error), "not allowed");
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), -EPERM);
	assert_false(f->scan.complete);
	assert_string_equal(f->scan.error, "not allowed");
}

/* A dump that was refused, and then another: the recording holds the answers to both. */
static void test_replay_scan_refused_dump_first(void **state)
{
	struct fixture *f = *state;

	f->kernel.datagrams[1] = f->kernel.datagrams[0];
	f->kernel.datagrams[0].size = 0;
	put_error(&f->kernel.datagrams[0], -EOPNOTSUPP);
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), 0);
	assert_int_equal(f->count, 3);
	assert_true(f->scan.complete);
}

static void test_replay_scan_without_end_of_dump(void **state)
{
	struct fixture *f = *state;

	f->kernel.datagrams[0].size = 0;
	put_sockets(&f->kernel.datagrams[0]);
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), -EBADMSG);
	assert_false(f->scan.complete);
	assert_string_equal(
		f->scan.error, "the recording's sockets cannot be read: they are damaged");
}

static void test_replay_scan_damaged_datagram(void **state)
{
	struct fixture *f = *state;

	f->kernel.datagrams[0].bytes[0] = 3; /* a message shorter than its header */
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), -EBADMSG);
	assert_false(f->scan.complete);
}

/* A dump that was disturbed is taken again, and the last one counts. */
static void test_replay_scan_last_one_counts(void **state)
{
	struct fixture *f = *state;

	f->kernel.scan.complete = false;
	record_origin(f);
	record_scan(f, STATE_SET_ALL);
	f->kernel.datagrams[0].size = 0;
	put_end(&f->kernel.datagrams[0]);
	f->kernel.scan.complete = true;
	record_scan(f, STATES_BUT_ESTABLISHED);
	finish(f);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(replay_scan(f, STATES_BUT_ESTABLISHED), 0);
	assert_int_equal(f->count, 0);
	assert_true(f->scan.complete);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), -ENODATA);
}

static int read_file(struct source *s, const char *path, size_t *ret_size)
{
	char *text = NULL;
	int r = s->ops->read_file(s, path, &text, ret_size);

	if (r == 0) {
		assert_int_equal(text[*ret_size], '\0');
		assert_int_equal(strspn(text, "x"), *ret_size);
	}
	free(text);
	return r;
}

static void test_replay_read_file(void **state)
{
	static const struct {
		const char *path;
		int live, replayed;
		size_t size;
	} cases[] = {
		{"/small", 0, 0, 5}, {"/empty", 0, 0, 0}, {"/secret", -EACCES, -EACCES, 0},
		{"/missing", -ENOENT, -ENOENT, 0},
		{"/large", 0, -ENOENT, 0}, /* does not fit into a chunk */
	};
	struct fixture *f = *state;
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(read_file(f->recorder, cases[i].path, &size), cases[i].live);
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size = 0;
		assert_int_equal(read_file(f->replay, cases[i].path, &size), cases[i].replayed);
		assert_int_equal(size, cases[i].size);
	}
	assert_int_equal(read_file(f->replay, "/not asked for", &size), -ENOENT);
}

/* Whoever finds no attachment adds it: the replay must not answer that there was none. */
static void test_replay_attachment(void **state)
{
	struct fixture *f = *state;
	size_t size = 0;

	assert_int_equal(read_file(f->recorder, "sizes", &size), -ENOENT);
	assert_int_equal(f->recorder->ops->attach(f->recorder, "sizes", "xxx"), 0);
	record(f, STATE_SET_ALL);
	assert_int_equal(open_replay(f, f->size), 0);
	assert_int_equal(read_file(f->replay, "sizes", &size), 0);
	assert_int_equal(size, 3);
}

static void test_replay_refuses_truncated(void **state)
{
	struct fixture *f = *state;
	size_t size;

	read_file(f->recorder, "/small", &size);
	record(f, STATE_SET_ALL);
	for (size = 1; size < f->size; size++) {
		assert_int_equal(open_replay(f, size), -EBADMSG);
		if (size >= strlen(RECORDING_MAGIC))
			assert_string_equal(
				f->error, "the recording is cut short: its end is missing");
	}
	assert_int_equal(open_replay(f, f->size), 0);
}

static void test_replay_refuses_other_heads(void **state)
{
	struct fixture *f = *state;
	const uint32_t swapped = __builtin_bswap32(RECORDING_BYTE_ORDER), neither = 1;

	record(f, STATE_SET_ALL);
	memcpy(f->bytes + strlen(RECORDING_MAGIC), &neither, sizeof(neither));
	assert_refused(f, RECORDING_DAMAGED);
	memcpy(f->bytes + strlen(RECORDING_MAGIC), &swapped, sizeof(swapped));
	assert_refused(f, "it was made on a machine of the other byte order; replay it there");
	f->bytes[strlen(RECORDING_MAGIC) - 2] = '2';
	assert_refused(f, "it was made by a version of tcpstated with another format");
	f->bytes[0] = 'T';
	assert_refused(f, "it is not a recording made by tcpstated --record");
}

static void test_replay_refuses_bytes_behind_end(void **state)
{
	struct fixture *f = *state;
	char *longer;

	record(f, STATE_SET_ALL);
	longer = realloc(f->bytes, f->size + 1);
	assert_non_null(longer);
	f->bytes = longer;
	f->bytes[f->size++] = '\0';
	assert_refused(f, RECORDING_DAMAGED);
}

/* A recording put together chunk by chunk. */
static void write_chunks(struct fixture *f, const enum chunk_type *types, size_t count)
{
	static const struct recording_facts facts = {
		.states = "TIME_WAIT", .source = "proc", .complete = true};
	const struct recording_piece byte = {"x", 1};
	struct recording_writer w = {.file = open_memstream(&f->bytes, &f->size)};

	assert_non_null(w.file);
	recording_begin(&w);
	for (size_t i = 0; i < count; i++) {
		if (types[i] == CHUNK_ORIGIN || types[i] == CHUNK_REQUEST ||
			types[i] == CHUNK_RESULT)
			recording_put_facts(&w, types[i], &facts);
		else
			recording_put(&w, types[i], &byte, 1);
	}
	assert_int_equal(fclose(w.file), 0);
	assert_int_equal(w.error, 0);
}

static void test_replay_refuses_wrong_order(void **state)
{
	static const struct {
		bool good;
		enum chunk_type types[6];
	} cases[] = {
		{true, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{true, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_DATAGRAM, CHUNK_LINE, CHUNK_RESULT,
			       CHUNK_END}},
		{false, {CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_DATAGRAM, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_LINE, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END, CHUNK_END}},
		/* a FILE of one byte has no errno and no path */
		{false, {CHUNK_FILE, CHUNK_ORIGIN, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
		{false, {CHUNK_ORIGIN, CHUNK_TYPES, CHUNK_REQUEST, CHUNK_RESULT, CHUNK_END}},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t count = 0;

		while (count < ARRAY_SIZE(cases[i].types) && cases[i].types[count])
			count++;
		free(TAKE_PTR(f->bytes));
		write_chunks(f, cases[i].types, count);
		if (cases[i].good)
			assert_int_equal(open_replay(f, f->size), 0);
		else
			assert_refused(f, RECORDING_DAMAGED);
	}
}

/* Writes a recording whose RESULT is this text. */
static void write_result(struct fixture *f, const char *text)
{
	static const struct recording_facts facts = {.states = "TIME_WAIT"};
	const struct recording_piece piece = {text, strlen(text)};
	struct recording_writer w = {.file = NULL};

	free(TAKE_PTR(f->bytes));
	w.file = open_memstream(&f->bytes, &f->size);
	assert_non_null(w.file);
	recording_begin(&w);
	recording_put_facts(&w, CHUNK_ORIGIN, &facts);
	recording_put_facts(&w, CHUNK_REQUEST, &facts);
	recording_put(&w, CHUNK_RESULT, &piece, 1);
	recording_put(&w, CHUNK_END, NULL, 0);
	assert_int_equal(fclose(w.file), 0);
}

#define RESULT(source, failed, complete)                                                           \
	"source " source "\nfailed " failed "\ncomplete " complete "\nerror \nnote \n"
#define GOOD_RESULT RESULT("proc", "0", "1")
#define GOOD_TIMES  "wall_us 1\ncpu_us 1\n"

static void test_replay_checks_facts(void **state)
{
	static const char *const bad[] = {
		"",
		GOOD_RESULT "wall_us 1\n",
		GOOD_RESULT "wall_us 1\ncpu_us 1",
		GOOD_RESULT "wall_us 1\ncpu_us -1\n",
		GOOD_RESULT "wall_us 1\ncpu_us 1 \n",
		GOOD_RESULT "wall_us 1\n" GOOD_TIMES,
		GOOD_RESULT GOOD_TIMES "\n",
		RESULT("other", "0", "1") GOOD_TIMES,
		RESULT("a-name-longer-than-any", "0", "1") GOOD_TIMES,
		RESULT("proc", "4096", "1") GOOD_TIMES,
		RESULT("proc", "0", "2") GOOD_TIMES,
	};
	struct fixture *f = *state;

	write_result(f, GOOD_RESULT GOOD_TIMES);
	assert_int_equal(open_replay(f, f->size), 0);
	write_result(f, "of_a_later_version x\n" GOOD_RESULT GOOD_TIMES);
	assert_int_equal(open_replay(f, f->size), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_result(f, bad[i]);
		if (open_replay(f, f->size) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(f->error, RECORDING_DAMAGED);
	}
}

static void test_replay_refuses_long_chunk(void **state)
{
	struct fixture *f = *state;
	struct chunk_header header;
	char *at;

	record(f, STATE_SET_ALL);
	at = f->bytes + strlen(RECORDING_MAGIC) + sizeof(uint32_t);
	memcpy(&header, at, sizeof(header));
	header.size = RECORDING_CHUNK_MAX + 1;
	memcpy(at, &header, sizeof(header));
	assert_refused(f, RECORDING_DAMAGED);
}

static void test_source_replay_new_errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(source_replay_new("/nonexistent", &f->replay, &f->error), -ENOENT);
	assert_null(f->error);
	assert_int_equal(source_replay_new("/dev/null", &f->replay, &f->error), -EINVAL);
	assert_string_equal(
		f->error, "it is not a regular file, and a recording is read more than once");
}

static void test_source_replay_new_reads_file(void **state)
{
	struct fixture *f = *state;
	char path[64];

	record(f, STATE_SET_ALL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	assert_int_equal(source_replay_new(path, &f->replay, &f->error), 0);
	assert_int_equal(replay_scan(f, STATE_SET_ALL), 0);
	assert_int_equal(f->count, 3);
}

static void test_recorder_finish_reports_full_disk(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	source_freep(&f->recorder);
	assert_int_equal(source_recorder_new(&f->kernel.source, fd, &f->recorder), 0);
	record_origin(f);
	record_scan(f, STATE_SET_ALL);
	assert_int_equal(source_recorder_finish(f->recorder), -ENOSPC);
}

static void test_recorder_free_without_finish_is_truncated(void **state)
{
	struct fixture *f = *state;

	record_origin(f);
	record_scan(f, STATE_SET_ALL);
	source_freep(&f->recorder);
	f->recorder = NULL;
	f->size = (size_t)lseek(f->fd, 0, SEEK_END);
	f->bytes = malloc(f->size);
	assert_non_null(f->bytes);
	assert_int_equal(pread(f->fd, f->bytes, f->size, 0), f->size);
	assert_refused(f, "the recording is cut short: its end is missing");
}

#define RECORDING_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDING_TEST(test_replay_origin),
		RECORDING_TEST(test_replay_scan),
		RECORDING_TEST(test_replay_scan_lines),
		RECORDING_TEST(test_replay_scan_fewer_states),
		RECORDING_TEST(test_replay_scan_states_not_recorded),
		RECORDING_TEST(test_replay_scan_incomplete),
		RECORDING_TEST(test_replay_scan_failed),
		RECORDING_TEST(test_replay_scan_refused_dump_first),
		RECORDING_TEST(test_replay_scan_without_end_of_dump),
		RECORDING_TEST(test_replay_scan_damaged_datagram),
		RECORDING_TEST(test_replay_scan_last_one_counts),
		RECORDING_TEST(test_replay_read_file),
		RECORDING_TEST(test_replay_attachment),
		RECORDING_TEST(test_replay_refuses_truncated),
		RECORDING_TEST(test_replay_refuses_other_heads),
		RECORDING_TEST(test_replay_refuses_bytes_behind_end),
		RECORDING_TEST(test_replay_refuses_wrong_order),
		RECORDING_TEST(test_replay_checks_facts),
		RECORDING_TEST(test_replay_refuses_long_chunk),
		RECORDING_TEST(test_source_replay_new_errors),
		RECORDING_TEST(test_source_replay_new_reads_file),
		RECORDING_TEST(test_recorder_finish_reports_full_disk),
		RECORDING_TEST(test_recorder_free_without_finish_is_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
