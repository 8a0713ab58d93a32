/* Mediated devices, for a machine's life. What comes in is a type's name and a UUID; both become
 * parts of a path only after the host itself has named such a type, and after the UUID was written
 * anew from its 16 bytes.
 *
 * One that is there already, of the same type on the same parent, is its owner's: it is used and
 * left. Removing one that is open blocks in the kernel until it is closed, past every signal; so
 * whoever holds it is looked for first.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "bind.h"
#include "host/holders.h"
#include "host/mdev.h"
#include "sysfs.h"

#define CREATE_MS 10000 /* a driver's probe of a slice of its device */
#define REMOVE_MS 10000 /* a driver's remove */

struct wish {
	struct keeper *k;
	char type[MDEV_TYPE];
	char uuid[UUID_TEXT];
	struct pci_list list;
	struct pci_address parent; /* of a function in it */
};

static void wish_free(struct wish *w)
{
	pci_list_free(&w->list);
}
#define own_wish own_with(wish_free)

/* ------------------------------------------------------------------ what is meant, and can it be?
 */

static bool read_wish(struct wish *w, const struct intent *intent, struct error **err)
{
	static const uint8_t nobody[UUID_BYTES];

	_Static_assert(sizeof(intent->mdev.type) == MDEV_TYPE, "as the host's names");
	_Static_assert(sizeof(intent->mdev.uuid) == UUID_BYTES, "as it is written");
	if (!memchr(intent->mdev.type, '\0', sizeof(intent->mdev.type)) ||
	    !mdev_type_is_good(intent->mdev.type)) {
		error_add(err, ERROR_HOST, "this is no name of a mediated device's type");
		return false;
	}
	if (memcmp(intent->mdev.uuid, nobody, sizeof(nobody)) == 0) {
		error_add(err, ERROR_HOST, "a mediated device with a UUID of nothing but zeros");
		return false;
	}
	strcpy(w->type, intent->mdev.type);
	uuid_format(intent->mdev.uuid, w->uuid);
	return true;
}

/* The parent stays its driver's, but it must be there, and nobody's guest may have it as a whole.
 */
static bool parent_is_there(struct wish *w, const struct intent *intent, struct error **err)
{
	const struct pci_function *f;

	pci_list_read(&w->list, &w->k->root);
	f = expected_function(w->k, &w->list, &intent->mdev.parent, err);
	if (!f || !nobody_else_claims(w->k, f, err))
		return false;
	if (f->locked) {
		char address[PCI_ADDRESS_SIZE];

		error_add(err, ERROR_HOST, "the kernel is still busy with %s",
			  pci_address_format(&f->address, address));
		return false;
	}
	w->parent = f->address;
	return true;
}

/* Of other parents nothing is read: the kernel may be busy with one of them. */
static bool can_be_made(const struct wish *w, struct error **err)
{
	const struct pci_function *f = pci_list_find(&w->list, &w->parent);
	own_mdev_list struct mdev_list mdevs = {0};
	struct pci_list parent = {&w->list.v[f - w->list.v], 1};
	struct gvt gvt;

	mdev_list_read(&mdevs, &w->k->root, &parent);
	gvt_read(&gvt, &w->k->root);
	return mdev_can_be_made(&mdevs, &gvt, f, w->type, 0, err);
}

/* Whether it stands in no journal, made or used. */
static bool nobody_has(const struct wish *w, struct error **err)
{
	struct error *ignored = NULL;
	size_t n;
	struct journal **all = journal_all(&n, &ignored);
	bool free_for_us = true;

	error_free(ignored);
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; free_for_us && c < all[i]->n; c++) {
			const struct change *change = &all[i]->change[c];

			if (change->kind != CHANGE_MDEV || change->names != 2 ||
			    strcmp(change->name[1], w->uuid) != 0)
				continue;
			error_add(
				err, ERROR_HOST,
				"the mediated device %s stands in a journal already (keeper %d, QEMU %d)",
				w->uuid, (int)all[i]->keeper.pid, (int)all[i]->qemu.pid);
			free_for_us = false;
		}
		journal_free(all[i]);
	}
	free(all);
	return free_for_us;
}

/* Who has its group open: true for nobody. */
static bool nobody_holds(const struct keeper *k, const struct mdev *mdev, enum error_kind kind,
			 struct error **err)
{
	own_holder_nodes struct holder_nodes nodes = {0};
	own_holders struct holders holders = {0};

