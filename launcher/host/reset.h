/* How a function is reset between two guests: what the kernel offers, and which of it is right.
 *
 * The kernel tries the ways that stand in reset_method in that order
 * (Documentation/ABI/testing/sysfs-bus-pci), and knows few cards that one of them breaks. VFIO
 * resets each function so when it is opened and closed; what has no way of its own it resets with
 * its whole bus, once all of that is handed over (drivers/vfio/pci/vfio_pci_core.c).
 */
#ifndef HOST_RESET_H
#define HOST_RESET_H

#include "base/reset_way.h"
#include "pci.h"

enum reset_answer {
	RESET_KEPT,	  /* reset_method is right as it is */
	RESET_WRITTEN,	  /* it is to be written */
	RESET_IMPOSSIBLE, /* what was asked for cannot be had here */
	RESET_ANSWERS
};

struct reset_choice {
	enum reset_answer answer;
	const char *method; /* of RESET_WRITTEN: the one way, "": none of its own; static */
	char *used;	    /* what resets it then: "flr", "the whole bus", "nothing" */
	char *why;	    /* ... and why, or why not; NULL: the kernel's own choice */
};

/* f is of the list and of the set, which is what is handed over together. */
void reset_choose(struct reset_choice *choice, const struct pci_list *list,
		  const struct pci_set *set, const struct pci_function *f, enum reset_way wanted);
/* Why what was asked for cannot be had, of RESET_IMPOSSIBLE; the caller owns it. */
char *reset_refusal(const struct reset_choice *choice, const struct pci_function *f,
		    enum reset_way way);
/* What is known against a second start of this card with the ways that the kernel offers, NULL:
 * nothing; static.
 */
const char *reset_known_bad(const struct pci_function *f);
void reset_choice_free(struct reset_choice *choice);
#define own_reset_choice own_with(reset_choice_free)

#endif
