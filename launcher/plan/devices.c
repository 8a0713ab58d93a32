/* Devices of the host: which ones the profile means, and what stands against them. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "devices.h"

size_t devices_wanted(const struct profile *p, struct wanted *list)
{
	size_t n = 0;

	for (size_t i = 0; i < p->gpu.n; i++) {
		const struct gpu *gpu = (const struct gpu *)p->gpu.v[i];

		if (gpu->item.enabled.v)
			list[n++] =
				(struct wanted){&gpu->item, &gpu->device, gpu->functions.v, gpu};
	}
	for (size_t i = 0; i < p->pci.n; i++) {
		const struct pci *pci = (const struct pci *)p->pci.v[i];

		if (pci->item.enabled.v)
			list[n++] = (struct wanted){&pci->item, &pci->device, NULL, NULL};
	}
	return n;
}

/* ------------------------------------------------------------------ which */

static bool takes(const char *functions, unsigned number)
{
	return strcmp(functions, "all") == 0 || strchr(functions, (char)('0' + number));
}

static void find_functions(const struct wanted *w, const struct pci_list *list,
			   const struct pci_function *f, struct pci_set *found)
{
	own_pci_set struct pci_set board = {0};

	if (!w->functions || wants_mdev(w)) {
		pci_set_add(found, f);
		return;
	}
	pci_board(&board, list, f);
	for (size_t i = 0; i < board.n; i++)
		if (takes(w->functions, board.v[i]->address.function))
			pci_set_add(found, board.v[i]);
}

/* What one section means; false with words, and whatever could be found. */
bool devices_find(const struct profile *p, const struct facts *facts, const struct wanted *w,
		  struct pci_set *found, struct error **err)
{
	own_free char *where = origin_text(p, w->device->at), *key = key_text(&w->device->at);
	struct error *problem = NULL;
	struct pci_selector selector;
	const struct pci_function *f;

	f = pci_selector_parse(w->device->v, &selector, &problem)
		    ? pci_find(&facts->devices.pci, &selector, &problem)
		    : NULL;
	if (f)
		find_functions(w, &facts->devices.pci, f, found);
	if (f && !found->n)
		error_add(&problem, ERROR_USAGE, "its board has none of the functions %s",
			  w->functions);
	if (!problem)
		return true;
	error_context(&problem, "%s: %s", where, key);
	error_merge(err, &problem);
	return false;
}

bool plan_claims(const struct profile *profile, const struct facts *facts, struct pci_set *set,
		 struct error **err)
{
	size_t most = profile->gpu.n + profile->pci.n, n;
	own_free struct wanted *list = xcalloc(most, sizeof(*list));
	bool good = true;

	n = devices_wanted(profile, list);
	for (size_t i = 0; i < n; i++) {
		own_pci_set struct pci_set found = {0};

		good = devices_find(profile, facts, &list[i], &found, err) && good;
		for (size_t k = 0; k < found.n && !wants_mdev(&list[i]); k++)
			if (!pci_set_has(set, found.v[k]))
				pci_set_add(set, found.v[k]);
	}
	return good;
}

/* ------------------------------------------------------------------ what stands against it */

static void check_group(struct composer *c, const struct pci_function *f, const char *address)
{
	own_pci_set struct pci_set foreign = {0};
	own_buf struct buf others = {0};

	if (f->group < 0)
		return;
	iommu_foreign(&foreign, &c->facts->devices.pci, f, &c->claimed);
	for (size_t i = 0; i < foreign.n; i++) {
		char text[PCI_ADDRESS_SIZE];

		buf_addf(&others, "%s%s (%04x:%04x, %s)", i ? ", " : "",
			 pci_address_format(&foreign.v[i]->address, text), foreign.v[i]->vendor,
			 foreign.v[i]->device, pci_class_words(foreign.v[i]->class));
	}
	if (foreign.n)
		compose_refuse(
			c, (struct origin){0},
			"%s shares IOMMU group %d with %s: all of a group go together, so give these a [pci] section of their own, or leave the device to the host",
			address, f->group, others.data);
}

static void check_storage(struct composer *c, const struct pci_function *f, const char *address)
{
	own_storage_claims struct storage_claims claims = {0};

	storage_claims_below(&claims, &c->facts->devices.storage, &f->address);
	for (size_t i = 0; i < claims.n; i++) {
		own_free char *words = storage_claim_text(&claims.v[i]);

		compose_refuse(c, (struct origin){0}, "%s: the host uses what hangs on it: %s",
			       address, words);
	}
}

static void check_picture(struct composer *c, const struct pci_function *f, const char *address)
{
	const struct device_facts *d = &c->facts->devices;

	for (size_t i = 0; i < d->softs; i++) {
		const struct soft_holders *soft = &d->soft[i].holders;

		if (pci_address_compare(&d->soft[i].address, &f->address) != 0)
			continue;
		for (size_t k = 0; k < soft->n; k++) {
			own_free char *words = soft_holder_text(&soft->v[k]);

			if (soft->v[k].kind == SOFT_CONSOLE || soft->v[k].kind == SOFT_ENABLED ||
			    (soft->v[k].kind == SOFT_BOOT_VGA && f->driver))
				compose_refuse(c, (struct origin){0}, "%s is in use: %s: %s",
					       address, words, soft_remedy(soft->v[k].kind));
			else if (soft->v[k].kind != SOFT_CONNECTED)
				compose_note(c, "%s: %s", address, words);
		}
	}
}

