/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/source.h"

#include "basic/cleanup.h"
#include "basic/log.h"
#include "command/command.h"
#include "kernel/memory/object_sizes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int open_replay(const char *path, struct source **ret)
{
	const char *problem = NULL;
	int r = source_replay_new(path, ret, &problem);

	if (r == 0)
		return 0;
	log_line(LOG_ERR, "%s: %s", path, problem ? problem : strerror(-r));
	return r == -EBADMSG ? EXIT_SCAN_FAILED : EXIT_USAGE;
}

static int open_live(enum socket_table table, struct source **ret)
{
	int r = source_live_new(table, ret);

	if (r == 0)
		return 0;
	log_line(LOG_ERR, "%s", strerror(-r));
	return EXIT_SCAN_FAILED;
}

/* Puts a recorder before the source. */
static int open_recorder(const char *path, struct source **source)
{
	/* It holds the addresses of everybody who is connected. */
	cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct source *recorder;
	int r = fd < 0 ? -errno : source_recorder_new(*source, fd, &recorder);

	if (r < 0) {
		log_line(LOG_ERR, "%s: cannot record: %s", path, strerror(-r));
		return EXIT_USAGE;
	}
	(void)TAKE_FD(fd);
	*source = recorder;
	return 0;
}

int open_source(const struct options *o, enum socket_table table, struct source **ret)
{
	cleanup_(source_freep) struct source *source = NULL;
	int status = o->replay ? open_replay(o->replay, &source) : open_live(table, &source);

	if (status == 0 && o->record)
		status = open_recorder(o->record, &source);
	if (status == 0)
		*ret = TAKE_PTR(source);
	return status;
}

int prepare_poll(const struct options *o, struct source **ret_source, struct poll_settings *ret)
{
	int r = open_source(o, o->table, ret_source);

	if (r != 0)
		return r;
	*ret = (struct poll_settings){
		.filter = o->filter,
		.closing = o->closing,
		/* What was never seen before has an age only by what the kernel remembers. */
		.age_bound = true,
		/* A recording holds one dump: the one that counted. */
		.attempts = o->record || o->replay ? 1 : SCAN_ATTEMPTS,
	};
	r = prices_read(*ret_source, o->slabinfo, &ret->prices, &ret->slab_bytes);
	if (r == 0)
		return 0;
	log_line(LOG_ERR, "%s: %s", o->slabinfo,
		r == -EBADMSG ? "not a slabinfo; expected a file in the format of /proc/slabinfo"
			      : strerror(-r));
	return EXIT_USAGE;
}

int finish_recording(const struct options *o, struct source *source)
{
	int r = o->record ? source_recorder_finish(source) : 0;

	if (r == 0)
		return 0;
	log_line(LOG_ERR, "%s: the recording is not complete: %s", o->record, strerror(-r));
	return EXIT_SCAN_FAILED;
}
