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

/* After QEMU's end: waits for the keeper's, looks at the drivers of the functions, and says what
 * can be known. Fails with ERROR_LEFT where something is seen not to be back.
 */
bool returned_after(const struct run_record *record, struct error **err);

#endif
