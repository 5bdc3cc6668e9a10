/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes instead of the state file: it is restored or refused with a reason, and what was
 * restored can be judged. */
#include "basic/cleanup.h"
#include "daemon/state_file.h"
#include "output/words.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_event(const struct alert_event *e, void *userdata)
{
	char sentence[SENTENCE_SIZE];
	struct string s = STRING_IN(sentence);

	(void)userdata;
	words_event(&s, e);
	if (e->alert.rule.name[RULE_NAME_SIZE - 1] || s.error)
		abort();
}

static void take_event(const char *output, const struct alert_event *e, void *userdata)
{
	if (!output)
		abort();
	ignore_event(e, userdata);
}

static void judge(struct alerts *alerts)
{
	struct snapshot s = {.scan = {.complete = true}, .scanned = STATE_SET_ALL};

	limits_init(&s.limits);
	if (alerts_set_rules(alerts, built_in_rules, built_in_rules_count) < 0 ||
		alerts_judge(alerts, &s, 1000000, ignore_event, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct state_identity identity = {"b", "host"};
	cleanup_(alerts_freep) struct alerts *alerts = NULL;
	cleanup_(freep) char *copy = malloc(size + 1); /* is changed on the way */
	struct state_target target = {.event = take_event};
	char text[256];
	struct string reason = STRING_IN(text);
	int r;

	if (!copy || alerts_new(&alerts) < 0)
		abort();
	memcpy(copy, data, size);
	target.alerts = alerts;
	r = state_read(copy, size, &identity, 1000000, &target, &reason);
	/* Every refusal says why. */
	if ((r < 0) != (reason.length > 0))
		abort();
	judge(alerts);
	return 0;
}
