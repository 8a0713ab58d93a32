/* The variable store: made once, never overwritten, whole or absent. */
#include "made_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "firmware/vars.h"

#define SIZE 131072

struct place {
	char *dir, *template, *store, *old;
};

static void put(const char *path, char fill, size_t size)
{
	own_free char *data = xmalloc(size);
	struct error *err = NULL;

	memset(data, fill, size);
	assert_true(file_write(path, data, size, 0644, VOLATILE, &err));
}

static int place_make(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	place->dir = made_dir_make();
	place->template = xasprintf("%s/VARS.fd", place->dir);
	place->store = xasprintf("%s/a b/state/vars.fd", place->dir);
	place->old = xasprintf("%s.old", place->store);
	put(place->template, 't', SIZE);
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct place *place = *state;

	made_dir_remove(place->dir);
	free(place->template);
	free(place->store);
	free(place->old);
	free(place);
	return 0;
}

static void holds(const char *path, char fill, size_t size)
{
	size_t len = 0;
	own_free char *data = file_read(path, 1 << 20, &len);

	assert_non_null(data);
	assert_int_equal(len, size);
	assert_int_equal(data[0], fill);
	assert_int_equal(data[size - 1], fill);
}

/* How many names there are beside the store, itself included. */
static size_t beside(struct place *place)
{
	own_free char *dir = path_dir(place->store);
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", dir);

	names_free(name, n);
	return n;
}

static void prepare(struct place *place)
{
	own_error struct error *err = NULL;

	if (!vars_prepare(place->store, place->template, &err))
		fail_msg("%s", error_message(err, 0));
}

static void reset(struct place *place)
{
	own_error struct error *err = NULL;

	if (!vars_reset(place->store, place->template, &err))
		fail_msg("%s", error_message(err, 0));
}

static char *refusal(struct place *place)
{
	own_error struct error *err = NULL;

	assert_false(vars_prepare(place->store, place->template, &err));
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_int_equal(error_count(err), 1);
	return xstrdup(error_message(err, 0));
}

static void made_once(void **state)
{
	struct place *place = *state;
	own_free char *dir = path_dir(place->store);
	struct stat st;

	prepare(place);
	holds(place->store, 't', SIZE);
	assert_int_equal(stat(place->store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(beside(place), 1);
}

static void never_overwritten(void **state)
{
	struct place *place = *state;

	prepare(place);
	put(place->store, 'g', SIZE);
	prepare(place);
	holds(place->store, 'g', SIZE);
	put(place->template, 'n', SIZE);
	prepare(place);
	holds(place->store, 'g', SIZE);
	assert_int_equal(beside(place), 1);
}

static void other_size_is_refused(void **state)
{
	struct place *place = *state;
	own_free char *words = NULL;

	prepare(place);
	put(place->template, 't', 540672);
	words = refusal(place);
	assert_non_null(strstr(words, "131072"));
	assert_non_null(strstr(words, "540672"));
	assert_non_null(strstr(words, "reset-vars"));
	holds(place->store, 't', SIZE);
}

/* A qcow2 store grows with use: what counts is the size in its header. */
static void qcow2_may_grow(void **state)
{
	struct place *place = *state;
	own_error struct error *err = NULL;
	own_free char *words = NULL;
	char head[512] = {'Q', 'F', 'I', (char)0xfb, 0, 0, 0, 3};

	head[29] = 8;
	assert_true(file_write(place->template, head, 300, 0644, VOLATILE, &err));
	prepare(place);
	assert_true(file_write(place->store, head, 500, 0600, VOLATILE, &err));
	prepare(place);
	put(place->template, 't', 8 << 16);
	words = refusal(place);
	assert_non_null(strstr(words, "qcow2"));
}

static void strange_stores_are_refused(void **state)
{
	struct place *place = *state;
	own_free char *words = NULL, *dangling = NULL, *unwritable = NULL, *target = NULL;
	own_error struct error *err = NULL;

	assert_true(dir_make(place->store, 0700, &err));
	words = refusal(place);
	assert_non_null(strstr(words, "Is a directory"));
	assert_int_equal(rmdir(place->store), 0);
	target = xasprintf("%s/elsewhere", place->dir);
	assert_int_equal(symlink(target, place->store), 0);
	dangling = refusal(place);
	assert_non_null(strstr(dangling, "File exists"));
	assert_int_equal(access(target, F_OK), -1);
	/* A link to a good store is the user's own arrangement. */
	put(target, 'l', SIZE);
	prepare(place);
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(target, 0400), 0);
	unwritable = refusal(place);
	assert_non_null(strstr(unwritable, "cannot be written: Permission denied"));
}

static void bad_template_is_refused(void **state)
{
	struct place *place = *state;
	own_free char *empty = NULL, *none = NULL;

	put(place->template, 't', 0);
	empty = refusal(place);
	assert_non_null(strstr(empty, "is empty"));
	assert_int_equal(unlink(place->template), 0);
	none = refusal(place);
	assert_non_null(strstr(none, "No such file"));
	assert_int_equal(access(place->store, F_OK), -1);
}

static void reset_keeps_the_old_one(void **state)
{
	struct place *place = *state;
	struct stat st;

	reset(place); /* there is none yet */
	holds(place->store, 't', SIZE);
	assert_int_equal(beside(place), 1);
	put(place->store, '1', SIZE);
	reset(place);
	holds(place->store, 't', SIZE);
	holds(place->old, '1', SIZE);
	assert_int_equal(stat(place->store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	put(place->store, '2', SIZE);
	put(place->template, 'n', 540672); /* a size more is what resetting is for */
	reset(place);
	holds(place->store, 'n', 540672);
	/* The first one stays; what came after it is beside it. */
	holds(place->old, '1', SIZE);
	own_free char *last = xasprintf("%s-last", place->old);
	holds(last, '2', SIZE);
	assert_int_equal(beside(place), 3);
}

static void reset_without_template_changes_nothing(void **state)
{
	struct place *place = *state;
	own_error struct error *err = NULL;

	prepare(place);
	put(place->store, 'g', SIZE);
	assert_int_equal(unlink(place->template), 0);
	assert_false(vars_reset(place->store, place->template, &err));
	holds(place->store, 'g', SIZE);
	assert_int_equal(beside(place), 1);
}

/* What a reset that was killed left behind is no obstacle to the next. */
static void reset_after_a_killed_one(void **state)
{
	struct place *place = *state;
	own_free char *fresh = xasprintf("%s.fresh", place->store);

	prepare(place);
	put(fresh, 'x', 10);
	reset(place);
	holds(place->store, 't', SIZE);
	assert_int_equal(beside(place), 2);
}

/* Runs f in a child and gives its exit status; cmocka's assertions do not work there. */
static int in_child(int (*f)(struct place *), struct place *place)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f(place));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define CANNOT 77

/* 0 when both ways fail with these words and leave what was there. */
static int fails_cleanly(struct place *place, const char *words)
{
	own_free char *dir = path_dir(place->store);
	struct error *err = NULL;
	char first = '?';

	if (!dir_make(dir, 0700, &err))
		return 1;
	if (vars_prepare(place->store, place->template, &err) || beside(place) != 0)
		return 2;
	if (!strstr(error_message(err, 0), words))
		return 3;
	own_fd int fd = open(place->store, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "g", 1) != 1)
		return 4;
	if (vars_reset(place->store, place->template, &err) || beside(place) != 1)
		return 5;
	if (pread(fd, &first, 1, 0) != 1 || first != 'g' || access(place->store, F_OK) < 0)
		return 6;
	error_free(err);
	return 0;
}

static int limited(struct place *place)
{
	const struct rlimit limit = {SIZE / 2, SIZE / 2};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return CANNOT;
	return fails_cleanly(place, "File too large");
}

static bool write_text(const char *path, const char *text)
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && fd_write_all(fd, text, strlen(text));
}

