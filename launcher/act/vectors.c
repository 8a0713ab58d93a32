/* The vectors of passed devices (MSI, MSI-X), onto the guest's processors: what they wake is a
 * vCPU, and no other processor has to be asked to do it. Where the IOMMU posts interrupts the
 * hardware does this itself, and a vector that is moved costs nothing.
 *
 * They appear whenever the guest's driver switches them on, in whatever number, and no word of the
 * kernel's tells of it. So the keeper looks: often while a guest starts, then once a minute, and
 * never where interrupts were not to be moved or nothing is passed. Nothing of this is written
 * down, as a vector is gone with the QEMU that it belongs to.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "state.h"
#include "sysfs.h"

#define OFTEN_MS 5000
#define SELDOM_MS 60000
#define OFTEN 36 /* looks, so that it is three minutes */
#define WRITE_MS 5000

/* Whether the vector is vfio-pci's for the function: its handler has a directory,
 * "vfio-msix[0](0000:01:00.0)". The number may by now be another device's.
 */
static bool is_passed(const struct root *root, unsigned irq, const char *address)
{
	own_free char *end = xasprintf("(%s)", address);
	size_t n;
	char **name = root_list(root, &n, "/proc/irq/%u", irq);
	bool passed = false;

	for (size_t i = 0; i < n && !passed; i++)
		passed = text_starts(name[i], "vfio-msi") && text_ends(name[i], end);
	names_free(name, n);
	return passed;
}

static bool is_at(const struct root *root, unsigned irq, const struct cpu_set *cpus)
{
	own_free char *list = root_line(root, "/proc/irq/%u/smp_affinity_list", irq);
	struct cpu_set now = {0};

	return list && cpu_set_parse(&now, list) && cpu_set_equal(&now, cpus);
}

/* Adds those of a function that are elsewhere. */
static void find_vectors(const struct keeper *k, const struct pci_address *address,
			 struct sysfs_value **values, size_t *n)
{
	char text[PCI_ADDRESS_SIZE];
	size_t names;
	char **name = root_list(&k->root, &names, "/sys/bus/pci/devices/%s/msi_irqs",
				pci_address_format(address, text));

	for (size_t i = 0; i < names; i++) {
		uint64_t irq;

		if (!text_u64(name[i], 10, &irq) || irq > 0xfffff ||
		    !is_passed(&k->root, (unsigned)irq, text) ||
		    is_at(&k->root, (unsigned)irq, &k->vectors.cpus))
			continue;
		*xappend(*values, *n) = (struct sysfs_value){
			.path = xasprintf("/proc/irq/%u/smp_affinity_list", (unsigned)irq),
			.value = cpu_set_text(&k->vectors.cpus),
		};
	}
	names_free(name, names);
}

int steer_vectors(struct keeper *k)
{
	struct sysfs_value *values = NULL;
	size_t n = 0;
	bool passes = false, good;

	if (k->qemu < 0 || cpu_set_is_empty(&k->vectors.cpus))
		return -1;
	for (size_t i = 0; i < k->journal->n; i++) {
		if (k->journal->change[i].kind != CHANGE_CLAIMED)
			continue;
		passes = true;
		if (k->vectors.looks)
			find_vectors(k, &k->journal->change[i].address, &values, &n);
	}
	good = n == 0 || sysfs_write_each(&k->root, values, n, WRITE_MS, NULL);
	sysfs_values_free(values, n);
	/* A worker that was lost once is lost the next time, too. */
	if (!passes || !good)
		return -1;
	return k->vectors.looks++ < OFTEN ? OFTEN_MS : SELDOM_MS;
}
