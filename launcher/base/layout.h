/* Where distributions have what this program needs by itself: the programs that it runs as root,
 * those that make root of a user, and the modules of the running kernel. This is the one table of
 * such places; nothing else names them.
 *
 *            modprobe       udevadm, systemctl,  sudo, pkexec      modules of the running kernel
 *                           busctl
 * Debian 12  /sbin          /bin, /usr/bin       /usr/bin          /lib/modules
 * Debian 13  /usr/sbin      /usr/bin             /usr/bin          /usr/lib/modules
 * Ubuntu     as Debian
 * Fedora     /usr/sbin, a link to /usr/bin       /usr/bin          /lib/modules = /usr/lib/modules
 *            from 42 on
 * Arch       /usr/bin       /usr/bin             /usr/bin          /usr/lib/modules
 * openSUSE   /usr/sbin; /sbin and /bin as well in Leap 15          /usr/lib/modules; Leap 15:
 *                                                /usr/bin          /lib/modules
 * Gentoo     /sbin          /bin or /usr/bin     /usr/bin          /lib/modules
 * NixOS      /run/current-system/sw/bin          /run/wrappers/bin /run/booted-system/...,
 *                                                                  see MODULES in layout.c
 *
 * Sources: Debian: file lists of kmod, udev, systemd, sudo, pkexec, linux-image (12, 13, testing).
 * Fedora: kmod.spec (%{_sbindir}), Changes/Unify_bin_and_sbin. Arch: PKGBUILDs of kmod and linux.
 * openSUSE: kmod.spec (%_sbindir, /sbin below suse_version 1550, usr-lib-modules.patch). Gentoo:
 * ebuilds of sys-apps/kmod (--sbindir /sbin; with merged /usr that is a link) and sys-apps/systemd.
 * NixOS: nixpkgs, pkgs/os-specific/linux/kmod/default.nix (modulesDirs),
 * nixos/modules/system/boot/modprobe.nix, nixos/modules/security/wrappers/default.nix.
 */
#ifndef BASE_LAYOUT_H
#define BASE_LAYOUT_H

#include <stdbool.h>

#include "root.h"

/* The directories of programs that belong to the system, best first, ended by NULL. Where several
 * are there, links make one of them.
 */
extern const char *const LAYOUT_PROGRAMS[];

/* The same as a PATH, for programs that root runs. */
#define LAYOUT_PATH "/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"

/* Where programs that make root of a user are if PATH does not lead to them: NixOS keeps those with
 * the set-user-id bit apart, and one of the same name without it among the others.
 */
#define LAYOUT_WRAPPERS "/run/wrappers/bin"

/* Where modprobe reads options of modules (modprobe.d(5)), ended by NULL. */
extern const char *const LAYOUT_MODPROBE[];

/* Where programs lie that only other programs call, ended by NULL: virtiofsd is in libexec on
 * Debian and Fedora, in lib on Arch, and beside QEMU's own before it left QEMU (Debian 12).
 */
extern const char *const LAYOUT_HELPERS[];

/* Where a QEMU's modules lie, below the directory that its own "bin" is in, ended by NULL: Debian's
 * and Ubuntu's place, that of Arch, Gentoo, NixOS and builds by hand, that of Fedora and openSUSE.
 */
extern const char *const LAYOUT_QEMU_MODULES[];

/* Where udev reads its rules (udev(7)), the most specific first, ended by NULL. */
extern const char *const LAYOUT_UDEV[];

/* Where pci.ids and usb.ids may lie, ended by NULL: hwdata's place, Debian's, openSUSE's links, and
 * what NixOS links of them.
 */
extern const char *const LAYOUT_IDS[];

/* Where polkit reads its actions, ended by NULL: until version 125 in /usr/share alone, since 126
 * in all of polkit(8), and where NixOS links those of its packages
 * (nixos/modules/security/polkit.nix).
 */
extern const char *const LAYOUT_POLKIT[];

/* Whether a file (absolute path) is the distribution's own by where it lies, so that another system
 * has its equal in a place of its own: in /usr but /usr/local, in the store of NixOS or Guix, or
 * behind their links, those of NixOS' libvirt (/run/libvirt) among them.
 */
bool layout_is_packaged(const char *path);

/* The directory with the modules of the running kernel ("/usr/lib/modules/6.12.9"), which the
 * caller owns. NULL: there is none to be seen, which says nothing about the modules: an update may
 * have removed it with the old kernel, or it is where nobody here knows.
 */
char *layout_modules(const struct root *root);

#endif
