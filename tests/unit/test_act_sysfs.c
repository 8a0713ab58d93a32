/* Writes to attribute files: what is refused, what the kernel's answers become, who is left behind.
 */
#include "test_act_kernel.h"

#include <linux/fs.h>
#include <sys/stat.h>

#include "act/sysfs.h"

static bool put(const struct root *root, const char *path, const char *value, struct error **err)
{
	return sysfs_write(root, path, value, 5000, NULL, err);
}

static void writes_a_line(void **state)
{
	struct tree *tree = *state;
	struct error *err = NULL;

	tree_put(tree, "/sys/a/driver_override", "something long\n");
	assert_true(put(&tree->root, "/sys/a/driver_override", "vfio-pci", &err));
	tree_is(tree, "/sys/a/driver_override", "vfio-pci\n");
	assert_true(put(&tree->root, "/sys/a/driver_override", "", &err));
	tree_is(tree, "/sys/a/driver_override", "\n");
	tree_put(tree, "/proc/sys/vm/x", "");
	assert_true(put(&tree->root, "/proc/sys/vm/x", "1", &err));
	tree_is(tree, "/proc/sys/vm/x", "1\n");
	no_children();
}

static void makes_no_file(void **state)
{
	struct tree *tree = *state;
	struct error *err = NULL;

	tree_put(tree, "/sys/a/b", "");
	assert_false(put(&tree->root, "/sys/a/unbind", "0000:01:00.0", &err));
	says(&err, "cannot write \"0000:01:00.0\" to /sys/a/unbind: No such file or directory");
	assert_false(root_exists(&tree->root, "/sys/a/unbind"));
	assert_false(put(&tree->root, "/sys/a", "1", &err));
	says(&err, "cannot write \"1\" to /sys/a: Is a directory");
}

static void refuses_mistakes(void **state)
{
	struct tree *tree = *state;
	static const char *const paths[] = {"/etc/x",	     "sys/x",	  "/sys",
					    "/sys/../etc/x", "/sys/a/..", "/proc/1/mem",
					    "/sysx/../x/y",  "/proc/sys", ""};
	struct error *err = NULL;

	tree_put(tree, "/etc/x", "kept");
	tree_put(tree, "/sys/x", "kept");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_false(put(&tree->root, paths[i], "1", &err));
		says(&err, "a mistake in vmlaunch");
	}
	assert_false(put(&tree->root, "/sys/x", "1\n2", &err));
	says(&err, "refused to write \"1\\x0a2\" to /sys/x");
	tree_is(tree, "/etc/x", "kept");
	tree_is(tree, "/sys/x", "kept");
}

static void links_stay_inside(void **state)
{
	struct tree *tree = *state;
	own_free char *link = tree_path(tree, "/sys/a/driver");
	struct error *err = NULL;

	tree_put(tree, "/sys/a/x", "");
	tree_put(tree, "/sys/drivers/nvme/unbind", "");
	assert_int_equal(symlink("../drivers/nvme", link), 0);
	assert_true(put(&tree->root, "/sys/a/driver/unbind", "1", &err));
	tree_is(tree, "/sys/drivers/nvme/unbind", "1\n");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/proc/self", link), 0);
	assert_false(put(&tree->root, "/sys/a/driver/comm", "1", &err));
	says(&err, "No such file or directory");
}

/* As somebody who may not. Exits with 0 when it was said. */
static void denied_child(const struct tree *tree)
{
	struct error *err = NULL;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		_exit(1);
	if (put(&tree->root, "/sys/x", "1", &err))
		_exit(2);
	says(&err, "cannot write \"1\" to /sys/x: Permission denied");
	_exit(0);
}

static void denied(void **state)
{
	struct tree *tree = *state;
	own_free char *file = tree_path(tree, "/sys/x");
	int status;
	pid_t pid;

	tree_put(tree, "/sys/x", "kept\n");
	assert_int_equal(chmod(file, 0400), 0);
	assert_int_equal(chmod(tree->dir, 0755), 0);
	pid = fork();
	if (pid == 0)
		denied_child(tree);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tree_is(tree, "/sys/x", "kept\n");
}

