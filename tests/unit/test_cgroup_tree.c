/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "fake_tree.h"
#include "kernel/owners/cgroup_tree.h"
#include "unit.h"

#include <errno.h>

static char point[PATH_MAX], root[PATH_MAX];

struct mount_row {
	const char *text, *root, *point; /* root NULL: no mount is found */
};

static void test_cgroup_mount_next(void **state)
{
	static const struct mount_row rows[] = {
		{"26 25 0:23 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 "
		 "rw,nsdelegate\n",
			"/", "/sys/fs/cgroup"},
		/* no optional field, and several; no newline at the end */
		{"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw", "/",
			"/sys/fs/cgroup/unified"},
		{"41 31 0:38 / /c rw master:1 propagate_from:2 unbindable - cgroup2 x rw\n", "/",
			"/c"},
		{"41 31 0:38 /../.. /host/cg rw - cgroup2 cgroup rw\n", "/../..", "/host/cg"},
		{"41 31 0:38 /a\\040b /mnt/c\\011d\\012e\\134f rw - cgroup2 cgroup rw\n", "/a b",
			"/mnt/c\td\ne\\f"},
		/* that of version 1 is another */
		{"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		 "31 23 0:28 / /x rw - tmpfs tmpfs rw\n"
		 "41 31 0:38 / /y rw - cgroup2 cgroup2 rw\n",
			"/", "/y"},
		{"32 31 0:29 / /cgroup2 rw - ext4 cgroup2 rw\n", NULL, NULL},
		{"32 31 0:29 / /a rw - cgroup23 cgroup2 rw\n", NULL, NULL},
		{"32 31 0:29 / /a\\9 rw - cgroup2 cgroup2 rw\n", NULL, NULL},
		{"32 31 0:29 / /a rw\n- cgroup2 cgroup2 rw\n", NULL, NULL},
		{"32 31 0:29 /", NULL, NULL},
		{"32 31 0:29 / /a rw -", NULL, NULL},
		{"\n\n \n- - - - -\n", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup_mount mount = {point, root};
		const char *at = rows[i].text, *end = at + strlen(at);

		assert_int_equal(cgroup_mount_next(&at, end, &mount), rows[i].root != NULL);
		assert_ptr_equal(at, end);
		if (rows[i].root) {
			assert_string_equal(mount.root, rows[i].root);
			assert_string_equal(mount.point, rows[i].point);
			assert_false(cgroup_mount_next(&at, end, &mount));
		}
	}
}

static void test_cgroup_mount_next_each(void **state)
{
	static const char text[] = "1 2 0:3 / /a rw - cgroup2 x rw\n"
				   "1 2 0:3 / /b rw - cgroup x rw\n"
				   "1 2 0:3 /r /c rw - cgroup2 x rw\n";
	struct cgroup_mount mount = {point, root};
	const char *at = text, *end = text + strlen(text);

	(void)state;
	assert_true(cgroup_mount_next(&at, end, &mount));
	assert_string_equal(point, "/a");
	assert_true(cgroup_mount_next(&at, end, &mount));
	assert_string_equal(point, "/c");
	assert_string_equal(root, "/r");
	assert_false(cgroup_mount_next(&at, end, &mount));
}

static const struct cgroup_directory *find(const struct cgroup_directories *d, const char *path)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->list[i].path, path) == 0)
			return &d->list[i];
	return NULL;
}

static uint64_t id_of(const struct cgroup_directories *d, const char *path)
{
	const struct cgroup_directory *found = find(d, path);

	if (!found)
		fail_msg("%s was not found", path);
	return found ? found->id : 0;
}

