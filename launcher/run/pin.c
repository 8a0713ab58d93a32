/* The process is put on the processors of QEMU's own threads before it becomes QEMU, so each thread
 * that QEMU makes starts there without anybody watching: workers of the main thread inherit it,
 * those of a disk's thread inherit that one's. The guest's processors and the disks' threads are
 * then moved one by one, while the machine is stopped, by the thread ids that QEMU tells.
 * Processors cannot be added to a running guest: the plan's -smp has no more than it starts with.
 *
 * What a vCPU's thread makes from then on inherits the vCPU's processor. Nothing tells of it: the
 * supervisor looks (pin_late) when the guest has begun to run.
 *
 * It is all or nothing. A processor that went offline since the plan was made, or that a cpuset
 * keeps from us, leaves the guest unpinned, with words, rather than with one processor astray.
 *
 * Calls: sched_setaffinity(2), sched_getaffinity(2), /proc/PID/task.
 */
#include "pin.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "quiet.h"

/* #syscalls(supervisor) sched_setaffinity sched_getaffinity */

_Static_assert(sizeof(struct cpu_set) == sizeof(cpu_set_t), "the same bits in the same order");

static bool set_affinity(pid_t thread, const struct cpu_set *set)
{
	cpu_set_t bits;

	memcpy(&bits, set, sizeof(bits));
	return sched_setaffinity(thread, sizeof(bits), &bits) == 0;
}

static bool get_affinity(pid_t thread, struct cpu_set *set)
{
	cpu_set_t bits;

	if (sched_getaffinity(thread, sizeof(bits), &bits) < 0)
		return false;
	memcpy(set, &bits, sizeof(*set));
	return true;
}

void pin_self(const struct placement *placement)
{
	if (placement->pinned)
		set_affinity(0, &placement->emulator);
}

void pin_begin(struct pin *pin, const struct plan *plan, struct link *link, pid_t qemu)
{
	const struct placement *placement = &plan->placement;

	pin_free(pin);
	*pin = (struct pin){.plan = plan, .placement = placement, .link = link, .qemu = qemu};
	if (placement->pinned)
		pin->vcpu = xcalloc(placement->n, sizeof(*pin->vcpu));
}

void pin_adopt(struct pin *pin, const struct plan *plan, pid_t qemu)
{
	pin_begin(pin, plan, NULL, qemu);
	pin->adopted = true;
}

void pin_free(struct pin *pin)
{
	free(pin->vcpu);
	free(pin->iothread);
	free(pin->known);
	*pin = (struct pin){0};
}

const char *pin_query(const struct pin *pin)
{
	const struct placement *p = pin->placement;

	if (!p->pinned)
		return NULL;
	if (pin->asked == 0)
		return "query-cpus-fast";
	/* They have inherited what is theirs, unless that is something else. */
	return pin->asked == 1 && !cpu_set_equal(&p->iothread, &p->emulator) ? "query-iothreads"
									     : NULL;
}

/* ------------------------------------------------------------------ what QEMU says */

/* The member itself: "thread-id" stands in "props" as well, where it numbers a hardware thread. */
static int64_t number(json_object *o, const char *key)
{
	json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return -1;
	return json_object_get_int64(value);
}

/* A thread of QEMU's, whatever QEMU says; 0 when it is none. */
static pid_t thread_of(const struct pin *pin, json_object *o)
{
	int64_t id = number(o, "thread-id");
	char path[64];

	if (id <= 0 || id > INT32_MAX)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pin->qemu, (int)id);
	return access(path, F_OK) == 0 ? (pid_t)id : 0;
}

static void take_vcpus(struct pin *pin, json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		int64_t index = number(o, "cpu-index");

		if (index >= 0 && (uint64_t)index < pin->placement->n)
			pin->vcpu[index] = thread_of(pin, o);
	}
}

static void take_iothreads(struct pin *pin, json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		pid_t thread = thread_of(pin, json_object_array_get_idx(list, i));

		if (thread)
			*xappend(pin->iothread, pin->iothreads) = thread;
	}
}

/* ------------------------------------------------------------------ pinning */

/* Sets and reads back. What is offline drops out of a set by itself: some of it must be left. */
static bool pin_thread(pid_t thread, const struct cpu_set *set)
{
	struct cpu_set now;

	return set_affinity(thread, set) && get_affinity(thread, &now) && !cpu_set_is_empty(&now) &&
	       cpu_set_within(&now, set);
}

static bool pin_vcpus(const struct pin *pin, struct error **err)
{
	const struct placement *p = pin->placement;

	for (size_t i = 0; i < p->n; i++) {
		struct cpu_set one = {0};

		cpu_set_add(&one, (unsigned)p->vcpu[i]);
		if (!pin->vcpu[i]) {
			error_add(err, ERROR_FAILED,
				  "QEMU told no thread of the guest's processor %zu", i);
			return false;
		}
		if (!quiet_vcpu(pin->plan, pin->link, pin->vcpu[i], err))
			return false;
		if (!pin_thread(pin->vcpu[i], &one)) {
			error_add(
				err, ERROR_FAILED,
				"the guest's processor %zu may not run on processor %d: is it offline, or a cpuset's that we are not in?",
				i, p->vcpu[i]);
			return false;
		}
	}
	return true;
}

