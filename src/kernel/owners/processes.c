/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/processes.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "basic/unknown.h"
#include "model/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define ATTACHMENT_NAME "processes"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000U

/* "PID/cgroup" has a line for each hierarchy; version 1 has a dozen. */
#define CGROUP_FILE_SIZE 16384

/* "PID/status" has the uids in its first lines. */
#define FILE_START_SIZE 1024

/* One pass over /proc. */
struct search {
	int proc;
	const struct wanted_socket *wanted;
	size_t wanted_count;
	bool *held; /* for each wanted socket */
	struct processes found;
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted_socket *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

void processes_sort_wanted(struct wanted_socket *wanted, size_t count)
{
	if (count)
		qsort(wanted, count, sizeof(*wanted), compare_wanted);
}

static bool is_gone(int error)
{
	return error == ENOENT || error == ESRCH;
}

static bool is_refused(int error)
{
	return error == EACCES || error == EPERM;
}

static bool number_of(const char *text, uint64_t max, uint32_t *ret)
{
	const char *end = text + strlen(text);
	uint64_t number;

	if (scan_decimal(&text, end, max, &number) < 0 || text != end)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* Reads the start of a file of a process and adds a NUL. Returns the number of bytes, or -errno. */
static ssize_t read_start(
	const struct search *s, uint32_t pid, const char *name, char *ret, size_t size)
{
	cleanup_(closep) int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%" PRIu32 "/%s", pid, name);
	fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ret[0] = '\0';
	if (fd < 0)
		return -errno;
	n = file_read_into(fd, ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
	return n;
}

/*
 * Whether a process that refused may have descriptors at all: a kernel thread and a zombie do not.
 * "PID/stat" is "PID (COMM) STATE PPID PGRP SESSION TTY TPGID FLAGS ...", and a comm may contain
 * anything.
 */
static bool may_have_descriptors(const struct search *s, uint32_t pid)
{
	char text[FILE_START_SIZE], state;
	ssize_t n = read_start(s, pid, "stat", text, sizeof(text));
	const char *behind = n < 0 ? NULL : strrchr(text, ')');
	unsigned flags;

	if (n < 0)
		return !is_gone((int)-n);
	if (!behind || sscanf(behind + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return true;
	return state != 'Z' && state != 'X' && !(flags & PF_KTHREAD);
}

static void read_comm(const struct search *s, struct process *p)
{
	ssize_t n = read_start(s, p->pid, "comm", p->comm, sizeof(p->comm));

	if (n > 0 && p->comm[n - 1] == '\n')
		p->comm[n - 1] = '\0';
}

/* Each argument ends in a NUL. A process may overwrite them with anything. */
static void read_command(const struct search *s, struct process *p)
{
	char text[PROCESS_COMMAND_MAX + 1];
	ssize_t n = read_start(s, p->pid, "cmdline", text, sizeof(text));
	size_t size = n < 0 ? 0 : (size_t)n;

	while (size && text[size - 1] == '\0')
		size--;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[size] = '\0';
	if (size >= sizeof(p->command))
		memcpy(text + sizeof(p->command) - 4, "...", 4);
	memcpy(p->command, text, sizeof(p->command));
}

/* "Uid:", the real one, the effective one. The name before it has its line breaks escaped. */
static void read_uid(const struct search *s, struct process *p)
{
	char text[FILE_START_SIZE];
	const char *line;
	unsigned uid;

	p->uid = UID_OVERFLOW;
	if (read_start(s, p->pid, "status", text, sizeof(text)) < 0)
		return;
	line = strstr(text, "\nUid:");
	if (line && sscanf(line, "\nUid: %*u %u", &uid) == 1)
		p->uid = uid;
}

/* The path in the line of a hierarchy: "0::/path", "1:name=systemd:/path". A name has no line
 * breaks (kernel/cgroup/cgroup.c: cgroup_mkdir). */
static bool find_cgroup(const char *text, const char *hierarchy, char ret[PROCESS_CGROUP_MAX])
{
	static const char deleted[] = " (deleted)";
	const char *at = text, *end = text + strlen(text), *line, *line_end;

	while (scan_line(&at, end, &line, &line_end)) {
		const char *name = memchr(line, ':', (size_t)(line_end - line));
		struct string path;

		if (!name || !scan_literal(&name, line_end, hierarchy))
			continue;
		if (line_end - name >= (ptrdiff_t)strlen(deleted) &&
			memcmp(line_end - strlen(deleted), deleted, strlen(deleted)) == 0)
			line_end -= strlen(deleted);
		path = string_in(ret, PROCESS_CGROUP_MAX);
		if (line_end > name)
			string_add_bytes(&path, name, (size_t)(line_end - name));
		return true;
	}
	return false;
}

/* That of version 2, or where that only has the root, of systemd in version 1. */
static void read_cgroup(const struct search *s, struct process *p)
{
	char text[CGROUP_FILE_SIZE], path[PROCESS_CGROUP_MAX];

	if (read_start(s, p->pid, "cgroup", text, sizeof(text)) < 0)
		return;
	(void)find_cgroup(text, "::", p->cgroup);
	if (strcmp(p->cgroup, "/") > 0)
		return;
	if (find_cgroup(text, ":name=systemd:", path))
		memcpy(p->cgroup, path, sizeof(path));
}

/* Makes room for one more. Returns 0, -ENOSPC when the list is full, or -ENOMEM. */
static int make_room(struct processes *p)
{
	return p->count < PROCESSES_MAX ? ARRAY_GROW(p->list, p->allocated, p->count + 1) : -ENOSPC;
}

/* Finds the row of a process and a tag, among those from first on, or adds it. */
static int row_of(struct search *s, size_t first, uint32_t pid, uint64_t tag, struct process **ret)
{
	struct processes *p = &s->found;
	int r;

	for (size_t i = first; i < p->count; i++) {
		if (p->list[i].tag == tag) {
			*ret = &p->list[i];
			return 0;
		}
	}
	r = make_room(p);
	if (r < 0)
		return r;
	*ret = &p->list[p->count++];
	**ret = (struct process){.pid = pid, .tag = tag};
	return 0;
}

static int record_descriptor(struct search *s, size_t first, uint32_t pid, uint32_t descriptor,
	const struct wanted_socket *wanted)
{
	struct process *p;
	int r;

	s->held[wanted - s->wanted] = true;
	r = row_of(s, first, pid, wanted->tag, &p);
	if (r == -ENOSPC) {
		s->found.omitted++;
		return 0;
	}
	if (r < 0)
		return r;
	if (p->descriptors_count < PROCESS_DESCRIPTORS_MAX)
		p->descriptors[p->descriptors_count] = descriptor;
	p->descriptors_count++;
	return 0;
}

/* The wanted socket that a link target such as "socket:[4711]" names; NULL: none. */
static const struct wanted_socket *wanted_by(const struct search *s, const char *target)
{
	const char *at = target, *end = target + strlen(target);
	struct wanted_socket key = {0};
	uint64_t inode;

	if (!scan_literal(&at, end, "socket:[") || scan_decimal(&at, end, UINT32_MAX, &inode) < 0 ||
		strcmp(at, "]") != 0)
		return NULL;
	key.inode = (uint32_t)inode;
	return bsearch(&key, s->wanted, s->wanted_count, sizeof(key), compare_wanted);
}

/* Reads the links of one process. Returns 0 or -errno. */
static int read_links(struct search *s, DIR *dir, uint32_t pid)
{
	const size_t first = s->found.count;
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = readdir(dir))) {
		const struct wanted_socket *wanted;
		uint32_t descriptor;
		char target[64];
		ssize_t n;

		if (!number_of(entry->d_name, INT32_MAX, &descriptor))
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n < 0) {
			r = is_gone(errno) ? 0 : -errno;
			continue;
		}
		target[n] = '\0';
		wanted = wanted_by(s, target);
		if (wanted)
			r = record_descriptor(s, first, pid, descriptor, wanted);
	}
	for (size_t i = first; i < s->found.count; i++) {
		read_comm(s, &s->found.list[i]);
		read_command(s, &s->found.list[i]);
		read_uid(s, &s->found.list[i]);
		read_cgroup(s, &s->found.list[i]);
	}
	return r;
}

static int inspect(struct search *s, uint32_t pid)
{
	cleanup_(closedirp) DIR *dir = NULL;
	cleanup_(closep) int fd = -1;
	char path[32];
	int r;

	snprintf(path, sizeof(path), "%" PRIu32 "/fd", pid);
	fd = openat(s->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir) {
		TAKE_FD(fd);
		r = read_links(s, dir, pid);
	} else {
		r = -errno;
	}
	if (is_refused(-r)) {
		s->found.refused += may_have_descriptors(s, pid);
		return 0;
	}
	return is_gone(-r) ? 0 : r;
}

static int inspect_all(struct search *s, DIR *dir)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = readdir(dir))) {
		uint32_t pid;

		if (number_of(entry->d_name, INT32_MAX, &pid))
			r = inspect(s, pid);
	}
	return r;
}

