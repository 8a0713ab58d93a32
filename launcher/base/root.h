/* The one root through which the host is read: /sys, /proc, /dev, /etc and /usr/share. A test or a
 * report from another machine hands in a directory that holds such a tree; links in it then stay
 * inside it (openat2 with RESOLVE_IN_ROOT), and device nodes in it may be plain files.
 *
 * Paths are always those of the real machine ("/sys/class/iommu"), whatever the root.
 */
#ifndef BASE_ROOT_H
#define BASE_ROOT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "error.h"

struct root {
	char *path; /* NULL: this machine's own */
	int fd;	    /* of path, -1 for this machine's own */
};

#define ROOT_REAL ((struct root){.fd = -1})

/* Opens dir as a root; NULL for the machine's own. */
bool root_init(struct root *root, const char *dir, struct error **err);
void root_done(struct root *root);

static inline bool root_is_real(const struct root *root)
{
	return root->fd < 0;
}

/* open(2) of a path below the root, close-on-exec and without waiting; -1 with errno set. */
int root_open(const struct root *root, const char *path, int flags);

/* The directory that is open at fd, which it takes over; NULL with errno set, and fd closed. */
DIR *root_dir(int fd);

/* How many opens have failed so far for want of descriptors or memory: to whoever asks in passing
 * they look like files that are not there. Who acts upon what is not there compares two of these.
 */
unsigned long root_shortages(void);
/* The errno of the last of them. */
int root_shortage(void);

/* Tells watcher of each path that could be opened, with the flags; NULL: nobody. What is reached
 * through a descriptor of a directory is not seen.
 */
typedef void root_watcher(void *context, const struct root *root, const char *path, int flags);
void root_watch(root_watcher *watcher, void *context);

/* A whole file of at most 1 MiB as a string that the caller owns; NULL with errno set. */
char *root_read(const struct root *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line without its end: what a sysfs attribute says. NULL with errno set. */
char *root_line(const struct root *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A number in a sysfs attribute, with 0x or decimal; false with errno set (EINVAL: no number). */
bool root_number(const struct root *root, unsigned long long *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What a symbolic link holds; NULL with errno set. */
char *root_readlink(const struct root *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* stat(2) following links; false with errno set. */
bool root_stat(const struct root *root, const char *path, struct stat *st);
bool root_exists(const struct root *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The names in a directory without "." and "..", sorted by strverscmp; *n says how many. An empty
 * or unreadable directory gives none (with errno set to 0 or the reason).
 */
char **root_list(const struct root *root, size_t *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void names_free(char **names, size_t n);

#endif
