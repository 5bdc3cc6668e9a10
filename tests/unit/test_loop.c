/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "daemon/loop.h"
#include "fake_source.h"
#include "folder.h"

#include <signal.h>
#include <stddef.h>
#include <sys/un.h>

static struct fake_source source;

/* A signal to this process after each scan, in turn; then SIGTERM. And whether that scan fails. */
static const struct step {
	int signal, error;
} * steps;
static size_t steps_count;

static void take_step(struct fake_source *f)
{
	const size_t step = f->scans - 1;

	assert_int_equal(kill(getpid(), step < steps_count ? steps[step].signal : SIGTERM), 0);
	f->error = step + 1 < steps_count ? steps[step + 1].error : 0;
}

int __wrap_source_live_new(enum socket_table table, struct source **ret);

int __wrap_source_live_new(enum socket_table table, struct source **ret)
{
	(void)table;
	*ret = &source.source;
	return 0;
}

/* Every notification of systemd, with an empty line after each. */
static const char *notifications(int listener)
{
	static char text[16384];
	size_t used = 0;
	ssize_t n;

	while ((n = recv(listener, text + used, sizeof(text) - 3 - used, MSG_DONTWAIT)) > 0) {
		used += (size_t)n;
		used += (size_t)snprintf(text + used, 3, "\n\n");
	}
	text[used] = '\0';
	return text;
}

/* On a socket in the abstract namespace: a path may be too long for one. */
static int listen_as_systemd(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), length;
	char name[64];

	assert_true(listener >= 0);
	length = snprintf(name, sizeof(name), "@tcpstated-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	assert_int_equal(
		bind(listener, (struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return listener;
}

/* Runs the service through the steps, and returns the notifications. */
static const char *run(void **state, const struct step *list, size_t count)
{
	const struct daemon_options options = {.config = "conf", .state_directory = "state"};
	int listener = listen_as_systemd();
	const char *text;

	assert_int_equal(chdir(((struct folder *)*state)->path), 0);
	write_contents("conf", "[output]\njournal = no\n");
	fake_source_init(&source);
	source.scanned = take_step;
	source.error = list[0].error;
	steps = list;
	steps_count = count;
	assert_int_equal(daemon_run(&options), 0);
	text = notifications(listener);
	close(listener);
	assert_int_equal(chdir("/"), 0);
	return text;
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word)) != NULL) {
		n++;
		text += strlen(word);
	}
	return n;
}

static void test_loop_is_ready_after_a_good_poll(void **state)
{
	/* A reload asks for the next poll at once. */
	static const struct step list[] = {{SIGHUP, -EIO}};
	const char *text = run(state, list, 1), *failed;

	assert_int_equal(count(text, "READY=1"), 1);
	text = strstr(text, "STATUS=");
	failed = strstr(text, "The sockets cannot be read");
	assert_ptr_equal(failed, text + strlen("STATUS="));
	assert_true(strstr(text, "READY=1") > strstr(text, "no alert"));
	assert_non_null(strstr(text, "STOPPING=1"));
}

/* It says so, and does not leave systemd waiting. */
static void test_loop_ends_a_reload_with_the_poll_after_it(void **state)
{
	static const struct step list[] = {{SIGHUP, 0}, {SIGHUP, -EIO}, {SIGTERM, 0}};
	const char *text = run(state, list, 3), *reloading, *ready;

	assert_int_equal(count(text, "RELOADING=1\nMONOTONIC_USEC="), 2);
	assert_int_equal(count(text, "READY=1"), 3);
	reloading = strstr(text, "RELOADING=1");
	ready = strstr(reloading, "READY=1");
	/* One message: the reload has failed to poll, and is over. */
	text = strstr(reloading, "STATUS=The sockets cannot be read: the test says so\nREADY=1");
	assert_non_null(text);
	assert_ptr_equal(strstr(text, "READY=1"), ready);
	text = strstr(ready, "RELOADING=1");
	assert_non_null(text);
	assert_non_null(strstr(text, "no alert\nREADY=1"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_loop_is_ready_after_a_good_poll),
		CASE(test_loop_ends_a_reload_with_the_poll_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
