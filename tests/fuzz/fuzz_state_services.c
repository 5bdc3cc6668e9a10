/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes instead of the file of services: every refusal says why, and what became known is one
 * service each, and can be listed. */
#include "basic/cleanup.h"
#include "daemon/state_services.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_known(const struct service_key *known, void *userdata)
{
	size_t *count = userdata;

	++*count;
	if (known->side >= SIDE_COUNT || (known->side == SIDE_CLIENT && !known->address.family))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct state_identity identity = {"b", "host"};
	cleanup_(attribution_freep) struct attribution *a = NULL;
	char text[256];
	struct string reason = STRING_IN(text);
	size_t count = 0;
	int r;

	if (attribution_new(&a) < 0)
		abort();
	r = state_services_read((const char *)data, size, &identity, a, &reason);
	if ((r < 0) != (reason.length > 0))
		abort();
	attribution_foreach_known(a, check_known, &count);
	if (count != attribution_known_count(a))
		abort();
	return 0;
}
