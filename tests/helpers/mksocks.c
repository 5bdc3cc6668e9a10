/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes TCP sockets in the situations that are asked for, in network namespaces of its own, and
 * keeps them until standard input closes or a command has run inside. See usage().
 */
#include "diag.h"
#include "maker.h"
#include "pair.h"
#include "situation.h"

#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WORKERS_MAX 1024

struct lab {
	struct pair pair;
	struct spec specs[SPECS_MAX];
	size_t specs_count;
	int listeners[SPECS_MAX];
	pid_t workers[WORKERS_MAX];
	size_t workers_count;
	unsigned peer_number;
	pid_t janitor;
	int janitor_pipe;
};

static void usage(FILE *to)
{
	fputs("Usage: mksocks SPEC [SPEC ...] [-- COMMAND ...]\n"
	      "Makes TCP sockets in network namespaces of its own, prints one line of JSON when "
	      "all\n"
	      "are there, and keeps them until standard input closes. With COMMAND, runs it "
	      "inside\n"
	      "instead, and exits with its status.\n\n"
	      "SPEC is SITUATION[:KEY=VALUE,...]\n"
	      "  n=1            how many\n"
	      "  port=7001      the listener's port; for listen, the first one\n"
	      "  family=4       4, 6, or dual: an IPv6 listener with IPv4 clients\n"
	      "  side=server    or client: the end that is made\n"
	      "  link=veth      or lo: where the peers are before they vanish\n"
	      "  unread=0       bytes received and not read\n"
	      "  unsent=0       bytes written and not acknowledged\n"
	      "  read_eof=no    or yes: read to the end after the peer's FIN\n\n"
	      "SITUATION is one of\n",
		to);
	for (size_t i = 0; situation_at(i); i++)
		fprintf(to, "  %s\n", situation_at(i)->name);
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("mksocks: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

static unsigned parse_number(const char *spec, const char *value, unsigned max)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || number > max)
		die("%s: '%s' is no number up to %u", spec, value, max);
	return (unsigned)number;
}

static unsigned parse_choice(const char *spec, const char *value, const char *const choices[])
{
	for (unsigned i = 0; choices[i]; i++)
		if (strcmp(choices[i], value) == 0)
			return i;
	die("%s: '%s' is not known here", spec, value);
}

static void parse_pair(struct spec *s, const char *spec, const char *key, const char *value)
{
	static const char *const families[] = {"4", "6", "dual", NULL};
	static const char *const sides[] = {"server", "client", NULL};
	static const char *const links[] = {"veth", "lo", NULL};
	static const char *const yes_no[] = {"no", "yes", NULL};

	if (strcmp(key, "n") == 0)
		s->sockets = parse_number(spec, value, 4000000);
	else if (strcmp(key, "port") == 0)
		s->port = (uint16_t)parse_number(spec, value, 65535);
	else if (strcmp(key, "family") == 0)
		s->family = (enum spec_family)parse_choice(spec, value, families);
	else if (strcmp(key, "side") == 0)
		s->client = parse_choice(spec, value, sides);
	else if (strcmp(key, "link") == 0)
		s->loopback = parse_choice(spec, value, links);
	else if (strcmp(key, "unread") == 0)
		s->unread = parse_number(spec, value, 1U << 30);
	else if (strcmp(key, "unsent") == 0)
		s->unsent = parse_number(spec, value, 1U << 30);
	else if (strcmp(key, "read_eof") == 0)
		s->read_eof = parse_choice(spec, value, yes_no);
	else
		die("%s: '%s' is no key", spec, key);
}

/* What a situation cannot have is refused, so that the ready line never tells what is not so. */
static void check_spec(const struct spec *s, const char *spec)
{
	const struct situation *what = s->situation;

	if (s->unread && !situation_has_step(what, PEER, ACT_SEND))
		die("%s: no unread bytes in this situation", spec);
	if (s->unsent && !situation_has_step(what, MINE, ACT_SEND))
		die("%s: no unsent bytes in this situation", spec);
	if (s->read_eof && !situation_has_step(what, MINE, ACT_READ_EOF))
		die("%s: no FIN to read in this situation", spec);
	if (s->client ? what->handshake != HANDSHAKE_WHOLE && what->handshake != HANDSHAKE_SYN
		      : what->handshake == HANDSHAKE_SYN)
		die("%s: only a %s has this situation", spec, s->client ? "server" : "client");
	/* Without the peer nothing can be sent to it over lo, and the kernel gives up at once. */
	if (s->loopback && (what->handshake == HANDSHAKE_HALF || what->handshake == HANDSHAKE_SYN))
		die("%s: not over lo", spec);
	if (s->port == 0 || (what->handshake == HANDSHAKE_NONE && s->port + s->sockets > 65536))
		die("%s: the port is out of range", spec);
}

