/* vGPUs: mediated devices that a GPU's own driver makes, while the GPU stays the host's.
 *
 * The keeper makes one for the machine's life. Its UUID is the same on every start, so one that is
 * there already, of the same type on the same GPU, is taken for the user's own: it is used as it is
 * and stays.
 *
 * Its picture comes as a piece of memory, which any display can show, or as a dma-buf, which needs
 * OpenGL (QEMU's hw/vfio/display.c). Which of the two is known of i915 alone: a dma-buf.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "devices.h"

#define NOHOTPLUG "vfio-pci-nohotplug"

/* ------------------------------------------------------------------ keys */

static bool is_given(struct origin at)
{
	return at.kind != ORIGIN_DEFAULT;
}

/* By itself only where it is known that there is one and that it can be shown. */
static bool shows_picture(const struct composer *c, const struct gpu *gpu,
			  const struct pci_function *f)
{
	bool wanted = gpu->ramfb.v || gpu->xres.v || gpu->yres.v ||
		      (pci_has_driver(f, "i915") && compose_has_gl(c));

	return gpu->display.v == ONOFF_ON || (gpu->display.v == ONOFF_AUTO && wanted);
}

/* What only a whole card has. */
static void check_card_keys(struct composer *c, const struct gpu *gpu)
{
	const struct {
		bool given;
		const struct origin *at;
	} card[] = {
		{is_given(gpu->functions.at), &gpu->functions.at},
		{is_given(gpu->layout.at), &gpu->layout.at},
		{gpu->rom_acpi.v == WHEN_YES, &gpu->rom_acpi.at},
		{gpu->dsm.v, &gpu->dsm.at},
		{gpu->x_vga.v, &gpu->x_vga.at},
		{gpu->keep_awake.v, &gpu->keep_awake.at},
		{gpu->reset.v != RESET_AUTO, &gpu->reset.at},
		{gpu->vf.v, &gpu->vf.at},
	};

	for (size_t i = 0; i < ARRAY_SIZE(card); i++)
		if (card[i].given)
			compose_wrong(
				c, *card[i].at,
				"%s: a vGPU (mdev) has none; it is for a GPU that is passed as a whole",
				compose_key(c, card[i].at));
	if (gpu->ids.n > 1)
		compose_wrong(c, gpu->ids.at, "%s: %zu ids for one function",
			      compose_key(c, &gpu->ids.at), gpu->ids.n);
}

static void check_picture_keys(struct composer *c, const struct gpu *gpu)
{
	bool off = gpu->display.v == ONOFF_OFF;

	if (gpu->ramfb.v && off)
		compose_wrong(c, gpu->ramfb.at, "%s needs display = on",
			      compose_key(c, &gpu->ramfb.at));
	if ((gpu->xres.v || gpu->yres.v) && off)
		compose_wrong(c, gpu->xres.v ? gpu->xres.at : gpu->yres.at,
			      "%s and yres need display = on", compose_key(c, &gpu->xres.at));
	if (!gpu->xres.v != !gpu->yres.v)
		compose_wrong(c, gpu->xres.v ? gpu->xres.at : gpu->yres.at,
			      "%s and yres belong together: give both or neither",
			      compose_key(c, &gpu->xres.at));
}

/* What only a vGPU has. */
void devices_check_whole(struct composer *c, const struct gpu *gpu)
{
	const struct {
		bool given;
		const struct origin *at;
	} only[] = {
		{gpu->uuid.given, &gpu->uuid.at}, {gpu->display.v == ONOFF_ON, &gpu->display.at},
		{gpu->ramfb.v, &gpu->ramfb.at},	  {gpu->xres.v, &gpu->xres.at},
		{gpu->yres.v, &gpu->yres.at},
	};

	for (size_t i = 0; i < ARRAY_SIZE(only); i++)
		if (only[i].given)
			compose_wrong(
				c, *only[i].at,
				"%s: only a vGPU (%s) has it; a whole card's picture goes to its own connectors",
				compose_key(c, only[i].at), compose_key(c, &gpu->mdev.at));
	devices_check_vf_keys(c, gpu);
}

/* ------------------------------------------------------------------ the parent */

/* Windows asks for registers that KVM does not know, and stops where that is an error. */
static void note_msrs(struct composer *c, const struct pci_function *f)
{
	const struct gvt *gvt = &c->facts->devices.gvt;

	if (pci_has_driver(f, "i915") && gvt->kvm && !gvt->ignores_msrs)
		compose_note(
			c,
			"GVT-g wants kvm.ignore_msrs=1, without which a guest's driver may stop with an error: echo 1 > /sys/module/kvm/parameters/ignore_msrs, or as a boot option");
}

