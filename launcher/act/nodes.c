/* Device nodes for one user, by ACL. Which node is meant comes as numbers; its path is ours. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/trusted.h"
#include "host/scene.h"
#include "host/usb_pick.h"
#include "state.h"

/* A device node at path; -1 with words. O_PATH: opening a device can do things to it. */
static int open_node(const char *path, struct stat *st, struct error **err)
{
	own_fd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) < 0) {
		error_errno(err, ERROR_HOST, errno, "%s", path);
		return -1;
	}
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode)) {
		error_add(err, ERROR_HOST, "%s is no device node", path);
		return -1;
	}
	return steal_fd(&fd);
}

/* Another machine of the same user may have been given the node as well: then it had its right
 * before ours, and keeps it after us. *before (may be NULL) becomes how the node was before both.
 */
static bool is_shared(struct keeper *k, const struct change *ours, struct acl_saved *before)
{
	struct error *ignored = NULL;
	size_t n;
	struct journal **all = journal_all(&n, &ignored);
	bool shared = false;

	for (size_t i = 0; i < n; i++) {
		bool other = journal_is_kept(all[i]) && !journal_same(all[i], k->journal);

		for (size_t c = 0; other && !shared && c < all[i]->n; c++) {
			const struct change *theirs = &all[i]->change[c];

			if (theirs->kind != CHANGE_ACL || theirs->uid != ours->uid ||
			    strcmp(theirs->path, ours->path) != 0)
				continue;
			shared = true;
			if (before)
				*before = theirs->before;
		}
		journal_free(all[i]);
	}
	free(all);
	error_free(ignored);
	return shared;
}

bool grant_path(struct keeper *k, const char *path, struct error **err)
{
	struct change change = {.kind = CHANGE_ACL, .uid = k->uid};
	struct stat st;
	own_fd int fd = open_node(path, &st, err);
	struct acl_saved unused;

	if (fd < 0)
		return false;
	if (k->uid == 0)
		return true;
	if (strlen(path) >= sizeof(change.path)) {
		error_add(err, ERROR_HOST, "%s: the path is too long", path);
		return false;
	}
	strcpy(change.path, path);
	keeper_report(k, REPORT_PROGRESS, 0, "setfacl -m u:%u:rw %s", k->uid, path);
	if (!is_shared(k, &change, &change.before) && !acl_save(fd, &change.before, err))
		return false;
	if (journal_add(k->journal, &change, err) && acl_grant(fd, k->uid, &unused, err))
		return true;
	error_context(err, "%s", path);
	return false;
}

void let_udev_settle(void)
{
	own_free char *udevadm = trusted_program(&ROOT_REAL, "udevadm", NULL);

	if (udevadm && access("/run/udev/control", F_OK) == 0)
		worker_exec((const char *const[]){udevadm, "settle", "--timeout=5", NULL}, 10000,
			    NULL, NULL);
}

bool grant_container(struct keeper *k, struct error **err)
{
	struct stat st;

	let_udev_settle();
	/* udev gives this one to everybody; where it did not, the user needs it too. */
	return stat("/dev/vfio/vfio", &st) < 0 || (st.st_mode & 0006) == 0006 ||
	       grant_path(k, "/dev/vfio/vfio", err);
}

bool undo_acl(struct keeper *k, const struct change *change, struct error **err)
{
	own_error struct error *gone = NULL;
	struct stat st;
	own_fd int fd = open_node(change->path, &st, &gone);

	/* A node that went, as the ones of VFIO do, took its ACL with it. */
	if (fd < 0 && errno != ENOENT && errno != ENXIO && errno != ENODEV && errno != 0) {
		error_merge(err, &gone);
		return false;
	}
	if (fd < 0 || is_shared(k, change, NULL))
		return true;
	keeper_report(k, REPORT_PROGRESS, 0, "setfacl -x u:%u %s", change->uid, change->path);
	if (acl_restore(fd, change->uid, &change->before, err))
		return true;
	error_context(err, "%s", change->path);
	return false;
}

/* ------------------------------------------------------------------ which node */

/* The name that the kernel gives to a block device; the caller owns the path. */
static char *block_path(struct keeper *k, uint32_t major_n, uint32_t minor_n, struct error **err)
{
	own_free char *uevent =
		root_read(&k->root, "/sys/dev/block/%u:%u/uevent", major_n, minor_n);
	const char *name = uevent ? strstr(uevent, "DEVNAME=") : NULL;
	own_free char *device = NULL;
	struct stat st;

	if (name)
		device = xstrndup(name + 8, strcspn(name + 8, "\n"));
	if (!device || *device == '.' || strstr(device, "..")) {
		error_add(err, ERROR_HOST, "there is no block device %u:%u", major_n, minor_n);
		return NULL;
	}
	own_free char *path = xasprintf("/dev/%s", device);
	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(major_n, minor_n)) {
		error_add(err, ERROR_HOST, "%s is not the block device %u:%u", path, major_n,
			  minor_n);
		return NULL;
	}
	return steal(&path);
}

