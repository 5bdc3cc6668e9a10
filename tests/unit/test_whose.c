/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/whose.h"
#include "unit.h"

#include <sys/socket.h>

#define PORT 8080

static struct owner game, web, lobby, mud;

static int setup(void **state)
{
	struct tally *t;
	const struct tally_context context = {.filter = FILTER_ALL};

	owner_from_path("/system.slice/game.service", &game);
	owner_from_path("/system.slice/web.service", &web);
	owner_from_path("/system.slice/lobby.service", &lobby);
	owner_from_path("/system.slice/mud.socket", &mud);
	assert_int_equal(tally_new(&t), 0);
	tally_start(t, &context);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	tally_free(*state);
	return 0;
}

static void count(struct tally *t, enum tcp_state s, uint64_t cgroup, unsigned number)
{
	struct sock_record r = {
		.family = AF_INET,
		.state = (uint8_t)s,
		.kind = s == STATE_TIME_WAIT ? KIND_MINI : KIND_FULL,
		.ownership = s == STATE_TIME_WAIT ? OWNERSHIP_NONE : OWNERSHIP_HELD,
		.local_port = PORT,
		.cgroup_id = cgroup,
		.inode = s == STATE_TIME_WAIT ? 0 : 1,
		.uid = 33,
		.local_address = {127, 0, 0, 1},
		.remote_address = {127, 0, 0, 1},
	};

	for (unsigned i = 0; i < number; i++) {
		r.remote_port = (uint16_t)(s == STATE_LISTEN ? 0 : 40000 + i);
		tally_count(t, &r);
	}
}

/* As poll/owners.c does it: cgroup N is owners[N - 2]. */
static struct port_tally *name(struct tally *t)
{
	static const struct owner *const owners[] = {&game, &web, &lobby, &mud, &game};
	struct port_tally *row;

	tally_finish(t, true);
	assert_int_equal(t->rows_used, 1);
	row = &t->rows[0];
	if (row->creators.first.cgroup)
		row->creators.first.owner = owners[row->creators.first.cgroup - 2];
	for (size_t i = 0; i < t->creators.used; i++)
		if (t->creators.list[i].creator.cgroup - 2 < ARRAY_SIZE(owners))
			t->creators.list[i].creator.owner =
				owners[t->creators.list[i].creator.cgroup - 2];
	assert_int_equal(creators_sort(&t->creators, &row->creators), 0);
	return row;
}

static struct whose in_state(const struct tally *t, enum tcp_state s)
{
	const struct socket_group g = {.states = STATE_BIT(s), .ownerships = OWNERSHIP_SET_ALL};

	return whose_of(&t->creators, &t->rows[0], &g);
}

static void test_sockets_are_their_own_creators(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_LISTEN, 3, 1);
	count(t, STATE_ESTABLISHED, 3, 100);
	count(t, STATE_CLOSE_WAIT, 2, 30);
	name(t);
	w = in_state(t, STATE_CLOSE_WAIT);
	assert_ptr_equal(w.owner, &game);
	assert_false(w.is_mixed);
	assert_int_equal(w.shares_count, 0);
	assert_ptr_equal(in_state(t, STATE_ESTABLISHED).owner, &web);
	w = whose_of_service(&t->creators, &t->rows[0]);
	assert_ptr_equal(w.owner, &web);
	assert_true(w.is_mixed);
	assert_int_equal(w.shares_count, 0);
	/* Nobody's are the service's. */
	assert_ptr_equal(in_state(t, STATE_LAST_ACK).owner, &web);
}

static void test_several_owners_are_split(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_LISTEN, 3, 1);
	count(t, STATE_CLOSE_WAIT, 3, 88);
	count(t, STATE_CLOSE_WAIT, 2, 200);
	count(t, STATE_CLOSE_WAIT, 6, 12); /* of game.service again, in another cgroup */
	name(t);
	w = in_state(t, STATE_CLOSE_WAIT);
	assert_ptr_equal(w.owner, &game);
	assert_true(w.is_mixed);
	assert_int_equal(w.shares_count, 2);
	assert_ptr_equal(w.shares[0].owner, &game);
	assert_int_equal(w.shares[0].sockets, 212);
	assert_ptr_equal(w.shares[1].owner, &web);
	assert_int_equal(w.shares[1].sockets, 88);
	assert_int_equal(w.others, 0);
	assert_int_equal(w.others_sockets, 0);
}

/* Whichever of them was seen first. */
static void test_the_first_creator_may_be_in_the_middle(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_CLOSE_WAIT, 6, 10);
	count(t, STATE_CLOSE_WAIT, 3, 5);
	count(t, STATE_CLOSE_WAIT, 2, 7);
	count(t, STATE_CLOSE_WAIT, 4, 1);
	name(t);
	w = in_state(t, STATE_CLOSE_WAIT);
	assert_int_equal(w.shares_count, 3);
	assert_ptr_equal(w.shares[0].owner, &game);
	assert_int_equal(w.shares[0].sockets, 17);
	assert_ptr_equal(w.shares[1].owner, &web);
	assert_ptr_equal(w.shares[2].owner, &lobby);
	assert_ptr_equal(whose_of_service(&t->creators, &t->rows[0]).owner, &game);
}

