/* A claim, in the order that users' wrecks have taught. All that can be refused is refused before
 * the first write; what fails later is rolled back by the journal before the answer. The client's
 * plan is an intent: what it expected to be here is compared with what is, and everything else is
 * looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "bind.h"
#include "host/holders.h"
#include "host/iommu.h"
#include "host/storage.h"

struct claim {
	struct keeper *k;
	struct pci_list list;
	struct pci_set set; /* in the order of the hand-over */
	bool nvidia;	    /* a function of it has NVIDIA's driver */
};

static const char *name_of(const struct pci_function *f, char text[PCI_ADDRESS_SIZE])
{
	return pci_address_format(&f->address, text);
}

static bool is_vfio(const struct pci_function *f)
{
	return f->driver && strcmp(f->driver, VFIO) == 0;
}

static bool is_nvidia(const struct pci_function *f)
{
	return f->driver && strcmp(f->driver, "nvidia") == 0;
}

/* ------------------------------------------------------------------ what is meant, and is it here?
 */

/* Audio, USB and UCSI first, the display controller last: the others hang on its power. */
static int rank(const struct pci_function *f)
{
	return pci_is_display(f) ? 1 : 0;
}

static bool add_function(struct claim *c, const struct step_function *want, struct error **err)
{
	struct pci_address address = {want->domain, want->bus, want->slot, want->function};
	const struct pci_function *f = pci_list_find(&c->list, &address);
	char text[PCI_ADDRESS_SIZE];

	if (!f) {
		error_add(err, ERROR_HOST, "there is no PCI function %s",
			  pci_address_format(&address, text));
		return false;
	}
	name_of(f, text);
	if (f->vendor != want->vendor || f->device != want->device) {
		error_add(err, ERROR_HOST, "at %s is %04x:%04x now, and not %04x:%04x", text,
			  f->vendor, f->device, want->vendor, want->device);
		return false;
	}
	if (memchr(want->driver, '\0', sizeof(want->driver)) == NULL ||
	    strcmp(f->driver ? f->driver : "", want->driver) != 0) {
		error_add(err, ERROR_HOST, "%s has %s%s now, which the plan did not expect", text,
			  f->driver ? "driver " : "no driver", f->driver ? f->driver : "");
		return false;
	}
	if (pci_is_bridge(f) || pci_is_chipset(f)) {
		error_add(err, ERROR_HOST, "%s is a %s: the host's own", text,
			  pci_class_words(f->class));
		return false;
	}
	if (pci_set_has(&c->set, f)) {
		error_add(err, ERROR_HOST, "%s stands twice in the claim", text);
		return false;
	}
	pci_set_add(&c->set, f);
	return true;
}

static bool collect(struct claim *c, const struct intent *intent, struct error **err)
{
	uint32_t n = intent->claim.functions;

	if (n == 0 || n > STEP_FUNCTIONS) {
		error_add(err, ERROR_HOST, "a claim of %u functions", n);
		return false;
	}
	pci_list_read(&c->list, &c->k->root);
	for (uint32_t i = 0; i < n; i++)
		if (!add_function(c, &intent->claim.function[i], err))
			return false;
	/* Stable: functions of a rank stay in the order of their addresses. */
	for (size_t i = 1; i < c->set.n; i++) {
		for (size_t j = i; j > 0 && rank(c->set.v[j - 1]) > rank(c->set.v[j]); j--) {
			const struct pci_function *f = c->set.v[j];

			c->set.v[j] = c->set.v[j - 1];
			c->set.v[j - 1] = f;
		}
		c->nvidia = c->nvidia || is_nvidia(c->set.v[i]);
	}
	c->nvidia = c->nvidia || is_nvidia(c->set.v[0]);
	return true;
}

/* ------------------------------------------------------------------ what stands against it? */

static bool group_is_whole(struct claim *c, const struct pci_function *f, struct error **err)
{
	own_pci_set struct pci_set foreign = {0};
	char text[PCI_ADDRESS_SIZE], other[PCI_ADDRESS_SIZE];

	if (f->group < 0) {
		error_add(err, ERROR_HOST, "%s is in no IOMMU group", name_of(f, text));
		return false;
	}
	iommu_foreign(&foreign, &c->list, f, &c->set);
	if (foreign.n == 0)
		return true;
	error_add(err, ERROR_HOST, "%s (%s) shares IOMMU group %d with %s and has to go along",
		  name_of(foreign.v[0], other), pci_class_words(foreign.v[0]->class), f->group,
		  name_of(f, text));
	return false;
}

static bool storage_is_free(struct claim *c, const struct pci_function *f, struct error **err)
{
	own_storage struct storage storage = {0};
	own_storage_claims struct storage_claims claims = {0};
	char text[PCI_ADDRESS_SIZE];

	storage_read(&storage, &c->k->root);
	storage_claims_below(&claims, &storage, &f->address);
	if (claims.n == 0)
		return true;
	own_free char *words = storage_claim_text(&claims.v[0]);
	error_add(err, ERROR_HOST, "%s: the host uses what hangs on it: %s", name_of(f, text),
		  words);
	return false;
}

