/* Strings: whole-token parsers and the few questions that several rooms ask of text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

/* Reads the whole of s as an unsigned number, base 10 or 16 (without prefix). No sign, no white
 * space, no overflow; *value is untouched on failure.
 */
bool text_u64(const char *s, unsigned base, uint64_t *value);

/* The length of the valid UTF-8 at the start of s (len bytes): len when all of it is. Overlong
 * forms, surrogates and values over U+10FFFF are not valid (RFC 3629).
 */
size_t text_utf8(const char *s, size_t len);

/* The one of n names that is nearest to s, or NULL when none is near enough to be what somebody
 * meant. Distance: Damerau-Levenshtein, at most a third of the length, at least one.
 */
const char *text_nearest(const char *s, const char *const *names, size_t n);

/* The length of the one well-formed sequence at the start of s (len bytes, at least 1), and its
 * code point; 0: there is none.
 */
size_t text_code_point(const char *s, size_t len, uint32_t *code);

/* Whether a code point can make a terminal do something (C0, DEL, C1), or makes text look like
 * another: directions (Unicode's UAX 9: Bidi_Control), ends of lines, a byte order mark. Such as
 * somebody else wrote leave the program by no command as they are: in messages and tables they are
 * \xHH (text_quote), in JSON \uHHHH (json_shown).
 */
bool text_is_unsafe(uint32_t code);

/* Whether s is UTF-8 without what is unsafe. */
bool text_is_printable(const char *s);

/* s for a message: what is unsafe and bytes that are no UTF-8 as \xHH, at most max bytes of s (and
 * the rest of a character), then "...". The caller owns it.
 */
char *text_quote(const char *s, size_t max);
/* The same for the whole of s, whose ends of lines stay. */
char *text_lines(const char *s);

/* s as one word of a shell: bare, in quotes, or as $'...' where bytes would spoil the terminal. The
 * caller owns it.
 */
char *text_word(const char *s);

/* Where column (bytes, from 1) n of line s stands for a reader: columns count code points. */
unsigned text_column(const char *line, size_t byte);

/* A number of bytes in the largest unit that it is a whole number of: "512M", "1280K", "100". The
 * caller owns it. */
char *text_size(uint64_t bytes);

#endif
