/* Directories of the host's that a guest mounts: by virtiofsd beside QEMU, as the user and in a
 * namespace of its own, or by QEMU itself with 9p, which costs several times the processor time
 * (a large file five times, listing eight) and no memory that is shared. virtiofsd answers QEMU at
 * a socket that has to have a path, as QEMU hands it memory over it, which it does over no socket
 * that it was given.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

#define TAG_LIMIT 36	/* bytes: virtio specification, 5.11.4 */
#define TAG_LIMIT_9P 31 /* QEMU, hw/9pfs/9p.h: MAX_TAG_LEN with its NUL */

/* Why virtiofs cannot be had, which the caller owns; NULL: it can. */
static char *share_lack(const struct composer *c)
{
	own_free char *install = NULL;

	if (c->p->memory.shared.v == WHEN_NO)
		return xasprintf(_("%s = no, and it needs that"),
				 compose_key(c, &c->p->memory.shared.at));
	if (!qemu_offers(&c->facts->qemu, QEMU_DEVICES, VIRTIOFS_DEVICE))
		return xasprintf(_("QEMU %s is built without it"), c->facts->qemu.version);
	if (!compose_program(c, VIRTIOFSD)) {
		install = distribution_install(c->facts->distribution, PACKAGE_VIRTIOFSD);
		return xasprintf(_("there is no program %s: %s"), VIRTIOFSD, install);
	}
	if (c->in->is_root)
		return xasprintf(
			_("as root without capabilities %s cannot make the sandbox that it lives in: %s names another user"),
			VIRTIOFSD, compose_key(c, &c->p->vm.user.at));
	if (c->facts->userns_closed)
		return xstrdup(
			"the kernel lets no user make a user namespace, which " VIRTIOFSD
			" lives in (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)");
	return NULL;
}

static bool is_wanted(const struct composer *c, const struct share *share)
{
	return share->item.enabled.v && c->in->purpose == PURPOSE_RUN;
}

static bool is_virtiofs(const struct composer *c, const struct share *share)
{
	own_free char *lacks = NULL;

	if (share->type.v == SHARE_9P || !is_wanted(c, share))
		return false;
	lacks = share_lack(c);
	return !lacks;
}

bool compose_has_virtiofs(const struct composer *c)
{
	for (size_t i = 0; i < c->p->share.n; i++)
		if (is_virtiofs(c, (const struct share *)c->p->share.v[i]))
			return true;
	return false;
}

static const char *tag_of(const struct share *share)
{
	return share->tag.v	   ? share->tag.v
	       : *share->item.name ? share->item.name
				   : share->item.section;
}

static void check_tag(struct composer *c, const struct share *share, size_t n, size_t limit)
{
	const char *tag = tag_of(share), *key = compose_key(c, &share->tag.at);

	if (strlen(tag) > limit)
		compose_wrong(c, share->tag.at, "%s: '%s' has %zu bytes, and %s takes at most %zu",
			      key, tag, strlen(tag), limit == TAG_LIMIT ? "virtiofs" : "9p", limit);
	for (size_t i = 0; i < n; i++) {
		const struct share *other = (const struct share *)c->p->share.v[i];
		own_free char *name = item_text(&other->item);

		if (other->item.enabled.v && strcmp(tag_of(other), tag) == 0)
			compose_wrong(
				c, share->tag.at,
				"%s: '%s' is the tag of [%s] already, and a guest mounts by it",
				key, tag, name);
	}
}

static void add_device(struct composer *c, const struct share *share, const char *driver,
		       const char *key, const char *id)
{
	own_free char *bus = compose_port(c, &share->item);
	own_free char *tag = text_word(tag_of(share));
	own_free char *why =
		xasprintf(_("in a Linux guest: mount -t %s %s /mnt"),
			  is_virtiofs(c, share) ? "virtiofs" : "9p -o trans=virtio", tag);
	struct option o = option_new(driver);

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	option_text(&o, key, id);
	option_text(&o, is_virtiofs(c, share) ? "tag" : "mount_tag", tag_of(share));
	compose_argument(c, "-device", option_done(&o), &share->tag.at, why);
}

static void add_virtiofs(struct composer *c, const struct share *share, const char *id)
{
	own_free char *title = item_text(&share->item);
	own_free char *name = xasprintf(VIRTIOFSD " (%s)", title);
	own_free char *loss = xasprintf(
		_("whatever uses %s in the guest hangs: shut the guest down, and start it anew"),
		title);
	struct plan_companion *companion = compose_companion(
		c, name, id, compose_program(c, VIRTIOFSD), loss, &share->path.at, NULL);
	struct option o = option_new("socket");

	if (!companion) {
		free(option_done(&o));
		return;
	}
	compose_companion_arg(companion, xstrdup("--fd"));
	compose_companion_arg(companion, xasprintf("%d", COMPANION_FD));
	compose_companion_arg(companion, xstrdup("--shared-dir"));
	compose_companion_arg(companion, xstrdup(share->path.v));
	if (share->read_only.v)
		compose_companion_arg(companion, xstrdup("--readonly"));
	option_text(&o, "id", id);
	option_text(&o, "path", compose_companion_socket(c, companion, id));
	compose_argument(c, "-chardev", option_done(&o), &share->path.at,
			 VIRTIOFSD " listens there");
	add_device(c, share, VIRTIOFS_DEVICE, "chardev", id);
}

/* mapped-xattr: owners, modes and links of the guest's are kept beside the files, and are none on
 * the host.
 */
static void add_9p(struct composer *c, const struct share *share, const char *id)
{
	struct option o = option_new("local");

	option_text(&o, "id", id);
	option_text(&o, "path", share->path.v);
	option_text(&o, "security_model", "mapped-xattr");
	option_text(&o, "multidevs", "remap");
	if (share->read_only.v)
		option_on(&o, "readonly", true);
	compose_argument(c, "-fsdev", option_done(&o), &share->path.at, NULL);
	add_device(c, share, "virtio-9p-pci", "fsdev", id);
}

void compose_shares(struct composer *c)
{
	own_free char *lacks = share_lack(c);

	for (size_t i = 0; i < c->p->share.n; i++) {
		const struct share *share = (const struct share *)c->p->share.v[i];
		own_free char *id = compose_id(&share->item), *title = item_text(&share->item);
		bool virtiofs = is_virtiofs(c, share);

		if (!is_wanted(c, share))
			continue;
		check_tag(c, share, i, virtiofs ? TAG_LIMIT : TAG_LIMIT_9P);
		if (share->type.v == SHARE_VIRTIOFS && lacks)
			compose_refuse(c, share->type.at, "%s = virtiofs: %s",
				       compose_key(c, &share->type.at), lacks);
		else if (!virtiofs && !qemu_offers(&c->facts->qemu, QEMU_DEVICES, "virtio-9p-pci"))
			compose_refuse(c, share->type.at, "%s: QEMU %s is built without 9p%s%s",
				       title, c->facts->qemu.version, lacks ? ", and " : "",
				       lacks ? lacks : "");
		else if (virtiofs)
			add_virtiofs(c, share, id);
		else
			add_9p(c, share, id);
		if (share->type.v == SHARE_AUTO && lacks)
			compose_note(c,
				     "%s is served by QEMU with 9p, which Windows cannot mount: %s",
				     title, lacks);
		if (c->in->ephemeral && !share->read_only.v)
			compose_note(c, "what the guest writes to %s stays", title);
	}
}
