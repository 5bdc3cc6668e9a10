/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "fake_files.h"
#include "fake_tree.h"
#include "kernel/owners/cgroups.h"
#include "unit.h"

#include <errno.h>

/* Counts the walks: -Wl,--wrap=cgroup_tree_walk. */
int __real_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret);
int __wrap_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret);

static unsigned walks;

int __wrap_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret)
{
	walks++;
	return __real_cgroup_tree_walk(tree, ret);
}

/* Cgroups on a fake tree, which is the complete hierarchy or a part of it. */
static struct cgroups *cgroups_on(struct fake_tree *t, bool is_complete)
{
	struct cgroup_tree tree;
	struct cgroups *c;

	walks = 0;
	assert_int_equal(cgroup_tree_open(t->root, "/", &tree), 0);
	tree.is_complete = is_complete;
	assert_int_equal(cgroups_new_on(&tree, &c), 0);
	assert_int_equal(tree.fd, -1);
	return c;
}

static void assert_cgroup(struct cgroups *c, uint64_t id, enum cgroup_fate fate, const char *path)
{
	struct cgroup found = cgroups_find(c, id);

	assert_int_equal(found.fate, fate);
	if (path) {
		assert_non_null(found.path);
		assert_string_equal(found.path, path);
	} else {
		assert_null(found.path);
	}
}

static void test_cgroups_find(void **state)
{
	struct fake_tree t;
	struct cgroups *c;
	uint64_t a, b;

	(void)state;
	fake_tree_new(&t);
	a = fake_tree_mkdir(&t, "/a.service");
	c = cgroups_on(&t, true);
	assert_cgroup(c, a, CGROUP_FOUND, "/a.service");
	assert_cgroup(c, a, CGROUP_FOUND, "/a.service");
	assert_int_equal(walks, 1);

	/* One that came since; another walk only in another poll. */
	b = fake_tree_mkdir(&t, "/b.service");
	cgroups_start(c);
	assert_cgroup(c, a, CGROUP_FOUND, "/a.service");
	assert_int_equal(walks, 1);
	assert_cgroup(c, b, CGROUP_FOUND, "/b.service");
	assert_int_equal(walks, 2);
	cgroups_free(c);
	fake_tree_free(&t);
}

static void test_cgroups_find_gone(void **state)
{
	struct fake_tree t;
	struct cgroups *c;
	struct cgroup held;
	char from[PATH_MAX];
	uint64_t a, b;

	(void)state;
	fake_tree_new(&t);
	a = fake_tree_mkdir(&t, "/a.service");
	/* Made now: other file systems give an inode number that became free to the next. */
	b = fake_tree_mkdir(&t, "/other");
	c = cgroups_on(&t, true);
	assert_cgroup(c, a, CGROUP_FOUND, "/a.service");

	/* Gone without a walk, with the path that it had. It is not looked for twice in a poll. */
	fake_tree_remove(&t, "/a.service");
	assert_cgroup(c, a, CGROUP_FOUND, "/a.service");
	cgroups_start(c);
	assert_cgroup(c, a, CGROUP_GONE, "/a.service");
	assert_int_equal(walks, 1);
	held = cgroups_find(c, a);

	/* A new cgroup of that name is another one, also after a walk; paths handed out stay valid.
	 */
	strcpy(from, fake_tree_path(&t, "/other"));
	assert_int_equal(rename(from, fake_tree_path(&t, "/a.service")), 0);
	assert_cgroup(c, UINT64_MAX, CGROUP_GONE, NULL);
	assert_int_equal(walks, 2);
	assert_cgroup(c, a, CGROUP_GONE, "/a.service");
	assert_string_equal(held.path, "/a.service");
	assert_cgroup(c, b, CGROUP_FOUND, "/a.service");
	cgroups_free(c);
	fake_tree_free(&t);
}

