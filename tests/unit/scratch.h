/* A directory of its own for each test, with a space in its name, and error messages as one text.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "unit.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"

static inline int scratch_make(void **state)
{
	char *dir = xstrdup("/tmp/vmlaunch unit.XXXXXX");

	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
				     struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static inline int scratch_remove(void **state)
{
	nftw(*state, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

#define in_scratch(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

/* The path of name in the directory; the caller owns it. */
static inline char *in_dir(void **state, const char *name)
{
	return xasprintf("%s/%s", (char *)*state, name);
}

static inline void put_bytes(void **state, const char *name, const void *data, size_t len)
{
	own_free char *path = in_dir(state, name), *dir = path_dir(path);
	own_file FILE *f = NULL;

	assert_true(dir_make(dir, 0755, NULL));
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
}

static inline void put(void **state, const char *name, const char *text)
{
	put_bytes(state, name, text, strlen(text));
}

/* How many entries the directory has. */
static inline size_t entries(void **state)
{
	own_dir DIR *dir = opendir(*state);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

/* All messages, each with a line end; frees the error. The caller owns it. */
static inline char *messages(struct error **err)
{
	struct buf out = {0};

	for (size_t i = 0; i < error_count(*err); i++)
		buf_addf(&out, "%s\n", error_message(*err, i));
	error_free(*err);
	*err = NULL;
	return buf_steal(&out);
}

/* The error says just this, "a\nb\n", and is freed. */
#define assert_messages(err, text)                       \
	do {                                             \
		own_free char *said_ = messages(&(err)); \
		assert_string_equal(said_, text);        \
	} while (0)

#endif