static void check_holders(struct composer *c, const struct pci_function *f, const char *address)
{
	const struct device_facts *d = &c->facts->devices;

	for (size_t i = 0; i < d->holders.n; i++) {
		const struct holder *h = &d->holders.v[i];
		const struct holder_node *node = &d->nodes.v[h->node];
		own_free char *comm = text_quote(h->comm, 32);
		const char *remedy = holder_remedy(h->comm);

		if (pci_address_compare(&node->function, &f->address) == 0)
			compose_refuse(c, (struct origin){0},
				       "%s is in use by %s (pid %d, user %s, %s)%s%s", address,
				       comm, (int)h->pid, h->user ? h->user : "?", node->path,
				       remedy ? ": " : "", remedy ? remedy : "");
	}
}

static void check_nvidia(struct composer *c, const struct pci_function *f, const char *address)
{
	const struct pci_list *all = &c->facts->devices.pci;

	for (size_t i = 0; pci_has_driver(f, "nvidia") && i < all->n; i++) {
		char other[PCI_ADDRESS_SIZE];

		if (pci_has_driver(&all->v[i], "nvidia") && !pci_set_has(&c->claimed, &all->v[i]))
			compose_refuse(
				c, (struct origin){0},
				"%s: the nvidia driver also drives %s, so it cannot be unloaded, and taking one GPU from it can hang the kernel: have vfio-pci take this one at boot (vfio-pci.ids=%04x:%04x)",
				address, pci_address_format(&all->v[i].address, other), f->vendor,
				f->device);
	}
}

/* Its driver would not let go before they do. */
static void check_mdevs(struct composer *c, const struct pci_function *f, const char *address)
{
	const struct mdev_list *mdevs = &c->facts->devices.mdev;

	for (size_t i = 0; i < mdevs->n; i++)
		if (mdevs->v[i].has_parent &&
		    pci_address_compare(&mdevs->v[i].parent, &f->address) == 0)
			compose_refuse(
				c, (struct origin){0},
				"%s: the vGPU %s is made of it: remove that first (echo 1 > /sys/bus/mdev/devices/%s/remove)",
				address, mdevs->v[i].uuid, mdevs->v[i].uuid);
}

static void check_function(struct composer *c, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	if (pci_is_bridge(f) || pci_is_chipset(f)) {
		compose_refuse(c, (struct origin){0}, "%s is a %s: the host's own", address,
			       pci_class_words(f->class));
		return;
	}
	if (f->locked) {
		compose_refuse(
			c, (struct origin){0},
			"%s: the kernel is still busy taking it from a driver or giving it to one, most likely because somebody holds it",
			address);
		return;
	}
	if (f->is_vf || f->vfs == 0)
		check_group(c, f, address);
	else
		compose_refuse(c, (struct origin){0},
			       "%s has %u virtual functions switched on: switch them off first",
			       address, f->vfs);
	check_holders(c, f, address);
	check_mdevs(c, f, address);
	if (pci_has_driver(f, "vfio-pci"))
		return;
	check_storage(c, f, address);
	check_picture(c, f, address);
	check_nvidia(c, f, address);
}

/* A vGPU needs neither: its parent's driver checks what it reaches. */
static void check_vfio(struct composer *c)
{
	const char *no_iommu = iommu_reason(&c->facts->devices.iommu);

	if (no_iommu)
		compose_refuse(c, (struct origin){0}, "no device can be passed: %s", no_iommu);
	if (c->facts->devices.vfio == KMODULE_NONE)
		compose_refuse(
			c, (struct origin){0},
			"the kernel has no module vfio-pci: install the one that belongs to it, or build it with CONFIG_VFIO_PCI");
	if (c->facts->devices.vfio == KMODULE_UNKNOWN)
		compose_note(
			c,
			"whether there is a module vfio-pci cannot be told: the running kernel's modules are not to be seen; if the kernel was updated since the last start of the computer, start it anew");
}

void compose_claims(struct composer *c)
{
	const struct device_facts *d = &c->facts->devices;
	struct error *problem = NULL;
	struct wanted list[WANTED];
	bool functions = false;
	size_t n = c->in->no_devices ? 0 : devices_wanted(c->p, list);

	c->claims_device = n > 0;
	if (!c->claims_device)
		return;
	for (size_t i = 0; i < n; i++)
		functions = functions || !wants_mdev(&list[i]);
	if (!plan_claims(c->p, c->facts, &c->claimed, &problem)) {
		error_merge(c->err, &problem);
		c->good = false;
	}
	if (functions)
		check_vfio(c);
	if (c->claimed.n > STEP_FUNCTIONS)
		compose_refuse(c, (struct origin){0},
			       "%zu PCI functions, of which %d can be passed", c->claimed.n,
			       STEP_FUNCTIONS);
	for (size_t i = 0; i < c->claimed.n; i++)
		check_function(c, c->claimed.v[i]);
	compose_mdevs(c);
	if (d->holders.unseen)
		compose_note(
			c,
			"%zu processes of other users cannot be looked into: the keeper looks again before it changes anything",
			d->holders.unseen);
}
