/* Paths; reads with a bound; writes that are whole or absent. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static void tidy(const char *path, const char *want)
{
	own_free char *got = path_tidy(path);

	assert_string_equal(got, want);
}

static void tidy_paths(void **state)
{
	(void)state;
	tidy("/a/b", "/a/b");
	tidy("/a//b/./c/", "/a/b/c");
	tidy("./a", "a");
	tidy("a/..", "a/.."); /* a may be a link */
	tidy("/", "/");
	tidy("//", "/");
	tidy(".", ".");
	tidy("", ".");
	tidy("/.hidden/...", "/.hidden/...");
	tidy("/a b/,\xff\n", "/a b/,\xff\n");
}

static void joined(const char *dir, const char *name, const char *want)
{
	own_free char *got = path_join(dir, name);

	assert_string_equal(got, want);
}

static void joined_paths(void **state)
{
	(void)state;
	joined("/a", "b", "/a/b");
	joined("/a/", "b", "/a/b");
	joined("/", "b", "/b");
	joined("/a", "/b", "/b");
	joined(".", "b", "b");
	joined("", "b", "b");
}

static void parts_of_paths(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} row[] = {
		{"/a/b", "/a", "b"}, {"/a", "/", "a"},	    {"a", ".", "a"},
		{"a/b", "a", "b"},   {"/a/b/", "/a/b", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *dir = path_dir(row[i].path);

		assert_string_equal(dir, row[i].dir);
		assert_string_equal(path_base(row[i].path), row[i].base);
	}
}

static void reads_have_a_bound(void **state)
{
	own_free char *path = in_dir(state, "f"), *whole = NULL;
	size_t len = 0;

	put_bytes(state, "f", "ab\0cd", 5);
	whole = file_read(path, 5, &len);
	assert_int_equal(len, 5);
	assert_memory_equal(whole, "ab\0cd", 6);
	assert_null(file_read(path, 4, &len));
	assert_int_equal(errno, EFBIG);
}

static void an_empty_file_is_a_string(void **state)
{
	own_free char *path = in_dir(state, "f"), *text = NULL;
	size_t len = 7;

	put(state, "f", "");
	text = file_read(path, 10, &len);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
}

