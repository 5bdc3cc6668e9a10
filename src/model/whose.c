/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/whose.h"

#include "basic/macro.h"

/* How many sockets of a row are counted for a creator; t NULL: for the whole row. */
typedef uint64_t (*count_fn)(const struct creators *c, const struct port_tally *row,
	const struct creator_tally *t, const struct socket_group *group);

/* The creators of a row, as they are summed up owner by owner. */
struct sum {
	struct owner_share share; /* of the owner at hand */
	uint64_t most;            /* of one creator among them, whose user counts */
	uint64_t owners;
	struct whose whose;
};

static uint64_t by_symptom(const struct port_tally *row, const struct creator_tally *t,
	const struct socket_group *group)
{
	uint64_t n = 0;

	for (enum symptom s = 0; s < SYMPTOM_COUNT; s++)
		if (group->symptoms & SYMPTOM_BIT(s))
			n += t ? t->symptoms[s] : row->symptoms[s].sockets;
	return n;
}

static uint64_t in_state(const struct port_tally *row, const struct creator_tally *t,
	enum tcp_state state, ownership_set ownerships)
{
	const struct state_tally *st = &row->states[state];
	const uint32_t of_row[OWNERSHIP_COUNT] = {
		[OWNERSHIP_NONE] = st->mini + st->request,
		[OWNERSHIP_HELD] =
			st->sockets - st->mini - st->request - st->orphan - st->unaccepted,
		[OWNERSHIP_ORPHAN] = st->orphan,
		[OWNERSHIP_UNACCEPTED] = st->unaccepted,
	};
	uint64_t n = 0;

	for (enum sock_ownership o = 0; o < OWNERSHIP_COUNT; o++)
		if (ownerships & OWNERSHIP_BIT(o))
			n += t ? t->sockets[state][o] : of_row[o];
	return n;
}

static uint64_t count_group(const struct creators *c, const struct port_tally *row,
	const struct creator_tally *t, const struct socket_group *group)
{
	uint64_t n = 0;

	if (group->counted)
		return t ? group->counted[t - c->list] : group->total;
	if (group->symptoms)
		return by_symptom(row, t, group);
	STATE_FOREACH(s)
		if (state_set_has(group->states, s))
			n += in_state(row, t, s, group->ownerships);
	return n;
}

static uint64_t count_listeners(const struct creators *c, const struct port_tally *row,
	const struct creator_tally *t, const struct socket_group *group)
{
	uint64_t n = row->creators.first.listeners;

	(void)group;
	if (t)
		return t->creator.listeners;
	for (uint32_t i = row->creators.others; i; i = c->list[i - 1].next)
		n += c->list[i - 1].creator.listeners;
	return n;
}

static void end_owner(struct sum *s)
{
	struct whose *w = &s->whose;
	size_t i = w->shares_count;

	if (!s->share.sockets)
		return;
	s->owners++;
	if (w->shares_count < WHOSE_SHARES_MAX)
		w->shares_count++;
	else if (s->share.sockets <= w->shares[WHOSE_SHARES_MAX - 1].sockets)
		i = WHOSE_SHARES_MAX;
	else
		i = WHOSE_SHARES_MAX - 1;
	if (i < WHOSE_SHARES_MAX) {
		for (; i && w->shares[i - 1].sockets < s->share.sockets; i--)
			w->shares[i] = w->shares[i - 1];
		w->shares[i] = s->share;
	}
	s->share = (struct owner_share){0};
	s->most = 0;
}

static void add_creator(struct sum *s, const struct creator *c, uint64_t sockets)
{
	if (!sockets)
		return;
	if (s->share.sockets && s->share.owner != c->owner)
		end_owner(s);
	s->share.owner = c->owner;
	s->share.sockets += sockets;
	if (sockets > s->most) {
		s->most = sockets;
		s->share.user = c->user;
	}
}

static struct whose finish(struct sum *s, uint64_t total, bool uncounted)
{
	struct whose *w = &s->whose;
	uint64_t named = 0;