/* A disk that the host uses is never handed over: the kernel would not stop it. */
static bool block_is_free(struct keeper *k, const char *path, struct error **err)
{
	own_storage struct storage storage = {0};
	own_storage_claims struct storage_claims claims = {0};
	const struct block *block;

	storage_read(&storage, &k->root);
	block = storage_find(&storage, &k->root, path);
	if (!block) {
		error_add(err, ERROR_HOST, "%s is no block device that the kernel knows", path);
		return false;
	}
	if (!look_for_held_block(k, &storage, block, err))
		return false;
	storage_claims_of(&claims, &storage, block);
	if (claims.n == 0)
		return true;
	own_free char *words = storage_claim_text(&claims.v[0]);
	error_add(err, ERROR_HOST, "%s is the host's: %s", path, words);
	return false;
}

/* A node of that name could be anything's; the kernel knows whose its number is. */
static bool is_named_by_kernel(struct keeper *k, const char *path, const char *what,
			       struct error **err)
{
	struct stat st;
	own_fd int fd = open_node(path, &st, err);
	own_free char *uevent = NULL, *want = xasprintf("DEVNAME=%s\n", path + strlen("/dev/"));

	if (fd < 0)
		return false;
	if (S_ISCHR(st.st_mode))
		uevent = root_read(&k->root, "/sys/dev/char/%u:%u/uevent", major(st.st_rdev),
				   minor(st.st_rdev));
	if (uevent && strstr(uevent, want))
		return true;
	error_add(err, ERROR_HOST, "%s is no device of the kernel's: %s", path, what);
	return false;
}

/* The USB device of these numbers, if it is the one that was meant and the host can spare it. */
static bool usb_is_free(struct keeper *k, const struct intent *intent, const char *path,
			struct error **err)
{
	own_scene struct scene scene;
	own_free char *use = NULL;
	const struct usb_device *d = NULL;

	scene_read(&scene, &k->root);
	for (size_t i = 0; i < scene.usb.n && !d; i++)
		if (strcmp(scene.usb.v[i].node, path) == 0)
			d = &scene.usb.v[i];
	if (!d || ((uint32_t)d->vendor << 16 | d->product) != intent->grant.ids) {
		error_add(err, ERROR_HOST, "%s is no longer the device that was meant", path);
		return false;
	}
	use = usb_in_use(d, &scene.input, &scene.storage);
	if (use)
		error_add(err, ERROR_HOST, "%s %s", path, use);
	return !use;
}

static bool event_is_real(struct keeper *k, const struct intent *intent, const char *path,
			  struct error **err)
{
	own_input_list struct input_list list = {0};

	input_list_read(&list, &k->root);
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.v[i].node, path) == 0 &&
		    ((uint32_t)list.v[i].vendor << 16 | list.v[i].product) == intent->grant.ids)
			return true;
	error_add(err, ERROR_HOST, "%s is no longer the device that was meant", path);
	return false;
}

static bool node_is_free(struct keeper *k, const struct intent *intent, const char *path,
			 struct error **err)
{
	switch (intent->grant.node) {
	case NODE_BLOCK:
		return block_is_free(k, path, err);
	case NODE_KVMFR:
		return is_named_by_kernel(k, path, "kvmfr", err);
	case NODE_USB:
		return usb_is_free(k, intent, path, err);
	case NODE_EVENT:
		return event_is_real(k, intent, path, err);
	case NODE_TPM:
		return is_named_by_kernel(k, path, "TPM", err);
	default:
		return true;
	}
}

static char *node_path(struct keeper *k, const struct intent *intent, struct error **err)
{
	switch (intent->grant.node) {
	case NODE_KVM:
		return xstrdup("/dev/kvm");
	case NODE_BLOCK:
		return block_path(k, intent->grant.a, intent->grant.b, err);
	case NODE_KVMFR:
		return xasprintf("/dev/kvmfr%u", intent->grant.a);
	case NODE_USB:
		return xasprintf("/dev/bus/usb/%03u/%03u", intent->grant.a, intent->grant.b);
	case NODE_EVENT:
		return xasprintf("/dev/input/event%u", intent->grant.a);
	case NODE_VHOST:
		return xstrdup("/dev/vhost-net");
	case NODE_TPM:
		return xstrdup("/dev/tpm0");
	default:
		error_add(err, ERROR_HOST, "no such kind of node");
		return NULL;
	}
}

bool grant_node(struct keeper *k, const struct intent *intent, struct error **err)
{
	own_free char *path = node_path(k, intent, err);

	return path && node_is_free(k, intent, path, err) && grant_path(k, path, err);
}
