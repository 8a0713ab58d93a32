/* Which machine version is chosen, and what is said of one that this QEMU lacks or will lose. */
#include "plan_world.h"

static char *const OFFERED[] = {S("pc-q35-9.2"),  S("pc-q35-11.1"), S("pc-q35-7.2"),
				S("pc-q35-10.0"), S("microvm"),	    S("pc-q35-4.0.1")};
static char *const LOSING[] = {S("pc-q35-7.2")};

/* What a machine is composed with, when QEMU offers those. */
static struct plan *versioned(const char *text, const char *recorded, struct error **err)
{
	struct world w = world();
	own_profile struct profile *p = NULL;
	own_plan struct plan *unused = planned(&w, "");

	(void)unused;
	p = profile_parse("p.ini", text, strlen(text), NULL, NULL, 0, err);
	w.facts.qemu.version = S("11.1.3");
	w.facts.qemu.offers[QEMU_MACHINES] =
		(struct qemu_names){(char **)OFFERED, ARRAY_SIZE(OFFERED)};
	w.facts.qemu.offers[QEMU_DEPRECATED] =
		(struct qemu_names){(char **)LOSING, ARRAY_SIZE(LOSING)};
	w.in.profile = p;
	w.in.recorded_machine = recorded;
	return plan_compose(&w.in, err);
}

static void chosen(const char *text, const char *recorded, const char *machine, const char *why,
		   const char *notes)
{
	own_error struct error *err = NULL;
	own_plan struct plan *plan = versioned(text, recorded, &err);
	own_free char *start = xasprintf("%s,", machine);
	const struct argument *a;

	assert_messages(err, "");
	a = find(plan, "-machine", start);
	if (!a)
		fail_msg("not %s but %s", machine, find(plan, "-machine", NULL)->value);
	if (why)
		assert_string_equal(a->cause.why, why);
	else
		assert_null(a->cause.why);
	notes_are(plan, notes);
}

static void not_to_be_had(const char *text, const char *recorded, const char *want)
{
	struct error *err = NULL;

	assert_null(versioned(text, recorded, &err));
	assert_int_equal(error_kind(err), ERROR_HOST);
	assert_messages(err, want);
}

static void where_it_comes_from(void **state)
{
	(void)state;
	chosen("", NULL, "pc-q35-11.1", "the newest of this QEMU; kept from the first start on",
	       "");
	chosen("", "pc-q35-9.2", "pc-q35-9.2", "recorded at the first start", "");
	chosen("[vm]\nmachine = pc-q35-10.0\n", NULL, "pc-q35-10.0", NULL, "");
	chosen("[vm]\nmachine = pc-q35-10.0\n", "pc-q35-10.0", "pc-q35-10.0", NULL, "");
	chosen("[vm]\nmachine = pc-q35-10.0\n", "pc-q35-9.2", "pc-q35-10.0",
	       "instead of the one recorded at the first start", "");
	/* What is recorded does not matter then, whether or not it can be had. */
	chosen("[vm]\nmachine = pc-q35-10.0\n", "pc-q35-12.0", "pc-q35-10.0",
	       "instead of the one recorded at the first start", "");
}

static void not_for_long(void **state)
{
	(void)state;
	chosen("[vm]\nname = win11\n", "pc-q35-7.2", "pc-q35-7.2", "recorded at the first start",
	       "this machine's recorded version is pc-q35-7.2, which is deprecated in QEMU 11.1.3 "
	       "and will be gone in a later one: 'vmlaunch machine win11 --raise' makes it "
	       "pc-q35-11.1, which is other hardware to the guest\n");
	chosen("[vm]\nmachine = pc-q35-7.2\n", NULL, "pc-q35-7.2", NULL,
	       "vm.machine is pc-q35-7.2, which is deprecated in QEMU 11.1.3 and will be gone in a "
	       "later one: give another one, up to pc-q35-11.1\n");
}

static void too_old_or_too_new(void **state)
{
	(void)state;
	not_to_be_had(
		"", "pc-q35-12.0",
		"this machine's recorded version is pc-q35-12.0, which QEMU 11.1.3 is too old "
		"for (its newest is pc-q35-11.1): install the newer QEMU again, or go back to "
		"older hardware with 'vmlaunch machine p --raise pc-q35-11.1'\n");
	/* By number: 5.2 is older than 11.1, and 9.2 is no more than 10.0. */
	not_to_be_had("", "pc-q35-5.2",
		      "this machine's recorded version is pc-q35-5.2, which QEMU 11.1.3 no longer "
		      "has (its oldest is pc-q35-7.2): 'vmlaunch machine p --raise' makes it "
		      "pc-q35-11.1, which is other hardware to the guest\n");
	not_to_be_had("", "pc-q35-10.1",
		      "this machine's recorded version is pc-q35-10.1, which QEMU 11.1.3 does not "
		      "have (it offers pc-q35-7.2 to pc-q35-11.1): 'vmlaunch machine p --raise' "
		      "makes it pc-q35-11.1, which is other hardware to the guest\n");
	not_to_be_had(
		"[vm]\nmachine = pc-q35-12.0\n", "pc-q35-9.2",
		"p.ini:2:11: vm.machine is pc-q35-12.0, which QEMU 11.1.3 is too old for (its "
		"newest is pc-q35-11.1): install a newer QEMU, or give an older version\n");
	not_to_be_had("[vm]\nmachine = pc-q35-6.2\n", NULL,
		      "p.ini:2:11: vm.machine is pc-q35-6.2, which QEMU 11.1.3 no longer has (its "
		      "oldest is pc-q35-7.2): give another one, up to pc-q35-11.1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_comes_from),
		cmocka_unit_test(not_for_long),
		cmocka_unit_test(too_old_or_too_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
