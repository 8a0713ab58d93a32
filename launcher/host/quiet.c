#include "quiet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "manager.h"

#define CGROUP "/sys/fs/cgroup"
#define CPUFREQ "/sys/devices/system/cpu/cpufreq"
#define POLICY "policy"

/* ------------------------------------------------------------------ control groups */

/* Only a group that is not the root of all has a type (admin-guide/cgroup-v2.rst). */
enum cgroup_kind quiet_cgroup(const struct root *root)
{
	if (root_exists(root, CGROUP "/cgroup.controllers"))
		return root_exists(root, CGROUP "/cgroup.type") ? CGROUP_INNER : CGROUP_V2;
	if (root_exists(root, CGROUP "/unified/cgroup.controllers") ||
	    root_exists(root, CGROUP "/cpuset") || root_exists(root, CGROUP "/systemd"))
		return CGROUP_V1;
	return CGROUP_NONE;
}

bool quiet_offers(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && len && *list) {
		size_t n = strcspn(list, " \n");

		if (n == len && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " \n");
	}
	return false;
}

bool quiet_has_cpuset(const struct root *root)
{
	own_free char *controllers = root_line(root, CGROUP "/cgroup.controllers");

	return quiet_offers(controllers, "cpuset");
}

bool quiet_has_systemd(const struct root *root)
{
	return manager_read(root) == MANAGER_SYSTEMD;
}

const char *quiet_no_partition(enum cgroup_kind cgroup, bool cpuset)
{
	switch (cgroup) {
	case CGROUP_NONE:
		return "no control groups are mounted at /sys/fs/cgroup";
	case CGROUP_V1:
		return "this host still has control groups of version 1 (boot with systemd.unified_cgroup_hierarchy=1)";
	case CGROUP_INNER:
		return "this is a container, and its control groups are not the machine's";
	default:
		return cpuset ? NULL : "the kernel's control groups have no cpuset controller";
	}
}

/* ------------------------------------------------------------------ processors, interrupts */

struct cpu_set quiet_online(const struct root *root)
{
	own_free char *list = root_line(root, "/sys/devices/system/cpu/online");
	struct cpu_set online = {0};

	if (list)
		cpu_set_parse(&online, list);
	return online;
}

unsigned quiet_reserve(const struct cpu_set *online)
{
	return cpu_set_count(online) < 4 ? 1 : 2;
}

bool quiet_has_irqbalance(const struct root *root)
{
	size_t n;
	char **name = root_list(root, &n, "/proc");
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		own_free char *comm = NULL;

		if (*name[i] < '1' || *name[i] > '9')
			continue;
		comm = root_line(root, "/proc/%s/comm", name[i]);
		found = comm && strcmp(comm, "irqbalance") == 0;
	}
	names_free(name, n);
	return found;
}

/* ------------------------------------------------------------------ frequency policies */

/* "0 1 2", unlike all other lists of processors in sysfs. */
static struct cpu_set spaced_list(const char *list)
{
	struct cpu_set set = {0};

	while (list && *list >= '0' && *list <= '9') {
		char *end;
		unsigned long cpu = strtoul(list, &end, 10);

		if (cpu < CPU_SET_SIZE)
			cpu_set_add(&set, (unsigned)cpu);
		list = end + strspn(end, " \n");
	}
	return set;
}

static char *or_empty(char *line)
{
	return line ? line : xstrdup("");
}

struct frequency_policy *frequency_policies(const struct root *root, size_t *n)
{
	struct frequency_policy *policies = NULL;
	size_t names;
	char **name = root_list(root, &names, CPUFREQ);

	*n = 0;
	for (size_t i = 0; i < names; i++) {
		own_free char *list = NULL;
		struct frequency_policy *p;
		uint64_t number;

		if (!text_starts(name[i], POLICY) ||
		    !text_u64(name[i] + strlen(POLICY), 10, &number) || number >= CPU_SET_SIZE)
			continue;
		list = root_line(root, CPUFREQ "/%s/affected_cpus", name[i]);
		p = xappend(policies, *n);
		*p = (struct frequency_policy){.number = (unsigned)number,
					       .cpus = spaced_list(list)};
		p->governor = or_empty(root_line(root, CPUFREQ "/%s/scaling_governor", name[i]));
		p->governors = or_empty(
			root_line(root, CPUFREQ "/%s/scaling_available_governors", name[i]));
		p->preference =
			root_line(root, CPUFREQ "/%s/energy_performance_preference", name[i]);
		p->preferences = or_empty(root_line(
			root, CPUFREQ "/%s/energy_performance_available_preferences", name[i]));
	}
	names_free(name, names);
	return policies;
}

void frequency_policies_free(struct frequency_policy *policy, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(policy[i].governor);
		free(policy[i].governors);
		free(policy[i].preference);
		free(policy[i].preferences);
	}
	free(policy);
}

char *frequency_policy_names(const struct cpu_set *policies)
{
	bool several = cpu_set_count(policies) > 1;
	struct buf out = {0};

	buf_addf(&out, CPUFREQ "/" POLICY "%s", several ? "{" : "");
	for (int p = cpu_set_next(policies, 0); p >= 0;) {
		int next = cpu_set_next(policies, (unsigned)p + 1);

		buf_addf(&out, "%d%s", p, next >= 0 ? "," : "");
		p = next;
	}
	buf_adds(&out, several ? "}" : "");
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ all of it */

void quiet_collect(struct quiet_facts *quiet, const struct root *root)
{
	*quiet = (struct quiet_facts){
		.collected = true,
		.cgroup = quiet_cgroup(root),
		.cpuset = quiet_has_cpuset(root),
		.systemd = quiet_has_systemd(root),
		.irqbalance = quiet_has_irqbalance(root),
	};
	quiet->policy = frequency_policies(root, &quiet->policies);
}

void quiet_free(struct quiet_facts *quiet)
{
	frequency_policies_free(quiet->policy, quiet->policies);
	*quiet = (struct quiet_facts){0};
}
