/* By what a host can be kept away from some of its processors: control groups, frequency policies,
 * and who else moves interrupts about. Read only when a profile asks for it.
 */
#ifndef HOST_QUIET_H
#define HOST_QUIET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cpu_set.h"
#include "base/root.h"

/* Which control groups are mounted at /sys/fs/cgroup. */
enum cgroup_kind {
	CGROUP_NONE,
	CGROUP_V1,    /* version 1, alone or beside version 2 */
	CGROUP_INNER, /* version 2, and what is seen as its root is a group of somebody else's */
	CGROUP_V2,    /* version 2, and its root is the machine's */
	CGROUP_KINDS,
};

/* One of the processors' frequency policies (admin-guide/pm/cpufreq.rst). */
struct frequency_policy {
	unsigned number;     /* of policyNUMBER, below CPU_SET_SIZE */
	struct cpu_set cpus; /* the processors that it steers and that are online */
	char *governor;	     /* "" when unreadable */
	char *governors;     /* that the driver offers, with a space between */
	char *preference;    /* energy_performance_preference; NULL: the driver has none */
	char *preferences;   /* those on offer */
};

struct quiet_facts {
	bool collected;
	enum cgroup_kind cgroup;
	bool cpuset;			 /* the root group has that controller */
	bool systemd;			 /* it owns the groups */
	bool irqbalance;		 /* it runs */
	struct frequency_policy *policy; /* by number */
	size_t policies;
};

/* Fills *quiet, whatever was there before; what cannot be read is left at "none". */
void quiet_collect(struct quiet_facts *quiet, const struct root *root);
void quiet_free(struct quiet_facts *quiet);

/* The parts of it. */
enum cgroup_kind quiet_cgroup(const struct root *root);
bool quiet_has_cpuset(const struct root *root);
bool quiet_has_systemd(const struct root *root);
bool quiet_has_irqbalance(const struct root *root);
struct cpu_set quiet_online(const struct root *root);
/* The caller frees the array with frequency_policies_free(). */
struct frequency_policy *frequency_policies(const struct root *root, size_t *n);
void frequency_policies_free(struct frequency_policy *policy, size_t n);

/* Their directories, as a shell expands them: ".../policy2", ".../policy{2,3}"; the caller owns it.
 */
char *frequency_policy_names(const struct cpu_set *policies);

/* Why no partition can be made of the groups, with the remedy; NULL where one can. Static text. */
const char *quiet_no_partition(enum cgroup_kind cgroup, bool cpuset);

/* Whether a word is in a list of words with a space between, as sysfs has them. */
bool quiet_offers(const char *list, const char *word);

/* So many processors stay the host's whatever else is taken: two, or one where there are less than
 * four.
 */
unsigned quiet_reserve(const struct cpu_set *online);

#endif
