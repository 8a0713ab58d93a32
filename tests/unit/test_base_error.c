/* The error object: many messages, the gravest kind, context on the way up. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void one_message(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	error_add(&err, ERROR_USAGE, "%s is %d", "this", 7);
	assert_int_equal(error_count(err), 1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(error_message(err, 0), "this is 7");
}

static void messages_gather_in_order(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		error_add(&err, ERROR_USAGE, "%d", i);
	assert_int_equal(error_count(err), 100);
	assert_string_equal(error_message(err, 0), "0");
	assert_string_equal(error_message(err, 99), "99");
}

static void the_greater_kind_stays(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	error_add(&err, ERROR_USAGE, "profile");
	error_add(&err, ERROR_HOST, "host");
	error_add(&err, ERROR_FAILED, "guest");
	assert_int_equal(error_kind(err), ERROR_HOST);
}

static void the_kinds_are_the_exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(ERROR_FAILED, 1);
	assert_int_equal(ERROR_USAGE, 2);
	assert_int_equal(ERROR_HOST, 3);
	assert_int_equal(ERROR_LEFT, 4);
}

static void errno_has_its_words(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	error_errno(&err, ERROR_HOST, ENOENT, "cannot read %s", "/x");
	assert_string_equal(error_message(err, 0), "cannot read /x: No such file or directory");
}

static void context_stands_before_each(void **state)
{
	own_error struct error *err = NULL;

	(void)state;
	error_add(&err, ERROR_HOST, "a");
	error_add(&err, ERROR_HOST, "100%% b");
	error_context(&err, "disk %s", "x");
	error_context(&err, "plan");
	assert_string_equal(error_message(err, 0), "plan: disk x: a");
	assert_string_equal(error_message(err, 1), "plan: disk x: 100% b");
	error_context(NULL, "nothing");
	error_free(steal(&err));
	error_context(&err, "nothing");
	assert_null(err);
}

static void merging_empties_the_source(void **state)
{
	own_error struct error *to = NULL, *from = NULL;

	(void)state;
	error_merge(&to, &from);
	assert_null(to);
	error_add(&from, ERROR_HOST, "one");
	error_add(&from, ERROR_HOST, "two");
	error_add(&to, ERROR_USAGE, "zero");
	error_merge(&to, &from);
	assert_null(from);
	assert_int_equal(error_count(to), 3);
	assert_string_equal(error_message(to, 0), "zero");
	assert_string_equal(error_message(to, 2), "two");
	assert_int_equal(error_kind(to), ERROR_HOST);
}

static void nobody_listening_is_no_harm(void **state)
{
	(void)state;
	error_add(NULL, ERROR_USAGE, "lost");
	error_errno(NULL, ERROR_USAGE, EIO, "lost");
	error_free(NULL);
	assert_int_equal(error_count(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message),
		cmocka_unit_test(messages_gather_in_order),
		cmocka_unit_test(the_greater_kind_stays),
		cmocka_unit_test(the_kinds_are_the_exit_statuses),
		cmocka_unit_test(errno_has_its_words),
		cmocka_unit_test(context_stands_before_each),
		cmocka_unit_test(merging_empties_the_source),
		cmocka_unit_test(nobody_listening_is_no_harm),
	};

	return cmocka_run_group_tests_name("base_error", tests, NULL, NULL);
}
