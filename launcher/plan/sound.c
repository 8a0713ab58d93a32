/* Where the guest's sound goes, and the card that it has for it. Which ways QEMU has is asked of it
 * (facts_screens), as each is a module of its own; which of those somebody listens at is told by
 * the user's session.
 */
#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"

/* QEMU's names of what the key's words mean; NULL: no card. */
static const struct sound_way {
	const char *driver, *word;
	enum package package;
	const char *unseen; /* how it shows that nobody plays it */
} WAY[SOUNDS] = {
	[SOUND_AUTO] = {NULL, "auto", PACKAGES, NULL},
	[SOUND_NONE] = {NULL, "none", PACKAGES, NULL},
	[SOUND_SPICE] = {"spice", "spice", PACKAGE_SPICE, NULL},
	[SOUND_DBUS] = {"dbus", "dbus", PACKAGE_QEMU_DBUS, NULL},
	[SOUND_PIPEWIRE] =
		{"pipewire", "pipewire", PACKAGE_QEMU_PIPEWIRE,
		 N_("no server is seen, as there is no pipewire-0 in XDG_RUNTIME_DIR; QEMU ends where it reaches none")},
	[SOUND_PULSE] =
		{"pa", "pulse", PACKAGE_QEMU_PULSE,
		 N_("no server is seen, as there is no pulse/native in XDG_RUNTIME_DIR; QEMU ends where it reaches none")},
	[SOUND_ALSA] = {"alsa", "alsa", PACKAGE_QEMU_ALSA, NULL},
};

/* Somebody sits before this host who uses the guest: else it may be a server, whose hardware is not
 * to hang on who is logged in.
 */
static bool is_used_here(const struct composer *c)
{
	return c->p->display.type.v == DISPLAY_GTK || c->p->display.type.v == DISPLAY_SDL ||
	       compose_has_gpu(c) || compose_has_input(c);
}

/* More than is_used_here() knows of are no fault: the answer is kept. */
bool plan_wants_screens(const struct profile *p, const struct plan_seat *seat)
{
	const struct display_section *d = &p->display;
	bool plays =
		seat->sound[SOUND_PIPEWIRE] || seat->sound[SOUND_PULSE] || seat->sound[SOUND_ALSA];

	return d->type.v >= DISPLAY_GTK || (d->type.v == DISPLAY_VNC && d->gl.v != WHEN_NO) ||
	       p->sound.type.v >= SOUND_DBUS ||
	       (p->sound.type.v == SOUND_AUTO && plays && (p->gpu.n || p->input.n));
}

static enum sound way_of(const struct composer *c)
{
	/* PipeWire's own socket is there without what plays sound to it, too: PulseAudio's, which
	 * pipewire-pulse has as well, is of a server of sound.
	 */
	static const enum sound played[] = {SOUND_PULSE, SOUND_PIPEWIRE, SOUND_ALSA};
	const struct qemu_facts *qemu = &c->facts->qemu;

	if (c->p->sound.type.v != SOUND_AUTO)
		return (enum sound)c->p->sound.type.v;
	if (compose_has_spice(c))
		return SOUND_SPICE;
	if (c->p->display.type.v == DISPLAY_DBUS && qemu_offers(qemu, QEMU_DRIVERS, "dbus"))
		return SOUND_DBUS;
	for (size_t i = 0; is_used_here(c) && i < ARRAY_SIZE(played); i++)
		if (c->in->seat.sound[played[i]] &&
		    qemu_offers(qemu, QEMU_DRIVERS, WAY[played[i]].driver))
			return played[i];
	return SOUND_NONE;
}

bool compose_sound_is_dbus(const struct composer *c)
{
	return way_of(c) == SOUND_DBUS;
}

