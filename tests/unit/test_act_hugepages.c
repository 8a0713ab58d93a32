/* Huge pages: numbers read, asked for and given back, on plain files (which obey), with a kernel of
 * our own (which does not), and two pages with the real one.
 */
#include "test_act_kernel.h"

#include "act/hugepages.h"

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB"
#define NODE "/sys/devices/system/node/node1/hugepages/hugepages-2048kB"

static void put_pool(struct tree *tree, const char *dir, const char *total, const char *surplus)
{
	own_free char *all = xasprintf("%s/nr_hugepages", dir);
	own_free char *unused = xasprintf("%s/free_hugepages", dir);
	own_free char *extra = xasprintf("%s/surplus_hugepages", dir);
	own_free char *promised = xasprintf("%s/resv_hugepages", dir);

	tree_put(tree, all, total);
	tree_put(tree, unused, "30\n");
	tree_put(tree, extra, surplus);
	if (strcmp(dir, NODE) != 0)
		tree_put(tree, promised, "7\n");
}

static void reads(void **state)
{
	struct tree *tree = *state;
	struct hugepages now = {.total = 99};
	struct error *err = NULL;

	put_pool(tree, POOL, "40\n", "2\n");
	put_pool(tree, NODE, "20\n", "1\n");
	assert_true(hugepages_read(&tree->root, 2048, HUGEPAGES_ANYWHERE, &now, &err));
	assert_int_equal(now.total, 40);
	assert_int_equal(now.free, 30);
	assert_int_equal(now.reserved, 7);
	assert_int_equal(now.surplus, 2);
	assert_true(hugepages_read(&tree->root, 2048, 1, &now, &err));
	assert_int_equal(now.total, 20);
	assert_int_equal(now.reserved, 0);
	assert_false(hugepages_read(&tree->root, 1048576, HUGEPAGES_ANYWHERE, &now, &err));
	says(&err, "this machine has no huge pages of 1048576 KiB");
	assert_false(hugepages_read(&tree->root, 2048, 2, &now, &err));
	says(&err, "node 2 has no huge pages of 2048 KiB");
	tree_put(tree, NODE "/free_hugepages", "many\n");
	assert_false(hugepages_read(&tree->root, 2048, 1, &now, &err));
	says(&err, "cannot read " NODE "/free_hugepages: Invalid argument");
	assert_int_equal(now.total, 20);
}

struct noted {
	struct tree *tree;
	uint64_t pages;
	unsigned calls;
};

/* Nothing has been written when it is noted down. */
static bool note(void *context, uint64_t about_to_add, struct error **err)
{
	struct noted *noted = context;

	(void)err;
	if (noted->tree)
		tree_is(noted->tree, POOL "/nr_hugepages", "40\n");
	noted->pages = about_to_add;
	noted->calls++;
	return true;
}

/* A journal that cannot be written: then the pool is not touched. */
static bool refuse(void *context, uint64_t about_to_add, struct error **err)
{
	(void)context;
	(void)about_to_add;
	error_add(err, ERROR_HOST, "no room for the journal");
	return false;
}

static void adds_and_subtracts(void **state)
{
	struct tree *tree = *state;
	struct noted noted = {.tree = tree};
	struct error *err = NULL;
	uint64_t added = 99, left = 99;

	put_pool(tree, POOL, "40\n", "0\n");
	assert_true(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 0, true, true, note,
				  &noted, &added, &err));
	assert_int_equal(added, 0);
	assert_int_equal(noted.calls, 0);
	assert_false(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 60, true, true, refuse,
				   NULL, &added, &err));
	tree_is(tree, POOL "/nr_hugepages", "40\n");
	error_free(steal(&err));
	assert_true(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 60, true, true, note,
				  &noted, &added, &err));
	assert_int_equal(added, 60);
	assert_int_equal(noted.calls, 1);
	assert_int_equal(noted.pages, 60);
	tree_is(tree, POOL "/nr_hugepages", "100\n");
	/* Somebody else takes some, somebody adds some: ours are subtracted from what is there. */
	tree_put(tree, POOL "/nr_hugepages", "150\n");
	assert_true(hugepages_subtract(&tree->root, 2048, HUGEPAGES_ANYWHERE, 60, &left, &err));
	assert_int_equal(left, 0);
	tree_is(tree, POOL "/nr_hugepages", "90\n");
	assert_true(hugepages_subtract(&tree->root, 2048, HUGEPAGES_ANYWHERE, 91, NULL, &err));
	tree_is(tree, POOL "/nr_hugepages", "0\n");
	assert_true(hugepages_subtract(&tree->root, 2048, HUGEPAGES_ANYWHERE, 1, &left, &err));
	assert_int_equal(left, 0);
	no_children();
}

