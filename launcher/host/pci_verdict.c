#include "pci_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "holders.h"

void pci_scene_read(struct pci_scene *scene, const struct root *root)
{
	*scene = (struct pci_scene){.root = root};
	pci_list_read(&scene->list, root);
	iommu_read(&scene->iommu, root);
	storage_read(&scene->storage, root);
	input_list_read(&scene->input, root);
	mdev_list_read(&scene->mdev, root, &scene->list);
}

void pci_scene_free(struct pci_scene *scene)
{
	pci_list_free(&scene->list);
	iommu_free(&scene->iommu);
	storage_free(&scene->storage);
	input_list_free(&scene->input);
	mdev_list_free(&scene->mdev);
}

/* Takes text. */
static void add(struct pci_obstacles *out, enum pci_obstacle_kind kind, char *text)
{
	*xappend(out->v, out->n) = (struct pci_obstacle){kind, text};
}

/* "0000:02:00.0 (Ethernet controller, r8169)" */
static void add_member(struct buf *out, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];

	buf_addf(out, "%s%s (%s, %s%s)", out->len ? ", " : "",
		 pci_address_format(&f->address, address), pci_class_words(f->class),
		 f->driver ? "driver " : "no driver", f->driver ? f->driver : "");
}

static bool has_driver(const struct root *root, int group, const char *device)
{
	return root_exists(root, "/sys/kernel/iommu_groups/%d/devices/%s/driver", group, device);
}

static void check_group(struct pci_obstacles *out, const struct pci_scene *scene,
			const struct pci_function *f, const struct pci_set *set)
{
	own_pci_set struct pci_set foreign = {0};
	struct buf list = {0};
	size_t n;
	char **others = iommu_others(scene->root, f->group, &n);

	iommu_foreign(&foreign, &scene->list, f, set);
	for (size_t i = 0; i < foreign.n; i++)
		add_member(&list, foreign.v[i]);
	for (size_t i = 0; i < n; i++)
		if (has_driver(scene->root, f->group, others[i]))
			buf_addf(&list, "%s%s", list.len ? ", " : "", others[i]);
	if (list.len)
		add(out, OBSTACLE_FOREIGN,
		    xasprintf("IOMMU group %d also holds %s", f->group, list.data));
	buf_free(&list);
	names_free(others, n);
}

static void check_storage(struct pci_obstacles *out, const struct pci_scene *scene,
			  const struct pci_function *f)
{
	own_storage_claims struct storage_claims claims = {0};
	struct buf list = {0};

	storage_claims_below(&claims, &scene->storage, &f->address);
	for (size_t i = 0; i < claims.n; i++) {
		own_free char *text = storage_claim_text(&claims.v[i]);

		buf_addf(&list, "%s%s", i ? ", " : "", text);
	}
	if (claims.n)
		add(out, OBSTACLE_STORAGE, xasprintf("the host uses it: %s", list.data));
	buf_free(&list);
}

/* A device that VFIO or nobody drives shows nothing; only a console that the firmware's frame
 * buffer carries can still lie on it.
 */
static bool is_idle(const struct pci_function *f)
{
	return !f->driver || strcmp(f->driver, "vfio-pci") == 0 ||
	       strcmp(f->driver, "pci-stub") == 0;
}

static void check_screens(struct pci_obstacles *out, const struct pci_scene *scene,
			  const struct pci_function *f)
{
	own_soft_holders struct soft_holders soft = {0};
	bool console = false;

	soft_holders_of(&soft, scene->root, f);
	for (size_t i = 0; i < soft.n; i++)
		console |= soft.v[i].kind == SOFT_CONSOLE;
	for (size_t i = 0; i < soft.n; i++) {
		own_free char *text = soft_holder_text(&soft.v[i]);
		const char *remedy = soft_remedy(soft.v[i].kind);

		if (soft.v[i].kind == SOFT_CONSOLE)
			add(out, OBSTACLE_CONSOLE, xasprintf("%s: %s", text, remedy));
		else if (soft.v[i].kind == SOFT_BOOT_VGA && !console && !is_idle(f))
			add(out, OBSTACLE_CONSOLE, xasprintf("it is the %s: %s", text, remedy));
		else if (soft.v[i].kind == SOFT_ENABLED)
			add(out, OBSTACLE_SCREEN, xasprintf("%s: %s", text, remedy));
	}
}

