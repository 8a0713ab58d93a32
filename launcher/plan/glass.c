/* Looking Glass: a piece of memory that the guest writes pictures of its GPU into and a client on
 * the host shows. (LookingGlass, doc/install_libvirt.rst: rows of 4 bytes a pixel rounded to 256
 * bytes, three buffers, 4 MiB more, the next power of two.)
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

#define MIB (1UL << 20)
#define KVMFR "/dev/kvmfr0"
#define LAST_OLD 7 /* B7 */

uint64_t glass_size(uint64_t width, uint64_t height)
{
	uint64_t bytes = (width * 4 + 255) / 256 * 256 * height * 3 + 4 * MIB, size = MIB;

	while (size < bytes)
		size <<= 1;
	return size;
}

static uint64_t wanted_size(struct composer *c)
{
	const struct glass_section *g = &c->p->glass;
	const struct resolution *screen = &g->resolution;
	uint64_t needed = glass_size(screen->width, screen->height);

	if (g->size.automatic)
		return needed;
	/* QEMU aborts on any other (an assertion about BARs). */
	if (g->size.v & (g->size.v - 1))
		compose_wrong(c, g->size.at, "%s: not a power of two",
			      compose_key(c, &c->p->glass.size.at));
	else if (g->size.v < needed)
		compose_note(c, "%s: %lu MiB are too little for %ux%u, which needs %lu MiB",
			     compose_key(c, &c->p->glass.size.at), g->size.v / MIB, screen->width,
			     screen->height, needed / MIB);
	return g->size.v;
}

/* Opening it is a change of the host, by a keeper who may ask for a password: where there is none
 * for another reason, only by the profile's word.
 */
static bool may_have_opened(const struct composer *c)
{
	return c->p->glass.backend.v == GLASS_KVMFR ? !c->in->no_devices : c->claims_device;
}

/* Today's guest part, the virtual display, speaks to a client of its own release alone;
 * distributions package B7, which knows only the older host program (LookingGlass, doc/).
 */
char *plan_glass_old(const char *release)
{
	char *rest = NULL;
	unsigned long number =
		release && *release == 'B' ? strtoul(release + 1, &rest, 10) : LAST_OLD + 1;

	/* "B6-112-g1a2b3c4d5e" lies between B6 and B7, "B7-rc1" before B7, "B7-377-g..." behind it.
	 */
	if (number > LAST_OLD || rest == release + 1 ||
	    (number == LAST_OLD && *rest && !text_starts(rest, "-rc")))
		return NULL;
	return xasprintf(
		"the client of the last start is Looking Glass %s, which shows the older host program's picture and not the virtual display's",
		release);
}

bool compose_glass_is_whole(const struct composer *c)
{
	own_free char *old = plan_glass_old(c->in->glass_release);

	return c->in->glass_release && !old && c->p->sound.type.v != SOUND_SPICE &&
	       c->p->sound.type.v != SOUND_AUTO;
}

char *plan_glass_foreign(const char *path, const char *owner)
{
	return xasprintf(
		"the shared memory %s is there already and belongs to %s, as a start by sudo or by another program leaves it: when nothing uses it any more, remove it (sudo rm %s), or name another file",
		path, owner, path);
}

bool compose_kvmfr_closed(const struct composer *c)
{
	return c->glass_file && strcmp(c->glass_file, KVMFR) == 0 && !c->facts->glass.kvmfr_open;
}

/* The file to map; a plain one is made by us with the right size and mode. */
static const char *choose_file(struct composer *c, uint64_t size, const char **why)
{
	const struct glass_section *g = &c->p->glass;
	const struct glass_facts *host = &c->facts->glass;
	bool large = !host->kvmfr_size || host->kvmfr_size >= size;
	bool open = host->kvmfr_open || may_have_opened(c);

	if (host->kvmfr_stale)
		compose_note(
			c,
			"%s is no device but a file that somebody's QEMU made: remove it, and load the module kvmfr before",
			KVMFR);
	*why = N_("the module's device");
	if (host->kvmfr && large && open && g->backend.v != GLASS_SHM)
		return KVMFR;
	*why = N_("a file of this user's");
	if (host->kvmfr && !open && g->backend.v != GLASS_SHM) {
		compose_note(
			c,
			"you may not open %s: a plain file takes its place; a rule of udev's, or %s = kvmfr, changes that",
			KVMFR, compose_key(c, &c->p->glass.backend.at));
		return g->file.v;
	}
	if (host->kvmfr && g->backend.v == GLASS_AUTO)
		compose_note(
			c,
			"%s has %lu MiB, %lu are needed: a plain file takes its place; load kvmfr with static_size_mb=%lu to have it",
			KVMFR, host->kvmfr_size / MIB, size / MIB, size / MIB);
	if (g->backend.v == GLASS_KVMFR && host->kvmfr)
		compose_refuse(
			c, g->backend.at,
			"%s: %s has %lu MiB, %lu are needed: load kvmfr with static_size_mb=%lu",
			compose_key(c, &c->p->glass.backend.at), KVMFR, host->kvmfr_size / MIB,
			size / MIB, size / MIB);
	else if (g->backend.v == GLASS_KVMFR)
		compose_refuse(
			c, g->backend.at,
			"%s: there is no device %s: load the module kvmfr with static_size_mb=%lu",
			compose_key(c, &c->p->glass.backend.at), KVMFR, size / MIB);
	return g->file.v;
}

void compose_glass(struct composer *c)
{
	const struct resolution *resolution = &c->p->glass.resolution;
	const char *file, *why;
	struct option o;
	uint64_t size;

	if (!resolution->width) {
		if (!c->p->glass.size.automatic || c->p->glass.backend.v == GLASS_KVMFR)
			compose_note(
				c,
				"[looking-glass] has no effect without %s, that of the guest's screen (such as 2560x1440)",
				compose_key(c, &resolution->at));
		return;
	}
	size = wanted_size(c);
	file = choose_file(c, size, &why);
	compose_prepare_shared(c, strcmp(file, KVMFR) == 0 ? PREPARE_DEVICE : PREPARE_SHARED, file,
			       size);
	if (strcmp(file, KVMFR) != 0 && c->in->glass_owner) {
		own_free char *words = plan_glass_foreign(file, c->in->glass_owner);

		compose_refuse(c, c->p->glass.file.at, "%s", words);
	}
	c->shared_bytes += size;
	if (strcmp(file, KVMFR) != 0)
		c->shared_new += size;
	c->glass_file = file;
	o = option_new("memory-backend-file");
	option_text(&o, "id", "looking-glass");
	option_text(&o, "mem-path", file);
	option_number(&o, "size", size);
	option_on(&o, "share", true);
	compose_argument(c, "-object", option_done(&o), &c->p->glass.backend.at, why);
	o = option_new("ivshmem-plain");
	option_text(&o, "id", "glass");
	option_text(&o, "memdev", "looking-glass");
	option_text(&o, "bus", "pcie.0");
	option_slot(&o, "addr", 0x10, 0);
	compose_argument(c, "-device", option_done(&o), &resolution->at,
			 "no balloon and no tablet beside it");
}