static void parse_spec(struct spec *ret, const char *argument)
{
	cleanup_(freep) char *copy = strdup(argument);
	struct spec s = {.sockets = 1, .port = 7001};
	char *rest = copy, *name, *word;

	if (!copy)
		die("out of memory");
	name = strsep(&rest, ":");
	s.situation = situation_find(name);
	if (!s.situation)
		die("%s: '%s' is no situation (see --help)", argument, name);
	while ((word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			die("%s: '%s' is no KEY=VALUE", argument, word);
		*value++ = '\0';
		parse_pair(&s, argument, word, value);
	}
	check_spec(&s, argument);
	*ret = s;
}

static void no_standard_streams(bool keep_errors)
{
	cleanup_(closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keep_errors)
		dup2(null, STDERR_FILENO);
}

/*
 * The sockets that no process holds, and those that lose theirs, would go on for minutes and keep
 * the namespaces alive. So one process waits for the end of ours, however it comes, and then
 * removes them.
 */
static void janitor_start(struct lab *lab)
{
	int fds[2];
	char byte;

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	lab->janitor = fork();
	if (lab->janitor < 0)
		die("fork: %s", strerror(errno));
	if (lab->janitor > 0) {
		close(fds[0]);
		lab->janitor_pipe = fds[1];
		return;
	}
	close(fds[1]);
	setsid();
	no_standard_streams(false);
	while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
		continue;
	diag_destroy_all();
	pair_enter(&lab->pair, false);
	diag_destroy_all();
	_exit(EXIT_SUCCESS);
}

static void janitor_finish(struct lab *lab)
{
	for (size_t i = 0; i < lab->workers_count; i++)
		kill(lab->workers[i], SIGKILL);
	for (size_t i = 0; i < lab->workers_count; i++)
		waitpid(lab->workers[i], NULL, 0);
	close(lab->janitor_pipe);
	waitpid(lab->janitor, NULL, 0);
}

/* Makes count sockets, tells by a byte, and keeps what is held until it is killed. */
__attribute__((noreturn)) static void work(
	struct lab *lab, struct spec *s, unsigned count, int ready)
{
	struct maker m = {
		.pair = &lab->pair,
		.specs = lab->specs,
		.specs_count = lab->specs_count,
		.spec = s,
		.listener = lab->listeners[s - lab->specs],
		.peer_number = lab->peer_number,
	};
	int r;

	close(lab->janitor_pipe);
	no_standard_streams(true);
	r = maker_run(&m, count);
	if (r < 0) {
		fprintf(stderr, "mksocks: %s on port %u: %s: %s\n", s->situation->name, s->port,
			m.what, strerror(-r));
		_exit(EXIT_FAILURE);
	}
	if (write(ready, "", 1) != 1)
		_exit(EXIT_FAILURE);
	close(ready);
	while (s->situation->held)
		pause();
	_exit(EXIT_SUCCESS);
}

static int worker_start(struct lab *lab, struct spec *s, unsigned count)
{
	const pid_t parent = getpid();
	int fds[2];
	ssize_t n;
	char byte;
	pid_t pid;

	if (lab->workers_count == WORKERS_MAX)
		return -EMFILE;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		close(fds[0]);
		work(lab, s, count, fds[1]);
	}
	lab->workers[lab->workers_count++] = pid;
	close(fds[1]);
	do {
		n = read(fds[0], &byte, 1);
	} while (n < 0 && errno == EINTR);
	close(fds[0]);
	return n == 1 ? 0 : -ECHILD;
}

static int make_spec(struct lab *lab, struct spec *s)
{
	const unsigned capacity = s->situation->held ? maker_capacity() : UINT32_MAX;

	while (s->made < s->sockets) {
		unsigned count = MIN(s->sockets - s->made, capacity);
		int r = worker_start(lab, s, count);

		if (r < 0)
			return r;
		s->made += count;
		lab->peer_number += maker_addresses(count);
	}
	return 0;
}

/* Several specs may share a port; the listener of the first serves them all. */
static int listener_of(struct lab *lab, size_t index)
{
	const struct spec *s = &lab->specs[index];

	for (size_t i = 0; i < index; i++) {
		const struct spec *other = &lab->specs[i];

		if (other->port == s->port && other->family == s->family &&
			(other->client && !other->loopback) == (s->client && !s->loopback))
			return lab->listeners[i];
	}
	return spec_listen(&lab->pair, s, s->port);
}

