/* The one root: another tree stands in for the machine, and nothing in it leads out of it. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>

#include "base/root.h"

struct world {
	void *dir; /* as scratch.h wants it */
	struct root root;
};

static int world_make(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	own_free char *tree = NULL;
	struct error *err = NULL;

	scratch_make(&w->dir);
	put(&w->dir, "outside", "SECRET\n");
	put(&w->dir, "tree/sys/name", "inside\n");
	tree = in_dir(&w->dir, "tree");
	assert_true(root_init(&w->root, tree, &err));
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

static void link_to(struct world *w, const char *target, const char *name)
{
	own_free char *path = in_dir(&w->dir, name);

	assert_int_equal(symlink(target, path), 0);
}

static void line_is(struct world *w, const char *path, const char *want)
{
	own_free char *line = root_line(&w->root, "%s", path);

	if (!want) {
		assert_null(line);
		return;
	}
	assert_non_null(line);
	assert_string_equal(line, want);
}

static void paths_are_those_of_the_machine(void **state)
{
	struct world *w = *state;

	line_is(w, "/sys/name", "inside");
	line_is(w, "/sys/other", NULL);
	assert_int_equal(errno, ENOENT);
	assert_false(root_is_real(&w->root));
	assert_true(root_exists(&w->root, "/sys/%s", "name"));
	assert_false(root_exists(&w->root, "/proc/cpuinfo"));
}

static void links_stay_inside(void **state)
{
	struct world *w = *state;
	own_free char *absolute = in_dir(&w->dir, "outside");

	link_to(w, "../../../../../../outside", "tree/sys/up");
	link_to(w, absolute, "tree/sys/absolute");
	link_to(w, "/sys/name", "tree/sys/good");
	link_to(w, "../../..", "tree/sys/root");
	line_is(w, "/sys/up", NULL);
	line_is(w, "/sys/absolute", NULL);
	line_is(w, "/sys/good", "inside");
	line_is(w, "/sys/root/sys/name", "inside"); /* ".." ends at the tree's top */
	line_is(w, "/../outside", NULL);
	line_is(w, "/sys/../../outside", NULL);
	assert_false(root_exists(&w->root, "/sys/up"));
	assert_false(root_exists(&w->root, "/../outside"));
}

static void what_a_link_holds(void **state)
{
	struct world *w = *state;
	own_free char *target = NULL;

	link_to(w, "../../bus/pci/drivers/vfio-pci", "tree/sys/driver");
	target = root_readlink(&w->root, "/sys/%s", "driver");
	assert_string_equal(target, "../../bus/pci/drivers/vfio-pci");
	assert_null(root_readlink(&w->root, "/sys/name"));
	assert_null(root_readlink(&w->root, "/sys/none"));
}

static void lines_and_whole_files(void **state)
{
	struct world *w = *state;
	own_free char *all = NULL;

	put(&w->dir, "tree/two", "one\ntwo\n");
	put(&w->dir, "tree/empty", "");
	put(&w->dir, "tree/open", "no end");
	all = root_read(&w->root, "/two");
	assert_string_equal(all, "one\ntwo\n");
	line_is(w, "/two", "one");
	line_is(w, "/empty", "");
	line_is(w, "/open", "no end");
}

static void numbers(void **state)
{
	struct world *w = *state;
	unsigned long long v = 5;

	put(&w->dir, "tree/hex", "0x10de\n");
	put(&w->dir, "tree/decimal", "42\n");
	put(&w->dir, "tree/word", "auto\n");
	put(&w->dir, "tree/trailing", "42 W\n");
	put(&w->dir, "tree/huge", "99999999999999999999999\n");
	assert_true(root_number(&w->root, &v, "/hex"));
	assert_int_equal(v, 0x10de);
	assert_true(root_number(&w->root, &v, "/decimal"));
	assert_int_equal(v, 42);
	assert_false(root_number(&w->root, &v, "/word"));
	assert_int_equal(errno, EINVAL);
	assert_false(root_number(&w->root, &v, "/trailing"));
	assert_false(root_number(&w->root, &v, "/huge"));
	assert_int_equal(errno, ERANGE);
	assert_false(root_number(&w->root, &v, "/none"));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(v, 42);
}

static void lists_are_sorted(void **state)
{
	static const char *const want[] = {"cpu1", "cpu2", "cpu10"};
	struct world *w = *state;
	char **names;
	size_t n;

	put(&w->dir, "tree/cpu/cpu10", "");
	put(&w->dir, "tree/cpu/cpu2", "");
	put(&w->dir, "tree/cpu/cpu1", "");
	names = root_list(&w->root, &n, "/%s", "cpu");
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(names[i], want[i]);
	names_free(names, n);
	assert_null(root_list(&w->root, &n, "/none"));
	assert_int_equal(n, 0);
	assert_int_equal(errno, ENOENT);
}

static void a_file_has_a_bound(void **state)
{
	struct world *w = *state;
	own_free char *big = xcalloc(1, (1 << 20) + 1), *all = NULL;

	memset(big, 'x', 1 << 20);
	put(&w->dir, "tree/fits", big);
	all = root_read(&w->root, "/fits");
	assert_non_null(all);
	put_bytes(&w->dir, "tree/big", big, (1 << 20) + 1);
	assert_null(root_read(&w->root, "/big"));
	assert_int_equal(errno, EFBIG);
}

static void no_such_root(void **state)
{
	struct world *w = *state;
	own_free char *none = in_dir(&w->dir, "none"), *file = in_dir(&w->dir, "outside");
	own_free char *want = xasprintf("cannot use --host-root %s: No such file or directory\n"
					"cannot use --host-root %s: Not a directory\n",
					none, file);
	struct error *err = NULL;
	struct root root;

	assert_false(root_init(&root, none, &err));
	assert_false(root_init(&root, file, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_messages(err, want);
}

static void the_real_one(void **state)
{
	struct root root;

	(void)state;
	assert_true(root_init(&root, NULL, NULL));
	assert_true(root_is_real(&root));
	assert_true(root_exists(&root, "/proc/self/stat"));
	root_done(&root);
}

#define in_world(f) cmocka_unit_test_setup_teardown(f, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(paths_are_those_of_the_machine),
		in_world(links_stay_inside),
		in_world(what_a_link_holds),
		in_world(lines_and_whole_files),
		in_world(numbers),
		in_world(lists_are_sorted),
		in_world(a_file_has_a_bound),
		in_world(no_such_root),
		cmocka_unit_test(the_real_one),
	};

	return cmocka_run_group_tests_name("base_root", tests, NULL, NULL);
}
