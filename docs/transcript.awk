# SPDX-License-Identifier: GPL-2.0-or-later
# Copies a page and runs each command in it, "$ tcpstated-lab run NAME" on the first line of a block;
# its output replaces the rest of that block. lab is the path of the program. A scenario that fails
# ends the copy with exit status 1.

inside && /^```$/ { inside = 0 }
inside { next }
{ print }

/^\$ tcpstated-lab run / {
	command = lab " run " $4
	blank = ""
	while ((command | getline line) > 0) {
		if (line == "") {
			blank = blank "\n"
			continue
		}
		printf "%s%s\n", blank, line
		blank = ""
	}
	if (close(command) != 0)
		exit 1
	inside = 1
}
