/* What the files of the editor share, and nobody else sees. */
#ifndef QMP_EDITOR_PRIVATE_H
#define QMP_EDITOR_PRIVATE_H

#include "editor.h"

#define SEQUENCE_MOST 16

struct editor {
	struct buf text;
	size_t cursor;
	char *killed;

	char **history; /* the oldest first */
	size_t lines, at;
	char *draft; /* what was typed before history was looked at */

	bool searching, failed;
	struct buf needle;

	char sequence[SEQUENCE_MOST]; /* from ESC on */
	size_t sequence_len;
	bool pasting;

	bool shown;
	size_t row, last_row; /* of the cursor and of the end, below the prompt's first */
};

/* Whether a byte of UTF-8 is not the first of its character. */
static inline bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

#endif
