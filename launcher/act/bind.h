/* Private to launcher/act: one PCI function from its driver to vfio-pci and back. */
#ifndef ACT_BIND_H
#define ACT_BIND_H

#include "base/reset_way.h"
#include "state.h"

#define VFIO "vfio-pci"

/* The name of the driver that a function has now; "" for none. The caller owns it. */
char *driver_of(const struct keeper *k, const struct pci_address *address);

/* driver_override as it is now, "" when it is empty. The caller owns it. */
char *override_of(const struct keeper *k, const struct pci_address *address);

/* Writes driver_override ("" clears it) and reads it back. */
bool override_set(struct keeper *k, const struct pci_address *address, const char *value,
		  struct error **err);

/* Aims a function that is still aimed at vfio-pci at the driver that it had. */
bool override_aim_back(struct keeper *k, const struct change *change, struct error **err);

/* Has the expected driver let go, and no other one; false with words when it does not within ten
 * seconds, and then the kernel may hold the function: keeper_is_stuck().
 */
bool driver_unbind(struct keeper *k, const struct pci_address *address, const char *expected,
		   struct error **err);

/* Has the kernel look for a driver and says whether it is `driver` afterwards. */
bool driver_probe(struct keeper *k, const struct pci_address *address, const char *driver,
		  struct error **err);

/* power/control: "auto" lets the kernel switch the function off while nobody uses it; "" where
 * there is none. The caller owns it.
 */
char *power_of(const struct keeper *k, const struct pci_address *address);

/* Has the kernel leave a function of vfio-pci's, and the port above it, switched on while nobody
 * uses them, written down.
 */
bool keep_awake(struct keeper *k, const struct pci_function *f, struct error **err);

/* One write to an attribute of the function, in a worker; a stuck one is kept. Read it back. */
bool function_write(struct keeper *k, const struct pci_address *address, const char *attribute,
		    const char *value, int deadline_ms, struct error **err);

/* Has the kernel reset the function as is right for it, written down; the set is all that is handed
 * over with it.
 */
bool choose_reset(struct keeper *k, const struct pci_list *list, const struct pci_set *set,
		  const struct pci_function *f, enum reset_way way, struct error **err);

/* Resets it once more, if it can be: closing the VFIO descriptors has done so already. */
void function_reset(struct keeper *k, const struct pci_address *address);

/* Has the host sleep for a moment when QEMU has ended, written down. */
bool want_sleep(struct keeper *k, struct error **err);

/* Whether the function's config space answers as the device that the kernel found there; what
 * cannot be read is taken for an answer.
 */
bool function_answers(struct keeper *k, const struct pci_address *address);
/* Whether it is ready for another start, in words that the caller owns. */
char *verdict_of(struct keeper *k, const struct pci_address *address);

/* Loads vfio-pci, written down. */
bool load_vfio(struct keeper *k, struct error **err);
/* Loads what QEMU maps memory with, where no PCI function is bound, written down. */
bool load_vfio_container(struct keeper *k, struct error **err);

/* Aims the function at vfio-pci, written down. */
bool aim_at_vfio(struct keeper *k, const struct pci_function *f, struct error **err);
/* Moves it there, written down. */
bool bind_to_vfio(struct keeper *k, const struct pci_function *f, struct error **err);

/* NVIDIA's own driver: pauses the services that hold it and unloads its modules, written down. Only
 * a successful unload proves that nobody uses the GPU; while they are loaded, unbind is never
 * written.
 */
bool unload_nvidia(struct keeper *k, struct error **err);

#endif
