/* Logs of processes beside us: a fresh one each time, and its last words. */
#include "scratch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "run/log.h"

static void words_are(void **state, const char *text, size_t len, size_t lines, const char *want)
{
	own_free char *path = in_dir(state, "log");
	own_free char *got = NULL;

	assert_true(file_write(path, text, len, 0600, VOLATILE, NULL));
	got = log_last_words(path, lines, "|");
	assert_string_equal(got, want);
}

#define WORDS_ARE(text, lines, want) words_are(state, text, sizeof(text) - 1, lines, want)

static void last_words(void **state)
{
	own_free char *none = log_last_words("/nonexistent/log", 3, "|");
	own_free char *large = xcalloc(1, 1 << 20);

	assert_string_equal(none, "");
	WORDS_ARE("", 1, "");
	WORDS_ARE("\n\n", 1, "");
	WORDS_ARE("one", 1, "|one");
	WORDS_ARE("one\n", 1, "|one");
	WORDS_ARE("one\ntwo\n\n\n", 1, "|two");
	WORDS_ARE("one\n\ntwo\n", 2, "|one|two");
	WORDS_ARE("one\n\ntwo\n", 5, "|one|two");
	WORDS_ARE("\none\ntwo\nthree", 2, "|two|three");
	WORDS_ARE("a\033[2Jb\n", 1, "|a\\x1b[2Jb");
	/* Only the end of a long one is read. */
	memset(large, 'x', 1 << 20);
	memcpy(large + (1 << 20) - 5, "\nend\n", 5);
	words_are(state, large, 1 << 20, 1, "|end");
}

static void a_fresh_one(void **state)
{
	own_free char *path = in_dir(state, "fresh"), *old = in_dir(state, "fresh.old");
	own_free char *text = NULL;
	struct stat st;

	for (int i = 0; i < 3; i++) {
		own_fd int fd = log_open(path, NULL);

		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(st.st_size, 0);
		assert_int_equal(dprintf(fd, "%d", i), 1);
	}
	text = file_read(old, 16, NULL);
	assert_string_equal(text, "1");
}

/* A line of ours stands in QEMU's log, and is none of its last words. */
static void a_line_of_ours(void **state)
{
	own_free char *path = in_dir(state, "log"), *words = NULL, *text = NULL;

	assert_true(file_write(path, "one\ntwo\n", 8, 0600, VOLATILE, NULL));
	log_add(path, "held");
	log_add("/nonexistent/log", "held");
	text = file_read(path, 1000, NULL);
	assert_non_null(strstr(text, "two\nvmlaunch: "));
	assert_non_null(strstr(text, ": held\n"));
	words = log_last_words(path, 5, "|");
	assert_string_equal(words, "|one|two");
	free(words);
	words = log_last_words(path, 2, "|");
	assert_string_equal(words, "|one|two");
	own_free char *ours = log_last_of_ours(path);

	assert_non_null(ours);
	assert_true(text_ends(ours, ": held"));
	assert_null(log_last_of_ours("/nonexistent/log"));
}

static void no_place_for_one(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	assert_int_equal(log_open("/nonexistent/log", &err), -1);
	assert_int_equal(error_kind(err), ERROR_HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(last_words),
		in_scratch(a_fresh_one),
		in_scratch(a_line_of_ours),
		cmocka_unit_test(no_place_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
