/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording has beside its sockets: names of devices, and the ports that programs chose. */
#include "basic/macro.h"
#include "fake_files.h"
#include "kernel/devices.h"
#include "kernel/sockets/chosen_ports.h"
#include "unit.h"

static void test_devices_of_a_recording(void **state)
{
	struct fake_files f = FAKE_FILES;
	cleanup_(devices_freep) struct devices *d = NULL;
	char name[DEVICE_NAME_SIZE];

	(void)state;
	fake_files_add_text(&f, "device-7", "eth1");
	fake_files_add_text(&f, "device-8", "a-name-that-no-device-has");
	assert_int_equal(devices_new(&f.source, &d), 0);
	for (int i = 0; i < 2; i++) {
		devices_name(d, 7, name);
		assert_string_equal(name, "eth1");
	}
	assert_int_equal(f.reads, 1);
	devices_name(d, 8, name);
	assert_string_equal(name, "8");
	/* The loopback device of this machine is not that of the recording. */
	devices_name(d, 1, name);
	assert_string_equal(name, "1");
	assert_null(f.attached);
}

static void test_chosen_ports_of_a_recording(void **state)
{
	static const struct {
		const char *text;
		int error;
		bool has_443;
	} rows[] = {{"443,8000-8001", 0, true}, {"", 0, false}, {"8000-x", -EBADMSG, false}};
	struct port_set ports;
	struct fake_files none;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_files f = FAKE_FILES;

		fake_files_add_text(&f, "chosen-ports", rows[i].text);
		assert_int_equal(chosen_ports_read(&f.source, &ports), rows[i].error);
		if (!rows[i].error)
			assert_true(port_set_has(&ports, 443) == rows[i].has_443);
	}
	/* Made without: nothing is asked of this machine. */
	none = FAKE_FILES;
	assert_int_equal(chosen_ports_read(&none.source, &ports), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_of_a_recording),
		cmocka_unit_test(test_chosen_ports_of_a_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