static void test_cgroups_find_unknown(void **state)
{
	struct fake_tree t;

	(void)state;
	fake_tree_new(&t);
	for (int is_complete = 0; is_complete < 2; is_complete++) {
		enum cgroup_fate fate = is_complete ? CGROUP_GONE : CGROUP_UNSEEN;
		struct cgroups *c = cgroups_on(&t, is_complete);

		assert_cgroup(c, UINT64_MAX, fate, NULL);
		assert_cgroup(c, 3, fate, NULL);
		assert_int_equal(walks, 1);
		/* It starts no other walk. */
		for (int poll = 0; poll < 10; poll++) {
			cgroups_start(c);
			assert_cgroup(c, UINT64_MAX, fate, NULL);
			assert_cgroup(c, 3, fate, NULL);
		}
		assert_int_equal(walks, 1);
		/* One that is new does, in each poll no more than one. */
		cgroups_start(c);
		for (uint64_t id = UINT64_MAX - 100; id < UINT64_MAX; id++)
			assert_cgroup(c, id, fate, NULL);
		assert_int_equal(walks, 2);
		cgroups_free(c);
	}
	fake_tree_free(&t);
}

/* Where the walk was cut short, what it did not find may be anywhere. */
static void test_cgroups_find_cut_short(void **state)
{
	char path[2 * CGROUP_DEPTH_MAX + 3] = "";
	struct fake_tree t;
	struct cgroups *c;
	uint64_t deep;

	(void)state;
	fake_tree_new(&t);
	for (size_t i = 0; i <= CGROUP_DEPTH_MAX; i++)
		strcat(path, "/d");
	deep = fake_tree_mkdir(&t, path);
	c = cgroups_on(&t, true);
	assert_cgroup(c, deep, CGROUP_UNSEEN, NULL);
	cgroups_free(c);
	fake_tree_free(&t);
}

/* Who asks only now and then still learns what it was. */
static void test_cgroups_remembers(void **state)
{
	struct fake_tree t;
	struct cgroups *c;
	uint64_t a, never_requested;

	(void)state;
	fake_tree_new(&t);
	a = fake_tree_mkdir(&t, "/a");
	never_requested = fake_tree_mkdir(&t, "/b");
	c = cgroups_on(&t, true);
	assert_cgroup(c, a, CGROUP_FOUND, "/a");
	fake_tree_remove(&t, "/a");
	fake_tree_remove(&t, "/b");
	for (uint64_t poll = 0; poll < 500; poll++) {
		cgroups_start(c);
		assert_cgroup(c, UINT64_MAX - poll, CGROUP_GONE, NULL);
	}
	assert_int_equal(walks, 501);
	assert_cgroup(c, a, CGROUP_GONE, "/a");
	assert_cgroup(c, never_requested, CGROUP_GONE, NULL);
	/* But not for ever. */
	for (uint64_t poll = 0; poll < 1001; poll++)
		cgroups_start(c);
	assert_cgroup(c, UINT64_MAX - 1000, CGROUP_GONE, NULL);
	assert_cgroup(c, a, CGROUP_GONE, NULL);
	cgroups_free(c);
	fake_tree_free(&t);
}

static struct cgroups *cgroups_from(struct fake_files *f)
{
	struct cgroups *c;

	walks = 0;
	assert_int_equal(cgroups_new(&f->source, &c), 0);
	return c;
}

