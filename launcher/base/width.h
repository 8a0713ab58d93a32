/* How wide a text is on a terminal: tables speak Chinese as well, whose characters take two columns
 * (Unicode Standard Annex 11, classes W and F). wcwidth(3) knows by LC_CTYPE alone, which is not
 * always UTF-8's where messages are.
 */
#ifndef BASE_WIDTH_H
#define BASE_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of the first len bytes of s, which are UTF-8; each byte that is none counts one. */
size_t width_of(const char *s, size_t len);

/* How many blanks behind s make it so many columns wide; 0 where it is already. For printf's %*s.
 */
int width_gap(const char *s, int columns);

/* Bytes of the character that s begins with, and whether it is a wide one; 0 at the end. */
size_t width_step(const char *s, bool *wide);

#endif
