/* Processes by a name that is never given to another: pid and start time, within one boot. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;	/* 0: none */
	uint64_t start; /* clock ticks after boot (proc(5), stat, field 22); 0: no such process */
};

/* Field n (from 3) of the text of /proc/PID/stat or of a thread's (proc(5)), a pointer into it;
 * NULL where it has none. The name before them may hold any byte.
 */
const char *process_stat_field(const char *stat, unsigned n);

struct process process_of(pid_t pid);

/* How it is: GONE when no thread of it lives. One whose threads have all ended and that waits to be
 * reaped is gone, and one whose first thread has ended is not. STOPPED (SIGSTOP, Ctrl-Z) is deaf
 * for now.
 */
enum process_state { PROCESS_GONE, PROCESS_LIVES, PROCESS_STOPPED };
enum process_state process_look(struct process process);
bool process_alive(struct process process);
bool process_stopped(struct process process);

/* A descriptor that becomes readable when the process is gone; -1 when it is gone already. */
int process_watch(struct process process);

/* Whether it runs, or would if there were a processor for it: so it is not one that waits in vain.
 */
bool process_runs(pid_t pid);

/* A number that grows while the process works (processor time, pages that were fetched, its own and
 * those of children that it has waited for): who has a limit for silence can tell one that is slow,
 * on a busy machine, from one that hangs. 0: no such process.
 */
uint64_t process_progress(pid_t pid);

/* Milliseconds that its first thread stood in line for a processor while others had them all: what
 * a busy computer took of a limit, which is no fault of the process. The second number of
 * /proc/PID/schedstat (the kernel's Documentation/scheduler/sched-stats.rst), in nanoseconds there;
 * 0 where there is no such process, or the kernel does not count it.
 */
int64_t process_in_line_ms(pid_t pid);

/* KiB of huge pages that a process has touched (proc(5), status, HugetlbPages); 0 where none. */
uint64_t process_huge_kb(pid_t pid);

/* The real uid of a process, or -1 when there is none. */
uid_t process_uid(pid_t pid);

/* The namespaces in which processes have their numbers and start times, in the words of /proc
 * (pid_namespaces(7), time_namespaces(7)); the caller owns it.
 */
char *process_namespaces(void);

/* This boot's id (random(4)), or ""; the caller owns it. */
char *process_boot_id(void);
/* Whether boot_id is that; it is read once, however often it is asked. */
bool process_is_of_this_boot(const char *boot_id);

#endif
