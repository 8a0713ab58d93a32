#include "obstacles.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/tongue.h"

#define CLAUSE ": "   /* the text is a clause of its own */
#define PREDICATE " " /* ... or says something of the function */

static const struct {
	const char *word;
	enum obstacle_weight weight;
	const char *lead; /* between the address and the text */
} KIND[] = {
	[OBSTACLE_NO_IOMMU] = {"no-iommu", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_NO_VFIO] = {"no-vfio", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_MAYBE_VFIO] = {"maybe-no-vfio", WEIGHT_NOTE, CLAUSE},
	[OBSTACLE_BRIDGE] = {"bridge", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_CHIPSET] = {"chipset", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_BUSY] = {"busy", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_NO_GROUP] = {"no-group", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_FOREIGN] = {"foreign", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_RESERVED] = {"reserved-memory", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_BAR] = {"bar", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_VIRTUAL] = {"virtual-functions", WEIGHT_REFUSED, PREDICATE},
	[OBSTACLE_HOLDER] = {"holder", WEIGHT_HELD, N_(" is in use by ")},
	[OBSTACLE_MDEV] = {"mediated-device", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_STORAGE] = {"storage", WEIGHT_REFUSED, N_(": the host uses what hangs on it: ")},
	[OBSTACLE_CONSOLE] = {"console", WEIGHT_REFUSED, N_(" is in use: ")},
	[OBSTACLE_SCREEN] = {"screen", WEIGHT_REFUSED, N_(" is in use: ")},
	[OBSTACLE_NVIDIA] = {"nvidia", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_KEYBOARD] = {"keyboard", WEIGHT_REFUSED, CLAUSE},
	[OBSTACLE_SHOWN] = {"shown", WEIGHT_NOTE, CLAUSE},
	[OBSTACLE_COMPANION] = {"companion", WEIGHT_REFUSED, CLAUSE},
};
_Static_assert(ARRAY_SIZE(KIND) == OBSTACLE_KINDS, "each kind has a row");

/* ------------------------------------------------------------------ the list */

void obstacles_add(struct obstacles *obstacles, enum obstacle_kind kind,
		   const struct pci_function *f, const char *remedy, const char *fmt, ...)
{
	struct obstacle *o = xappend(obstacles->v, obstacles->n);
	va_list args;

	va_start(args, fmt);
	*o = (struct obstacle){kind, f, xvasprintf(tongue(fmt), args),
			       remedy ? xstrdup(tongue(remedy)) : NULL};
	va_end(args);
}

void obstacles_free(struct obstacles *obstacles)
{
	for (size_t i = 0; i < obstacles->n; i++) {
		free(obstacles->v[i].text);
		free(obstacles->v[i].remedy);
	}
	free(obstacles->v);
	*obstacles = (struct obstacles){0};
}

const char *obstacle_word(enum obstacle_kind kind)
{
	return KIND[kind].word;
}

enum obstacle_weight obstacle_weight(enum obstacle_kind kind)
{
	return KIND[kind].weight;
}

char *obstacle_clause(const struct obstacle *obstacle)
{
	return xasprintf("%s%s%s", obstacle->text, obstacle->remedy ? ": " : "",
			 obstacle->remedy ? obstacle->remedy : "");
}

char *obstacle_sentence(const struct obstacle *obstacle)
{
	own_free char *clause = obstacle_clause(obstacle);
	char address[PCI_ADDRESS_SIZE];

	if (!obstacle->function)
		return steal(&clause);
	return xasprintf("%s%s%s", pci_address_format(&obstacle->function->address, address),
			 tongue(KIND[obstacle->kind].lead), clause);
}

/* ------------------------------------------------------------------ the rules */

/* A hand-over of a set, as the rules look at it. */
struct judging {
	struct obstacles *out;
	const struct scene *scene;
	const struct pci_set *set;
};

static bool has_driver(const struct pci_function *f, const char *driver)
{
	return f->driver && strcmp(f->driver, driver) == 0;
}

static void judge_host(const struct judging *j)
{
	const char *no_iommu = iommu_reason(&j->scene->iommu);

	if (no_iommu)
		obstacles_add(j->out, OBSTACLE_NO_IOMMU, NULL, NULL, "no device can be passed: %s",
			      no_iommu);
	if (j->scene->vfio == KMODULE_NONE)
		obstacles_add(
			j->out, OBSTACLE_NO_VFIO, NULL,
			N_("install the one that belongs to it, or build it with CONFIG_VFIO_PCI"),
			"the kernel has no module vfio-pci");
	else if (j->scene->unloadable)
		obstacles_add(j->out, OBSTACLE_NO_VFIO, NULL, NULL,
			      "the module vfio-pci cannot be loaded: %s", j->scene->unloadable);
	if (j->scene->vfio == KMODULE_UNKNOWN)
		obstacles_add(
			j->out, OBSTACLE_MAYBE_VFIO, NULL,
			N_("the running kernel's modules are not to be seen; if the kernel was updated since the last start of the computer, start it anew"),
			"whether there is a module vfio-pci cannot be told");
}

