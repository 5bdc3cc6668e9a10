/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/file.h"
#include "kernel/sockets/proc_net_tcp.h"
#include "kernel/sockets/sock_diag.h"
#include "kernel/sockets/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* BTF is the largest file: 5 to 7 MB on distribution kernels. */
#define FILE_SIZE_MAX ((size_t)64 << 20)

struct source_live {
	struct source source;
	enum socket_table table;
	const struct scan_tap *tap;
};

static int live_scan(struct source *s, const struct scan_request *request, sock_record_fn fn,
	void *userdata, struct scan *ret)
{
	const struct source_live *live = (const struct source_live *)s;
	char refusal[sizeof(ret->error)] = "";
	int r;

	if (live->table != TABLE_PROC) {
		r = sock_diag_scan(request, live->tap, fn, userdata, ret);
		/* Tried at each scan: the module may be loaded by then. */
		if (r == 0 || live->table == TABLE_SOCK_DIAG || !sock_diag_is_unavailable(r) ||
			ret->sockets)
			return r;
		memcpy(refusal, ret->error, sizeof(refusal));
	}
	*ret = (struct scan){0};
	r = proc_net_tcp_scan(&proc_net_tcp_live, request, live->tap, fn, userdata, ret);
	memcpy(ret->note, refusal, sizeof(refusal));
	return r;
}

static int live_read_file(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	(void)s;
	/* Attachments have relative names, and only a recording has any. */
	return path[0] == '/' ? file_read(path, FILE_SIZE_MAX, ret, ret_size) : -ENOENT;
}

static void read_boot_id(struct origin *o)
{
	cleanup_(freep) char *text = NULL;
	size_t size;

	if (file_read("/proc/sys/kernel/random/boot_id", sizeof(o->boot_id), &text, &size) == 0)
		snprintf(o->boot_id, sizeof(o->boot_id), "%.*s", (int)strcspn(text, "\n"), text);
}

/* Finds the name that ip-netns(8) gave this namespace. Returns false when it has none. */
static bool find_netns_name(const struct stat *own, char *ret, size_t size)
{
	cleanup_(closedirp) DIR *dir = opendir("/run/netns");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && st.st_ino == own->st_ino &&
			st.st_dev == own->st_dev) {
			snprintf(ret, size, "%s", entry->d_name);
			return true;
		}
	}
	return false;
}

/* Only the initial namespace shows tcp_max_orphans (net/ipv4/tcp.c keeps it global); comparing with
 * PID 1 takes rights. */
static void read_netns(struct origin *o)
{
	struct stat own;

	if (access("/proc/sys/net/ipv4/tcp_max_orphans", F_OK) == 0)
		snprintf(o->netns, sizeof(o->netns), "host");
	else if (stat("/proc/self/ns/net", &own) < 0)
		snprintf(o->netns, sizeof(o->netns), "unknown");
	else if (!find_netns_name(&own, o->netns, sizeof(o->netns)))
		snprintf(o->netns, sizeof(o->netns), "net:[%ju]", (uintmax_t)own.st_ino);
}

static int live_origin(struct source *s, struct origin *ret)
{
	struct origin o = {.time = clock_realtime()};
	struct utsname uts;

	(void)s;
	if (uname(&uts) < 0)
		return -errno;
	snprintf(o.host, sizeof(o.host), "%s", uts.nodename);
	snprintf(o.kernel, sizeof(o.kernel), "%s", uts.release);
	read_boot_id(&o);
	read_netns(&o);
	*ret = o;
	return 0;
}

static void live_free(struct source *s)
{
	free(s);
}

static const struct source_ops live_ops = {
	.scan = live_scan,
	.read_file = live_read_file,
	.origin = live_origin,
	.free = live_free,
};

int source_live_new(enum socket_table table, struct source **ret)
{
	struct source_live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->source.ops = &live_ops;
	live->table = table;
	*ret = &live->source;
	return 0;
}

void source_live_set_tap(struct source *s, const struct scan_tap *tap)
{
	((struct source_live *)s)->tap = tap;
}
