/* A partition of processors that nothing of the host's runs on: a control group of version 2 right
 * below the root, of type "threaded", whose cpuset is a partition (admin-guide/cgroup-v2.rst,
 * "Threads", "cpuset.cpus.partition"). Only the threads of the vCPUs go into it. QEMU's process
 * goes into the root group, because a thread can go only to where its process' group is the
 * domain; its other threads so run on what is left to the host, and no processor has to be taken
 * from the host for them. Up to Linux 6.6 a partition has to hang on another one, so right below
 * the root is the one place where it works everywhere.
 *
 * The kind is "isolated": no load balancing, which needs each vCPU on a processor of its own; it is
 * "root" where vCPUs share some, and for kernels before 6.1, who do not know the other.
 *
 * Where systemd owns the groups, it is asked for the group as well: a transient slice of ours,
 * whose AllowedCPUs= make systemd hand on the cpuset controller for as long as the slice is there.
 * Type and partition are what systemd has no word for, and writes nothing to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"
#include "base/trusted.h"
#include "host/quiet.h"
#include "state.h"
#include "sysfs.h"

/* #syscalls(keeper) mkdir rmdir */

#define CGROUP "/sys/fs/cgroup"
#define CONTROL CGROUP "/cgroup.subtree_control"
#define THREADS CGROUP "/cgroup.threads"
#define PREFIX "vmlaunch"
#define SLICE ".slice"
#define WRITE_MS 10000
#define SYSTEMD_MS 20000
#define PAUSE_NS 20000000

/* ------------------------------------------------------------------ groups */

/* The group's directory. The caller owns it. */
static char *group_of(const struct change *change)
{
	return xasprintf("%s/%s%s", CGROUP, change->name[0],
			 change->number & ISOLATED_SYSTEMD ? SLICE : "");
}

/* A journal names nothing else. */
static bool is_ours(const char *name)
{
	return text_starts(name, PREFIX) &&
	       name[strspn(name + strlen(PREFIX), "0123456789_") + strlen(PREFIX)] == '\0';
}

bool isolate_is_slice(const char *unit)
{
	own_free char *name = NULL;

	if (!text_ends(unit, SLICE))
		return false;
	name = xstrndup(unit, strlen(unit) - strlen(SLICE));
	return is_ours(name);
}

/* A name that is not there yet. */
static void choose_name(const struct keeper *k, struct change *change)
{
	own_free char *name = xasprintf("%s%d", PREFIX, (int)k->journal->keeper.pid);

	for (unsigned n = 1; root_exists(&k->root, "%s/%s", CGROUP, name) ||
			     root_exists(&k->root, "%s/%s" SLICE, CGROUP, name);
	     n++) {
		free(name);
		name = xasprintf("%s%d_%u", PREFIX, (int)k->journal->keeper.pid, n);
	}
	change_name(change, name);
}

struct directory {
	const char *path;
	bool remove;
};

/* In a worker: the kernel's lock for groups may be held for long. What has just ended may still
 * count as being in there.
 */
static int make_or_remove(void *context)
{
	const struct directory *d = context;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int result;

	for (int tries = 0;; tries++) {
		result = d->remove ? rmdir(d->path) : mkdir(d->path, 0755);
		if (result == 0 || errno != EBUSY || tries == 100)
			break;
		nanosleep(&pause, NULL);
	}
	return result == 0 || (d->remove && errno == ENOENT) ? 0 : errno;
}

static bool group_directory(struct keeper *k, const char *group, bool remove, struct error **err)
{
	own_free char *path = xasprintf("%s%s", k->root.path ? k->root.path : "", group);
	struct directory d = {.path = path, .remove = remove};
	int errnum;

	if (worker_run(make_or_remove, &d, WRITE_MS, &errnum, NULL) == WORKER_DONE)
		return true;
	error_errno(err, remove ? ERROR_LEFT : ERROR_HOST, errnum, "cannot %s the group %s",
		    remove ? "remove" : "make", group);
	return false;
}

static bool group_write(struct keeper *k, const char *path, const char *value, struct error **err)
{
	return sysfs_write(&k->root, path, value, WRITE_MS, NULL, err);
}

static bool put_in(struct keeper *k, const char *group, const char *file, const char *value,
		   struct error **err)
{
	own_free char *path = xasprintf("%s/%s", group, file);

	return group_write(k, path, value, err);
}

/* ------------------------------------------------------------------ the cpuset controller */

static bool hands_on_cpuset(const struct keeper *k)
{
	own_free char *control = root_line(&k->root, CONTROL);

	return quiet_offers(control, "cpuset");
}

/* Whether the controller is on for the sake of another machine of ours: the last one to leave
 * switches it off.
 */
