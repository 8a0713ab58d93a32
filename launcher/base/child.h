/* How a process is started: the one place that forks, but for the keeper's way out of its parents
 * (act/place.c). A child has what is named here and nothing else of ours: its descriptors, its
 * signals, its session. child.c has the order in which it gets them, and why.
 *
 * A child that was made waits until it is let go, so that whatever must know of it first (a record,
 * a keeper, a pidfd) does; when we die before that, it ends without having done anything.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One of our descriptors, and the number that it has in the child. ours -1: none, which for 0 to 2
 * is /dev/null, as it is for those of them that are not named at all.
 */
struct child_fd {
	int ours, number;
};

enum child_signals {
	/* As a program expects them: none blocked, none ignored. */
	CHILD_SIGNALS_FRESH,
	/* The same, but for SIGTERM and SIGHUP, which systemd sends to all that is in a session
	 * when it ends: a guest that shuts down by its power button needs QEMU, and what that is
	 * joined to, until it is down. What is blocked stays so over an exec; SIGINT ends these
	 * programs.
	 */
	CHILD_SIGNALS_NO_SESSION,
	/* As our caller had them (nohup): none blocked, and what we ignore ourselves (SIGPIPE,
	 * SIGTTIN, SIGTTOU) is not ignored.
	 */
	CHILD_SIGNALS_CALLERS,
};

/* What is done in the child when it is let go, where nothing is open but its own descriptors; it
 * returns 0 or an errno. What it changes in memory nobody sees.
 */
typedef int child_fn(void *context);

/* What is to become of a child. */
struct child_way {
	/* A program, its arguments from its name on; NULL: the function is all of it. */
	const char *const *argv;
	const char *program;		/* its path; NULL: argv[0] is one */
	const char *const *environment; /* NULL: ours, with what the function changed in it */

	child_fn *function; /* NULL: none; 0 is needed to become the program */
	void *context;

	const struct child_fd *fd;
	size_t fds;
	enum child_signals signals;
	int dies_by;	   /* the signal that it gets when we die (PR_SET_PDEATHSIG), 0: none */
	bool same_session; /* and process group: Ctrl-C is for it too; else it leads its own */
	bool complains;	   /* why there is no program is also said on its standard error */
};

struct child {
	pid_t pid;  /* 0: none, or reaped */
	int pidfd;  /* readable when it has ended */
	int talk;   /* readable when it has something to tell; -1: nothing (more) comes */
	bool told;  /* result has come */
	int result; /* an errno: why there is no program, or what a function alone returned */
};

#define CHILD_NONE ((struct child){.pidfd = -1, .talk = -1})

/* Closes what is open of it here; reaps nothing, and a child that was not let go ends. */
void child_close(struct child *child);
#define own_child own_with(child_close)

/* Makes a child that waits. Returns 0 or an errno; then there is none. */
int child_make(struct child *child, const struct child_way *way);

/* Lets it go, without waiting for anything. Returns 0 or an errno; then it has ended. */
int child_let_go(struct child *child);

/* It is not to be let go, or has told why there is no program: it ends, and is reaped. */
void child_cancel(struct child *child);

/* Takes what it tells, if it has: with wait, after however long that takes. Nothing more comes when
 * talk is -1: a program runs, or the child has ended.
 */
void child_hear(struct child *child, bool wait);

/* All of these: returns 0 when the program runs (a function: when it is done), else an errno, of
 * what failed or that the child told; then it has been reaped.
 */
int child_start(struct child *child, const struct child_way *way);

/* A pipe for what a child says: ours to read from, its to write to. False with errno set. */
bool child_pipe(int *ours, int *its);

/* Waits until it has ended, and reaps it. *status (may be NULL) is as waitpid(2) has it; false when
 * that is lost, since somebody ignores SIGCHLD.
 */
bool child_reap(struct child *child, int *status);

/* Sends it a signal, if it has not been reaped; false with errno set. */
bool child_signal(const struct child *child, int sig);

#endif
