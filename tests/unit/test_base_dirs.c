/* Where the user's things live, by the XDG base directory specification. */
#include "scratch.h"

#include <stdlib.h>

#include "base/dirs.h"

static const char *const VARIABLE[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
				       "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"};

static int clean(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(VARIABLE); i++)
		unsetenv(VARIABLE[i]);
	return scratch_make(state);
}

static void find(struct dirs *dirs)
{
	own_error struct error *err = NULL;

	assert_true(dirs_find(dirs, &err));
	assert_null(err);
}

static void all_from_home(void **state)
{
	own_dirs struct dirs dirs = {0};

	(void)state;
	setenv("HOME", "/home/some body/", 1);
	find(&dirs);
	assert_string_equal(dirs.config, "/home/some body/.config");
	assert_string_equal(dirs.state, "/home/some body/.local/state/vmlaunch");
	assert_string_equal(dirs.cache, "/home/some body/.cache/vmlaunch");
}

static void variables_count(void **state)
{
	own_dirs struct dirs dirs = {0};

	(void)state;
	setenv("HOME", "/home/u", 1);
	setenv("XDG_CONFIG_HOME", "/c//x/", 1);
	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("XDG_CACHE_HOME", "/k", 1);
	find(&dirs);
	assert_string_equal(dirs.config, "/c/x");
	assert_string_equal(dirs.state, "/s/vmlaunch");
	assert_string_equal(dirs.cache, "/k/vmlaunch");
}

static void relative_or_empty_ones_do_not(void **state)
{
	own_dirs struct dirs dirs = {0};

	(void)state;
	setenv("HOME", "/home/u", 1);
	setenv("XDG_CONFIG_HOME", "config", 1);
	setenv("XDG_STATE_HOME", "", 1);
	setenv("XDG_RUNTIME_DIR", "run", 1);
	find(&dirs);
	assert_string_equal(dirs.config, "/home/u/.config");
	assert_string_equal(dirs.state, "/home/u/.local/state/vmlaunch");
	assert_true(*dirs.runtime == '/');
	assert_null(strstr(dirs.runtime, "/run/vmlaunch/run/vmlaunch"));
}

static void no_home_is_the_password_entry(void **state)
{
	own_dirs struct dirs dirs = {0};
	own_error struct error *err = NULL;

	(void)state;
	setenv("HOME", "not/absolute", 1);
	if (dirs_find(&dirs, &err))
		assert_true(*dirs.state == '/');
	else
		assert_string_equal(error_message(err, 0),
				    "no home directory: set HOME to an absolute path");
}

/* Where the runtime directory is when XDG_RUNTIME_DIR is none for us. */
static char *fallback(const char *state_dir)
{
	own_free char *usual = xasprintf("/run/user/%u", (unsigned)getuid());
	struct stat st;

	if (stat(usual, &st) == 0 && st.st_uid == getuid() && !(st.st_mode & 0077))
		return xasprintf("%s/vmlaunch", usual);
	return xasprintf("%s/run", state_dir);
}

static void the_runtime_directory_must_be_ours_alone(void **state)
{
	own_free char *mine = in_dir(state, "run"), *want = xasprintf("%s/vmlaunch", mine);
	own_free char *other = NULL;
	own_dirs struct dirs good = {0}, open = {0}, file = {0}, none = {0};

	setenv("HOME", *state, 1);
	assert_int_equal(mkdir(mine, 0700), 0);
	setenv("XDG_RUNTIME_DIR", mine, 1);
	find(&good);
	assert_string_equal(good.runtime, want);
	other = fallback(good.state);
	assert_int_equal(chmod(mine, 0750), 0);
	find(&open);
	assert_string_equal(open.runtime, other);
	assert_int_equal(rmdir(mine), 0);
	put(state, "run", "");
	find(&file);
	assert_string_equal(file.runtime, other);
	unsetenv("XDG_RUNTIME_DIR");
	find(&none);
	assert_string_equal(none.runtime, other);
}

/* Closed to others, but another's: root's own for a plain user, one given away for root. */
static void somebody_elses_is_not_used(void **state)
{
	own_dirs struct dirs dirs = {0};
	own_free char *other = NULL;
	const char *theirs = "/root";

	if (getuid() == 0) {
		theirs = *state;
		assert_int_equal(chown(theirs, 65534, 65534), 0);
	}
	setenv("HOME", "/home/u", 1);
	setenv("XDG_RUNTIME_DIR", theirs, 1);
	find(&dirs);
	other = fallback(dirs.state);
	assert_string_equal(dirs.runtime, other);
}

static void nothing_is_made(void **state)
{
	own_dirs struct dirs dirs = {0};

	setenv("HOME", *state, 1);
	setenv("XDG_RUNTIME_DIR", *state, 1);
	find(&dirs);
	assert_int_equal(entries(state), 0);
}

#define in_clean(f) cmocka_unit_test_setup_teardown(f, clean, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_clean(all_from_home),
		in_clean(variables_count),
		in_clean(relative_or_empty_ones_do_not),
		in_clean(no_home_is_the_password_entry),
		in_clean(the_runtime_directory_must_be_ours_alone),
		in_clean(somebody_elses_is_not_used),
		in_clean(nothing_is_made),
	};

	return cmocka_run_group_tests_name("base_dirs", tests, NULL, NULL);
}