	end_owner(s);
	w->owner = w->shares[0].owner;
	w->user = w->shares[0].user;
	w->is_mixed = s->owners > 1 || uncounted;
	w->is_acceptor = w->owner && owner_is_acceptor(w->owner);
	if (s->owners <= 1 || uncounted)
		w->shares_count = 0;
	for (size_t i = 0; i < w->shares_count; i++)
		named += w->shares[i].sockets;
	if (w->shares_count) {
		w->others = s->owners - w->shares_count;
		w->others_sockets = total - MIN(total, named);
	}
	return *w;
}

/* none: how many have no creator; they are added to those of the service. */
static struct whose sum_up(const struct creators *c, const struct port_tally *row, count_fn count,
	const struct socket_group *group, uint64_t none, const struct owner *service)
{
	const struct creator *first = &row->creators.first;
	const uint64_t total = count(c, row, NULL, group);
	uint64_t of_first = total - MIN(total, none);
	struct sum s = {0};
	bool first_is_due = true;

	for (uint32_t i = row->creators.others; i; i = c->list[i - 1].next)
		of_first -= MIN(of_first, count(c, row, &c->list[i - 1], group));
	for (uint32_t i = row->creators.others; i; i = c->list[i - 1].next) {
		const struct creator_tally *t = &c->list[i - 1];
		const bool is_last =
			!t->next || c->list[t->next - 1].creator.owner != t->creator.owner;

		add_creator(&s, &t->creator, count(c, row, t, group));
		if (first_is_due && first->owner == t->creator.owner) {
			add_creator(&s, first, of_first);
			first_is_due = false;
		}
		if (is_last && none && service == t->creator.owner) {
			add_creator(&s, &t->creator, none);
			none = 0;
		}
		if (is_last)
			end_owner(&s);
	}
	if (first_is_due)
		add_creator(&s, first, of_first);
	add_creator(&s, first, none);
	return finish(&s, total, row->creators.uncounted);
}

static uint64_t without_creator(const struct port_tally *row, const struct socket_group *group)
{
	uint64_t n = 0;

	if (group->symptoms || group->counted ||
		!(group->ownerships & OWNERSHIP_BIT(OWNERSHIP_NONE)))
		return 0;
	STATE_FOREACH(s)
		if (state_set_has(group->states, s))
			n += row->states[s].mini + row->states[s].request;
	return n;
}

static struct whose of_one(const struct port_tally *row)
{
	const struct creator *c = &row->creators.first;

	return (struct whose){
		.owner = c->owner,
		.user = c->user,
		.is_mixed = row->creators.uncounted,
		.is_acceptor = c->owner && owner_is_acceptor(c->owner),
	};
}

struct whose whose_of(
	const struct creators *c, const struct port_tally *row, const struct socket_group *group)
{
	const uint64_t none = without_creator(row, group);
	const struct owner *service = NULL;

	if (!row->creators.others)
		return of_one(row);
	if (!count_group(c, row, NULL, group))
		return whose_of_service(c, row);
	if (none)
		service = whose_of_service(c, row).owner;
	return sum_up(c, row, count_group, group, none, service);
}

struct whose whose_has_room(const struct port_room *p)
{
	return (struct whose){.owner = p->owner, .user = p->user, .is_mixed = p->cgroup.mixed};
}

struct whose whose_of_service(const struct creators *c, const struct port_tally *row)
{
	const struct socket_group all = {
		.states = STATE_SET_ALL,
		.ownerships = OWNERSHIP_SET_ALL & (ownership_set)~OWNERSHIP_BIT(OWNERSHIP_NONE),
	};
	struct whose of_all, w;

	if (!row->creators.others)
		return of_one(row);
	of_all = sum_up(c, row, count_group, &all, 0, NULL);
	w = sum_up(c, row, count_listeners, &all, 0, NULL);
	if (!count_listeners(c, row, NULL, &all))
		return of_all;
	/* The numbers of listeners are not those of sockets. */
	w.shares_count = 0;
	w.others = w.others_sockets = 0;
	w.is_mixed = w.is_mixed || of_all.is_mixed || of_all.owner != w.owner;
	return w;
}
