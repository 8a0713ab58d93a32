/* What root may run: trees of all kinds, with links, owners and modes as they come. Owners other
 * than root can be given by root alone.
 */
#include "scratch.h"

#include <errno.h>
#include <limits.h>
#include <sys/mount.h>

#include "base/layout.h"
#include "base/trusted.h"

#define USER 1000

struct world {
	void *dir; /* as scratch.h wants it; the tree's root */
	struct root root;
};

static int world_make(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	scratch_make(&w->dir);
	assert_int_equal(chmod(w->dir, 0755), 0);
	assert_true(root_init(&w->root, w->dir, NULL));
	*state = w;
	return 0;
}

static int world_remove(void **state)
{
	struct world *w = *state;

	root_done(&w->root);
	scratch_remove(&w->dir);
	free(w);
	return 0;
}

#define needs_root()                                                  \
	do {                                                          \
		if (geteuid() != 0)                                   \
			skip_test("only root makes files of root's"); \
	} while (0)

static void put_program(struct world *w, const char *path)
{
	own_free char *file = in_dir(&w->dir, path);

	put(&w->dir, path, "#!/bin/sh\n");
	assert_int_equal(chmod(file, 0755), 0);
}

static void link_to(struct world *w, const char *path, const char *target)
{
	own_free char *file = in_dir(&w->dir, path), *dir = path_dir(file);

	assert_true(dir_make(dir, 0755, NULL));
	assert_int_equal(symlink(target, file), 0);
}

static void set(struct world *w, const char *path, uid_t uid, mode_t mode)
{
	own_free char *file = in_dir(&w->dir, path);

	assert_int_equal(lchown(file, uid, uid), 0);
	if (mode)
		assert_int_equal(chmod(file, mode), 0);
}

/* What trusted_path() says: "yes", "nothing there", or why not. The caller owns it. */
static char *verdict(struct world *w, const char *path)
{
	char *why = NULL;

	if (trusted_path(&w->root, path, &why)) {
		assert_null(why);
		return xstrdup("yes");
	}
	return why ? why : xstrdup("nothing there");
}

#define assert_verdict(w, path, text)                  \
	do {                                           \
		own_free char *got = verdict(w, path); \
		assert_string_equal(got, text);        \
	} while (0)

static void plain_ways(void **state)
{
	struct world *w = *state;

	needs_root();
	put_program(w, "usr/sbin/modprobe");
	assert_verdict(w, "/usr/sbin/modprobe", "yes");
	assert_verdict(w, "//usr/./sbin//modprobe", "yes");
	assert_verdict(w, "/usr/../../usr/sbin/modprobe", "yes");
	assert_verdict(w, "/usr/sbin/rmmod", "nothing there");
	assert_verdict(w, "/sbin/modprobe", "nothing there");
	assert_verdict(w, "/usr/sbin", "/usr/sbin is a directory");
	assert_verdict(w, "/", "/ is a directory");
	assert_verdict(w, "/usr/sbin/modprobe/x", "/usr/sbin/modprobe is no program");
	assert_verdict(w, "usr/sbin/modprobe", "usr/sbin/modprobe cannot be looked at");
	assert_verdict(w, "", "/ cannot be looked at");
	put(&w->dir, "usr/sbin/notes", "");
	assert_verdict(w, "/usr/sbin/notes", "/usr/sbin/notes is no program");
}

/* Merged and unmerged, as kmod's links are in the distributions. */
static void links_of_root(void **state)
{
	struct world *w = *state;

	needs_root();
	put_program(w, "usr/bin/kmod");
	link_to(w, "usr/sbin/modprobe", "../bin/kmod");
	link_to(w, "sbin", "usr/sbin");
	link_to(w, "usr/bin/modprobe", "kmod");
	link_to(w, "absolute", "/usr/bin/../sbin/modprobe");
	link_to(w, "above", "../../../sbin/modprobe");
	assert_verdict(w, "/usr/sbin/modprobe", "yes");
	assert_verdict(w, "/sbin/modprobe", "yes");
	assert_verdict(w, "/usr/bin/modprobe", "yes");
	assert_verdict(w, "/absolute", "yes");
	assert_verdict(w, "/above", "yes");
	link_to(w, "dangling", "usr/bin/gone");
	assert_verdict(w, "/dangling", "nothing there");
	link_to(w, "a", "b");
	link_to(w, "b", "a");
	assert_verdict(w, "/a", "/a leads nowhere");
	link_to(w, "dir", "usr");
	assert_verdict(w, "/dir", "/usr is a directory");
}

