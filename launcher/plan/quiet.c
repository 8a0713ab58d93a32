/* The host kept away from the guest's processors: what the keeper is asked for, and what of it can
 * be refused here. All of it needs processors that are the guest's alone (plan->placement).
 */
#include <string.h>

#include "base/alloc.h"
#include "compose.h"

/* The processors that are left to the host. */
static struct cpu_set rest_of(const struct composer *c)
{
	return cpu_set_less(&c->facts->cpu.topology.online, &c->plan->placement.vcpus);
}

/* Whether the guest has processors of its own at all, and the host enough beside them. */
static bool has_processors(struct composer *c, const struct origin *at)
{
	const struct cpu_topology *t = &c->facts->cpu.topology;
	const struct cpus *placement = &c->p->cpu.placement;
	struct cpu_set rest = rest_of(c);
	own_free char *guest = cpu_set_text(&c->plan->placement.vcpus), *map = NULL;

	if (!c->plan->placement.pinned) {
		/* A placement that was wanted and cannot be had has been told. */
		if (!placement->given || placement->word == PLACEMENT_NONE)
			compose_refuse(
				c, *at,
				"%s: the guest has no processors of its own; %s = performance (or any, or a list such as 2-7) gives it some",
				compose_key(c, at), compose_key(c, &c->p->cpu.placement.at));
		return false;
	}
	if (cpu_set_count(&rest) >= quiet_reserve(&t->online))
		return true;
	map = cpu_map_text(&(struct cpu_map){.topology = t, .indent = "    "});
	map[strlen(map) - 1] = '\0';
	compose_refuse(
		c, *at,
		"%s: the guest has the processors %s, and the host needs at least %u for itself\n%s",
		compose_key(c, at), guest, quiet_reserve(&t->online), map);
	return false;
}

/* ------------------------------------------------------------------ isolation */

static bool shares_processors(const struct placement *placement)
{
	return cpu_set_count(&placement->vcpus) < placement->n;
}

static void isolate_lines(struct plan_step *step, bool systemd, const char *list, bool balanced)
{
	const char *group = systemd ? "vmlaunch$$.slice" : "vmlaunch$$";

	if (systemd) {
		compose_line(step, "systemctl start %s", group);
		compose_line(step, "systemctl set-property --runtime %s AllowedCPUs=%s", group,
			     list);
	} else {
		compose_line(step, "echo +cpuset > /sys/fs/cgroup/cgroup.subtree_control");
		compose_line(step, "mkdir /sys/fs/cgroup/%s", group);
	}
	compose_line(step, "echo threaded > /sys/fs/cgroup/%s/cgroup.type", group);
	if (!systemd)
		compose_line(step, "echo %s > /sys/fs/cgroup/%s/cpuset.cpus", list, group);
	compose_line(step, "echo %s > /sys/fs/cgroup/%s/cpuset.cpus.partition",
		     balanced ? "root" : "isolated", group);
	compose_comment(step, "then QEMU into the root group, the threads of its vCPUs into %s",
			group);
}

static void step_isolate(struct composer *c)
{
	const struct flag *isolate = &c->p->cpu.isolate;
	const struct placement *placement = &c->plan->placement;
	const struct quiet_facts *quiet = &c->facts->quiet;
	const char *why = quiet_no_partition(quiet->cgroup, quiet->cpuset);
	own_free char *list = cpu_set_text(&placement->vcpus);
	struct plan_step *step;

	if (!isolate->v || !has_processors(c, &isolate->at))
		return;
	if (why) {
		compose_refuse(c, isolate->at, "%s: %s", compose_key(c, &c->p->cpu.isolate.at),
			       why);
		return;
	}
	if (cpu_set_meets(&placement->emulator, &placement->vcpus) ||
	    cpu_set_meets(&placement->iothread, &placement->vcpus)) {
		compose_refuse(
			c, isolate->at,
			"%s: only vCPUs run on the processors %s then, but %s or %s has some of them as well",
			compose_key(c, &c->p->cpu.isolate.at), list,
			compose_key(c, &c->p->cpu.emulator.at),
			compose_key(c, &c->p->cpu.iothread.at));
		return;
	}
	step = compose_step(c, STEP_ISOLATE, &isolate->at,
			    "nothing of the host's runs there while the guest does");
	step->intent.isolate.cpus = placement->vcpus;
	step->intent.isolate.balanced = shares_processors(placement);
	isolate_lines(step, quiet->systemd, list, step->intent.isolate.balanced);
	c->plan->isolate = true;
}

/* ------------------------------------------------------------------ interrupts */

