/* What keeps the host away from the guest's processors: the intents, what a person would type, and
 * what is refused before anything is asked for.
 */
#include "plan_world.h"

#define PINNED "[cpu]\nplacement = 2-3,16\n"

static struct frequency_policy policies[] = {
	{.number = 0, .governor = S("powersave"), .governors = S("performance powersave")},
	{.number = 2, .governor = S("powersave"), .governors = S("performance powersave")},
	{.number = 3, .governor = S("powersave"), .governors = S("performance powersave")},
	{.number = 16, .governor = S("powersave"), .governors = S("performance powersave")},
};

/* A host with control groups and a policy for each core that matters. */
static struct world quiet_world(void)
{
	struct world w = world();

	w.facts.quiet = (struct quiet_facts){
		.collected = true,
		.cgroup = CGROUP_V2,
		.cpuset = true,
		.policy = policies,
		.policies = ARRAY_SIZE(policies),
	};
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		policies[i].preference = S("balance_power");
		policies[i].preferences = S("default performance balance_power power");
		policies[i].cpus = (struct cpu_set){0};
		cpu_set_add(&policies[i].cpus, policies[i].number);
	}
	return w;
}

static void cpus_are(const struct cpu_set *cpus, const char *expected)
{
	own_free char *list = cpu_set_text(cpus);

	assert_string_equal(list, expected);
}

static void nothing_is_asked_for_by_itself(void **state)
{
	struct world w = quiet_world();
	own_plan struct plan *plan = planned(&w, PINNED);

	(void)state;
	assert_int_equal(plan->steps, 0);
	assert_false(plan->isolate || plan->realtime);
}

static void isolation(void **state)
{
	struct world w = quiet_world();
	own_plan struct plan *plan = planned(&w, PINNED "isolate = yes\n"), *systemd = NULL;
	const struct plan_step *asked = step(plan, STEP_ISOLATE);

	(void)state;
	lines_are(plan, STEP_ISOLATE,
		  "echo +cpuset > /sys/fs/cgroup/cgroup.subtree_control\n"
		  "mkdir /sys/fs/cgroup/vmlaunch$$\n"
		  "echo threaded > /sys/fs/cgroup/vmlaunch$$/cgroup.type\n"
		  "echo 2-3,16 > /sys/fs/cgroup/vmlaunch$$/cpuset.cpus\n"
		  "echo isolated > /sys/fs/cgroup/vmlaunch$$/cpuset.cpus.partition\n"
		  "# then QEMU into the root group, the threads of its vCPUs into "
		  "vmlaunch$$\n");
	cpus_are(&asked->intent.isolate.cpus, "2-3,16");
	assert_false(asked->intent.isolate.balanced);
	assert_true(plan->isolate);
	w.facts.quiet.systemd = true;
	w.facts.manager = MANAGER_SYSTEMD;
	systemd = planned(&w, PINNED "isolate = yes\n");
	assert_string_equal(step(systemd, STEP_ISOLATE)->line[1],
			    "systemctl set-property --runtime vmlaunch$$.slice "
			    "AllowedCPUs=2-3,16");
}

static void isolation_refused(void **state)
{
	struct world w = quiet_world();

	(void)state;
	refusal_says(
		&w, "[cpu]\nisolate = yes\n",
		"p.ini:2:11: cpu.isolate: the guest has no processors of its own; cpu.placement");
	refusal_says(&w, "[cpu]\nplacement = none\nisolate = yes\n", "p.ini:3:11: cpu.isolate");
	refusal_says(&w, PINNED "isolate = yes\nemulator = 3-4\n", "emulator");
	w.facts.quiet.cgroup = CGROUP_V1;
	refusal_says(&w, PINNED "isolate = yes\n",
		     "p.ini:3:11: cpu.isolate: this host still has control groups of version 1");
	w.facts.quiet.cgroup = CGROUP_V2;
	w.facts.quiet.cpuset = false;
	refusal_says(&w, PINNED "isolate = yes\n", "have no cpuset controller");
}

/* All processors but one. */
static void the_host_keeps_some(void **state)
{
	static const char *const keys[] = {"isolate = yes", "move-irqs = yes",
					   "governor = performance", "realtime = yes"};
	struct world w = quiet_world();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		own_free char *text =
			xasprintf("[cpu]\nplacement = 0-30\nemulator = 31\n%s\n", keys[i]);

		refusal_says(&w, text, "the host needs at least 2 for itself");
	}
}