static bool is_on_for_another(const struct keeper *k)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool on = false;

	for (size_t i = 0; i < n; i++) {
		const struct change *theirs = journal_find(others[i], CHANGE_ISOLATED);

		on = on || (theirs && theirs->number & ISOLATED_CPUSET);
	}
	journals_free(others, n);
	return on;
}

/* Whether a group makes use of the controller, and so would miss it. */
static bool is_used(const struct keeper *k, const char *name)
{
	own_free char *cpus = root_line(&k->root, CGROUP "/%s/cpuset.cpus", name);
	own_free char *mems = root_line(&k->root, CGROUP "/%s/cpuset.mems", name);
	own_free char *control = root_line(&k->root, CGROUP "/%s/cgroup.subtree_control", name);

	return (cpus && *cpus) || (mems && *mems) || quiet_offers(control, "cpuset");
}

static bool switch_off_cpuset(struct keeper *k, struct error **err)
{
	size_t n;
	char **name = root_list(&k->root, &n, CGROUP);
	bool used = false;

	for (size_t i = 0; i < n && !used; i++)
		used = is_used(k, name[i]);
	names_free(name, n);
	return used || !hands_on_cpuset(k) || group_write(k, CONTROL, "-cpuset", err);
}

/* ------------------------------------------------------------------ making it */

/* What the kernel means by its few words, and what can be done. */
static const char *partition_remedy(const char *state)
{
	if (strstr(state, "exclusive"))
		return N_(
			"another control group has some of them in its cpuset.cpus (with systemd: AllowedCPUs=)");
	if (strstr(state, "distribute"))
		return N_("nothing would be left for processes that run now");
	if (strstr(state, "housekeeping"))
		return N_("they overlap with isolcpus= or nohz_full= of the kernel's command line");
	if (strstr(state, "hotplug"))
		return N_("they are offline");
	return N_("see cpuset.cpus.partition in the kernel's admin-guide/cgroup-v2.rst");
}

/* Writing "succeeds" whatever comes of it, so the file is the answer. */
static bool become_partition(struct keeper *k, const char *group, const char *list, bool balanced,
			     struct error **err)
{
	own_free char *file = xasprintf("%s/cpuset.cpus.partition", group), *state = NULL;

	keeper_report(k, REPORT_PROGRESS, 0, "echo %s > %s", balanced ? "root" : "isolated", file);
	if (!group_write(k, file, balanced ? "root" : "isolated", NULL) && !balanced)
		group_write(k, file, "root", NULL);
	state = root_line(&k->root, "%s", file);
	if (state && (strcmp(state, "isolated") == 0 || strcmp(state, "root") == 0))
		return true;
	error_add(err, ERROR_HOST,
		  "the kernel makes no partition of the processors %s: %s says \"%s\": %s", list,
		  file, state ? state : N_("nothing"), partition_remedy(state ? state : ""));
	return false;
}

/* A bit for each processor, the lowest first in the first byte (org.freedesktop.systemd1(5)). */
static bool make_slice(const struct change *change, struct error **err)
{
	own_free char *unit = xasprintf("%s" SLICE, change->name[0]);
	own_free char *busctl = trusted_program(&ROOT_REAL, "busctl", err);
	char byte[CPU_SET_SIZE / 8][4], count[24];
	const char *argv[20 + CPU_SET_SIZE / 8] = {
		busctl,
		"--quiet",
		"--timeout=15",
		"call",
		"org.freedesktop.systemd1",
		"/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager",
		"StartTransientUnit",
		"ssa(sv)a(sa(sv))",
		unit,
		"fail",
		"1",
		"AllowedCPUs",
		"ay",
		count,
	};
	size_t n = 15, bytes = 0;

	for (size_t i = 0; i < CPU_SET_SIZE / 8; i++) {
		unsigned value = change->cpus.word[i / 8] >> i % 8 * 8 & 0xff;

		snprintf(byte[i], sizeof(byte[i]), "%u", value);
		argv[n + i] = byte[i];
		if (value)
			bytes = i + 1;
	}
	snprintf(count, sizeof(count), "%zu", bytes);
	argv[n + bytes] = "0";
	argv[n + bytes + 1] = NULL;
	return busctl && worker_exec(argv, SYSTEMD_MS, NULL, err);
}

/* systemd does what it was asked for a moment later. */
static bool wait_for_slice(struct keeper *k, const char *group, const struct cpu_set *cpus,
			   struct error **err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	for (int i = 0; i < 250; i++) {
		own_free char *list = root_line(&k->root, "%s/cpuset.cpus", group);
		struct cpu_set now = {0};

		if (list && cpu_set_parse(&now, list) && cpu_set_equal(&now, cpus))
			return true;
		nanosleep(&pause, NULL);
	}
	error_add(err, ERROR_HOST, "systemd gives %s no processors of its own", group);
	return false;
}