	holder_nodes_group(&nodes, &k->root, &mdev->parent, mdev->group);
	if (!nodes.n)
		return true;
	if (!look_for_holders(k, &holders, &nodes, err))
		return false;
	/* What is ours is taken away all the same. */
	if (!holders.n && holders.hidden && kind != ERROR_LEFT) {
		error_add(
			err, kind,
			"cannot see all processes from here (hidepid, or a container): whoever uses the mediated device %s would not be seen",
			mdev->uuid);
		return false;
	}
	if (!holders.n)
		return true;
	own_free char *comm = text_quote(holders.v[0].comm, 32);
	error_add(err, kind, "the mediated device %s is in use by %s (pid %d, user %s, %s)",
		  mdev->uuid, comm, (int)holders.v[0].pid,
		  holders.v[0].user ? holders.v[0].user : "?", nodes.v[0].path);
	return false;
}

/* ------------------------------------------------------------------ making */

static bool write_down(struct wish *w, bool ours, struct error **err)
{
	struct change change = {
		.kind = CHANGE_MDEV,
		.address = w->parent,
		.number = ours,
	};

	if (change_name(&change, w->type) && change_name(&change, w->uuid))
		return journal_add(w->k->journal, &change, err);
	error_add(err, ERROR_HOST, "%s: a type that the journal cannot hold", w->type);
	return false;
}

static bool make_mdev(struct wish *w, struct error **err)
{
	char address[PCI_ADDRESS_SIZE];
	own_free char *path = xasprintf("/sys/bus/pci/devices/%s/mdev_supported_types/%s/create",
					pci_address_format(&w->parent, address), w->type);
	struct worker stuck = WORKER_NONE;
	bool good;

	if (!write_down(w, true, err))
		return false;
	keeper_report(w->k, REPORT_PROGRESS, 0, "echo %s > %s", w->uuid, path);
	good = sysfs_write(&w->k->root, path, w->uuid, CREATE_MS, &stuck, err);
	keeper_keep_stuck(w->k, &stuck, &w->parent);
	return good;
}

/* What the kernel made of it. */
static bool hand_over(struct wish *w, struct error **err)
{
	own_mdev struct mdev now = {0};
	own_free char *path = NULL;

	if (!mdev_read(&now, &w->k->root, w->uuid) || !mdev_is(&now, &w->parent, w->type) ||
	    now.group < 0) {
		error_add(err, ERROR_HOST,
			  "the mediated device %s was made, and is not there as it should be",
			  w->uuid);
		return false;
	}
	path = xasprintf("/dev/vfio/%d", now.group);
	return grant_container(w->k, err) && grant_path(w->k, path, err);
}

/* One that is there already. */
static bool may_use(const struct wish *w, const struct mdev *there, struct error **err)
{
	own_free char *another = mdev_is_another(there, &w->parent, w->type);

	if (!another)
		return nobody_holds(w->k, there, ERROR_HOST, err);
	error_add(err, ERROR_HOST, "%s", another);
	return false;
}

bool create_mdev(struct keeper *k, const struct intent *intent, struct error **err)
{
	own_wish struct wish w = {.k = k};
	own_mdev struct mdev there = {0};
	bool is_there;

	if (!read_wish(&w, intent, err) || !parent_is_there(&w, intent, err) ||
	    !nobody_has(&w, err))
		return false;
	is_there = mdev_read(&there, &k->root, w.uuid);
	if (is_there ? !may_use(&w, &there, err) : !can_be_made(&w, err))
		return false;
	return load_vfio_container(k, err) &&
	       (is_there ? write_down(&w, false, err) : make_mdev(&w, err)) && hand_over(&w, err);
}

/* ------------------------------------------------------------------ and back */

bool undo_mdev(struct keeper *k, const struct change *change, struct error **err)
{
	own_mdev struct mdev now = {0};
	own_free char *path = NULL;
	struct worker stuck = WORKER_NONE;
	bool good;

	if (change->number == 0 || change->names != 2 ||
	    !mdev_read(&now, &k->root, change->name[1]) ||
	    !mdev_is(&now, &change->address, change->name[0]))
		return true;
	if (!nobody_holds(k, &now, ERROR_LEFT, err))
		return false;
	path = xasprintf("/sys/bus/mdev/devices/%s/remove", now.uuid);
	keeper_report(k, REPORT_PROGRESS, 0, "echo 1 > %s", path);
	good = sysfs_write(&k->root, path, "1", REMOVE_MS, &stuck, err);
	keeper_keep_stuck(k, &stuck, &change->address);
	if (!root_exists(&k->root, "/sys/bus/mdev/devices/%s", now.uuid)) {
		/* However the write ended. */
		if (!good && err) {
			error_free(*err);
			*err = NULL;
		}
		return true;
	}
	if (good)
		error_add(err, ERROR_LEFT, "the mediated device %s is still there", now.uuid);
	return false;
}
