/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slabs.h"
#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define SLAB_DIRECTORY "/sys/kernel/slab/"

/* Which caches, by the beginning of their name. kmalloc-* holds the vectors by which objects are
 * charged to cgroups, and before Linux 6.3 what a buffer without data has: its head. */
static const char *const prefixes[] = {
	"TCP",
	"tw_sock_TCP",
	"request_sock_TCP",
	"sock_inode_cache",
	"filp",
	"dentry",
	"lsm_",
	"skbuff_",
	"tcp_bind",
	"kmalloc-16 ",
	"kmalloc-32 ",
	"kmalloc-64 ",
	"kmalloc-96 ",
	"kmalloc-128 ",
	"kmalloc-192 ",
	"kmalloc-256 ",
	"kmalloc-512 ",
	"kmalloc-1k ",
};

/* Caches that the kernel may have merged with others; slabinfo then has them under another name. */
static const char *const merged[] = {"skbuff_fclone_cache", "tcp_bind_bucket", "tcp_bind2_bucket"};

/* Whether two names of /sys/kernel/slab are one cache. */
static bool is_alias(const char *name, const char *other)
{
	char path[2][256], target[2][256];

	for (int i = 0; i < 2; i++) {
		ssize_t length;

		snprintf(path[i], sizeof(path[i]), SLAB_DIRECTORY "%s", i ? other : name);
		length = readlink(path[i], target[i], sizeof(target[i]) - 1);
		if (length < 0)
			return false;
		target[i][length] = '\0';
	}
	return strcmp(target[0], target[1]) == 0;
}

static bool is_wanted(const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), "%s ", name);
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(word, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(merged); i++)
		if (is_alias(name, merged[i]))
			return true;
	return false;
}

static void shrink(const char *name)
{
	char path[256];
	cleanup_(closep) int fd = -1;

	snprintf(path, sizeof(path), SLAB_DIRECTORY "%s/shrink", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) < 0)
		return;
}

/* The inodes of file systems: whoever opens a file, or looks through /proc, makes them. */
static bool is_foreign_inode(const char *name)
{
	return strstr(name, "inode") && strcmp(name, "sock_inode_cache") != 0 &&
	       strcmp(name, "lsm_inode_cache") != 0;
}

/* Each of them has a name and a security blob, which belong to no socket. */
static void take_off_foreign(struct slabs *s, double inodes)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->cache[i].name, "dentry") == 0 ||
			strcmp(s->cache[i].name, "lsm_inode_cache") == 0)
			s->cache[i].objects -= inodes;
}

static int read_once(struct slabs *ret)
{
	cleanup_(fclosep) FILE *f = fopen("/proc/slabinfo", "re");
	const double page = (double)sysconf(_SC_PAGESIZE);
	double foreign = 0;
	char line[512];

	if (!f)
		return -errno;
	ret->count = 0;
	while (fgets(line, sizeof(line), f)) {
		struct slab_cache *c = &ret->cache[ret->count];
		unsigned per_slab, pages;

		if (sscanf(line, "%31s %lf %*u %*u %u %u", c->name, &c->objects, &per_slab,
			    &pages) != 4)
			continue;
		if (is_foreign_inode(c->name))
			foreign += c->objects;
		if (!is_wanted(c->name))
			continue;
		c->object_bytes = page * pages / per_slab;
		if (++ret->count == SLABS_MAX)
			return -E2BIG;
	}
	take_off_foreign(ret, foreign);
	return 0;
}

int slabs_read(struct slabs *ret)
{
	int r = read_once(ret);

	/* What was closed lately is freed when every CPU has passed a quiet point. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (size_t i = 0; r >= 0 && i < ret->count; i++)
		shrink(ret->cache[i].name);
	return r < 0 ? r : read_once(ret);
}

/* Sums the numbers after a word wherever a line has it. */
static int sum_of(const char *path, const char *const words[], double *ret)
{
	cleanup_(fclosep) FILE *f = fopen(path, "re");
	char line[256], word[64];
	double number;

	if (!f)
		return -errno;
	*ret = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %63s %lf", word, &number) != 2)
			continue;
		for (size_t i = 0; words[i]; i++)
			if (strcmp(word, words[i]) == 0)
				*ret += number;
	}
	return 0;
}

int pages_unnamed(double *ret)
{
	static const char *const managed_pages[] = {"managed", NULL};
	static const char *const free_pages[] = {"nr_free_pages", "count:", NULL};
	static const char *const named[] = {"nr_slab_reclaimable", "nr_slab_unreclaimable",
		"nr_anon_pages", "nr_file_pages", "nr_page_table_pages", "nr_sec_page_table_pages",
		NULL};
	static const char *const stacks[] = {"nr_kernel_stack", NULL};
	const double page = (double)sysconf(_SC_PAGESIZE);
	double managed = 0, free = 0, used = 0, stack = 0;
	cleanup_(closep) int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	int r;

	/* The counters are kept for each CPU and summed up when they have grown; this sums them up
	 * now. */
	if (fd >= 0 && write(fd, "1", 1) < 0)
		return -errno;
	r = sum_of("/proc/zoneinfo", managed_pages, &managed);
	if (r >= 0)
		r = sum_of("/proc/zoneinfo", free_pages, &free);
	if (r >= 0)
		r = sum_of("/proc/vmstat", named, &used);
	if (r >= 0)
		r = sum_of("/proc/vmstat", stacks, &stack);
	if (r >= 0)
		*ret = (managed - free - used) * page - stack * 1024;
	return r;
}