/* Becomes able to mount: as root, or in a user namespace where we are. */
static bool may_mount(void)
{
	own_free char *uid = xasprintf("0 %u 1", (unsigned)geteuid());
	own_free char *gid = xasprintf("0 %u 1", (unsigned)getegid());

	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0)
		return true;
	return unshare(CLONE_NEWNS | CLONE_NEWUSER) == 0 && write_text("/proc/self/uid_map", uid) &&
	       write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", gid);
}

/* A file system of one's own with 64 KiB, where the system lets us have one. */
static int on_full_disk(struct place *place)
{
	own_free char *dir = xasprintf("%s/tiny", place->dir);
	struct error *err = NULL;

	if (!dir_make(dir, 0700, &err))
		return 10;
	if (!may_mount() || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tiny", dir, "tmpfs", 0, "size=64k") < 0)
		return CANNOT;
	free(place->store);
	place->store = xasprintf("%s/state/vars.fd", dir);
	return fails_cleanly(place, "No space left on device");
}

static void full_disk_leaves_nothing(void **state)
{
	int status = in_child(on_full_disk, *state);

	if (status == CANNOT)
		skip_test("may not mount a file system to fill");
	assert_int_equal(status, 0);
}

static void size_limit_leaves_nothing(void **state)
{
	assert_int_equal(in_child(limited, *state), 0);
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

static void copied_for_one_run(void **state)
{
	struct place *place = *state;
	own_error struct error *err = NULL;
	own_free char *copy = xasprintf("%s/copy.fd", place->dir);

	/* Where there is no store yet, none is made. */
	assert_true(vars_copy(copy, place->store, place->template, &err));
	holds(copy, 't', SIZE);
	assert_int_equal(access(place->store, F_OK), -1);
	unlink(copy);

	prepare(place);
	put(place->store, 'g', SIZE);
	assert_true(vars_copy(copy, place->store, place->template, &err));
	holds(copy, 'g', SIZE);
	put(copy, 'x', SIZE);
	holds(place->store, 'g', SIZE);
	unlink(copy);

	put(place->store, 'g', SIZE / 2);
	assert_false(vars_copy(copy, place->store, place->template, &err));
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_non_null(strstr(error_message(err, 0), "was made for another firmware"));
	assert_int_equal(access(copy, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(made_once),
		in_place(never_overwritten),
		in_place(other_size_is_refused),
		in_place(qcow2_may_grow),
		in_place(strange_stores_are_refused),
		in_place(bad_template_is_refused),
		in_place(reset_keeps_the_old_one),
		in_place(reset_without_template_changes_nothing),
		in_place(reset_after_a_killed_one),
		in_place(full_disk_leaves_nothing),
		in_place(size_limit_leaves_nothing),
		in_place(copied_for_one_run),
	};

	return cmocka_run_group_tests_name("firmware vars", tests, NULL, NULL);
}
