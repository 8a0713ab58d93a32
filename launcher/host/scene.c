#include "scene.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sleep.h"

static enum kmodule look_for_vfio(const struct root *root)
{
	return root_exists(root, "/sys/bus/pci/drivers/vfio-pci")
		       ? KMODULE_THERE
		       : kmodule_look(root, "kernel/drivers/vfio/pci/vfio-pci");
}

/* Whose a program is, and who may write to it, is known of the real root alone. */
static char *why_unloadable(const struct root *root)
{
	own_error struct error *why = NULL;
	own_free char *modprobe = NULL;

	if (!root_is_real(root) || root_exists(root, "/sys/bus/pci/drivers/vfio-pci"))
		return NULL;
	modprobe = kmodule_modprobe(root, &why);
	return modprobe ? NULL : xstrdup(error_message(why, 0));
}

void scene_read(struct scene *scene, const struct root *root)
{
	*scene = (struct scene){0};
	pci_list_read(&scene->pci, root);
	iommu_read(&scene->iommu, root);
	scene->vfio = look_for_vfio(root);
	scene->unloadable = why_unloadable(root);
	storage_read(&scene->storage, root);
	input_list_read(&scene->input, root);
	usb_list_read(&scene->usb, root);
	mdev_list_read(&scene->mdev, root, &scene->pci);
	gvt_read(&scene->gvt, root);
	scene->sleepless = sleep_reason(root);
}

/* A disk with several controllers hangs below none of them, so disks are added by what the storage
 * part knows.
 */
static void add_disks(struct scene *scene, const struct pci_function *f, size_t before)
{
	for (size_t i = 0; i < scene->storage.n; i++) {
		const struct block *b = &scene->storage.v[i];
		bool known = !storage_is_below(b, &f->address);

		for (size_t k = before; k < scene->nodes.n && !known; k++)
			known = scene->nodes.v[k].block && scene->nodes.v[k].dev == b->dev;
		if (!known)
			holder_nodes_add(&scene->nodes, &f->address, b->node, "block", true,
					 b->dev);
	}
}

void scene_look(struct scene *scene, const struct root *root, const struct pci_function *const *f,
		size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct scene_function *seen = xappend(scene->seen, scene->n_seen);
		size_t before = scene->nodes.n;

		seen->address = f[i]->address;
		soft_holders_of(&seen->soft, root, f[i]);
		if (pci_is_bridge(f[i]))
			continue;
		seen->others = iommu_others(root, f[i]->group, &seen->n_others);
		seen->direct = iommu_is_direct(root, f[i]->group);
		holder_nodes_of(&scene->nodes, root, f[i]);
		add_disks(scene, f[i], before);
	}
}

void scene_look_mdevs(struct scene *scene, const struct root *root)
{
	for (size_t i = 0; i < scene->mdev.n; i++)
		holder_nodes_group(&scene->nodes, root, &scene->mdev.v[i].parent,
				   scene->mdev.v[i].group);
}

const struct scene_function *scene_seen(const struct scene *scene, const struct pci_function *f)
{
	for (size_t i = 0; i < scene->n_seen; i++)
		if (pci_address_compare(&scene->seen[i].address, &f->address) == 0)
			return &scene->seen[i];
	return NULL;
}

void scene_free(struct scene *scene)
{
	for (size_t i = 0; i < scene->n_seen; i++) {
		soft_holders_free(&scene->seen[i].soft);
		names_free(scene->seen[i].others, scene->seen[i].n_others);
	}
	free(scene->seen);
	free(scene->unloadable);
	free(scene->sleepless);
	holders_free(&scene->holders);
	holder_nodes_free(&scene->nodes);
	mdev_list_free(&scene->mdev);
	input_list_free(&scene->input);
	usb_list_free(&scene->usb);
	storage_free(&scene->storage);
	iommu_free(&scene->iommu);
	pci_list_free(&scene->pci);
	*scene = (struct scene){0};
}
