/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets/proc_net_tcp.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "basic/string.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel pads lines to 150 characters; some lines of tcp6 are a little longer. */
#define LINE_SIZE 512

const struct proc_net_tcp_files proc_net_tcp_live = {
	.tcp = "/proc/net/tcp",
	.tcp6 = "/proc/net/tcp6",
};

/* Reads one line, whose parts are separated by blanks and colons. */
struct cursor {
	const char *at, *end;
	bool bad;
};

static void skip(struct cursor *c, char expected)
{
	if (c->at < c->end && *c->at == expected)
		c->at++;
	else
		c->bad = true;
}

static void skip_blanks(struct cursor *c)
{
	const char *before = c->at;

	scan_blanks(&c->at, c->end);
	if (c->at == before)
		c->bad = true;
}

static uint64_t hex(struct cursor *c, uint64_t max)
{
	uint64_t value = 0;

	if (scan_hex(&c->at, c->end, max, &value) < 0)
		c->bad = true;
	return value;
}

static uint64_t decimal(struct cursor *c, uint64_t max)
{
	uint64_t value = 0;

	if (scan_decimal(&c->at, c->end, max, &value) < 0)
		c->bad = true;
	return value;
}

/*
 * The kernel prints each four bytes of an address in network order as a number of this machine:
 * storing the number restores the bytes, whatever the byte order.
 */
static void read_address(struct cursor *c, size_t words, uint8_t address[16])
{
	for (size_t i = 0; i < words; i++) {
		struct cursor eight = {.at = c->at, .end = c->at + MIN(c->end - c->at, 8)};
		uint32_t word = (uint32_t)hex(&eight, UINT32_MAX);

		if (eight.bad || eight.at - c->at != 8)
			c->bad = true;
		c->at = eight.at;
		memcpy(address + i * sizeof(word), &word, sizeof(word));
	}
}

static uint16_t read_port(struct cursor *c)
{
	uint16_t port;

	skip(c, ':');
	port = (uint16_t)hex(c, UINT16_MAX);
	skip_blanks(c);
	return port;
}

static uint32_t ticks_to_ms(uint64_t ticks)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return ticks > (uint64_t)UINT32_MAX * hz / 1000 ? UINT32_MAX
							: (uint32_t)(ticks * 1000 / hz);
}

int proc_net_tcp_parse_line(const char *line, uint8_t family, struct sock_record *ret)
{
	struct cursor c = {.at = line, .end = line + strcspn(line, "\n")};
	size_t words = family == AF_INET ? 1 : 4;
	struct sock_record r = {.family = family};
	uint64_t retransmits, probes;
	enum tcp_state state;

	scan_blanks(&c.at, c.end);
	decimal(&c, UINT64_MAX); /* the ordinal */
	skip(&c, ':');
	skip_blanks(&c);
	read_address(&c, words, r.local_address);
	r.local_port = read_port(&c);
	read_address(&c, words, r.remote_address);
	r.remote_port = read_port(&c);
	if (state_from_kernel((unsigned)hex(&c, UINT8_MAX), &state) < 0)
		return -EBADMSG;
	skip_blanks(&c);
	r.send_queue = (uint32_t)hex(&c, UINT32_MAX);
	skip(&c, ':');
	r.receive_queue = (uint32_t)hex(&c, UINT32_MAX);
	skip_blanks(&c);
	r.timer = (uint8_t)hex(&c, UINT8_MAX);
	skip(&c, ':');
	r.expires_ms = ticks_to_ms(hex(&c, UINT64_MAX));
	skip_blanks(&c);
	retransmits = hex(&c, UINT32_MAX);
	skip_blanks(&c);
	r.uid = (uint32_t)decimal(&c, UINT32_MAX);
	skip_blanks(&c);
	probes = decimal(&c, UINT32_MAX);
	skip_blanks(&c);
	r.inode = (uint32_t)decimal(&c, UINT32_MAX);
	skip_blanks(&c); /* at least the reference count and an address follow */
	if (c.bad)
		return -EBADMSG;

	r.retransmits =
		(uint8_t)MIN(r.timer == TIMER_PROBE ? probes : retransmits, (uint64_t)UINT8_MAX);
	r.kind = KIND_FULL;
	if (r.timer == TIMER_TIME_WAIT)
		r.kind = KIND_MINI;
	else if (state == STATE_SYN_RECV)
		r.kind = KIND_REQUEST;
	r.state = (uint8_t)state;
	r.ownership = (uint8_t)sock_record_ownership(r.kind, state, r.inode);
	*ret = r;
	return 0;
}

