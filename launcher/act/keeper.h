/* The keeper: the one part of vmlaunch that runs as root. It takes intents over a socket, looks at
 * the host by itself, writes down each change before it makes it, and gives everything back when
 * QEMU is gone and its client has hung up, whatever died in between.
 */
#ifndef ACT_KEEPER_H
#define ACT_KEEPER_H

#include <sys/types.h>

#include "act/protocol.h"
#include "base/error.h"

/* The body of `vmlaunch --keeper [MODE]`: serves the socket on descriptor 0, made by an ordinary
 * user's vmlaunch and brought here by sudo or pkexec. mode is a word of sandbox_word, NULL:
 * enforce. Returns an exit status.
 */
int keeper_main(const char *mode);

/* For a vmlaunch that is root already: forks a keeper that serves uid. Returns our end of the
 * socket (close-on-exec), or -1.
 */
int keeper_fork(uid_t uid, struct error **err);

#endif
