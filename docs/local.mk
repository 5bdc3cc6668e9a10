# SPDX-License-Identifier: GPL-2.0-or-later
# Pages to read, and the generator of their transcripts.

EXTRA_DIST += docs/closing.md docs/install.md docs/measurements.md docs/transcript.awk

.PHONY: docs-transcript
docs-transcript: tcpstated-lab
	$(AWK) -v lab=./tcpstated-lab -f $(srcdir)/docs/transcript.awk \
		$(srcdir)/docs/closing.md >closing.md.new
	mv closing.md.new $(srcdir)/docs/closing.md
