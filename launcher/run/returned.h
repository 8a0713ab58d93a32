/* Whether the host got back what its keeper had taken, as far as that can be seen by somebody who
 * has no connection to the keeper.
 */
#ifndef RUN_RETURNED_H
#define RUN_RETURNED_H

#include "base/error.h"
#include "record.h"

/* Says whether the machine's keeper, if it had one, still watches over it. */
void returned_before(const struct run_record *record);

/* Whether no keeper, alive or dead, has anything of the host: then its directory is not there. */
bool returned_all(void);

/* Whether a machine in that runtime directory, of this user's, has a keeper that lives: then it may
 * well be the one that makes returned_all() false.
 */
bool returned_is_explained(const char *runtime);

/* After QEMU's end, while a supervisor that is stopped keeps the keeper from ending: waits a moment
 * for the functions to have their drivers again. Fails as returned_after() does.
 */
bool returned_by_itself(const struct run_record *record, struct error **err);

/* Waits for the keeper's end, but only as long as it works: false when it has done nothing for
 * silent_ms milliseconds (process_progress()), or Ctrl-C came.
 */
bool returned_wait(const struct run_record *record, int silent_ms);

/* After QEMU's end: waits for the keeper's, looks at the drivers of the functions, and says what
 * can be known. Fails with ERROR_LEFT where something is seen not to be back.
 */
bool returned_after(const struct run_record *record, struct error **err);

#endif
