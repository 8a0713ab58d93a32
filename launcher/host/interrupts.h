/* Interrupts of a PCI function that vfio-pci has, as /proc/interrupts counts them. */
#ifndef HOST_INTERRUPTS_H
#define HOST_INTERRUPTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/root.h"

struct interrupt {
	char *number;	/* of the kernel: "150" */
	char *name;	/* "vfio-msix[0](0000:01:00.0)" */
	uint64_t count; /* so far, on all processors */
	char *on;	/* the processors that it goes to, "3"; "" not known */
};

struct interrupt_list {
	struct interrupt *v;
	size_t n;
};

/* Those whose name has the function's address ("0000:01:00.0"), in the kernel's order. */
void interrupts_read(struct interrupt_list *list, const struct root *root, const char *address);
void interrupts_free(struct interrupt_list *list);
#define own_interrupt_list own_with(interrupts_free)

/* The one of that number, or NULL. */
const struct interrupt *interrupts_find(const struct interrupt_list *list, const char *number);

#endif
