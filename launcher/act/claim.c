/* A claim, in the order that users' wrecks have taught. All that can be refused is refused before
 * the first write; what fails later is rolled back by the journal before the answer. The client's
 * plan is an intent: what it expected to be here is compared with what is, and everything else is
 * looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "bind.h"
#include "host/holders.h"
#include "host/pci_verdict.h"
#include "host/storage.h"

struct claim {
	struct keeper *k;
	struct pci_list list;
	struct pci_set set;	   /* in the order of the hand-over */
	struct pci_set awake;	   /* of these, what is not to be switched off while idle */
	bool nvidia;		   /* a function of it has NVIDIA's driver */
	struct holder_nodes nodes; /* of the set, as they were before the first write */
	bool blind;		   /* who holds them cannot be found out any more */
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

const struct pci_function *expected_function(const struct keeper *k, const struct pci_list *list,
					     const struct step_function *want, struct error **err)
{
	struct pci_address address = {want->domain, want->bus, want->slot, want->function};
	const struct pci_function *f = pci_list_find(list, &address);
	char text[PCI_ADDRESS_SIZE];

	if (!f) {
		error_add(err, ERROR_HOST, "there is no PCI function %s",
			  pci_address_format(&address, text));
		return NULL;
	}
	name_of(f, text);
	/* Whose it is, before what it has become with that one. */
	if (!nobody_else_claims(k, f, err))
		return NULL;
	if (f->vendor != want->vendor || f->device != want->device) {
		error_add(err, ERROR_HOST, "at %s is %04x:%04x now, and not %04x:%04x", text,
			  f->vendor, f->device, want->vendor, want->device);
		return NULL;
	}
	if (memchr(want->driver, '\0', sizeof(want->driver)) == NULL ||
	    strcmp(f->driver ? f->driver : "", want->driver) != 0) {
		error_add(err, ERROR_HOST, "%s has %s%s now, which the plan did not expect", text,
			  f->driver ? "driver " : "no driver", f->driver ? f->driver : "");
		return NULL;
	}
	if (pci_is_bridge(f) || pci_is_chipset(f)) {
		error_add(err, ERROR_HOST, "%s is a %s: the host's own", text,
			  pci_class_words(f->class));
		return NULL;
	}
	if (f->locked || keeper_is_stuck(k, &f->address)) {
		error_add(err, ERROR_HOST, "the kernel is still busy with %s", text);
		return NULL;
	}
	return f;
}

