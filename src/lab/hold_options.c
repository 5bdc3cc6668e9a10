/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/hold_options.h"

#include "basic/command_line.h"
#include "basic/macro.h"
#include "lab/maker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DEFAULT    7001
#define SOCKETS_MAX     4000000 /* about as many as there are peer addresses; see address_of() */
#define ADDRESS_MAX     250     /* as many as address_of() has of this host */
#define GROUP_MAX       64
#define CGROUP_NAME_MAX 64
#define BYTES_MAX       (1 << 30) /* more than tcp_rmem and tcp_wmem allow */

/* The words of a group, before it is known that they fit together. */
struct group {
	const char *state;
	const char *cgroup;
	uint64_t sockets, port, unread, unsent, backlog, address, group, client_port, ports;
	enum spec_family family;
	enum situation_kind kind;
	/* flags; int, since the table of options sets them */
	int server, client, loopback, read_eof, alive, device, listener_gone, help;
};

#define AT(field) offsetof(struct group, field)

static const struct option_row rows[] = {
	{NULL, "N", "how many sockets (default 1)", option_number, AT(sockets), .letter = 'n',
		.max = SOCKETS_MAX},
	{"port", "PORT",
		"the listener's port (default 7001); for LISTEN and BOUND_INACTIVE, the first",
		option_number, AT(port), .min = 1, .max = 65535, .what = "a port"},
	{"ports", "N", "as many on each of N ports, from --port on", option_number, AT(ports),
		.min = 1, .max = SPECS_MAX},
	{NULL, NULL, "over IPv6", option_value, AT(family), .value = FAMILY_6, .letter = '6',
		.choice = "family"},
	{"dual", NULL, "IPv6 sockets with IPv4 peers", option_value, AT(family),
		.value = FAMILY_DUAL, .choice = "family"},
	{"unread", "BYTES", "received and not read", option_number, AT(unread), .max = BYTES_MAX},
	{"unsent", "BYTES", "written and not acknowledged", option_number, AT(unsent),
		.max = BYTES_MAX},
	{"read-eof", NULL, "the program has read everything, the peer's FIN included", option_value,
		AT(read_eof), .value = true},
	{"held", NULL, "a process keeps them open", option_value, AT(kind), .value = SITUATION_HELD,
		.choice = "kind"},
	{"orphan", NULL, "closed, but still full sockets", option_value, AT(kind),
		.value = SITUATION_ORPHAN, .choice = "kind"},
	{"mini", NULL, "closed, and reduced to mini sockets", option_value, AT(kind),
		.value = SITUATION_MINI, .choice = "kind"},
	{"unaccepted", NULL, "in the accept queue", option_value, AT(kind),
		.value = SITUATION_UNACCEPTED, .choice = "kind"},
	{"server", NULL, "the side that listened (the default)", option_value, AT(server),
		.value = true, .choice = "side"},
	{"client", NULL, "the side that connected", option_value, AT(client), .value = true,
		.choice = "side"},
	{"loopback", NULL, "the peers were on this host too", option_value, AT(loopback),
		.value = true},
	{"alive", NULL, "the peers stay, acknowledge, and never read", option_value, AT(alive),
		.value = true},
	{"backlog", "N", "of the listener, for sockets that wait on it", option_number, AT(backlog),
		.max = 65535},
	{"group", "N", "N listeners with SO_REUSEPORT; one has the sockets", option_number,
		AT(group), .min = 1, .max = GROUP_MAX},
	{"address", "N", "the listener is bound to this host's address number N", option_number,
		AT(address), .min = 1, .max = ADDRESS_MAX},
	{"device", NULL, "bound to the device of the cable", option_value, AT(device),
		.value = true},
	{"listener-gone", NULL, "the listener is closed when they are made", option_value,
		AT(listener_gone), .value = true},
	{"client-ports", "PORT", "the clients' first local port (default 32768)", option_number,
		AT(client_port), .min = 1, .max = MAKER_PORT_FIRST_MAX, .what = "a first port"},
	{"cgroup", "NAME", "made by a program in a cgroup of this name", option_word, AT(cgroup),
		.letter = 0},
	{"help", NULL, "print this help and exit", option_value, AT(help), .value = true,
		.letter = 'h', .ends = true},
};

const struct option_table hold_option_table = {rows, ARRAY_SIZE(rows), "tcpstated-lab hold"};

static int refuse_state(const char *word, struct string *error)
{
	const char *separator = "; possible are ";

	if (word)
		string_addf(error, "'%s' is not a state that can be held", word);
	else
		string_add(error, "a state is missing");
	STATE_FOREACH(s) {
		if (!situation_find(s, SITUATION_ANY))
			continue;
		string_addf(error, "%s%s", separator, state_name(s));
		separator = ", ";
	}
	return -EINVAL;
}

