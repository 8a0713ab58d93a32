#include "layout.h"

#include <stddef.h>

#include "alloc.h"
#include "own.h"
#include "text.h"

const char *const LAYOUT_PROGRAMS[] = {
	"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/run/current-system/sw/bin", NULL,
};

const char *const LAYOUT_MODPROBE[] = {
	"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d", "/lib/modprobe.d", NULL,
};

const char *const LAYOUT_HELPERS[] = {
	"/usr/libexec", "/usr/lib", "/usr/lib/qemu", "/run/current-system/sw/libexec", NULL,
};

const char *const LAYOUT_QEMU_MODULES[] = {
	"lib/x86_64-linux-gnu/qemu",
	"lib/qemu",
	"lib64/qemu",
	NULL,
};

const char *const LAYOUT_UDEV[] = {
	"/etc/udev/rules.d",	 "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d", "/lib/udev/rules.d", NULL,
};

const char *const LAYOUT_IDS[] = {
	"/usr/share/hwdata",
	"/usr/share/misc",
	"/usr/share",
	"/run/current-system/sw/share/hwdata",
	"/run/current-system/sw/share",
	NULL,
};

const char *const LAYOUT_POLKIT[] = {
	"/etc/polkit-1/actions",
	"/run/polkit-1/actions",
	"/usr/local/share/polkit-1/actions",
	"/usr/share/polkit-1/actions",
	"/run/current-system/sw/share/polkit-1/actions",
	NULL,
};

bool layout_is_packaged(const char *path)
{
	static const char *const top[] = {"/usr/", "/nix/store/", "/gnu/store/",
					  "/run/current-system/", "/run/libvirt/"};

	for (size_t i = 0; i < ARRAY_SIZE(top); i++)
		if (text_starts(path, top[i]))
			return !text_starts(path, "/usr/local/");
	return false;
}

/* NixOS' modprobe looks in these in this order: after an update the running kernel's modules are
 * those that it was booted with.
 */
static const char *const MODULES[] = {
	"/run/booted-system/kernel-modules/lib/modules",
	"/run/current-system/kernel-modules/lib/modules",
	"/lib/modules",
	"/usr/lib/modules",
};

char *layout_modules(const struct root *root)
{
	own_free char *release = root_line(root, "/proc/sys/kernel/osrelease");

	for (size_t i = 0; release && i < ARRAY_SIZE(MODULES); i++)
		if (root_exists(root, "%s/%s", MODULES[i], release))
			return xasprintf("%s/%s", MODULES[i], release);
	return NULL;
}
