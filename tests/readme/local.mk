# SPDX-License-Identifier: GPL-2.0-or-later
# The README as a new user follows it: "make check-readme ROOT=DIRECTORY", as root; see tests/readme/check-readme.

EXTRA_DIST += tests/readme/check-readme tests/readme/try

.PHONY: check-readme
check-readme:
	TOP_SRCDIR='$(abs_top_srcdir)' QUICK='$(QUICK)' $(srcdir)/tests/readme/check-readme '$(ROOT)' '$(SUITE)'
