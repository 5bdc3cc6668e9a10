/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/pair.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "lab/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <poll.h>
#include <sched.h>
#include <string.h>

/* Indexes are asked for, because in a new namespace nobody else has them; lo is always the first
 * device. */
#define INDEX_LOOPBACK 1
#define INDEX_VETH     100
#define INDEX_PASSING  101

/* For what the kernel does within milliseconds, unless the machine is very busy. */
#define CARRIER_MS 10000

/*
 * Both ends of the veth have this address and ask for no other (IFF_NOARP): so no neighbour is ever
 * looked up, and a peer that is gone is silent instead of unreachable.
 */
static const uint8_t hardware_address[6] = {0x02, 0, 0, 0, 0, 0x01};

/*
 * Addresses are not put on a device but made local by a route: that takes effect at once, where an
 * IPv6 address on a device does some time later. One gateway towards the peers keeps the neighbour
 * entries few.
 */
struct route {
	bool there;
	int family;
	const char *to;
	uint8_t length;
	const char *via; /* NULL: swallowed */
};

static const struct route routes[] = {
	{false, AF_INET, "10.64.0.0", 10, "10.0.1.1"},
	{false, AF_INET6, "fd00:0:0:64::", 64, "fd00::1:1"},
	{true, AF_INET, "10.0.0.0", 24, "10.0.1.2"},
	{true, AF_INET6, "fd00::", 112, "fd00::1:2"},
	{true, AF_INET, "10.64.0.0", 10, NULL},
	{true, AF_INET6, "fd00:0:0:64::", 64, NULL},
};

struct in_addr pair_here4(unsigned number)
{
	return (struct in_addr){htonl(0x0a000001U + number)};
}

struct in_addr pair_peer4(unsigned number)
{
	return (struct in_addr){htonl(0x0a400001U + number)};
}

static struct in6_addr address6(const char *prefix, unsigned number)
{
	struct in6_addr a;
	uint32_t low = htonl(number + 1);

	inet_pton(AF_INET6, prefix, &a);
	memcpy(&a.s6_addr[12], &low, sizeof(low));
	return a;
}

struct in6_addr pair_here6(unsigned number)
{
	return address6("fd00::", number);
}

struct in6_addr pair_peer6(unsigned number)
{
	return address6("fd00:0:0:64::", number);
}

static size_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

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

static struct ifinfomsg *put_link(struct ifinfomsg *link, int index, unsigned flags)
{
	*link = (struct ifinfomsg){
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = flags,
		.ifi_change = flags,
	};
	return link;
}

static int link_up(struct mnl_socket *nl, int index)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_NEWLINK;
	put_link(mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)), index, IFF_UP);
	return rtnl_talk(nl, request);
}

static void put_veth_end(struct nlmsghdr *request, const char *name)
{
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put(request, IFLA_ADDRESS, sizeof(hardware_address), hardware_address);
}

/* Opens a socket that is told of every change of a device here. */
static int link_events_open(struct mnl_socket **ret)
{
	int group = RTNLGRP_LINK;
	struct mnl_socket *nl;
	int r = netlink_open(NETLINK_ROUTE, &nl);

	if (r < 0)
		return r;
	if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		r = -errno;
		mnl_socket_close(nl);
		return r;
	}
	*ret = nl;
	return 0;
}

static int on_operstate(const struct nlattr *attribute, void *userdata)
{
	bool *is_up = userdata;

	if (mnl_attr_get_type(attribute) == IFLA_OPERSTATE &&
		mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0)
		*is_up = mnl_attr_get_u8(attribute) == IF_OPER_UP;
	return MNL_CB_OK;
}

static int on_link_event(const struct nlmsghdr *message, void *userdata)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*link) || link->ifi_index != INDEX_VETH)
		return MNL_CB_OK;
	return mnl_attr_parse(message, sizeof(*link), on_operstate, userdata);
}

/*
 * Waits until the veth here can send. It came up before its peer, so without a carrier, and drops
 * whatever it is given until the kernel's link watch has seen the carrier and tells so
 * (net/core/link_watch.c: linkwatch_do_dev). That is a moment later, or a long one while another
 * namespace is taken down; a SYN-ACK that is lost to it costs a second, and every timer of that
 * connection is then reckoned from a round trip of a second.
 */
static int veth_await(struct mnl_socket *events)
{
	struct pollfd ready = {.fd = mnl_socket_get_fd(events), .events = POLLIN};
	char buffer[8192];
	bool is_up = false;

	while (!is_up) {
		ssize_t size;
		int r = poll(&ready, 1, CARRIER_MS);

		if (r <= 0)
			return r == 0 ? -ETIMEDOUT : -errno;
		size = mnl_socket_recvfrom(events, buffer, sizeof(buffer));
		if (size < 0 || mnl_cb_run(buffer, (size_t)size, 0, 0, on_link_event, &is_up) < 0)
			return -errno;
	}
	return 0;
}