/* How many of the type were planned for the parent already. */
static unsigned mdev_planned(const struct composer *c, const struct gpu *gpu,
			     const struct pci_function *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->mdevs; i++)
		n += c->mdev[i].parent == f && !c->mdev[i].there &&
		     strcmp(c->mdev[i].gpu->mdev.v, gpu->mdev.v) == 0;
	return n;
}

static void check_new(struct composer *c, const struct gpu *gpu, const struct pci_function *f)
{
	const struct scene *scene = &c->facts->devices;
	own_error struct error *why = NULL;

	mdev_can_be_made(&scene->mdev, &scene->gvt, f, gpu->mdev.v, mdev_planned(c, gpu, f), &why);
	for (size_t i = 0; why && i < error_count(why); i++)
		compose_refuse(c, gpu->mdev.at, "%s", error_message(why, i));
}

/* ------------------------------------------------------------------ one that is there */

static void check_there(struct composer *c, const struct gpu *gpu, const struct mdev *there,
			const struct pci_function *f)
{
	const struct scene *d = &c->facts->devices;
	own_free char *node = xasprintf("/dev/vfio/%d", there->group);
	own_free char *another = mdev_is_another(there, &f->address, gpu->mdev.v);

	if (another) {
		compose_refuse(
			c, gpu->uuid.at,
			"%s: give %s, or remove it (echo 1 > /sys/bus/mdev/devices/%s/remove)",
			another, compose_key(c, &gpu->uuid.at), there->uuid);
		return;
	}
	for (size_t i = 0; i < d->holders.n; i++) {
		const struct holder *h = &d->holders.v[i];
		own_free char *comm = text_quote(h->comm, 32);

		if (strcmp(d->nodes.v[h->node].path, node) == 0)
			compose_refuse(c, gpu->uuid.at,
				       "the vGPU %s is in use by %s (pid %d, user %s, %s)",
				       there->uuid, comm, (int)h->pid, h->user ? h->user : "?",
				       node);
	}
}

/* ------------------------------------------------------------------ all */

static void choose_uuid(struct composer *c, struct mdev_place *place)
{
	const struct gpu *gpu = place->gpu;
	own_free char *name = item_text(&gpu->item), *word = xasprintf("mdev %s", name);

	if (gpu->uuid.given)
		memcpy(place->id, gpu->uuid.v, sizeof(place->id));
	else
		compose_uuid(c, word, place->id);
	uuid_format(place->id, place->uuid);
	for (size_t i = 0; i < c->mdevs; i++)
		if (strcmp(c->mdev[i].uuid, place->uuid) == 0)
			compose_wrong(c, gpu->uuid.at, "%s: another section has %s already",
				      compose_key(c, &gpu->uuid.at), place->uuid);
}

static void add_place(struct composer *c, const struct wanted *w, const struct pci_function *f)
{
	struct mdev_place place = {.gpu = w->gpu, .parent = f};
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(&f->address, address);
	choose_uuid(c, &place);
	place.there = mdev_find(&c->facts->devices.mdev, place.uuid);
	if (pci_set_has(&c->claimed, f))
		compose_wrong(
			c, w->device->at,
			"%s is passed as a whole by another section: it cannot make vGPUs then",
			address);
	else if (f->locked)
		compose_refuse(c, w->device->at, "%s: the kernel is still busy with it", address);
	else if (place.there)
		check_there(c, w->gpu, place.there, f);
	else
		check_new(c, w->gpu, f);
	note_msrs(c, f);
	if (c->mdevs == ARRAY_SIZE(c->mdev))
		compose_wrong(c, w->item->at, "more than %zu vGPUs", ARRAY_SIZE(c->mdev));
	else
		c->mdev[c->mdevs++] = place;
}

/* Whether QEMU is told to use OpenGL by an argument of the profile's own. */
static bool has_raw_opengl(const struct composer *c)
{
	const struct strings *arg = &c->p->qemu.arg;

	if (compose_has_gl(c))
		return true;
	for (size_t i = 0; i < arg->n; i++)
		if (strstr(arg->v[i], "gl=on") || strstr(arg->v[i], "egl-headless"))
			return true;
	return false;
}

