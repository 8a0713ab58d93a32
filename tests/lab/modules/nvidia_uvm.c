// SPDX-License-Identifier: GPL-2.0
/* Stand-in for nvidia_uvm: a user of the core with a node of its own. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "nvidia.h"

static const struct file_operations uvm_operations = {.owner = THIS_MODULE};
static struct miscdevice uvm_node = {
	.minor = MISC_DYNAMIC_MINOR, .name = "nvidia-uvm", .mode = 0666, .fops = &uvm_operations};

static int __init uvm_init(void)
{
	lab_nvidia_register("nvidia_uvm");
	return misc_register(&uvm_node);
}

static void __exit uvm_exit(void)
{
	misc_deregister(&uvm_node);
}

module_init(uvm_init);
module_exit(uvm_exit);
MODULE_DESCRIPTION("stand-in for nvidia-uvm.ko, for tests");
MODULE_LICENSE("GPL");