static void interrupts(void **state)
{
	struct world w = quiet_world();
	own_plan struct plan *plan = planned(&w, PINNED "move-irqs = yes\n"), *balanced = NULL;
	own_plan struct plan *openrc = NULL;

	(void)state;
	lines_are(plan, STEP_IRQS,
		  "for f in /proc/irq/*/smp_affinity_list; do echo 0-1,4-15,17-31 > $f; done\n");
	cpus_are(&step(plan, STEP_IRQS)->intent.irqs.cpus, "2-3,16");
	w.facts.quiet.irqbalance = true;
	w.facts.manager = MANAGER_SYSTEMD;
	balanced = planned(&w, PINNED "move-irqs = yes\n");
	assert_string_equal(step(balanced, STEP_IRQS)->line[0], "systemctl stop irqbalance");
	w.facts.manager = MANAGER_OPENRC;
	openrc = planned(&w, PINNED "move-irqs = yes\n");
	assert_string_equal(step(openrc, STEP_IRQS)->line[0], "rc-service irqbalance stop");
}

static void frequencies(void **state)
{
	struct world w = quiet_world();
	own_plan struct plan *plan = planned(&w, PINNED "governor = performance\n");
	own_plan struct plan *both =
		planned(&w, PINNED "governor = powersave\nenergy-preference = power\n");
	own_plan struct plan *shared = NULL;
	const struct plan_step *asked = step(both, STEP_FREQUENCY);

	(void)state;
	lines_are(plan, STEP_FREQUENCY,
		  "echo performance | tee "
		  "/sys/devices/system/cpu/cpufreq/policy{2,3,16}/scaling_governor\n");
	assert_string_equal(asked->intent.frequency.governor, "powersave");
	assert_string_equal(asked->intent.frequency.preference, "power");
	assert_int_equal(asked->lines, 2);
	cpu_set_add(&policies[3].cpus, 17);
	shared = planned(&w, PINNED "governor = performance\n");
	lines_are(shared, STEP_FREQUENCY,
		  "echo performance | tee "
		  "/sys/devices/system/cpu/cpufreq/policy{2,3}/scaling_governor\n");
	assert_int_equal(shared->notes, 1);
	assert_string_equal(shared->note[0],
			    "the processors 16-17 share one frequency, and not all of them are "
			    "the guest's: it is left as it is");
}

static void frequencies_refused(void **state)
{
	struct world w = quiet_world();

	(void)state;
	refusal_says(&w, PINNED "governor = ondemand\n",
		     "p.ini:3:12: cpu.governor: the processors 2 have no ondemand; there are: "
		     "performance powersave");
	refusal_says(&w, PINNED "energy-preference = pow\n",
		     "p.ini:3:21: cpu.energy-preference: the processors 2 have no pow; there are: "
		     "default");
	policies[1].preferences = S("");
	refusal_says(&w, PINNED "energy-preference = power\n",
		     "cpu.energy-preference: the driver of the processors 2 has none");
	w.facts.quiet.policies = 0;
	refusal_says(&w, PINNED "governor = performance\n", "no cpufreq driver");
	w.facts.quiet.policies = 1;
	refusal_says(&w, PINNED "governor = performance\n",
		     "none of the guest's processors has a frequency of its own");
}

static void realtime_has_its_warning(void **state)
{
	struct world w = quiet_world();
	own_plan struct plan *plan = planned(&w, PINNED "realtime = yes\n");

	(void)state;
	assert_true(plan->realtime);
	lines_are(plan, STEP_REALTIME, "prlimit --pid $$ --rtprio=1\n");
	assert_int_equal(plan->notes, 1);
	assert_non_null(strstr(plan->note[0], "a guest that spins"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_for_by_itself),
		cmocka_unit_test(isolation),
		cmocka_unit_test(isolation_refused),
		cmocka_unit_test(the_host_keeps_some),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(frequencies),
		cmocka_unit_test(frequencies_refused),
		cmocka_unit_test(realtime_has_its_warning),
	};

	return cmocka_run_group_tests_name("plan_quiet", tests, NULL, NULL);
}
