// SPDX-License-Identifier: GPL-2.0
/* Stand-in for nvidia_drm: gives the core's function a node under /dev/dri, which a compositor can
 * open and which then keeps this module loaded. It can't show a picture.
 */
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/version.h>

#include "nvidia.h"

static const struct file_operations drm_operations = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.llseek = noop_llseek,
#ifdef FOP_UNSIGNED_OFFSET
	.fop_flags = FOP_UNSIGNED_OFFSET,
#endif
};

static const struct drm_driver drm_driver = {
	.fops = &drm_operations,
	.name = "nvidia-drm",
	.desc = "stand-in",
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	.date = "20240101",
#endif
};

static struct drm_device *device;

static int __init nvidia_drm_init(void)
{
	struct pci_dev *function = lab_nvidia_function();
	int result;

	lab_nvidia_modeset_register("nvidia_drm");
	if (!function)
		return 0;
	device = drm_dev_alloc(&drm_driver, &function->dev);
	if (IS_ERR(device))
		return PTR_ERR(device);
	result = drm_dev_register(device, 0);
	if (result)
		drm_dev_put(device);
	return result;
}

static void __exit nvidia_drm_exit(void)
{
	if (!device)
		return;
	drm_dev_unregister(device);
	drm_dev_put(device);
}

module_init(nvidia_drm_init);
module_exit(nvidia_drm_exit);
MODULE_DESCRIPTION("stand-in for nvidia-drm.ko, for tests");
MODULE_LICENSE("GPL");