static void test_cgroup_tree_walk(void **state)
{
	struct cgroup_directories d;
	struct cgroup_tree tree;
	struct fake_tree t;
	uint64_t a, b, c;

	(void)state;
	fake_tree_new(&t);
	a = fake_tree_mkdir(&t, "/system.slice");
	b = fake_tree_mkdir(&t, "/system.slice/a b\n.service");
	c = fake_tree_mkdir(&t, "/system.slice/a b\n.service/c");
	fake_tree_write(&t, "/cgroup.procs", "", 0);
	fake_tree_link(&t, "/loop", ".");
	fake_tree_link(&t, "/system.slice/elsewhere", "/");

	assert_int_equal(cgroup_tree_open(t.root, "/", &tree), 0);
	assert_false(tree.is_complete);
	assert_int_equal(cgroup_tree_walk(&tree, &d), 0);
	assert_true(d.is_complete);
	assert_int_equal(d.count, 4);
	assert_string_equal(d.list[0].path, "/");
	assert_int_equal(id_of(&d, "/system.slice"), a);
	assert_int_equal(id_of(&d, "/system.slice/a b\n.service"), b);
	assert_int_equal(id_of(&d, "/system.slice/a b\n.service/c"), c);
	for (size_t i = 0; i < d.count; i++)
		assert_int_equal(cgroup_tree_check(&tree, d.list[i].path, d.list[i].id), 0);
	cgroup_directories_release(&d);

	assert_int_equal(cgroup_tree_check(&tree, "/system.slice", b), -ENOENT);
	fake_tree_remove(&t, "/system.slice/a b\n.service/c");
	assert_int_equal(cgroup_tree_check(&tree, "/system.slice/a b\n.service/c", c), -ENOENT);
	cgroup_tree_close(&tree);
	fake_tree_free(&t);
}

/* Paths are reported from the root of the hierarchy, and looked up from the mount. */
static void test_cgroup_tree_prefix(void **state)
{
	static const struct {
		const char *root, *top, *below;
	} rows[] = {
		{"/docker/0a", "/docker/0a", "/docker/0a/x"},
		{"/../..", "/", "/x"},
		{"/", "/", "/x"},
	};
	struct cgroup_directories d;
	struct cgroup_tree tree;
	struct fake_tree t;
	uint64_t x;

	(void)state;
	fake_tree_new(&t);
	x = fake_tree_mkdir(&t, "/x");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(cgroup_tree_open(t.root, rows[i].root, &tree), 0);
		assert_int_equal(cgroup_tree_walk(&tree, &d), 0);
		assert_int_equal(d.count, 2);
		assert_string_equal(d.list[0].path, rows[i].top);
		assert_int_equal(id_of(&d, rows[i].below), x);
		assert_int_equal(cgroup_tree_check(&tree, rows[i].below, x), 0);
		assert_int_equal(cgroup_tree_check(&tree, rows[i].top, d.list[0].id), 0);
		cgroup_directories_release(&d);
		cgroup_tree_close(&tree);
	}
	fake_tree_free(&t);
}

static void test_cgroup_tree_walk_depth(void **state)
{
	struct cgroup_directories d;
	struct cgroup_tree tree;
	struct fake_tree t;
	char path[2 * CGROUP_DEPTH_MAX + 3] = "";

	(void)state;
	fake_tree_new(&t);
	for (size_t i = 0; i < CGROUP_DEPTH_MAX; i++)
		strcat(path, "/d");
	fake_tree_mkdir(&t, path);
	assert_int_equal(cgroup_tree_open(t.root, "/", &tree), 0);
	assert_int_equal(cgroup_tree_walk(&tree, &d), 0);
	assert_true(d.is_complete);
	assert_int_equal(d.count, CGROUP_DEPTH_MAX + 1);
	cgroup_directories_release(&d);

	strcat(path, "/d");
	fake_tree_mkdir(&t, path);
	assert_int_equal(cgroup_tree_walk(&tree, &d), 0);
	assert_false(d.is_complete);
	assert_int_equal(d.count, CGROUP_DEPTH_MAX + 1);
	cgroup_directories_release(&d);
	cgroup_tree_close(&tree);
	fake_tree_free(&t);
}

static void test_cgroup_tree_open_nothing(void **state)
{
	struct cgroup_tree tree = {.fd = -1};

	(void)state;
	assert_int_equal(cgroup_tree_open("/nonexistent", "/", &tree), -ENOENT);
	assert_int_equal(cgroup_tree_open("/dev/null", "/", &tree), -ENOTDIR);
	assert_int_equal(tree.fd, -1);
	/* Closing what was never opened is nothing. */
	cgroup_tree_close(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup_mount_next),
		cmocka_unit_test(test_cgroup_mount_next_each),
		cmocka_unit_test(test_cgroup_tree_walk),
		cmocka_unit_test(test_cgroup_tree_prefix),
		cmocka_unit_test(test_cgroup_tree_walk_depth),
		cmocka_unit_test(test_cgroup_tree_open_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
