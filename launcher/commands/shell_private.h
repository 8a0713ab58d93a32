/* What the files of the shell share. */
#ifndef COMMANDS_SHELL_PRIVATE_H
#define COMMANDS_SHELL_PRIVATE_H

#include <stdio.h>

#include "look.h"
#include "qmp/editor.h"
#include "request.h"
#include "shell.h"
#include "terminal.h"

struct shell {
	struct session *session;
	struct terminal terminal;
	char state[32];		/* QEMU's word for how the guest is; "" not known */
	uint64_t state_id;	/* of the query-status under way; 0: none */
	char *events;		/* patterns of names that are shown; NULL: none are */
	FILE *transcript;	/* JSON lines of all that is sent and comes; NULL: none */
	char *panic;		/* what the last GUEST_PANICKED told, NULL: none */
	char *damage;		/* and the last MEMORY_FAILURE */
	const char *typed;	/* the whole line that is performed */
	unsigned nested;	/* how many words that perform a line stand before this one */
	bool failed;		/* the line could not be performed, or not to its end */
	struct error **problem; /* takes QEMU's refusals; NULL: they are said */
	bool raw, leave, lost;
	bool json; /* no tables */
};

/* Says something above the line. */
void shell_say(struct shell *shell, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The line's prompt, which the caller owns. */
char *shell_prompt(const struct shell *shell);

/* Sends a command and waits for its answer, which the caller owns; events are shown meanwhile.
 * False when there is none (refused, lost, Ctrl-C), which has been said; the line has failed then.
 */
bool shell_request(struct shell *shell, const struct request *request, json_object **answer);
/* The same for a command without more; takes over arguments (may be NULL). */
bool shell_ask(struct shell *shell, const char *command, json_object *arguments,
	       json_object **answer);
/* Prints an answer: a table, JSON, or HMP's text. */
void shell_answer(struct shell *shell, const struct request *request, json_object *answer);
/* Asks the person; true for yes. */
bool shell_sure(struct shell *shell, const char *question);
/* Waits until time is up (milliseconds, -1: for ever) or an event comes that is name with these
 * data (NULL: none ends it); false for Ctrl-C or a lost connection. *came (may be NULL): the event
 * did.
 */
bool shell_wait(struct shell *shell, int ms, const char *name, const char *conditions, bool *came);
/* Reads and performs a line, which is shell->typed or a part of it. */
void shell_line(struct shell *shell, const char *line);

/* What stands behind a word, for Tab. */
enum shell_takes {
	TAKES_NOTHING,
	TAKES_LINE,
	TAKES_WORD_AND_LINE,
	TAKES_FILE_AND_COMMAND,
	TAKES_FILE,
	TAKES_EVENT,
	TAKES_EVENT_FILTER,
	TAKES_USB,
};

/* A word of the shell's own: what follows it on the line is rest. A new one is a row in one of the
 * tables and its function; takes may be left out.
 */
struct shell_word {
	const char *name, *usage, *help;
	void (*run)(struct shell *shell, const char *rest);
	enum shell_takes takes;
	const struct look *look; /* what it does instead; NULL: run */
};

/* The word of len bytes, or NULL. */
const struct shell_word *shell_word_of(const char *name, size_t len);

/* Performs one of the words that look, with what follows it on the line, and prints what is found.
 */
void shell_look(struct shell *shell, const struct shell_word *word, const char *rest);
/* The same as text, which the caller owns; NULL where nothing was found, which has been said. */
char *shell_look_text(struct shell *shell, const struct shell_word *word, const char *rest);

/* Words of the shell, and those that look at the guest; each ended by a row without a name. */
extern const struct shell_word SHELL_WORDS[], SHELL_LOOKS[];

/* Adds what was "sent" or "received" to the transcript, if there is one. */
void shell_transcript_add(struct shell *shell, const char *direction, json_object *message);
/* Begins one in a file, or ends it ("off"). */
void shell_transcript_set(struct shell *shell, const char *path);

/* Lines that were typed before, to this machine. */
void shell_history_read(struct shell *shell);
void shell_history_write(struct shell *shell);
void shell_history_add(struct shell *shell, const char *line);

/* Tab: completes what stands before the cursor, or lists what could. */
void shell_complete(struct shell *shell);

/* Live names for the value at a path, as struct completing wants them. */
char **shell_names(void *session, const char *command, const char *path, const char *start,
		   size_t *n);

#endif