int processes_find(
	const char *proc, const struct wanted_socket *wanted, size_t count, struct processes *ret)
{
	cleanup_(closedirp) DIR *dir = opendir(proc);
	cleanup_(freep) bool *held = NULL;
	struct search s = {.wanted = wanted, .wanted_count = count};
	int r;

	if (!dir)
		return -errno;
	if (!count) {
		*ret = (struct processes){0};
		return 0;
	}
	held = calloc(count, sizeof(*held));
	if (!held)
		return -ENOMEM;
	s.held = held;
	s.proc = dirfd(dir);
	r = inspect_all(&s, dir);
	if (r < 0) {
		processes_release(&s.found);
		return r;
	}
	for (size_t i = 0; i < count; i++)
		s.found.unheld += !held[i];
	*ret = s.found;
	return 0;
}

void processes_release(struct processes *p)
{
	free(p->list);
	*p = (struct processes){0};
}

static void add_process(struct string *s, const struct process *p)
{
	size_t shown = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);

	string_addf(s, "%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu32, p->pid, p->uid, p->tag,
		p->descriptors_count);
	for (size_t i = 0; i < shown; i++)
		string_addf(s, "%c%" PRIu32, i ? ',' : ' ', p->descriptors[i]);
	string_add_char(s, ' ');
	escape_add(s, p->comm);
	string_add_char(s, ' ');
	escape_add(s, p->command);
	string_add_char(s, ' ');
	escape_add(s, p->cgroup);
	string_add_char(s, '\n');
}

