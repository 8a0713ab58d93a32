/* What is booted from: numbers that devices have of their own, or an order of kinds. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

static int by_order(const void *a, const void *b)
{
	const struct draft_boot *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static void add_entry(struct draft *d, const char *section, const char *name, unsigned long order)
{
	*xappend(d->boot, d->boots) =
		(struct draft_boot){xasprintf("%s%s%s", section, *name ? "/" : "", name), order};
}

void import_boot(struct draft *d, xmlNode *device, const char *section, const char *name)
{
	own_free char *order = xml_attr(xml_child(device, "boot"), "order");
	uint64_t number;

	if (order && text_u64(order, 10, &number))
		add_entry(d, section, name, number);
}

/* <boot dev='cdrom'/> in <os>, where no device has a number of its own. */
static void add_kinds(struct draft *d, xmlNode *os)
{
	unsigned long order = 0;

	for (xmlNode *node = xml_child(os, "boot"); node; node = xml_next(node)) {
		own_free char *dev = xml_attr(node, "dev");

		for (size_t i = 0; dev && i < d->n; i++) {
			const struct draft_line *line = &d->line[i];
			bool disk = line->key && strcmp(line->section, "disk") == 0 &&
				    strcmp(line->key, "path") == 0;
			bool card = line->key && strcmp(line->section, "network") == 0 &&
				    strcmp(line->key, "mode") == 0;
			bool cdrom = disk && draft_value(d, "disk", line->name, "media");

			if ((disk && strcmp(dev, cdrom ? "cdrom" : "hd") == 0) ||
			    (card && strcmp(dev, "network") == 0))
				add_entry(d, line->section, line->name, order++);
		}
	}
}

void import_boot_order(struct draft *d, xmlNode *domain)
{
	own_buf struct buf words = {0};

	if (!d->boots)
		add_kinds(d, xml_child(domain, "os"));
	if (d->boots)
		qsort(d->boot, d->boots, sizeof(*d->boot), by_order);
	for (size_t i = 0; i < d->boots; i++)
		buf_addf(&words, "%s%s", i ? " " : "", d->boot[i].item);
	if (words.len)
		draft_put(d, "boot", "", "order", words.data);
}
