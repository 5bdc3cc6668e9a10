/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that always holds the newest snapshot, for programs that read it now and then.
 *
 * The target is its path. Its mode is 0644, and a reader finds the old or the new snapshot, each
 * complete (file_replace_at() of basic/file.h; PATH.new is what is being written). A snapshot of no
 * size removes the file. deliver() fails with -EEXIST when PATH exists and is neither a regular
 * file nor a symbolic link.
 */
#ifndef TCPSTATED_DELIVER_REPLACE_H
#define TCPSTATED_DELIVER_REPLACE_H

#include "deliver/output.h"

extern const struct output_ops replace_ops;

#endif
