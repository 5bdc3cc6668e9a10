/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/situation.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/kernel_release.h"
#include "basic/macro.h"
#include "lab/diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const kind_list[] = {
	[SITUATION_ANY] = "any",
	[SITUATION_HELD] = "held",
	[SITUATION_ORPHAN] = "orphan",
	[SITUATION_MINI] = "mini",
	[SITUATION_UNACCEPTED] = "unaccepted",
	[SITUATION_REQUEST] = "request",
};
const struct names situation_kind_names = NAMES(kind_list);

/* The most usual one of a state comes first. */
/* clang-format off */
static const struct situation situations[] = {
	{STATE_ESTABLISHED, SITUATION_HELD, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SEND}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}, {MINE, ACT_SEND}}},
	{STATE_ESTABLISHED, SITUATION_UNACCEPTED, HANDSHAKE_UNACCEPTED,
		{{PEER, ACT_SEND}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}}},
	{STATE_SYN_SENT, SITUATION_HELD, HANDSHAKE_SYN, {{MINE, ACT_AWAIT_STATE}}},
	{STATE_SYN_RECV, SITUATION_REQUEST, HANDSHAKE_HALF,
		{{MINE, ACT_AWAIT_STATE}, {PEER, ACT_SEVER}}},
	{STATE_FIN_WAIT_1, SITUATION_ORPHAN, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SEVER}, {MINE, ACT_SEND}, {MINE, ACT_CLOSE}}},
	{STATE_FIN_WAIT_1, SITUATION_HELD, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SEND}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}, {MINE, ACT_SEND}, {MINE, ACT_SHUTDOWN}}},
	{STATE_FIN_WAIT_2, SITUATION_MINI, HANDSHAKE_COMPLETE,
		{{MINE, ACT_LINGER2_SHORT}, {MINE, ACT_SHUTDOWN}, {PEER, ACT_ACK_FIN}, {MINE, ACT_AWAIT_ACK}, {MINE, ACT_CLOSE},
			{PEER, ACT_SEVER}}},
	{STATE_FIN_WAIT_2, SITUATION_ORPHAN, HANDSHAKE_COMPLETE,
		{{MINE, ACT_LINGER2_LONG}, {MINE, ACT_SHUTDOWN}, {PEER, ACT_ACK_FIN}, {MINE, ACT_AWAIT_ACK}, {MINE, ACT_CLOSE},
			{PEER, ACT_SEVER}}},
	{STATE_FIN_WAIT_2, SITUATION_HELD, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SEND}, {PEER, ACT_AWAIT_ACK}, {MINE, ACT_SHUTDOWN}, {PEER, ACT_ACK_FIN}, {MINE, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}}},
	{STATE_CLOSING, SITUATION_ORPHAN, HANDSHAKE_COMPLETE,
		{{PEER, ACT_DEAF}, {MINE, ACT_CLOSE}, {PEER, ACT_SHUTDOWN}, {MINE, ACT_AWAIT_STATE}, {PEER, ACT_SEVER}}},
	{STATE_TIME_WAIT, SITUATION_MINI, HANDSHAKE_COMPLETE,
		{{MINE, ACT_CLOSE}, {PEER, ACT_ACK_FIN}, {PEER, ACT_SHUTDOWN}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}}},
	{STATE_CLOSE_WAIT, SITUATION_HELD, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SEND}, {PEER, ACT_SHUTDOWN}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}, {MINE, ACT_READ_EOF},
			{MINE, ACT_SEND}}},
	{STATE_CLOSE_WAIT, SITUATION_UNACCEPTED, HANDSHAKE_UNACCEPTED,
		{{PEER, ACT_SEND}, {PEER, ACT_SHUTDOWN}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}}},
	{STATE_LAST_ACK, SITUATION_ORPHAN, HANDSHAKE_COMPLETE,
		{{PEER, ACT_SHUTDOWN}, {PEER, ACT_AWAIT_ACK}, {PEER, ACT_SEVER}, {MINE, ACT_SEND}, {MINE, ACT_CLOSE}}},
	{STATE_LISTEN, SITUATION_HELD, HANDSHAKE_NONE, {{MINE, ACT_END}}},
	{STATE_CLOSE, SITUATION_HELD, HANDSHAKE_COMPLETE, {{PEER, ACT_RESET}}},
	{STATE_BOUND_INACTIVE, SITUATION_HELD, HANDSHAKE_NONE, {{MINE, ACT_END}}},
};
/* clang-format on */

const struct situation *situation_at(size_t index)
{
	return index < ARRAY_SIZE(situations) ? &situations[index] : NULL;
}

const struct situation *situation_find(enum tcp_state state, enum situation_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
		if (situations[i].state == state &&
			(kind == SITUATION_ANY || situations[i].kind == kind))
			return &situations[i];
	return NULL;
}

bool situation_has_step(const struct situation *s, enum who who, enum act act)
{
	for (size_t i = 0; i < STEPS_MAX; i++)
		if (s->steps[i].act == act && s->steps[i].who == who)
			return true;
	return false;
}

/* The timer that sock_diag reports for a mini socket, and how long to wait for the kernel. */
#define TIMER_OF_MINI 3
#define AWAIT_US      UINT64_C(10000000)
#define AWAIT_STEP_MS 5

/* How long a mini socket lives (TCP_TIMEWAIT_LEN in the kernel's net/tcp.h; ACT_LINGER2_SHORT). */
#define MINI_US UINT64_C(60000000)

/* Whether it has the address that clients of the spec connect to, where that is one of this host's.
 */