/* A write counts pages without the surplus. */
static void surplus_does_not_count(void **state)
{
	struct tree *tree = *state;
	struct error *err = NULL;
	uint64_t added;

	put_pool(tree, NODE, "20\n", "5\n");
	assert_true(hugepages_subtract(&tree->root, 2048, 1, 10, NULL, &err));
	tree_is(tree, NODE "/nr_hugepages", "5\n");
	tree_put(tree, NODE "/nr_hugepages", "20\n");
	assert_true(
		hugepages_add(&tree->root, 2048, 1, 10, false, false, NULL, NULL, &added, &err));
	tree_is(tree, NODE "/nr_hugepages", "25\n");
}

static void adding_fails(void **state)
{
	struct tree *tree = *state;
	struct noted noted = {0};
	struct error *err = NULL;
	uint64_t added = 99;

	assert_false(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 5, false, false, note,
				   &noted, &added, &err));
	says(&err, "this machine has no huge pages of 2048 KiB");
	assert_int_equal(added, 0);
	assert_int_equal(noted.calls, 0);
	put_pool(tree, POOL, "40\n", "0\n");
	assert_false(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, UINT64_MAX - 39, false,
				   false, NULL, NULL, &added, &err));
	says(&err, "cannot ask for 18446744073709551576 huge pages");
	tree_is(tree, POOL "/nr_hugepages", "40\n");
}

/* ------------------------------------------------------------------ a kernel that gives less */

static void pool_says(struct kernel *kernel, char said[64])
{
	snprintf(said, 64, "%lu\n", atomic_load(&kernel->number));
}

static int pool_hears(struct kernel *kernel, const char *line)
{
	unsigned long wanted = strtoul(line, NULL, 10), limit = atomic_load(&kernel->limit);

	atomic_store(&kernel->number, wanted < limit ? wanted : limit);
	return atomic_load(&kernel->answer);
}

static int compact_hears(struct kernel *kernel, const char *line)
{
	if (strcmp(line, "1\n") != 0)
		return -EINVAL;
	atomic_fetch_add(&kernel->limit, atomic_load(&kernel->after_compact));
	return 0;
}

static int drop_hears(struct kernel *kernel, const char *line)
{
	if (strcmp(line, "3\n") != 0)
		return -EINVAL;
	atomic_fetch_add(&kernel->limit, atomic_load(&kernel->after_drop));
	return 0;
}

struct short_case {
	bool compact, drop;
	unsigned long after_compact, after_drop;
	unsigned added, writes;
};

/* Asks for 100 pages of a pool that has 10 and gets to 50 at first. */
static void ask_short(struct tree *tree, struct kernel *kernel, const struct short_case *c)
{
	struct noted noted = {0};
	struct error *err = NULL;
	uint64_t added, left;

	atomic_store(&kernel->number, 10);
	atomic_store(&kernel->limit, 50);
	atomic_store(&kernel->after_compact, c->after_compact);
	atomic_store(&kernel->after_drop, c->after_drop);
	atomic_store(&kernel->writes, 0);
	assert_true(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 100, c->compact, c->drop,
				  note, &noted, &added, &err));
	assert_int_equal(added, c->added);
	assert_int_equal(noted.calls, 1);
	assert_int_equal(atomic_load(&kernel->number), 10 + c->added);
	assert_int_equal(atomic_load(&kernel->writes), c->writes);
	assert_true(hugepages_subtract(&tree->root, 2048, HUGEPAGES_ANYWHERE, added, &left, &err));
	assert_int_equal(atomic_load(&kernel->number), 10);
}

