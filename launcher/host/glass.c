/* The kvmfr module's device: it has to be there before QEMU starts, or QEMU makes a plain file in
 * its place, which then stays until the next boot and keeps the module's device away. Its size is
 * had from the device alone: the module shows its parameter to nobody.
 */
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "parts.h"

#define NODE "/dev/kvmfr0"

uint64_t kvmfr_size(int fd)
{
	int size = ioctl(fd, _IO('u', 0x44), 0);

	return size > 0 ? (uint64_t)size : 0;
}

/* Opening it does nothing to it. */
static void ask_device(struct glass_facts *glass, const struct root *root)
{
	own_fd int fd = root_open(root, NODE, O_RDWR);

	glass->kvmfr_open = fd >= 0;
	if (fd >= 0)
		glass->kvmfr_size = kvmfr_size(fd);
}

void glass_collect(struct glass_facts *glass, const struct root *root)
{
	own_free char *sizes = NULL;
	struct stat st;

	*glass = (struct glass_facts){0};
	if (!root_stat(root, NODE, &st))
		return;
	/* In a recorded tree existence counts. */
	glass->kvmfr = S_ISCHR(st.st_mode) || !root_is_real(root);
	glass->kvmfr_stale = !glass->kvmfr;
	if (!glass->kvmfr)
		return;
	if (root_is_real(root))
		ask_device(glass, root);
	else
		glass->kvmfr_open = true;
	/* One for each device, with commas between. */
	sizes = root_line(root, "/sys/module/kvmfr/parameters/static_size_mb");
	if (!glass->kvmfr_size && sizes)
		glass->kvmfr_size = (uint64_t)strtoul(sizes, NULL, 10) << 20;
}
