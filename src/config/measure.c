/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule measures, and how much of it is an alert. */
#include "config/types.h"

#include <errno.h>
#include <string.h>

static const char *limit_word(size_t i)
{
	return rule_limit_name((enum rule_limit)i);
}

static const char *counter_word(size_t i)
{
	return counter_name((enum tcp_counter)i);
}

/* What stands behind the name of a measure. */
static const struct {
	const char *what; /* NULL: nothing */
	const char *(*word)(size_t i);
	size_t count;
	size_t place; /* in struct rule, of its enum */
} operands[MEASURE_COUNT] = {
	[MEASURE_PERCENT] = {"LIMIT", limit_word, LIMIT_COUNT, offsetof(struct rule, limit)},
	[MEASURE_RATE] = {"COUNTER", counter_word, COUNTER_COUNT, offsetof(struct rule, counter)},
};

static int operand_parse(struct rule *rule, enum measure m, const char *word)
{
	void *place = (char *)rule + operands[m].place;

	if (!operands[m].what)
		return *word ? -EINVAL : 0;
	for (size_t i = 0; i < operands[m].count; i++) {
		if (strcmp(operands[m].word(i), word) == 0) {
			*(unsigned *)place = (unsigned)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int measure_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	size_t length = strcspn(text, " \t");
	const char *operand = text + length + strspn(text + length, " \t");
	struct rule *rule = s->object;

	(void)row;
	(void)bad;
	for (enum measure m = 0; m < MEASURE_COUNT; m++) {
		if (!config_is_word(text, length, measure_name(m)))
			continue;
		if (operand_parse(rule, m, operand) < 0)
			return -EINVAL;
		rule->measure = m;
		return 0;
	}
	return -EINVAL;
}

static void measure_print(const struct key_row *row, const void *object, FILE *out)
{
	enum measure m = ((const struct rule *)object)->measure;
	const void *place = (const char *)object + operands[m].place;

	(void)row;
	fputs(measure_name(m), out);
	if (operands[m].what)
		fprintf(out, " %s", operands[m].word(*(const unsigned *)place));
}

static void measure_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	for (enum measure m = 0; m < MEASURE_COUNT; m++)
		fprintf(out, "%s%s%s%s", m ? " or " : "", measure_name(m),
			operands[m].what ? " " : "", operands[m].what ? operands[m].what : "");
	for (enum measure m = 0; m < MEASURE_COUNT; m++) {
		if (!operands[m].what)
			continue;
		fprintf(out, "; %s is ", operands[m].what);
		for (size_t i = 0; i < operands[m].count; i++)
			fprintf(out, "%s%s", i ? ", " : "", operands[m].word(i));
	}
}

const struct value_type type_measure = {measure_parse, measure_print, measure_expect};

/* Largest numbers that a double holds exactly, and that nobody needs more of. */
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

void amount_expect(enum measure m, bool is_raise, FILE *out)
{
	struct range_of_quantity range = amount_range(m, is_raise);

	config_expect_quantity(amounts[m].quantity, &range, out);
}

double amount_round_down(enum measure m, double value)
{
	double step = amounts[m].quantity == QUANTITY_DURATION ? 1000 : 1;
	/* What a product of two such numbers lacks to a whole one is an error of its last bits. */
	uint64_t steps = (uint64_t)(value * amounts[m].scale / step + 1e-6);

	return (double)steps * step / amounts[m].scale;
}

static int raise_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	(void)row;
	(void)bad;
	return config_store_text(&s->entry->raise, text);
}

static int clear_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	(void)row;
	(void)bad;
	return config_store_text(&s->entry->clear, text);
}

static void amount_key_print(const struct key_row *row, const void *object, FILE *out)
{
	const struct rule *rule = object;

	amount_print(rule->measure, row->type == &type_raise ? rule->raise : rule->clear, out);
}

static void amount_key_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("an amount in the unit of the rule's measure", out);
}

const struct value_type type_raise = {raise_parse, amount_key_print, amount_key_expect};
const struct value_type type_clear = {clear_parse, amount_key_print, amount_key_expect};