/* The kernel takes the number, gives some, and the write fails all the same. */
static void ask_and_fail(struct tree *tree, struct kernel *kernel)
{
	struct error *err = NULL;
	uint64_t added;

	atomic_store(&kernel->limit, 50);
	atomic_store(&kernel->answer, -EINVAL);
	assert_false(hugepages_add(&tree->root, 2048, HUGEPAGES_ANYWHERE, 100, true, true, NULL,
				   NULL, &added, &err));
	says(&err, "cannot write \"110\" to " POOL "/nr_hugepages: Invalid argument");
	assert_int_equal(added, 40);
}

static void gives_less(void **state)
{
	struct tree *tree = *state;
	struct kernel *kernel = kernel_make();
	struct kernel_file file[] = {
		{.kernel = kernel, .says = pool_says, .hears = pool_hears},
		{.kernel = kernel, .says = kernel_says_nothing, .hears = compact_hears},
		{.kernel = kernel, .says = kernel_says_nothing, .hears = drop_hears},
	};
	static const struct short_case cases[] = {
		{false, false, 0, 0, 40, 1},  {true, false, 0, 0, 40, 3},
		{true, false, 20, 0, 60, 3},  {true, false, 200, 0, 100, 3},
		{true, true, 200, 0, 100, 3}, {true, true, 20, 200, 100, 5},
		{true, true, 20, 5, 65, 5},   {false, true, 0, 200, 100, 3},
	};

	put_pool(tree, POOL, "0\n", "0\n");
	if (!own_mounts(tree) || !kernel_mount(&file[0], tree, POOL "/nr_hugepages") ||
	    !kernel_mount(&file[1], tree, "/proc/sys/vm/compact_memory") ||
	    !kernel_mount(&file[2], tree, "/proc/sys/vm/drop_caches"))
		skip_test("no FUSE mount here: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ask_short(tree, kernel, &cases[i]);
	ask_and_fail(tree, kernel);
	for (size_t i = 0; i < ARRAY_SIZE(file); i++)
		kernel_unmount(&file[i]);
}

/* ------------------------------------------------------------------ the real one */

static void real_pages(void **state)
{
	struct hugepages before, with, after;
	struct error *err = NULL;
	uint64_t added, left = 99;

	(void)state;
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", W_OK))
		skip_test("cannot ask this kernel for 2 MiB pages: %s", strerror(errno));
	assert_true(hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &before, &err));
	assert_true(hugepages_add(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, 2, true, false, NULL, NULL,
				  &added, &err));
	assert_true(hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &with, &err));
	assert_true(hugepages_subtract(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, added, &left, &err));
	assert_true(hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &after, &err));
	if (added != 2)
		skip_test("no two pages to be had, got %llu", (unsigned long long)added);
	assert_int_equal(with.total - before.total, 2);
	assert_int_equal(after.total, before.total);
	assert_int_equal(left, 0);
}

/* A page that is in use leaves the pool as surplus, and the machine when it is let go. */
static void real_page_in_use(void **state)
{
	struct hugepages before, with, after;
	struct error *err = NULL;
	uint64_t added = 0, left = 99;
	void *page = MAP_FAILED;

	(void)state;
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", W_OK) == 0 &&
	    hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &before, NULL) &&
	    before.total == 0 &&
	    hugepages_add(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, 1, false, false, NULL, NULL, &added,
			  NULL))
		page = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (page == MAP_FAILED) {
		hugepages_subtract(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, added, NULL, NULL);
		skip_test("no huge page for us alone");
	}
	assert_true(hugepages_subtract(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, added, &left, &err));
	assert_int_equal(left, 0);
	assert_true(hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &with, &err));
	munmap(page, 2 << 20);
	assert_true(hugepages_read(&ROOT_REAL, 2048, HUGEPAGES_ANYWHERE, &after, &err));
	assert_int_equal(with.total, 1);
	assert_int_equal(with.surplus, 1);
	assert_int_equal(after.total, 0);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(reads),
		IN_TREE(adds_and_subtracts),
		IN_TREE(surplus_does_not_count),
		IN_TREE(adding_fails),
		IN_TREE(gives_less),
		cmocka_unit_test(real_pages),
		cmocka_unit_test(real_page_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
