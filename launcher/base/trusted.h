/* What root may run: programs that nobody but root can replace. The program's file, every directory
 * on the way to it and every link that is followed have to be root's, and none of them writable by
 * group or others (an ACL's rights show in the group's bits, acl(5)).
 *
 * One kind of directory may be writable by others: a sticky one, like NixOS' /nix/store (root's,
 * group nixbld, 1775). The sticky bit keeps whoever is not the owner of an entry from renaming or
 * removing it, so what is root's in there stays. What is there may have come from others, though:
 * by a hard link, which can be made of any file or link of root's, or by mounting. So only a
 * directory is followed there, which cannot be hard-linked, and only on the same file system.
 *
 * What is not looked at is what the program itself needs (its libraries, a script's interpreter):
 * root's programs find them in root's directories.
 */
#ifndef BASE_TRUSTED_H
#define BASE_TRUSTED_H

#include <stdbool.h>

#include "error.h"
#include "root.h"

/* Whether path (absolute) leads to a program that root may run. If not, *why (NULL before) becomes
 * the reason, which the caller owns, or stays NULL where nothing is there.
 */
bool trusted_path(const struct root *root, const char *path, char **why);

/* The absolute path of the first such program of this name in LAYOUT_PROGRAMS, which the caller
 * owns. Links are left as they are: kmod and others look at the name by which they were called.
 * NULL with words: that it was not found, or why what was found may not be run.
 */
char *trusted_program(const struct root *root, const char *name, struct error **err);

#endif