/* One of the two files while it is read. */
struct reader {
	const char *path;
	uint8_t family;
	FILE *file;      /* NULL: absent */
	uint64_t number; /* of the last line read */
	char line[LINE_SIZE];
	bool more; /* that line has a socket that was not handed on yet */
	struct sock_record record;
};

static void reader_close(struct reader *r)
{
	fclosep(&r->file);
}

/* Where the sockets of a scan go. */
struct target {
	state_set states;
	const struct scan_tap *tap;
	sock_record_fn fn;
	void *userdata;
	struct scan *ret;
};

static int fail_errno(const struct reader *r, int error, struct scan *ret)
{
	STRING_PRINT(ret->error, "cannot read %s: %s", r->path, strerror(error));
	return -error;
}

static int fail_malformed(const struct reader *r, struct scan *ret)
{
	STRING_PRINT(ret->error, "line %" PRIu64 " of %s is not what the kernel writes there",
		r->number, r->path);
	return -EBADMSG;
}

/* Reads the next line without its line break. Returns 1, 0 at the end, or -errno. */
static int next_line(struct reader *r, struct scan *ret)
{
	size_t length;

	errno = 0;
	if (!fgets(r->line, sizeof(r->line), r->file))
		return ferror(r->file) ? fail_errno(r, errno ? errno : EIO, ret) : 0;
	r->number++;
	length = strcspn(r->line, "\n");
	if (r->line[length] != '\n')
		return fail_malformed(r, ret);
	r->line[length] = '\0';
	return 1;
}

/* Reads the next socket into r->record; r->more: there was one. Returns 0 or -errno. */
static int next_socket(struct reader *r, struct scan *ret)
{
	int n = next_line(r, ret);

	r->more = n > 0;
	if (n > 0 && proc_net_tcp_parse_line(r->line, r->family, &r->record) < 0)
		return fail_malformed(r, ret);
	return MIN(n, 0);
}

static int reader_open(struct reader *r, const char *path, uint8_t family, struct scan *ret)
{
	int n;

	r->path = path;
	r->family = family;
	r->file = fopen(path, "re");
	if (!r->file)
		return errno == ENOENT && family == AF_INET6 ? 0 : fail_errno(r, errno, ret);
	n = next_line(r, ret);
	if (n < 0)
		return n;
	/* An empty file, which no kernel shows, must not look like a machine without sockets. */
	if (n == 0 || !strstr(r->line, "local_address")) {
		r->number = 1;
		return fail_malformed(r, ret);
	}
	return next_socket(r, ret);
}

/* Hands on the sockets of a file: the listeners at its start, or all that are left. */
static int report_sockets(struct reader *r, bool listeners_only, const struct target *t)
{
	while (r->more && (!listeners_only || r->record.state == STATE_LISTEN)) {
		int n;

		if (state_set_has(t->states, r->record.state)) {
			if (t->tap)
				t->tap->proc_line(t->tap->userdata, r->family, r->line);
			t->ret->sockets++;
			t->fn(&r->record, t->userdata);
		}
		n = next_socket(r, t->ret);
		if (n < 0)
			return n;
	}
	return 0;
}

int proc_net_tcp_scan(const struct proc_net_tcp_files *files, const struct scan_request *request,
	const struct scan_tap *tap, sock_record_fn fn, void *userdata, struct scan *ret)
{
	cleanup_(reader_close) struct reader tcp = {0}, tcp6 = {0};
	struct target target = {
		.states = request->states | STATE_BIT(STATE_LISTEN),
		.tap = tap,
		.fn = fn,
		.userdata = userdata,
		.ret = ret,
	};
	int r;

	ret->source = "proc";
	ret->error[0] = '\0';
	ret->sockets = 0;
	r = reader_open(&tcp, files->tcp, AF_INET, ret);
	if (r == 0)
		r = reader_open(&tcp6, files->tcp6, AF_INET6, ret);
	/* Each file starts with its listeners; the connections of the other must wait for them. */
	if (r == 0)
		r = report_sockets(&tcp, true, &target);
	if (r == 0)
		r = report_sockets(&tcp6, true, &target);
	if (r == 0)
		r = report_sockets(&tcp, false, &target);
	if (r == 0)
		r = report_sockets(&tcp6, false, &target);
	ret->complete = r == 0;
	return r;
}