/* What a key asks for: what is chosen by itself is there. */
static void check_way(struct composer *c, enum sound way)
{
	const struct choice *type = &c->p->sound.type;
	const struct qemu_facts *qemu = &c->facts->qemu;
	const char *key = compose_key(c, &type->at);

	if (type->v == SOUND_AUTO)
		return;
	if (way == SOUND_SPICE && !compose_has_spice(c))
		compose_wrong(c, type->at, "%s = spice needs %s = spice", key,
			      compose_key(c, &c->p->display.type.at));
	if (way == SOUND_DBUS && c->p->display.type.v != DISPLAY_DBUS)
		compose_wrong(c, type->at, "%s = dbus needs %s = dbus", key,
			      compose_key(c, &c->p->display.type.at));
	if (qemu->offers[QEMU_DRIVERS].n && !qemu_offers(qemu, QEMU_DRIVERS, WAY[way].driver)) {
		own_free char *install =
			distribution_install(c->facts->distribution, WAY[way].package);

		compose_refuse(c, type->at, "%s = %s: QEMU %s has no -audiodev %s here: %s", key,
			       WAY[way].word, qemu->version, WAY[way].driver, install);
	} else if (WAY[way].unseen && !c->in->seat.sound[way]) {
		/* It may be elsewhere: QEMU's libraries look by files of their own too. */
		compose_note(c, "%s = %s: %s", key, WAY[way].word, tongue(WAY[way].unseen));
	}
}

static void add_card(struct composer *c, const char *driver, const char *id, const char *bus,
		     const char *place)
{
	struct option o = option_new(driver);

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	if (place)
		option_text(&o, "addr", place);
	else
		option_text(&o, "audiodev", "sound");
	compose_argument(c, "-device", option_done(&o), &c->p->sound.model.at, NULL);
}

static void add_usb_card(struct composer *c)
{
	struct option o = option_new("usb-audio");

	option_text(&o, "id", "codec");
	compose_usb_port(c, &o, NULL, "sound");
	option_text(&o, "audiodev", "sound");
	compose_argument(c, "-device", option_done(&o), &c->p->sound.model.at, NULL);
}

static void add_virtio_card(struct composer *c)
{
	const struct choice *model = &c->p->sound.model;
	own_free char *bus = NULL;

	if (!qemu_offers(&c->facts->qemu, QEMU_DEVICES, "virtio-sound-pci")) {
		compose_refuse(c, model->at,
			       "%s = virtio: QEMU %s has no virtio-sound-pci, which came with 8.2",
			       compose_key(c, &model->at), c->facts->qemu.version);
		return;
	}
	bus = compose_own_port(c, "sound");
	add_card(c, "virtio-sound-pci", "codec", bus, NULL);
}

void compose_sound(struct composer *c)
{
	const struct sound_section *s = &c->p->sound;
	enum sound way = way_of(c);
	/* There is nobody on a bus to whom a probe shows anything. */
	bool dumb = way == SOUND_DBUS && c->in->purpose == PURPOSE_PROBE;
	struct option o;

	if (!WAY[way].driver)
		return;
	check_way(c, way);
	o = option_new(dumb ? "none" : WAY[way].driver);
	option_text(&o, "id", "sound");
	/* Without it QEMU looks for a file of the server's number, which is not there yet where the
	 * session starts the server at the first connection.
	 */
	if (way == SOUND_PULSE && c->in->seat.pulse)
		option_text(&o, "server", c->in->seat.pulse);
	compose_argument(c, "-audiodev", option_done(&o), &s->type.at,
			 s->type.v != SOUND_AUTO ? NULL
			 : way == SOUND_SPICE || way == SOUND_DBUS
				 ? "sound to the client"
				 : N_("what plays sound in this session"));
	if (s->model.v == SOUND_USB) {
		add_usb_card(c);
	} else if (s->model.v == SOUND_VIRTIO) {
		add_virtio_card(c);
	} else {
		add_card(c, "ich9-intel-hda", "hda", "pcie.0", "1b.0");
		add_card(c, "hda-duplex", "codec", "hda.0", NULL);
	}
}
