/*
 * The PCI part of the report: a tree by bus for people, one line a thing for programs.
 */
#include "out.h"
#include "pci.h"
#include "probe.h"

/* Deeper nesting than this is drawn flat. */
#define DEPTH_MAX 8

static bool printed[256];

static void people_bar(const struct pci_bar *bar, unsigned int index, int indent)
{
	char size[TEXT_SHORT];

	people("%*s %u %-5s%10s  ", indent, "", index, pci_bar_word(bar),
	       text_size(size, bar->size));
	if (!bar->base)
		people("unassigned");
	else
		people("at 0x%lx", bar->base);
	people("%s\n", bar->prefetch ? ", prefetchable" : "");
}

static void people_function(const struct pci_function *f, int depth)
{
	char address[TEXT_SHORT];
	int indent = 2 + 2 * depth;

	people("%*s%s  %04x:%04x  ", indent, "", pci_address_text(address, f->address), f->vendor,
	       f->device);
	if (f->sub_vendor || f->sub_device)
		people("%04x:%04x  ", f->sub_vendor, f->sub_device);
	else
		people("%9s  ", "");
	people("%s", pci_class_words(f));
	if (pci_is_bridge(f) && f->secondary)
		people(" to bus %02x", f->secondary);
	else if (pci_is_bridge(f))
		people(", no bus number: what is behind it cannot be seen");
	if (f->known && f->known->screens)
		people(", the firmware shows a picture on it");
	people("\n");
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		if (f->bars[i].kind != PCI_BAR_NONE)
			people_bar(&f->bars[i], i, indent + 7);
	}
	pci_rom_people(f, indent + 7);
}

/* A bus and what is below it; each bus once, whatever the bridges claim. */
static void people_bus(unsigned int bus, int depth)
{
	if (printed[bus])
		return;
	printed[bus] = true;
	for (size_t i = 0; i < pci_function_count; i++) {
		const struct pci_function *f = &pci_functions[i];

		if (f->address >> 8 != bus)
			continue;
		people_function(f, depth);
		if (pci_is_bridge(f) && f->secondary > bus && depth < DEPTH_MAX)
			people_bus(f->secondary, depth + 1);
	}
}

void pci_people(void)
{
	people("\nPCI          %u functions%s, %u of them set up by the firmware\n",
	       (unsigned int)pci_function_count, pci_truncated ? " and more" : "",
	       (unsigned int)pci_known_count());
	for (unsigned int bus = 0; bus < 256; bus++)
		people_bus(bus, 0);
}

static void window_value(const char *key, const struct pci_window *window)
{
	if (window->last < window->first)
		line_value(key, "none");
	else
		line_value(key, "0x%lx-0x%lx", window->first, window->last);
}

static const char *express_word(int type)
{
	/* PCI Express Base 3.0, table 7-9 */
	static const char *const words[] = {
		[0] = "endpoint",      [1] = "legacy-endpoint", [4] = "root-port",
		[5] = "upstream-port", [6] = "downstream-port", [7] = "pci-bridge",
		[9] = "integrated",
	};

	if (type < 0)
		return "none";
	return (size_t)type < COUNT_OF(words) && words[type] ? words[type] : "other";
}

static void function_line(const struct pci_function *f, const char *address)
{
	char behind[TEXT_SHORT];

	line_begin("pci");
	line_value("address", "%s", address);
	line_value("id", "%04x:%04x", f->vendor, f->device);
	line_value("subsystem", "%04x:%04x", f->sub_vendor, f->sub_device);
	line_value("class", "%06x", f->class);
	line_value("revision", "%02x", f->revision);
	line_value("header", "%u", f->header);
	line_value("multifunction", "%u", f->multifunction ? 1 : 0);
	line_value("express", "%s", express_word(f->express));
	line_value("behind", "%s", pci_address_text(behind, f->behind));
	line_value("command", "%04x", f->command);
	line_value("pciio", "%u", f->known ? 1 : 0);
	line_value("driven", "%u", f->known && f->known->driven ? 1 : 0);
	line_value("screens", "%u", f->known ? f->known->screens : 0);
	line_end();
}

static void bridge_line(const struct pci_function *f, const char *address)
{
	line_begin("pci-bridge");
	line_value("address", "%s", address);
	line_value("primary", "%02x", f->primary);
	line_value("secondary", "%02x", f->secondary);
	line_value("subordinate", "%02x", f->subordinate);
	window_value("io", &f->io);
	window_value("memory", &f->memory);
	window_value("prefetch", &f->prefetch);
	line_end();
}

static void bar_line(const struct pci_bar *bar, unsigned int index, const char *address)
{
	line_begin("pci-bar");
	line_value("address", "%s", address);
	line_value("bar", "%u", index);
	line_value("kind", "%s", pci_bar_word(bar));
	line_value("prefetch", "%u", bar->prefetch ? 1 : 0);
	line_value("size", "%lu", bar->size);
	if (bar->base)
		line_value("base", "0x%lx", bar->base);
	else
		line_value("base", "unassigned");
	line_end();
}

void pci_lines(void)
{
	char address[TEXT_SHORT];

	line_begin("pciio");
	line_value("count", "%u", (unsigned int)pci_known_count());
	line_value("functions", "%u", (unsigned int)pci_function_count);
	line_end();
	for (size_t i = 0; i < pci_function_count; i++) {
		const struct pci_function *f = &pci_functions[i];

		pci_address_text(address, f->address);
		function_line(f, address);
		if (pci_is_bridge(f))
			bridge_line(f, address);
		for (unsigned int j = 0; j < PCI_BARS; j++) {
			if (f->bars[j].kind != PCI_BAR_NONE)
				bar_line(&f->bars[j], j, address);
		}
		pci_rom_lines(f);
	}
	if (pci_truncated) {
		line_begin("truncated");
		line_value("what", "pci");
		line_end();
	}
}