static void step_irqs(struct composer *c)
{
	const struct flag *move = &c->p->cpu.move_irqs;
	const struct cpu_topology *t = &c->facts->cpu.topology;
	struct cpu_set rest = rest_of(c), usual = cpu_usual(&rest, &t->isolated, &t->tickless);
	own_free char *list = cpu_set_text(&usual);
	own_free char *stop = manager_command(c->facts->manager, "irqbalance", "stop");
	struct plan_step *step;

	if (!move->v || !has_processors(c, &move->at))
		return;
	step = compose_step(c, STEP_IRQS, &move->at,
			    "each that may come to the guest's processors and can be moved");
	step->intent.irqs.cpus = c->plan->placement.vcpus;
	if (c->facts->quiet.irqbalance && c->facts->manager != MANAGER_NONE)
		compose_line(step, "%s", stop);
	else if (c->facts->quiet.irqbalance)
		compose_note(
			c,
			"irqbalance runs, and not as a service: it may move interrupts back to the guest's processors");
	compose_line(step, "for f in /proc/irq/*/smp_affinity_list; do echo %s > $f; done", list);
	if (c->claimed.n)
		compose_comment(
			step,
			"later those of the passed devices, which come with the guest's drivers, to the guest's processors");
}

/* ------------------------------------------------------------------ frequencies */

/* A word that all policies of the guest's must offer; false when one does not. */
static bool is_offered(struct composer *c, const struct text *word,
		       const struct frequency_policy *p, const char *offered)
{
	own_free char *list = NULL;

	if (!word->v || quiet_offers(offered, word->v))
		return true;
	list = cpu_set_text(&p->cpus);
	if (*offered)
		compose_refuse(c, word->at, "%s: the processors %s have no %s; there are: %s",
			       compose_key(c, &word->at), list, word->v, offered);
	else
		compose_refuse(c, word->at, "%s: the driver of the processors %s has none",
			       compose_key(c, &word->at), list);
	return false;
}

/* The policies that are the guest's alone; false when something stands in the way. */
static bool choose_policies(struct composer *c, struct origin at, struct cpu_set *policies)
{
	const struct cpu_section *cpu = &c->p->cpu;
	const struct quiet_facts *quiet = &c->facts->quiet;
	const struct cpu_set *vcpus = &c->plan->placement.vcpus;

	for (size_t i = 0; i < quiet->policies; i++) {
		const struct frequency_policy *p = &quiet->policy[i];
		own_free char *list = cpu_set_text(&p->cpus);

		if (!cpu_set_meets(&p->cpus, vcpus))
			continue;
		if (!cpu_set_within(&p->cpus, vcpus)) {
			compose_note(
				c,
				"the processors %s share one frequency, and not all of them are the guest's: it is left as it is",
				list);
			continue;
		}
		if (!is_offered(c, &cpu->governor, p, p->governors) ||
		    !is_offered(c, &cpu->preference, p, p->preferences))
			return false;
		cpu_set_add(policies, p->number);
	}
	if (!cpu_set_is_empty(policies))
		return true;
	compose_refuse(c, at, "%s: %s", compose_key(c, &at),
		       quiet->policies
			       ? "none of the guest's processors has a frequency of its own"
			       : "this host's frequencies cannot be governed (no cpufreq driver)");
	return false;
}

static void step_frequency(struct composer *c)
{
	const struct text *governor = &c->p->cpu.governor, *preference = &c->p->cpu.preference;
	const struct text *first = governor->v ? governor : preference;
	own_free char *names = NULL;
	struct cpu_set policies = {0};
	struct plan_step *step;

	if (!first->v || !has_processors(c, &first->at) ||
	    !choose_policies(c, first->at, &policies))
		return;
	step = compose_step(c, STEP_FREQUENCY, &first->at, "put back afterwards");
	step->intent.frequency.cpus = c->plan->placement.vcpus;
	names = frequency_policy_names(&policies);
	if (preference->v) {
		strncpy(step->intent.frequency.preference, preference->v, STEP_WORD - 1);
		compose_line(step, "echo %s | tee %s/energy_performance_preference", preference->v,
			     names);
	}
	if (governor->v) {
		strncpy(step->intent.frequency.governor, governor->v, STEP_WORD - 1);
		compose_line(step, "echo %s | tee %s/scaling_governor", governor->v, names);
	}
	if (governor->v && preference->v && strcmp(governor->v, "performance") == 0)
		compose_note(
			c,
			"%s: with the governor performance, intel_pstate and amd-pstate take no other preference than performance",
			compose_key(c, &c->p->cpu.preference.at));
}

/* ------------------------------------------------------------------ realtime */

static void step_realtime(struct composer *c)
{
	const struct flag *realtime = &c->p->cpu.realtime;
	bool isolated = c->p->cpu.isolate.v;
	struct plan_step *step;

	if (!realtime->v || !has_processors(c, &realtime->at))
		return;
	step = compose_step(c, STEP_REALTIME, &realtime->at,
			    "then SCHED_FIFO, priority 1, for the threads of the vCPUs alone");
	compose_line(step, "prlimit --pid $$ --rtprio=1");
	compose_note(
		c,
		"%s: a guest that spins keeps everything else off its processors, the kernel's own threads as well, but for a twentieth of the time%s%s%s",
		compose_key(c, &realtime->at), isolated ? "" : "; ",
		isolated ? "" : compose_key(c, &c->p->cpu.isolate.at),
		isolated ? "" : " = yes keeps most of that away");
	c->plan->realtime = true;
}

void compose_quiet(struct composer *c)
{
	step_isolate(c);
	step_irqs(c);
	step_frequency(c);
	step_realtime(c);
}