/* The real kernel: a number that it refuses, or a file that we may not open. */
static void real_refusal(void **state)
{
	struct error *err = NULL;

	(void)state;
	assert_false(put(&ROOT_REAL, "/proc/sys/vm/drop_caches", "x", &err));
	if (strstr(error_message(err, 0), "Read-only file system"))
		says(&err, "drop_caches");
	else
		says(&err, geteuid() ? "Permission denied" : "Invalid argument");
	assert_false(put(&ROOT_REAL, "/sys/kernel/nothing/here", "x", &err));
	says(&err, "No such file or directory");
}

static void not_the_kernels(void **state)
{
	struct tree *tree = *state;
	own_free char *file = tree_path(tree, "/plain");
	struct error *err = NULL;

	tree_put(tree, "/plain", "kept");
	if (!own_mounts(tree) || mount(file, "/proc/sys/vm/overcommit_memory", NULL, MS_BIND, NULL))
		skip_test("no mount here: %s", strerror(errno));
	assert_false(put(&ROOT_REAL, "/proc/sys/vm/overcommit_memory", "0", &err));
	says(&err, "is not a file of the kernel");
	tree_is(tree, "/plain", "kept");
	umount2("/proc/sys/vm/overcommit_memory", MNT_DETACH);
}

/* ------------------------------------------------------------------ a kernel that talks back */

static void answers(struct tree *tree, struct kernel *kernel)
{
	static const struct {
		int answer;
		const char *words;
	} cases[] = {
		{-ENODEV, "cannot write \"x\" to /sys/unbind: No such device"},
		{-EBUSY, "Device or resource busy"},
		{-EINVAL, "Invalid argument"},
		{-ETIMEDOUT, "cannot write \"x\" to /sys/unbind: Connection timed out"},
		{1, "/sys/unbind took only a part of \"x\""},
	};
	struct error *err = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		atomic_store(&kernel->answer, cases[i].answer);
		assert_false(put(&tree->root, "/sys/unbind", "x", &err));
		says(&err, cases[i].words);
	}
	atomic_store(&kernel->answer, 0);
	assert_true(put(&tree->root, "/sys/unbind", "x", &err));
	/* One write each, whatever the answer. */
	assert_int_equal(atomic_load(&kernel->writes), ARRAY_SIZE(cases) + 1);
}

static void late_and_stuck(struct tree *tree, struct kernel_file *file)
{
	struct worker stuck = WORKER_NONE;
	struct error *err = NULL;

	/* Not taken up yet: the writer can be killed. */
	kill(file->server, SIGSTOP);
	assert_false(sysfs_write(&tree->root, "/sys/unbind", "x", 100, &stuck, &err));
	says(&err, "writing \"x\" to /sys/unbind took longer than 0.1 s");
	assert_int_equal(stuck.pidfd, -1);
	kill(file->server, SIGCONT);
	/* Taken up. */
	atomic_store(&file->kernel->hold, true);
	assert_false(sysfs_write(&tree->root, "/sys/unbind", "x", 2000, &stuck, &err));
	says(&err, "writing \"x\" to /sys/unbind is stuck in the kernel (process ");
	assert_true(stuck.pidfd >= 0);
	/* Abandoned: nothing of it is ours. */
	assert_false(sysfs_write(&tree->root, "/sys/unbind", "x", 100, NULL, &err));
	error_free(err);
	atomic_store(&file->kernel->hold, false);
	for (int i = 0; i < 60000 && !worker_ended(&stuck); i++)
		sleep_ms(2);
	assert_int_equal(stuck.pidfd, -1);
}

static void kernel_answers(void **state)
{
	struct tree *tree = *state;
	struct kernel_file file = {
		.kernel = kernel_make(), .says = kernel_says_nothing, .hears = kernel_obeys};

	if (!own_mounts(tree) || !kernel_mount(&file, tree, "/sys/unbind"))
		skip_test("no FUSE mount here: %s", strerror(errno));
	answers(tree, file.kernel);
	late_and_stuck(tree, &file);
	kernel_unmount(&file);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(writes_a_line),	    IN_TREE(makes_no_file),  IN_TREE(refuses_mistakes),
		IN_TREE(links_stay_inside), IN_TREE(denied),	     cmocka_unit_test(real_refusal),
		IN_TREE(not_the_kernels),   IN_TREE(kernel_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
