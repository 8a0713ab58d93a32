/* What is to be found out of Looking Glass before a start. */
#ifndef COMMANDS_GLASS_LOOK_H
#define COMMANDS_GLASS_LOOK_H

#include "base/dirs.h"
#include "profile/profile.h"

/* The release of the client at the machine's last start, "B7-377-g1234", by its log; NULL where
 * that does not tell. The caller owns it.
 */
char *glass_release(const struct profile *profile, const struct dirs *dirs);

/* Whose the file is that the shared memory would be made in, where it is there and not this
 * user's; NULL: nobody else's. The caller owns it.
 */
char *glass_owner(const char *path);

#endif
