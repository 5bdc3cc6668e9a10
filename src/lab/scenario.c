/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/scenario.h"

#include "basic/macro.h"

#include <string.h>

const struct scenario *scenario_at(size_t index)
{
	const struct scenario *const tables[] = {scenarios_close, scenarios_fin_wait,
		scenarios_time_wait, scenarios_peer, scenarios_service, scenarios_ports};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct scenario *row = tables[i]; row->name; row++)
			if (index-- == 0)
				return row;
	return NULL;
}

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *scenario;

	for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++)
		if (strcmp(scenario->name, name) == 0)
			return scenario;
	return NULL;
}
