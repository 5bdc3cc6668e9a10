/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "fake_files.h"
#include "fake_tree.h"
#include "kernel/owners/processes.h"
#include "model/tally.h"
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#define NOBODY 65534

/* A process of a fake /proc. */
static void add_process(struct fake_tree *t, unsigned pid, const char *comm, const char *command,
	size_t command_size)
{
	char name[64], status[128];

	snprintf(name, sizeof(name), "/%u/fd", pid);
	fake_tree_mkdir(t, name);
	snprintf(name, sizeof(name), "/%u/comm", pid);
	fake_tree_write(t, name, comm, strlen(comm));
	snprintf(name, sizeof(name), "/%u/cmdline", pid);
	fake_tree_write(t, name, command, command_size);
	snprintf(name, sizeof(name), "/%u/status", pid);
	snprintf(status, sizeof(status),
		"Name:\tx\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t0\t%u\t0\t0\nGid:\t0\n",
		1000 + pid);
	fake_tree_write(t, name, status, strlen(status));
}

static void add_descriptor(struct fake_tree *t, unsigned pid, unsigned fd, const char *target)
{
	char name[64];

	snprintf(name, sizeof(name), "/%u/fd/%u", pid, fd);
	fake_tree_link(t, name, target);
}

/* The row of a process and a tag, which must be there. */
static const struct process *find(const struct processes *p, uint32_t pid, uint32_t tag)
{
	static const struct process none;

	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].pid == pid && p->list[i].tag == tag)
			return &p->list[i];
	fail_msg("no process %u with sockets of tag %u", pid, tag);
	return &none;
}

static bool has_descriptor(const struct process *p, uint32_t descriptor)
{
	for (size_t i = 0; i < MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX); i++)
		if (p->descriptors[i] == descriptor)
			return true;
	return false;
}

static void test_processes_find(void **state)
{
	struct wanted_socket wanted[] = {{4713, 2}, {4711, 1}, {4712, 1}, {4799, 1}};
	const struct process *p;
	struct processes found;
	struct fake_tree t;

	(void)state;
	fake_tree_new(&t);
	add_process(&t, 812, "gamesrv\n",
		"/usr/bin/gamesrv\0--port\0"
		"7777\0",
		29);
	add_descriptor(&t, 812, 0, "/dev/null");
	add_descriptor(&t, 812, 3, "socket:[4711]");
	add_descriptor(&t, 812, 5, "socket:[4712]");
	add_descriptor(&t, 812, 6, "socket:[4713]");
	add_descriptor(&t, 812, 7, "socket:[4714]");
	add_descriptor(&t, 812, 8, "pipe:[4711]");
	add_process(&t, 813, "child\n", "child\0", 6);
	add_descriptor(&t, 813, 3, "socket:[4711]");
	add_process(&t, 900, "bystander\n", "", 0);
	fake_tree_mkdir(&t, "/self");
	fake_tree_mkdir(&t, "/1000x");
	fake_tree_write(&t, "/uptime", "", 0);

	processes_sort_wanted(wanted, ARRAY_SIZE(wanted));
	assert_int_equal(processes_find(t.root, wanted, ARRAY_SIZE(wanted), &found), 0);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.refused, 0);
	assert_int_equal(found.unheld, 1);
	assert_int_equal(found.omitted, 0);
	p = find(&found, 812, 1);
	assert_int_equal(p->uid, 1812);
	assert_int_equal(p->descriptors_count, 2);
	assert_true(has_descriptor(p, 3) && has_descriptor(p, 5));
	assert_string_equal(p->comm, "gamesrv");
	assert_string_equal(p->command, "/usr/bin/gamesrv --port 7777");
	p = find(&found, 812, 2);
	assert_int_equal(p->descriptors_count, 1);
	assert_int_equal(p->descriptors[0], 6);
	assert_string_equal(p->comm, "gamesrv");
	p = find(&found, 813, 1);
	assert_string_equal(p->command, "child");
	processes_release(&found);
	fake_tree_free(&t);
}

