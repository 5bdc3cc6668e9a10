/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/hold_options.h"

#include "basic/macro.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DEFAULT 7001
#define SOCKETS_MAX  4000000   /* as many as there are peer addresses, about; see pair_peer4() */
#define BYTES_MAX    (1 << 30) /* what tcp_rmem and tcp_wmem may allow is less */

enum option_id {
	OPTION_PORT = CHAR_MAX + 1, /* above any short option */
	OPTION_DUAL,
	OPTION_UNREAD,
	OPTION_UNSENT,
	OPTION_READ_EOF,
	OPTION_HELD,
	OPTION_ORPHAN,
	OPTION_MINI,
	OPTION_UNACCEPTED,
	OPTION_SERVER,
	OPTION_CLIENT,
	OPTION_LOOPBACK,
	OPTION_ALIVE,
	OPTION_BACKLOG,
	OPTION_SOCKETS = 'n',
	OPTION_IPV6 = '6',
	OPTION_HELP = 'h',
};

enum side_word { SIDE_WORD_NONE, SIDE_WORD_SERVER, SIDE_WORD_CLIENT };

/* The words of a group, before they are known to fit together. */
struct group {
	const char *state;
	int sockets, port, unread, unsent, backlog;
	int family; /* enum spec_family */
	int kind;   /* enum kind */
	int side;   /* enum side_word */
	int read_eof, loopback, alive, help;
};

/* An option either takes a number from min to max, or makes its place a value other than 0. */
static const struct option_row {
	enum option_id id;
	const char *name;     /* NULL: it is a letter only */
	const char *argument; /* its name in --help; NULL: takes none */
	const char *help;
	size_t place; /* of an int in struct group */
	int value;
	int min, max;
} table[] = {
	{OPTION_SOCKETS, NULL, "N", "how many sockets (default 1)", offsetof(struct group, sockets),
		0, 0, SOCKETS_MAX},
	{OPTION_PORT, "port", "PORT",
		"the listener's port (default 7001); of LISTEN and BOUND_INACTIVE, the first",
		offsetof(struct group, port), 0, 1, 65535},
	{OPTION_IPV6, NULL, NULL, "over IPv6", offsetof(struct group, family), FAMILY_6, 0, 0},
	{OPTION_DUAL, "dual", NULL, "IPv6 sockets with IPv4 peers", offsetof(struct group, family),
		FAMILY_DUAL, 0, 0},
	{OPTION_UNREAD, "unread", "BYTES", "received and not read", offsetof(struct group, unread),
		0, 0, BYTES_MAX},
	{OPTION_UNSENT, "unsent", "BYTES", "written and not acknowledged",
		offsetof(struct group, unsent), 0, 0, BYTES_MAX},
	{OPTION_READ_EOF, "read-eof", NULL, "read all after the peer's FIN, and the end",
		offsetof(struct group, read_eof), true, 0, 0},
	{OPTION_HELD, "held", NULL, "a process keeps them open", offsetof(struct group, kind),
		KIND_HELD, 0, 0},
	{OPTION_ORPHAN, "orphan", NULL, "closed, and of full size still",
		offsetof(struct group, kind), KIND_ORPHAN, 0, 0},
	{OPTION_MINI, "mini", NULL, "closed, and reduced to a mini socket",
		offsetof(struct group, kind), KIND_MINI, 0, 0},
	{OPTION_UNACCEPTED, "unaccepted", NULL, "in the accept queue", offsetof(struct group, kind),
		KIND_UNACCEPTED, 0, 0},
	{OPTION_SERVER, "server", NULL, "the side that listened (the default)",
		offsetof(struct group, side), SIDE_WORD_SERVER, 0, 0},
	{OPTION_CLIENT, "client", NULL, "the side that connected", offsetof(struct group, side),
		SIDE_WORD_CLIENT, 0, 0},
	{OPTION_LOOPBACK, "loopback", NULL, "the peers were on this host, too",
		offsetof(struct group, loopback), true, 0, 0},
	{OPTION_ALIVE, "alive", NULL, "the peers stay, acknowledge, and never read",
		offsetof(struct group, alive), true, 0, 0},
	{OPTION_BACKLOG, "backlog", "N", "of the listener, for those that wait on it",
		offsetof(struct group, backlog), 0, 1, 65535},
	{OPTION_HELP, "help", NULL, "print this help and exit", offsetof(struct group, help), true,
		0, 0},
};

