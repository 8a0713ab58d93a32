/*
 * Names for people: classes, kinds, addresses.
 *
 * Reference: PCI Code and ID Assignment 1.11, section 1.
 */
#include "pci.h"
#include "probe.h"

static const struct {
	uint32_t class, mask;
	const char *words;
} classes[] = {
	{0x010000, 0xffff00, "SCSI controller"},
	{0x010100, 0xffff00, "IDE controller"},
	{0x010601, 0xffffff, "SATA controller, AHCI"},
	{0x010802, 0xffffff, "NVMe controller"},
	{0x010000, 0xff0000, "storage controller"},
	{0x020000, 0xffff00, "Ethernet controller"},
	{0x028000, 0xffff00, "network controller"},
	{0x020000, 0xff0000, "network controller"},
	{0x030000, 0xffffff, "VGA controller"},
	{0x030200, 0xffff00, "3D controller"},
	{0x030000, 0xff0000, "display controller"},
	{0x040300, 0xffff00, "HD audio"},
	{0x040000, 0xff0000, "multimedia device"},
	{0x050000, 0xffff00, "RAM"},
	{0x050000, 0xff0000, "memory"},
	{0x060000, 0xffff00, "host bridge"},
	{0x060100, 0xffff00, "ISA bridge"},
	{0x060400, 0xffff00, "PCI bridge"},
	{0x060000, 0xff0000, "bridge"},
	{0x070000, 0xffff00, "serial port"},
	{0x078000, 0xffff00, "communication device"},
	{0x080500, 0xffff00, "SD host controller"},
	{0x080600, 0xffff00, "IOMMU"},
	{0x088000, 0xffff00, "system peripheral"},
	{0x090000, 0xff0000, "input device"},
	{0x0c0330, 0xffffff, "USB controller, xHCI"},
	{0x0c0320, 0xffffff, "USB controller, EHCI"},
	{0x0c0310, 0xffffff, "USB controller, OHCI"},
	{0x0c0300, 0xffffff, "USB controller, UHCI"},
	{0x0c0380, 0xffffff, "USB Type-C controller"},
	{0x0c0500, 0xffff00, "SMBus"},
	{0x0c8000, 0xffff00, "serial bus controller"},
	{0x0d0000, 0xff0000, "wireless controller"},
	{0x120000, 0xff0000, "processing accelerator"},
	{0x00ff00, 0xffff00, "unclassified device"},
};

const char *pci_class_words(const struct pci_function *f)
{
	/* PCI Express Base 3.0, table 7-9 */
	if (pci_is_bridge(f) && f->express == 4)
		return "PCIe root port";
	if (pci_is_bridge(f) && f->express == 5)
		return "PCIe upstream port";
	if (pci_is_bridge(f) && f->express == 6)
		return "PCIe downstream port";
	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		if ((f->class & classes[i].mask) == classes[i].class)
			return classes[i].words;
	}
	return "device";
}

const char *pci_bar_word(const struct pci_bar *bar)
{
	static const char *const words[] = {
		[PCI_BAR_NONE] = "none",
		[PCI_BAR_IO] = "io",
		[PCI_BAR_MEM32] = "mem32",
		[PCI_BAR_MEM64] = "mem64",
	};

	return words[bar->kind];
}

const char *pci_address_text(char to[TEXT_SHORT], pci_address at)
{
	if (at == PCI_NOWHERE)
		text_format(to, TEXT_SHORT, "none");
	else
		text_format(to, TEXT_SHORT, "%02x:%02x.%u", (unsigned int)at >> 8,
			    (unsigned int)at >> 3 & 31, (unsigned int)at & 7);
	return to;
}
