/* A line of the QMP shell or of a script, taken apart into words. */
#ifndef QMP_LINE_H
#define QMP_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct qmp_word {
	char *text;	 /* without the quotes */
	size_t at, end;	 /* bytes of the line that it stands in */
	size_t value_at; /* where what follows "=" begins, or at if there is none */
};

struct qmp_line {
	struct qmp_word *word;
	size_t words;
	/* What is not closed at the line's end, NULL where all is, and where it begins. */
	const char *open;
	size_t open_at;
};

/* Splits at white space. '...' and "..." keep it together (in the latter \" and \\ stand for " and
 * \), and so does a value that begins with "{" or "[", which is left as it is, up to its end: JSON.
 */
void qmp_split(const char *text, struct qmp_line *line);
void qmp_line_free(struct qmp_line *line);
#define own_qmp_line own_with(qmp_line_free)

/* The words behind the first as a list for words.h, which the caller owns; they belong to line. */
char **qmp_line_words(const struct qmp_line *line);

#endif
