// SPDX-License-Identifier: GPL-2.0
/* Stand-in for the core of NVIDIA's driver: as little of it as a hand-over of the GPU can notice.
 *
 * - It binds display functions of the ids in ids= (VENDOR:DEVICE, hexadecimal) that are of a class
 *   other than VGA, so that the lab's integrated GPU, which has the same id, is left alone.
 * - /dev/nvidiactl and, while a function is bound, /dev/nvidia0, with the real one's numbers, which
 *   sysfs does not connect with the function. An open node counts as a use of the module: rmmod is
 *   refused and nothing has been touched.
 * - Its remove() waits, in state D and deaf to signals, for as long as a node is open. So a write
 *   to the driver's `unbind` never returns then, and the driver link is gone already.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/version.h>

#include "nvidia.h"

static char *ids = "1234:1111";
module_param(ids, charp, 0444);
MODULE_PARM_DESC(ids, "VENDOR:DEVICE of the functions to bind");

static atomic_t opened = ATOMIC_INIT(0);
static struct pci_dev *function; /* the first that was bound */
static unsigned long page;

static int nvidia_open(struct inode *inode, struct file *file)
{
	atomic_inc(&opened);
	return 0;
}

static int nvidia_release(struct inode *inode, struct file *file)
{
	atomic_dec(&opened);
	return 0;
}

static int nvidia_mmap(struct file *file, struct vm_area_struct *area)
{
	return vm_insert_page(area, area->vm_start, virt_to_page((void *)page));
}

static const struct file_operations nvidia_operations = {
	.owner = THIS_MODULE,
	.open = nvidia_open,
	.release = nvidia_release,
	.mmap = nvidia_mmap,
};

/* Documentation/admin-guide/devices.txt has no line for it, but the number is its since 1999. */
#define MAJOR_NUMBER 195
#define GPU_NODE MKDEV(MAJOR_NUMBER, 0)
#define CONTROL_NODE MKDEV(MAJOR_NUMBER, 255)

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
static char *node_mode(const struct device *device, umode_t *mode)
#else
static char *node_mode(struct device *device, umode_t *mode)
#endif
{
	if (mode)
		*mode = 0666;
	return NULL;
}

static struct class node_class = {.name = "lab-nvidia", .devnode = node_mode};

static int make_node(dev_t number, const char *name)
{
	return PTR_ERR_OR_ZERO(device_create(&node_class, NULL, number, NULL, "%s", name));
}

struct pci_dev *lab_nvidia_function(void)
{
	return function;
}
EXPORT_SYMBOL(lab_nvidia_function);

void lab_nvidia_register(const char *user)
{
	pr_info("nvidia (stand-in): used by %s\n", user);
}
EXPORT_SYMBOL(lab_nvidia_register);

static int nvidia_probe(struct pci_dev *device, const struct pci_device_id *id)
{
	int result;

	if (function)
		return 0;
	result = make_node(GPU_NODE, "nvidia0");
	if (result == 0)
		function = device;
	return result;
}

static void nvidia_remove(struct pci_dev *device)
{
	if (device != function)
		return;
	while (atomic_read(&opened) > 0)
		msleep(200);
	device_destroy(&node_class, GPU_NODE);
	function = NULL;
}

/* Filled from ids=; the last entry ends the table. */
static struct pci_device_id table[3];

static struct pci_driver nvidia_driver = {
	.name = "nvidia",
	.id_table = table,
	.probe = nvidia_probe,
	.remove = nvidia_remove,
};

static int __init nvidia_init(void)
{
	unsigned int vendor, device;
	int result;

	if (sscanf(ids, "%x:%x", &vendor, &device) != 2)
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		table[i].vendor = vendor;
		table[i].device = device;
		table[i].subvendor = table[i].subdevice = PCI_ANY_ID;
		table[i].class = (i ? PCI_CLASS_DISPLAY_3D : PCI_CLASS_DISPLAY_OTHER) << 8;
		table[i].class_mask = 0xffff00;
	}
	page = get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	result = register_chrdev(MAJOR_NUMBER, "nvidia", &nvidia_operations);
	if (result)
		goto no_number;
	result = class_register(&node_class);
	if (result)
		goto no_class;
	result = make_node(CONTROL_NODE, "nvidiactl");
	if (result)
		goto no_node;
	result = pci_register_driver(&nvidia_driver);
	if (result)
		goto no_driver;
	return 0;

no_driver:
	device_destroy(&node_class, CONTROL_NODE);
no_node:
	class_unregister(&node_class);
no_class:
	unregister_chrdev(MAJOR_NUMBER, "nvidia");
no_number:
	free_page(page);
	return result;
}

static void __exit nvidia_exit(void)
{
	pci_unregister_driver(&nvidia_driver);
	device_destroy(&node_class, CONTROL_NODE);
	class_unregister(&node_class);
	unregister_chrdev(MAJOR_NUMBER, "nvidia");
	free_page(page);
}

module_init(nvidia_init);
module_exit(nvidia_exit);
MODULE_DESCRIPTION("stand-in for nvidia.ko, for tests");
MODULE_LICENSE("GPL");
