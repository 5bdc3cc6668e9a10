/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "unit.h"

#include "model/sock_list.h"
#include "model/tally.h"

#include <stdlib.h>

#define OFFERED 5000

static struct sock_observation seen[OFFERED];

/* The order that the list promises. */
static int compare(const void *a, const void *b)
{
	const struct sock_observation *x = a, *y = b;
	/* With one more, an unknown age is the least. */
	const uint32_t m = x->age_ms + 1, n = y->age_ms + 1;

	if (m != n)
		return m > n ? -1 : 1;
	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes > y->memory_bytes ? -1 : 1;
	return x->record.cookie < y->record.cookie ? -1 : 1;
}

static void make_sockets(void)
{
	srandom(1);
	for (size_t i = 0; i < OFFERED; i++)
		seen[i] = (struct sock_observation){
			.age_ms = random() % 2 ? UNKNOWN_U32 : (uint32_t)(random() % 100),
			.memory_bytes = (uint64_t)random() % 10,
			.record.cookie = i + 1,
		};
}

static void test_sock_list_keeps_the_first_of_all(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 100, 2600, OFFERED - 1, OFFERED, OFFERED + 1};

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct sock_list l;

		make_sockets();
		assert_int_equal(sock_list_init(&l, sizes[k]), 0);
		for (size_t i = 0; i < OFFERED; i++)
			sock_list_offer(&l, &seen[i]);
		sock_list_sort(&l);
		qsort(seen, OFFERED, sizeof(seen[0]), compare);
		assert_int_equal(l.offered, OFFERED);
		assert_int_equal(l.count, sizes[k] < OFFERED ? sizes[k] : OFFERED);
		for (size_t i = 0; i < l.count; i++)
			assert_int_equal(l.list[i].record.cookie, seen[i].record.cookie);
		sock_list_release(&l);
	}
}

static void test_sock_list_starts_again(void **state)
{
	struct sock_list l;

	(void)state;
	make_sockets();
	assert_int_equal(sock_list_init(&l, 3), 0);
	sock_list_offer(&l, &seen[0]);
	sock_list_start(&l);
	sock_list_offer(&l, &seen[1]);
	sock_list_sort(&l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.offered, 1);
	assert_int_equal(l.list[0].record.cookie, 2);
	sock_list_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sock_list_keeps_the_first_of_all),
		cmocka_unit_test(test_sock_list_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