static void test_the_rest_is_counted(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_CLOSE_WAIT, 5, 1);
	count(t, STATE_CLOSE_WAIT, 4, 2);
	count(t, STATE_CLOSE_WAIT, 3, 30);
	count(t, STATE_CLOSE_WAIT, 2, 20);
	count(t, STATE_CLOSE_WAIT, 1000, 4); /* unknown */
	name(t);
	w = in_state(t, STATE_CLOSE_WAIT);
	assert_int_equal(w.shares_count, WHOSE_SHARES_MAX);
	assert_ptr_equal(w.shares[0].owner, &web);
	assert_ptr_equal(w.shares[1].owner, &game);
	assert_null(w.shares[2].owner);
	assert_int_equal(w.shares[2].sockets, 4);
	assert_int_equal(w.others, 2);
	assert_int_equal(w.others_sockets, 3);
}

/* TIME_WAIT has no cgroup. */
static void test_mini_sockets_are_the_services(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_LISTEN, 3, 1);
	count(t, STATE_ESTABLISHED, 2, 50);
	count(t, STATE_TIME_WAIT, 0, 500);
	name(t);
	w = in_state(t, STATE_TIME_WAIT);
	assert_ptr_equal(w.owner, &web);
	assert_false(w.is_mixed);
	w = whose_of(&t->creators, &t->rows[0],
		&(struct socket_group){.states = STATE_SET_ALL, .ownerships = OWNERSHIP_SET_ALL});
	assert_int_equal(w.shares_count, 2);
	assert_int_equal(w.shares[0].sockets, 501);
	assert_int_equal(w.shares[1].sockets, 50);
}

static void test_by_symptom_and_by_age(void **state)
{
	struct tally *t = *state;
	uint32_t old[2] = {0, 0};
	struct whose w;

	count(t, STATE_CLOSE_WAIT, 3, 1000);
	count(t, STATE_CLOSE_WAIT, 2, 88);
	name(t);
	w = whose_of(&t->creators, &t->rows[0],
		&(struct socket_group){.symptoms = SYMPTOM_BIT(SYMPTOM_EOF_READ)});
	assert_int_equal(w.shares[0].sockets, 1000);
	assert_int_equal(w.shares[1].sockets, 88);
	/* Only the few are old. */
	old[0] = 88;
	w = whose_of(&t->creators, &t->rows[0],
		&(struct socket_group){.states = STATE_BIT(STATE_CLOSE_WAIT),
			.ownerships = OWNERSHIP_SET_ALL,
			.counted = old,
			.total = 88});
	assert_ptr_equal(w.owner, &game);
	assert_false(w.is_mixed);
}

static void test_who_accepts_for_others(void **state)
{
	struct tally *t = *state;

	count(t, STATE_LISTEN, 5, 1);
	count(t, STATE_CLOSE_WAIT, 5, 10);
	name(t);
	assert_true(in_state(t, STATE_CLOSE_WAIT).is_acceptor);
	assert_ptr_equal(in_state(t, STATE_CLOSE_WAIT).owner, &mud);
}

/* Beyond the bound it is known that there are others, not how many sockets they have. */
static void test_uncounted_creators_make_it_mixed(void **state)
{
	struct tally *t = *state;
	struct whose w;

	count(t, STATE_CLOSE_WAIT, 3, 10);
	count(t, STATE_CLOSE_WAIT, 2, 20);
	name(t)->creators.uncounted = true;
	w = in_state(t, STATE_CLOSE_WAIT);
	assert_true(w.is_mixed);
	assert_int_equal(w.shares_count, 0);
	assert_ptr_equal(w.owner, &game);
}

static void test_without_creators_nobody_is_known(void **state)
{
	struct tally *t = *state;

	count(t, STATE_TIME_WAIT, 0, 10);
	name(t);
	assert_null(in_state(t, STATE_TIME_WAIT).owner);
	assert_false(in_state(t, STATE_TIME_WAIT).is_mixed);
	assert_null(whose_of_service(NULL, &t->rows[0]).owner);
}

#define WHOSE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WHOSE_TEST(test_sockets_are_their_own_creators),
		WHOSE_TEST(test_several_owners_are_split),
		WHOSE_TEST(test_the_first_creator_may_be_in_the_middle),
		WHOSE_TEST(test_the_rest_is_counted),
		WHOSE_TEST(test_mini_sockets_are_the_services),
		WHOSE_TEST(test_by_symptom_and_by_age),
		WHOSE_TEST(test_who_accepts_for_others),
		WHOSE_TEST(test_uncounted_creators_make_it_mixed),
		WHOSE_TEST(test_without_creators_nobody_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
