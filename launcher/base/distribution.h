/* Which distribution this is, for the few sentences whose remedy differs: what a package is called
 * and how it is installed. Nothing else asks: what is there is looked for, never deduced.
 */
#ifndef BASE_DISTRIBUTION_H
#define BASE_DISTRIBUTION_H

#include "root.h"

enum distribution {
	DISTRIBUTION_UNKNOWN,
	DISTRIBUTION_DEBIAN, /* and Ubuntu, Mint, ...: the names are the same */
	DISTRIBUTION_FEDORA,
	DISTRIBUTION_ARCH,
	DISTRIBUTION_SUSE,
	DISTRIBUTION_GENTOO,
	DISTRIBUTION_NIXOS,
	DISTRIBUTIONS,
};

/* By ID and ID_LIKE of /etc/os-release, or of /usr/lib/os-release if that is missing
 * (os-release(5)): the first of their words that is known.
 */
enum distribution distribution_read(const struct root *root);

/* What this program may lack. */
enum package {
	PACKAGE_QEMU,
	PACKAGE_QEMU_IMG,
	PACKAGE_FIRMWARE,
	PACKAGE_SPICE,	       /* QEMU's part for it, a package of its own since QEMU has modules */
	PACKAGE_VIRT_VIEWER,   /* remote-viewer */
	PACKAGE_LOOKING_GLASS, /* its client */
	PACKAGE_FREERDP,       /* xfreerdp */
	PACKAGE_PKEXEC,
	PACKAGE_PCI_IDS, /* the names of PCI devices */
	PACKAGE_SWTPM,
	PACKAGE_VIRTIOFSD,
	PACKAGE_PASST,
	PACKAGE_MTOOLS,
	PACKAGE_QEMU_GTK, /* QEMU's windows, of which each is a module */
	PACKAGE_QEMU_SDL,
	PACKAGE_QEMU_DBUS,
	PACKAGE_QEMU_EGL,
	PACKAGE_QEMU_PIPEWIRE, /* and its ways for sound, likewise */
	PACKAGE_QEMU_PULSE,
	PACKAGE_QEMU_ALSA,
	PACKAGES,
};

/* How it is installed there: "install QEMU (sudo apt install qemu-system-x86)"; all names that are
 * known where the distribution is not. The caller owns it.
 */
char *distribution_install(enum distribution distribution, enum package package);

#endif
