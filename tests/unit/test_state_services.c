/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "daemon/state_services.h"
#include "unit.h"

#include "folder.h"

#include <arpa/inet.h>
#include <errno.h>

#define BOOT_ID "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11"
#define HEAD    "tcpstated-services 1\nboot_id " BOOT_ID "\nnetns host\n"

static const struct state_identity identity = {BOOT_ID, "host"};

static const struct {
	enum sock_side side;
	uint16_t port;
	const char *address; /* NULL: none */
	uint32_t device;
} samples[] = {
	{SIDE_SERVER, 0, NULL, 0},
	{SIDE_SERVER, 7777, NULL, 0},
	{SIDE_SERVER, 7777, NULL, 3},
	{SIDE_SERVER, 7777, "192.0.2.7", 0},
	{SIDE_SERVER, 65535, "2001:db8:1111:2222:3333:4444:5555:6666", UINT32_MAX},
	{SIDE_CLIENT, 443, "198.51.100.1", 0},
};

static struct service_key key_of(size_t sample)
{
	const char *address = samples[sample].address;
	struct service_key k = {
		.side = (uint8_t)samples[sample].side,
		.port = samples[sample].port,
		.device = samples[sample].device,
	};

	if (address) {
		k.address.family = strchr(address, ':') ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(k.address.family, address, k.address.bytes), 1);
	}
	return k;
}

static struct attribution *attribution_with_samples(void)
{
	struct attribution *a = NULL;

	assert_int_equal(attribution_new(&a), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct service_key k = key_of(i);

		assert_int_equal(attribution_restore_known(a, &k), 0);
	}
	return a;
}

static void check_sample(const struct service_key *known, void *userdata)
{
	size_t *next = userdata;
	const struct service_key k = key_of((*next)++);

	assert_true(service_key_equal(known, &k));
}

struct fixture {
	int dir_fd;
	char reason[256];
	struct attribution *back;
};

static void start(struct fixture *f, const struct folder *folder)
{
	memset(f, 0, sizeof(*f));
	f->dir_fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir_fd >= 0);
	assert_int_equal(attribution_new(&f->back), 0);
}

static void end(struct fixture *f)
{
	attribution_free(f->back);
	close(f->dir_fd);
}

static int load(struct fixture *f, const struct state_identity *whose)
{
	struct string reason = STRING_IN(f->reason);

	return state_services_load(f->dir_fd, whose, f->back, &reason);
}

static int read_text(struct fixture *f, const char *text)
{
	struct string reason = STRING_IN(f->reason);

	return state_services_read(text, strlen(text), &identity, f->back, &reason);
}

static void test_state_services_load_reads_back_what_was_saved(void **state)
{
	cleanup_(attribution_freep) struct attribution *a = attribution_with_samples();
	struct fixture f;
	size_t next = 0;

	start(&f, *state);
	assert_int_equal(state_services_save(f.dir_fd, &identity, a), 0);
	assert_int_equal(mode_of(in_folder(*state, STATE_SERVICES_NAME)), 0600);
	assert_int_equal(load(&f, &identity), 0);
	assert_string_equal(f.reason, "");
	attribution_foreach_known(f.back, check_sample, &next);
	assert_int_equal(next, ARRAY_SIZE(samples));
	end(&f);
}

static void test_state_services_load_ignores_what_is_of_elsewhere(void **state)
{
	static const struct state_identity others[] = {{"another", "host"}, {BOOT_ID, "blue"}};
	cleanup_(attribution_freep) struct attribution *a = attribution_with_samples();
	struct fixture f;

	start(&f, *state);
	assert_int_equal(load(&f, &identity), 1);
	assert_int_equal(state_services_save(f.dir_fd, &identity, a), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(load(&f, &others[i]), -ESTALE);
		assert_true(strlen(f.reason) > 0);
		assert_int_equal(attribution_known_count(f.back), 0);
	}
	end(&f);
}

static void test_state_services_read_refuses_what_is_not_valid(void **state)
{
	static const char *const lines[] = {
		"",
		"server",
		"peer 80 * 0",
		"server 65536 * 0",
		"server -1 * 0",
		"server 80 localhost 0",
		"server 80 192.0.2.256 0",
		"server 80 * 4294967296",
		"server 80 * 0 0",
		"server 80  * 0",
		"client 443 * 0", /* a client is known by its destination */
		"server 80 1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111 0",
	};
	struct fixture f;
	char text[512];

	start(&f, *state);
	assert_int_equal(read_text(&f, "tcpstated-services 2\n"), -EPROTONOSUPPORT);
	assert_int_equal(read_text(&f, HEAD), -EBADMSG);
	assert_int_equal(read_text(&f, "tcpstated-services 1\nnetns host\nend\n"), -EBADMSG);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), HEAD "server 7777 * 0\n%s\nserver 1 * 0\nend\n",
			lines[i]);
		assert_int_equal(read_text(&f, text), -EBADMSG);
		assert_string_equal(f.reason, "line 5 is not valid; the rest is ignored");
		/* What stands before it is known. */
		assert_int_equal(attribution_known_count(f.back), 1);
	}
	end(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_state_services_load_reads_back_what_was_saved),
		CASE(test_state_services_load_ignores_what_is_of_elsewhere),
		CASE(test_state_services_read_refuses_what_is_not_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
