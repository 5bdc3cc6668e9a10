/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads numbers out of text that need not end in a NUL. Each function starts at *text, reads
 * nothing at or behind end, and moves *text behind what it read; on failure *text and the results
 * are untouched.
 */
#ifndef TCPSTATED_BASIC_NUMBER_H
#define TCPSTATED_BASIC_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Read an unsigned number, at most max: no blank, sign or prefix before it. Return 0, -EINVAL when
 * there is no digit, or -ERANGE when the number is above max.
 */
int scan_decimal(const char **text, const char *end, uint64_t max, uint64_t *ret);
int scan_hex(const char **text, const char *end, uint64_t max, uint64_t *ret);

/* Reads "FIRST" or "FIRST-LAST", decimal. Returns 0, -EINVAL also when LAST is below FIRST, or
 * -ERANGE. */
int scan_range(
	const char **text, const char *end, uint64_t max, uint64_t *ret_first, uint64_t *ret_last);

/* Passes over a text that is expected; false: it is not there. */
bool scan_literal(const char **text, const char *end, const char *literal);

/* Reads the next line, without its line break, which end may stand for. Returns false when there are
 * no more. */
bool scan_line(
	const char **text, const char *end, const char **ret_line, const char **ret_line_end);

/* Passes over blanks and tabs. */
void scan_blanks(const char **text, const char *end);

#endif
