/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of config/ share: the table of keys, where each value comes from, and the list of
 * mistakes. */
#ifndef TCPSTATED_CONFIG_PRIVATE_H
#define TCPSTATED_CONFIG_PRIVATE_H

#include "basic/names.h"
#include "basic/nearest.h"
#include "basic/quantity.h"
#include "basic/string.h"
#include "config/config.h"

enum config_section {
	SECTION_POLL,
	SECTION_OUTPUT,
	SECTION_ALERT, /* from here on each has a name of its own: [alert NAME] */
	SECTION_EXEC,
	SECTION_COUNT,
};

/* "poll", "output", "alert", "exec" */
extern const struct names config_section_names;

/* In the order in which they are printed. */
enum config_key {
	KEY_INTERVAL,
	KEY_CPU_BUDGET,
	KEY_TRACKED_SOCKETS,
	KEY_LISTED_PORTS,
	KEY_SNAPSHOTS,
	KEY_SNAPSHOT_FILE,
	KEY_EVENTS,
	KEY_JOURNAL,
	KEY_ENABLED,
	KEY_SEVERITY,
	KEY_STATES,
	KEY_PORTS,
	KEY_SIDE,
	KEY_OWNERSHIP,
	KEY_OLDER_THAN,
	KEY_MEASURE,
	KEY_WINDOW,
	KEY_SCOPE,
	KEY_RAISE,
	KEY_CLEAR,
	KEY_FOR,
	KEY_KEEP,
	KEY_REPEAT,
	KEY_COMMAND,
	KEY_TIMEOUT,
	KEY_ALERTS,
	KEY_COUNT,
};

/* A set of keys: bit N is enum config_key N. */
#define KEY_BIT(k) (UINT32_C(1) << (k))

struct config_file {
	struct config_file *previous;
	unsigned number; /* in the order of reading */
	char name[];
};

/* Where something was set last. */
struct value_origin {
	const struct config_file *file; /* NULL: built in. Borrowed from config_origins. */
	unsigned line;
};

/* What is known of [poll] and [output], of one [alert NAME] or of one [exec NAME]. */
struct entry {
	struct value_origin header; /* where it is first named */
	struct value_origin keys[KEY_COUNT];
	uint32_t mistaken; /* the keys with a mistake: what depends on them is not checked */
	/* raise and clear as they are written, until their unit is known; NULL: not given */
	char *raise, *clear;
};

struct config_origins {
	struct config_file *files; /* the last one */
	struct entry global;
	struct entry *rules; /* as config.rules */
	struct entry *execs; /* as config.execs */
	/* what is allocated, of these and of what they go with */
	size_t rules_allocated, rule_entries_allocated;
	size_t execs_allocated, exec_entries_allocated;
};

/* The lists of accepted words by number: those of each key, of each section's keys, and of each
 * measure's operands. */
enum {
	LIST_KEYS = KEY_COUNT,                     /* and the section */
	LIST_OPERANDS = LIST_KEYS + SECTION_COUNT, /* and the measure */
};

/* What was expected in place of a word, and which of the accepted words is close to it. */
struct expectation {
	struct string text;
	struct nearest nearest;
	char buffer[1536]; /* of text */
	unsigned list;     /* of accepted words: that of the key, or one of LIST_OPERANDS */
};

struct key_row;

/* A value that is being read. */
struct value {
	const struct key_row *row;
	void *object; /* struct config, struct rule or struct exec_config, by the section */
	struct entry *entry;
	struct value_origin at;
	struct config_errors *errors;
};

struct value_type {
	/* text may be written to. Returns 0, -ENOMEM, -EBADMSG after config_refuse_word(), or
	 * another error when all of the value is wrong. */
	int (*parse)(const struct value *v, char *text);
	void (*print)(const struct key_row *row, const void *object, FILE *out);
	void (*expect)(const struct key_row *row, struct expectation *e); /* NULL: expected */
	const char *expected;
	bool has_long_list; /* expect() lists many words: once is enough */
};

