/* Whether the kernel lets this user's programs have io_uring, and whether it does them good there.
 * Nothing but trying tells the first: kernels before 6.6 have no switch that could be read, and a
 * container's filter answers where a switch would allow it. What is good enough goes by a feature
 * that the kernel says it has, not by its version.
 */
#include "parts.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "base/tongue.h"

/* Linux 5.18. Before it QEMU has a word to say at each start, as there is no
 * IORING_REGISTER_RING_FDS (block/io_uring.c, luring_init()), guests on LVM hang (before 5.13:
 * LXD's issue 10061 and its remedy), and the ring's memory counts as locked (before 5.12).
 */
#define FEATURES_GOOD IORING_FEAT_LINKED_FILE

/* Linux 6.3 (IORING_FEAT_REG_REG_RING, which older headers lack). Since 6.2 sched_setaffinity()
 * stays in force where the kernel widens a thread's processors by itself (kernel/sched/core.c,
 * user_cpus_ptr), as it does for those threads (io_uring/io-wq.c, io_init_new_worker()).
 */
#define FEATURES_STAY (1U << 13)

static bool is_of_group(const struct root *root)
{
	own_free char *line = root_line(root, "/proc/sys/kernel/io_uring_group");
	uint64_t group;

	/* -1: none may. */
	return line && text_u64(line, 10, &group) && group_has_us(group);
}

/* The switch's value; -1 where the kernel has none. */
static int read_switch(const struct root *root)
{
	own_free char *line = root_line(root, "/proc/sys/kernel/io_uring_disabled");
	uint64_t value;

	if (!line || !text_u64(line, 10, &value))
		return -1;
	return value > 2 ? 2 : (int)value;
}

/* The smallest ring, for a moment. */
static void try_ring(struct uring_facts *uring)
{
	struct io_uring_params params = {0};
	own_fd int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0) {
		uring->errnum = errno;
		uring->state = URING_REFUSED;
		return;
	}
	uring->state = URING_USABLE;
	if (!(params.features & FEATURES_GOOD)) {
		uring->errnum = ENOTSUP;
		uring->state = URING_OLD;
	}
	uring->workers_stay = params.features & FEATURES_STAY;
}

void uring_collect(struct uring_facts *uring, const struct root *root)
{
	int disabled = read_switch(root);

	*uring = (struct uring_facts){0};
	/* Asked before a try, to which root's capabilities could say yes: QEMU has none of them. */
	if (disabled == 2) {
		uring->state = URING_CLOSED;
	} else if (disabled == 1 && !is_of_group(root)) {
		uring->state = URING_GROUP;
	} else if (root_is_real(root)) {
		try_ring(uring);
	} else if (disabled >= 0) {
		/* The switch came with Linux 6.6. */
		uring->state = URING_USABLE;
		uring->workers_stay = true;
	}
}

const char *uring_reason(const struct uring_facts *uring)
{
	static const char *const reason[] = {
		[URING_UNKNOWN] = NULL,
		[URING_USABLE] = NULL,
		[URING_CLOSED] = N_(
			"the kernel keeps everybody from io_uring (kernel.io_uring_disabled = 2)"),
		[URING_GROUP] = N_(
			"the kernel leaves io_uring to a group that you are not of (kernel.io_uring_disabled = 1, kernel.io_uring_group)"),
		[URING_REFUSED] = N_(
			"the kernel makes no io_uring for this process: it was built without, or a container's filter forbids it"),
		[URING_OLD] = N_("the kernel's io_uring is older than Linux 5.18"),
	};

	_Static_assert(ARRAY_SIZE(reason) == URING_STATES, "one sentence for each state");
	if (uring->state == URING_REFUSED && uring->errnum != ENOSYS && uring->errnum != EPERM &&
	    uring->errnum != EACCES)
		return N_("the kernel made no io_uring for this process just now");
	return (unsigned)uring->state < URING_STATES ? reason[uring->state] : NULL;
}
