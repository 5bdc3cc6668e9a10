/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/pair.h"

#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "lab/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <poll.h>
#include <sched.h>
#include <string.h>

/* Of a device that lives for a moment; see enum pair_device. */
#define INDEX_PASSING 101

/* Routes of the second cable come after those of the first, which have no metric, or 1024. */
#define SECOND_METRIC 2048

/* The kernel takes milliseconds, unless the machine is very busy. */
#define CARRIER_MS 10000

/*
 * Both ends of the veth have this address and resolve no other (IFF_NOARP): a peer that is gone is
 * silent instead of unreachable.
 */
static const uint8_t hardware_address[6] = {0x02, 0, 0, 0, 0, 0x01};

/*
 * An address is made local by a route instead of being put on a device: that takes effect at once,
 * while an IPv6 address on a device does so some time later. One gateway towards the peers keeps
 * the neighbour entries few.
 */
struct route {
	bool there;
	int family;
	const char *to;
	uint8_t length;
	const char *via; /* NULL: dropped */
};

static const struct route routes[] = {
	{false, AF_INET, "10.64.0.0", 10, "10.0.1.1"},
	{false, AF_INET6, "fd00:0:0:64::", 64, "fd00::1:1"},
	{true, AF_INET, "10.0.0.0", 24, "10.0.1.2"},
	{true, AF_INET6, "fd00::", 112, "fd00::1:2"},
	{true, AF_INET, "10.64.0.0", 10, NULL},
	{true, AF_INET6, "fd00:0:0:64::", 64, NULL},
};

/* Sends one request and waits for its acknowledgement. */
static int rtnl_talk(struct mnl_socket *nl, struct nlmsghdr *request)
{
	char reply[8192];
	ssize_t size;

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = 1;
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		return -errno;
	size = mnl_socket_recvfrom(nl, reply, sizeof(reply));
	if (size < 0)
		return -errno;
	if (mnl_cb_run(reply, (size_t)size, 1, mnl_socket_get_portid(nl), NULL, NULL) < 0)
		return -errno;
	return 0;
}

static void put_link(struct nlmsghdr *request, int index, unsigned flags)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	*link = (struct ifinfomsg){
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = flags,
		.ifi_change = flags,
	};
}

/* Starts a request about a device, or that makes or deletes one. */
static struct nlmsghdr *link_request(
	char *buffer, uint16_t type, uint16_t nlmsg_flags, int index, unsigned flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = nlmsg_flags;
	put_link(request, index, flags);
	return request;
}

static int link_up(struct mnl_socket *nl, int index)
{
	char buffer[256];

	return rtnl_talk(nl, link_request(buffer, RTM_NEWLINK, 0, index, IFF_UP));
}

static void put_veth_end(struct nlmsghdr *request, const char *name)
{
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put(request, IFLA_ADDRESS, sizeof(hardware_address), hardware_address);
}

const char *pair_device_name(bool here, enum pair_device device)
{
	switch (device) {
	case DEVICE_ANY:
		break;
	case DEVICE_LOOPBACK:
		return "lo";
	case DEVICE_CABLE:
		return here ? "to-there" : "to-here";
	case DEVICE_SECOND_CABLE:
		return here ? "to-there-2" : "to-here-2";
	}
	return NULL;
}

/* Opens a socket that receives every change of a device here. */
static int link_events_open(struct mnl_socket **ret)
{
	int group = RTNLGRP_LINK;
	int r = netlink_open(NETLINK_ROUTE, ret);

	if (r < 0)
		return r;
	r = mnl_socket_setsockopt(*ret, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
	return r < 0 ? -errno : 0;
}

struct awaited {
	enum pair_device device;
	bool is_up;
};

static int on_operstate(const struct nlattr *attribute, void *userdata)
{
	struct awaited *awaited = userdata;

	if (mnl_attr_get_type(attribute) == IFLA_OPERSTATE &&
		mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0)
		awaited->is_up = mnl_attr_get_u8(attribute) == IF_OPER_UP;
	return MNL_CB_OK;
}

static int on_link_event(const struct nlmsghdr *message, void *userdata)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct awaited *awaited = userdata;

	if (message->nlmsg_type != RTM_NEWLINK ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*link) ||
		link->ifi_index != (int)awaited->device)
		return MNL_CB_OK;
	return mnl_attr_parse(message, sizeof(*link), on_operstate, userdata);
}

/*
 * Waits until the veth here can send. It came up before its peer, so without a carrier, and drops
 * every packet until the kernel's link watch has seen the carrier and reports it
 * (net/core/link_watch.c: linkwatch_do_dev). That takes a moment, or longer while another namespace
 * is being removed; a SYN-ACK that is lost meanwhile costs a second, and every timer of that
 * connection is then computed from a round trip of a second.
 */