static void files_of_others(void **state)
{
	struct world *w = *state;

	needs_root();
	put_program(w, "bin/modprobe");
	set(w, "bin/modprobe", USER, 0);
	assert_verdict(w, "/bin/modprobe", "/bin/modprobe is not root's");
	set(w, "bin/modprobe", 0, 0775);
	assert_verdict(w, "/bin/modprobe", "/bin/modprobe can be written by others than root");
	set(w, "bin/modprobe", 0, 0757);
	assert_verdict(w, "/bin/modprobe", "/bin/modprobe can be written by others than root");
	/* The sticky bit of a file means nothing. */
	set(w, "bin/modprobe", 0, 01777);
	assert_verdict(w, "/bin/modprobe", "/bin/modprobe can be written by others than root");
	set(w, "bin/modprobe", 0, 04711);
	assert_verdict(w, "/bin/modprobe", "yes");
}

static void directories_of_others(void **state)
{
	struct world *w = *state;

	needs_root();
	put_program(w, "opt/tools/bin/modprobe");
	set(w, "opt", USER, 0755);
	assert_verdict(w, "/opt/tools/bin/modprobe", "/opt is not root's");
	set(w, "opt", 0, 0775);
	assert_verdict(w, "/opt/tools/bin/modprobe", "/opt can be written by others than root");
	set(w, "opt", 0, 0755);
	assert_verdict(w, "/opt/tools/bin/modprobe", "yes");
	set(w, "opt/tools/bin", 0, 0777);
	assert_verdict(w, "/opt/tools/bin/modprobe",
		       "/opt/tools/bin can be written by others than root");
	set(w, "opt/tools/bin", 0, 0755);
	set(w, "", 0, 0777);
	assert_verdict(w, "/opt/tools/bin/modprobe", "/ can be written by others than root");
	set(w, "", USER, 0755);
	assert_verdict(w, "/opt/tools/bin/modprobe", "/ is not root's");
}

static void links_to_others(void **state)
{
	struct world *w = *state;

	needs_root();
	put_program(w, "home/anna/modprobe");
	set(w, "home/anna", USER, 0755);
	link_to(w, "sbin/modprobe", "../home/anna/modprobe");
	assert_verdict(w, "/sbin/modprobe", "/home/anna is not root's");
	/* Through a user's directory and out again is no better. */
	put_program(w, "bin/kmod");
	link_to(w, "sbin/depmod", "/home/anna/../../bin/kmod");
	assert_verdict(w, "/sbin/depmod", "/home/anna is not root's");
	link_to(w, "sbin/rmmod", "/bin/kmod");
	set(w, "sbin/rmmod", USER, 0);
	assert_verdict(w, "/sbin/rmmod", "/sbin/rmmod is not root's");
	link_to(w, "home/anna/bin", "/bin");
	assert_verdict(w, "/home/anna/bin/kmod", "/home/anna is not root's");
}

/* The store of NixOS, and what somebody else could have put there. */
static void sticky_directories(void **state)
{
	struct world *w = *state;

	needs_root();
	own_free char *from = in_dir(&w->dir, "bin/kmod"), *to = in_dir(&w->dir, "nix/store/kmod");
	put_program(w, "nix/store/abc-kmod-34/bin/kmod");
	link_to(w, "nix/store/abc-kmod-34/bin/modprobe", "kmod");
	link_to(w, "nix/store/def-path/bin/modprobe", "/nix/store/abc-kmod-34/bin/modprobe");
	link_to(w, "run/current-system/sw", "/nix/store/def-path");
	set(w, "nix/store", 0, 01775);
	assert_verdict(w, "/run/current-system/sw/bin/modprobe", "yes");
	set(w, "nix/store", 0, 01777);
	assert_verdict(w, "/run/current-system/sw/bin/modprobe", "yes");
	set(w, "nix/store", 0, 0775);
	assert_verdict(w, "/run/current-system/sw/bin/modprobe",
		       "/nix/store can be written by others than root");
	set(w, "nix/store", USER, 01775);
	assert_verdict(w, "/run/current-system/sw/bin/modprobe", "/nix/store is not root's");
	set(w, "nix/store", 0, 01775);
	set(w, "nix/store/abc-kmod-34", USER, 0755);
	assert_verdict(w, "/run/current-system/sw/bin/modprobe",
		       "/nix/store/abc-kmod-34 is not root's");
	set(w, "nix/store/abc-kmod-34", 0, 0755);
	/* A hard link is still root's file, and who made it is not known. */
	put_program(w, "bin/kmod");
	assert_int_equal(link(from, to), 0);
	assert_verdict(w, "/bin/kmod", "yes");
	assert_verdict(w, "/nix/store/kmod",
		       "/nix/store/kmod lies where others than root can put something");
	link_to(w, "nix/store/link", "/bin");
	assert_verdict(w, "/nix/store/link/kmod",
		       "/nix/store/link lies where others than root can put something");
}