/* What the host cannot give: its chipset, its disks, the GPU of its boot screen, what makes this
 * one.
 */
static bool is_kept(const struct judging *j, const struct pci_function *f,
		    const struct pci_function *other)
{
	own_storage_claims struct storage_claims claims = {0};

	if (pci_is_chipset(other) ||
	    (f->is_vf && pci_address_compare(&f->physfn, &other->address) == 0))
		return true;
	if (!other->driver || has_driver(other, "vfio-pci"))
		return false;
	storage_claims_below(&claims, &j->scene->storage, &other->address);
	return claims.n || (pci_is_display(other) && other->boot_vga);
}

static const char *strangers_remedy(bool others, bool kept)
{
	if (others)
		return N_(
			"all of a group go together, and what is no PCI device cannot be passed, so leave the device to the host");
	return kept ? N_("all of a group go together, and the host needs some of these itself, so leave the device to the host; a card may have a group of its own in another slot")
		    : N_("all of a group go together, so give these a [pci] section of their own, or leave the device to the host");
}

/* VFIO would refuse the group, or the guest could reach the others. */
static void judge_strangers(const struct judging *j, const struct pci_function *f,
			    const struct scene_function *seen)
{
	own_pci_set struct pci_set foreign = {0};
	own_buf struct buf list = {0};
	bool kept = false;

	iommu_foreign(&foreign, &j->scene->pci, f, j->set);
	for (size_t i = 0; i < foreign.n; i++) {
		char address[PCI_ADDRESS_SIZE];

		kept |= is_kept(j, f, foreign.v[i]);
		buf_addf(&list, "%s%s (%04x:%04x, %s)", i ? ", " : "",
			 pci_address_format(&foreign.v[i]->address, address), foreign.v[i]->vendor,
			 foreign.v[i]->device, pci_class_words(foreign.v[i]->class));
	}
	for (size_t i = 0; seen && i < seen->n_others; i++)
		buf_addf(&list, "%s%s", list.len ? ", " : "", seen->others[i]);
	if (!list.len)
		return;
	obstacles_add(j->out, OBSTACLE_FOREIGN, f, strangers_remedy(seen && seen->n_others, kept),
		      "shares IOMMU group %d with %s", f->group, list.data);
}

/* Intel's driver refuses such a device at once; since Linux 6.6 the IOMMU core does for all
 * (require_direct in drivers/iommu/iommu.c). "direct-relaxable" is for USB and GPUs, which need
 * theirs only until their driver comes.
 */
static void judge_group(const struct judging *j, const struct pci_function *f,
			const struct scene_function *seen)
{
	if (j->scene->iommu.state != IOMMU_READY)
		return;
	if (f->group < 0) {
		obstacles_add(j->out, OBSTACLE_NO_GROUP, f, NULL,
			      "is in no IOMMU group: no IOMMU covers it");
		return;
	}
	judge_strangers(j, f, seen);
	if (seen && seen->direct)
		obstacles_add(
			j->out, OBSTACLE_RESERVED, f,
			N_("look in the firmware setup for what uses it there (remote management, legacy USB), or leave the device to the host"),
			"the firmware keeps memory mapped for IOMMU group %d ('direct' in its reserved_regions, an RMRR), so the kernel refuses it to VFIO",
			f->group);
}

/* pci_enable_resources() in the kernel's drivers/pci/setup-res.c: one such BAR is enough. */
static void judge_bars(const struct judging *j, const struct pci_function *f)
{
	static const char more_room[] = N_(
		"switch 'Above 4G decoding' on in the firmware setup, or Resizable BAR off; the boot option pci=realloc may help too");

	for (size_t i = 0; i < f->bars; i++) {
		own_free char *bar = pci_bar_text(&f->bar[i]);

		if (!f->bar[i].unset)
			continue;
		if (f->bar[i].kind == PCI_BAR_IO)
			obstacles_add(
				j->out, OBSTACLE_BAR, f,
				N_("the computer's I/O ports are used up: try the boot option pci=realloc, or take out or switch off what else has some"),
				"has no address for BAR %s, so no driver, and vfio-pci neither, can switch it on",
				bar);
		else if (!f->bar[i].size)
			obstacles_add(
				j->out, OBSTACLE_BAR, f, more_room,
				"has no address for BAR %s: the kernel found no room for it, so the guest would not have it either",
				bar);
		else
			obstacles_add(
				j->out, OBSTACLE_BAR, f, more_room,
				"has no address for BAR %s, so no driver, and vfio-pci neither, can switch its memory on",
				bar);
	}
}