static int veth_await(struct mnl_socket *events, enum pair_device device)
{
	struct pollfd ready = {.fd = mnl_socket_get_fd(events), .events = POLLIN};
	struct awaited awaited = {.device = device};
	char buffer[8192];

	while (!awaited.is_up) {
		ssize_t size;
		int r = poll(&ready, 1, CARRIER_MS);

		if (r <= 0)
			return r == 0 ? -ETIMEDOUT : -errno;
		size = mnl_socket_recvfrom(events, buffer, sizeof(buffer));
		if (size < 0 || mnl_cb_run(buffer, (size_t)size, 0, 0, on_link_event, &awaited) < 0)
			return -errno;
	}
	return 0;
}

/* Makes a veth, one end here and one there. Neither end can be up before both exist. */
static int veth_new(const struct pair *p, enum pair_device device)
{
	cleanup_(netlink_closep) struct mnl_socket *events = NULL;
	char buffer[1024];
	struct nlmsghdr *request = link_request(
		buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (int)device, IFF_NOARP);
	struct nlattr *info, *data, *peer;
	int r;

	put_veth_end(request, pair_device_name(true, device));
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	put_link(request, (int)device, IFF_NOARP);
	put_veth_end(request, pair_device_name(false, device));
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)p->there);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	r = link_events_open(&events);
	if (r < 0)
		return r;
	r = rtnl_talk(p->rtnl[0], request);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(p->rtnl); i++)
		r = link_up(p->rtnl[i], (int)device);
	return r < 0 ? r : veth_await(events, device);
}

/*
 * A link that goes down loses its routes, and senders get errors. With another hardware address the
 * host accepts no packet, and since it sends to its own hardware address (IFF_NOARP), the other
 * host accepts none from it.
 */
int pair_cable(const struct pair *p, bool here, bool plugged)
{
	static const uint8_t elsewhere[sizeof(hardware_address)] = {0x02, 0, 0, 0, 0, 0x02};
	char buffer[256];
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, DEVICE_CABLE, 0);

	mnl_attr_put(request, IFLA_ADDRESS, sizeof(hardware_address),
		plugged ? hardware_address : elsewhere);
	return rtnl_talk(p->rtnl[!here], request);
}

/* device: of a route via a gateway. */
static int route_request(struct mnl_socket *nl, bool add, const struct rtmsg *message,
	const void *to, const void *via, enum pair_device device)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	const size_t size =
		message->rtm_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	request->nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	if (add)
		request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	memcpy(mnl_nlmsg_put_extra_header(request, sizeof(*message)), message, sizeof(*message));
	mnl_attr_put(request, RTA_DST, size, to);
	if (via)
		mnl_attr_put(request, RTA_GATEWAY, size, via);
	if (message->rtm_type != RTN_BLACKHOLE)
		mnl_attr_put_u32(request, RTA_OIF, via ? device : DEVICE_LOOPBACK);
	if (device == DEVICE_SECOND_CABLE)
		mnl_attr_put_u32(request, RTA_PRIORITY, SECOND_METRIC);
	return rtnl_talk(nl, request);
}

int pair_address(const struct pair *p, bool here, const union address *address, bool add)
{
	const bool is_ipv4 = address->any.sa_family == AF_INET;
	const struct rtmsg message = {
		.rtm_family = (uint8_t)address->any.sa_family,
		.rtm_dst_len = is_ipv4 ? 32 : 128,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};

	return route_request(p->rtnl[!here], add, &message,
		is_ipv4 ? (const void *)&address->in.sin_addr : &address->in6.sin6_addr, NULL,
		DEVICE_LOOPBACK);
}

/* The routes of a cable; the first one's include what is dropped. */
static int routes_add(const struct pair *p, enum pair_device device)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(routes); i++) {
		const struct route *route = &routes[i];
		const struct rtmsg message = {
			.rtm_family = (uint8_t)route->family,
			.rtm_dst_len = route->length,
			.rtm_table = RT_TABLE_MAIN,
			.rtm_protocol = RTPROT_STATIC,
			.rtm_scope = RT_SCOPE_UNIVERSE,
			.rtm_type = route->via ? RTN_UNICAST : RTN_BLACKHOLE,
			.rtm_flags = route->via ? RTNH_F_ONLINK : 0,
		};
		uint8_t to[sizeof(struct in6_addr)], via[sizeof(struct in6_addr)];

		if (!route->via && device != DEVICE_CABLE)
			continue;
		inet_pton(route->family, route->to, to);
		if (route->via)
			inet_pton(route->family, route->via, via);
		r = route_request(
			p->rtnl[route->there], true, &message, to, route->via ? via : NULL, device);
	}
	return r;
}