/* Makes the veth, one end here and one there. Neither can be up before both exist. */
static int veth_new(const struct pair *p)
{
	struct mnl_socket *events = NULL;
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nlattr *info, *data, *peer;
	int r;

	request->nlmsg_type = RTM_NEWLINK;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	put_link(mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)), INDEX_VETH,
		IFF_NOARP);
	put_veth_end(request, "to-there");
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	put_link(mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)), INDEX_VETH,
		IFF_NOARP);
	put_veth_end(request, "to-here");
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)p->there);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	r = link_events_open(&events);
	if (r < 0)
		return r;
	r = rtnl_talk(p->rtnl[0], request);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(p->rtnl); i++)
		r = link_up(p->rtnl[i], INDEX_VETH);
	if (r >= 0)
		r = veth_await(events);
	mnl_socket_close(events);
	return r;
}

/*
 * A link that goes down would take its routes along, and the senders would be told. Under another
 * hardware address the host takes no packet for its own, and as it sends to the address that it has
 * itself (IFF_NOARP), nobody takes one from it.
 */
int pair_cable(const struct pair *p, bool here, bool plugged)
{
	static const uint8_t elsewhere[sizeof(hardware_address)] = {0x02, 0, 0, 0, 0, 0x02};
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_NEWLINK;
	put_link(mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)), INDEX_VETH, 0);
	mnl_attr_put(request, IFLA_ADDRESS, sizeof(hardware_address),
		plugged ? hardware_address : elsewhere);
	return rtnl_talk(p->rtnl[!here], request);
}

static int route_request(struct mnl_socket *nl, bool add, const struct rtmsg *message,
	const void *to, const void *via)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	size_t size = address_size(message->rtm_family);

	request->nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	if (add)
		request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	memcpy(mnl_nlmsg_put_extra_header(request, sizeof(*message)), message, sizeof(*message));
	mnl_attr_put(request, RTA_DST, size, to);
	if (via)
		mnl_attr_put(request, RTA_GATEWAY, size, via);
	if (message->rtm_type != RTN_BLACKHOLE)
		mnl_attr_put_u32(request, RTA_OIF, via ? INDEX_VETH : INDEX_LOOPBACK);
	return rtnl_talk(nl, request);
}

int pair_address(const struct pair *p, bool here, int family, const void *address, bool add)
{
	const struct rtmsg message = {
		.rtm_family = (uint8_t)family,
		.rtm_dst_len = (uint8_t)(8 * address_size(family)),
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};

	return route_request(p->rtnl[!here], add, &message, address, NULL);
}

static int routes_add(const struct pair *p)
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

		inet_pton(route->family, route->to, to);
		if (route->via)
			inet_pton(route->family, route->via, via);
		r = route_request(
			p->rtnl[route->there], true, &message, to, route->via ? via : NULL);
	}
	return r;
}

/* The address of here that servers have. */
static int hosts_add(const struct pair *p)
{
	const struct in_addr v4 = pair_here4(0);
	const struct in6_addr v6 = pair_here6(0);
	int r = pair_address(p, true, AF_INET, &v4, true);

	return r < 0 ? r : pair_address(p, true, AF_INET6, &v6, true);
}

int pair_quiesce(const struct pair *p)
{
	static const uint16_t types[] = {RTM_NEWLINK, RTM_DELLINK};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(types); i++) {
		char buffer[256];
		struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
		struct nlattr *info;

		request->nlmsg_type = types[i];
		request->nlmsg_flags = types[i] == RTM_NEWLINK ? NLM_F_CREATE | NLM_F_EXCL : 0;
		put_link(mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)),
			INDEX_PASSING, 0);
		info = mnl_attr_nest_start(request, IFLA_LINKINFO);
		mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
		mnl_attr_nest_end(request, info);
		r = rtnl_talk(p->rtnl[1], request);
	}
	return r;
}

static int write_file(const char *path, const char *text)
{
	cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, length) == (ssize_t)length ? 0 : -errno;
}

static int read_number(const char *path, uint64_t *ret)
{
	cleanup_(fclosep) FILE *f = fopen(path, "re");
	char text[32];

	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		return -EIO;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

int pair_sysctl_raise(const char *name, uint64_t value)
{
	char path[128], text[32];
	uint64_t old = 0;
	int r;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	r = read_number(path, &old);
	if (r < 0 || old >= value)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return write_file(path, text);
}

/* An ordinary user becomes root of a user namespace, which is enough to make network namespaces. */
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

/* Leaves for a new namespace. */
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
	return link_up(*ret_rtnl, INDEX_LOOPBACK);
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
	r = veth_new(ret);
	if (r < 0)
		return r;
	*ret_what = "cannot add a route";
	r = routes_add(ret);
	return r < 0 ? r : hosts_add(ret);
}

int pair_enter(const struct pair *p, bool here)
{
	return setns(here ? p->here : p->there, CLONE_NEWNET) < 0 ? -errno : 0;
}
