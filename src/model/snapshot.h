/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of one poll: what model/ hands to judge/ and output/. */
#ifndef TCPSTATED_MODEL_SNAPSHOT_H
#define TCPSTATED_MODEL_SNAPSHOT_H

#include "model/age_stats.h"
#include "model/limits.h"
#include "model/prices.h"
#include "model/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

struct growth;

/* Where and when the sockets were read. */
struct origin {
	struct timespec time; /* CLOCK_REALTIME at the start of the scan */
	char host[256];       /* as from gethostname(); empty when unknown */
	char boot_id[40];     /* /proc/sys/kernel/random/boot_id; empty when unknown */
	char kernel[128];     /* uname release; empty when unknown */
	char netns[256];      /* "host", the name of ip-netns(8), or net:[inode] */
	bool replayed;        /* read from a recording */
};

/* Whether the origin is certainly of the boot with that id. An unknown boot is not the same as
 * another unknown one. */
static inline bool origin_is_same_boot(const struct origin *o, const char *boot_id)
{
	return o->boot_id[0] && strcmp(o->boot_id, boot_id) == 0;
}

/* How the scan went. */
struct scan {
	const char *source; /* "sock_diag" or "proc"; static storage */
	bool complete;      /* nothing was cut short */
	char error[256];    /* why it is incomplete, as a sentence; else empty */
	char note[256];     /* why the preferred source was not used; else empty */
	uint64_t sockets;   /* records received */
	uint64_t wall_us, cpu_us;
};

/* Whether the sockets are those of /proc/net/tcp, which has neither cookies, cgroups nor backlogs.
 */
static inline bool scan_is_of_proc(const struct scan *s)
{
	return s->source && strcmp(s->source, "proc") == 0;
}

/* How often polls are taken. */
struct polling {
	uint32_t interval_ms;  /* as configured; 0: this is a single poll */
	uint32_t effective_ms; /* as it is: longer if the budget requires it */
	double cpu_budget_percent;
	double cpu_percent;      /* of one core, since the last poll; negative: unknown */
	bool established_masked; /* the budget excludes ESTABLISHED */
};

struct snapshot_totals {
	uint64_t sockets;      /* UNKNOWN when a state could not be counted */
	uint64_t memory_bytes; /* UNKNOWN when a state was counted without its memory */
	uint64_t closing_sockets, closing_memory_bytes;
	struct state_tally states[STATE_COUNT];
	struct symptom_tally symptoms[SYMPTOM_COUNT];
};

struct snapshot {
	struct origin origin;
	struct scan scan;
	struct polling polling;
	state_set scanned;             /* the states that were requested; the others are unknown */
	bool established_from_counter; /* ESTABLISHED was not scanned: its number is CurrEstab minus
					  CLOSE_WAIT, its memory unknown */
	struct filter filter;          /* its set is borrowed */
	struct prices prices;
	struct limits limits;
	uint64_t slab_bytes; /* pages in TCP's own caches; UNKNOWN without slabinfo */
	struct snapshot_totals totals;

	/* every counted row, in no order: what is judged; borrowed from the tally until its next
	 * start */
	const struct port_tally *rows;
	size_t rows_count;
	const struct port_tally *rest;   /* the services beyond TALLY_ROWS_MAX together; likewise */
	uint32_t rest_ports;             /* how many these are */
	const struct creators *creators; /* of the rows; NULL: each has one; borrowed likewise */
	const struct ages *ages;         /* NULL: none are kept; borrowed likewise */
	struct age_table age_table;      /* of the listed ports, in their order, and of all */
	const struct growth *growth;     /* lent by model/growth.h; NULL: unknown */

	const struct port_tally **ports; /* what is shown, heaviest first; the rows are borrowed
					    from the tally until its next start */
	size_t ports_count;
	struct {
		uint64_t ports, sockets, memory_bytes;
	} omitted;

	struct usage client_ports; /* ports in use towards the busiest destination, and all ports */
	struct destination busiest; /* sockets == 0: none; then those that nobody can connect from
				     */
	struct port_room port_room; /* what is left */
};

/*
 * Summarizes a tally: totals over every row, and all of them listed. The caller sets origin, scan,
 * scanned, limits and slab_bytes before. Returns 0 or -ENOMEM. The snapshot borrows from t; release
 * with snapshot_release.
 */
int snapshot_take(struct snapshot *s, const struct tally *t);

/*
 * Judges the local ports again, with the ports that programs chose (model/client_ports.h). Call
 * after snapshot_take() if port_room.undecided is not 0.
 */
void snapshot_judge_ports(struct snapshot *s, const struct tally *t, const struct port_set *chosen);

void snapshot_release(struct snapshot *s);

/*
 * Keeps, of the listed ports, the ports_max heaviest (0: all of them) and those rows that are
 * wanted (indexes into rows), adds the others to omitted, and takes the statistics of the ages of
 * what it lists. Call it once all that needs every port was taken. Returns 0 or -ENOMEM.
 */
int snapshot_list(
	struct snapshot *s, size_t ports_max, const uint32_t *wanted, size_t wanted_count);

/* Counts a port among those that are not listed. */
void snapshot_omit(struct snapshot *s, const struct port_tally *port);

/*
 * Takes the number of ESTABLISHED from the counter after a scan that masked it out: snmp CurrEstab
 * minus CLOSE_WAIT (RFC 4022 counts both). Call after snapshot_take() of a scan without filter.
 * Leaves it unknown if the counter is.
 */
void snapshot_established_from_counter(struct snapshot *s);

#endif
