/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes instead of the file of ages: all of it is restored or, with a reason, nothing, and what
 * was restored can be listed. */
#include "basic/cleanup.h"
#include "daemon/state_ages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_age(const struct age *age, void *userdata)
{
	(void)userdata;
	if (!age->cookie || !ages_state_numbers[age->state])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct state_identity identity = {"b", "host"};
	const uint64_t now_ms = UINT64_C(1) << 62;
	cleanup_(ages_freep) struct ages *ages = NULL;
	char text[256];
	struct string reason = STRING_IN(text);
	int r;

	if (ages_new(1024, &ages) < 0)
		abort();
	r = state_ages_read((const char *)data, size, &identity, now_ms, ages, &reason);
	/* Every refusal says why. */
	if ((r < 0) != (reason.length > 0) || (r < 0 && ages_tracked(ages)))
		abort();
	ages_start(ages, now_ms);
	ages_foreach(ages, check_age, NULL);
	ages_finish(ages, true);
	return 0;
}