/* A replay on another machine has the same answers. */
static void test_cgroups_attachment_replays(void **state)
{
	struct fake_files recorded = FAKE_FILES, replayed = FAKE_FILES;
	struct fake_tree t;
	struct cgroups *c;
	uint64_t a, b, gone;

	(void)state;
	fake_tree_new(&t);
	a = fake_tree_mkdir(&t, "/a b\n\\x2d.service");
	b = fake_tree_mkdir(&t, "/never asked");
	gone = fake_tree_mkdir(&t, "/gone");
	c = cgroups_on(&t, true);
	assert_cgroup(c, gone, CGROUP_FOUND, "/gone");
	fake_tree_remove(&t, "/gone");
	cgroups_start(c);
	assert_cgroup(c, a, CGROUP_FOUND, "/a b\n\\x2d.service");
	assert_cgroup(c, gone, CGROUP_GONE, "/gone");
	assert_cgroup(c, UINT64_MAX, CGROUP_GONE, NULL);
	assert_int_equal(cgroups_attach(c, &recorded.source), 0);
	cgroups_free(c);
	fake_tree_free(&t);

	fake_files_add_text(&replayed, "cgroups", recorded.attached);
	c = cgroups_from(&replayed);
	assert_cgroup(c, a, CGROUP_FOUND, "/a b\n\\x2d.service");
	assert_cgroup(c, gone, CGROUP_GONE, "/gone");
	assert_cgroup(c, UINT64_MAX, CGROUP_GONE, NULL);
	assert_cgroup(c, b, CGROUP_UNSEEN, NULL);
	assert_int_equal(walks, 0);
	assert_int_equal(cgroups_attach(c, &replayed.source), 0);
	assert_string_equal(replayed.attached, recorded.attached);
	cgroups_free(c);
	free(recorded.attached);
	free(replayed.attached);
}

/* A recording without it does not use this machine's cgroups. */
static void test_cgroups_replay_without_attachment(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct cgroups *c = cgroups_from(&f);

	(void)state;
	assert_cgroup(c, 1, CGROUP_UNSEEN, NULL);
	assert_int_equal(walks, 0);
	cgroups_free(c);
}

static void test_cgroups_parse_strict(void **state)
{
	static const char *const rows[] = {
		"found 1 /",   /* no newline */
		"found 1 -\n", /* found nowhere */
		"lost 1 /\n",  /* no such fate */
		"gone 2 /a\ngone 1 /b\n",
		"gone 1 /a\ngone 1 /a\n", /* not in order */
		"gone 18446744073709551616 /\n",
		"gone -1 /\n",
		"gone 1  /\n",
		"gone 1\n",
		"gone 1 /a /b\n",
		"gone 1 /\\\n",
		"\n",
		"gone 1 /a\n\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_files f = FAKE_FILES;
		struct cgroups *c = cgroups_from(&f);

		assert_int_equal(cgroups_parse(c, rows[i], strlen(rows[i])), -EBADMSG);
		cgroups_free(c);

		/* In a recording it is as if it were not there. */
		fake_files_add_text(&f, "cgroups", rows[i]);
		c = cgroups_from(&f);
		cgroups_free(c);
	}
}

static void test_cgroups_root_of_systemd(void **state)
{
	static const struct {
		const char *text, *root;
	} cases[] = {
		{"", ""},
		{"0::/\n", ""},
		{"0::/system.slice/a.service\n", ""},
		{"0::/init.scope\n", ""},
		{"0::/box/payload/system.slice/a.service\n", "/box/payload"},
		{"0::/box/payload/init.scope\n", "/box/payload"},
		{"1:name=systemd:/x/y.slice\n0::/box/user.slice/user-0.slice/a.scope\n", "/box"},
		{"0::/box/payload\n", ""}, /* no systemd is seen */
		{"1:name=systemd:/x/y.slice\n", ""},
	};
	char root[CGROUPS_ROOT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cgroups_root_of(cases[i].text, root);
		assert_string_equal(root, cases[i].root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups_root_of_systemd),
		cmocka_unit_test(test_cgroups_find),
		cmocka_unit_test(test_cgroups_find_gone),
		cmocka_unit_test(test_cgroups_find_unknown),
		cmocka_unit_test(test_cgroups_find_cut_short),
		cmocka_unit_test(test_cgroups_remembers),
		cmocka_unit_test(test_cgroups_attachment_replays),
		cmocka_unit_test(test_cgroups_replay_without_attachment),
		cmocka_unit_test(test_cgroups_parse_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
