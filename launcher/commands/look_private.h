/* What the files of the words share. */
#ifndef COMMANDS_LOOK_PRIVATE_H
#define COMMANDS_LOOK_PRIVATE_H

#include "look.h"

/* Asks QEMU, where the session may; the answer is the caller's, NULL where there is none. Takes
 * over arguments (may be NULL).
 */
json_object *look_ask(struct looking *looking, const char *command, json_object *arguments,
		      struct error **err);
/* Whether this QEMU has the command, as far as is known. */
bool look_has(struct looking *looking, const char *command);
/* The answer to qom-get. */
json_object *look_qom(struct looking *looking, const char *path, const char *property,
		      struct error **err);

/* Of a value that may be anything: 0 items, -1, "". */
size_t look_length(json_object *list);
int64_t look_number(json_object *object, const char *key);

/* Adds a table of alike objects, of one as well; quoted for a terminal. */
void look_table(struct buf *out, json_object *rows);

#endif
