/* The language of what is said to people. Sentences stand in the source in English; functions that
 * take a format (error_add(), say(), compose_note() ...) translate it, so that callers need not,
 * and other texts are marked: _() where it is used, N_() in a table whose reader calls tongue().
 * The catalogues are those of launcher/po, looked up by gettext(3) of the C library.
 *
 * What programs read (JSON, argument vectors, words of tables, the keeper's journal) is never
 * translated: main switches the tongue on only where people read.
 */
#ifndef BASE_TONGUE_H
#define BASE_TONGUE_H

/* Speaks the language of the environment (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), as far as there is
 * a catalogue: beside a program that was built in its source tree, or where it was installed.
 * Without it, and until this is called, all is English.
 */
void tongue_init(void);

/* The text in that language: a pointer that stays good. What is not in the catalogue stays as it
 * is.
 */
const char *tongue(const char *text) __attribute__((format_arg(1)));

#define _(text) tongue(text)
#define N_(text) text

#endif