void processes_format(const struct processes *p, struct string *ret)
{
	string_addf(
		ret, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", p->refused, p->unheld, p->omitted);
	for (size_t i = 0; i < p->count; i++)
		add_process(ret, &p->list[i]);
}

/* Reads a number and the text that must follow it. */
static bool take_u64(const char **at, const char *end, const char *behind, uint64_t *ret)
{
	return scan_decimal(at, end, UNKNOWN - 1, ret) == 0 && scan_literal(at, end, behind);
}

static bool take_u32(const char **at, const char *end, const char *behind, uint32_t *ret)
{
	uint64_t number;

	if (!take_u64(at, end, behind, &number) || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool take_process(const char **at, const char *end, struct process *p)
{
	size_t shown;

	if (!take_u32(at, end, " ", &p->pid) || !take_u32(at, end, " ", &p->uid) ||
		!take_u64(at, end, " ", &p->tag) ||
		!take_u32(at, end, " ", &p->descriptors_count) || !p->descriptors_count)
		return false;
	shown = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);
	for (size_t i = 0; i < shown; i++)
		if (!take_u32(at, end, i + 1 < shown ? "," : " ", &p->descriptors[i]))
			return false;
	return escape_take(at, end, p->comm, sizeof(p->comm)) && scan_literal(at, end, " ") &&
	       escape_take(at, end, p->command, sizeof(p->command)) && scan_literal(at, end, " ") &&
	       escape_take(at, end, p->cgroup, sizeof(p->cgroup)) && scan_literal(at, end, "\n");
}

static int take_processes(const char **at, const char *end, struct processes *p)
{
	while (*at < end) {
		struct process process = {0};
		int r;

		if (!take_process(at, end, &process))
			return -EBADMSG;
		r = make_room(p);
		if (r < 0)
			return r == -ENOSPC ? -EBADMSG : r;
		p->list[p->count++] = process;
	}
	return 0;
}

int processes_parse(const char *text, size_t size, struct processes *ret)
{
	const char *at = text, *end = text + size;
	struct processes p = {0};
	int r;

	if (!take_u64(&at, end, " ", &p.refused) || !take_u64(&at, end, " ", &p.unheld) ||
		!take_u64(&at, end, "\n", &p.omitted))
		return -EBADMSG;
	r = take_processes(&at, end, &p);
	if (r < 0)
		processes_release(&p);
	else
		*ret = p;
	return r;
}

static int processes_replay(struct source *source, struct processes *ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = source->ops->read_file(source, ATTACHMENT_NAME, &text, &size);

	if (r == -ENOENT)
		return -ENODATA;
	return r < 0 ? r : processes_parse(text, size, ret);
}

int processes_search(struct source *source, const struct wanted_socket *wanted, size_t count,
	struct processes *ret)
{
	struct string text = string_up_to(ATTACHMENT_MAX);
	int r;

	if (source->replayed)
		return processes_replay(source, ret);
	r = processes_find("/proc", wanted, count, ret);
	if (r < 0)
		return r;
	/* The recorder itself reports that a recording is incomplete. */
	processes_format(ret, &text);
	(void)source_attach(source, ATTACHMENT_NAME, &text);
	return 0;
}
