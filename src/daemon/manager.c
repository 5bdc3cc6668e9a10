/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/manager.h"

#include "basic/cleanup.h"
#include "basic/log.h"
#include "kernel/memory/object_sizes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* Logs every mistake. Returns as config_load(). */
static int load_configuration(const struct daemon_options *options, struct config **ret)
{
	cleanup_(config_errors_release) struct config_errors errors = {0};
	int r = config_load(options->config, ret, &errors);

	for (size_t i = 0; i < errors.count; i++)
		log_line(LOG_ERR, "%s", errors.list[i]);
	return r;
}

static int read_prices(struct manager *m)
{
	const char *slabinfo = m->options->slabinfo;
	int r = prices_read(m->source, slabinfo, &m->prices, &m->slab_bytes);

	if (r < 0)
		log_line(LOG_ERR, "%s: %s", slabinfo,
			r == -EBADMSG ? "not a slabinfo file" : strerror(-r));
	return r;
}

static int open_directory(struct manager *m)
{
	char text[PATH_MAX + 256];
	struct string error = STRING_IN(text);
	int r = state_directory_open(m->options->state_directory, &m->directory, &error);

	if (r < 0)
		log_line(LOG_ERR, "%s", text);
	return r;
}

static int make_parts(struct manager *m)
{
	int r = m->source->ops->origin(m->source, &m->origin);

	if (r == 0)
		r = tally_new(&m->tally);
	if (r == 0)
		r = ages_new(m->config->tracked_max, &m->ages);
	if (r == 0)
		r = owners_new(m->source, false, &m->owners);
	if (r == 0)
		r = alerts_new(&m->alerts);
	if (r == 0)
		r = alerts_set_rules(m->alerts, m->config->rules, m->config->rules_count);
	if (r < 0)
		return r;
	budget_init(&m->budget, m->config->interval_ms, m->config->cpu_budget_percent);
	m->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->notify_fd < 0)
		return -errno;
	return outputs_new(m->config, m->notify_fd, NULL, &m->outputs);
}

int manager_new(const struct daemon_options *options, struct source *source, uint64_t now_ms,
	struct manager **ret)
{
	cleanup_(manager_freep) struct manager *m = calloc(1, sizeof(*m));
	int r = -ENOMEM;

	if (m) {
		m->options = options;
		m->source = source;
		m->directory = (struct state_directory){.fd = -1, .lock_fd = -1};
		m->notify_fd = -1;
		if (load_configuration(options, &m->config) < 0 || read_prices(m) < 0)
			return DAEMON_USAGE;
		if (open_directory(m) < 0)
			return DAEMON_FAILED;
		r = make_parts(m);
	}
	if (r < 0) {
		log_line(LOG_ERR, "cannot start: %s", strerror(-r));
		return DAEMON_FAILED;
	}
	manager_restore(m, now_ms);
	*ret = TAKE_PTR(m);
	return 0;
}

/* In the opposite order; of a half-made one, too. */
struct manager *manager_free(struct manager *m)
{
	if (!m)
		return NULL;
	outputs_stop(m->outputs, 0);
	closep(&m->notify_fd);
	alerts_free(m->alerts);
	close_rates_release(&m->close_rates);
	growth_release(&m->growth);
	owners_free(m->owners);
	ages_free(m->ages);
	tally_free(m->tally);
	state_directory_close(&m->directory);
	config_free(m->config);
	free(m);
	return NULL;
}

/* Takes over new, or fails and changes nothing. */
static int apply(struct manager *m, struct config *new)
{
	struct outputs *outputs = NULL;
	int r = outputs_new(new, m->notify_fd, m->outputs, &outputs);

	if (r == 0)
		r = alerts_set_rules(m->alerts, new->rules, new->rules_count);
	if (r < 0) {
		outputs_stop(outputs, 0);
		log_line(LOG_ERR, "cannot apply the configuration: %s", strerror(-r));
		return r;
	}
	/* From here on nothing can fail. */
	outputs_replace(&m->outputs, outputs);
	ages_set_max(m->ages, new->tracked_max);
	budget_set(&m->budget, new->interval_ms, new->cpu_budget_percent);
	config_free(m->config);
	m->config = new;
	return 0;
}

int manager_reload(struct manager *m)
{
	cleanup_(config_freep) struct config *new = NULL;
	int r = load_configuration(m->options, &new);

	if (r == 0)
		r = apply(m, new);
	if (r == 0)
		(void)TAKE_PTR(new);
	if (r < 0)
		log_line(LOG_ERR,
			"the configuration was not reloaded: the previous configuration stays in "
			"force");
	else
		log_line(LOG_INFO, "the configuration was reloaded");
	return r;
}

static void log_report(int priority, const char *sentence, void *userdata)
{
	(void)userdata;
	log_line(priority, "%s", sentence);
}

void manager_report(struct manager *m)
{
	eventfd_t count;

	(void)eventfd_read(m->notify_fd, &count);
	outputs_take_reports(m->outputs, log_report, NULL);
}
