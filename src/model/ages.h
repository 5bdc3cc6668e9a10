/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long each full socket has been in its closing state, by cookie, from scan to scan: a table of
 * 12 bytes an entry, at most 16 with the free slots (model/cookie_table.h). Beyond a bound it
 * samples: each socket that it keeps stands for 2, 4, 8 ...
 */
#ifndef TCPSTATED_MODEL_AGES_H
#define TCPSTATED_MODEL_AGES_H

#include "basic/cleanup.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

/* How many sockets to track by default. */
#define AGES_TRACKED_DEFAULT 262144

/* Ages are kept in units of 256 ms, up to 48 days; older sockets are reported as that old. */
#define AGES_UNIT_MS 256

/* The states that are tracked, numbered from 1; 0: not tracked. */
#define AGE_STATES 5
extern const uint8_t ages_state_numbers[STATE_COUNT];

struct ages;

/* tracked_max: how many sockets to keep. Returns 0 or -ENOMEM; free with ages_free. */
int ages_new(uint32_t tracked_max, struct ages **ret);
struct ages *ages_free(struct ages *a); /* returns NULL; a may be NULL */
DEFINE_FREEP(ages)

/* Changes how many to keep, with the next new socket. */
void ages_set_max(struct ages *a, uint32_t tracked_max);

/*
 * Whether the next scan should request tcp_info (scan_request.info), since it may show sockets that
 * existed long before: until a scan was complete, and after the sample became finer.
 */
bool ages_want_info(const struct ages *a);

/*
 * For how long, in ms, every entry into a state was observed: an age below that is exact to one
 * interval between scans, an older one is a lower bound. 0 at the first scan.
 */
uint64_t ages_watched_ms(const struct ages *a);

/* Starts a scan at now_ms (CLOCK_MONOTONIC, ms), instead of one that was not finished. */
void ages_start(struct ages *a, uint64_t now_ms);

/* Announces a socket that will soon be observed, so that its memory is fetched meanwhile. */
void ages_expect(const struct ages *a, const struct sock_record *r);

/*
 * Returns how long a socket has been in its state, in ms, and keeps it with the number of its row
 * (up to 131,071). The age of a new socket starts now, or, if the scan has tcp_info, as long ago as
 * the kernel knows (model/age_bound.h). UNKNOWN_U32 for a socket that is not tracked: a mini
 * socket, one outside the closing states, one without a cookie, or one that is not in the sample.
 */
uint32_t ages_observe(struct ages *a, const struct sock_record *r, uint32_t row);

/* Ends the scan. After a complete one, sockets that neither it nor the one before showed are
 * forgotten. */
void ages_finish(struct ages *a, bool complete);

/* How many sockets are tracked, and how many each of them stands for. */
uint32_t ages_tracked(const struct ages *a);
uint32_t ages_weight(const struct ages *a);

/* One tracked socket. */
struct age {
	uint64_t cookie; /* its lower 48 bits */
	uint32_t age_ms; /* at the start of the last scan */
	uint32_t row;
	enum tcp_state state;
	enum sock_ownership ownership;
};

typedef void (*age_fn)(const struct age *age, void *userdata);

/* Calls fn for each tracked socket that the last scan showed. */
void ages_foreach(const struct ages *a, age_fn fn, void *userdata);

/*
 * Restores from a file, before the first scan, a socket that had been in its state for age_ms at
 * now_ms. Ignores impossible values.
 */
void ages_restore(
	struct ages *a, uint64_t cookie, enum tcp_state state, uint32_t age_ms, uint64_t now_ms);

#endif
