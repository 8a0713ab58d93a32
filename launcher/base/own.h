/* Ownership that shows in the declaration: a variable marked with one of the
 * cleanup types below owns what it holds and gives it back at the end of its
 * scope; steal() and steal_fd() are the only ways in which it leaves.
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define own_with(f) __attribute__((cleanup(f)))

/* Takes the pointer out of a variable and leaves NULL there. */
#define steal(ptr)                                            \
	({                                                    \
		__typeof__(*(ptr)) *steal_at_ = (ptr);        \
		__typeof__(*(ptr)) steal_value_ = *steal_at_; \
		*steal_at_ = NULL;                            \
		steal_value_;                                 \
	})

/* Takes the descriptor out of a variable and leaves -1 there. */
static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

/* Closes a descriptor and forgets it; -1 means none, 0 is a descriptor like any other. */
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void own_free_(void *p)
{
	free(*(void **)p);
}

static inline void own_file_(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void own_dir_(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define own_free own_with(own_free_)
#define own_fd own_with(close_fd)
#define own_file own_with(own_file_)
#define own_dir own_with(own_dir_)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
