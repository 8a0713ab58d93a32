/* The fake QEMU: what its files share. It uses nothing of vmlaunch, so that a mistake there cannot
 * be made twice; a mistake in here ends it with status 99 and a line on stderr.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#define MONITORS 8

/* ---- script.c: what to do, see README.md */

enum verb {
	DO_GREET,
	DO_GREET_SPLIT,
	DO_GREET_PRETTY,
	DO_DELAY,
	DO_WAIT,
	DO_GARBAGE,
	DO_RAW,
	DO_EVENT,
	DO_FLOOD,
	DO_CLOSE,
	DO_EXIT,
	DO_SIGNAL,
	DO_STDERR,
	DO_NOISE,
	DO_HANG,
	DO_IGNORE_TERM,
	DO_THREAD,
	DO_STATE,
	DO_REPLY,
	DO_REPLY_SPLIT,
	DO_BULK,
	DO_ERROR,
	DO_IGNORE,
	DO_DEFAULT,
};

struct action {
	enum verb verb;
	long number; /* of milliseconds, events, status or signal */
	char *word;  /* a command, an error's class, or a state */
	char *text;  /* with its \n, \xHH and so on already resolved */
	size_t len;
};

/* What to do when a command comes. */
struct rule {
	char *command;
	long nth;  /* only this time, from 1; 0: always */
	long seen; /* how often the command came */
	struct action action;
};

struct script {
	struct action *program; /* from the start, one after the other */
	size_t n_program;
	struct rule *rules;
	size_t n_rules;
	bool greets; /* the program has a greeting in it */
};

/* Reads a file; NULL gives an empty script. */
void script_read(struct script *script, const char *path);

/* ---- monitor.c: connections */

struct monitor {
	char id[32];
	int listen_fd; /* -1: connected from the start */
	int in, out;   /* the present client, -1: none */
	bool pretty;
	bool negotiated;
	struct json_tokener *tokener;
};

struct machine {
	struct monitor monitors[MONITORS];
	size_t n_monitors;
	struct script script;
	size_t at;	     /* the next action of the program */
	long until;	     /* when a delay is over, 0: there is none */
	const char *awaited; /* the command that the program waits for */
	bool hanging, ignores_term;
	bool greeted;	   /* the program has given its greeting */
	const char *state; /* of query-status */
	const char *name;
	int version[3];
};

/* Serves until the end. */
void serve(struct machine *machine) __attribute__((noreturn));

void send_json(struct monitor *monitor, json_object *object);
/* Sends an event to all who have negotiated; data may be NULL and is taken over. */
void send_event(struct machine *machine, const char *name, json_object *data);
void send_greeting(struct machine *machine, struct monitor *monitor, enum verb how);
/* Ends as QEMU does: with status 0 the sockets' paths are removed. */
void end(struct machine *machine, int status) __attribute__((noreturn));

/* ---- commands.c: what a QEMU that behaves does */

/* The value of "return" for a command, or NULL with class and description of an error. What it sets
 * off besides (events, the end) is done by the other two, before and after the reply is sent.
 */
json_object *obey(struct machine *machine, const char *command, json_object *arguments,
		  const char **class, const char **desc);
void before(struct machine *machine, const char *command);
void after(struct machine *machine, const char *command);
json_object *greeting(const struct machine *machine);
void print_list(const struct machine *machine, bool machines);

/* ---- qemu.c */

long now_ms(void);
/* Adds a line to FAKE_QEMU_LOG. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