/* Its driver would not let go before they do. */
static void check_mdevs(struct pci_obstacles *out, const struct pci_scene *scene,
			const struct pci_function *f)
{
	for (size_t i = 0; i < scene->mdev.n; i++) {
		const struct mdev *mdev = &scene->mdev.v[i];

		if (mdev->has_parent && pci_address_compare(&mdev->parent, &f->address) == 0)
			add(out, OBSTACLE_MDEV,
			    xasprintf("the vGPU %s is made of it: remove that first", mdev->uuid));
	}
}

/* All but the companions. */
static void check_alone(struct pci_obstacles *out, const struct pci_scene *scene,
			const struct pci_function *f, const struct pci_set *set)
{
	if (pci_is_bridge(f)) {
		add(out, OBSTACLE_BRIDGE, xstrdup("it is a bridge, and may stay in its group"));
		return;
	}
	if (pci_is_chipset(f)) {
		add(out, OBSTACLE_CHIPSET, xstrdup("it is part of the chipset"));
		return;
	}
	if (scene->iommu.state != IOMMU_READY)
		add(out, OBSTACLE_NO_IOMMU, xstrdup(iommu_reason(&scene->iommu)));
	else if (f->group < 0)
		add(out, OBSTACLE_NO_GROUP, xstrdup("it is in no IOMMU group: no IOMMU covers it"));
	else
		check_group(out, scene, f, set);
	check_storage(out, scene, f);
	check_screens(out, scene, f);
	if (input_last_keyboard_pci(&scene->input, &f->address))
		add(out, OBSTACLE_KEYBOARD,
		    xstrdup("the host's only keyboard hangs on it: plug in another elsewhere"));
	if (f->vfs)
		add(out, OBSTACLE_VIRTUAL,
		    xasprintf("its %u virtual functions are switched on: pass one of these",
			      f->vfs));
	check_mdevs(out, scene, f);
}

void pci_obstacles_of(struct pci_obstacles *obstacles, const struct pci_scene *scene,
		      const struct pci_function *f, const struct pci_set *set)
{
	size_t before = obstacles->n;

	check_alone(obstacles, scene, f, set);
	if (obstacles->n > before || scene->iommu.state != IOMMU_READY)
		return;
	for (size_t i = 0; i < set->n; i++) {
		const struct pci_function *other = set->v[i];
		own_pci_obstacles struct pci_obstacles its = {0};
		char address[PCI_ADDRESS_SIZE];

		if (other == f || other->group != f->group)
			continue;
		check_alone(&its, scene, other, set);
		if (its.n)
			add(obstacles, OBSTACLE_COMPANION,
			    xasprintf("%s goes with it, and cannot: %s",
				      pci_address_format(&other->address, address), its.v[0].text));
	}
}

void pci_obstacles_free(struct pci_obstacles *obstacles)
{
	for (size_t i = 0; i < obstacles->n; i++)
		free(obstacles->v[i].text);
	free(obstacles->v);
	*obstacles = (struct pci_obstacles){0};
}

const char *pci_obstacle_word(enum pci_obstacle_kind kind)
{
	static const char *const word[] = {
		[OBSTACLE_BRIDGE] = "bridge",	     [OBSTACLE_CHIPSET] = "chipset",
		[OBSTACLE_NO_IOMMU] = "no-iommu",    [OBSTACLE_NO_GROUP] = "no-group",
		[OBSTACLE_FOREIGN] = "foreign",	     [OBSTACLE_STORAGE] = "storage",
		[OBSTACLE_CONSOLE] = "console",	     [OBSTACLE_SCREEN] = "screen",
		[OBSTACLE_KEYBOARD] = "keyboard",    [OBSTACLE_VIRTUAL] = "virtual-functions",
		[OBSTACLE_MDEV] = "mediated-device", [OBSTACLE_COMPANION] = "companion",
	};

	_Static_assert(ARRAY_SIZE(word) == OBSTACLE_KINDS, "each kind has a word");
	return (unsigned)kind < OBSTACLE_KINDS ? word[kind] : "?";
}
