/* A journal's file, and room for its next state: PATH and PATH.room, of the same size, behind the
 * text filled up with newlines. The next state is written into the room, and then the two change
 * places. So once a record is there, nothing that follows it needs a byte or a name of a file
 * system that somebody may have filled meanwhile; only a longer record does, and that comes before
 * a change of the host, which is refused then.
 *
 * Whoever reads or writes holds the keepers' lock: a file that is still open is written again.
 */
#ifndef ACT_JOURNAL_FILE_H
#define ACT_JOURNAL_FILE_H

#include <stdbool.h>

#include "base/error.h"

#define JOURNAL_ROOM ".room"

/* Makes text what the journal at path holds, or leaves what it held. */
bool journal_file_write(const char *path, const char *text, struct error **err);

/* Removes it and its room; one that is not there is none to remove. */
bool journal_file_remove(const char *path, struct error **err);

#endif