static bool make_group(struct keeper *k, const struct change *change, const char *group,
		       const char *list, struct error **err)
{
	if (change->number & ISOLATED_SYSTEMD) {
		keeper_report(k, REPORT_PROGRESS, 0,
			      "busctl call ... StartTransientUnit %s.slice AllowedCPUs=%s",
			      change->name[0], list);
		return make_slice(change, err) && wait_for_slice(k, group, &change->cpus, err) &&
		       put_in(k, group, "cgroup.type", "threaded", err);
	}
	if (!hands_on_cpuset(k)) {
		keeper_report(k, REPORT_PROGRESS, 0, "echo +cpuset > %s", CONTROL);
		if (!group_write(k, CONTROL, "+cpuset", err))
			return false;
	}
	keeper_report(k, REPORT_PROGRESS, 0, "mkdir %s", group);
	if (!group_directory(k, group, false, err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "echo threaded > %s/cgroup.type", group);
	if (!put_in(k, group, "cgroup.type", "threaded", err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "echo %s > %s/cpuset.cpus", list, group);
	return put_in(k, group, "cpuset.cpus", list, err);
}

bool cpus_are_free(struct keeper *k, const struct cpu_set *cpus, struct cpu_set *rest,
		   struct error **err)
{
	struct cpu_set online = quiet_online(&k->root), offline = cpu_set_less(cpus, &online);
	own_free char *list = cpu_set_text(cpus), *missing = cpu_set_text(&offline);
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool taken = false;

	*rest = cpu_set_less(&online, cpus);
	for (size_t i = 0; i < n; i++) {
		const struct change *theirs = journal_find(others[i], CHANGE_ISOLATED);

		if (theirs) {
			taken = taken || cpu_set_meets(&theirs->cpus, cpus);
			*rest = cpu_set_less(rest, &theirs->cpus);
		}
	}
	journals_free(others, n);
	if (cpu_set_is_empty(cpus))
		error_add(err, ERROR_HOST, "no processors were named");
	else if (*missing)
		error_add(err, ERROR_HOST, "processors that are not online: %s", missing);
	else if (taken)
		error_add(
			err, ERROR_HOST,
			"some of the processors %s are another machine's, which has isolated them",
			list);
	else if (cpu_set_count(rest) < quiet_reserve(&online))
		error_add(err, ERROR_HOST,
			  "without the processors %s the host would have less than %u left", list,
			  quiet_reserve(&online));
	else
		return true;
	return false;
}

bool isolate_cpus(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct change change = {.kind = CHANGE_ISOLATED, .cpus = intent->isolate.cpus};
	own_free char *list = cpu_set_text(&change.cpus), *group = NULL;
	const char *why = quiet_no_partition(quiet_cgroup(&k->root), quiet_has_cpuset(&k->root));
	struct cpu_set rest;

	if (why || journal_find(k->journal, CHANGE_ISOLATED)) {
		error_add(err, ERROR_HOST, "cannot isolate processors: %s",
			  why ? why : N_("this was done for the machine already"));
		return false;
	}
	if (!cpus_are_free(k, &change.cpus, &rest, err))
		return false;
	choose_name(k, &change);
	if (quiet_has_systemd(&k->root))
		change.number = ISOLATED_SYSTEMD;
	else if (!hands_on_cpuset(k) || is_on_for_another(k))
		change.number = ISOLATED_CPUSET;
	group = group_of(&change);
	return journal_add(k->journal, &change, err) && make_group(k, &change, group, list, err) &&
	       become_partition(k, group, list, intent->isolate.balanced, err);
}

/* ------------------------------------------------------------------ who goes in */

bool isolate_process(struct keeper *k, pid_t pid, struct error **err)
{
	own_free char *now = root_line(&k->root, "/proc/%d/cgroup", (int)pid);
	char number[16];

	if (!journal_find(k->journal, CHANGE_ISOLATED) || (now && strcmp(now, "0::/") == 0))
		return true;
	snprintf(number, sizeof(number), "%d", (int)pid);
	if (!group_write(k, CGROUP "/cgroup.procs", number, err))
		return false;
	free(now);
	now = root_line(&k->root, "/proc/%d/cgroup", (int)pid);
	if (now && strcmp(now, "0::/") == 0)
		return true;
	error_add(err, ERROR_HOST, "QEMU did not go into the root of the control groups");
	return false;
}

/* The group's directory, if there is one and the thread is QEMU's. The caller owns it. */
static char *group_for(struct keeper *k, pid_t thread, struct error **err)
{
	const struct change *change = journal_find(k->journal, CHANGE_ISOLATED);

	if (change && thread > 0 &&
	    root_exists(&k->root, "/proc/%d/task/%d", (int)k->journal->qemu.pid, (int)thread))
		return group_of(change);
	error_add(err, ERROR_HOST, "%d is no thread of QEMU's that is to be isolated", (int)thread);
	return NULL;
}

static bool is_in(struct keeper *k, pid_t thread, const char *group)
{
	own_free char *now = root_line(&k->root, "/proc/%d/task/%d/cgroup",
				       (int)k->journal->qemu.pid, (int)thread);

	return now && text_starts(now, "0::") && strcmp(now + 3, group + strlen(CGROUP)) == 0;
}

bool isolate_thread(struct keeper *k, pid_t thread, struct error **err)
{
	own_free char *group = group_for(k, thread, err);
	char number[16];

	if (!group)
		return false;
	snprintf(number, sizeof(number), "%d", (int)thread);
	if (!put_in(k, group, "cgroup.threads", number, err))
		return false;
	if (is_in(k, thread, group))
		return true;
	/* It ended meanwhile, and what went there has its number by now. */
	group_write(k, THREADS, number, NULL);
	error_add(err, ERROR_HOST, "thread %d of QEMU's did not go into %s", (int)thread, group);
	return false;
}

bool return_thread(struct keeper *k, pid_t thread, struct error **err)
{
	own_free char *group = group_for(k, thread, err);
	char number[16];

	if (!group)
		return false;
	snprintf(number, sizeof(number), "%d", (int)thread);
	return !is_in(k, thread, group) || group_write(k, THREADS, number, err);
}

/* ------------------------------------------------------------------ undoing it */

/* What a vCPU's thread had forked is in there as well, and may outlive QEMU. Nothing can have come
 * from anywhere but the root group.
 */
static void send_the_rest_back(struct keeper *k, const char *group)
{
	own_free char *text = root_read(&k->root, "%s/cgroup.threads", group);
	struct sysfs_value *values = NULL;
	char path[] = THREADS;
	size_t n = 0;

	for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));)
		if (*line)
			*xappend(values, n) = (struct sysfs_value){.path = path, .value = line};
	if (n)
		sysfs_write_each(&k->root, values, n, WRITE_MS, NULL);
	free(values);
}

