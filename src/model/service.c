/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/service.h"

#include "basic/array.h"
#include "basic/hash.h"
#include "basic/macro.h"
#include "basic/string.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const char *const side_list[SIDE_COUNT] = {
	[SIDE_SERVER] = "server",
	[SIDE_CLIENT] = "client",
};

const struct names sock_side_names = NAMES(side_list);

int side_parse(const char *word, enum sock_side *ret)
{
	for (enum sock_side s = 0; s < SIDE_COUNT; s++) {
		if (strcasecmp(word, side_name(s)) == 0) {
			*ret = s;
			return 0;
		}
	}
	return -EINVAL;
}

struct sock_address sock_address_of(uint8_t family, const uint8_t bytes[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sock_address a = {.family = family};

	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		a.family = AF_INET;
		memcpy(a.bytes, bytes + sizeof(mapped), 4);
	} else {
		memcpy(a.bytes, bytes, family == AF_INET ? 4 : 16);
	}
	return a;
}

struct sock_address sock_address_local(const struct sock_record *r)
{
	return sock_address_of(r->family, r->local_address);
}

struct sock_address sock_address_remote(const struct sock_record *r)
{
	return sock_address_of(r->family, r->remote_address);
}

bool sock_address_is_wildcard(const struct sock_address *a)
{
	static const uint8_t zero[16];

	return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

bool sock_address_equal(const struct sock_address *a, const struct sock_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool sock_address_is_link_local(const struct sock_address *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

const char *device_label(char buf[DEVICE_NAME_SIZE], uint32_t index, const char *name)
{
	buf[0] = '\0';
	if (name && *name)
		string_print(buf, DEVICE_NAME_SIZE, "%s", name);
	else if (index)
		snprintf(buf, DEVICE_NAME_SIZE, "%" PRIu32, index);
	return buf;
}

uint64_t service_key_hash(const struct service_key *k)
{
	uint64_t words[4] = {0}, hash = 0;

	memcpy(words, k, sizeof(*k));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		hash = hash_add(hash, words[i]);
	return hash;
}

bool service_key_equal(const struct service_key *a, const struct service_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int service_key_compare(const struct service_key *a, const struct service_key *b)
{
	int order;

	if (a->side != b->side)
		return a->side < b->side ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	order = memcmp(&a->address, &b->address, sizeof(a->address));
	if (order)
		return order;
	return (a->device > b->device) - (a->device < b->device);
}

/* number == 0: free. At least half of the slots are. */
struct service_map_slot {
	struct service_key key;
	uint32_t number;
};

#define SLOTS_MIN 64U

void service_map_release(struct service_map *m)
{
	free(m->used_plain);
	free(m->slots);
}

void service_map_clear(struct service_map *m)
{
	for (size_t i = 0; i < m->used_plain_count; i++)
		m->plain[m->used_plain[i] >> 16][m->used_plain[i] & UINT16_MAX] = 0;
	m->used_plain_count = 0;
	if (m->used)
		memset(m->slots, 0, m->slots_count * sizeof(*m->slots));
	m->used = 0;
}

/* The slot of a service, or the free one where it belongs; there are slots. */
static struct service_map_slot *slot_of(const struct service_map *m, const struct service_key *k)
{
	uint32_t i = hash_home(service_key_hash(k), m->slots_count);

	while (m->slots[i].number && !service_key_equal(&m->slots[i].key, k))
		i = hash_next(i, m->slots_count);
	return &m->slots[i];
}

uint32_t service_map_get(const struct service_map *m, const struct service_key *k)
{
	if (!service_key_is_bound(k))
		return m->plain[k->side][k->port];
	return m->used ? slot_of(m, k)->number : 0;
}

static int set_plain(struct service_map *m, const struct service_key *k, uint32_t number)
{
	uint32_t *place = &m->plain[k->side][k->port];

	if (!*place) {
		if (ARRAY_GROW(m->used_plain, m->used_plain_allocated, m->used_plain_count + 1) < 0)
			return -ENOMEM;
		m->used_plain[m->used_plain_count++] = (uint32_t)k->side << 16 | k->port;
	}
	*place = number;
	return 0;
}

static int grow_slots(struct service_map *m)
{
	struct service_map_slot *const old = m->slots;
	const uint32_t old_count = m->slots_count;
	const uint32_t count = MAX(2 * old_count, SLOTS_MIN);
	struct service_map_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	m->slots = slots;
	m->slots_count = count;
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i].number)
			*slot_of(m, &old[i].key) = old[i];
	free(old);
	return 0;
}

int service_map_set(struct service_map *m, const struct service_key *k, uint32_t number)
{
	struct service_map_slot *slot;

	if (!service_key_is_bound(k))
		return set_plain(m, k, number);
	if (2 * (m->used + 1) > m->slots_count && grow_slots(m) < 0)
		return -ENOMEM;
	slot = slot_of(m, k);
	m->used += !slot->number;
	*slot = (struct service_map_slot){*k, number};
	return 0;
}