/* Adds the address of servers here. */
static int hosts_add(const struct pair *p)
{
	const union address ipv4 = address_of(true, AF_INET, 0, 0);
	const union address ipv6 = address_of(true, AF_INET6, 0, 0);
	int r = pair_address(p, true, &ipv4, true);

	return r < 0 ? r : pair_address(p, true, &ipv6, true);
}

/* A packet that comes over the second cable has its route back over the first. */
static int accept_from_second_cable(const struct pair *p)
{
	int r = 0;

	for (int there = 1; r >= 0 && there >= 0; there--) {
		r = pair_enter(p, !there);
		if (r >= 0)
			r = sysctl_set("ipv4/conf/all/rp_filter", "0");
		if (r >= 0)
			r = sysctl_set(there ? "ipv4/conf/to-here-2/rp_filter"
					     : "ipv4/conf/to-there-2/rp_filter",
				"0");
	}
	return r;
}

int pair_second_cable(const struct pair *p)
{
	int r = veth_new(p, DEVICE_SECOND_CABLE);

	if (r >= 0)
		r = routes_add(p, DEVICE_SECOND_CABLE);
	return r < 0 ? r : accept_from_second_cable(p);
}

int pair_link_local(const struct pair *p, bool here, enum pair_device device, unsigned number)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *message;
	const union address address = address_link_local(number, 0, device);

	request->nlmsg_type = RTM_NEWADDR;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
	/* Both ends of a cable have one hardware address; nobody else can have ours. */
	*message = (struct ifaddrmsg){
		.ifa_family = AF_INET6,
		.ifa_prefixlen = 64,
		.ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT,
		.ifa_scope = RT_SCOPE_LINK,
		.ifa_index = device,
	};
	mnl_attr_put(request, IFA_LOCAL, sizeof(address.in6.sin6_addr), &address.in6.sin6_addr);
	return rtnl_talk(p->rtnl[!here], request);
}

int pair_quiesce(const struct pair *p)
{
	char buffer[256];
	struct nlmsghdr *request =
		link_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, INDEX_PASSING, 0);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	int r;

	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(request, info);
	r = rtnl_talk(p->rtnl[1], request);
	if (r < 0)
		return r;
	return rtnl_talk(p->rtnl[1], link_request(buffer, RTM_DELLINK, 0, INDEX_PASSING, 0));
}

static int write_file(const char *path, const char *text)
{
	cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file_write_all(fd, text, strlen(text));
}

int sysctl_set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return write_file(path, value);
}

int sysctl_raise(const char *name, uint64_t value)
{
	cleanup_(freep) char *old = NULL;
	char text[128];
	size_t size;
	int r;

	snprintf(text, sizeof(text), "/proc/sys/net/%s", name);
	r = file_read(text, 64, &old, &size);
	if (r < 0 || strtoull(old, NULL, 10) >= value)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return sysctl_set(name, text);
}

/* Makes an ordinary user root of a user namespace, which is enough to make network namespaces. */
static int become_root(void)
{
	char uid_map[64], gid_map[64];
	int r;

	snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	r = write_file("/proc/self/setgroups", "deny");
	if (r >= 0)
		r = write_file("/proc/self/uid_map", uid_map);
	if (r >= 0)
		r = write_file("/proc/self/gid_map", gid_map);
	return r;
}

/* Enters a new network namespace. */
static int host_new(int *ret_fd, struct mnl_socket **ret_rtnl)
{
	cleanup_(closep) int fd = -1;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = netlink_open(NETLINK_ROUTE, ret_rtnl);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return link_up(*ret_rtnl, DEVICE_LOOPBACK);
}

int pair_new(struct pair *ret, const char **ret_what)
{
	int r;

	*ret_what = "cannot make a network namespace";
	r = host_new(&ret->there, &ret->rtnl[1]);
	if (r == -EPERM) {
		*ret_what = "cannot make a user namespace";
		r = become_root();
		if (r < 0)
			return r;
		*ret_what = "cannot make a network namespace in a user namespace";
		r = host_new(&ret->there, &ret->rtnl[1]);
	}
	if (r >= 0)
		r = host_new(&ret->here, &ret->rtnl[0]);
	if (r < 0)
		return r;
	*ret_what = "cannot join the namespaces by a veth";
	r = veth_new(ret, DEVICE_CABLE);
	if (r < 0)
		return r;
	*ret_what = "cannot add a route";
	r = routes_add(ret, DEVICE_CABLE);
	return r < 0 ? r : hosts_add(ret);
}

int pair_enter(const struct pair *p, bool here)
{
	return setns(here ? p->here : p->there, CLONE_NEWNET) < 0 ? -errno : 0;
}