static void test_processes_find_cgroups(void **state)
{
	static const struct {
		const char *file, *path;
	} rows[] = {
		{"0::/system.slice/a.service\n", "/system.slice/a.service"},
		{"0::/\n", "/"},
		{"0::/system.slice/a.service (deleted)\n", "/system.slice/a.service"},
		/* both versions at once */
		{"12:pids:/x\n1:name=systemd:/system.slice/b.service\n0::/system.slice/a.service\n",
			"/system.slice/a.service"},
		{"12:pids:/x\n1:name=systemd:/system.slice/b.service\n0::/\n",
			"/system.slice/b.service"},
		{"1:name=systemd:/system.slice/b.service\n", "/system.slice/b.service"},
		{"4:cpu,cpuacct:/x\n", ""},
		{"0::/a:b::c\n", "/a:b::c"},
		{"", ""},
		{"no colon\n", ""},
		{"0:", ""},
		{"0::", ""},
	};
	const struct wanted_socket wanted[] = {{4711, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct processes found;
		struct fake_tree t;

		fake_tree_new(&t);
		add_process(&t, 1, "x\n", "", 0);
		add_descriptor(&t, 1, 3, "socket:[4711]");
		fake_tree_write(&t, "/1/cgroup", rows[i].file, strlen(rows[i].file));
		assert_int_equal(processes_find(t.root, wanted, 1, &found), 0);
		assert_int_equal(found.count, 1);
		assert_string_equal(found.list[0].cgroup, rows[i].path);
		processes_release(&found);
		fake_tree_free(&t);
	}
}

static void test_processes_find_hostile(void **state)
{
	static const char *const targets[] = {"socket:[4711", "socket:[]", "socket:[4711]x",
		"socket:[-4711]", "socket:[99999999999]", "socket:[18446744073709556327]",
		"socket:[4711] (deleted)", "", "socket:[ 4711]",
		"socket:[00000000000000000000000000000000000000000000000000000000000000000004711]"};
	const struct wanted_socket wanted[] = {{4711, 1}};
	char command[4096];
	struct processes found;
	struct fake_tree t;

	(void)state;
	fake_tree_new(&t);
	memset(command, 'a', sizeof(command));
	add_process(&t, 1, "\033[2J\nUid:\t7 7\n) R 1\n", command, sizeof(command));
	for (unsigned i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i][0])
			add_descriptor(&t, 1, i, targets[i]);
	assert_int_equal(processes_find(t.root, wanted, 1, &found), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(found.unheld, 1);
	processes_release(&found);

	add_descriptor(&t, 1, 50, "socket:[4711]");
	assert_int_equal(processes_find(t.root, wanted, 1, &found), 0);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.list[0].comm, "\033[2J\nUid:\t7 7\n) R 1");
	assert_int_equal(strlen(found.list[0].command), PROCESS_COMMAND_MAX - 1);
	assert_string_equal(found.list[0].command + PROCESS_COMMAND_MAX - 5, "a...");
	processes_release(&found);

	/* A process that ended before its name was read. */
	fake_tree_remove(&t, "/1/comm");
	fake_tree_remove(&t, "/1/cmdline");
	fake_tree_remove(&t, "/1/status");
	assert_int_equal(processes_find(t.root, wanted, 1, &found), 0);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.list[0].comm, "");
	assert_string_equal(found.list[0].command, "");
	assert_int_equal(found.list[0].uid, UID_OVERFLOW);
	processes_release(&found);
	fake_tree_free(&t);
}

static void test_processes_find_bounds(void **state)
{
	struct wanted_socket wanted[PROCESSES_MAX + 10];
	const size_t count = ARRAY_SIZE(wanted);
	struct processes found;
	struct fake_tree t;

	(void)state;
	fake_tree_new(&t);
	add_process(&t, 1, "x\n", "", 0);
	for (unsigned i = 0; i < count; i++) {
		char target[32];

		wanted[i] = (struct wanted_socket){100 + i, 1};
		snprintf(target, sizeof(target), "socket:[%u]", 100 + i);
		add_descriptor(&t, 1, i, target);
	}
	assert_int_equal(processes_find(t.root, wanted, count, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].descriptors_count, count);
	processes_release(&found);

	/* A tag each: more rows than there may be. */
	for (unsigned i = 0; i < count; i++)
		wanted[i].tag = i;
	assert_int_equal(processes_find(t.root, wanted, count, &found), 0);
	assert_int_equal(found.count, PROCESSES_MAX);
	assert_int_equal(found.omitted, 10);
	assert_int_equal(found.unheld, 0);
	processes_release(&found);
	fake_tree_free(&t);
}

