/* One more user who may open a device node, and the node as it was before.
 *
 * All functions take a descriptor of the node; O_PATH is enough and right, because opening a device
 * may do something. /proc must be mounted.
 */
#ifndef ACT_ACL_H
#define ACT_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Who may open a node: 63 entries of system.posix_acl_access at most (linux/posix_acl_xattr.h). */
struct acl_saved {
	mode_t mode; /* permission bits, 07777 */
	bool had;    /* whether there was an ACL: value and len */
	uint8_t value[512];
	size_t len;
};

/* Reads mode and ACL of the node. */
bool acl_save(int fd, struct acl_saved *saved, struct error **err);

/* Lets uid read and write, and says in *before how the node was. What others may do stays exactly
 * as it is, also where the mask has to be widened. Nothing is written where uid has both rights
 * already. A node that belongs to uid and denies it to its owner is refused.
 */
bool acl_grant(int fd, uid_t uid, struct acl_saved *before, struct error **err);

/* Makes the node what it was before acl_grant(), by one system call and so not half-way. If anybody
 * else has changed it since, only the rights given to uid are taken back (to those in *before) and
 * the rest stays. Doing it twice is harmless.
 */
bool acl_restore(int fd, uid_t uid, const struct acl_saved *before, struct error **err);

/* "MODE:HEX" (octal; "-" for no ACL), printable and without spaces. The caller owns it. */
char *acl_text(const struct acl_saved *saved);

/* The reverse: false, with *saved untouched, for anything that acl_text() does not write. */
bool acl_parse(const char *text, struct acl_saved *saved);

#endif
