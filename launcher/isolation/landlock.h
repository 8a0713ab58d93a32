/* Landlock (linux/landlock.h, Documentation/userspace-api/landlock.rst): what a process and all
 * that it becomes may still reach of the file system. It needs no privilege, and is never given
 * back.
 *
 * The constants stand here, as the header of Debian 12 ends with the second version.
 */
#ifndef ISOLATION_LANDLOCK_H
#define ISOLATION_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The rights that are asked for by kind. Each that the kernel does not know yet is left out. */
enum landlock_kind {
	LANDLOCK_READ,	  /* what is there, beneath a directory too; ioctl of devices */
	LANDLOCK_PROGRAM, /* the same, and to run it */
	LANDLOCK_WRITE,	  /* read and write, and beneath a directory make and remove as well */
	LANDLOCK_ALL,	  /* the same, and to run it */
	LANDLOCK_SOCKETS, /* make sockets in a directory, and nothing else */
	LANDLOCK_KINDS,
};

struct landlock_rule {
	const char *path; /* "~/x" is in $HOME; what is not there is passed over */
	enum landlock_kind kind;
};

/* Beyond files; a kernel that does not know one leaves it out. */
struct landlock_scope {
	bool signals;  /* no signal to a process outside */
	bool abstract; /* no connection to an abstract socket that was made outside */
};

/* The version of the kernel's Landlock; 0: none, or switched off. */
int landlock_version(void);

/* What a version lacks of what is asked for here, as a clause; NULL: nothing. */
const char *landlock_lacks(int version);

/* Restricts the calling thread to the rules, for reading, writing and running; ptrace of processes
 * outside is denied with it. The process must have no_new_privs. True also where the kernel has no
 * Landlock. False with errno set.
 */
bool landlock_restrict(const struct landlock_rule *rule, size_t n, struct landlock_scope scope);

/* The same for writing and running alone: all may be read. */
bool landlock_restrict_writing(const struct landlock_rule *rule, size_t n,
			       struct landlock_scope scope);

#endif
