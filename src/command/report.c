/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/report.h"

#include "command/stdout.h"
#include "output/explain.h"
#include "output/json.h"
#include "output/sock_table.h"

#include <unistd.h>

static int print_json(
	const struct options *o, const struct single_poll *p, const struct holders *holders)
{
	const struct json_extras extras = {
		.processes = holders ? holders->processes : NULL,
		.sockets = o->sockets_max ? &p->sockets : NULL,
	};

	return json_print(stdout, &p->snapshot, &p->findings, &extras, isatty(STDOUT_FILENO));
}

static int print_text(
	const struct options *o, const struct single_poll *p, const struct holders *holders)
{
	const struct text_style style = stdout_style(o);
	int r = holders ? explain_print(stdout, &p->snapshot, &p->findings, holders, &style)
			: text_print(stdout, &p->snapshot, &p->findings, &style);

	if (r == 0 && o->sockets_max)
		r = sock_table_print(stdout, &p->sockets, &style);
	return r;
}

int report(const struct options *o, const struct single_poll *p, const struct holders *holders)
{
	int printed =
		stdout_finish(o->json ? print_json(o, p, holders) : print_text(o, p, holders));
	int recorded = single_poll_record(o, p);

	return recorded ? recorded : printed;
}