static void judge_virtual(const struct judging *j, const struct pci_function *f)
{
	own_free char *remedy = NULL;
	char address[PCI_ADDRESS_SIZE];

	if (!f->vfs || f->is_vf)
		return;
	remedy = xasprintf(
		_("pass one of them instead%s, or switch them off first (echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs)"),
		pci_is_display(f) ? " (vf = yes)" : "", pci_address_format(&f->address, address));
	obstacles_add(j->out, OBSTACLE_VIRTUAL, f, remedy, "has %u virtual functions switched on",
		      f->vfs);
}

/* vfio_pci_validate_vf_token() in the kernel's drivers/vfio/pci/vfio_pci_core.c: only who has the
 * physical function open can set the token.
 */
static void judge_maker(const struct judging *j, const struct pci_function *f)
{
	const struct pci_function *maker =
		f->is_vf ? pci_list_find(&j->scene->pci, &f->physfn) : NULL;
	char address[PCI_ADDRESS_SIZE];

	if (maker && has_driver(maker, "vfio-pci"))
		obstacles_add(
			j->out, OBSTACLE_VIRTUAL, f,
			N_("take that one's id out of the boot options (vfio-pci.ids), and start the computer anew, so that its own driver makes them"),
			"is a virtual function of %s, which vfio-pci has: VFIO opens it for nobody without a token of that one's",
			pci_address_format(&maker->address, address));
}

/* The parent's driver would not let go before they do. */
static void judge_mdevs(const struct judging *j, const struct pci_function *f)
{
	const struct mdev_list *mdevs = &j->scene->mdev;

	for (size_t i = 0; i < mdevs->n; i++) {
		const struct mdev *mdev = &mdevs->v[i];
		own_free char *remedy = NULL;

		if (!mdev->has_parent || pci_address_compare(&mdev->parent, &f->address) != 0)
			continue;
		remedy =
			xasprintf(_("remove that first (echo 1 > /sys/bus/mdev/devices/%s/remove)"),
				  mdev->uuid);
		obstacles_add(j->out, OBSTACLE_MDEV, f, remedy, "the vGPU %s is made of it",
			      mdev->uuid);
	}
}

static void judge_holders(struct obstacles *out, const struct scene *scene,
			  const struct pci_function *f)
{
	for (size_t i = 0; i < scene->holders.n; i++) {
		const struct holder *h = &scene->holders.v[i];
		const struct holder_node *node = &scene->nodes.v[h->node];
		own_free char *words = holder_text(h, node);

		if (pci_address_compare(&node->function, &f->address) == 0)
			obstacles_add(out, OBSTACLE_HOLDER, f, holder_remedy(h->comm), "%s", words);
	}
}

static void judge_storage(struct obstacles *out, const struct scene *scene,
			  const struct pci_function *f)
{
	own_storage_claims struct storage_claims claims = {0};

	storage_claims_below(&claims, &scene->storage, &f->address);
	for (size_t i = 0; i < claims.n; i++) {
		own_free char *words = storage_claim_text(&claims.v[i]);

		obstacles_add(out, OBSTACLE_STORAGE, f, NULL, "%s", words);
	}
}

/* Another one that could have the host's picture instead. */
static bool has_other_display(const struct judging *j)
{
	for (size_t i = 0; i < j->scene->pci.n; i++) {
		const struct pci_function *other = &j->scene->pci.v[i];

		if (pci_is_display(other) && !other->is_vf && !pci_set_has(j->set, other))
			return true;
	}
	return false;
}

static const char *screen_remedy(const struct judging *j, const struct soft_holder *soft)
{
	if (has_other_display(j))
		return soft_remedy(soft);
	return soft->kind == SOFT_CONSOLE
		       ? N_("the host has no GPU beside it: over ssh, stop the desktop (systemctl isolate multi-user.target) and take the console away (echo 0 > /sys/class/vtconsole/vtconN/bind, of the one whose name says frame buffer)")
		       : N_("the host has no GPU beside it: over ssh, stop the desktop (systemctl isolate multi-user.target) and unload its driver");
}

/* A device that nobody drives shows nothing; only a console that the firmware's frame buffer
 * carries can still lie on it.
 */