static void only_regular_files(void **state)
{
	own_free char *fifo = in_dir(state, "fifo"), *none = in_dir(state, "none");

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_null(file_read(fifo, 10, NULL)); /* and does not wait for a writer */
	assert_int_equal(errno, EINVAL);
	assert_null(file_read(*state, 10, NULL));
	assert_int_equal(errno, EISDIR);
	assert_null(file_read("/dev/zero", 10, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(file_read(none, 10, NULL));
	assert_int_equal(errno, ENOENT);
}

static void tails(void **state)
{
	own_free char *path = in_dir(state, "log"), *end = NULL, *all = NULL;
	own_fd int fd = -1, short_fd = -1;

	put(state, "log", "0123456789");
	fd = open_tail(path, 4);
	end = fd_read_all(fd, 100, NULL);
	assert_string_equal(end, "6789");
	short_fd = open_tail(path, 100);
	all = fd_read_all(short_fd, 100, NULL);
	assert_string_equal(all, "0123456789");
}

static void content_is(const char *path, const char *want)
{
	own_free char *text = file_read(path, 1 << 20, NULL);

	assert_non_null(text);
	assert_string_equal(text, want);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void writes_replace(void **state)
{
	own_free char *path = in_dir(state, "f");
	own_error struct error *err = NULL;
	mode_t old = umask(0077);

	assert_true(file_write(path, "one", 3, 0644, VOLATILE, &err));
	content_is(path, "one");
	assert_int_equal(mode_of(path), 0644); /* whatever the umask */
	assert_true(file_write(path, "two!", 4, 0600, DURABLE, &err));
	content_is(path, "two!");
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(entries(state), 1);
	umask(old);
}

/* A full disk, as a limit on the size of files: the old file stays, nothing else is left. */
static void a_failed_write_leaves_the_old(void **state)
{
	static char data[8192];
	own_free char *path = in_dir(state, "f");
	own_error struct error *err = NULL;
	struct rlimit was, small;
	bool written;

	memset(data, 'x', sizeof(data));
	put(state, "f", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 4096, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	written = file_write(path, data, sizeof(data), 0600, DURABLE, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_false(written);
	assert_non_null(strstr(error_message(err, 0), "cannot write "));
	content_is(path, "old");
	assert_int_equal(entries(state), 1);
}

static void a_write_into_nowhere(void **state)
{
	own_free char *path = in_dir(state, "no/f"), *dir = in_dir(state, "d");
	own_free char *want = xasprintf("cannot write %s: No such file or directory\n", path);
	struct error *err = NULL;

	assert_false(file_write(path, "x", 1, 0600, VOLATILE, &err));
	assert_messages(err, want);
	/* The rename fails, not the writing: the temporary file goes all the same. */
	put(state, "d/x", "");
	assert_false(file_write(dir, "x", 1, 0600, VOLATILE, &err));
	error_free(err);
	assert_int_equal(entries(state), 1);
}

static void copies_are_new(void **state)
{
	own_free char *from = in_dir(state, "from"), *to = in_dir(state, "to");
	own_error struct error *err = NULL;

	put(state, "from", "template");
	assert_true(file_copy_new(from, to, 0600, &err));
	content_is(to, "template");
	assert_int_equal(mode_of(to), 0600);
	put(state, "to", "mine");
	assert_false(file_copy_new(from, to, 0600, &err));
	assert_non_null(strstr(error_message(err, 0), "File exists"));
	content_is(to, "mine");
	assert_int_equal(entries(state), 2);
}

static void a_failed_copy_leaves_nothing(void **state)
{
	static char data[100000];
	own_free char *from = in_dir(state, "from"), *to = in_dir(state, "to");
	own_error struct error *err = NULL;
	struct rlimit was, small;
	bool copied;

	put_bytes(state, "from", data, sizeof(data));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 70000, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	copied = file_copy_new(from, to, 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_false(copied);
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_int_equal(entries(state), 1);
}

static void directories_with_parents(void **state)
{
	own_free char *deep = in_dir(state, "a/b//c/"), *middle = in_dir(state, "a/b");
	own_error struct error *err = NULL;
	mode_t old = umask(0);

	assert_true(dir_make(deep, 0700, &err));
	assert_true(dir_make(deep, 0700, &err));
	assert_int_equal(mode_of(deep), 0700);
	assert_int_equal(mode_of(middle), 0700);
	umask(old);
}

static void a_file_is_no_directory(void **state)
{
	own_free char *file = in_dir(state, "f"), *below = in_dir(state, "f/d");
	own_free char *want = xasprintf("cannot make directory %s: Not a directory\n", file);
	struct error *err = NULL;

	put(state, "f", "");
	assert_false(dir_make(file, 0700, &err));
	assert_messages(err, want);
	assert_false(dir_make(below, 0700, &err));
	error_free(err);
	err = NULL;
	assert_false(dir_make("", 0700, &err));
	assert_messages(err, "cannot make directory : No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tidy_paths),
		cmocka_unit_test(joined_paths),
		cmocka_unit_test(parts_of_paths),
		in_scratch(reads_have_a_bound),
		in_scratch(an_empty_file_is_a_string),
		in_scratch(only_regular_files),
		in_scratch(tails),
		in_scratch(writes_replace),
		in_scratch(a_failed_write_leaves_the_old),
		in_scratch(a_write_into_nowhere),
		in_scratch(copies_are_new),
		in_scratch(a_failed_copy_leaves_nothing),
		in_scratch(directories_with_parents),
		in_scratch(a_file_is_no_directory),
	};

	return cmocka_run_group_tests_name("base_file", tests, NULL, NULL);
}
