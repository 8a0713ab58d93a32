/* What the tests of launcher/act share: a made-up host tree, errors looked at, a mount namespace of
 * one's own.
 */
#ifndef TESTS_ACT_TREE_H
#define TESTS_ACT_TREE_H

#include "made_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/trusted.h"

struct tree {
	char *dir;
	struct root root;
};

static inline int tree_make(void **state)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));
	struct error *err = NULL;

	tree->dir = made_dir_make();
	assert_true(root_init(&tree->root, tree->dir, &err));
	*state = tree;
	return 0;
}

static inline int tree_remove(void **state)
{
	struct tree *tree = *state;

	root_done(&tree->root);
	made_dir_remove(tree->dir);
	free(tree);
	return 0;
}

/* The real path of a file of the tree. The caller owns it. */
static inline char *tree_path(const struct tree *tree, const char *path)
{
	return xasprintf("%s%s", tree->dir, path);
}

static inline void tree_put(const struct tree *tree, const char *path, const char *text)
{
	own_free char *file = tree_path(tree, path);
	own_free char *dir = path_dir(file);
	struct error *err = NULL;

	assert_true(dir_make(dir, 0755, &err));
	assert_true(file_write(file, text, strlen(text), 0644, VOLATILE, &err));
}

static inline void tree_is(const struct tree *tree, const char *path, const char *text)
{
	own_free char *file = tree_path(tree, path);
	own_free char *found = file_read(file, 65536, NULL);

	assert_non_null(found);
	assert_string_equal(found, text);
}

/* There is one message, and it holds the text. Forgets the error. */
static inline void says(struct error **err, const char *text)
{
	assert_int_equal(error_count(*err), 1);
	assert_int_equal(error_kind(*err), ERROR_HOST);
	if (!strstr(error_message(*err, 0), text))
		fail_msg("\"%s\" does not say \"%s\"", error_message(*err, 0), text);
	error_free(*err);
	*err = NULL;
}

static inline int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void sleep_ms(int ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

/* No child of ours is left, also no dead one. */
static inline void no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static inline void write_own_file(const char *path, const char *text)
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return;
}

/* Enters a mount namespace of one's own, and as a plain user a user namespace as well; the tree,
 * opened again, is then seen with what will be mounted in it. Whether that was possible.
 */
static inline bool own_mounts(struct tree *tree)
{
	struct error *err = NULL;
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWNS) < 0) {
		own_free char *uids = xasprintf("%u %u 1", uid, uid);
		own_free char *gids = xasprintf("%u %u 1", gid, gid);

		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return false;
		write_own_file("/proc/self/setgroups", "deny");
		write_own_file("/proc/self/uid_map", uids);
		write_own_file("/proc/self/gid_map", gids);
	}
	root_done(&tree->root);
	assert_true(root_init(&tree->root, tree->dir, &err));
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* The path of a program that root may run here, for those that put another in its place: what is
 * run as root has to be root's. False where there is none.
 */
static inline bool find_program(const char *name, char path[PATH_MAX])
{
	own_free char *found = geteuid() == 0 ? trusted_program(&ROOT_REAL, name, NULL) : NULL;

	if (found)
		snprintf(path, PATH_MAX, "%s", found);
	return found;
}

/* Puts a shell script in the place of a program, in our own mounts. */
static inline bool replace_program(const struct tree *tree, const char *program, const char *script)
{
	own_free char *file = tree_path(tree, "/script");

	tree_put(tree, "/script", script);
	return chmod(file, 0755) == 0 && mount(file, program, NULL, MS_BIND, NULL) == 0;
}

#endif