static void make_listeners(struct lab *lab)
{
	for (size_t i = 0; i < lab->specs_count; i++) {
		struct spec *s = &lab->specs[i];
		unsigned ports = s->situation->handshake == HANDSHAKE_NONE ? s->sockets : 0;

		lab->listeners[i] = ports == 0 ? listener_of(lab, i) : 0;
		for (; s->made < ports && lab->listeners[i] >= 0; s->made++)
			lab->listeners[i] =
				spec_listen(&lab->pair, s, (uint16_t)(s->port + s->made));
		if (lab->listeners[i] < 0)
			die("cannot listen on port %u: %s", s->port + s->made,
				strerror(-lab->listeners[i]));
	}
}

/* What the sockets need from the namespace. Where it cannot be had, their number will tell. */
static void raise_limits(const struct lab *lab)
{
	uint64_t mini = 0, waiting = 1024;

	for (size_t i = 0; i < lab->specs_count; i++) {
		const struct spec *s = &lab->specs[i];

		mini += s->situation->mini ? s->sockets : 0;
		waiting += s->situation->handshake != HANDSHAKE_WHOLE ? 2 * s->sockets : 0;
	}
	pair_sysctl_raise("ipv4/tcp_max_tw_buckets", mini + 1024);
	pair_sysctl_raise("core/somaxconn", waiting);
	/* An orphan of FIN_WAIT_1 lives for a quarter of an hour so. */
	pair_sysctl_raise("ipv4/tcp_orphan_retries", 15);
}

/* Those that leave connections in the accept queue come last: an accept() on the same port would
 * take them. */
static int make_all(struct lab *lab)
{
	const struct spec *missing = lab->specs;
	unsigned seen = 0;
	int r;

	raise_limits(lab);
	make_listeners(lab);
	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < lab->specs_count; i++) {
			struct spec *s = &lab->specs[i];

			if ((s->situation->handshake != HANDSHAKE_WHOLE) != last)
				continue;
			r = make_spec(lab, s);
			if (r < 0)
				return r;
		}
	r = pair_settle(&lab->pair);
	if (r >= 0)
		r = specs_await(lab->specs, lab->specs_count, &missing, &seen);
	if (r == -ETIMEDOUT)
		fprintf(stderr, "mksocks: %s on port %u: made %u, but sock_diag shows %u\n",
			missing->situation->name, missing->port, missing->made, seen);
	else if (r < 0)
		fprintf(stderr, "mksocks: cannot see what was made: %s\n", strerror(-r));
	return r;
}

static void print_ready(const struct lab *lab)
{
	static const char *const families[] = {"4", "6", "dual"};
	struct stat here = {0};

	fstat(lab->pair.here, &here);
	printf("{\"ready\": true, \"pid\": %d, \"netns\": \"net:[%ju]\", \"sockets\": [",
		(int)getpid(), (uintmax_t)here.st_ino);
	for (size_t i = 0; i < lab->specs_count; i++) {
		const struct spec *s = &lab->specs[i];

		printf("%s{\"situation\": \"%s\", \"state\": \"%s\", \"n\": %u, \"port\": %u, "
		       "\"family\": \"%s\", \"side\": \"%s\", \"unread\": %u, \"unsent\": %u}",
			i ? ", " : "", s->situation->name, s->situation->state_name, s->made,
			s->port, families[s->family], s->client ? "client" : "server", s->unread,
			s->unsent);
	}
	puts("]}");
	fflush(stdout);
}

static void wait_for_end_of_input(void)
{
	char buffer[256];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buffer, sizeof(buffer));
	} while (n > 0 || (n < 0 && errno == EINTR));
}

static int run_command(struct lab *lab, char **command)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		close(lab->janitor_pipe);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execvp(command[0], command);
		fprintf(stderr, "mksocks: %s: %s\n", command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static struct lab lab;
	const char *what;
	int status = EXIT_FAILURE, i, r;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (lab.specs_count == SPECS_MAX)
			die("more than %d specs", SPECS_MAX);
		parse_spec(&lab.specs[lab.specs_count++], argv[i]);
	}
	if (lab.specs_count == 0 || i == argc - 1) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	r = pair_new(&lab.pair, &what);
	if (r < 0)
		die("%s: %s", what, strerror(-r));
	janitor_start(&lab);
	if (make_all(&lab) >= 0) {
		if (i < argc) {
			status = run_command(&lab, &argv[i + 1]);
		} else {
			print_ready(&lab);
			wait_for_end_of_input();
			status = EXIT_SUCCESS;
		}
	}
	janitor_finish(&lab);
	return status;
}
