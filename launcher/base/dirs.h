/* Where things of the user live, by the XDG base directory specification, and who the user is
 * when the program was started by root on somebody's behalf.
 */
#ifndef BASE_DIRS_H
#define BASE_DIRS_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct dirs {
	char *config;  /* XDG_CONFIG_HOME, not ours alone */
	char *data;    /* XDG_DATA_HOME, not ours alone */
	char *state;   /* XDG_STATE_HOME/vmlaunch */
	char *cache;   /* XDG_CACHE_HOME/vmlaunch */
	char *runtime; /* XDG_RUNTIME_DIR/vmlaunch, or its stand-in */
};

/* Finds the directories of the user that the process runs as; makes none. Relative XDG values are
 * ignored, as the specification wants. The runtime directory is $XDG_RUNTIME_DIR if it belongs to
 * us, else /run/user/UID if that does, else "run" below the state directory.
 */
bool dirs_find(struct dirs *dirs, struct error **err);
void dirs_free(struct dirs *dirs);
#define own_dirs own_with(dirs_free)

#endif