static int refuse_kind(const struct group *g, enum tcp_state state, struct string *error)
{
	const char *separator = "";

	string_addf(error,
		"--%s: not possible with %s; possible: ", name_of(situation_kind_names, g->kind),
		state_name(state));
	for (enum situation_kind k = SITUATION_HELD; k < SITUATION_REQUEST; k++) {
		if (!situation_find(state, k))
			continue;
		string_addf(error, "%s--%s", separator, name_of(situation_kind_names, k));
		separator = ", ";
	}
	if (!*separator)
		string_add(error, "none");
	return -EINVAL;
}

/* The options that not every situation can have. */
enum rule {
	UNREAD,
	UNSENT,
	READ_EOF,
	SERVER,
	CLIENT,
	LOOPBACK,
	ALIVE,
	BACKLOG,
	GROUP,
	ADDRESS,
	LISTENER_GONE,
	CLIENT_PORTS,
	PORTS,
	RULES
};
static const char *const rule_options[RULES] = {"unread", "unsent", "read-eof", "server", "client",
	"loopback", "alive", "backlog", "group", "address", "listener-gone", "client-ports",
	"ports"};

/* An option that a situation cannot have is refused, so that the ready line is always true. */
static bool is_possible(enum rule rule, const struct situation *s)
{
	switch (rule) {
	case UNREAD:
		return situation_has_step(s, PEER, ACT_SEND);
	case UNSENT:
		return situation_has_step(s, MINE, ACT_SEND);
	case READ_EOF:
		return situation_has_step(s, MINE, ACT_READ_EOF);
	case SERVER:
	case ADDRESS:
		/* A reset releases a port that was accepted on: no table has the socket then. */
		return s->handshake != HANDSHAKE_SYN && s->state != STATE_CLOSE;
	case CLIENT:
		return s->handshake == HANDSHAKE_COMPLETE || s->handshake == HANDSHAKE_SYN;
	case LOOPBACK:
		/* Over lo, sending to a vanished peer fails, and the kernel gives up at once. */
		return s->handshake != HANDSHAKE_HALF && s->handshake != HANDSHAKE_SYN;
	case ALIVE:
		/* States that a live peer does not end; FIN_WAIT_1 lasts behind data that it has no
		 * room for. */
		return (s->state == STATE_ESTABLISHED && s->kind == SITUATION_HELD) ||
		       s->state == STATE_FIN_WAIT_1;
	case GROUP:
		return s->handshake != HANDSHAKE_NONE && s->handshake != HANDSHAKE_SYN;
	case BACKLOG:
		return s->handshake == HANDSHAKE_HALF || s->handshake == HANDSHAKE_UNACCEPTED;
	case LISTENER_GONE:
		/* What waits on a listener ends with it. */
		return s->handshake == HANDSHAKE_COMPLETE;
	case CLIENT_PORTS:
	case PORTS:
		return s->handshake != HANDSHAKE_NONE;
	case RULES:
		break;
	}
	return false;
}

/* Whether an option that was given changes anything: a number of bytes of 0 does not. */
static bool is_in_effect(const struct option_row *row, const struct group *g)
{
	return row->set != option_number || row->max != BYTES_MAX ||
	       *(const uint64_t *)(const void *)((const char *)g + row->offset) > 0;
}

/* Names a situation by its state and, if there are several, the option that chooses it. */
static void add_situation(struct string *text, const struct situation *s)
{
	bool several = false;

	for (size_t i = 0; situation_at(i); i++)
		several |= situation_at(i)->state == s->state && situation_at(i) != s;
	string_add(text, state_name(s->state));
	if (several)
		string_addf(text, " --%s", name_of(situation_kind_names, s->kind));
}

static int check_rules(const struct group *g, const bool *given, const struct situation *what,
	struct string *error)
{
	for (enum rule i = 0; i < RULES; i++) {
		const size_t index = option_index(&hold_option_table, rule_options[i]);
		const char *separator = "; possible with ";

		if (!given[index] || !is_in_effect(&rows[index], g) || is_possible(i, what))
			continue;
		string_addf(error, "--%s: not possible with ", rule_options[i]);
		add_situation(error, what);
		for (size_t j = 0; situation_at(j); j++) {
			if (!is_possible(i, situation_at(j)))
				continue;
			string_add(error, separator);
			add_situation(error, situation_at(j));
			separator = ", ";
		}
		return -EINVAL;
	}
	return 0;
}

