/* KVM or TCG: every wish on every host, with and without a host device. */
#include "scratch.h"

#include "plan/plan.h"

static const struct kvm_facts HOST[] = {
	{KVM_USABLE, 0},       {KVM_NO_NODE, 2}, {KVM_NOT_PERMITTED, 13},
	{KVM_NO_EXTENSION, 0}, {KVM_BROKEN, 16},
};
_Static_assert(ARRAY_SIZE(HOST) == KVM_STATES, "all states are tried");

static void kvm_where_it_works(void **state)
{
	static const enum accel wish[] = {ACCEL_AUTO, ACCEL_KVM};

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(wish); w++) {
		for (int device = 0; device < 2; device++) {
			struct error *err = NULL;
			const char *why = "unset";
			bool kvm = false;

			assert_true(plan_accel(wish[w], "cpu.accel", &HOST[0], device, &kvm, &why,
					       &err));
			assert_true(kvm);
			assert_null(why);
			assert_null(err);
		}
	}
}

static void emulation_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(HOST); i++) {
		struct error *err = NULL;
		const char *why = NULL;
		bool kvm = true;

		assert_true(plan_accel(ACCEL_AUTO, "cpu.accel", &HOST[i], false, &kvm, &why, &err));
		assert_false(kvm);
		assert_non_null(why);
		assert_string_equal(why, kvm_reason(&HOST[i]));
		assert_null(err);
	}
}

/* The keeper, which hands over the device, opens the way to /dev/kvm as well. */
static bool keeper_helps(size_t i, bool device)
{
	return device && HOST[i].state == KVM_NOT_PERMITTED;
}

static void the_keeper_grants_the_node(void **state)
{
	static const enum accel wish[] = {ACCEL_AUTO, ACCEL_KVM};

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(wish); w++) {
		const struct kvm_facts closed = {KVM_NOT_PERMITTED, 13};
		struct error *err = NULL;
		const char *why = "unset";
		bool kvm = false;

		assert_true(plan_accel(wish[w], "cpu.accel", &closed, true, &kvm, &why, &err));
		assert_true(kvm);
		assert_null(why);
		assert_null(err);
	}
}

static void kvm_by_the_profiles_word(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(HOST); i++) {
		for (int device = 0; device < 2; device++) {
			own_free char *want =
				xasprintf("cpu.accel = kvm, but %s\n", kvm_reason(&HOST[i]));
			struct error *err = NULL;
			const char *why;
			bool kvm;

			if (keeper_helps(i, device))
				continue;
			assert_false(plan_accel(ACCEL_KVM, "cpu.accel", &HOST[i], device, &kvm,
						&why, &err));
			assert_int_equal(error_kind(err), ERROR_HOST);
			assert_messages(err, want);
		}
	}
}

static void emulation_by_the_profiles_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(HOST); i++) {
		for (int device = 0; device < 2; device++) {
			struct error *err = NULL;
			const char *why = NULL;
			bool kvm = true;

			assert_true(plan_accel(ACCEL_TCG, "cpu.accel", &HOST[i], device, &kvm, &why,
					       &err));
			assert_false(kvm);
			assert_string_equal(why, "the profile says so");
			assert_null(err);
		}
	}
}

static void a_host_device_is_not_emulated_silently(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(HOST); i++) {
		own_free char *want = xasprintf("a machine with a host device needs KVM, but %s "
						"(cpu.accel = tcg would force emulation)\n",
						kvm_reason(&HOST[i]));
		struct error *err = NULL;
		const char *why;
		bool kvm;

		if (keeper_helps(i, true))
			continue;
		assert_false(plan_accel(ACCEL_AUTO, "cpu.accel", &HOST[i], true, &kvm, &why, &err));
		assert_int_equal(error_kind(err), ERROR_HOST);
		assert_messages(err, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kvm_where_it_works),
		cmocka_unit_test(emulation_with_a_reason),
		cmocka_unit_test(the_keeper_grants_the_node),
		cmocka_unit_test(kvm_by_the_profiles_word),
		cmocka_unit_test(emulation_by_the_profiles_word),
		cmocka_unit_test(a_host_device_is_not_emulated_silently),
	};

	return cmocka_run_group_tests_name("plan_accel", tests, NULL, NULL);
}
