/* Private to the files that write a plan's page: page.c is the frame, each other one a part. */
#ifndef PLAN_PAGE_H
#define PLAN_PAGE_H

#include "base/html.h"
#include "plan.h"

/* A device of the guest's, of QEMU's -device; strings are NULL where the argument does not say. */
struct page_device {
	char *driver, *id, *bus, *addr;
	const struct argument *argument;
	const struct pci_function *host; /* that it is, where it is one of the host's */
	char *host_address;		 /* likewise, also where that is made by the start */
	unsigned mark;			 /* the number that leads from it to the host's, 0: none */
	unsigned bus_number; /* of a root port: of the bus behind it, as firmware counts */
};

struct page {
	struct html h;
	const struct plan *plan;
	const struct plan_input *in;
	const char *const *name; /* of plan_page() */
	struct page_device *device;
	size_t devices;
};

/* Reads the guest's devices out of the arguments. */
void page_devices(struct page *p);
void page_devices_free(struct page *p);

/* A part begins with its heading and a sentence. */
void page_section(struct page *p, const char *id, const char *title, const char *words);
/* "24 GiB", "1.5 GiB", "64 MiB"; the caller owns it. */
char *page_size(uint64_t bytes);
/* A cause in small print; nothing where there is none. */
void page_cause(struct page *p, const struct cause *cause);

void page_processors(struct page *p);
void page_memory(struct page *p);
void page_host_groups(struct page *p);
void page_guest_tree(struct page *p);

#endif
