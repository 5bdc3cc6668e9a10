/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local ports of clients: what takes one, and towards whom. */
#include "basic/macro.h"
#include "lab/scenario.h"

#include <errno.h>
#include <string.h>

#define OTHER_PORT 7778
#define PORTS      100
#define PORT_RANGE "40000 40099"

/* How many of the connections that are asked for come about; then there are no ports, which bind()
 * and connect() report in different ways, or all are there. */
static void expect_most(struct stage *s, const struct connect_options *o, struct connection *list,
	size_t count, size_t expected)
{
	const int no_port = o->port_choice == PORT_BY_BIND ? -EADDRINUSE : -EADDRNOTAVAIL;
	int error;
	const size_t made = stage_connect_most(s, o, list, count, &error);

	expect_number(s, "connections made", (long)made, (long)expected);
	expect_number(s, "the last call returns", error, expected < count ? no_port : 0);
}

static void play_own_ports(struct stage *s)
{
	enum { CONNECTIONS = 50, FIRST = 10000 };
	/* The service's port is in the range, those of the clients are below. */
	const struct connect_options o = {
		.port = 40000, .port_choice = PORT_OWN, .client_port = FIRST};
	struct connection list[CONNECTIONS];
	struct sock_record r = {0};
	struct connection c;

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "32768 60999");
	stage_connect_many(s, &o, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), SERVER);
	expect_count_of(s, CLIENT, STATE_CLOSE_WAIT, &o, CONNECTIONS);
	expect_number(s, "the first client's port is", list[0].client.local_port, FIRST);
	expect_state(s, &list[0].client, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_true(s, "the client's port is the lower one, and outside of the range",
		r.local_port < r.remote_port && r.local_port < 32768);
	stage_remark(s, "a port of its own is no port of the range: connect() still has all:");
	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "40000 40000");
	c = stage_connect(s, &(struct connect_options){.port = 40000});
	expect_number(s, "the client's port is", c.client.local_port, 40000);
}

static void play_bound(struct stage *s)
{
	const struct connect_options here = {.port_choice = PORT_BY_BIND},
				     elsewhere = {.port = OTHER_PORT, .port_choice = PORT_BY_BIND},
				     by_connect = {0},
				     other_address = {
					     .client_address = 1, .port_choice = PORT_BY_BIND};
	struct connection list[PORTS];

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", PORT_RANGE);
	expect_most(s, &here, list, PORTS / 2, PORTS / 2);
	stage_remark(s, "another destination has only what is left:");
	expect_most(s, &elsewhere, list, PORTS, PORTS / 2);
	stage_remark(s, "connect() without bind() too, from any address:");
	expect_most(s, &by_connect, list, 1, 0);
	expect_most(s, &(struct connect_options){.client_address = 1}, list, 1, 0);
	stage_remark(s, "bind() to another address of this machine has all of them again:");
	expect_most(s, &other_address, list, PORTS, PORTS);
}

static void play_by_connect(struct stage *s)
{
	const struct connect_options here = {0}, elsewhere = {.port = OTHER_PORT};
	struct connection list[PORTS];

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", PORT_RANGE);
	expect_most(s, &here, list, PORTS + 1, PORTS);
	stage_remark(s, "each destination has all ports for itself:");
	expect_most(s, &elsewhere, list, PORTS, PORTS);
	stage_remark(s, "so has each address of this machine:");
	expect_most(s, &(struct connect_options){.client_address = 1}, list, PORTS, PORTS);
}

static void play_mapped(struct stage *s)
{
	const struct connect_options ipv4 = {0}, mapped = {.mapped = true};
	struct connection list[PORTS];

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", PORT_RANGE);
	expect_most(s, &ipv4, list, PORTS / 2, PORTS / 2);
	stage_remark(s, "IPv6 sockets to the same address, as many runtimes make them:");
	expect_most(s, &mapped, list, PORTS, PORTS / 2);
	expect_count(s, CLIENT, STATE_ESTABLISHED, PORTS);
}

static void play_devices(struct stage *s)
{
	enum { EACH = 60, BOTH = 2 * EACH };
	const struct connect_options first = {.server_device = FIRST_CABLE,
					     .client_device = FIRST_CABLE},
				     second = {.server_device = SECOND_CABLE,
					     .client_device = SECOND_CABLE};
	struct connection list[PORTS];

	stage_second_cable(s);
	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", PORT_RANGE);
	expect_most(s, &first, list, EACH, EACH);
	stage_remark(s, "the same addresses over the other cable: all ports are free there:");
	expect_most(s, &second, list, EACH, EACH);
	expect_count_of(s, CLIENT, STATE_ESTABLISHED, &first, EACH);
	expect_count_of(s, CLIENT, STATE_ESTABLISHED, &second, EACH);
	expect_count(s, CLIENT, STATE_ESTABLISHED, BOTH);
}

