/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long each full socket in a closing state has been in that state, by its cookie, from scan to
 * scan. A table of 12 bytes an entry, at most 16 with the room that hashing needs. Beyond a bound
 * it samples: it keeps one socket in 2, 4, 8 ..., chosen by the cookie, and each stands for as
 * many.
 */
#ifndef TCPSTATED_MODEL_AGES_H
#define TCPSTATED_MODEL_AGES_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many sockets are tracked when nobody says otherwise. */
#define AGES_TRACKED_DEFAULT 262144

/* Ages are kept in units of 256 ms and end at 48 days; who is older is told as that old. */
#define AGES_UNIT_MS 256

/* The states that are tracked, numbered from 1; 0: not tracked. */
#define AGE_STATES 5
extern const uint8_t ages_state_numbers[STATE_COUNT];

struct ages;

/* tracked_max: how many sockets it keeps at most. Returns 0 or -ENOMEM; free with ages_free. */
int ages_new(uint32_t tracked_max, struct ages **ret);
struct ages *ages_free(struct ages *a); /* returns NULL; a may be NULL */
void ages_freep(struct ages **a);

/* Changes how many it keeps at most: what is too many goes as new ones come. */
void ages_set_max(struct ages *a, uint32_t tracked_max);

/*
 * Whether the next scan should bring tcp_info (scan_request.info): it may show sockets that were
 * there long before they are seen. So it is until a scan was complete, and after the sample became
 * finer.
 */
bool ages_want_info(const struct ages *a);

/*
 * For how long, in ms, every socket that entered a state was seen to: an age below that is exact by
 * one scan's interval, an older one is a lower bound. 0 at the first scan.
 */
uint64_t ages_watched_ms(const struct ages *a);

/* Begins a scan at now_ms (CLOCK_MONOTONIC, ms). A scan that begins while another is under way
 * takes its place. */
void ages_start(struct ages *a, uint64_t now_ms);

/* Says that this socket will be seen soon: the memory that this takes is fetched meanwhile. */
void ages_expect(const struct ages *a, const struct sock_record *r);

/*
 * Tells how long a socket has been in its state, in ms, and remembers it with the number of its row
 * (any number up to 131,071). A socket that was not there in the scan before entered its state now:
 * between the scans, or, in the first one, at some time before, at least as long ago as the kernel
 * tells (model/age_bound.h). UNKNOWN_U32 for a socket that is not tracked: a mini
 * socket, one outside the closing states, one without a cookie, or one that the sample leaves out.
 */
uint32_t ages_observe(struct ages *a, const struct sock_record *r, uint32_t row);

/* Ends the scan. When it was complete, what neither it nor the one before showed is forgotten. */
void ages_finish(struct ages *a, bool complete);

/* How many sockets are tracked, and for how many sockets each of them stands. */
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

/* Calls fn for each that the last scan showed. */
void ages_foreach(const struct ages *a, age_fn fn, void *userdata);

/*
 * Puts back what was kept in a file, before the first scan: a socket that had been in its state for
 * age_ms at now_ms. Ignores what cannot be.
 */
void ages_restore(
	struct ages *a, uint64_t cookie, enum tcp_state state, uint32_t age_ms, uint64_t now_ms);

#endif
