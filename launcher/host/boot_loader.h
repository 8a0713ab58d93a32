/* Which boot loader started this host, for the remedies that are boot options: where they are
 * written, and what has to be run then. Nothing is ever written there by us.
 */
#ifndef HOST_BOOT_LOADER_H
#define HOST_BOOT_LOADER_H

#include "base/distribution.h"
#include "base/root.h"

enum boot_loader {
	BOOT_UNKNOWN,
	BOOT_GRUB,
	BOOT_SYSTEMD, /* systemd-boot with entries in /boot/loader/entries */
	BOOT_UKI,     /* a unified kernel image, which has its options inside */
	BOOT_LIMINE,
	BOOT_NIXOS, /* whichever it is, the system's configuration writes its entries */
	BOOT_LOADERS
};

/* By what the loader left: the EFI variables StubInfo and LoaderInfo (systemd's Boot Loader
 * Interface, which GRUB and Limine fill as well), else by the words that it added to the kernel's
 * options, else by its configuration. These say what started the kernel that runs, which is why the
 * mere configuration comes last.
 */
enum boot_loader boot_loader_read(const struct root *root, enum distribution distribution);

/* For scripts: "grub", "systemd-boot", "uki", "limine", "nixos", "unknown". */
const char *boot_loader_word(enum boot_loader loader);

/* How a boot option is added there: "add intel_iommu=on to GRUB_CMDLINE_LINUX_DEFAULT in
 * /etc/default/grub, then 'sudo update-grub', and restart". The caller owns it.
 */
char *boot_option_add(enum boot_loader loader, enum distribution distribution, const char *option);
/* The same for taking one out. */
char *boot_option_remove(enum boot_loader loader, enum distribution distribution,
			 const char *option);

#endif
