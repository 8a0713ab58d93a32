/* What could stand at the cursor of a line of the QMP shell, from the schema. */
#ifndef QMP_COMPLETE_H
#define QMP_COMPLETE_H

#include "schema.h"

struct qmp_candidate {
	char *text; /* in place of the line's bytes from on */
	char *note; /* what it is, in a few words; may be "" */
	bool ends;  /* the word is whole with it: white space follows */
};

struct qmp_candidates {
	struct qmp_candidate *v;
	size_t n;
	size_t from; /* the byte of the line at which they begin */
};

void qmp_candidates_free(struct qmp_candidates *candidates);
#define own_qmp_candidates own_with(qmp_candidates_free)

struct completing {
	const struct schema *schema; /* may be NULL */
	/* The shell's own first words, ended by NULL. */
	const char *const *words;
	/* Names that the running QEMU has for the value at a path ("file.node-name"), of which one
	 * beginning with start is wanted; a list that the caller gets, of strings that it gets too.
	 * NULL where there are none.
	 */
	char **(*names)(void *what, const char *command, const char *path, const char *start,
			size_t *n);
	/* The answer to device-list-properties, or NULL; it stays the callee's. */
	json_object *(*properties)(void *what, const char *driver);
	void *what;
};

/* What could follow the first cursor bytes of line; candidates is overwritten. They are in order,
 * those that have to be given first.
 */
void qmp_complete(const struct completing *completing, const char *line, size_t cursor,
		  struct qmp_candidates *candidates);

/* What all candidates begin with, which the caller owns; "" where there are none. */
char *qmp_common_start(const struct qmp_candidates *candidates);

#endif
