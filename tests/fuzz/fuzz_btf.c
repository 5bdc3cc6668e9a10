/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the kernel's type information. */
#include "kernel/memory/btf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf_wanted structs[] = {{.name = "tcp_sock", .member = "inet_conn"},
		{.name = "file"}, {.name = "sk_buff", .member = "next"}};

	/* Nothing is left of a BTF that is refused. */
	if (btf_find_types(data, size, structs, 3) < 0) {
		for (size_t i = 0; i < 3; i++)
			if (structs[i].size || structs[i].has_member)
				abort();
	}
	return 0;
}
