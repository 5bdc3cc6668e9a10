/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of a recording, read as the program reads one. */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "kernel/limits.h"
#include "kernel/sockets/recording.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(const struct sock_record *r, void *userdata)
{
	uint64_t *sockets = userdata;

	*sockets +=
		r->state < STATE_COUNT && r->kind < KIND_COUNT && r->ownership < OWNERSHIP_COUNT;
}

static void replay(struct source *source)
{
	static const state_set states[] = {STATE_SET_ALL, STATE_SET_CLOSING};
	struct limits limits;
	struct origin origin;

	if (source->ops->origin(source, &origin) < 0)
		abort();
	limits_read(source, &limits);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		const struct scan_request request = {.states = states[i]};
		struct scan scan = {0};
		uint64_t sockets = 0;
		int r = source->ops->scan(source, &request, count, &sockets, &scan);

		if (r == 0 && (sockets != scan.sockets || !scan.source))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(freep) char *copy = malloc(size + 1); /* fmemopen() takes no const */
	cleanup_(source_freep) struct source *source = NULL;
	const char *error = NULL;
	FILE *file;
	int r;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	file = fmemopen(copy, size, "rb");
	if (!file)
		abort();
	r = source_replay_from(file, &source, &error);
	/* Every refusal says why. */
	if (r < 0 && !error)
		abort();
	if (r == 0)
		replay(source);
	return 0;
}