struct error {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int fail(
	const struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, e->size, format, args);
	va_end(args);
	return -EINVAL;
}

const char *kind_name(enum kind kind)
{
	static const char *const names[] = {
		[KIND_ANY] = "any",
		[KIND_HELD] = "held",
		[KIND_ORPHAN] = "orphan",
		[KIND_MINI] = "mini",
		[KIND_UNACCEPTED] = "unaccepted",
		[KIND_REQUEST] = "request",
	};

	return names[kind];
}

/* How an option is written on the command line. */
static const char *option_word(const struct option_row *row, char word[static 16])
{
	if (row->name)
		snprintf(word, 16, "--%s", row->name);
	else
		snprintf(word, 16, "-%c", row->id);
	return word;
}

__attribute__((format(printf, 3, 4))) static void list_add(
	char *list, size_t size, const char *format, ...)
{
	size_t used = strlen(list);
	va_list args;

	if (used > 0)
		used += (size_t)snprintf(list + used, size - used, ", ");
	va_start(args, format);
	if (used < size)
		vsnprintf(list + used, size - used, format, args);
	va_end(args);
}

static int fail_state(const char *word, const struct error *e)
{
	char list[256] = "";

	STATE_FOREACH(s)
		if (situation_find(s, KIND_ANY))
			list_add(list, sizeof(list), "%s", state_name(s));
	if (!word)
		return fail(e, "a state is missing; possible are %s", list);
	return fail(e, "'%s' is no state that can be held; possible are %s", word, list);
}

static int fail_kind(const struct group *g, enum tcp_state state, const struct error *e)
{
	char list[128] = "";

	for (enum kind k = KIND_HELD; k < KIND_REQUEST; k++)
		if (situation_find(state, k))
			list_add(list, sizeof(list), "--%s", kind_name(k));
	return fail(e, "--%s: no socket in %s is that; possible is %s",
		kind_name((enum kind)g->kind), state_name(state),
		*list ? list : "none of these options");
}

static bool asks_unread(const struct group *g)
{
	return g->unread > 0;
}

static bool can_unread(const struct situation *s)
{
	return situation_has_step(s, PEER, ACT_SEND);
}

static bool asks_unsent(const struct group *g)
{
	return g->unsent > 0;
}

static bool can_unsent(const struct situation *s)
{
	return situation_has_step(s, MINE, ACT_SEND);
}

static bool asks_read_eof(const struct group *g)
{
	return g->read_eof;
}

static bool can_read_eof(const struct situation *s)
{
	return situation_has_step(s, MINE, ACT_READ_EOF);
}

static bool asks_server(const struct group *g)
{
	return g->side == SIDE_WORD_SERVER;
}

/* A port that was accepted on is let go by the reset, and then no table has the socket. */
static bool can_server(const struct situation *s)
{
	return s->handshake != HANDSHAKE_SYN && s->state != STATE_CLOSE;
}

static bool asks_client(const struct group *g)
{
	return g->side == SIDE_WORD_CLIENT;
}

static bool can_client(const struct situation *s)
{
	return s->handshake == HANDSHAKE_COMPLETE || s->handshake == HANDSHAKE_SYN;
}

static bool asks_loopback(const struct group *g)
{
	return g->loopback;
}

/* Without the peer nothing can be sent to it over lo, and the kernel gives up at once. */
static bool can_loopback(const struct situation *s)
{
	return s->handshake != HANDSHAKE_HALF && s->handshake != HANDSHAKE_SYN;
}