/* Root sees everything, so root inspects as nobody. */
static void become(uid_t uid)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(uid), 0);
}

static void test_processes_find_refused(void **state)
{
	static const struct {
		unsigned pid;
		const char *stat;
		bool counts;
	} rows[] = {
		{10, "10 (sshd) S 1 10 10 0 -1 4194560 0 0\n", true},
		{11, "11 (kthreadd) S 0 0 0 0 -1 2129984 0 0\n", false},
		{12, "12 (gone) Z 1 12 12 0 -1 4194560 0 0\n", false},
		{13, "13 () Z 1 1 1 0 -1 2129984) S 1 13 13 34816 13 4194560 0 0\n", true},
		{14, "what is this", true},
		{15, "", true},
	};
	const struct wanted_socket wanted[] = {{4711, 1}};
	struct processes found;
	struct fake_tree t;
	uint64_t expected = 0;

	(void)state;
	fake_tree_new(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[32];

		add_process(&t, rows[i].pid, "x\n", "", 0);
		snprintf(name, sizeof(name), "/%u/stat", rows[i].pid);
		fake_tree_write(&t, name, rows[i].stat, strlen(rows[i].stat));
		add_descriptor(&t, rows[i].pid, 3, "socket:[4711]");
		snprintf(name, sizeof(name), "/%u/fd", rows[i].pid);
		assert_int_equal(chmod(fake_tree_path(&t, name), 0), 0);
		expected += rows[i].counts;
	}
	become(NOBODY);
	assert_int_equal(processes_find(t.root, wanted, 1, &found), 0);
	become(0);
	assert_int_equal(found.count, 0);
	assert_int_equal(found.refused, expected);
	assert_int_equal(found.unheld, 1);
	processes_release(&found);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[32];

		snprintf(name, sizeof(name), "/%u/fd", rows[i].pid);
		assert_int_equal(chmod(fake_tree_path(&t, name), 0755), 0);
	}
	fake_tree_free(&t);
}

static void test_processes_find_nothing(void **state)
{
	const struct wanted_socket wanted[] = {{4711, 1}};
	struct processes found;

	(void)state;
	assert_int_equal(processes_find("/nonexistent", wanted, 1, &found), -ENOENT);
	assert_int_equal(processes_find("/proc", wanted, 0, &found), 0);
	assert_int_equal(found.count, 0);
	processes_release(&found);
}

static void assert_processes_equal(const struct processes *a, const struct processes *b)
{
	assert_int_equal(a->refused, b->refused);
	assert_int_equal(a->unheld, b->unheld);
	assert_int_equal(a->omitted, b->omitted);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct process *p = &a->list[i], *q = &b->list[i];

		assert_int_equal(p->pid, q->pid);
		assert_int_equal(p->uid, q->uid);
		assert_int_equal(p->tag, q->tag);
		assert_int_equal(p->descriptors_count, q->descriptors_count);
		assert_memory_equal(p->descriptors, q->descriptors, sizeof(p->descriptors));
		assert_string_equal(p->comm, q->comm);
		assert_string_equal(p->command, q->command);
		assert_string_equal(p->cgroup, q->cgroup);
	}
}

/* This process holds the wanted sockets; a recording of that replays the same. */
static void test_processes_poll_replays(void **state)
{
	struct fake_files live = FAKE_FILES, replayed = FAKE_FILES;
	struct processes found, again;
	struct wanted_socket wanted[2];
	char target[64] = "";
	int pair[2];

	(void)state;
	live.source.replayed = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < 2; i++) {
		char path[64];
		unsigned inode = 0;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", pair[i]);
		assert_true(readlink(path, target, sizeof(target) - 1) > 0);
		assert_int_equal(sscanf(target, "socket:[%u]", &inode), 1);
		wanted[i] = (struct wanted_socket){inode, 7};
	}
	processes_sort_wanted(wanted, 2);
	assert_int_equal(processes_search(&live.source, wanted, 2, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].pid, getpid());
	assert_int_equal(found.list[0].uid, geteuid());
	assert_true(has_descriptor(&found.list[0], (uint32_t)pair[0]));
	assert_true(has_descriptor(&found.list[0], (uint32_t)pair[1]));
	assert_non_null(strstr(found.list[0].command, "test_processes"));
	close(pair[0]);
	close(pair[1]);

	assert_int_equal(processes_search(&replayed.source, wanted, 2, &again), -ENODATA);
	fake_files_add_text(&replayed, "processes", live.attached);
	assert_int_equal(processes_search(&replayed.source, wanted, 2, &again), 0);
	assert_processes_equal(&found, &again);
	processes_release(&found);
	processes_release(&again);
	free(live.attached);
}

