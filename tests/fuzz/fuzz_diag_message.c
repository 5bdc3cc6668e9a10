/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of what sock_diag answers, counted and priced as a real dump would be.
 */
#include "kernel/diag_message.h"
#include "model/tally.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(const struct sock_record *r, void *userdata)
{
	tally_count(userdata, r);
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
	free(datagram);
	return 0;
}
