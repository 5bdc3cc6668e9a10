/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/devices.h"

#include "basic/array.h"
#include "basic/macro.h"

#include <errno.h>
#include <limits.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>

struct device {
	uint32_t index;
	char name[DEVICE_NAME_SIZE];
};

struct devices {
	struct source *source;
	struct nl_sock *netlink; /* NULL: not opened yet, or unavailable */
	struct device *list;
	size_t count, allocated;
};

int devices_new(struct source *source, struct devices **ret)
{
	struct devices *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->source = source;
	*ret = d;
	return 0;
}

struct devices *devices_free(struct devices *d)
{
	if (d) {
		nl_socket_free(d->netlink);
		free(d->list);
		free(d);
	}
	return NULL;
}

static int connect_route(struct devices *d)
{
	if (d->netlink)
		return 0;
	d->netlink = nl_socket_alloc();
	if (!d->netlink)
		return -ENOMEM;
	if (nl_connect(d->netlink, NETLINK_ROUTE) == 0)
		return 0;
	nl_socket_free(d->netlink);
	d->netlink = NULL;
	return -EIO;
}

static int ask_kernel(struct devices *d, uint32_t index, char ret[DEVICE_NAME_SIZE])
{
	struct rtnl_link *link = NULL;
	const char *name;

	if (index > INT_MAX || connect_route(d) < 0 ||
		rtnl_link_get_kernel(d->netlink, (int)index, NULL, &link) < 0)
		return -ENOENT;
	name = rtnl_link_get_name(link);
	if (name)
		snprintf(ret, DEVICE_NAME_SIZE, "%s", name);
	rtnl_link_put(link);
	return name ? 0 : -ENOENT;
}

/* A name is an attachment of its own, so that those of one recording may come one by one. */
static void find_name(struct devices *d, uint32_t index, char ret[DEVICE_NAME_SIZE])
{
	struct string text = string_up_to(DEVICE_NAME_SIZE);
	cleanup_(freep) char *recorded = NULL;
	char attachment[32];
	size_t size;

	snprintf(ret, DEVICE_NAME_SIZE, "%u", (unsigned)index);
	snprintf(attachment, sizeof(attachment), "device-%u", (unsigned)index);
	if (d->source->ops->read_file(d->source, attachment, &recorded, &size) == 0) {
		if (size && size < DEVICE_NAME_SIZE)
			snprintf(ret, DEVICE_NAME_SIZE, "%s", recorded);
		return;
	}
	/* The index is another device on this machine. */
	if (d->source->replayed)
		return;
	(void)ask_kernel(d, index, ret);
	string_add(&text, ret);
	/* The recorder itself reports a failure. */
	(void)source_attach(d->source, attachment, &text);
}

void devices_name(struct devices *d, uint32_t index, char ret[DEVICE_NAME_SIZE])
{
	struct device *device;

	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].index == index) {
			memcpy(ret, d->list[i].name, DEVICE_NAME_SIZE);
			return;
		}
	}
	find_name(d, index, ret);
	if (ARRAY_GROW(d->list, d->allocated, d->count + 1) < 0)
		return;
	device = &d->list[d->count++];
	device->index = index;
	memcpy(device->name, ret, DEVICE_NAME_SIZE);
}
