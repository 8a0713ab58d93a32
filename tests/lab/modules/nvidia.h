/* What the stand-in nvidia modules use of one another: as with the real ones, these symbols alone
 * make the order of loading and unloading.
 */
#ifndef LAB_NVIDIA_H
#define LAB_NVIDIA_H

struct pci_dev;

/* nvidia.ko: the first function that it has, or NULL. */
struct pci_dev *lab_nvidia_function(void);
void lab_nvidia_register(const char *user);

/* nvidia_modeset.ko */
void lab_nvidia_modeset_register(const char *user);

#endif
