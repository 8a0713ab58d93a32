// SPDX-License-Identifier: GPL-2.0
/* What a GPU's driver sees of _ROM: /proc/acpi_rom of the function in slot= (a PCI address). One
 * pread() is one evaluation, with its offset and its length, so user space has each answer as the
 * method gave it: nothing is cached, repeated or put together here.
 */
#include <linux/acpi.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static char *slot = "0000:01:00.0";
module_param(slot, charp, 0444);
MODULE_PARM_DESC(slot, "the function whose ACPI node has _ROM");

static acpi_handle node;

static ssize_t rom_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	union acpi_object argument[2] = {
		{.integer = {ACPI_TYPE_INTEGER, *at}},
		{.integer = {ACPI_TYPE_INTEGER, size}},
	};
	struct acpi_object_list arguments = {2, argument};
	struct acpi_buffer answer = {ACPI_ALLOCATE_BUFFER, NULL};
	union acpi_object *object;
	ssize_t n = -EIO;

	if (ACPI_FAILURE(acpi_evaluate_object(node, "_ROM", &arguments, &answer)))
		return -ENXIO;
	object = answer.pointer;
	if (object && object->type == ACPI_TYPE_BUFFER && object->buffer.length <= size) {
		n = object->buffer.length;
		if (copy_to_user(to, object->buffer.pointer, n))
			n = -EFAULT;
	}
	kfree(answer.pointer);
	return n;
}

static const struct proc_ops rom_operations = {
	.proc_read = rom_read,
	.proc_lseek = default_llseek,
};

static int __init rom_init(void)
{
	unsigned int domain, bus, device, function;
	struct pci_dev *dev;

	if (sscanf(slot, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4)
		return -EINVAL;
	dev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!dev)
		return -ENODEV;
	node = ACPI_HANDLE(&dev->dev);
	pci_dev_put(dev);
	if (!node || !acpi_has_method(node, "_ROM"))
		return -ENXIO;
	return proc_create("acpi_rom", 0400, NULL, &rom_operations) ? 0 : -ENOMEM;
}

static void __exit rom_exit(void)
{
	remove_proc_entry("acpi_rom", NULL);
}

module_init(rom_init);
module_exit(rom_exit);
MODULE_DESCRIPTION("Reads an option ROM through ACPI");
MODULE_LICENSE("GPL");
