/* The line that somebody edits at a terminal: bytes of keys in, bytes for the screen out. It reads
 * and writes nothing itself, so that text can be shown above the line at any time: editor_hide(),
 * the text, editor_show().
 */
#ifndef QMP_EDITOR_H
#define QMP_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A line's bytes, and lines that are remembered. */
#define EDITOR_LINE_MOST (1U << 20)
#define EDITOR_HISTORY_MOST 1000

enum editor_event {
	EDITOR_NOTHING,
	EDITOR_LINE,	 /* Enter: editor_text() is to be taken, then editor_set() */
	EDITOR_COMPLETE, /* Tab */
	EDITOR_HELP,	 /* F1 */
	EDITOR_CANCEL,	 /* Ctrl-C */
	EDITOR_END,	 /* Ctrl-D on an empty line */
	EDITOR_CLEAR,	 /* Ctrl-L */
};

struct editor;

struct editor *editor_new(void);
/* Accepts NULL. */
void editor_free(struct editor *editor);

/* Takes one byte of a key. */
enum editor_event editor_key(struct editor *editor, unsigned char byte);

/* The line, and the byte that the cursor stands before. */
const char *editor_text(const struct editor *editor);
size_t editor_cursor(const struct editor *editor);
/* Replaces the line; the cursor goes to its end, and history to its end. */
void editor_set(struct editor *editor, const char *text);
/* Puts text in place of the bytes from...cursor. */
void editor_complete(struct editor *editor, size_t from, const char *text);

/* Remembers a line, unless it is empty or the last one again. */
void editor_remember(struct editor *editor, const char *line);
/* Line i that is remembered, the oldest first; NULL behind the last. */
const char *editor_history(const struct editor *editor, size_t i);

/* Draws prompt (printable) and line from the start of a screen line on. */
void editor_show(struct editor *editor, const char *prompt, size_t columns, struct buf *out);
/* Takes them off the screen; the cursor is then where editor_show() began. */
void editor_hide(struct editor *editor, struct buf *out);
/* Moves behind the line, to the start of a new screen line, and leaves it standing. */
void editor_leave(struct editor *editor, struct buf *out);

#endif
