/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule measures, and which value of it triggers an alert. */
#include "config/types.h"

#include <errno.h>
#include <string.h>

/* What follows the name of a measure. */
static const struct {
	const char *label; /* NULL: nothing */
	const struct names *words;
	size_t place; /* in struct rule, of its enum */
} operands[MEASURE_COUNT] = {
	[MEASURE_PERCENT] = {"LIMIT", &rule_limit_names, offsetof(struct rule, limit)},
	[MEASURE_RATE] = {"COUNTER", &counter_names, offsetof(struct rule, counter)},
};

/* Of a known measure only the operand is wrong, if it takes one. */
static int measure_parse(const struct value *v, char *text)
{
	size_t length = strcspn(text, " \t");
	const char *operand = text + length + strspn(text + length, " \t");
	struct rule *rule = v->object;
	void *place;
	int m = name_find(measure_names, text, length), i;

	if (m < 0) {
		config_refuse_word(v, text, length, KEY_MEASURE);
		return -EBADMSG;
	}
	if (!operands[m].label && *operand)
		return -EINVAL;
	if (operands[m].label) {
		i = name_parse(*operands[m].words, operand);
		if (i < 0) {
			const char *word = *operand ? operand : text;

			config_refuse_word(v, word, strlen(word), LIST_OPERANDS + (unsigned)m);
			return -EBADMSG;
		}
		place = (char *)rule + operands[m].place;
		*(unsigned *)place = (unsigned)i;
	}
	rule->measure = (enum measure)m;
	return 0;
}

static void measure_print(const struct key_row *row, const void *object, FILE *out)
{
	enum measure m = ((const struct rule *)object)->measure;
	const void *place = (const char *)object + operands[m].place;

	(void)row;
	fputs(name_of(measure_names, m), out);
	if (operands[m].label)
		fprintf(out, " %s", name_of(*operands[m].words, *(const unsigned *)place));
}

static void add_operands(struct expectation *e, enum measure m)
{
	string_addf(&e->text, "%s is ", operands[m].label);
	for (size_t i = 0; i < operands[m].words->count; i++)
		expectation_add_word(e, i ? ", " : "", name_of(*operands[m].words, i));
}

static void measure_expect(const struct key_row *row, struct expectation *e)
{
	struct nearest nearest;

	(void)row;
	if (e->list >= LIST_OPERANDS) {
		enum measure m = e->list - LIST_OPERANDS;

		string_addf(
			&e->text, "%s %s, where ", name_of(measure_names, m), operands[m].label);
		add_operands(e, m);
		return;
	}
	for (enum measure m = 0; m < MEASURE_COUNT; m++) {
		expectation_add_word(e, m ? " or " : "", name_of(measure_names, m));
		if (operands[m].label)
			string_addf(&e->text, " %s", operands[m].label);
	}
	/* No operand can stand alone. */
	nearest = e->nearest;
	for (enum measure m = 0; m < MEASURE_COUNT; m++) {
		if (!operands[m].label)
			continue;
		string_add(&e->text, "; ");
		add_operands(e, m);
		e->nearest = nearest;
	}
}

const struct value_type type_measure = {
	measure_parse, measure_print, measure_expect, .has_long_list = true};

/* The upper bounds are more than anybody needs, and exact in a double. */
static const struct {
	enum quantity quantity;
	double scale; /* of the quantity's unit to that of the rule */
	uint64_t max;
} amounts[MEASURE_COUNT] = {
	[MEASURE_SOCKETS] = {QUANTITY_NUMBER, 1, 1000000000},
	[MEASURE_MEMORY] = {QUANTITY_SIZE, 1, UINT64_C(1) << 50},
	[MEASURE_OLDEST] = {QUANTITY_DURATION, 1000, UINT64_C(168) * 3600000},
	[MEASURE_GROWTH] = {QUANTITY_DECIMAL, 1000, UINT64_C(1000000000) * 1000},
	[MEASURE_PERCENT] = {QUANTITY_PERCENT, 1000, 100000},
	[MEASURE_RATE] = {QUANTITY_DECIMAL, 1000, UINT64_C(1000000000) * 1000},
};

/* The smallest step of a duration is a whole second; clear may be 0. */
static struct range_of_quantity amount_range(enum measure m, bool is_raise)
{
	uint64_t step = amounts[m].quantity == QUANTITY_DURATION ? 1000 : 1;

	return (struct range_of_quantity){is_raise ? step : 0, amounts[m].max};
}

int amount_parse(enum measure m, bool is_raise, const char *text, double *ret)
{
	struct range_of_quantity range = amount_range(m, is_raise);
	uint64_t value;
	int r = quantity_parse(amounts[m].quantity, text, strlen(text), &range, &value);

	if (r < 0)
		return r;
	*ret = (double)value / amounts[m].scale;
	return 0;
}

void amount_print(enum measure m, double value, FILE *out)
{
	char buf[QUANTITY_SIZE_MAX];

	fputs(quantity_format(buf, amounts[m].quantity, (uint64_t)(value * amounts[m].scale + 0.5)),
		out);
}

void amount_describe(enum measure m, bool is_raise, struct string *out)
{
	struct range_of_quantity range = amount_range(m, is_raise);

	quantity_describe(out, amounts[m].quantity, &range);
}

double amount_round_down(enum measure m, double value)
{
	double step = amounts[m].quantity == QUANTITY_DURATION ? 1000 : 1;
	/* A product of two such numbers may miss a whole one by its last bits. */
	uint64_t steps = (uint64_t)(value * amounts[m].scale / step + 1e-6);

	return (double)steps * step / amounts[m].scale;
}

static bool is_raise_key(const struct key_row *row)
{
	return row == &config_keys[KEY_RAISE];
}

/* Kept as it is written: the measure, and with it the unit, may follow. */
static int amount_key_parse(const struct value *v, char *text)
{
	char **place = is_raise_key(v->row) ? &v->entry->raise : &v->entry->clear;

	return config_store_text(place, text);
}

static void amount_key_print(const struct key_row *row, const void *object, FILE *out)
{
	const struct rule *rule = object;

	amount_print(rule->measure, is_raise_key(row) ? rule->raise : rule->clear, out);
}

const struct value_type type_amount = {amount_key_parse, amount_key_print,
	.expected = "an amount in the unit of the rule's measure"};
