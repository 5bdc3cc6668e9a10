/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/majority.h"

void majority_vote(struct majority *m, uint64_t value)
{
	if (!m->reported) {
		m->reported = true;
		m->value = value;
	}
	if (m->value != value)
		m->mixed = true;
	if (m->value == value) {
		m->votes++;
	} else if (m->votes) {
		m->votes--;
	} else {
		m->value = value;
		m->votes = 1;
	}
}
