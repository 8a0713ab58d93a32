/* Sockets that a program of ours inherits, so that nobody waits for it to make them. */
#ifndef RUN_LISTEN_H
#define RUN_LISTEN_H

#include "base/error.h"

/* A stream socket that listens at path (unix(7)), open to this user alone; -1: failed (ERROR_HOST).
 */
int listen_at(const char *path, struct error **err);

#endif