static bool remove_slice(struct keeper *k, const struct change *change, const char *group,
			 struct error **err)
{
	own_free char *unit = xasprintf("%s" SLICE, change->name[0]);
	own_error struct error *missing = NULL;
	own_free char *systemctl = trusted_program(&ROOT_REAL, "systemctl", &missing);
	const char *const argv[] = {systemctl, "--no-ask-password", "--quiet", "stop", "--", unit,
				    NULL};
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	/* Asked as well where there is none yet: what a keeper that died, or lost its patience, had
	 * asked for may still be on its way, and a later word for the same unit overtakes it.
	 */
	if (systemctl && !root_exists(&k->root, "%s", group))
		worker_exec(argv, SYSTEMD_MS, NULL, NULL);
	if (!root_exists(&k->root, "%s", group))
		return true;
	if (!systemctl) {
		error_merge(err, &missing);
		return false;
	}
	keeper_report(k, REPORT_PROGRESS, 0, "systemctl stop %s", unit);
	if (!worker_exec(argv, SYSTEMD_MS, NULL, err))
		return false;
	for (int i = 0; i < 100 && root_exists(&k->root, "%s", group); i++)
		nanosleep(&pause, NULL);
	return !root_exists(&k->root, "%s", group) || group_directory(k, group, true, err);
}

bool undo_isolated(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *group = NULL, *state = NULL;

	if (change->names != 1 || !is_ours(change->name[0]))
		return true;
	group = group_of(change);
	state = root_line(&k->root, "%s/cpuset.cpus.partition", group);
	/* The processors come back even if the group cannot go yet. */
	if (state && strcmp(state, "member") != 0)
		put_in(k, group, "cpuset.cpus.partition", "member", NULL);
	send_the_rest_back(k, group);
	if (change->number & ISOLATED_SYSTEMD) {
		if (!remove_slice(k, change, group, err))
			return false;
	} else if (root_exists(&k->root, "%s", group)) {
		keeper_report(k, REPORT_PROGRESS, 0, "rmdir %s", group);
		if (!group_directory(k, group, true, err))
			return false;
	}
	return !(change->number & ISOLATED_CPUSET) || is_on_for_another(k) ||
	       switch_off_cpuset(k, err);
}
