/* The one writer of profiles: sections, keys and comments in, text out that ini.h reads back as it
 * was given. Only this file knows when a value must stand in quotes.
 */
#ifndef PROFILE_INI_WRITE_H
#define PROFILE_INI_WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* A profile that grows. */
struct ini_writer {
	struct ini_line *line;
	size_t n;
};

/* "[section]", or "[section name]"; an empty name is none. Both are names by ini_is_name(). */
void ini_put_section(struct ini_writer *w, const char *section, const char *name);

/* "key = value" of the section that was begun last. Any bytes but NUL, read back as they are. */
void ini_put(struct ini_writer *w, const char *key, const char *value);
void ini_putf(struct ini_writer *w, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same as a comment, for a reader to take the # away. */
void ini_put_off(struct ini_writer *w, const char *key, const char *value);

/* "section/name.key = value", a line of a variant; name may be empty. */
void ini_put_override(struct ini_writer *w, const char *section, const char *name, const char *key,
		      const char *value);

/* A comment of words, broken into lines; bytes that would spoil it or the terminal are shown as
 * \xHH. What stands indented by itself ("    vmlaunch ...") is ini_code()'s.
 */
void ini_comment(struct ini_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A comment of one line that is not broken. */
void ini_code(struct ini_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An empty line, where the last one is not empty already. */
void ini_gap(struct ini_writer *w);

/* The text without gaps at its end, which the caller owns; the writer is empty afterwards. The = of
 * keys that stand together are in one column.
 */
char *ini_text(struct ini_writer *w);
void ini_writer_free(struct ini_writer *w);
#define own_ini_writer own_with(ini_writer_free)

#endif
