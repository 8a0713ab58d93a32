/* Where the guest's sound goes, and the card that it has for it. No list of QEMU's tells which ways
 * it has here, as each is a module of its own: it says itself which package one is in.
 */
#include "base/alloc.h"
#include "compose.h"

/* QEMU's names of what the key's words mean; NULL: no card. */
static const char *driver_of(const struct composer *c)
{
	static const char *const DRIVER[] = {
		[SOUND_AUTO] = NULL,	       [SOUND_NONE] = NULL,  [SOUND_SPICE] = "spice",
		[SOUND_PIPEWIRE] = "pipewire", [SOUND_PULSE] = "pa", [SOUND_ALSA] = "alsa",
	};

	if (c->p->sound.type.v == SOUND_AUTO)
		return compose_has_spice(c) ? "spice" : NULL;
	return DRIVER[c->p->sound.type.v];
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

void compose_sound(struct composer *c)
{
	const struct sound_section *s = &c->p->sound;
	const char *driver = driver_of(c);
	struct option o;

	if (!driver)
		return;
	if (s->type.v == SOUND_SPICE && !compose_has_spice(c))
		compose_wrong(c, s->type.at, "%s = spice needs %s = spice",
			      compose_key(c, &s->type.at), compose_key(c, &c->p->display.type.at));
	o = option_new(driver);
	option_text(&o, "id", "sound");
	compose_argument(c, "-audiodev", option_done(&o), &s->type.at,
			 s->type.v == SOUND_AUTO ? "sound to the client" : NULL);
	if (s->model.v == SOUND_USB) {
		o = option_new("usb-audio");
		option_text(&o, "id", "codec");
		compose_usb_port(c, &o, NULL, "sound");
		option_text(&o, "audiodev", "sound");
		compose_argument(c, "-device", option_done(&o), &s->model.at, NULL);
		return;
	}
	add_card(c, "ich9-intel-hda", "hda", "pcie.0", "1b.0");
	add_card(c, "hda-duplex", "codec", "hda.0", NULL);
}
