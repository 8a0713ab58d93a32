/* Mediated devices: slices of a device that its driver offers as devices of their own (vGPUs), by
 * sysfs (kernel documentation, driver-api/vfio-mediated-device.rst). The parent stays with its
 * driver.
 */
#ifndef HOST_MDEV_H
#define HOST_MDEV_H

#include "base/root.h"
#include "base/uuid.h"
#include "kmodule.h"
#include "pci.h"

#define MDEV_TYPE 64 /* bytes of a type's name, with its NUL */

/* What a parent offers. */
struct mdev_type {
	char *id;	    /* its name in sysfs: "i915-GVTg_V5_4" */
	char *name;	    /* the driver's word for it, may be NULL */
	char *description;  /* in one line, may be NULL */
	char *api;	    /* "vfio-pci" for what can be a PCI device of a guest; NULL: not told */
	unsigned available; /* so many more could be made now */
};

struct mdev_parent {
	struct pci_address address;
	struct mdev_type *type;
	size_t types;
};

/* One that is there. */
struct mdev {
	char uuid[UUID_TEXT];
	bool has_parent; /* which is a PCI function */
	struct pci_address parent;
	char *type; /* NULL: not told */
	int group;  /* IOMMU group, -1: none */
};

struct mdev_list {
	struct mdev_parent *parent; /* PCI functions that offer any type */
	size_t parents;
	struct mdev *v;
	size_t n;
};

/* Reads the types of all functions in the list and all mediated devices. */
void mdev_list_read(struct mdev_list *mdevs, const struct root *root, const struct pci_list *list);
void mdev_list_free(struct mdev_list *mdevs);
#define own_mdev_list own_with(mdev_list_free)

/* Pointers into mdevs, or NULL. */
const struct mdev_parent *mdev_parent_find(const struct mdev_list *mdevs,
					   const struct pci_address *address);
const struct mdev_type *mdev_type_find(const struct mdev_parent *parent, const char *id);
const struct mdev *mdev_find(const struct mdev_list *mdevs, const char *uuid);

/* Reads one parent or one mediated device anew; false when there is none. */
bool mdev_parent_read(struct mdev_parent *parent, const struct root *root,
		      const struct pci_address *address);
void mdev_parent_free(struct mdev_parent *parent);
#define own_mdev_parent own_with(mdev_parent_free)
bool mdev_read(struct mdev *mdev, const struct root *root, const char *uuid);
void mdev_free(struct mdev *mdev);
#define own_mdev own_with(mdev_free)

/* What Intel's GVT-g needs. */
enum gvt_state {
	GVT_ON,
	GVT_OFF,     /* i915 was loaded without it */
	GVT_UNKNOWN, /* only root may read whether it was */
	GVT_ABSENT,  /* this i915 has no GVT-g */
	GVT_STATES
};

struct gvt {
	enum gvt_state state;
	bool loaded; /* the module kvmgt, or it is built in */
	enum kmodule module;
	bool kvm;	   /* the module kvm is there */
	bool ignores_msrs; /* kvm lets unknown model-specific registers pass */
};

/* The only place that has the rules: whether parent could make another one of a type, when so many
 * more are to be made before it; false with every reason and what to do (ERROR_HOST).
 */
bool mdev_can_be_made(const struct mdev_list *mdevs, const struct gvt *gvt,
		      const struct pci_function *parent, const char *type, unsigned before,
		      struct error **err);
/* Whether one that is there is of this type and parent. */
bool mdev_is(const struct mdev *mdev, const struct pci_address *parent, const char *type);
/* How it is not, as a sentence that the caller owns; NULL: it is. */
char *mdev_is_another(const struct mdev *there, const struct pci_address *parent, const char *type);

/* Whether it is a name that goes into a path: letters, digits, '_' and '-', no '-' first. Types
 * with others are not seen.
 */
bool mdev_type_is_good(const char *id);

void gvt_read(struct gvt *gvt, const struct root *root);

#endif
