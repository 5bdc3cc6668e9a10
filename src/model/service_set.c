/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/service_set.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/number.h"
#include "basic/string.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

bool service_range_has(const struct service_range *range, const struct service_key *service)
{
	return service->side == SIDE_SERVER && range->first <= service->port &&
	       service->port <= range->last &&
	       sock_address_equal(&range->address, &service->address);
}

bool service_set_has_range(const struct service_set *set, const struct service_key *service)
{
	for (size_t i = 0; i < set->ranges_count; i++)
		if (service_range_has(&set->ranges[i], service))
			return true;
	return false;
}

bool service_set_is_of_servers(const struct service_set *set)
{
	static const struct port_set none;

	return set->ranges_count && memcmp(&set->ports, &none, sizeof(none)) == 0;
}

int service_set_add(struct service_set *set, const struct service_range *range)
{
	for (size_t i = 0; i < set->ranges_count; i++)
		if (set->ranges[i].first == range->first && set->ranges[i].last == range->last &&
			sock_address_equal(&set->ranges[i].address, &range->address))
			return 0;
	if (set->ranges_count == SERVICE_RANGES_MAX)
		return -E2BIG;
	set->ranges[set->ranges_count++] = *range;
	return 0;
}

/* text[0..length) without a NUL: "192.0.2.7", "[2001:db8::1]" or "*". */
static bool read_address(const char *text, size_t length, struct sock_address *ret)
{
	const bool is_ipv6 = length > 2 && text[0] == '[' && text[length - 1] == ']';
	const uint8_t family = is_ipv6 ? AF_INET6 : AF_INET;
	char word[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = {0};

	*ret = (struct sock_address){0};
	if (length == 1 && *text == '*')
		return true;
	if (is_ipv6) {
		text++;
		length -= 2;
	}
	if (length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (inet_pton(family, word, bytes) != 1)
		return false;
	*ret = sock_address_of(family, bytes);
	if (sock_address_is_wildcard(ret))
		*ret = (struct sock_address){0};
	return true;
}

static int read_word(struct service_set *set, const char *word, const char *end)
{
	const char *colon = memrchr(word, ':', (size_t)(end - word));
	struct service_range range;
	uint64_t first, last;

	if (colon && !read_address(word, (size_t)(colon - word), &range.address))
		return -EINVAL;
	word = colon ? colon + 1 : word;
	if (scan_range(&word, end, UINT16_MAX, &first, &last) < 0 || word != end)
		return -EINVAL;
	range.first = (uint16_t)first;
	range.last = (uint16_t)last;
	if (colon)
		return service_set_add(set, &range);
	for (uint64_t port = first; port <= last; port++)
		port_set_add(&set->ports, (uint16_t)port);
	return 0;
}

int service_set_parse(
	struct service_set *set, const char *list, const char **ret_word, size_t *ret_length)
{
	for (const char *word = list;; word++) {
		const char *end = word + strcspn(word, ",");
		int r = read_word(set, word, end);

		if (r < 0) {
			*ret_word = word;
			*ret_length = (size_t)(end - word);
			return r;
		}
		word = end;
		if (!*word)
			return 0;
	}
}

static void add_range(struct string *out, const struct service_range *r)
{
	char endpoint[FORMAT_SIZE];

	string_add(out, out->length ? "," : "");
	if (r->address.family)
		string_add(out,
			format_endpoint(endpoint, r->address.family, r->address.bytes, r->first));
	else
		string_addf(out, "*:%u", (unsigned)r->first);
	if (r->last > r->first)
		string_addf(out, "-%u", (unsigned)r->last);
}

/* The longest set has every second port, 6 bytes each, and its ranges. */
#define TEXT_MAX ((size_t)65536 / 2 * 6 + (size_t)SERVICE_RANGES_MAX * (FORMAT_SIZE + 8) + 1)

char *service_set_format(const struct service_set *set)
{
	cleanup_(freep) char *ports = port_set_format(&set->ports);
	struct string out = string_up_to(TEXT_MAX);
	char *text;

	if (!ports)
		return NULL;
	string_add(&out, ports);
	for (size_t i = 0; i < set->ranges_count; i++)
		add_range(&out, &set->ranges[i]);
	return string_take(&out, &text, NULL) < 0 ? NULL : text;
}
