/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of JSON documents share. Include unit.h before it. */
#ifndef TCPSTATED_TESTS_UNIT_JSON_H
#define TCPSTATED_TESTS_UNIT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static inline const char *source_folder(void)
{
	const char *top = getenv("TOP_SRCDIR");

	return top ? top : ".";
}

/* True when an installed schema, named by its file in contrib/, accepts the text. */
static inline bool schema_accepts(const char *schema, const char *text)
{
	const char *top = source_folder();
	char command[1024];
	FILE *validator;
	int status;

	snprintf(command, sizeof(command),
		"python3 '%s/tests/cli/validate_json.py' '%s/contrib/%s' >&2", top, top, schema);
	validator = popen(command, "w");
	assert_non_null(validator);
	fputs(text, validator);
	status = pclose(validator);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0;
}

/* The text of the value at a JSON pointer. */
static inline const char *at(struct json_object *doc, const char *pointer)
{
	struct json_object *value = NULL;

	if (json_pointer_get(doc, pointer, &value) != 0)
		fail_msg("there is no %s in %s", pointer, json_object_to_json_string(doc));
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE);
}

#endif
