/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_ages.h"

#include "basic/cleanup.h"
#include "basic/file.h"

#include <errno.h>
#include <string.h>

#define MAGIC      "tcpages"
#define VERSION    1
#define ORDER_MARK 0x01020304U

/* Texts end in a NUL, and are filled up with NULs. */
struct header {
	char magic[8];
	uint32_t byte_order, version;
	uint64_t saved_ms;
	uint32_t count, reserved;
	char boot_id[40], netns[256]; /* as in struct origin */
};

struct record {
	uint32_t cookie_low;
	uint16_t cookie_high;
	uint16_t state; /* enum tcp_state */
	uint32_t age_ms;
};

/* No more sockets are tracked than 4194304 (tracked_sockets of the configuration). */
#define SIZE_MAX_BYTES (sizeof(struct header) + 4194304 * sizeof(struct record) + 1)

_Static_assert(sizeof(struct header) == 328 && sizeof(struct record) == 12,
	"no padding: both are written as they are");

static void add_age(const struct age *age, void *userdata)
{
	const struct record record = {
		.cookie_low = (uint32_t)age->cookie,
		.cookie_high = (uint16_t)(age->cookie >> 32),
		.state = (uint16_t)age->state,
		.age_ms = age->age_ms,
	};

	string_add_bytes(userdata, (const char *)&record, sizeof(record));
}

int state_ages_save(
	int dir_fd, const struct state_identity *identity, uint64_t now_ms, const struct ages *ages)
{
	cleanup_(string_release) struct string s = string_up_to(SIZE_MAX_BYTES);
	struct header h = {MAGIC, ORDER_MARK, VERSION, .saved_ms = now_ms};
	struct string boot_id = STRING_IN(h.boot_id), netns = STRING_IN(h.netns);

	string_add(&boot_id, identity->boot_id);
	string_add(&netns, identity->netns);
	string_add_bytes(&s, (const char *)&h, sizeof(h));
	ages_foreach(ages, add_age, &s);
	if (s.error)
		return s.error;
	h.count = (uint32_t)((s.length - sizeof(h)) / sizeof(struct record));
	memcpy(s.text, &h, sizeof(h));
	return file_replace_at(
		dir_fd, STATE_AGES_NAME, STATE_AGES_NAME ".new", 0600, s.text, s.length);
}

static struct record record_at(const char *data, size_t i)
{
	struct record record;

	memcpy(&record, data + sizeof(struct header) + i * sizeof(record), sizeof(record));
	return record;
}

static bool is_valid(const struct record *r)
{
	return (r->cookie_low || r->cookie_high) && r->state < STATE_COUNT &&
	       ages_state_numbers[r->state];
}

static int check(const char *data, size_t size, const struct header *h,
	const struct state_identity *identity, uint64_t now_ms, struct string *reason)
{
	int r;

	if (size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 ||
		h->byte_order != ORDER_MARK || h->version != VERSION)
		return string_fail(reason, -EPROTONOSUPPORT,
			"from another version of this program; starting afresh");
	if (h->boot_id[sizeof(h->boot_id) - 1] || h->netns[sizeof(h->netns) - 1])
		return string_fail(reason, -EBADMSG, "the header is not valid");
	r = state_identity_check(identity, h->boot_id, h->netns, reason);
	if (r < 0)
		return r;
	/* What is of the same boot was saved before now. */
	if (h->saved_ms > now_ms || size != sizeof(*h) + h->count * sizeof(struct record))
		return string_fail(reason, -EBADMSG, "the header is not valid");
	for (size_t i = 0; i < h->count; i++) {
		const struct record record = record_at(data, i);

		if (!is_valid(&record))
			return string_fail(reason, -EBADMSG, "record %zu is not valid", i);
	}
	return 0;
}

int state_ages_read(const char *data, size_t size, const struct state_identity *identity,
	uint64_t now_ms, struct ages *ages, struct string *reason)
{
	struct header h = {0};
	int r;

	if (size >= sizeof(h))
		memcpy(&h, data, sizeof(h));
	r = check(data, size, &h, identity, now_ms, reason);
	for (size_t i = 0; r == 0 && i < h.count; i++) {
		const struct record record = record_at(data, i);

		ages_restore(ages, record.cookie_low | (uint64_t)record.cookie_high << 32,
			(enum tcp_state)record.state, record.age_ms, h.saved_ms);
	}
	return r;
}

int state_ages_load(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	struct ages *ages, struct string *reason)
{
	cleanup_(freep) char *data = NULL;
	size_t size;
	int r = state_directory_read(dir_fd, STATE_AGES_NAME, SIZE_MAX_BYTES, &data, &size, reason);

	return r == 0 ? state_ages_read(data, size, identity, now_ms, ages, reason) : r;
}
