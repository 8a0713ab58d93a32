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

static void append(const char *path, const char *line, size_t times)
{
	own_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	struct buf all = {0};

	for (size_t i = 0; i < times; i++)
		buf_addf(&all, "%s %zu\n", line, i);
	assert_true(fd >= 0 && fd_write_all(fd, all.data, all.len));
	buf_free(&all);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : st.st_size;
}

/* Whether there is anything to do for who watches it. */
static bool is_news(const struct log_watch *watch)
{
	struct pollfd p = log_watch_poll(watch);

	return poll(&p, 1, 0) > 0;
}

/* One that grows is cut, and the first time what it held is kept; whoever appends goes on. */
static void one_that_grows(void **state)
{
	own_free char *path = in_dir(state, "log"), *before = in_dir(state, "log.1");
	struct log_watch watch = LOG_WATCH_NONE;
	own_free char *words = NULL, *text = NULL, *kept = NULL;
	own_fd int open_before = -1;

	append(path, "small", 3);
	open_before = open(path, O_WRONLY | O_APPEND);
	assert_true(log_watch(&watch, path));
	assert_false(is_news(&watch));
	append(path, "line", 300000);
	assert_true(is_news(&watch));
	log_watch_go(&watch, POLLIN);
	assert_true(size_of(path) < 200);
	assert_int_equal(size_of(before), LOG_LIMIT);
	kept = file_read(before, LOG_LIMIT, NULL);
	assert_true(text_ends(kept, "\nline 299999\n"));
	assert_int_equal(dprintf(open_before, "after\n"), 6);
	text = file_read(path, 1000, NULL);
	assert_true(text_starts(text, "vmlaunch: "));
	assert_true(text_ends(text, "what was there before is in log.1\nafter\n"));
	/* Its last words are those of both. */
	words = log_last_words(path, 2, "|");
	assert_string_equal(words, "|line 299999|after");
	free(words);
	words = log_line_with(path, "line 299998");
	assert_string_equal(words, "line 299998");
	/* Within the minute it is only cut. */
	append(path, "more", 300000);
	log_watch_go(&watch, POLLIN);
	assert_true(size_of(path) < 200);
	assert_int_equal(size_of(before), LOG_LIMIT);
	free(kept);
	kept = file_read(before, LOG_LIMIT, NULL);
	assert_true(text_ends(kept, "\nline 299999\n"));
	log_watch_close(&watch);
	/* The next start has none of it. */
	close(log_open(path, NULL));
	assert_int_equal(size_of(before), -1);
}

/* Of one that rests nothing is heard until its time is over, and it rests once; what came meanwhile
 * is seen then, and at the latest by the close.
 */
static void one_that_rests(void **state)
{
	own_free char *path = in_dir(state, "log");
	struct log_watch watch = LOG_WATCH_NONE;
	int64_t again;

	append(path, "small", 3);
	assert_true(log_watch(&watch, path));
	assert_int_equal(log_watch_timer(&watch, 1), 0);
	log_watch_rest(&watch);
	/* That it rests is news. */
	log_watch_go(&watch, POLLIN);
	append(path, "line", 300000);
	assert_false(is_news(&watch));
	again = log_watch_timer(&watch, 1);
	assert_true(again > 0);
	assert_int_equal(log_watch_timer(&watch, again - 1), again);
	assert_true(size_of(path) > LOG_LIMIT);
	assert_int_equal(log_watch_timer(&watch, again), 0);
	assert_true(size_of(path) < 200);
	log_watch_rest(&watch);
	log_watch_go(&watch, POLLIN);
	append(path, "more", 300000);
	assert_true(is_news(&watch));
	assert_int_equal(log_watch_timer(&watch, again + 1), 0);
	log_watch_close(&watch);
	assert_true(size_of(path) < 200);
}

/* One that was too large already; one whose copy would go somewhere else, by a link. */
static void one_that_has_grown(void **state)
{
	own_free char *path = in_dir(state, "log"), *before = in_dir(state, "log.1");
	own_free char *elsewhere = in_dir(state, "elsewhere");
	struct log_watch watch = LOG_WATCH_NONE;

	append(elsewhere, "mine", 1);
	append(path, "line", 300000);
	assert_int_equal(symlink(elsewhere, before), 0);
	assert_true(log_watch(&watch, path));
	assert_true(size_of(path) < 200);
	assert_int_equal(size_of(elsewhere), 7);
	assert_int_equal(access(before, F_OK), -1);
	assert_false(log_watch(&watch, elsewhere + 1));
	log_watch_close(&watch);
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
		in_scratch(one_that_grows),
		in_scratch(one_that_rests),
		in_scratch(one_that_has_grown),
		cmocka_unit_test(no_place_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
