/* Picture, input and clipboard over SPICE, or picture and input over VNC, on a socket in the
 * runtime directory; or what QEMU shows itself (screen.c).
 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"

static bool has_spice(const struct composer *c)
{
	return qemu_offers(&c->facts->qemu, QEMU_OPTIONS, "spice");
}

static bool is_spice(const struct composer *c)
{
	const struct display_section *d = &c->p->display;

	if (d->type.v == DISPLAY_AUTO)
		return c->p->glass.resolution.width && has_spice(c) && !compose_glass_is_whole(c);
	return d->type.v == DISPLAY_SPICE;
}

static bool is_vnc(const struct composer *c)
{
	return c->p->display.type.v == DISPLAY_VNC;
}

static void check_spice(struct composer *c)
{
	const struct choice *type = &c->p->display.type;
	own_free char *install = NULL;

	if (has_spice(c))
		return;
	install = distribution_install(c->facts->distribution, PACKAGE_SPICE);
	if (type->v == DISPLAY_SPICE)
		compose_refuse(c, type->at, "%s = spice: QEMU %s has no SPICE here: %s",
			       compose_key(c, &c->p->display.type.at), c->facts->qemu.version,
			       install);
	else if (type->v == DISPLAY_AUTO && c->p->glass.resolution.width &&
		 !compose_glass_is_whole(c))
		compose_note(
			c,
			"Looking Glass has neither sound nor mouse and keyboard: QEMU %s has no SPICE here: %s",
			c->facts->qemu.version, install);
}

/* By the profile alone: the guest sees the same machine when devices are left out of a probe. */
static bool wants_video(const struct composer *c)
{
	if (c->p->display.video.v != WHEN_AUTO)
		return c->p->display.video.v == WHEN_YES;
	for (size_t i = 0; i < c->p->gpu.n; i++)
		if (c->p->gpu.v[i]->enabled.v)
			return false;
	return is_spice(c) || is_vnc(c) || compose_has_window(c);
}

static void add_video(struct composer *c)
{
	struct option o = option_new("VGA");

	option_text(&o, "id", "video");
	option_text(&o, "bus", "pcie.0");
	option_slot(&o, "addr", 0x1c, 0);
	compose_argument(c, "-device", option_done(&o), &c->p->display.video.at,
			 "works without a driver");
}

/* Channels for USB devices of the client's: each carries one, and has a port of its own. */
static void add_redirection(struct composer *c)
{
	const struct number *redirect = &c->p->display.usb_redirect;

	if (!redirect->v)
		return;
	if (!qemu_offers(&c->facts->qemu, QEMU_DEVICES, "usb-redir"))
		compose_refuse(c, redirect->at, "%s: QEMU %s is built without usb-redir",
			       compose_key(c, &redirect->at), c->facts->qemu.version);
	for (uint64_t i = 1; i <= redirect->v; i++) {
		own_free char *id = xasprintf("redirect%lu", i);
		own_free char *channel = xasprintf("redirection%lu", i);
		struct option o = option_new("spicevmc");

		option_text(&o, "id", channel);
		option_text(&o, "name", "usbredir");
		compose_argument(c, "-chardev", option_done(&o), &redirect->at, NULL);
		o = option_new("usb-redir");
		option_text(&o, "id", id);
		option_text(&o, "chardev", channel);
		compose_usb_port(c, &o, NULL, id);
		compose_argument(c, "-device", option_done(&o), &redirect->at,
				 "for a USB device of the client's");
	}
}

static void add_agent(struct composer *c)
{
	struct option o = option_new("spicevmc");

	compose_serial_bus(c);
	option_text(&o, "id", "agent");
	option_text(&o, "name", "vdagent");
	compose_argument(c, "-chardev", option_done(&o), &c->p->display.type.at, "clipboard");
	o = option_new("virtserialport");
	option_text(&o, "id", "agentport");
	option_text(&o, "bus", "agentbus.0");
	option_number(&o, "nr", 1);
	option_text(&o, "chardev", "agent");
	option_text(&o, "name", "com.redhat.spice.0");
	compose_argument(c, "-device", option_done(&o), &c->p->display.type.at, NULL);
}

static void add_usb(struct composer *c, const char *driver, const char *id, const char *why)
{
	struct option o = option_new(driver);

	option_text(&o, "id", id);
	compose_usb_port(c, &o, NULL, id);
	compose_argument(c, "-device", option_done(&o), &c->p->display.usb_mouse.at, why);
}

/* A pointer that is where the user's is, in a window; those with a viewer have a mouse. */
static void add_input(struct composer *c)
{
	if (!c->p->display.usb_mouse.v)
		return;
	if (compose_has_window(c) && !is_vnc(c))
		add_usb(c, "usb-tablet", "mouse",
			N_("the pointer is where yours is in the window"));
	else
		add_usb(c, "usb-mouse", "mouse", N_("not PS/2, and no tablet"));
	add_usb(c, "usb-kbd", "keyboard", NULL);
}

