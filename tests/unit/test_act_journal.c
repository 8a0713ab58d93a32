/* The journal's text: what a keeper writes is read again as it was, and what it would never write
 * is refused.
 */
#include "unit.h"

#include <string.h>

#include "act/journal.h"
#include "base/alloc.h"

static struct change change_of(enum change_kind kind)
{
	struct change change = {.kind = kind, .address = {0, 0, 2, 0}, .node = -1, .number = 1};

	if (kind == CHANGE_MDEV) {
		assert_true(change_name(&change, "i915-GVTg_V5_4"));
		assert_true(change_name(&change, "b155147a-663a-4009-ae7f-e9a96805b3ce"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(names_of_a_mediated_device),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
