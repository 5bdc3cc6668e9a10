/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints whose the sockets of this namespace are, for tests: a line for each row, and with
 * --processes for each process that holds some.
 *
 * usage: owners [--record FILE | --replay FILE] [--processes] [--each-line]
 *
 * With --each-line it looks again for each line of its standard input, and ends each answer with an
 * empty line. The words are escaped (basic/escape.h):
 *
 *     row SIDE PORT FATE PATH KIND NAME UNIT MIXED USER
 *     process PID USER LOCAL-PORT DESCRIPTORS COMM
 *     refused N unheld N walks N
 */
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/unknown.h"
#include "kernel/owners/cgroups.h"
#include "kernel/owners/processes.h"
#include "kernel/owners/users.h"
#include "kernel/sockets/source.h"
#include "model/owner.h"
#include "model/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#define SOCKETS_MAX 4096

/* Counts the walks: -Wl,--wrap=cgroup_tree_walk. */
int __real_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret);
int __wrap_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret);

static uint64_t walks;

int __wrap_cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret)
{
	walks++;
	return __real_cgroup_tree_walk(tree, ret);
}

struct poll {
	struct source *source;
	struct tally *tally;
	struct cgroups *cgroups;
	struct users *users;
	struct wanted_socket wanted[SOCKETS_MAX];
	size_t wanted_count;
	bool processes;
};

static void count(const struct sock_record *r, void *userdata)
{
	struct poll *l = userdata;

	tally_count(l->tally, r);
	if (r->inode && l->wanted_count < SOCKETS_MAX)
		l->wanted[l->wanted_count++] = (struct wanted_socket){r->inode, r->local_port};
}

static void print_words(const char *const *words, size_t count_words)
{
	for (size_t i = 0; i < count_words; i++) {
		char escaped[4 * OWNER_NAME_MAX];
		struct string s = STRING_IN(escaped);

		escape_add(&s, words[i]);
		printf(" %s", escaped);
	}
	putchar('\n');
}

static void print_row(struct poll *l, const struct port_tally *row)
{
	static const char *const fates[CGROUP_FATES] = {"found", "gone", "unseen"};
	struct cgroup cgroup = {CGROUP_UNSEEN, NULL};
	struct owner owner = {.kind = OWNER_PATH};
	char user[USER_NAME_MAX] = "";
	const struct creator *c = &row->creators.first;

	if (c->cgroup)
		cgroup = cgroups_find(l->cgroups, c->cgroup);
	if (cgroup.path)
		owner_from_path(cgroup.path, &owner);
	if (c->uids.reported)
		users_name(l->users, (uint32_t)c->uids.value, user);
	printf("row %s %u", side_name(row->service.side), row->service.port);
	print_words((const char *const[]){c->cgroup ? fates[cgroup.fate] : "untold",
			    cgroup.path ? cgroup.path : "", name_of(owner_kind_names, owner.kind),
			    owner.name, owner.unit, row->creators.others ? "mixed" : "same", user},
		7);
}

static int print_processes(struct poll *l)
{
	struct processes found;
	int r;

	processes_sort_wanted(l->wanted, l->wanted_count);
	r = processes_search(l->source, l->wanted, l->wanted_count, &found);
	if (r < 0)
		return r;
	for (size_t i = 0; i < found.count; i++) {
		const struct process *p = &found.list[i];
		char user[USER_NAME_MAX];

		users_name(l->users, p->uid, user);
		printf("process %" PRIu32 " %s %" PRIu64 " %" PRIu32, p->pid, user, p->tag,
			p->descriptors_count);
		print_words((const char *const[]){p->comm, p->cgroup}, 2);
	}
	printf("refused %" PRIu64 " unheld %" PRIu64 " ", found.refused, found.unheld);
	processes_release(&found);
	return 0;
}

static int poll(struct poll *l)
{
	const struct tally_context context = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.fin_timeout_ms = UNKNOWN_U32,
	};
	const struct scan_request request = {.states = STATE_SET_ALL};
	struct scan scan = {0};
	struct origin origin;
	int r;

	l->wanted_count = 0;
	r = l->source->ops->origin(l->source, &origin);
	if (r < 0)
		return r;
	tally_start(l->tally, &context);
	r = l->source->ops->scan(l->source, &request, count, l, &scan);
	if (r < 0)
		return r;
	tally_finish(l->tally, scan.complete);
	cgroups_start(l->cgroups);
	for (size_t i = 0; i < l->tally->rows_used; i++)
		print_row(l, &l->tally->rows[i]);
	if (l->processes)
		r = print_processes(l);
	if (r < 0)
		return r;
	printf("walks %" PRIu64 "\n", walks);
	r = cgroups_attach(l->cgroups, l->source);
	return r < 0 ? r : users_attach(l->users, l->source);
}

static int print_each_line(struct poll *l)
{
	char line[64];
	int r = 0;

	while (r == 0 && fgets(line, sizeof(line), stdin)) {
		r = poll(l);
		puts("");
		fflush(stdout);
	}
	return r;
}

static int open_source(const char *record, const char *replay, struct source **ret)
{
	cleanup_(source_freep) struct source *live = NULL;
	const char *error = "";
	int fd, r;

	if (replay)
		return source_replay_new(replay, ret, &error);
	r = source_live_new(TABLE_SOCK_DIAG, &live);
	if (r == 0 && record) {
		fd = open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		r = source_recorder_new(live, fd, ret);
	} else if (r == 0) {
		*ret = live;
	}
	if (r == 0)
		live = NULL;
	return r;
}

static int run(struct poll *l, const char *record, const char *replay, bool each_line)
{
	int r = open_source(record, replay, &l->source);

	if (r == 0)
		r = tally_new(&l->tally);
	if (r == 0)
		r = cgroups_new(l->source, &l->cgroups);
	if (r == 0)
		r = users_new(l->source, &l->users);
	if (r == 0)
		r = each_line ? print_each_line(l) : poll(l);
	if (r == 0 && record)
		r = source_recorder_finish(l->source);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"record", required_argument, NULL, 'r'},
		{"replay", required_argument, NULL, 'p'},
		{"processes", no_argument, NULL, 'P'},
		{"each-line", no_argument, NULL, 'e'},
		{0},
	};
	static struct poll l;
	const char *record = NULL, *replay = NULL;
	bool each_line = false;
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == '?')
			return 2;
		record = option == 'r' ? optarg : record;
		replay = option == 'p' ? optarg : replay;
		l.processes = l.processes || option == 'P';
		each_line = each_line || option == 'e';
	}
	r = run(&l, record, replay, each_line);
	if (r < 0)
		fprintf(stderr, "owners: %s\n", strerror(-r));
	users_freep(&l.users);
	cgroups_freep(&l.cgroups);
	tally_freep(&l.tally);
	source_freep(&l.source);
	return r < 0 || fflush(stdout) != 0;
}
