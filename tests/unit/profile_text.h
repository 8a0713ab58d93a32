/* Profiles as text, each test in a directory of its own, so that messages begin with "p.ini". */
#ifndef TESTS_PROFILE_TEXT_H
#define TESTS_PROFILE_TEXT_H

#include "scratch.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "profile/profile.h"

static inline int enter(void **state)
{
	scratch_make(state);
	return chdir(*state);
}

static inline int leave(void **state)
{
	if (setresuid(0, 0, 0) < 0) /* after a test that was somebody else */
		errno = 0;
	return chdir("/") + scratch_remove(state);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__})
#define SETS(...) (char *const *)WORDS(__VA_ARGS__), sizeof(WORDS(__VA_ARGS__)) / sizeof(char *)
#define NO_SETS NULL, 0

static inline struct profile *parse(const char *text, const char *variant, char *const *set,
				    size_t sets)
{
	struct error *err = NULL;
	struct profile *p = profile_parse("p.ini", text, strlen(text), variant, set, sets, &err);

	assert_messages(err, "");
	assert_non_null(p);
	return p;
}

static inline void wrong_with(const char *text, const char *variant, char *const *set, size_t sets,
			      const char *want)
{
	struct error *err = NULL;

	assert_null(profile_parse("p.ini", text, strlen(text), variant, set, sets, &err));
	assert_non_null(err);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_messages(err, want);
}

static inline void wrong(const char *text, const char *want)
{
	wrong_with(text, NULL, NO_SETS, want);
}

static inline void origin_is(const struct profile *p, struct origin at, const char *want)
{
	own_free char *got = origin_text(p, at);

	assert_string_equal(got, want);
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, enter, leave)

#endif
