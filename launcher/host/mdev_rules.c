/* Why a mediated device cannot be made. The plan asks, and the keeper again of what it finds. */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "mdev.h"

static void refuse_gvt(const struct gvt *gvt, const char *address, struct error **err)
{
	static const char *const why[GVT_STATES] = {
		[GVT_OFF] = "i915 was loaded without GVT-g: boot with i915.enable_gvt=1",
		[GVT_UNKNOWN] =
			"whether i915 was loaded with GVT-g cannot be told without root; if not, boot with i915.enable_gvt=1",
		[GVT_ABSENT] =
			"this kernel's i915 was built without GVT-g (CONFIG_DRM_I915_GVT_KVMGT)",
	};

	if (why[gvt->state])
		error_add(err, ERROR_HOST, "%s offers no vGPUs: %s", address, why[gvt->state]);
	if (!gvt->loaded && (gvt->module == KMODULE_THERE ||
			     (gvt->module == KMODULE_UNKNOWN && gvt->state != GVT_ABSENT)))
		error_add(
			err, ERROR_HOST,
			"%s offers no vGPUs: the module kvmgt is not loaded: modprobe kvmgt, and a line kvmgt in /etc/modules-load.d/ for the next start",
			address);
	else if (!gvt->loaded && gvt->state != GVT_ABSENT)
		error_add(err, ERROR_HOST, "%s offers no vGPUs: there is no module kvmgt", address);
	else if (gvt->loaded && gvt->state == GVT_ON)
		error_add(
			err, ERROR_HOST,
			"%s offers no vGPUs although GVT-g is on: it is for Intel's GPUs from Broadwell to Comet Lake (5th to 10th generation)",
			address);
}

static void refuse_parent(const struct gvt *gvt, const struct pci_function *f, const char *address,
			  struct error **err)
{
	if (pci_has_driver(f, "i915"))
		refuse_gvt(gvt, address, err);
	else if (pci_has_driver(f, "vfio-pci"))
		error_add(
			err, ERROR_HOST,
			"%s offers no vGPUs: vfio-pci has it, so it can only be passed as a whole",
			address);
	else
		error_add(err, ERROR_HOST,
			  "%s offers no vGPUs (mediated devices): its driver%s%s makes none",
			  address, f->driver ? " " : "", f->driver ? f->driver : "");
}

static void refuse_type(const struct mdev_parent *parent, const char *wanted, const char *address,
			struct error **err)
{
	own_free const char **names = xcalloc(parent->types, sizeof(*names));
	own_buf struct buf all = {0};
	const char *nearest;

	for (size_t i = 0; i < parent->types; i++) {
		names[i] = parent->type[i].id;
		buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	nearest = text_nearest(wanted, names, parent->types);
	error_add(err, ERROR_HOST, "%s has no vGPU type '%s'%s%s%s; it offers %s", address, wanted,
		  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "",
		  all.data);
}

static void refuse_full(const struct mdev_list *mdevs, const struct mdev_parent *parent,
			const char *wanted, const char *address, struct error **err)
{
	own_buf struct buf there = {0}, others = {0};

	for (size_t i = 0; i < mdevs->n; i++)
		if (mdevs->v[i].has_parent &&
		    pci_address_compare(&mdevs->v[i].parent, &parent->address) == 0)
			buf_addf(&there, "%s%s", there.len ? ", " : "; there are ",
				 mdevs->v[i].uuid);
	for (size_t i = 0; i < parent->types; i++)
		if (parent->type[i].available)
			buf_addf(&others, "%s%s", others.len ? ", " : "; of these one can be had: ",
				 parent->type[i].id);
	error_add(err, ERROR_HOST, "%s has no room for another %s%s%s%s", address, wanted,
		  there.len ? there.data : "",
		  there.len ? " (echo 1 > /sys/bus/mdev/devices/UUID/remove gives one back)" : "",
		  others.len ? others.data : "");
}

bool mdev_can_be_made(const struct mdev_list *mdevs, const struct gvt *gvt,
		      const struct pci_function *f, const char *wanted, unsigned before,
		      struct error **err)
{
	const struct mdev_parent *parent = mdev_parent_find(mdevs, &f->address);
	const struct mdev_type *type = parent ? mdev_type_find(parent, wanted) : NULL;
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (!parent)
		refuse_parent(gvt, f, address, err);
	else if (!type)
		refuse_type(parent, wanted, address, err);
	else if (!type->api || strcmp(type->api, "vfio-pci") != 0)
		error_add(err, ERROR_HOST,
			  "%s: %s makes no PCI devices (device_api is %s and not vfio-pci)",
			  address, type->id, type->api ? type->api : "not told");
	else if (type->available <= before)
		refuse_full(mdevs, parent, wanted, address, err);
	else
		return true;
	return false;
}

bool mdev_is(const struct mdev *mdev, const struct pci_address *parent, const char *type)
{
	return mdev->has_parent && mdev->type && strcmp(mdev->type, type) == 0 &&
	       pci_address_compare(&mdev->parent, parent) == 0;
}

char *mdev_is_another(const struct mdev *there, const struct pci_address *parent, const char *type)
{
	char address[PCI_ADDRESS_SIZE];

	return mdev_is(there, parent, type)
		       ? NULL
		       : xasprintf(
				 "there is a mediated device %s already, and it is no %s of %s but %s",
				 there->uuid, type, pci_address_format(parent, address),
				 there->type ? there->type : "another");
}
