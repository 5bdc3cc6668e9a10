/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets/chosen_ports.h"

#include "basic/cleanup.h"
#include "kernel/sockets/sock_diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ATTACHMENT_NAME "chosen-ports"

/* An empty list is no list of ports. */
static int parse(const char *text, struct port_set *ret)
{
	const char *word;
	size_t length;

	memset(ret, 0, sizeof(*ret));
	return *text && port_set_parse(ret, text, &word, &length) < 0 ? -EBADMSG : 0;
}

static void attach(struct source *source, const struct port_set *ports)
{
	struct string text = string_up_to(ATTACHMENT_MAX);
	cleanup_(freep) char *list = port_set_format(ports);

	if (!list)
		return;
	string_add(&text, list);
	/* The recorder itself reports a failure. */
	(void)source_attach(source, ATTACHMENT_NAME, &text);
}

int chosen_ports_read(struct source *source, struct port_set *ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = source->ops->read_file(source, ATTACHMENT_NAME, &text, &size);

	if (r == 0)
		return parse(text, ret);
	if (source->replayed)
		return r;
	r = sock_diag_chosen_ports(ret);
	if (r == 0)
		attach(source, ret);
	return r;
}
