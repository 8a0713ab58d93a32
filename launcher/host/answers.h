/* Whether a function of a running guest is still there. Unlike pci.h this reads configuration
 * space, of a function that is awake alone: nothing is woken by it.
 */
#ifndef HOST_ANSWERS_H
#define HOST_ANSWERS_H

#include "base/root.h"

enum pci_answer {
	PCI_WELL,   /* it answers */
	PCI_ASLEEP, /* it was not asked */
	PCI_SILENT, /* all of it reads as ones: it fell off the bus, and the kernel has not noticed
		     */
	PCI_GONE,   /* the kernel has no such function */
	PCI_ANSWER_KINDS
};

/* address as "0000:01:00.0". */
enum pci_answer pci_answer_of(const struct root *root, const char *address);

/* What is wrong with it, as a clause behind its name; static. NULL: nothing. */
const char *pci_answer_words(enum pci_answer answer);

#endif
