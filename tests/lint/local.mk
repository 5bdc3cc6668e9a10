# SPDX-License-Identifier: GPL-2.0-or-later
# What reads the sources: "make check-lint". Not part of "make check", since the tools' messages change with their versions.

lint_tests = \
	tests/lint/build.lint \
	tests/lint/clang-tidy.lint \
	tests/lint/cppcheck.lint \
	tests/lint/docs.lint \
	tests/lint/helpers.lint \
	tests/lint/includes.lint \
	tests/lint/mandoc.lint \
	tests/lint/musl.lint \
	tests/lint/shellcheck.lint \
	tests/lint/unit.lint \
	tests/lint/wording.lint

TEST_EXTENSIONS += .lint
LINT_LOG_DRIVER = $(LOG_DRIVER)
LINT_LOG_COMPILER = $(watchdog)

EXTRA_DIST += $(lint_tests) tests/lint/lib.sh tests/lint/wording.txt .clang-tidy bootstrap .ci/run CONTRIBUTING.md

.PHONY: check-lint
check-lint:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(lint_tests)'
