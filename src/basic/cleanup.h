/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership by the cleanup attribute. */
#ifndef TCPSTATED_BASIC_CLEANUP_H
#define TCPSTATED_BASIC_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_(f) __attribute__((cleanup(f)))

/* Hands the pointer over: the variable no longer owns what it points to. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

/* For cleanup_(): X_freep() of struct X, by its X_free(), which takes NULL and returns NULL. */
#define DEFINE_FREEP(x)                                                                            \
	static inline void x##_freep(struct x **p)                                                 \
	{                                                                                          \
		*p = x##_free(*p);                                                                 \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#endif
