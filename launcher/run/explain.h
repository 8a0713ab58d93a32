/* What the words mean that QEMU and the kernel leave behind: cause and remedy, for whoever does not
 * read QEMU's source. A pure function of a text.
 */
#ifndef RUN_EXPLAIN_H
#define RUN_EXPLAIN_H

#include <stdbool.h>

/* The row of the table that counts, and the line that it was found in. */
struct explained {
	const char *cause, *remedy; /* clauses; NULL: nothing is known */
	char *line;		    /* as it stands there, for a terminal */
};

/* Looks for what is known in a log. ran: the guest ran, so that what QEMU said while it was
 * built is no cause of its end. False: nothing is known. e is the caller's to free.
 */
bool explain(const char *text, bool ran, struct explained *e);
/* The same of a log's file, by its end (log.h). */
bool explain_log(const char *path, bool ran, struct explained *e);
void explained_free(struct explained *e);
#define own_explained own_with(explained_free)

#endif
