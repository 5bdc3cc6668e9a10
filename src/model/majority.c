/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/majority.h"

void majority_vote(struct majority *m, uint64_t value, bool decides)
{
	if (decides && !m->by_listener)
		*m = (struct majority){.by_listener = true};
	if (!m->reported) {
		m->reported = true;
		m->value = value;
	}
	if (m->value != value)
		m->mixed = true;
	if (m->by_listener && !decides)
		return;
	if (m->value == value) {
		m->votes++;
	} else if (m->votes) {
		m->votes--;
	} else {
		m->value = value;
		m->votes = 1;
	}
}
