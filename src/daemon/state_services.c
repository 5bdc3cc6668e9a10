/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_services.h"

#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEADER "tcpstated-services 1"

/* "client 65535 ADDRESS 4294967295" */
#define LINE_MAX_BYTES 80

/* Of the header's lines and "end". */
#define REST_MAX 512

#define FILE_SIZE_MAX ((size_t)ATTRIBUTION_KNOWN_MAX * LINE_MAX_BYTES + REST_MAX)

static void add_service(const struct service_key *known, void *userdata)
{
	const struct sock_address *a = &known->address;
	char address[INET6_ADDRSTRLEN] = "*";

	if (a->family)
		inet_ntop(a->family, a->bytes, address, sizeof(address));
	string_addf(userdata, "%s %u %s %" PRIu32 "\n", side_name((enum sock_side)known->side),
		(unsigned)known->port, address, known->device);
}

int state_services_save(
	int dir_fd, const struct state_identity *identity, const struct attribution *a)
{
	cleanup_(string_release) struct string s = string_up_to(FILE_SIZE_MAX);

	string_addf(&s, HEADER "\nboot_id %s\nnetns %s\n", identity->boot_id, identity->netns);
	attribution_foreach_known(a, add_service, &s);
	string_add(&s, "end\n");
	if (s.error)
		return s.error;
	return file_replace_at(
		dir_fd, STATE_SERVICES_NAME, STATE_SERVICES_NAME ".new", 0600, s.text, s.length);
}

struct reading {
	const char *next, *end; /* what is left */
	const char *line, *line_end;
	unsigned number; /* of the line */
};

static bool next_line(struct reading *r)
{
	r->number++;
	return scan_line(&r->next, r->end, &r->line, &r->line_end);
}

/* The rest of the line; false: it does not fit. */
static bool take_rest(const char *at, const char *end, char *ret, size_t size)
{
	const size_t length = (size_t)(end - at);

	if (length >= size || memchr(at, '\0', length))
		return false;
	memcpy(ret, at, length);
	ret[length] = '\0';
	return true;
}

/* "NAME VALUE" */
static bool take_header(struct reading *r, const char *name, char *ret, size_t size)
{
	return next_line(r) && scan_literal(&r->line, r->line_end, name) &&
	       scan_literal(&r->line, r->line_end, " ") &&
	       take_rest(r->line, r->line_end, ret, size);
}

static bool take_address(const char **at, const char *end, struct sock_address *ret)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	char text[INET6_ADDRSTRLEN];

	if (!blank || !take_rest(*at, blank, text, sizeof(text)))
		return false;
	*at = blank;
	if (strcmp(text, "*") == 0)
		return true;
	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ret->family, text, ret->bytes) == 1;
}

static bool take_service(const char *at, const char *end, struct service_key *ret)
{
	uint64_t port, device;

	*ret = (struct service_key){.side = SIDE_CLIENT};
	if (!scan_literal(&at, end, "client")) {
		ret->side = SIDE_SERVER;
		if (!scan_literal(&at, end, "server"))
			return false;
	}
	if (!scan_literal(&at, end, " ") || scan_decimal(&at, end, UINT16_MAX, &port) < 0 ||
		!scan_literal(&at, end, " ") || !take_address(&at, end, &ret->address) ||
		!scan_literal(&at, end, " ") || scan_decimal(&at, end, UINT32_MAX, &device) < 0)
		return false;
	ret->port = (uint16_t)port;
	ret->device = (uint32_t)device;
	/* A client is known by its destination. */
	return at == end && (ret->side == SIDE_SERVER || ret->address.family);
}

static int read_header(
	struct reading *r, const struct state_identity *identity, struct string *reason)
{
	char boot_id[40], netns[256]; /* as in struct origin */

	if (!next_line(r) || !scan_literal(&r->line, r->line_end, HEADER) || r->line != r->line_end)
		return string_fail(reason, -EPROTONOSUPPORT,
			"from another version of this program; starting afresh");
	if (!take_header(r, "boot_id", boot_id, sizeof(boot_id)) ||
		!take_header(r, "netns", netns, sizeof(netns)))
		return -EBADMSG;
	return state_identity_check(identity, boot_id, netns, reason);
}

int state_services_read(const char *text, size_t size, const struct state_identity *identity,
	struct attribution *a, struct string *reason)
{
	struct reading reading = {.next = text, .end = text + size};
	int r = read_header(&reading, identity, reason);

	while (r == 0) {
		const char *line = NULL;
		struct service_key known;

		if (next_line(&reading))
			line = reading.line;
		if (line && scan_literal(&line, reading.line_end, "end") &&
			line == reading.line_end)
			return 0;
		r = line && take_service(reading.line, reading.line_end, &known)
			    ? attribution_restore_known(a, &known)
			    : -EBADMSG;
	}
	if (r == -ENOMEM)
		string_addf(reason, "%s", strerror(ENOMEM));
	else if (!reason->length)
		string_addf(reason, "line %u is not valid; the rest is ignored", reading.number);
	return r;
}

int state_services_load(int dir_fd, const struct state_identity *identity, struct attribution *a,
	struct string *reason)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = state_directory_read(
		dir_fd, STATE_SERVICES_NAME, FILE_SIZE_MAX, &text, &size, reason);

	return r == 0 ? state_services_read(text, size, identity, a, reason) : r;
}
