/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/held.h"

#include "basic/array.h"
#include "basic/macro.h"

#include <stdlib.h>

/* The bits of a group, from the lowest: 16 of the port, 1 of the side, 4 of the state, 4 of the
 * sign and one. */
#define SIDE_SHIFT    16
#define STATE_SHIFT   17
#define SYMPTOM_SHIFT 21

_Static_assert(STATE_COUNT <= 16 && SYMPTOM_COUNT < 16, "a class must fit into its bits");

uint32_t held_group(const struct held_class *c)
{
	return c->port | (uint32_t)c->side << SIDE_SHIFT | (uint32_t)c->state << STATE_SHIFT |
	       (c->has_symptom ? (uint32_t)c->symptom + 1 : 0) << SYMPTOM_SHIFT;
}

struct held_class held_class_of(uint32_t group)
{
	const uint32_t symptom = group >> SYMPTOM_SHIFT & 15;

	return (struct held_class){
		.port = (uint16_t)group,
		.side = group >> SIDE_SHIFT & 1,
		.state = group >> STATE_SHIFT & 15,
		.has_symptom = symptom,
		.symptom = symptom ? symptom - 1 : 0,
	};
}

void held_start(struct held *h)
{
	h->count = 0;
	h->omitted = 0;
}

static bool grow(struct held *h)
{
	return h->count < HELD_MAX && ARRAY_GROW(h->list, h->allocated, h->count + 1) == 0;
}

void held_observe(struct held *h, const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	struct held_class class = {.side = s->side, .port = s->port, .state = r->state};

	if (!r->inode)
		return;
	class.has_symptom = symptom_of(r, &class.symptom);
	/* What is left are a server's connections in which nothing is wrong: the most by far. */
	if (!class.has_symptom && s->side == SIDE_SERVER && r->state != STATE_LISTEN &&
		!state_set_has(STATE_SET_CLOSING, r->state))
		return;
	if (grow(h))
		h->list[h->count++] = (struct held_socket){r->inode, held_group(&class)};
	else
		h->omitted++;
}

void held_release(struct held *h)
{
	free(h->list);
	*h = (struct held){0};
}