static void check_picture(struct composer *c, const struct gpu *gpu, const struct pci_function *f)
{
	own_free char *name = item_text(&gpu->item);

	if (!shows_picture(c, gpu, f) || has_raw_opengl(c))
		return;
	c->wants_gl = c->wants_gl || pci_has_driver(f, "i915");
	if (compose_has_gl(c))
		return;
	if (pci_has_driver(f, "i915"))
		compose_refuse(
			c, gpu->display.at,
			"%s: GVT-g's picture (a dma-buf) needs OpenGL in QEMU: %s = spice, without %s = no",
			compose_key(c, &gpu->display.at), compose_key(c, &c->p->display.type.at),
			compose_key(c, &c->p->display.gl.at));
	else
		compose_note(
			c,
			"%s: if the vGPU's picture is a dma-buf, QEMU needs OpenGL to show it and ends at once without: %s = yes",
			name, compose_key(c, &c->p->display.gl.at));
}

static void check_ramfb(struct composer *c)
{
	const struct gpu *first = NULL;

	for (size_t i = 0; i < c->mdevs; i++) {
		const struct gpu *gpu = c->mdev[i].gpu;

		if (!gpu->ramfb.v)
			continue;
		if (first)
			compose_wrong(c, gpu->ramfb.at, "%s: one vGPU can have it",
				      compose_key(c, &gpu->ramfb.at));
		first = gpu;
	}
	if (first && !qemu_offers(&c->facts->qemu, QEMU_DEVICES, NOHOTPLUG))
		compose_refuse(c, first->ramfb.at, "%s: QEMU %s has no device " NOHOTPLUG,
			       compose_key(c, &first->ramfb.at), c->facts->qemu.version);
}

void compose_mdevs(struct composer *c)
{
	struct wanted list[WANTED];
	size_t n = devices_wanted(c->p, list);

	for (size_t i = 0; i < n; i++) {
		own_pci_set struct pci_set parent = {0};

		if (list[i].gpu && !wants_mdev(&list[i]))
			devices_check_whole(c, list[i].gpu);
		if (!wants_mdev(&list[i]))
			continue;
		check_card_keys(c, list[i].gpu);
		check_picture_keys(c, list[i].gpu);
		/* What cannot be found was told by plan_claims(). */
		if (!devices_find(c->p, c->facts, &list[i], &parent, NULL))
			continue;
		add_place(c, &list[i], parent.v[0]);
		check_picture(c, list[i].gpu, parent.v[0]);
	}
	check_ramfb(c);
}

/* ------------------------------------------------------------------ as what */

static void add_picture(const struct composer *c, struct option *o, const struct mdev_place *place)
{
	const struct gpu *gpu = place->gpu;

	if (shows_picture(c, gpu, place->parent))
		option_on(o, "display", true);
	if (gpu->ramfb.v)
		option_on(o, "ramfb", true);
	if (gpu->xres.v && gpu->yres.v) {
		option_number(o, "xres", gpu->xres.v);
		option_number(o, "yres", gpu->yres.v);
	}
}

/* Its own ids, unless the profile gives others: the host knows none for it. */
static bool identify_mdev(struct option *o, const struct gpu *gpu, unsigned id[4])
{
	if (gpu->ids.kind != IDS_GIVEN)
		return false;
	memcpy(id, gpu->ids.v[0], sizeof(gpu->ids.v[0]));
	devices_add_ids(o, id, 0);
	return true;
}

void devices_add_mdev(struct composer *c, const struct wanted *w)
{
	const struct gpu *gpu = w->gpu;
	const struct mdev_place *place = NULL;
	own_free char *id = compose_id(w->item), *bus = NULL, *path = NULL, *why = NULL;
	unsigned given[4];
	bool known;
	struct option o;

	for (size_t i = 0; i < c->mdevs; i++)
		if (c->mdev[i].gpu == gpu)
			place = &c->mdev[i];
	if (!place)
		return;
	bus = devices_gpu_bus(c, w, 0);
	path = xasprintf("/sys/bus/mdev/devices/%s", place->uuid);
	why = xasprintf(_("a vGPU of type %s"), gpu->mdev.v);
	o = option_new(gpu->ramfb.v ? NOHOTPLUG : "vfio-pci");
	option_text(&o, "sysfsdev", path);
	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	known = identify_mdev(&o, gpu, given);
	devices_add_rom(c, &o, gpu, 0, known ? given : NULL);
	devices_check_roms(c, gpu, 1);
	add_picture(c, &o, place);
	devices_add_opregion(&o, gpu, place->parent->vendor);
	compose_argument(c, "-device", option_done(&o), &gpu->mdev.at, why);
}
