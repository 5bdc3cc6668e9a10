/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of what sock_diag answers, counted and priced as a real dump would be,
 * and looked at twice as --heartbeat does. */
#include "kernel/sockets/diag_message.h"
#include "model/tally.h"
#include "output/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(const struct sock_record *r, void *userdata)
{
	tally_count(userdata, r);
}

static void watch(const struct sock_record *r, void *userdata)
{
	heartbeat_count(userdata, r);
}

static void judge(const struct heartbeat *h)
{
	struct heartbeat_report report = {0};
	char words[3 * SENTENCE_SIZE];

	if (heartbeat_judge(h, 0, &report) < 0)
		abort();
	for (size_t i = 0; i < report.lines_count; i++) {
		const struct heartbeat_line *line = &report.lines[i];
		struct timeout_row rows[TIMEOUT_ROWS_MAX];
		struct string s = STRING_IN(words);

		(void)heartbeat_timeouts(line->port, line->advice.basis, rows);
		words_suggestion(&s, line->port, &line->advice, &report.numbers);
		words_silent_peers(&s, &line->advice);
		words_keepalive(&s, line->port);
		/* Each has room. */
		if (s.error)
			abort();
	}
	heartbeat_report_release(&report);
}

/* A second look a second later, at what the first half of the datagram holds. */
static void watch_twice(const void *datagram, size_t size)
{
	const struct heartbeat_context context = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.watch = true,
		.watched_max = 4,
	};
	struct heartbeat *h;

	if (heartbeat_new(&context, &h) < 0)
		abort();
	for (size_t poll = 0; poll < 2; poll++) {
		struct diag_dump dump = {.fn = watch, .userdata = h, .states = STATE_SET_ALL};

		heartbeat_start(h, poll * 1000);
		(void)diag_datagram_parse(&dump, datagram, poll ? size / 2 : size);
		if (heartbeat_end(h)) {
			heartbeat_start_again(h);
			(void)diag_datagram_parse(&dump, datagram, poll ? size / 2 : size);
			heartbeat_end(h);
		}
	}
	heartbeat_finish(h);
	judge(h);
	heartbeat_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tally_context context = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.fin_timeout_ms = 60000,
	};
	static struct tally *tally;
	struct diag_dump dump = {.fn = count, .states = STATE_SET_ALL};
	struct scan scan = {0};
	void *datagram;

	if (!tally && tally_new(&tally) < 0)
		abort();
	tally_start(tally, &context);
	dump.userdata = tally;

	/* A copy of the very size, so that a read behind its end is found; malloc() aligns it. */
	datagram = malloc(size ? size : 1);
	if (!datagram)
		abort();
	memcpy(datagram, data, size);
	(void)diag_datagram_parse(&dump, datagram, size);
	diag_dump_result(&dump, &scan);
	if (tally_finish(tally, scan.complete)) {
		tally_start_again(tally);
		(void)diag_datagram_parse(&dump, datagram, size);
		tally_finish(tally, scan.complete);
	}
	watch_twice(datagram, size);
	free(datagram);
	return 0;
}
