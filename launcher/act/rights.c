#include "rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "isolation/filter.h"

/* What no fault of ours makes, and somebody who has got hold of a keeper would:
 *
 * #fatal(keeper) execve execveat ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp bpf
 * perf_event_open keyctl add_key request_key userfaultfd io_uring_setup io_uring_enter
 * io_uring_register kexec_load kexec_file_load init_module finit_module mount umount2 pivot_root
 * chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr setns unshare
 * open_by_handle_at name_to_handle_at reboot swapon swapoff acct settimeofday clock_settime
 * clock_adjtime adjtimex sethostname setdomainname quotactl iopl ioperm modify_ldt setuid setreuid
 * setresuid setfsuid
 */

/* When the machine runs, rights are given up, which is the one use of these. libcap-ng asks the
 * kernel for the bounding and the ambient set where /proc does not say them.
 *
 * #syscalls(keeper) capget capset prctl:PR_CAPBSET_READ prctl:PR_CAP_AMBIENT
 */

#define FOR_LIMITS CAP_SYS_RESOURCE /* until QEMU runs */

/* uid 0 owns what it writes to in sysfs and needs no capability for that. */
static const int KEPT[] = {
	CAP_DAC_OVERRIDE, /* files of sysfs that not even their owner may write */
	CAP_SYS_PTRACE,	  /* who holds a device: /proc/PID/fd of other users */
	FOR_LIMITS,	  /* prlimit of the supervisor's RLIMIT_MEMLOCK */
	CAP_SYS_MODULE,	  /* modprobe and delete_module */
	CAP_FOWNER,	  /* ACL and mode of nodes that a desktop gave to its user */
};

/* For ip(8), which makes and removes network interfaces: permitted, as a program that root starts
 * gets that, and not effective, as no call of our own needs it.
 */
#define FOR_PROGRAMS CAP_NET_ADMIN

static void protect_from_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* Where it is not allowed, the journal is what is left. */
	if (fd >= 0 && write(fd, "-1000", 5) < 0)
		(void)0;
	if (fd >= 0)
		close(fd);
}

/* When a session ends, systemd kills what is left in its control group, and by SIGKILL whoever took
 * no notice of a SIGTERM: with QEMU and its supervisor also us, whom it is to leave the host to.
 * The root group is nobody's session. Where it cannot be joined (a container), the journal is what
 * is left.
 */
static void leave_session_group(void)
{
	static const char *const group[] = {
		"/sys/fs/cgroup/cgroup.procs",	       /* cgroup v2 */
		"/sys/fs/cgroup/unified/cgroup.procs", /* beside v1 */
		"/sys/fs/cgroup/systemd/cgroup.procs", /* v1: systemd's own hierarchy */
	};

	for (size_t i = 0; i < sizeof(group) / sizeof(*group); i++) {
		int fd = open(group[i], O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, "0", 1) < 0)
			(void)0;
		if (fd >= 0)
			close(fd);
	}
}

/* The caller's limits came along, and with one of them it could choose the write at which we die.
 */
static bool set_limits(struct error **err)
{
	static const struct {
		int which;
		rlim_t value;
	} limit[] = {
		{RLIMIT_FSIZE, RLIM_INFINITY},
		{RLIMIT_CPU, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY},
		{RLIMIT_DATA, RLIM_INFINITY},
		{RLIMIT_RTTIME, RLIM_INFINITY},
		{RLIMIT_NPROC, RLIM_INFINITY},
		{RLIMIT_NOFILE, 1024},
		{RLIMIT_STACK, 8UL << 20},
		{RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < sizeof(limit) / sizeof(*limit); i++) {
		struct rlimit now, wanted = {limit[i].value, limit[i].value};

		if (getrlimit((__rlimit_resource_t)limit[i].which, &now) == 0 &&
		    now.rlim_cur == wanted.rlim_cur)
			continue;
		/* Raising the hard limit needs a right that a container's root may lack: then as
		 * far as it goes.
		 */
		if (setrlimit((__rlimit_resource_t)limit[i].which, &wanted) == 0)
			continue;
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
		if (setrlimit((__rlimit_resource_t)limit[i].which, &wanted) < 0 ||
		    now.rlim_max < 65536) {
			error_add(err, ERROR_HOST,
				  "the limits of this session (ulimit) are too low");
			return false;
		}
	}
	return true;
}

bool rights_of_keeper(struct error **err)
{
	protect_from_oom();
	leave_session_group();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!set_limits(err))
		return false;
	/* What is asked for and not there makes the call fail half-way: ask for what is there. */
	bool networks = capng_have_capability(CAPNG_PERMITTED, FOR_PROGRAMS);
	bool has[sizeof(KEPT) / sizeof(*KEPT)];

	for (size_t i = 0; i < sizeof(KEPT) / sizeof(*KEPT); i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, (unsigned)KEPT[i]);
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < sizeof(KEPT) / sizeof(*KEPT); i++)
		if (has[i] &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				 (unsigned)KEPT[i]) < 0)
			goto failed;
	if (networks &&
	    capng_update(CAPNG_ADD, CAPNG_PERMITTED | CAPNG_BOUNDING_SET, FOR_PROGRAMS) < 0)
		goto failed;
	if (capng_apply(CAPNG_SELECT_ALL) == 0)
		return true;
failed:
	error_add(err, ERROR_HOST, "the keeper cannot give up its capabilities");
	return false;
}

bool rights_of_watcher(bool networks, struct error **err)
{
	bool good = capng_get_caps_process() == 0;

	/* What stays in the bounding set nobody gets any more: an exec adds nothing to what is
	 * permitted (no_new_privs).
	 */
	good = good && capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, FOR_LIMITS) == 0;
	good = good && (networks || capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
						 FOR_PROGRAMS) == 0);
	if (good && capng_apply(CAPNG_SELECT_CAPS) == 0)
		return true;
	error_add(err, ERROR_HOST, "the keeper cannot give up rights that it needs no more");
	return false;
}

bool rights_filtered(struct error **err)
{
	if (filter_enter(FILTER_KEEPER) || !filter_is_known())
		return true;
	error_errno(err, ERROR_HOST, errno,
		    "the keeper cannot filter its system calls (--sandbox=off goes without)");
	return false;
}
