/* What QEMU shows itself: a window in the user's session, an interface on the user's bus, or a
 * picture that is drawn by the host's GPU and shown to nobody, which VNC with OpenGL is made of.
 * Each is a module that a distribution may have in a package of its own.
 *
 * A window whose close button is pressed stays: QEMU's own answer is to end at once, and with it a
 * guest that has not been told.
 */
#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"

struct screen {
	const char *name; /* of -display */
	enum package package;
	bool window, bus, node; /* it needs a session, a bus; it takes the GPU that draws */
	const char *why;
};

static const struct screen GTK = {"gtk", PACKAGE_QEMU_GTK, .window = true,
				  .why = N_("a window of QEMU's own")};
static const struct screen SDL = {"sdl", PACKAGE_QEMU_SDL, .window = true,
				  .why = N_("a window of QEMU's own")};
static const struct screen DBUS = {"dbus", PACKAGE_QEMU_DBUS, .bus = true, .node = true,
				   .why = N_("on your session's bus, as org.qemu")};
static const struct screen EGL = {"egl-headless", PACKAGE_QEMU_EGL, .node = true,
				  .why = N_("drawn by the host's GPU, in no window")};

static bool has_screen(const struct composer *c, const struct screen *screen)
{
	const struct qemu_facts *qemu = &c->facts->qemu;

	return !qemu->offers[QEMU_DISPLAYS].n || qemu_offers(qemu, QEMU_DISPLAYS, screen->name);
}

static const struct screen *screen_of(const struct composer *c)
{
	const struct display_section *d = &c->p->display;

	switch (d->type.v) {
	case DISPLAY_GTK:
		return &GTK;
	case DISPLAY_SDL:
		return &SDL;
	case DISPLAY_DBUS:
		return &DBUS;
	case DISPLAY_EGL:
		return &EGL;
	case DISPLAY_VNC: /* which reads back what is drawn */
		return d->gl.v == WHEN_YES || (d->gl.v == WHEN_AUTO && d->render_node.v &&
					       has_screen(c, &EGL))
			       ? &EGL
			       : NULL;
	default:
		return NULL;
	}
}

bool compose_has_window(const struct composer *c)
{
	return screen_of(c);
}

static void check_screen(struct composer *c, const struct screen *screen)
{
	const struct qemu_facts *qemu = &c->facts->qemu;
	const struct choice *type = &c->p->display.type;
	const char *key = compose_key(c, &type->at);

	if (!has_screen(c, screen)) {
		const struct origin *asks =
			type->v == DISPLAY_VNC ? &c->p->display.gl.at : &type->at;
		own_free char *install =
			distribution_install(c->facts->distribution, screen->package);

		compose_refuse(c, *asks, "%s: QEMU %s has no -display %s here: %s",
			       compose_key(c, asks), qemu->version, screen->name, install);
	}
	if (screen->window && !c->in->seat.screen)
		compose_refuse(
			c, type->at,
			"%s = %s: neither WAYLAND_DISPLAY nor DISPLAY is set: there is no session to show a window in",
			key, screen->name);
	if (screen->bus && !c->in->seat.bus)
		compose_refuse(
			c, type->at,
			"%s = %s: there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set, nor is there a socket named bus in XDG_RUNTIME_DIR",
			key, screen->name);
}

void compose_screen(struct composer *c)
{
	const struct screen *screen = screen_of(c);
	const struct text *node = &c->p->display.render_node;
	struct option o;

	if (!screen || c->in->purpose == PURPOSE_PROBE)
		return;
	check_screen(c, screen);
	o = option_new(screen->name);
	if (screen->window)
		option_on(&o, "window-close", false);
	if (screen->window || screen->bus)
		option_on(&o, "gl", compose_has_gl(c));
	if (screen->node && node->v && compose_has_gl(c))
		option_text(&o, "rendernode", node->v);
	if (screen->bus && compose_sound_is_dbus(c))
		option_text(&o, "audiodev", "sound");
	compose_argument(c, "-display", option_done(&o), &c->p->display.type.at, screen->why);
}
