/* Programs that are run to their end, such as qemu-img: with no privilege, nothing to read, and the
 * words that they say kept for a message.
 */
#ifndef RUN_TOOL_H
#define RUN_TOOL_H

#include <stdbool.h>

#include "base/error.h"

/* By this name the program opens the file that it is handed. */
#define TOOL_FILE "/dev/fd/3"

/* Runs argv[0], an absolute path, with the file open at fd as its descriptor 3 (-1: none). NULL
 * when it ended well; else the first line of what it said, at most 4096 bytes, for a message, which
 * the caller owns. NULL with *err where it could not be started at all.
 */
char *tool_run(const char *const argv[], int fd, struct error **err);

/* The same with the file open at input as its standard input, which it may open as
 * /dev/stdin.
 */
char *tool_fed(const char *const argv[], int fd, int input, struct error **err);

/* The same without a file, for who wants all that it said (at most 64 KiB), which the caller owns:
 * whether it ended well. NULL with *err where it could not be started.
 */
bool tool_said(const char *const argv[], char **said, struct error **err);

/* Runs argv[0] likewise, and returns all that it prints on its standard output (at most 16 MiB),
 * which the caller owns; NULL (ERROR_HOST) where it does not end well, with the first line of its
 * standard error.
 */
char *tool_output(const char *const argv[], struct error **err);

#endif
