/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the configuration share: the table of keys, and what is known of a value beside
 * the value itself. */
#ifndef TCPSTATED_CONFIG_PRIVATE_H
#define TCPSTATED_CONFIG_PRIVATE_H

#include "basic/quantity.h"
#include "config/config.h"

enum config_section {
	SECTION_POLL,
	SECTION_OUTPUT,
	SECTION_ALERT,
	SECTION_EXEC,
	SECTION_COUNT,
};

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

/* Where something was set last; file is NULL for what is built in, else borrowed from
 * config_origins. */
struct value_origin {
	const char *file;
	unsigned line;
};

/* What is known of [poll] and [output], of one [alert NAME] or of one [exec NAME]. */
struct entry {
	struct value_origin header; /* where it is first named */
	struct value_origin keys[KEY_COUNT];
	bool is_broken; /* a value of it was refused: what depends on it is not looked at */
	/* raise and clear as they are written, until it is known in which unit; NULL: not */
	char *raise, *clear;
};

struct config_origins {
	char **files;
	size_t files_count;
	struct entry global;
	struct entry *rules; /* as config.rules */
	struct entry *execs; /* as config.execs */
};

struct key_row;

/* What a key is read into and printed from. */
struct subject {
	void *object; /* struct config, struct rule or struct exec_config, by the section */
	struct entry *entry;
};

/* Part of a value, that which is wrong. */
struct bad_word {
	const char *start;
	size_t length;
};

struct value_type {
	/* text may be written to. Returns 0, -ENOMEM, or an error of the value; *bad is all of it
	 * unless it is set. */
	int (*parse)(const struct key_row *row, const struct subject *s, char *text,
		struct bad_word *bad);
	void (*print)(const struct key_row *row, const void *object, FILE *out);
	void (*expect)(const struct key_row *row, FILE *out);
};

/* How the number is stored. */
enum store { STORE_UINT32, STORE_SIZE, STORE_DOUBLE, STORE_BOOL, STORE_ENUM };

struct key_row {
	enum config_section section;
	const char *name;
	const struct value_type *type;
	size_t place; /* in the subject's object */
	enum store store;
	/* of a number */
	enum quantity quantity;
	struct range_of_quantity range;
	const char *zero_word; /* another word for 0; NULL: none */
	/* of a word: those that there are, at the number that is stored; NULL where there is none
	 */
	const char *const *words;
	size_t words_count;
	/* of a file */
	bool takes_stdout;
	/* of an alert: the rules that it means something for; NULL: all */
	bool (*applies)(const struct rule *r);
	const char *only_with; /* which those are */
};

extern const struct key_row config_keys[KEY_COUNT];

const char *config_section_name(enum config_section s);

/* Finds a key of a section. Returns KEY_COUNT when it has none of that name. */
enum config_key config_key_find(enum config_section section, const char *name);

/* Whether it is a name of an [alert NAME] or an [exec NAME]. */
bool config_name_is_valid(const char *name, size_t length);

/* raise and clear are in the unit of the measure. */
int amount_parse(enum measure m, bool is_raise, const char *text, double *ret);
void amount_print(enum measure m, double value, FILE *out);
void amount_expect(enum measure m, bool is_raise, FILE *out);
/* The largest number that can be written and is not above value. */
double amount_round_down(enum measure m, double value);

/* Adds a sentence "FILE:LINE: 'WORD': expected ..." about an origin. Returns 0 or -ENOMEM. */
__attribute__((format(printf, 5, 6))) int config_errors_expected(struct config_errors *errors,
	const struct value_origin *at, const char *word, size_t length, const char *format, ...);

/* Adds a sentence. Takes it over; NULL is taken for memory that was not there. */
int config_errors_add(struct config_errors *errors, char *sentence);

/*
 * Settles what depends on several keys, once all files are read: units, defaults that follow from
 * other values, and what does not go together. Returns 0 or -ENOMEM; mistakes go to errors.
 */
int config_validate(struct config *c, struct config_errors *errors);

#endif
