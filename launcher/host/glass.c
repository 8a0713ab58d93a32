/* The kvmfr module's device: it has to be there before QEMU starts, or QEMU makes a plain file in
 * its place, which then stays until the next boot and keeps the module's device away.
 */
#include "parts.h"

void glass_collect(struct glass_facts *glass, const struct root *root)
{
	unsigned long long mib;
	struct stat st;

	*glass = (struct glass_facts){0};
	if (!root_stat(root, "/dev/kvmfr0", &st))
		return;
	/* In a recorded tree existence counts. */
	glass->kvmfr = S_ISCHR(st.st_mode) || !root_is_real(root);
	glass->kvmfr_stale = !glass->kvmfr;
	if (root_number(root, &mib, "/sys/module/kvmfr/parameters/static_size_mb"))
		glass->kvmfr_size = mib << 20;
}