static bool asks_alive(const struct group *g)
{
	return g->alive;
}

/* What a live peer would end is none; FIN_WAIT_1 rests behind data that it has no room for. */
static bool can_alive(const struct situation *s)
{
	return (s->state == STATE_ESTABLISHED && s->kind == KIND_HELD) ||
	       s->state == STATE_FIN_WAIT_1;
}

static bool asks_backlog(const struct group *g)
{
	return g->backlog > 0;
}

static bool can_backlog(const struct situation *s)
{
	return s->handshake == HANDSHAKE_HALF || s->handshake == HANDSHAKE_UNACCEPTED;
}

/* What a situation cannot have is refused, so that the ready line never tells what is not so. */
static const struct {
	const char *option;
	bool (*asks)(const struct group *g);
	bool (*can)(const struct situation *s);
} rules[] = {
	{"unread", asks_unread, can_unread},
	{"unsent", asks_unsent, can_unsent},
	{"read-eof", asks_read_eof, can_read_eof},
	{"server", asks_server, can_server},
	{"client", asks_client, can_client},
	{"loopback", asks_loopback, can_loopback},
	{"alive", asks_alive, can_alive},
	{"backlog", asks_backlog, can_backlog},
};

/* Names a situation by its state and, where there are several, the option that chooses it. */
static const char *situation_words(const struct situation *s, char words[static 40])
{
	bool several = false;

	for (size_t i = 0; situation_at(i); i++)
		several |= situation_at(i)->state == s->state && situation_at(i) != s;
	snprintf(words, 40, "%s%s%s", state_name(s->state), several ? " --" : "",
		several ? kind_name(s->kind) : "");
	return words;
}

static int check_rules(const struct group *g, const struct situation *what, const struct error *e)
{
	char words[40], list[384] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rules[i].asks(g) || rules[i].can(what))
			continue;
		for (size_t j = 0; situation_at(j); j++)
			if (rules[i].can(situation_at(j)))
				list_add(list, sizeof(list), "%s",
					situation_words(situation_at(j), words));
		return fail(e, "--%s: not possible with %s; possible with %s", rules[i].option,
			situation_words(what, words), list);
	}
	return 0;
}

static int spec_from_group(struct spec *ret, const struct group *g, const struct error *e)
{
	const struct situation *what;
	enum tcp_state state;
	int r;

	if (!g->state || state_from_name(g->state, strlen(g->state), &state) < 0 ||
		!situation_find(state, KIND_ANY))
		return fail_state(g->state, e);
	what = situation_find(state, (enum kind)g->kind);
	if (!what)
		return fail_kind(g, state, e);
	r = check_rules(g, what, e);
	if (r < 0)
		return r;
	if (what->handshake == HANDSHAKE_NONE && g->sockets > 65536 - g->port)
		return fail(e, "-n: each %s takes a port; from %d on there are %d",
			state_name(state), g->port, 65536 - g->port);
	*ret = (struct spec){
		.situation = what,
		.family = (enum spec_family)g->family,
		.sockets = (unsigned)g->sockets,
		.port = (uint16_t)g->port,
		.client = !can_server(what) || asks_client(g),
		.loopback = g->loopback,
		.read_eof = g->read_eof,
		.alive = g->alive,
		.backlog = (unsigned)g->backlog,
		.unread = (unsigned)g->unread,
		.unsent = (unsigned)g->unsent,
	};
	return 0;
}

static int set_number(
	const struct option_row *row, int *place, const char *argument, const struct error *e)
{
	char word[16], *end;
	long number;

	errno = 0;
	number = strtol(argument, &end, 10);
	if (*argument < '0' || *argument > '9' || *end || errno || number < row->min ||
		number > row->max)
		return fail(e, "%s: '%s' is no number from %d to %d", option_word(row, word),
			argument, row->min, row->max);
	*place = (int)number;
	return 0;
}

