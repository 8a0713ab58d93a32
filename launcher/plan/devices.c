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
			list[n++] = (struct wanted){&gpu->item, &gpu->device, &gpu->functions, gpu};
	}
	for (size_t i = 0; i < p->pci.n; i++) {
		const struct pci *pci = (const struct pci *)p->pci.v[i];

		if (pci->item.enabled.v)
			list[n++] = (struct wanted){&pci->item, &pci->device, NULL, NULL};
	}
	return n;
}

/* ------------------------------------------------------------------ which */

static bool takes_board(const struct wanted *w)
{
	return w->functions && w->functions->all;
}

/* A [pci] section that names a function has it, though it may be of a GPU's card. */
static bool is_named(const struct profile *p, const struct pci_list *list,
		     const struct pci_function *f)
{
	for (size_t i = 0; i < p->pci.n; i++) {
		const struct pci *pci = (const struct pci *)p->pci.v[i];

		if (pci->item.enabled.v && pci_find(list, &pci->device.v, NULL) == f)
			return true;
	}
	return false;
}

static void find_board(const struct profile *p, const struct pci_list *list,
		       const struct pci_function *f, struct pci_set *found)
{
	own_pci_set struct pci_set board = {0};

	pci_board(&board, list, f);
	for (size_t i = 0; i < board.n; i++)
		if (pci_same_slot(&board.v[i]->address, &f->address) ||
		    !is_named(p, list, board.v[i]))
			pci_set_add(found, board.v[i]);
}

static void find_functions(const struct profile *p, const struct wanted *w,
			   const struct pci_list *list, const struct pci_function *f,
			   struct pci_set *found)
{
	own_pci_set struct pci_set slot = {0};

	if (!w->functions || wants_slice(w)) {
		pci_set_add(found, f);
		return;
	}
	if (takes_board(w)) {
		find_board(p, list, f, found);
		return;
	}
	pci_slot(&slot, list, f);
	for (size_t i = 0; i < slot.n; i++)
		if (w->functions->v >> slot.v[i]->address.function & 1U)
			pci_set_add(found, slot.v[i]);
}

/* What one section means; false with words, and whatever could be found. */
bool devices_find(const struct profile *p, const struct facts *facts, const struct wanted *w,
		  struct pci_set *found, struct error **err)
{
	own_free char *where = origin_text(p, w->device->at), *key = key_text(&w->device->at);
	struct error *problem = NULL;
	const struct pci_function *f = pci_find(&facts->devices.pci, &w->device->v, &problem);

	if (f)
		find_functions(p, w, &facts->devices.pci, f, found);
	if (f && !found->n) {
		own_free char *numbers = slots_text(w->functions);

		error_add(&problem, ERROR_USAGE, "its board has none of the functions %s", numbers);
	}
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
		for (size_t k = 0; k < found.n && !wants_slice(&list[i]); k++)
			if (!pci_set_has(set, found.v[k]))
				pci_set_add(set, found.v[k]);
	}
	return good;
}

/* ------------------------------------------------------------------ what stands against it */

/* Where the profile names it; nowhere for what is the host's. */
static struct origin named_at(const struct composer *c, const struct pci_function *f)
{
	struct wanted list[WANTED];
	size_t n = f ? devices_wanted(c->p, list) : 0;

	for (size_t i = 0; i < n; i++) {
		own_pci_set struct pci_set found = {0};

		if (!wants_slice(&list[i]) &&
		    devices_find(c->p, c->facts, &list[i], &found, NULL) && pci_set_has(&found, f))
			return list[i].device->at;
	}
	return (struct origin){0};
}

/* A vGPU needs none of this: its parent's driver checks what it reaches. */
static void tell_obstacles(struct composer *c)
{
	own_obstacles struct obstacles obstacles = {0};

	obstacles_of(&obstacles, &c->facts->devices, &c->claimed);
	for (size_t i = 0; i < obstacles.n; i++) {
		const struct obstacle *o = &obstacles.v[i];
		own_free char *words = obstacle_sentence(o);

		if (obstacle_weight(o->kind) == WEIGHT_NOTE)
			compose_note(c, "%s", words);
		else
			compose_refuse(c, named_at(c, o->function), "%s", words);
	}
}

/* What sits in a GPU's slot and is not its own. */
static void tell_slot(struct composer *c, const struct wanted *w)
{
	own_pci_set struct pci_set found = {0}, slot = {0};
	own_buf struct buf rest = {0}, all = {0};
	own_free char *name = item_text(w->item);
	size_t n = 0;

	if (!takes_board(w) || wants_slice(w) || !devices_find(c->p, c->facts, w, &found, NULL) ||
	    !found.n)
		return;
	pci_slot(&slot, &c->facts->devices.pci, found.v[0]);
	for (size_t i = 0; i < slot.n; i++) {
		const struct pci_function *f = slot.v[i];
		char address[PCI_ADDRESS_SIZE];

		buf_addf(&all, "%s%u", i ? "," : "", f->address.function);
		if (!pci_set_has(&c->claimed, f))
			buf_addf(&rest, "%s%s (%s)", n++ ? ", " : "",
				 pci_address_format(&f->address, address),
				 pci_class_words(f->class));
	}
	if (n)
		compose_note(
			c,
			"%s: %s %s in the same slot and not the GPU's own, and %s with the host; %s.functions = %s takes all along",
			name, rest.data, n > 1 ? "are" : "is", n > 1 ? "stay" : "stays", name,
			all.data);
}

/* AMD's security processor, which is the firmware's TPM as well. */
static void tell_losses(struct composer *c)
{
	for (size_t i = 0; i < c->claimed.n; i++) {
		const struct pci_function *f = c->claimed.v[i];
		char address[PCI_ADDRESS_SIZE];

		if (f->vendor == 0x1022 && f->class >> 8 == 0x1080)
			compose_note(
				c,
				"%s is AMD's security processor: the host loses the TPM of its firmware (fTPM) with it, and what is sealed by that (disk encryption, BitLocker of another system)",
				pci_address_format(&f->address, address));
	}
}

void compose_claims(struct composer *c)
{
	const struct scene *scene = &c->facts->devices;
	struct error *problem = NULL;
	struct wanted list[WANTED];
	bool functions = false;
	size_t n = c->in->no_devices ? 0 : devices_wanted(c->p, list);

	c->claims_device = n > 0;
	if (!c->claims_device)
		return;
	for (size_t i = 0; i < n; i++)
		functions = functions || !wants_slice(&list[i]);
	if (!plan_claims(c->p, c->facts, &c->claimed, &problem)) {
		error_merge(c->err, &problem);
		c->good = false;
	}
	if (functions)
		tell_obstacles(c);
	devices_choose_interface(c);
	if (c->claimed.n > STEP_FUNCTIONS)
		compose_refuse(c, (struct origin){0},
			       "%zu PCI functions, of which %d can be passed", c->claimed.n,
			       STEP_FUNCTIONS);
	for (size_t i = 0; i < n; i++)
		tell_slot(c, &list[i]);
	tell_losses(c);
	compose_mdevs(c);
	compose_vfs(c);
	if (scene->holders.unseen)
		compose_note(
			c,
			"%zu processes of other users cannot be looked into: the keeper looks again before it changes anything",
			scene->holders.unseen);
}