static bool add_function(struct claim *c, const struct step_function *want, struct error **err)
{
	const struct pci_function *f = expected_function(c->k, &c->list, want, err);
	char text[PCI_ADDRESS_SIZE];

	if (f && pci_set_has(&c->set, f)) {
		error_add(err, ERROR_HOST, "%s stands twice in the claim", name_of(f, text));
		return false;
	}
	if (f)
		pci_set_add(&c->set, f);
	if (f && want->keep_awake)
		pci_set_add(&c->awake, f);
	return f;
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

/* What vfio-pci has already needs less: nothing of the host's hangs on it, and no picture is lost.
 */
static bool matters(const struct pci_function *f, enum pci_obstacle_kind kind)
{
	if (!is_vfio(f))
		return true;
	return kind == OBSTACLE_BRIDGE || kind == OBSTACLE_CHIPSET || kind == OBSTACLE_NO_IOMMU ||
	       kind == OBSTACLE_NO_GROUP || kind == OBSTACLE_FOREIGN || kind == OBSTACLE_VIRTUAL;
}

static bool is_free(const struct pci_scene *scene, const struct pci_function *f,
		    const struct pci_set *set, struct error **err)
{
	own_pci_obstacles struct pci_obstacles found = {0};
	char text[PCI_ADDRESS_SIZE];

	pci_obstacles_of(&found, scene, f, set);
	for (size_t i = 0; i < found.n; i++) {
		if (!matters(f, found.v[i].kind))
			continue;
		error_add(err, ERROR_HOST, "%s: %s", name_of(f, text), found.v[i].text);
		return false;
	}
	return true;
}

/* The same questions as the plan's, and more: they are asked of the host as it is now. */
static bool all_are_free(struct claim *c, struct error **err)
{
	own_pci_scene struct pci_scene scene = {0};
	own_pci_set struct pci_set set = {0};

	pci_scene_read(&scene, &c->k->root);
	for (size_t i = 0; i < c->set.n; i++) {
		const struct pci_function *f = pci_list_find(&scene.list, &c->set.v[i]->address);

		if (f)
			pci_set_add(&set, f);
	}
	if (set.n != c->set.n) {
		error_add(err, ERROR_HOST, "a device of the claim has just gone");
		return false;
	}
	for (size_t i = 0; i < set.n; i++)
		if (!is_free(&scene, set.v[i], &set, err))
			return false;
	return true;
}

bool nobody_else_claims(const struct keeper *k, const struct pci_function *f, struct error **err)
{
	struct error *ignored = NULL;
	size_t n;
	struct journal **all = journal_all(&n, &ignored);
	bool free_for_us = true;
	char text[PCI_ADDRESS_SIZE];

	error_free(ignored);
	for (size_t i = 0; i < n; i++) {
		bool ours = journal_same(all[i], k->journal);

		if (free_for_us && !ours && journal_claims(all[i], f->address) &&
		    !journal_is_given_up(all[i], f)) {
			bool odd;
			own_free char *words = journal_standing(all[i], &odd);

			error_add(err, ERROR_HOST, "%s belongs to another machine: %s",
				  name_of(f, text), words);
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
		error_add(
			err, ERROR_HOST,
			"the nvidia driver also drives %s, so it cannot be unloaded: give this GPU to vfio-pci at boot instead",
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
	own_holders struct holders holders = {0};
	own_buf struct buf words = {0};

	for (size_t i = 0; i < c->set.n; i++)
		holder_nodes_of(&c->nodes, &c->k->root, c->set.v[i]);
	if (!look_for_holders(c->k, &holders, &c->nodes, err))
		return false;
	if (holders.n) {
		name_holders(&words, &holders, &c->nodes);
		error_add(err, ERROR_HOST, "in use by %s", words.data);
		return false;
	}
	if (holders.hidden) {
		error_add(
			err, ERROR_HOST,
			"cannot see all processes from here (hidepid, or a container): whoever uses the device would not be seen");
		return false;
	}
	if (holders.unseen)
		keeper_report(c->k, REPORT_PROGRESS, 0,
			      "%zu processes cannot be looked into, not even by root",
			      holders.unseen);
	return true;
}

/* Just before a driver is asked to let go, once more: modules and services took their time, and a
 * sound server opens a card as soon as another one goes.
 */
static bool still_free(struct claim *c, const struct pci_function *f, struct error **err)
{
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};
	own_storage struct storage storage = {0};
	own_storage_claims struct storage_claims claims = {0};
	own_buf struct buf words = {0};

	if (!f->driver)
		return true;
	holder_nodes_of(&nodes, &c->k->root, f);
	if (!look_for_holders(c->k, &holders, &nodes, err)) {
		c->blind = true;
		return false;
	}
	storage_read(&storage, &c->k->root);
	storage_claims_below(&claims, &storage, &f->address);
	if (claims.n) {
		own_free char *text = storage_claim_text(&claims.v[0]);

		error_add(err, ERROR_HOST, "the host has just begun to use what hangs on it: %s",
			  text);
		return false;
	}
	if (holders.n == 0)
		return true;
	name_holders(&words, &holders, &nodes);
	error_add(err, ERROR_HOST, "by now in use by %s", words.data);
	return false;
}

/* Somebody came after we looked: most likely that is why. */
static void name_latecomers(struct claim *c, struct error **err)
{
	own_holders struct holders holders = {0};
	own_buf struct buf words = {0};

	if (c->blind || !look_for_holders(c->k, &holders, &c->nodes, NULL) || holders.n == 0)
		return;
	name_holders(&words, &holders, &c->nodes);
	error_context(err, "in use by %s", words.data);
}

static bool may_go(struct claim *c, struct error **err)
{
	return all_are_free(c, err) && nvidia_can_go(c, err) && nobody_holds(c, err);
}

/* ------------------------------------------------------------------ the hand-over */

static bool write_claims(struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++) {
		struct change change = {.kind = CHANGE_CLAIMED, .address = c->set.v[i]->address};

		if (!adopt_records(c->k, c->set.v[i], err) ||
		    !journal_add(c->k->journal, &change, err))
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
		if (!is_vfio(c->set.v[i]) &&
		    (!still_free(c, c->set.v[i], err) || !bind_to_vfio(c->k, c->set.v[i], err)))
			return false;
	for (size_t i = 0; i < c->awake.n; i++)
		if (!keep_awake(c->k, &c->awake.v[i]->address, err))
			return false;
	return true;
}

static bool grant_groups(struct claim *c, struct error **err)
{
	if (!grant_container(c->k, err))
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
	unsigned long before = root_shortages();
	bool good = collect(&c, intent, err) && may_go(&c, err);

	/* What was not seen may stand against it, or be what has to be put back. */
	if (good && root_shortages() != before) {
		error_errno(err, ERROR_HOST, EMFILE, "cannot look at the host");
		good = false;
	}

	if (good) {
		good = write_claims(&c, err) && load_vfio(k, err) && move(&c, err) &&
		       grant_groups(&c, err);
		if (!good)
			name_latecomers(&c, err);
	}
	holder_nodes_free(&c.nodes);
	pci_set_free(&c.set);
	pci_set_free(&c.awake);
	pci_list_free(&c.list);
	return good;
}