static void play_link_local(struct stage *s)
{
	enum { EACH = 60 };
	const struct connect_options first = {.link_local = true, .client_device = FIRST_CABLE},
				     second = {.link_local = true, .client_device = SECOND_CABLE};
	struct connection list[PORTS], a, b;
	struct sock_record r = {0};

	stage_second_cable(s);
	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", PORT_RANGE);
	a = stage_connect(s, &first);
	b = stage_connect(s, &second);
	expect_state(s, &a.client, STATE_ESTABLISHED, SOON_MS, &r);
	expect_number(s, "its device is", r.device, stage_device_index(FIRST_CABLE));
	expect_state(s, &b.client, STATE_ESTABLISHED, SOON_MS, &r);
	expect_number(s, "its device is", r.device, stage_device_index(SECOND_CABLE));
	stage_remark(s, "fe80::1 over one cable is another machine than over the other:");
	expect_most(s, &first, list, EACH, EACH);
	expect_most(s, &second, list, EACH, EACH);
	expect_count_of(s, CLIENT, STATE_ESTABLISHED, &first, EACH + 1);
	expect_count_of(s, CLIENT, STATE_ESTABLISHED, &second, EACH + 1);
}

/* Leaves every port of the range in TIME_WAIT, for more than the second that reuse takes. */
static void use_up(struct stage *s, const struct connect_options *o)
{
	struct connection list[PORTS], last;

	stage_connect_many(s, o, list, ARRAY_SIZE(list) - 1);
	last = stage_connect(s, o);
	call_close_many(s, list, ARRAY_SIZE(list) - 1, CLIENT);
	call_close_many(s, list, ARRAY_SIZE(list) - 1, SERVER);
	call_close(s, &last.client, NULL);
	call_close(s, &last.server, NULL);
	expect_count_of(s, CLIENT, STATE_TIME_WAIT, o, PORTS);
	expect_stays(s, &last.client, STATE_TIME_WAIT, 1100);
}

static void play_time_wait_reuse(struct stage *s)
{
	const struct connect_options remote = {0},
				     loopback = {.port = OTHER_PORT, .loopback = true};
	struct connection list[PORTS];

	for (enum host host = SERVER; host <= CLIENT; host++) {
		stage_sysctl(s, host, "ipv4/ip_local_port_range", PORT_RANGE);
		stage_sysctl(s, host, "ipv4/tcp_tw_reuse", "0");
	}
	stage_remark(s, "all ports towards another machine are in TIME_WAIT:");
	use_up(s, &remote);
	stage_remark(s, "all ports towards 127.0.0.1 are in TIME_WAIT:");
	use_up(s, &loopback);

	stage_remark(s, "tcp_tw_reuse = 0: nothing is taken again:");
	expect_most(s, &remote, list, PORTS, 0);
	expect_most(s, &loopback, list, PORTS, 0);
	stage_remark(s, "tcp_tw_reuse = 2, the default: over loopback only:");
	stage_sysctl(s, SERVER, "ipv4/tcp_tw_reuse", "2");
	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "2");
	expect_most(s, &remote, list, PORTS, 0);
	expect_most(s, &loopback, list, PORTS, PORTS);
	stage_remark(s, "tcp_tw_reuse = 1: everywhere:");
	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "1");
	expect_most(s, &remote, list, PORTS, PORTS);
}

const struct scenario scenarios_ports[] = {
	{"client-own-ports", "A client that binds to ports of its own, outside of the range",
		play_own_ports,
		.lesson = "A proxy may choose its local ports itself, and a service may have a "
			  "port of the range: neither the range nor the lower port tells which "
			  "end is the client. That one remote port has many local ones does."},
	{"client-ports-by-connect", "connect() chooses: each destination has all ports for itself",
		play_by_connect,
		.lesson = "A local port is used up only for one destination and one own address: "
			  "with 100 ports 100 connections to each are possible. With more than "
			  "one address, or IP_BIND_ADDRESS_NO_PORT, bind() keeps it so."},
	{"client-ports-by-bind", "bind() to an address and port 0: a port serves one connection",
		play_bound,
		.lesson = "bind() cannot know the destination, so a port that it chose is taken "
			  "for all of them, and for connect() from every address. Set "
			  "IP_BIND_ADDRESS_NO_PORT before bind(), and connect() chooses."},
	{"client-ports-mapped", "IPv4 and mapped IPv6 sockets share the ports of a destination",
		play_mapped,
		.lesson = "A program with IPv6 sockets reaches an IPv4 address as "
			  "::ffff:192.0.2.1: the same packets, and the same local ports. Count "
			  "both together."},
	{"client-ports-two-devices", "Sockets that are bound to devices do not share local ports",
		play_devices,
		.lesson = "The same addresses behind two devices are two destinations for sockets "
			  "that are bound to a device, and each has all local ports. Counted "
			  "together they look exhausted when they are not."},
	{"link-local-zones", "fe80::1 on one link is another machine than on the other",
		play_link_local,
		.lesson = "A link-local address means something on its link only, and the kernel "
			  "binds the socket to that device. Without the device two machines look "
			  "like one."},
	{"client-ports-reuse", "How many connections succeed with tcp_tw_reuse 0, 1 and 2",
		play_time_wait_reuse,
		.lesson = "With all ports in TIME_WAIT, 0 allows no further connection, 1 as many "
			  "as there are ports, and 2, the default, as many over loopback and none "
			  "elsewhere. Each must have been in TIME_WAIT for a second, and needs "
			  "TCP timestamps."},
	{0},
};