/* The name is a path component that nobody has to quote. */
static bool is_cgroup_name(const char *name)
{
	return *name && strlen(name) <= CGROUP_NAME_MAX && *name != '.' &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.@")];
}

/* What options do not go together, whatever the state. */
static int check_together(const struct group *g, struct string *error)
{
	if (g->address && (g->client || g->loopback))
		return string_fail(error, -EINVAL,
			"--address: the listener is another host's with --client or --loopback");
	if (g->device && g->loopback)
		return string_fail(
			error, -EINVAL, "--device: --loopback does not go over the cable");
	if (g->cgroup && !is_cgroup_name(g->cgroup))
		return string_fail(error, -EINVAL,
			"--cgroup: '%s' is not a name; expected 1 to %d of letters, digits and "
			"-_.@",
			g->cgroup, CGROUP_NAME_MAX);
	return 0;
}

static int spec_from_group(
	struct spec *ret, const struct group *g, const bool *given, struct string *error)
{
	const struct situation *what;
	enum tcp_state state;
	int r;

	if (!g->state || state_from_name(g->state, strlen(g->state), &state) < 0 ||
		!situation_find(state, SITUATION_ANY))
		return refuse_state(g->state, error);
	what = situation_find(state, g->kind);
	if (!what)
		return refuse_kind(g, state, error);
	r = check_rules(g, given, what, error);
	if (r >= 0)
		r = check_together(g, error);
	if (r < 0)
		return r;
	if (what->handshake == HANDSHAKE_NONE && g->sockets > 65536 - g->port)
		return string_fail(error, -EINVAL,
			"-n: each %s takes a port; from %u on there are %u", state_name(state),
			(unsigned)g->port, 65536 - (unsigned)g->port);
	*ret = (struct spec){
		.situation = what,
		.family = g->family,
		.sockets = (unsigned)g->sockets,
		.port = (uint16_t)g->port,
		.client = !is_possible(SERVER, what) || g->client,
		.loopback = g->loopback,
		.read_eof = g->read_eof,
		.alive = g->alive,
		.has_backlog = given[option_index(&hold_option_table, "backlog")],
		.backlog = (unsigned)g->backlog,
		.group = (unsigned)g->group,
		.address = (unsigned)g->address,
		.device = g->device,
		.listener_gone = g->listener_gone,
		.client_port = (uint16_t)g->client_port,
		.cgroup = g->cgroup,
		.unread = (unsigned)g->unread,
		.unsent = (unsigned)g->unsent,
	};
	return 0;
}

/* Reads the words after argv[0]. */
static int group_parse(int argc, char **argv, struct hold_options *o, struct string *error)
{
	struct group g = {
		.sockets = 1, .port = PORT_DEFAULT, .client_port = MAKER_PORT_FIRST, .ports = 1};
	bool given[ARRAY_SIZE(rows)];
	int arguments = command_line_read(&hold_option_table, argc, argv, &g, given, error), r;
	struct spec spec;

	if (arguments < 0)
		return arguments;
	o->help = g.help;
	if (o->help)
		return 0;
	if (arguments > 1)
		return string_fail(error, -EINVAL, "'%s': after %s expected options, 'and' or '--'",
			argv[2], argv[1]);
	if (arguments > 0)
		g.state = argv[1];
	r = spec_from_group(&spec, &g, given, error);
	if (r < 0)
		return r;
	if (g.ports > 65536 - g.port)
		return string_fail(error, -EINVAL, "--ports: from %u on there are %u",
			(unsigned)g.port, 65536 - (unsigned)g.port);
	if (g.ports > SPECS_MAX - o->specs_count)
		return string_fail(
			error, -EINVAL, "more than %d states and ports at once", SPECS_MAX);
	for (uint64_t i = 0; i < g.ports; i++, spec.port++)
		o->specs[o->specs_count++] = spec;
	return 0;
}

static bool ends_group(const char *word)
{
	return strcmp(word, "and") == 0 || strcmp(word, "--") == 0;
}

int hold_options_parse(int argc, char **argv, struct hold_options *ret, struct string *error)
{
	int first = 0, last, r;

	memset(ret, 0, sizeof(*ret));
	do {
		last = first + 1;
		while (last < argc && !ends_group(argv[last]))
			last++;
		r = group_parse(last - first, &argv[first], ret, error);
		if (r < 0 || ret->help)
			return r;
		first = last;
	} while (first < argc && strcmp(argv[first], "and") == 0);
	if (first == argc - 1)
		return string_fail(error, -EINVAL, "a command is missing after '--'");
	if (first < argc)
		ret->command = &argv[first + 1];
	return 0;
}
