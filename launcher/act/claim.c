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
#include "base/tongue.h"
#include "base/vfio_node.h"
#include "bind.h"
#include "host/obstacles.h"
#include "host/reset.h"
#include "host/sleep.h"

struct claim {
	struct keeper *k;
	struct scene scene;   /* the host before the first write */
	struct pci_set set;   /* in the order of the hand-over */
	struct pci_set awake; /* of these, what is not to be switched off while idle */
	bool nvidia;	      /* a function of it has NVIDIA's driver */
	struct {
		const struct pci_function *f;
		enum reset_way way;
	} reset[STEP_FUNCTIONS]; /* how each is reset */
	bool blind;		 /* who holds them cannot be found out any more */
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
static int function_rank(const struct pci_function *f)
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
		own_free char *has = f->driver ? xasprintf(N_("driver %s"), f->driver)
					       : xstrdup(N_("no driver"));

		error_add(err, ERROR_HOST, "%s has %s now, which the plan did not expect", text,
			  has);
		return NULL;
	}
	if (keeper_is_stuck(k, &f->address)) {
		error_add(err, ERROR_HOST, "the kernel is still busy with %s", text);
		return NULL;
	}
	return f;
}

static bool add_function(struct claim *c, const struct step_function *want, struct error **err)
{
	const struct pci_function *f = expected_function(c->k, &c->scene.pci, want, err);
	char text[PCI_ADDRESS_SIZE];

	if (f && want->reset >= RESET_WAYS) {
		error_add(err, ERROR_HOST, "%s: no way of a reset has the number %u",
			  name_of(f, text), want->reset);
		return false;
	}
	if (f && pci_set_has(&c->set, f)) {
		error_add(err, ERROR_HOST, "%s stands twice in the claim", name_of(f, text));
		return false;
	}
	if (f) {
		c->reset[c->set.n].f = f;
		c->reset[c->set.n].way = want->reset;
		pci_set_add(&c->set, f);
	}
	if (f && want->keep_awake)
		pci_set_add(&c->awake, f);
	return f;
}

