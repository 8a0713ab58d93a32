/* Between storage.c (which devices there are) and storage_use.c (what the host does with them).
 * Private to this room.
 */
#ifndef HOST_STORAGE_PARTS_H
#define HOST_STORAGE_PARTS_H

#include "storage.h"

/* Notes a use, once. */
void storage_add_use(struct block *block, enum storage_why why, const char *what);

struct block *storage_by_name(const struct storage *storage, const char *name);
struct block *storage_by_dev(const struct storage *storage, dev_t dev);
/* What "/dev/...", "UUID=...", "LABEL=..." and so on name: the forms of fstab. NULL: nothing here.
 */
struct block *storage_by_spec(const struct storage *storage, const struct root *root,
			      const char *spec);

/* Fills the uses of all blocks. */
void storage_read_uses(struct storage *storage, const struct root *root);
/* Of these what the firmware and the loader say. */
void storage_read_loader(struct storage *storage, const struct root *root);

#endif
