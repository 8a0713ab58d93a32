// SPDX-License-Identifier: GPL-2.0
/* Stand-in for Looking Glass' module kvmfr: /dev/kvmfr0, memory that a guest and a program of the
 * host's map, for root alone until somebody gives rights to it. What a launcher can notice of the
 * real one is here: the parameter that sysfs does not show, the size by ioctl, and that the
 * memory's pages can be pinned for a device (the real one's are from vmalloc_user() as well).
 */
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static int static_size_mb = 8;
module_param(static_size_mb, int, 0000);
MODULE_PARM_DESC(static_size_mb, "MiB of memory");

static void *memory;

#define GETSIZE _IO('u', 0x44)

static long kvmfr_ioctl(struct file *file, unsigned int command, unsigned long unused)
{
	return command == GETSIZE ? (long)static_size_mb << 20 : -ENOTTY;
}

static int kvmfr_mmap(struct file *file, struct vm_area_struct *area)
{
	return remap_vmalloc_range(area, memory, area->vm_pgoff);
}

static const struct file_operations kvmfr_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kvmfr_ioctl,
	.mmap = kvmfr_mmap,
};

static struct miscdevice kvmfr_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvmfr0",
	.fops = &kvmfr_operations,
	.mode = 0600,
};

static int __init kvmfr_init(void)
{
	int error;

	if (static_size_mb < 1 || static_size_mb > 512)
		return -EINVAL;
	memory = vmalloc_user((size_t)static_size_mb << 20);
	if (!memory)
		return -ENOMEM;
	error = misc_register(&kvmfr_device);
	if (error)
		vfree(memory);
	return error;
}

static void __exit kvmfr_exit(void)
{
	misc_deregister(&kvmfr_device);
	vfree(memory);
}

module_init(kvmfr_init);
module_exit(kvmfr_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("stand-in for tests");
