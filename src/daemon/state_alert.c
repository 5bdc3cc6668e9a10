/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_alert.h"

#include "basic/cleanup.h"
#include "basic/number.h"
#include "output/event_json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* "STATE CHANGED_MS REPORTED_MS EVENT": an event says all there is to say of an alert, but these.
 */

void state_alert_add(struct string *s, const struct alert *alert)
{
	const struct alert_event e = {
		.time = alert->since,
		.alert = *alert,
		.explanation = {.cause = CAUSE_NONE},
	};
	cleanup_(freep) char *json = NULL;

	if (event_json_format(&e, &json) == 0)
		string_addf(s, "alert %s %" PRIu64 " %" PRIu64 " %s\n",
			name_of(alert_state_names, alert->state), alert->changed_ms,
			alert->reported_ms, json);
}

static bool parse_number(const char **text, const char *end, uint64_t *ret)
{
	return *(*text)++ == ' ' && scan_decimal(text, end, UINT64_MAX, ret) == 0;
}

int state_alert_parse(const char *text, struct alert *ret)
{
	const char *at = text + strcspn(text, " "), *end = text + strlen(text);
	const int state = name_find(alert_state_names, text, (size_t)(at - text));
	uint64_t changed_ms, reported_ms;
	struct alert_event e;
	int r;

	if (state <= ALERT_INACTIVE || !parse_number(&at, end, &changed_ms) ||
		!parse_number(&at, end, &reported_ms) || *at++ != ' ')
		return -EBADMSG;
	r = event_json_parse(at, (size_t)(end - at), &e);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	*ret = e.alert;
	ret->state = (enum alert_state)state;
	ret->changed_ms = changed_ms;
	ret->reported_ms = reported_ms;
	ret->rule.scope = ret->key.has_port ? SCOPE_PORT : SCOPE_TOTAL;
	return 0;
}