static void judge_screens(const struct judging *j, const struct pci_function *f,
			  const struct soft_holders *soft)
{
	bool idle = !f->driver || has_driver(f, "pci-stub"), console = false;

	for (size_t i = 0; i < soft->n; i++)
		console |= soft->v[i].kind == SOFT_CONSOLE;
	for (size_t i = 0; i < soft->n; i++) {
		own_free char *words = soft_holder_text(&soft->v[i]);
		enum soft_kind kind = soft->v[i].kind;
		bool boot = kind == SOFT_BOOT_VGA;

		if (kind == SOFT_CONSOLE || (boot && !idle && !console))
			obstacles_add(j->out, OBSTACLE_CONSOLE, f, screen_remedy(j, &soft->v[i]),
				      "%s", words);
		else if (kind == SOFT_ENABLED)
			obstacles_add(j->out, OBSTACLE_SCREEN, f, screen_remedy(j, &soft->v[i]),
				      "%s", words);
		else if (kind == SOFT_NETWORK || (boot && !console))
			obstacles_add(j->out, OBSTACLE_SHOWN, f, NULL, "%s", words);
	}
}

/* Boot options know ids alone: they would take each function that has these. Without --noprobe
 * driverctl would take it from its driver at once.
 */
static char *boot_remedy(const struct judging *j, const struct pci_function *f)
{
	for (size_t i = 0; i < j->scene->pci.n; i++) {
		const struct pci_function *other = &j->scene->pci.v[i];
		char mine[PCI_ADDRESS_SIZE], its[PCI_ADDRESS_SIZE];

		if (other->vendor == f->vendor && other->device == f->device &&
		    !pci_set_has(j->set, other))
			return xasprintf(
				"have vfio-pci take this one at boot by its address, as %s has the same ids (driverctl --noprobe set-override %s vfio-pci, and a restart)",
				pci_address_format(&other->address, its),
				pci_address_format(&f->address, mine));
	}
	return xasprintf("have vfio-pci take this one at boot (vfio-pci.ids=%04x:%04x)", f->vendor,
			 f->device);
}

/* With a second GPU on it NVIDIA's driver cannot be unloaded, and unbind could wait for ever. */
static void judge_nvidia(const struct judging *j, const struct pci_function *f)
{
	for (size_t i = 0; has_driver(f, "nvidia") && i < j->scene->pci.n; i++) {
		const struct pci_function *other = &j->scene->pci.v[i];
		own_free char *remedy = NULL;
		char address[PCI_ADDRESS_SIZE];

		if (!has_driver(other, "nvidia") || pci_set_has(j->set, other))
			continue;
		remedy = boot_remedy(j, f);
		obstacles_add(
			j->out, OBSTACLE_NVIDIA, f, remedy,
			"the nvidia driver also drives %s, so it cannot be unloaded, and taking one GPU from it can hang the kernel",
			pci_address_format(&other->address, address));
	}
}

static bool has_keyboard(const struct judging *j, const struct pci_function *f)
{
	const struct input_list *list = &j->scene->input;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].kinds & INPUT_KEYBOARD && list->v[i].path &&
		    pci_path_below(list->v[i].path, &f->address))
			return true;
	return false;
}

/* Two controllers with a keyboard on each are no reason one by one. */
static void judge_keyboard(const struct judging *j, const struct pci_function *f)
{
	if (has_keyboard(j, f) && input_last_keyboard_below(&j->scene->input, j->set, NULL, 0))
		obstacles_add(j->out, OBSTACLE_KEYBOARD, f, N_("plug in another elsewhere"),
			      "the host's only keyboard hangs on it");
}

static void judge_function(const struct judging *j, const struct pci_function *f)
{
	const struct scene_function *seen = scene_seen(j->scene, f);

	if (pci_is_bridge(f) || pci_is_chipset(f)) {
		obstacles_add(j->out, pci_is_bridge(f) ? OBSTACLE_BRIDGE : OBSTACLE_CHIPSET, f,
			      NULL, "is a %s: the host's own", pci_class_words(f->class));
		return;
	}
	if (f->locked) {
		obstacles_add(
			j->out, OBSTACLE_BUSY, f, NULL,
			"the kernel is still busy taking it from a driver or giving it to one, most likely because somebody holds it");
		return;
	}
	judge_group(j, f, seen);
	judge_bars(j, f);
	judge_virtual(j, f);
	judge_maker(j, f);
	judge_holders(j->out, j->scene, f);
	judge_mdevs(j, f);
	/* What vfio-pci has already is used by nothing of the host's. */
	if (has_driver(f, "vfio-pci"))
		return;
	judge_storage(j->out, j->scene, f);
	if (seen)
		judge_screens(j, f, &seen->soft);
	judge_nvidia(j, f);
	judge_keyboard(j, f);
}

void obstacles_of(struct obstacles *obstacles, const struct scene *scene, const struct pci_set *set)
{
	const struct judging j = {obstacles, scene, set};

	judge_host(&j);
	for (size_t i = 0; i < set->n; i++)
		judge_function(&j, set->v[i]);
}

void obstacles_in_use(struct obstacles *obstacles, const struct scene *scene,
		      const struct pci_function *f)
{
	judge_holders(obstacles, scene, f);
	judge_storage(obstacles, scene, f);
}
