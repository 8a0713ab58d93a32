/* The writer of manual pages' language: mdoc(7), as groff and mandoc read it. */
#ifndef BASE_ROFF_H
#define BASE_ROFF_H

#include "buf.h"

/* A line of words: none of them is taken for a request or an escape. */
void roff_line(struct buf *out, const char *words);

/* The same as part of a macro's line: ".It Fl x" and the like. Empty words are an empty argument.
 */
void roff_words(struct buf *out, const char *words);

/* Paragraphs as they stand in a text for terminals: lines that begin with two spaces are shown as
 * they are, an empty line ends a paragraph.
 */
void roff_text(struct buf *out, const char *text);

#endif
