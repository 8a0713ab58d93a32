// SPDX-License-Identifier: GPL-2.0
/* Stand-in for nvidia_modeset: between the core and nvidia_drm, with a node of its own. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "nvidia.h"

static const struct file_operations modeset_operations = {.owner = THIS_MODULE};
static struct miscdevice modeset_node = {.minor = MISC_DYNAMIC_MINOR,
					 .name = "nvidia-modeset",
					 .mode = 0666,
					 .fops = &modeset_operations};

void lab_nvidia_modeset_register(const char *user)
{
	pr_info("nvidia_modeset (stand-in): used by %s\n", user);
}
EXPORT_SYMBOL(lab_nvidia_modeset_register);

static int __init modeset_init(void)
{
	lab_nvidia_register("nvidia_modeset");
	return misc_register(&modeset_node);
}

static void __exit modeset_exit(void)
{
	misc_deregister(&modeset_node);
}

module_init(modeset_init);
module_exit(modeset_exit);
MODULE_DESCRIPTION("stand-in for nvidia-modeset.ko, for tests");
MODULE_LICENSE("GPL");
