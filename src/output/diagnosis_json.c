/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/diagnosis_json.h"

#include "judge/diagnosis.h"
#include "output/words.h"

static struct json_object *advice(struct builder *b, const struct advice *a)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "why", build_string(b, a->why));
	build_put(b, o, "do", build_string(b, a->fix));
	return o;
}

static void put(struct builder *b, struct json_object *o, const struct diagnosis *d,
	enum symptom cause, symptom_set causes)
{
	const struct advice words = words_advice(d->id, cause);
	struct json_object *entry = advice(b, &words), *by_cause = build_object(b);

	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++) {
		const struct advice its = words_advice(d->id, c);

		if (causes & SYMPTOM_BIT(c))
			build_put(b, by_cause, name_of(cause_names, c), advice(b, &its));
	}
	build_put(b, entry, "see", build_string(b, words.see));
	build_put(b, entry, "causes", by_cause);
	build_put(b, o, d->id, entry);
}

void diagnosis_json_put(struct builder *b, struct json_object *o, const char *id)
{
	const struct diagnosis *d = id ? diagnosis_find(id) : NULL;

	if (d && !json_object_object_get_ex(o, d->id, NULL))
		put(b, o, d, CAUSE_NONE, d->causes);
}

void diagnosis_json_put_event(
	struct builder *b, struct json_object *o, const struct explanation *why)
{
	const struct diagnosis *d = why->id ? diagnosis_find(why->id) : NULL;

	if (d)
		put(b, o, d, why->cause, 0);
}
