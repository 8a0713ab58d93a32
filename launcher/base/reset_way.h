/* The ways of a reset of a PCI function that a profile can ask for: its words, and what the keeper
 * is told.
 */
#ifndef BASE_RESET_WAY_H
#define BASE_RESET_WAY_H

enum reset_way {
	RESET_AUTO, /* as the table of known cards says, else as the kernel has it */
	RESET_FLR,
	RESET_BUS,
	RESET_PM,
	RESET_ACPI,
	RESET_DEVICE, /* by code for just this card, of the kernel or of vendor-reset */
	RESET_SLEEP,  /* as auto, and the host sleeps for a moment when the guest has ended */
	RESET_NONE,
	RESET_WAYS
};

/* "auto", "flr", ..., with a NULL behind the last. */
extern const char *const RESET_WORDS[RESET_WAYS + 1];

/* What a way is called in reset_method (Documentation/ABI/testing/sysfs-bus-pci); NULL for those
 * that are none of the kernel's for one function.
 */
extern const char *const RESET_METHODS[RESET_WAYS];

#endif
