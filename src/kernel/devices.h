/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of network devices by their index, in the network namespace of this process, which is
 * that of the live source; attached to a recording, and read from it. Each is looked up once; a
 * name may change, so the next poll takes a new struct devices.
 */
#ifndef TCPSTATED_KERNEL_DEVICES_H
#define TCPSTATED_KERNEL_DEVICES_H

#include "basic/cleanup.h"
#include "kernel/sockets/source.h"
#include "model/sock_record.h"

#include <stdint.h>

struct devices;

/* source is borrowed. Returns 0 or -ENOMEM; free with devices_free. */
int devices_new(struct source *source, struct devices **ret);
struct devices *devices_free(struct devices *d); /* returns NULL; d may be NULL */
DEFINE_FREEP(devices)

/* Writes the name of a device, its number if it has none. */
void devices_name(struct devices *d, uint32_t index, char ret[DEVICE_NAME_SIZE]);

#endif