bool compose_has_spice(const struct composer *c)
{
	return is_spice(c);
}

char *compose_spice_socket(const struct composer *c)
{
	return is_spice(c) ? path_join(c->plan->runtime_dir, "spice.sock") : NULL;
}

bool compose_has_gl(const struct composer *c)
{
	const struct display_section *d = &c->p->display;

	if (d->type.v == DISPLAY_EGL)
		return true;
	return (is_spice(c) || compose_has_window(c)) &&
	       (d->gl.v == WHEN_YES || (d->gl.v == WHEN_AUTO && (d->render_node.v || c->wants_gl)));
}

/* SPICE passes descriptors of video memory, which only a unix socket can. */
static void add_gl(struct composer *c, struct option *o)
{
	const struct display_section *d = &c->p->display;

	if (!compose_has_gl(c))
		return;
	option_on(o, "gl", true);
	if (d->render_node.v)
		option_text(o, "rendernode", d->render_node.v);
}

/* VNC with OpenGL is what QEMU lacks, and VNC is there without. */
static void note_no_egl(struct composer *c)
{
	own_free char *install = distribution_install(c->facts->distribution, PACKAGE_QEMU_EGL);

	compose_note(c, "%s is not used: QEMU %s has no -display egl-headless here: %s",
		     compose_key(c, &c->p->display.render_node.at), c->facts->qemu.version,
		     install);
}

static void check_kind(struct composer *c)
{
	const struct display_section *d = &c->p->display;

	if (d->usb_redirect.v && !is_spice(c))
		compose_wrong(c, d->usb_redirect.at, "%s needs %s = spice",
			      compose_key(c, &d->usb_redirect.at), compose_key(c, &d->type.at));
	if (d->gl.v == WHEN_YES && !is_spice(c) && !is_vnc(c) && !compose_has_window(c))
		compose_wrong(c, d->gl.at, "%s needs %s: there is no display that is drawn",
			      compose_key(c, &d->gl.at), compose_key(c, &d->type.at));
	else if (d->render_node.v && is_vnc(c) && d->gl.v == WHEN_AUTO && !compose_has_gl(c))
		note_no_egl(c);
	else if (d->render_node.v && !compose_has_gl(c))
		compose_note(c, "%s is not used: %s%s", compose_key(c, &d->render_node.at),
			     d->gl.v == WHEN_NO ? compose_key(c, &d->gl.at) : "there is no display",
			     d->gl.v == WHEN_NO ? " = no" : "");
	else if (d->render_node.v && (d->type.v == DISPLAY_GTK || d->type.v == DISPLAY_SDL))
		compose_note(c, "%s is not used: a window is drawn by the GPU of its screen",
			     compose_key(c, &d->render_node.at));
}

/* Nobody asks for a password there: whoever can open the socket is the user. */
static void add_vnc(struct composer *c)
{
	const struct choice *type = &c->p->display.type;
	own_free char *path = path_join(c->plan->runtime_dir, "vnc.sock");
	own_free char *where = xasprintf("unix:%s", path), *word = text_word(path);
	struct option o = option_new(NULL);

	if (!qemu_offers(&c->facts->qemu, QEMU_OPTIONS, "vnc"))
		compose_refuse(c, type->at, "%s = vnc: QEMU %s is built without it",
			       compose_key(c, &type->at), c->facts->qemu.version);
	option_text(&o, "vnc", where);
	compose_argument(c, "-vnc", option_done(&o), &type->at,
			 "nobody else can reach the socket's directory");
	compose_note(c, "its picture: vncviewer %s   # TigerVNC's", word);
	add_input(c);
}

void compose_display(struct composer *c)
{
	const struct display_section *d = &c->p->display;
	own_free char *path = compose_spice_socket(c);
	struct option o;

	check_spice(c);
	check_kind(c);
	if (wants_video(c))
		add_video(c);
	if (is_vnc(c))
		add_vnc(c);
	if (compose_has_window(c))
		compose_screen(c);
	if (compose_has_window(c) && !is_vnc(c))
		add_input(c);
	if (is_vnc(c) || compose_has_window(c))
		return;
	if (!path && compose_has_input(c))
		add_input(c);
	if (!path)
		return;
	o = option_new(NULL);
	option_on(&o, "unix", true);
	option_text(&o, "addr", path);
	option_on(&o, "disable-ticketing", true);
	option_text(&o, "image-compression", "off");
	add_gl(c, &o);
	compose_argument(c, "-spice", option_done(&o), &d->type.at,
			 "nobody else can reach the socket's directory");
	add_agent(c);
	add_input(c);
	add_redirection(c);
}
