/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration as an object: its defaults, and who frees what. */
#include "basic/array.h"
#include "basic/cleanup.h"
#include "config/private.h"

#include <errno.h>
#include <string.h>

struct config *config_free(struct config *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->rules_count; i++) {
		free((struct service_set *)(uintptr_t)c->rules[i].ports);
		free(c->origins->rules[i].raise);
		free(c->origins->rules[i].clear);
	}
	for (size_t i = 0; i < c->execs_count; i++) {
		free(c->execs[i].command);
		free(c->execs[i].alerts);
	}
	if (c->origins) {
		while (c->origins->files) {
			struct config_file *file = c->origins->files;

			c->origins->files = file->previous;
			free(file);
		}
		free(c->origins->rules);
		free(c->origins->execs);
		free(c->origins);
	}
	free(c->rules);
	free(c->execs);
	free(c->snapshots);
	free(c->snapshot_file);
	free(c->events);
	free(c);
	return NULL;
}

int config_add_rule(struct config *c, const struct rule *rule)
{
	struct config_origins *o = c->origins;
	size_t i = c->rules_count;

	if (ARRAY_GROW(c->rules, o->rules_allocated, i + 1) < 0 ||
		ARRAY_GROW(o->rules, o->rule_entries_allocated, i + 1) < 0)
		return -ENOMEM;
	c->rules[i] = *rule;
	o->rules[i] = (struct entry){0};
	c->rules_count++;
	return 0;
}

int config_add_exec(struct config *c, const struct exec_config *exec)
{
	struct config_origins *o = c->origins;
	size_t i = c->execs_count;

	if (ARRAY_GROW(c->execs, o->execs_allocated, i + 1) < 0 ||
		ARRAY_GROW(o->execs, o->exec_entries_allocated, i + 1) < 0)
		return -ENOMEM;
	c->execs[i] = *exec;
	o->execs[i] = (struct entry){0};
	c->execs_count++;
	return 0;
}

/* A built-in rule leaves out what has no meaning for its measure; with another measure it may. */
static struct rule complete(const struct rule *built_in)
{
	const struct rule fresh = RULE_DEFAULT;
	struct rule r = *built_in;

	if (!rule_selects_sockets(&r)) {
		r.states = fresh.states;
		r.ownerships = fresh.ownerships;
		memcpy(r.sides, fresh.sides, sizeof(r.sides));
	}
	if (!r.window_ms)
		r.window_ms = fresh.window_ms;
	return r;
}

int config_new(struct config **ret)
{
	cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->origins = calloc(1, sizeof(*c->origins));
	if (!c->origins)
		return -ENOMEM;
	c->interval_ms = 5000;
	c->cpu_budget_percent = 1;
	c->tracked_max = 262144;
	c->ports_max = 50;
	c->journal = true;
	for (size_t i = 0; i < built_in_rules_count; i++) {
		const struct rule rule = complete(&built_in_rules[i]);

		if (config_add_rule(c, &rule) < 0)
			return -ENOMEM;
	}
	*ret = TAKE_PTR(c);
	return 0;
}
