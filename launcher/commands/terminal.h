/* The terminal of the QMP shell: keys, the line, and text above it. */
#ifndef COMMANDS_TERMINAL_H
#define COMMANDS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/buf.h"
#include "qmp/editor.h"

struct terminal {
	struct editor *editor;
	struct termios before; /* what it was */
	bool plain;	       /* no editing: a terminal that cannot move its cursor */
	size_t columns;
	char *prompt;
	struct buf keys; /* typed ahead */
	size_t keys_at;
	bool ended;  /* no more keys will come */
	int signals; /* a signalfd */
	bool killed; /* by SIGTERM or SIGHUP */
	bool pasting_asked;
};

/* Whether TERM says that the terminal cannot move its cursor. */
bool terminal_is_dumb(void);

/* Takes the terminal over; terminal_close() gives it back as it was. */
void terminal_open(struct terminal *terminal);
void terminal_close(struct terminal *terminal);
#define own_terminal own_with(terminal_close)

/* Shows the line with this prompt, which it copies. */
void terminal_prompt(struct terminal *terminal, const char *prompt);
/* Text above the line; it has nothing that controls the terminal, and a newline is added where it
 * lacks one.
 */
void terminal_print(struct terminal *terminal, const char *text);
/* The line is done: it stays on the screen, and what follows goes below it. */
void terminal_finish(struct terminal *terminal);
/* Clears the screen. */
void terminal_clear(struct terminal *terminal);

/* Reads what there is of keys; to be called when standard input is readable. */
void terminal_read(struct terminal *terminal);
/* Takes signals off the signalfd: size, end. */
void terminal_signals(struct terminal *terminal);
/* The next key that was typed, or -1. */
int terminal_key(struct terminal *terminal);
/* Drops what was typed so far: it was no answer to what is asked now. */
void terminal_forget(struct terminal *terminal);
/* Whether Ctrl-C has been typed; keys typed before it are dropped then. */
bool terminal_interrupted(struct terminal *terminal);

#endif