static bool claim_collect(struct claim *c, const struct intent *intent, struct error **err)
{
	uint32_t n = intent->claim.functions;

	if (n == 0 || n > STEP_FUNCTIONS) {
		error_add(err, ERROR_HOST, "a claim of %u functions", n);
		return false;
	}
	scene_read(&c->scene, &c->k->root);
	for (uint32_t i = 0; i < n; i++)
		if (!add_function(c, &intent->claim.function[i], err))
			return false;
	/* Stable: functions of a rank stay in the order of their addresses. */
	for (size_t i = 1; i < c->set.n; i++) {
		for (size_t j = i;
		     j > 0 && function_rank(c->set.v[j - 1]) > function_rank(c->set.v[j]); j--) {
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

/* Words for at most so many. */
#define TOLD 4

static bool none_stands(const struct obstacles *obstacles, struct error **err)
{
	own_buf struct buf words = {0};
	size_t n = 0;

	for (size_t i = 0; i < obstacles->n; i++) {
		own_free char *sentence = obstacle_sentence(&obstacles->v[i]);

		if (obstacle_weight(obstacles->v[i].kind) == WEIGHT_NOTE)
			continue;
		if (n++ < TOLD)
			buf_addf(&words, "%s%s", n > 1 ? "; " : "", sentence);
	}
	if (n > TOLD) {
		buf_adds(&words, "; ");
		buf_addf(&words, N_("and %zu more"), n - TOLD);
	}
	if (n)
		error_add(err, ERROR_HOST, "%s", words.data);
	return n == 0;
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

static bool resets_can_be_had(const struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++) {
		own_reset_choice struct reset_choice choice = {0};
		own_free char *words = NULL;

		if (c->reset[i].way == RESET_SLEEP && c->scene.sleepless) {
			words = sleep_refusal(c->scene.sleepless);
			error_add(err, ERROR_HOST, "%s", words);
			return false;
		}
		reset_choose(&choice, &c->scene.pci, &c->set, c->reset[i].f, c->reset[i].way);
		if (choice.answer != RESET_IMPOSSIBLE)
			continue;
		words = reset_refusal(&choice, c->reset[i].f, c->reset[i].way);
		error_add(err, ERROR_HOST, "%s", words);
		return false;
	}
	return true;
}

/* The plan's questions, asked of the host as it is now. Only root can see all processes, so only
 * here it matters that some stay hidden.
 */
static bool nothing_stands(struct claim *c, struct error **err)
{
	own_obstacles struct obstacles obstacles = {0};
	struct holders *holders = &c->scene.holders;

	scene_look(&c->scene, &c->k->root, c->set.v, c->set.n);
	if (!look_for_holders(c->k, holders, &c->scene.nodes, err) ||
	    !look_for_held_blocks(c->k, &c->scene.storage, c->set.v, c->set.n, err))
		return false;
	obstacles_of(&obstacles, &c->scene, &c->set);
	if (!none_stands(&obstacles, err) || !resets_can_be_had(c, err))
		return false;
	if (holders->hidden) {
		error_add(
			err, ERROR_HOST,
			"cannot see all processes from here (hidepid, or a container): whoever uses the device would not be seen");
		return false;
	}
	if (holders->unseen)
		keeper_report(c->k, REPORT_PROGRESS, 0,
			      "%zu processes cannot be looked into, not even by root",
			      holders->unseen);
	return true;
}

/* Just before a driver is asked to let go, once more: modules and services took their time, and a
 * sound server opens a card as soon as another one goes.
 */
static bool still_free(struct claim *c, const struct pci_function *f, struct error **err)
{
	own_scene struct scene now = {0};
	own_obstacles struct obstacles obstacles = {0};

	if (!f->driver)
		return true;
	storage_read(&now.storage, &c->k->root);
	scene_look(&now, &c->k->root, &f, 1);
	if (!look_for_holders(c->k, &now.holders, &now.nodes, err) ||
	    !look_for_held_blocks(c->k, &now.storage, &f, 1, err)) {
		c->blind = true;
		return false;
	}
	obstacles_in_use(&obstacles, &now, f);
	if (none_stands(&obstacles, err))
		return true;
	error_context(err, "by now");
	return false;
}

/* Somebody came after we looked: most likely that is why. */
static void name_latecomers(struct claim *c, struct error **err)
{
	own_holders struct holders holders = {0};
	own_buf struct buf words = {0};

	if (c->blind || !look_for_holders(c->k, &holders, &c->scene.nodes, NULL) || holders.n == 0)
		return;
	for (size_t i = 0; i < holders.n && i < TOLD; i++) {
		own_free char *text =
			holder_text(&holders.v[i], &c->scene.nodes.v[holders.v[i].node]);

		buf_addf(&words, "%s%s", i ? "; " : "", text);
	}
	error_context(err, "in use by %s", words.data);
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

static bool claim_move(struct claim *c, struct error **err)
{
	for (size_t i = 0; i < c->set.n; i++)
		if (!choose_reset(c->k, &c->scene.pci, &c->set, c->reset[i].f, c->reset[i].way,
				  err))
			return false;
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
		if (!keep_awake(c->k, c->awake.v[i], err))
			return false;
	for (size_t i = 0; i < c->set.n; i++)
		if (c->reset[i].way == RESET_SLEEP)
			return want_sleep(c->k, err);
	return true;
}

/* Each function's own node, and the one that they share. */
static bool grant_devices(struct claim *c, struct error **err)
{
	char address[PCI_ADDRESS_SIZE];

	let_udev_settle();
	if (!grant_path(c->k, "/dev/iommu", err))
		return false;
	for (size_t i = 0; i < c->set.n; i++) {
		own_free char *node = vfio_node(&c->k->root, name_of(c->set.v[i], address));

		if (!node) {
			error_add(err, ERROR_HOST, "%s: " VFIO_NO_NODE, address);
			return false;
		}
		if (!grant_path(c->k, node, err))
			return false;
	}
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
	bool good = claim_collect(&c, intent, err) && nothing_stands(&c, err);

	/* What was not seen may stand against it, or be what has to be put back. */
	if (good && root_shortages() != before) {
		error_errno(err, ERROR_HOST, EMFILE, "cannot look at the host");
		good = false;
	}

	if (good) {
		good = write_claims(&c, err) && load_vfio(k, err) && claim_move(&c, err) &&
		       (intent->claim.iommufd ? grant_devices : grant_groups)(&c, err);
		if (!good)
			name_latecomers(&c, err);
	}
	pci_set_free(&c.set);
	pci_set_free(&c.awake);
	scene_free(&c.scene);
	return good;
}
