/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --check-config": prints the configuration in force, or every mistake in it. */
#include "basic/cleanup.h"
#include "basic/log.h"
#include "command/command.h"
#include "command/stdout.h"
#include "config/config.h"

#include <string.h>

int check_config_run(const struct options *o)
{
	cleanup_(config_freep) struct config *config = NULL;
	cleanup_(config_errors_release) struct config_errors errors = {0};
	int r = config_load(o->config, &config, &errors);

	for (size_t i = 0; i < errors.count; i++)
		log_line(LOG_ERR, "%s", errors.list[i]);
	if (r < 0) {
		if (!errors.count)
			log_line(LOG_ERR, "cannot read the configuration: %s", strerror(-r));
		return EXIT_USAGE;
	}
	config_print(config, stdout);
	return stdout_finish(0);
}
