/* What a guest should find in the machine that a plan makes, as far as drivers of GPUs care: plain
 * data, made with the plan, for whoever looks from the inside (judge.h).
 */
#ifndef PLAN_GUEST_H
#define PLAN_GUEST_H

#include <stdbool.h>
#include <stddef.h>

/* One function of a GPU's board, in the guest. */
struct guest_function {
	char *section;		      /* of the profile: "gpu", "gpu second" */
	unsigned bus, slot, function; /* where */
	unsigned id[2], subsystem[2];
	bool has_subsystem; /* it should show one */
	bool shares;	    /* its slot with other functions of the board */
	bool first;	    /* of its board: the one with the ROM */
	/* Of a first one: */
	bool rom_hidden;   /* the profile leaves its ROM out */
	bool rom_given;	   /* the profile gives a ROM */
	bool rom_own;	   /* the card has one */
	bool rom_acpi;	   /* _ROM was made for it */
	bool no_outputs;   /* a 3D controller */
	bool is_vf;	   /* a virtual function */
	bool x_vga;	   /* the machine's first display */
	bool of_processor; /* of the processor's own graphics */
};

struct guest_view {
	struct guest_function *function;
	size_t functions;
	bool devices;	     /* devices of the host reach the guest's memory */
	unsigned width;	     /* address bits that the IOMMU translates, 0: unknown */
	bool laptop;	     /* with battery, AC adapter and a notebook's case */
	unsigned chassis;    /* the case's type by the profile, 0: QEMU's */
	bool hides;	     /* no leaf of CPUID is to name the hypervisor */
	bool hypervisor_bit; /* CPUID says that there is one */
	bool nests;	     /* it may have a hypervisor of its own */
	bool secure_boot;
};

#endif
