/* Class codes in words: those of the PCI Code and ID Assignment Specification that PCs have. */
#include "pci.h"

#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/tongue.h"

static const struct class_row {
	uint32_t class, mask;
	const char *words;
} CLASS[] = {
	{0x000100, 0xffff00, N_("VGA-compatible device")},
	{0x010000, 0xffff00, N_("SCSI controller")},
	{0x010100, 0xffff00, N_("IDE controller")},
	{0x010400, 0xffff00, N_("RAID controller")},
	{0x010600, 0xffff00, N_("SATA controller")},
	{0x010700, 0xffff00, N_("SAS controller")},
	{0x010800, 0xffff00, N_("NVMe controller")},
	{0x010000, 0xff0000, N_("storage controller")},
	{0x020000, 0xffff00, N_("Ethernet controller")},
	{0x028000, 0xffff00, N_("network controller")},
	{0x020000, 0xff0000, N_("network controller")},
	{0x030000, 0xffff00, N_("VGA controller")},
	{0x030200, 0xffff00, N_("3D controller")},
	{0x030000, 0xff0000, N_("display controller")},
	{0x040000, 0xffff00, N_("video device")},
	{0x040100, 0xffff00, N_("audio device")},
	{0x040300, 0xffff00, N_("audio device")},
	{0x048000, 0xffff00, N_("multimedia controller")},
	{0x040000, 0xff0000, N_("multimedia device")},
	{0x050000, 0xff0000, N_("memory controller")},
	{0x060000, 0xffff00, N_("host bridge")},
	{0x060100, 0xffff00, N_("ISA bridge")},
	{0x060400, 0xffff00, N_("PCI bridge")},
	{0x060700, 0xffff00, N_("CardBus bridge")},
	{0x060000, 0xff0000, N_("bridge")},
	{0x070000, 0xffff00, N_("serial controller")},
	{0x070000, 0xff0000, N_("communication controller")},
	{0x080500, 0xffff00, N_("SD host controller")},
	{0x080600, 0xffff00, N_("IOMMU")},
	{0x080000, 0xff0000, N_("system peripheral")},
	{0x090000, 0xff0000, N_("input device")},
	{0x0c0000, 0xffff00, N_("FireWire controller")},
	{0x0c0330, 0xffffff, N_("USB 3 controller (xHCI)")},
	{0x0c0340, 0xffffff, N_("USB4 host interface")},
	{0x0c0380, 0xffffff, N_("USB Type-C controller")},
	{0x0c0300, 0xffff00, N_("USB controller")},
	{0x0c0500, 0xffff00, N_("SMBus controller")},
	{0x0c8000, 0xffff00, N_("serial bus controller")},
	{0x0c0000, 0xff0000, N_("serial bus controller")},
	{0x0d0000, 0xff0000, N_("wireless controller")},
	{0x0e0000, 0xff0000, N_("intelligent controller")},
	{0x0f0000, 0xff0000, N_("satellite controller")},
	{0x100000, 0xff0000, N_("encryption controller")},
	{0x110000, 0xff0000, N_("signal processing controller")},
	{0x120000, 0xff0000, N_("processing accelerator")},
	{0x400000, 0xff0000, N_("co-processor")},
};

const char *pci_class_words(uint32_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(CLASS); i++)
		if ((class & CLASS[i].mask) == CLASS[i].class)
			return tongue(CLASS[i].words);
	return _("unclassified device");
}

/* Header type 1 and 2, told from the class, as config space stays closed. */
bool pci_is_bridge(const struct pci_function *f)
{
	return f->class >> 8 == 0x0604 || f->class >> 8 == 0x0607;
}

bool pci_is_chipset(const struct pci_function *f)
{
	unsigned kind = f->class >> 8;

	if ((f->class >> 16 == 0x06 && !pci_is_bridge(f)) || kind == 0x0806)
		return true;
	/* SMBus, the flash that the firmware lies in, and the management engine: on the root bus
	 * alone, as a GPU's own UCSI controller has the same class.
	 */
	return f->address.bus == 0 && f->address.domain == 0 &&
	       (kind == 0x0c05 || kind == 0x0c80 || kind == 0x0780);
}

bool pci_is_display(const struct pci_function *f)
{
	return f->class >> 16 == 0x03;
}

bool pci_has_driver(const struct pci_function *f, const char *driver)
{
	return f->driver && strcmp(f->driver, driver) == 0;
}

const char *pci_bar_word(enum pci_bar_kind kind)
{
	static const char *const word[] = {
		[PCI_BAR_IO] = "io",
		[PCI_BAR_MEM32] = "mem32",
		[PCI_BAR_MEM64] = "mem64",
	};

	_Static_assert(ARRAY_SIZE(word) == PCI_BAR_KINDS, "each kind has a word");
	return (unsigned)kind < PCI_BAR_KINDS ? word[kind] : "?";
}

char *pci_bar_text(const struct pci_bar *bar)
{
	static const char unit[] = " KMGTP";
	uint64_t size = bar->size;
	size_t i = 0;

	while (size >= 1024 && size % 1024 == 0 && unit[i + 1]) {
		size /= 1024;
		i++;
	}
	if (!size)
		return xasprintf("%u: %s%s", bar->index, pci_bar_word(bar->kind),
				 bar->prefetch ? " prefetchable" : "");
	return xasprintf("%u: %llu%.*s %s%s", bar->index, (unsigned long long)size, i ? 1 : 0,
			 unit + i, pci_bar_word(bar->kind), bar->prefetch ? " prefetchable" : "");
}

#define ATI 0x1002 /* AMD's graphics */
#define AMD 0x1022 /* AMD's processors and what is in them */

/* Intel's are on the root bus; AMD's behind a port of the processor's, in one slot with its USB
 * controllers and its security processor.
 */
bool pci_is_of_processor(const struct pci_list *list, const struct pci_function *f)
{
	if (f->address.domain == 0 && f->address.bus == 0)
		return true;
	for (size_t i = 0; f->vendor == ATI && i < list->n; i++)
		if (list->v[i].vendor == AMD && pci_same_slot(&list->v[i].address, &f->address))
			return true;
	return false;
}

bool pci_is_guest_gpu(const struct pci_list *list, const struct pci_function *f)
{
	static const uint16_t maker[] = {0x8086, 0x10de, 0x1002}; /* Intel, NVIDIA, AMD */
	bool known = false;

	for (size_t i = 0; i < sizeof(maker) / sizeof(*maker); i++)
		known |= f->vendor == maker[i];
	return known && pci_is_display(f) && !f->is_vf && !pci_is_of_processor(list, f);
}
