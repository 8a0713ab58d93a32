/* The threads of a process, and what it has of the host: how much processor time and memory. A user
 * may read that of the user's own processes.
 */
#ifndef HOST_THREADS_H
#define HOST_THREADS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/root.h"

struct thread {
	pid_t id;
	char *name;	   /* any bytes: each thread chooses its own */
	char state;	   /* R, S, D, T, ... as proc(5) has it */
	uint64_t used_ms;  /* processor time so far */
	int64_t waited_ms; /* for a processor, so far; -1: the kernel does not count it */
	int processor;	   /* where it ran last */
	char *may;	   /* where it may run, in the kernel's list form: "0-3,8" */
};

struct thread_list {
	struct thread *v;
	size_t n;
};

/* In the order of their ids; none where the process is gone or another user's. */
void threads_read(struct thread_list *list, const struct root *root, pid_t pid);
void threads_free(struct thread_list *list);
#define own_thread_list own_with(threads_free)

/* The thread of that id, or NULL. */
const struct thread *threads_find(const struct thread_list *list, pid_t id);

/* What a whole process has, threads that have ended among it. 0 where nothing is known. */
struct process_use {
	uint64_t used_ms;
	uint64_t resident_kb; /* without huge pages of hugetlbfs */
	uint64_t huge_kb;     /* of hugetlbfs, as far as they were touched */
	uint64_t swap_kb;
};

void process_use_read(struct process_use *use, const struct root *root, pid_t pid);

#endif