/* How a number or the number of a word is stored. */
enum store {
	STORE_INTEGER, /* of size bytes: also a bool, an enum or a set of bits */
	STORE_DOUBLE,  /* of thousandths */
	STORE_SIDES,   /* bool[SIDE_COUNT]; SIDE_COUNT is both */
};

struct key_row {
	enum config_section section;
	const char *name;
	const struct value_type *type;
	size_t place, size; /* in the section's object */
	enum store store;
	/* of a number */
	enum quantity quantity;
	struct range_of_quantity range;
	const char *zero_word; /* another word for 0; NULL: none */
	/* of one word or of a set of them: the accepted ones, from first on */
	const struct names *words;
	size_t first;
	int (*find)(const char *word); /* in place of name_parse(); NULL: that */
	/* of a set */
	const char *all_word;
	uint64_t all;
	/* of a file */
	bool takes_stdout;
	/* of an alert: the rules that it means something for; NULL: all */
	bool (*applies)(const struct rule *r);
	const char *only_with; /* which those are */
};

extern const struct key_row config_keys[KEY_COUNT];

/* Finds a key of a section. Returns KEY_COUNT when it has none of that name. */
enum config_key config_key_find(enum config_section section, const char *name, size_t length);

/* Whether name[0..length) can name an [alert NAME] or an [exec NAME]. */
bool config_name_is_valid(const char *name, size_t length);

/* raise and clear are in the unit of the measure. */
int amount_parse(enum measure m, bool is_raise, const char *text, double *ret);
void amount_print(enum measure m, double value, FILE *out);
void amount_describe(enum measure m, bool is_raise, struct string *out);
/* The largest number that can be written and is not above value. */
double amount_round_down(enum measure m, double value);

/* -- mistakes: without memory for one, errors->error is set ----------------------------------- */

/* Starts an expectation; word[0..length) is what accepted words are compared with. Borrowed. */
void expectation_start(struct expectation *e, const char *word, size_t length);

/* Adds an accepted word, after the separator. */
void expectation_add_word(struct expectation *e, const char *separator, const char *word);

/* Puts "as listed above" in place of a list of accepted words, which the text has from start on, if
 * an earlier mistake has it. */
void expectation_list_once(
	struct expectation *e, size_t start, unsigned list, struct config_errors *errors);

/* Adds "FILE:LINE: 'WORD': expected ...". */
__attribute__((format(printf, 5, 6))) void config_errors_expected(struct config_errors *errors,
	const struct value_origin *at, const char *word, size_t length, const char *format, ...);

/* The same with "; did you mean 'X'?" if an accepted word is close. */
void config_errors_expectation(struct config_errors *errors, const struct value_origin *at,
	const char *word, size_t length, const struct expectation *e);

/* The same about a value: word[0..length) is not in the list. NULL: there is no value. */
void config_refuse_word(const struct value *v, const char *word, size_t length, unsigned list);

/* Adds a sentence about a file, or with a suffix about what is named so. */
void config_errors_file(struct config_errors *errors, const struct config_file *file,
	const char *suffix, const char *sentence);

/* -- the steps ------------------------------------------------------------------------------- */

/* Makes the configuration without any file. Returns 0 or -ENOMEM. */
int config_new(struct config **ret);

/* Add a rule or a command with its entry, all zero. Return 0 or -ENOMEM. */
int config_add_rule(struct config *c, const struct rule *rule);
int config_add_exec(struct config *c, const struct exec_config *exec);

/* Reads the text of one file, which ends in a NUL and is written to. Mistakes go to errors. Returns
 * 0 or -ENOMEM. */
int config_read_text(struct config *c, const struct config_file *file, char *text, size_t size,
	struct config_errors *errors);

/* Checks what depends on several keys, once all files are read, and fills in what follows from
 * other values: units, and defaults. Mistakes go to errors. */
void config_validate(struct config *c, struct config_errors *errors);

#endif