static bool has_address(const struct spec *s, const struct inet_diag_msg *m)
{
	const bool is_ipv6 = s->family == FAMILY_6;
	union address own;

	if (s->client || s->loopback || (s->address == 0 && m->id.idiag_dport == 0))
		return true;
	own = address_of(true, is_ipv6 ? AF_INET6 : AF_INET, s->address ? s->address - 1 : 0, 0);
	if (s->family == FAMILY_DUAL)
		own = address_mapped(&own);
	return own.any.sa_family == AF_INET ? m->id.idiag_src[0] == own.in.sin_addr.s_addr
					    : memcmp(m->id.idiag_src, &own.in6.sin6_addr,
						      sizeof(own.in6.sin6_addr)) == 0;
}

static bool spec_has(const struct spec *s, const struct inet_diag_msg *m)
{
	const struct situation *want = s->situation;
	uint16_t port = ntohs(s->client ? m->id.idiag_dport : m->id.idiag_sport);
	uint16_t first = s->port, ports = 1;
	enum tcp_state state;

	if (want->handshake == HANDSHAKE_NONE)
		ports = (uint16_t)s->sockets;
	if (state_from_kernel(m->idiag_state, &state) < 0)
		return false;
	/* The kernel reports it as CLOSE, but it has no peer. */
	if (state == STATE_CLOSE && m->id.idiag_dport == 0)
		state = STATE_BOUND_INACTIVE;
	return state == want->state &&
	       (m->idiag_timer == TIMER_OF_MINI) == (want->kind == SITUATION_MINI) &&
	       (m->idiag_inode != 0) == (want->kind == SITUATION_HELD) &&
	       m->idiag_family == (s->family == FAMILY_4 ? AF_INET : AF_INET6) && port >= first &&
	       port - first < ports && (m->id.idiag_if == DEVICE_CABLE) == s->device &&
	       has_address(s, m);
}

/* Specs that sock_diag cannot distinguish are awaited together. */
static bool is_alike(const struct spec *a, const struct spec *b)
{
	return a->situation->state == b->situation->state &&
	       (a->situation->kind == SITUATION_MINI) == (b->situation->kind == SITUATION_MINI) &&
	       (a->situation->kind == SITUATION_HELD) == (b->situation->kind == SITUATION_HELD) &&
	       (a->family == FAMILY_4) == (b->family == FAMILY_4) && a->port == b->port &&
	       a->client == b->client && a->address == b->address && a->device == b->device;
}

struct counting {
	const struct spec *specs;
	size_t count;
	unsigned *sockets;
};

static void count_socket(const struct inet_diag_msg *m, void *userdata)
{
	struct counting *c = userdata;

	for (size_t i = 0; i < c->count; i++)
		if (spec_has(&c->specs[i], m))
			c->sockets[i]++;
}

static unsigned made_like(const struct spec *specs, size_t count, const struct spec *like)
{
	unsigned made = 0;

	for (size_t i = 0; i < count; i++)
		if (is_alike(&specs[i], like))
			made += specs[i].made;
	return made;
}

/* Whether the first of them may have expired. */
static bool may_have_expired(const struct spec *specs, size_t count, const struct spec *like)
{
	const uint64_t now = clock_us(CLOCK_MONOTONIC);

	for (size_t i = 0; i < count; i++)
		if (is_alike(&specs[i], like) && specs[i].made > 0 &&
			now - specs[i].began_us >= MINI_US)
			return like->situation->kind == SITUATION_MINI;
	return false;
}

/* sock_diag lists sockets without a connection since Linux 6.8 (TCPF_BOUND_INACTIVE). */
static bool is_listed(enum tcp_state state)
{
	struct utsname kernel;

	if (state != STATE_CLOSE && state != STATE_BOUND_INACTIVE)
		return true;
	return uname(&kernel) == 0 && kernel_release_is_at_least(kernel.release, 6, 8);
}

static bool is_there(const struct spec *specs, size_t count, const struct spec *s, unsigned seen)
{
	const unsigned made = made_like(specs, count, s);

	return !is_listed(s->situation->state) || seen == made ||
	       (seen < made && may_have_expired(specs, count, s));
}

/* Records how many have expired; those that were made first expire first. */
static void record_expired(struct spec *specs, size_t count, const unsigned *sockets)
{
	for (size_t i = 0; i < count; i++) {
		unsigned missing = made_like(specs, count, &specs[i]) - sockets[i];

		if (specs[i].situation->kind != SITUATION_MINI)
			continue;
		for (size_t j = 0; j < i; j++)
			if (is_alike(&specs[j], &specs[i]))
				missing -= specs[j].expired;
		specs[i].expired = MIN(missing, specs[i].made);
	}
}

int specs_await(struct spec *specs, size_t count, const struct spec **ret_spec, unsigned *ret_seen)
{
	unsigned sockets[SPECS_MAX];
	struct counting counting = {specs, count, sockets};
	const uint64_t since_us = clock_us(CLOCK_MONOTONIC);
	cleanup_(netlink_closep) struct mnl_socket *diag = NULL;
	int r = netlink_open(NETLINK_SOCK_DIAG, &diag);

	if (r < 0)
		return r;
	for (;;) {
		size_t i;

		memset(sockets, 0, sizeof(sockets));
		r = diag_dump(diag, UINT32_MAX, count_socket, &counting);
		for (i = 0; r >= 0 && i < count; i++)
			if (!is_there(specs, count, &specs[i], sockets[i]))
				break;
		if (r < 0)
			return r;
		if (i == count)
			break;
		if (clock_us(CLOCK_MONOTONIC) - since_us >= AWAIT_US) {
			*ret_spec = &specs[i];
			*ret_seen = sockets[i];
			return -ETIMEDOUT;
		}
		poll(NULL, 0, AWAIT_STEP_MS);
	}
	record_expired(specs, count, sockets);
	return 0;
}
