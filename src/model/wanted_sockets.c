/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/wanted_sockets.h"

#include "basic/array.h"

#include <stdlib.h>

/* The bits of a tag, from the lowest: 16 of the port, 1 of the side, 4 of the state, 4 of the
 * symptom plus one, 39 of what the service is bound to. */
#define SIDE_SHIFT    16
#define STATE_SHIFT   17
#define SYMPTOM_SHIFT 21
#define BINDING_SHIFT 25

_Static_assert(STATE_COUNT <= 16 && SYMPTOM_COUNT < 16, "a class must fit into its bits");

uint64_t service_binding(const struct service_key *k)
{
	return service_key_is_bound(k) ? service_key_hash(k) >> BINDING_SHIFT : 0;
}

uint64_t socket_class_tag(const struct socket_class *c)
{
	return c->port | (uint64_t)c->side << SIDE_SHIFT | (uint64_t)c->state << STATE_SHIFT |
	       (c->has_symptom ? (uint64_t)c->symptom + 1 : 0) << SYMPTOM_SHIFT |
	       c->binding << BINDING_SHIFT;
}

struct socket_class socket_class_of(uint64_t tag)
{
	const unsigned symptom = tag >> SYMPTOM_SHIFT & 15;

	return (struct socket_class){
		.port = (uint16_t)tag,
		.side = tag >> SIDE_SHIFT & 1,
		.binding = tag >> BINDING_SHIFT,
		.state = tag >> STATE_SHIFT & 15,
		.has_symptom = symptom,
		.symptom = symptom ? symptom - 1 : 0,
	};
}

void wanted_sockets_start(struct wanted_sockets *w)
{
	w->count = 0;
	w->omitted = 0;
}

/* Established connections of a server without a symptom are the most by far, and nothing is wrong
 * with them. */
static bool is_wanted(const struct socket_class *c)
{
	return c->has_symptom || c->side == SIDE_CLIENT || c->state == STATE_LISTEN ||
	       state_set_has(STATE_SET_CLOSING, c->state);
}

void wanted_sockets_observe(struct wanted_sockets *w, const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	const enum symptom symptom = symptom_of(r);
	const struct socket_class class = {
		.side = s->service.side,
		.port = s->service.port,
		.binding = service_binding(&s->service),
		.state = r->state,
		.has_symptom = symptom != SYMPTOM_COUNT,
		.symptom = symptom,
	};

	if (!r->inode || !is_wanted(&class))
		return;
	if (w->count == WANTED_SOCKETS_MAX || ARRAY_GROW(w->list, w->allocated, w->count + 1) < 0)
		w->omitted++;
	else
		w->list[w->count++] = (struct wanted_socket){r->inode, socket_class_tag(&class)};
}

void wanted_sockets_release(struct wanted_sockets *w)
{
	free(w->list);
	*w = (struct wanted_sockets){0};
}
