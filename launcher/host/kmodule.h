/* Whether the running kernel has a module that is not loaded (yet), as modprobe would find it. */
#ifndef HOST_KMODULE_H
#define HOST_KMODULE_H

#include "base/error.h"
#include "base/root.h"

enum kmodule {
	KMODULE_UNKNOWN, /* cannot be told: no modules of the running kernel are to be seen */
	KMODULE_NONE,
	KMODULE_THERE, /* as a file of any compression, or built in */
};

/* path is the module's place in the kernel's tree of modules, without the end of its name:
 * "kernel/drivers/vfio/pci/vfio-pci". Elsewhere (updates/, extra/) its name alone counts, in which
 * '-' and '_' are the same. Read are modules.dep and modules.builtin (modules.dep(5), and the
 * kernel's Documentation/kbuild/kbuild.rst), and without the former the directory.
 */
enum kmodule kmodule_look(const struct root *root, const char *path);

/* The modprobe that root may run, which the caller owns; NULL with words. Asked first is the
 * kernel's own word of where it is, as the kernel runs that as root by itself
 * (admin-guide/sysctl/kernel.rst, "modprobe"). An empty word, or another program there, is the
 * administrator's way to say that the kernel shall load nothing; it does not speak of us.
 */
char *kmodule_modprobe(const struct root *root, struct error **err);

#endif