static bool pin_iothreads(const struct pin *pin, struct error **err)
{
	const struct placement *p = pin->placement;
	own_free char *list = cpu_set_text(&p->iothread);

	for (size_t i = 0; i < pin->iothreads; i++)
		if (!pin_thread(pin->iothread[i], &p->iothread)) {
			error_add(err, ERROR_FAILED, "a disk's thread may not run on processors %s",
				  list);
			return false;
		}
	return true;
}

static bool is_placed(const struct pin *pin, pid_t thread)
{
	for (size_t i = 0; i < pin->placement->n; i++)
		if (pin->vcpu[i] == thread)
			return true;
	for (size_t i = 0; i < pin->iothreads; i++)
		if (pin->iothread[i] == thread)
			return true;
	return false;
}

/* Calls for each thread of QEMU's; false when one of the calls does. A thread that has ended
 * meanwhile is no failure.
 */
static bool each_thread(struct pin *pin, bool (*call)(struct pin *pin, pid_t thread))
{
	own_free char *path = xasprintf("/proc/%d/task", (int)pin->qemu);
	own_dir DIR *dir = opendir(path);
	struct dirent *entry;
	bool good = dir;

	while (dir && (entry = readdir(dir))) {
		uint64_t thread;

		if (!text_u64(entry->d_name, 10, &thread) || thread > INT32_MAX)
			continue;
		errno = 0;
		good = call(pin, (pid_t)thread) || errno == ESRCH ? good : false;
	}
	return good;
}

/* The others are where the process was put, or where its memory is prepared. */
static bool check_other(struct pin *pin, pid_t thread)
{
	const struct placement *p = pin->placement;
	struct cpu_set now;

	if (is_placed(pin, thread))
		return true;
	if (!get_affinity(thread, &now))
		return false;
	return cpu_set_within(&now, &p->emulator) || cpu_set_within(&now, &p->vcpus) ||
	       pin_thread(thread, &p->emulator);
}

static bool release(struct pin *pin, pid_t thread)
{
	struct cpu_set ours;

	quiet_release(pin->plan, thread);
	return get_affinity(0, &ours) && set_affinity(thread, &ours);
}

static bool know(struct pin *pin, pid_t thread)
{
	*xappend(pin->known, pin->knowns) = thread;
	return true;
}

static bool pin_all(struct pin *pin, struct error **err)
{
	own_free char *list = cpu_set_text(&pin->placement->emulator);

	if (!pin_vcpus(pin, err) || !pin_iothreads(pin, err))
		return false;
	if (each_thread(pin, check_other))
		return each_thread(pin, know);
	error_add(err, ERROR_FAILED, "QEMU's own threads may not run on processors %s", list);
	return false;
}

static bool is_within(pid_t thread, const struct cpu_set *set)
{
	struct cpu_set now;

	return thread && get_affinity(thread, &now) && cpu_set_within(&now, set);
}

/* Of a start whose pinning failed, or of a QEMU that does not tell, no thread is called late: it
 * could be a processor of the guest's.
 */
static void know_placed(struct pin *pin)
{
	const struct placement *p = pin->placement;

	for (size_t i = 0; i < p->n; i++)
		if (!is_within(pin->vcpu[i], &p->vcpus))
			return;
	for (size_t i = 0; i < p->n; i++)
		know(pin, pin->vcpu[i]);
	for (size_t i = 0; i < pin->iothreads; i++)
		know(pin, pin->iothread[i]);
}

bool pin_answer(struct pin *pin, json_object *answer, struct error **err)
{
	if (pin->asked++ == 0)
		take_vcpus(pin, answer);
	else
		take_iothreads(pin, answer);
	if (pin_query(pin))
		return true;
	if (pin->adopted) {
		know_placed(pin);
		return true;
	}
	if (pin_all(pin, err))
		return true;
	each_thread(pin, release);
	return false;
}

/* ------------------------------------------------------------------ late ones */

static bool is_known(const struct pin *pin, pid_t thread)
{
	for (size_t i = 0; i < pin->knowns; i++)
		if (pin->known[i] == thread)
			return true;
	return false;
}

static bool place_late(struct pin *pin, pid_t thread)
{
	const struct placement *p = pin->placement;
	struct cpu_set now;

	if (is_known(pin, thread))
		return true;
	if (!get_affinity(thread, &now))
		return false;
	/* A worker is where the one that made it is. */
	return cpu_set_within(&now, &p->emulator) || cpu_set_within(&now, &p->iothread) ||
	       (quiet_return(pin->plan, pin->link, thread) && pin_thread(thread, &p->emulator));
}

bool pin_late(struct pin *pin, struct error **err)
{
	own_free char *list = NULL;

	if (!pin->knowns || each_thread(pin, place_late))
		return true;
	if (!pin->told) {
		list = cpu_set_text(&pin->placement->emulator);
		error_add(
			err, ERROR_FAILED,
			"a thread that came later runs beside a processor of the guest's and may not be put on processors %s",
			list);
	}
	pin->told = true;
	return false;
}