/* A user's FUSE mount says of its files whatever it likes. */
static void mounts_in_sticky_directories(void **state)
{
	struct world *w = *state;
	char at[PATH_MAX];

	needs_root();
	snprintf(at, sizeof(at), "%s/tmp/bin", (char *)w->dir);
	put_program(w, "tmp/bin/modprobe");
	set(w, "tmp", 0, 01777);
	assert_verdict(w, "/tmp/bin/modprobe", "yes");
	if (mount("tmpfs", at, "tmpfs", 0, "mode=755") < 0)
		skip_test("cannot mount here: %s", strerror(errno));
	put_program(w, "tmp/bin/modprobe");
	assert_verdict(w, "/tmp/bin/modprobe",
		       "/tmp/bin lies where others than root can put something");
	assert_int_equal(umount2(at, MNT_DETACH), 0);
}

/* ------------------------------------------------------------------ by name */

static void assert_program(struct world *w, const char *want, const char *words)
{
	struct error *err = NULL;
	own_free char *found = trusted_program(&w->root, "modprobe", &err);

	if (want) {
		assert_non_null(found);
		assert_string_equal(found, want);
		assert_null(err);
		return;
	}
	assert_null(found);
	assert_messages(err, words);
}

static void a_program_by_its_name(void **state)
{
	struct world *w = *state;

	needs_root();
	assert_program(w, NULL, "there is no modprobe in " LAYOUT_PATH "\n");
	put_program(w, "nix/store/x/bin/modprobe");
	set(w, "nix/store", 0, 01775);
	link_to(w, "run/current-system/sw", "/nix/store/x");
	assert_program(w, "/run/current-system/sw/bin/modprobe", NULL);
	put_program(w, "sbin/modprobe");
	assert_program(w, "/sbin/modprobe", NULL);
	put_program(w, "usr/bin/modprobe");
	assert_program(w, "/usr/bin/modprobe", NULL);
	/* One that may not be run is passed over, and told if there is no other. */
	set(w, "usr/bin/modprobe", USER, 0);
	assert_program(w, "/sbin/modprobe", NULL);
	set(w, "sbin", 0, 0777);
	set(w, "nix", USER, 0755);
	assert_program(w, NULL,
		       "/usr/bin/modprobe is not run as root: /usr/bin/modprobe is not root's\n");
}

static void the_path_is_the_table(void **state)
{
	own_buf struct buf path = {0};

	(void)state;
	for (size_t i = 0; LAYOUT_PROGRAMS[i]; i++)
		buf_addf(&path, "%s%s", i ? ":" : "", LAYOUT_PROGRAMS[i]);
	assert_string_equal(path.data, LAYOUT_PATH);
}

/* The shell of this very system, which might be somebody's own. */
static void this_system(void **state)
{
	struct error *err = NULL;
	char *sh = trusted_program(&ROOT_REAL, "sh", &err);

	(void)state;
	if (sh)
		assert_int_equal(access(sh, X_OK), 0);
	else
		assert_non_null(strstr(error_message(err, 0), "/sh is not run as root: "));
	error_free(err);
	free(sh);
}

/* ------------------------------------------------------------------ the kernel's modules */

static void assert_modules(struct world *w, const char *want)
{
	own_free char *found = layout_modules(&w->root);

	if (!want)
		assert_null(found);
	else
		assert_non_null(found);
	if (want)
		assert_string_equal(found, want);
}

static void modules_of_the_running_kernel(void **state)
{
	struct world *w = *state;

	put(&w->dir, "usr/lib/modules/6.1.0/modules.dep", "");
	assert_modules(w, NULL);
	put(&w->dir, "proc/sys/kernel/osrelease", "6.1.0\n");
	assert_modules(w, "/usr/lib/modules/6.1.0");
	put(&w->dir, "lib/modules/6.1.0/modules.dep", "");
	assert_modules(w, "/lib/modules/6.1.0");
	/* NixOS: the next start's kernel is here already. */
	put(&w->dir, "run/current-system/kernel-modules/lib/modules/6.2.0/modules.dep", "");
	assert_modules(w, "/lib/modules/6.1.0");
	put(&w->dir, "run/booted-system/kernel-modules/lib/modules/6.1.0/modules.dep", "");
	assert_modules(w, "/run/booted-system/kernel-modules/lib/modules/6.1.0");
	/* An update took the running kernel's away. */
	put(&w->dir, "proc/sys/kernel/osrelease", "6.0.0\n");
	assert_modules(w, NULL);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(plain_ways),
		IN_WORLD(links_of_root),
		IN_WORLD(files_of_others),
		IN_WORLD(directories_of_others),
		IN_WORLD(links_to_others),
		IN_WORLD(sticky_directories),
		IN_WORLD(mounts_in_sticky_directories),
		IN_WORLD(a_program_by_its_name),
		cmocka_unit_test(the_path_is_the_table),
		cmocka_unit_test(this_system),
		IN_WORLD(modules_of_the_running_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