/* The kernel's console or a picture on a screen would be gone with it. */
static bool is_dark(struct claim *c, const struct pci_function *f, struct error **err)
{
	own_soft_holders struct soft_holders soft = {0};
	char text[PCI_ADDRESS_SIZE];

	soft_holders_of(&soft, &c->k->root, f);
	for (size_t i = 0; i < soft.n; i++) {
		own_free char *words = NULL;

		if (soft.v[i].kind != SOFT_CONSOLE && soft.v[i].kind != SOFT_ENABLED)
			continue;
		words = soft_holder_text(&soft.v[i]);
		error_add(err, ERROR_HOST, "%s is in use: %s", name_of(f, text), words);
		return false;
	}
	return true;
}

static bool nobody_claims(struct claim *c, const struct pci_function *f, struct error **err)
{
	struct error *ignored = NULL;
	size_t n;
	struct journal **all = journal_all(&n, &ignored);
	bool free_for_us = true;
	char text[PCI_ADDRESS_SIZE];

	error_free(ignored);
	for (size_t i = 0; i < n; i++) {
		bool ours = all[i]->keeper.pid == c->k->journal->keeper.pid;

		if (free_for_us && !ours && journal_claims(all[i], f->address)) {
			error_add(err, ERROR_HOST,
				  "%s belongs to another machine (QEMU %d, keeper %d)",
				  name_of(f, text), (int)all[i]->qemu.pid, (int)all[i]->keeper.pid);
			free_for_us = false;
		}
		journal_free(all[i]);
	}
	free(all);
	return free_for_us;
}

/* With a second GPU on it the driver cannot be unloaded, and unbind could wait for ever. */
static bool nvidia_can_go(struct claim *c, struct error **err)
{
	char text[PCI_ADDRESS_SIZE];

	for (size_t i = 0; c->nvidia && i < c->list.n; i++) {
		const struct pci_function *f = &c->list.v[i];

		if (!is_nvidia(f) || pci_set_has(&c->set, f))
			continue;
		error_add(err, ERROR_HOST,
			  "the nvidia driver also drives %s, so it cannot be unloaded: give this "
			  "GPU to "
			  "vfio-pci at boot instead",
			  name_of(f, text));
		return false;
	}
	return true;
}

/* Words for at most four holders. */
static void name_holders(struct buf *out, const struct holders *holders,
			 const struct holder_nodes *nodes)
{
	for (size_t i = 0; i < holders->n && i < 4; i++) {
		const struct holder *h = &holders->v[i];
		own_free char *comm = text_quote(h->comm, 32);
		const char *remedy = holder_remedy(h->comm);

		buf_addf(out, "%s%s (pid %d, user %s, %s)%s%s", i ? "; " : "", comm, (int)h->pid,
			 h->user ? h->user : "?", nodes->v[h->node].path, remedy ? ": " : "",
			 remedy ? remedy : "");
	}
	if (holders->n > 4)
		buf_addf(out, "; and %zu more", holders->n - 4);
}

/* Who has a node of theirs open? The nodes of NVIDIA's driver itself count only where that has to
 * go.
 */
static bool nobody_holds(struct claim *c, struct error **err)
{
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	own_buf struct buf words = {0};

	for (size_t i = 0; i < c->set.n; i++)
		holder_nodes_of(&nodes, &c->k->root, c->set.v[i]);
	holders_scan(&holders, &c->k->root, &nodes);
	if (holders.n == 0)
		return true;
	name_holders(&words, &holders, &nodes);
	error_add(err, ERROR_HOST, "in use by %s", words.data);
	return false;
}

static bool may_go(struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++) {
		const struct pci_function *f = c->set.v[i];

		if (!group_is_whole(c, f, err) || !nobody_claims(c, f, err))
			return false;
		if (!is_vfio(f) && (!storage_is_free(c, f, err) || !is_dark(c, f, err)))
			return false;
	}
	return nvidia_can_go(c, err) && nobody_holds(c, err);
}

/* ------------------------------------------------------------------ the hand-over */

static bool write_claims(struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++) {
		struct change change = {.kind = CHANGE_CLAIMED, .address = c->set.v[i]->address};

		if (!journal_add(c->k->journal, &change, err))
			return false;
	}
	return true;
}

static bool move(struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++)
		if (!is_vfio(c->set.v[i]) && !aim_at_vfio(c->k, c->set.v[i], err))
			return false;
	if (c->nvidia && !unload_nvidia(c->k, err))
		return false;
	for (size_t i = 0; i < c->set.n; i++)
		if (!is_vfio(c->set.v[i]) && !bind_to_vfio(c->k, c->set.v[i], err))
			return false;
	return true;
}

static bool grant_groups(struct claim *c, struct error **err)
{
	struct stat st;

	/* udev gives this one to everybody; where it did not, the user needs it too. */
	if (stat("/dev/vfio/vfio", &st) == 0 && (st.st_mode & 0006) != 0006 &&
	    !grant_path(c->k, "/dev/vfio/vfio", err))
		return false;
	for (size_t i = 0; i < c->set.n; i++) {
		own_free char *path = xasprintf("/dev/vfio/%d", c->set.v[i]->group);
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || c->set.v[j]->group == c->set.v[i]->group;
		if (!again && !grant_path(c->k, path, err))
			return false;
	}
	return true;
}

bool claim_functions(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct claim c = {.k = k};
	size_t mark = k->journal->n;
	bool good = collect(&c, intent, err) && may_go(&c, err);

	if (good) {
		good = write_claims(&c, err) && load_vfio(k, err) && move(&c, err) &&
		       grant_groups(&c, err);
		if (!good)
			restore_from(k, mark);
	}
	pci_set_free(&c.set);
	pci_list_free(&c.list);
	return good;
}
