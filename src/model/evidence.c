/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/evidence.h"

#include "basic/hash.h"
#include "basic/macro.h"

#include <string.h>

/* From so many on, and that many times the other's, a count decides. */
static const struct {
	uint32_t at_least, times;
} needed[CERTAINTIES] = {
	[AT_ONCE] = {8, 4},
	[AT_END] = {3, 2},
};

/* By default, net.ipv4.ip_local_port_range has so many (net/ipv4/af_inet.c: inet_init_net). */
#define RANGE_DEFAULT (60999 - 32768 + 1)

void sharing_start(struct sharing *s, uint16_t port_first, uint16_t port_last)
{
	/* What was never written to need not become resident. */
	if (s->sockets)
		memset(s, 0, sizeof(*s));
	s->range = port_last ? port_last - port_first + 1.0 : RANGE_DEFAULT;
}

static uint64_t hash_remote(const struct sock_record *r, const struct sock_address *remote)
{
	uint64_t words[2], hash = r->remote_port;

	memcpy(words, remote->bytes, sizeof(words));
	return hash_add(hash_add(hash, words[0]), words[1]);
}

static void add_one(uint16_t *counter)
{
	if (*counter < UINT16_MAX)
		(*counter)++;
}

void sharing_count(
	struct sharing *s, const struct sock_record *r, const struct sock_address *remote)
{
	const uint64_t hash = hash_remote(r, remote);

	s->sockets++;
	add_one(&s->local_port[r->local_port]);
	s->remote_port[r->remote_port] |= UINT32_C(1) << (hash_u64(r->local_port) % 32);
	s->remote_port_sockets[r->remote_port]++;
	add_one(&s->remote[0][hash % SHARING_REMOTES]);
	add_one(&s->remote[1][(hash >> 32) % SHARING_REMOTES]);
}

/* How many different ones the bits stand for, by linear counting (Whang et al., 1990): the number n
 * for which 32 (1 - e^(-n/32)) bits are expected. */
static uint32_t different(uint32_t bits)
{
	static const uint8_t numbers[33] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 17, 18, 20,
		22, 24, 26, 29, 31, 34, 37, 40, 44, 49, 54, 59, 67, 76, 89, 111, 128};

	return numbers[__builtin_popcount(bits)];
}

/*
 * How many of a remote port's sockets one automatic local port gets by chance at the most, if they
 * are of a client with many destinations: connect() uses a port for one after the other. The number
 * of a port follows Poisson's law; what is expected of a hundredth of a port is not chance, nor is
 * three times the mean and three more, which one port in 10,000 exceeds.
 */
static uint32_t chance_of(const struct sharing *s, uint32_t sockets)
{
	const double mean = sockets / s->range;
	double ports = s->range * mean; /* expected to have most sockets or more */
	uint32_t most = 1;

	while (ports >= 0.01 && most <= 3 + 3 * mean)
		ports *= mean / ++most;
	return most - 1;
}

bool sock_is_to_itself(const struct sock_record *r)
{
	return memcmp(r->local_address, r->remote_address, sizeof(r->local_address)) == 0;
}

struct evidence evidence_of(const struct sharing *s, const struct sock_record *r,
	const struct sock_address *remote, enum sock_side guess)
{
	const uint64_t hash = hash_remote(r, remote);

	return (struct evidence){
		.peers = s->local_port[r->local_port],
		.remote = MAX(MIN(s->remote[0][hash % SHARING_REMOTES],
				      s->remote[1][(hash >> 32) % SHARING_REMOTES]),
			sock_is_to_itself(r) ? s->local_port[r->remote_port] : 0),
		.local_ports = different(s->remote_port[r->remote_port]),
		.by_chance = chance_of(s, s->remote_port_sockets[r->remote_port]),
		.guess = guess,
	};
}

bool evidence_outweighs(uint32_t one, uint32_t other, enum certainty certainty)
{
	return one >= needed[certainty].at_least && one >= needed[certainty].times * other;
}

/*
 * That a remote port is shared by many local ports makes it a client's, unless the local port has
 * more peers than that explains: then many peers use one port of their own choice, as some games
 * do. Before all of them were seen, both look the same.
 */
bool evidence_decides(const struct evidence *e, enum certainty certainty, enum sock_side *ret)
{
	const bool explained = e->peers <= e->by_chance + (e->guess == SIDE_CLIENT ? 2 : 0);
	const uint32_t local_ports = explained ? e->local_ports : 0;
	const uint32_t client = certainty == AT_ONCE ? e->remote : MAX(e->remote, local_ports);

	if (evidence_outweighs(e->peers, MAX(e->remote, local_ports), certainty))
		*ret = SIDE_SERVER;
	else if (evidence_outweighs(client, e->peers, certainty))
		*ret = SIDE_CLIENT;
	else
		return false;
	return true;
}

void sharing_note_guess(struct sharing *s, const struct sock_record *r, enum sock_side side)
{
	if (side == SIDE_SERVER)
		port_set_add(&s->guessed_server, r->remote_port);
	else
		port_set_add(&s->guessed_client, r->local_port);
}

bool sharing_refutes_a_guess(const struct sharing *s)
{
	const uint32_t by_chance = chance_of(s, s->sockets);

	for (unsigned port = 0; port < 65536; port++)
		if ((port_set_has(&s->guessed_client, (uint16_t)port) &&
			    s->local_port[port] >= needed[AT_END].at_least &&
			    s->local_port[port] > by_chance) ||
			(port_set_has(&s->guessed_server, (uint16_t)port) &&
				different(s->remote_port[port]) >= needed[AT_ONCE].at_least))
			return true;
	return false;
}