static void test_processes_format_round_trip(void **state)
{
	static struct process list[] = {
		{.pid = 1, .uid = 0, .tag = UINT32_MAX, .descriptors_count = 1, .descriptors = {9}},
		{.pid = 4000000,
			.uid = 65534,
			.tag = 3,
			.descriptors_count = 3,
			.descriptors = {1, 2, 3},
			.comm = "-",
			.command = "a b \033[2J\n\\"},
		{.pid = 2, .descriptors_count = 70000, .descriptors = {4, 5, 6}, .comm = "x"},
	};
	const struct processes p = {
		.list = list, .count = ARRAY_SIZE(list), .refused = 3, .unheld = 2, .omitted = 1};
	struct string s = string_up_to(65536);
	struct processes read;
	size_t length;
	char *text;

	(void)state;
	processes_format(&p, &s);
	assert_int_equal(string_take(&s, &text, &length), 0);
	assert_int_equal(processes_parse(text, length, &read), 0);
	assert_processes_equal(&p, &read);
	processes_release(&read);
	/* Cut anywhere but after a line it is refused. */
	for (size_t cut = 0; cut < length; cut++) {
		int r = processes_parse(text, cut, &read);

		assert_int_equal(r, cut && text[cut - 1] == '\n' ? 0 : -EBADMSG);
		if (r == 0)
			processes_release(&read);
	}
	free(text);
}

/* The longest text fits into one chunk of a recording. */
static void test_processes_format_fits(void **state)
{
	struct processes p = {.count = PROCESSES_MAX};
	struct string s = string_up_to(ATTACHMENT_MAX);

	(void)state;
	p.list = calloc(PROCESSES_MAX, sizeof(*p.list));
	assert_non_null(p.list);
	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		memset(&p.list[i], 0xff, sizeof(p.list[i]));
		p.list[i].comm[PROCESS_COMM_MAX - 1] = '\0';
		p.list[i].command[PROCESS_COMMAND_MAX - 1] = '\0';
		p.list[i].cgroup[PROCESS_CGROUP_MAX - 1] = '\0';
	}
	processes_format(&p, &s);
	assert_int_equal(s.error, 0);
	string_release(&s);
	free(p.list);
}

static void test_processes_parse_strict(void **state)
{
	static const char *const rows[] = {
		"",
		"0 0\n",
		"0 0 0",
		"0 0 0 0\n",
		"-1 0 0\n",
		"18446744073709551615 0 0\n",
		"0 0 0\n1 0 1 0 - - -\n",      /* holds nothing */
		"0 0 0\n1 0 1 2 3 x y /z\n",   /* a descriptor is missing */
		"0 0 0\n1 0 1 1 3,4 x y /z\n", /* one too many */
		"0 0 0\n1 0 1 1 3 x y\n",
		"0 0 0\n1 0 1 1 3 x y /z z\n",
		"0 0 0\n4294967296 0 1 1 3 x y /z\n",
	};
	struct processes p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(processes_parse(rows[i], strlen(rows[i]), &p), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes_find),
		cmocka_unit_test(test_processes_find_cgroups),
		cmocka_unit_test(test_processes_find_hostile),
		cmocka_unit_test(test_processes_find_bounds),
		cmocka_unit_test(test_processes_find_refused),
		cmocka_unit_test(test_processes_find_nothing),
		cmocka_unit_test(test_processes_poll_replays),
		cmocka_unit_test(test_processes_format_round_trip),
		cmocka_unit_test(test_processes_format_fits),
		cmocka_unit_test(test_processes_parse_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
