// SPDX-License-Identifier: GPL-2.0
/*
 * A stand-in for intel_pstate and amd-pstate, for processors without either: governors performance
 * and powersave, an energy preference for each policy. Under the governor performance the
 * preference becomes "performance" and another one is refused with EBUSY; afterwards it stays
 * there, as it does with those drivers that forget what it was.
 *
 * Processors 0 and 1 share a policy; all others have their own.
 */
#include <linux/cpufreq.h>
#include <linux/module.h>

static const char *const preferences[] = {"default", "performance", "balance_performance",
					  "balance_power", "power"};
#define PERFORMANCE 1

static unsigned int preference[NR_CPUS];

static int lab_init(struct cpufreq_policy *policy)
{
	if (policy->cpu < 2)
		cpumask_set_cpu(!policy->cpu, policy->cpus);
	policy->cpuinfo.min_freq = policy->min = 800000;
	policy->cpuinfo.max_freq = policy->max = 3200000;
	policy->policy = CPUFREQ_POLICY_POWERSAVE;
	preference[policy->cpu] = 2 + policy->cpu % 3;
	return 0;
}

static int lab_verify(struct cpufreq_policy_data *policy)
{
	cpufreq_verify_within_cpu_limits(policy);
	return 0;
}

static int lab_setpolicy(struct cpufreq_policy *policy)
{
	if (policy->policy == CPUFREQ_POLICY_PERFORMANCE)
		preference[policy->cpu] = PERFORMANCE;
	return 0;
}

static ssize_t show_energy_performance_available_preferences(struct cpufreq_policy *policy,
							     char *buf)
{
	ssize_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(preferences); i++)
		n += sprintf(buf + n, "%s ", preferences[i]);
	return n + sprintf(buf + n, "\n");
}

static ssize_t show_energy_performance_preference(struct cpufreq_policy *policy, char *buf)
{
	return sprintf(buf, "%s\n", preferences[preference[policy->cpu]]);
}

static ssize_t store_energy_performance_preference(struct cpufreq_policy *policy, const char *buf,
						   size_t count)
{
	int i = sysfs_match_string(preferences, buf);

	if (i < 0)
		return -EINVAL;
	if (policy->policy == CPUFREQ_POLICY_PERFORMANCE && i != PERFORMANCE)
		return -EBUSY;
	preference[policy->cpu] = i;
	return count;
}

cpufreq_freq_attr_ro(energy_performance_available_preferences);
cpufreq_freq_attr_rw(energy_performance_preference);

static struct freq_attr *lab_attr[] = {&energy_performance_preference,
				       &energy_performance_available_preferences, NULL};

static struct cpufreq_driver lab_driver = {
	.name = "lab_cpufreq",
	.init = lab_init,
	.verify = lab_verify,
	.setpolicy = lab_setpolicy,
	.attr = lab_attr,
};

static int __init lab_load(void)
{
	return cpufreq_register_driver(&lab_driver);
}

static void __exit lab_unload(void)
{
	cpufreq_unregister_driver(&lab_driver);
}

module_init(lab_load);
module_exit(lab_unload);
MODULE_LICENSE("GPL");