static int set_choice(const struct option_row *row, int *place, const struct error *e)
{
	char word[16], other_word[16];

	for (size_t i = 0; *place && i < ARRAY_SIZE(table); i++)
		if (table[i].place == row->place && table[i].value == *place && &table[i] != row)
			return fail(e, "%s and %s cannot be used together",
				option_word(&table[i], other_word), option_word(row, word));
	*place = row->value;
	return 0;
}

static int fail_unknown(char **argv, int c, const struct error *e)
{
	const char *word = argv[optind - 1];

	/* getopt leaves the letter of a short option in optopt; of a long one, a number above. */
	if (c == ':')
		return fail(e, "%s needs a value; see tcpstated-lab hold --help", word);
	if (optopt > 0 && optopt <= CHAR_MAX && strncmp(word, "--", 2) != 0)
		return fail(e, "'-%c' is not an option; see tcpstated-lab hold --help", optopt);
	if (optopt > 0)
		return fail(e, "'%s': this option takes no value", word);
	return fail(e, "'%s' is not an option, or not a clear one; see tcpstated-lab hold --help",
		word);
}

/* Reads the words after argv[0]. */
static int group_parse(int argc, char **argv, struct group *ret, const struct error *e)
{
	struct option long_options[ARRAY_SIZE(table) + 1] = {{0}};
	size_t names = 0;
	int c, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].name)
			long_options[names++] = (struct option){
				.name = table[i].name,
				.has_arg = table[i].argument ? required_argument : no_argument,
				.val = (int)table[i].id,
			};
	optind = 0; /* starts anew for each group */
	opterr = 0;
	/* The leading "-": what is no option comes as option 1, wherever it stands. */
	while (r >= 0 && (c = getopt_long(argc, argv, "-:n:6h", long_options, NULL)) != -1) {
		size_t i = 0;
		int *place;

		if (c == '?' || c == ':')
			return fail_unknown(argv, c, e);
		if (c == 1 && ret->state)
			return fail(e, "'%s': after %s expected options, 'and' or '--'", optarg,
				ret->state);
		if (c == 1) {
			ret->state = optarg;
			continue;
		}
		while ((int)table[i].id != c)
			i++;
		place = (int *)(void *)((char *)ret + table[i].place);
		r = table[i].argument ? set_number(&table[i], place, optarg, e)
				      : set_choice(&table[i], place, e);
	}
	return r;
}

static bool ends_group(const char *word)
{
	return strcmp(word, "and") == 0 || strcmp(word, "--") == 0;
}

int hold_options_parse(
	int argc, char **argv, struct hold_options *ret, char *error, size_t error_size)
{
	const struct error e = {error, error_size};
	int first = 0, last, r;

	memset(ret, 0, sizeof(*ret));
	do {
		struct group g = {.sockets = 1, .port = PORT_DEFAULT};

		last = first + 1;
		while (last < argc && !ends_group(argv[last]))
			last++;
		r = group_parse(last - first, &argv[first], &g, &e);
		if (r < 0)
			return r;
		ret->help = g.help;
		if (ret->help)
			return 0;
		if (ret->specs_count == SPECS_MAX)
			return fail(&e, "more than %d states at once", SPECS_MAX);
		r = spec_from_group(&ret->specs[ret->specs_count++], &g, &e);
		if (r < 0)
			return r;
		first = last;
	} while (first < argc && strcmp(argv[first], "and") == 0);
	if (first == argc - 1)
		return fail(&e, "a command is missing after '--'");
	if (first < argc)
		ret->command = &argv[first + 1];
	return 0;
}

void hold_options_help(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option_row *row = &table[i];
		char left[32];

		if (row->id == OPTION_HELP)
			continue;
		if (!row->name) {
			snprintf(left, sizeof(left), "-%c%s%s", row->id, row->argument ? " " : "",
				row->argument ? row->argument : "");
			fprintf(out, "  %-22s %s\n", left, row->help);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument ? "=" : "",
			row->argument ? row->argument : "");
		fprintf(out, "      %-18s %s\n", left, row->help);
	}
}
