/* The journal's text: what a keeper writes is read again as it was, and what it would never write
 * is refused.
 */
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "act/journal.h"
#include "act/journal_file.h"
#include "base/alloc.h"
#include "scratch.h"

static struct change change_of(enum change_kind kind)
{
	struct change change = {.kind = kind, .address = {0, 0, 2, 0}, .node = -1, .number = 1};

	if (kind == CHANGE_MDEV) {
		assert_true(change_name(&change, "i915-GVTg_V5_4"));
		assert_true(change_name(&change, "b155147a-663a-4009-ae7f-e9a96805b3ce"));
	}
	if (kind == CHANGE_TAP) {
		assert_true(change_name(&change, "vm-win11-3fa2"));
		assert_true(change_name(&change, "tap"));
	}
	if (kind == CHANGE_ACL)
		strcpy(change.path, "/dev/vfio/12");
	return change;
}

/* The text of a journal of such changes; the caller owns it. */
static char *text_of(const struct change *change, size_t n)
{
	struct journal journal = {
		.boot_id = (char *)"b", .change = (struct change *)change, .n = n};

	return journal_text(&journal);
}

static void each_kind(void **state)
{
	(void)state;
	for (int kind = 0; kind < CHANGES; kind++) {
		struct change change = change_of((enum change_kind)kind);
		own_free char *text = text_of(&change, 1), *again = NULL;
		struct error *err = NULL;
		own_journal struct journal *read = journal_parse(text, &err);

		assert_null(err);
		assert_int_equal(read->n, 1);
		assert_int_equal(read->change[0].kind, kind);
		assert_int_equal(read->change[0].names, change.names);
		for (size_t i = 0; i < change.names; i++)
			assert_string_equal(read->change[0].name[i], change.name[i]);
		assert_int_equal(pci_address_compare(&read->change[0].address, &change.address), 0);
		assert_int_equal(read->change[0].number, 1);
		again = journal_text(read);
		assert_string_equal(again, text);
	}
}

static void refused(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	own_free char *spoilt = NULL;
	own_error struct error *err = NULL;

	assert_non_null(at);
	spoilt = xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	assert_null(journal_parse(spoilt, &err));
	assert_non_null(err);
}

/* Both would become parts of a path. */
static void names_of_a_mediated_device(void **state)
{
	struct change change = change_of(CHANGE_MDEV);
	own_free char *text = text_of(&change, 1);

	(void)state;
	refused(text, "i915-GVTg_V5_4", "../../i915");
	refused(text, "i915-GVTg_V5_4", "i915.GVTg");
	refused(text, "b155147a", "../");
	refused(text, "\"mdev\"", "\"mdevs\"");
	refused(text, "0000:00:02.0", "0000:00:02.0/..");
}

static void names(void **state)
{
	struct change change = {0};

	(void)state;
	assert_false(change_name(&change, "a/b"));
	assert_false(change_name(&change, "-a"));
	for (size_t i = 0; i < CHANGE_NAMES; i++)
		assert_true(change_name(&change, "a"));
	assert_false(change_name(&change, "a"));
}

/* What stands at path, without the lines behind it; the caller owns it. */
static char *held_text(const char *path)
{
	char *text = file_read(path, 1 << 20, NULL);

	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void holds(const char *path, const char *wanted)
{
	own_free char *text = held_text(path);

	assert_string_equal(text, wanted);
}

/* Once it is there no state that is no longer needs anything of the file system. */
static void a_file_and_its_room(void **state)
{
	own_free char *path = path_join(*state, "1.journal"), *longer = xcalloc(9000, 1);
	own_free char *room = xasprintf("%s" JOURNAL_ROOM, path), *all = NULL;
	struct rlimit was, now;
	struct stat st, of_room;

	memset(longer, 'x', 8999);
	assert_true(journal_file_write(path, "first", NULL));
	holds(path, "first");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(stat(room, &of_room), 0);
	assert_int_equal(st.st_size, of_room.st_size);
	assert_int_equal(st.st_mode & 0777, 0600);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	now = (struct rlimit){.rlim_cur = (rlim_t)st.st_size, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_true(journal_file_write(path, "a second one", NULL));
	holds(path, "a second one");
	assert_true(journal_file_write(path, "3", NULL));
	all = file_read(path, 1 << 20, NULL);
	assert_int_equal(strspn(all + 1, "\n"), strlen(all) - 1);
	assert_false(journal_file_write(path, longer, NULL));
	holds(path, "3");
	assert_true(journal_file_write(path, "4", NULL));
	holds(path, "4");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);

	assert_true(journal_file_write(path, longer, NULL));
	holds(path, longer);
	/* Of a keeper that died at the wrong moment. */
	unlink(room);
	assert_true(journal_file_write(path, "5", NULL));
	holds(path, "5");
	assert_true(journal_file_remove(path, NULL));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(room, F_OK), -1);
	assert_true(journal_file_remove(path, NULL));
}

/* Numbers of another PID namespace say nothing here. */
static void another_namespace(void **state)
{
	own_journal struct journal *journal = journal_new(getuid());

	(void)state;
	assert_true(journal_is_here(journal));
	assert_true(journal_is_kept(journal));
	journal->keeper.start++;
	assert_false(journal_is_kept(journal));
	free(journal->namespaces);
	journal->namespaces = xstrdup("pid:[1] time:[1]");
	assert_false(journal_is_here(journal));
	assert_true(journal_is_kept(journal));
	free(journal->boot_id);
	journal->boot_id = xstrdup("another");
	assert_false(journal_is_kept(journal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(names_of_a_mediated_device),
		cmocka_unit_test(names),
		cmocka_unit_test_setup_teardown(a_file_and_its_room, scratch_make, scratch_remove),
		cmocka_unit_test(another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
