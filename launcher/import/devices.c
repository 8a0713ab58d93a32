#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/text.h"

/* Of the domain's own: what was made above it by a snapshot, and a mirror that runs, are not the
 * disk. */
void import_take_run_time(xmlNode *device)
{
	static const char *const name[] = {"address", "alias", "backingStore", "model"};

	for (size_t i = 0; i < ARRAY_SIZE(name); i++)
		xml_take(xml_child(device, name[i]));
}

/* ------------------------------------------------------------------ networks */

/* How the guest's card reaches the world: the nearest that there is, and a word where it is another
 * thing. */
static void import_way(struct draft *d, xmlNode *node, const char *name, const char *type)
{
	xmlNode *source = xml_child(node, "source");
	own_free char *bridge = xml_attr(source, "bridge");
	own_free char *network = xml_attr(source, "network"), *dev = xml_attr(source, "dev");
	xmlNode *target = xml_child(node, "target");
	own_free char *how = xml_attr(source, "mode");
	bool ours = xml_has(target, "managed", "no");
	own_free char *tap = ours ? xml_attr(target, "dev") : NULL;

	if (strcmp(type, "bridge") == 0 && bridge && draft_knows("network", "bridge")) {
		draft_put(d, "network", name, "mode", "bridge");
		draft_put(d, "network", name, "bridge", bridge);
	} else if (strcmp(type, "direct") == 0 && dev &&
		   draft_takes("network", "mode", "macvtap") &&
		   (!how || strcmp(how, "bridge") == 0)) {
		draft_put(d, "network", name, "mode", "macvtap");
		draft_put(d, "network", name, "interface", dev);
	} else if (strcmp(type, "ethernet") == 0 && tap) {
		draft_put(d, "network", name, "mode", "tap");
		draft_put(d, "network", name, "tap", tap);
	} else if (strcmp(type, "user") == 0 || strcmp(type, "vhostuser") == 0) {
		bool passt = xml_has(xml_child(node, "backend"), "type", "passt");

		draft_put(d, "network", name, "mode", passt ? "passt" : "user");
		if (strcmp(type, "user") != 0 && !passt)
			draft_left(d, "network %s: a switch by vhost-user", name);
	} else {
		const char *what = bridge ? bridge : network ? network : dev;

		draft_put(d, "network", name, "mode", "user");
		draft_note(
			d,
			"network %s was %s%s%s and is NAT inside QEMU: the guest reaches the world, and is not reached from it",
			name, type, what ? " " : "", what ? what : "");
	}
}

/* <portForward proto='tcp'><range start='2022' to='22'/></portForward>, of passt. */
static void import_forwards(struct draft *d, xmlNode *node, const char *name)
{
	for (xmlNode *f = xml_child(node, "portForward"); f; f = xml_next(f)) {
		own_free char *protocol = xml_attr(f, "proto"), *address = xml_attr(f, "address");
		own_free char *shown = address ? xasprintf("%s:", address) : xstrdup("");

		for (xmlNode *r = xml_child(f, "range"); r; r = xml_next(r)) {
			own_free char *start = xml_attr(r, "start"), *end = xml_attr(r, "end");
			own_free char *to = xml_attr(r, "to");

			if (!protocol || !start || xml_has(r, "exclude", "yes") || (end && to)) {
				draft_left(d, "network %s: a portForward that is no plain one",
					   name);
				continue;
			}
			draft_putf(d, "network", name, "forward", "%s %s%s%s%s%s%s", protocol,
				   shown, start, end ? ".." : "", end ? end : "", to ? "-" : "",
				   to ? to : "");
		}
	}
}

static void import_interface(struct draft *d, xmlNode *node, size_t number)
{
	own_free char *type = xml_attr(node, "type"),
		      *mac = xml_attr(xml_child(node, "mac"), "address");
	own_free char *model = xml_attr(xml_child(node, "model"), "type");
	own_free char *name = number ? xasprintf("net%zu", number) : xstrdup("lan");

	xml_take(xml_child(node, "model"));
	if (type && strcmp(type, "hostdev") == 0) {
		draft_left(d,
			   "network %s: a network card of the host's, which a [pci] section takes",
			   name);
		xml_take(node);
		return;
	}
	import_way(d, node, name, type ? type : "user");
	import_forwards(d, node, name);
	if (mac)
		draft_put(d, "network", name, "mac", mac);
	if (model && strcmp(model, "virtio") != 0) {
		draft_put(d, "network", name, "model", "e1000e");
		if (strcmp(model, "e1000e") != 0)
			draft_note(d, "network %s is an e1000e, not %s", name, model);
	}
	import_take_run_time(node);
	import_boot(d, node, "network", name);
	/* Names of the host's own side. */
	xml_take(xml_child(node, "target"));
	for (xmlNode *p = xml_child(xml_child(node, "source"), "portid"); p; p = xml_next(p))
		xml_take(p);
}

/* ------------------------------------------------------------------ picture, sound, input */

/* libvirt's SDL is a window of the user's whose DISPLAY it names; its egl-headless draws for VNC.
 */
static void put_other_display(struct draft *d, xmlNode *g, const char *type)
{
	const char *before = draft_value(d, "display", "", "type");
	own_free char *node = xml_attr(xml_child(g, "gl"), "rendernode");
	bool vnc = before && strcmp(before, "vnc") == 0, egl = strcmp(type, "egl-headless") == 0;
	bool on = egl || xml_has(xml_child(g, "gl"), "enable", "yes");

	if (!draft_takes("display", "type", type) || (before && !(vnc && egl))) {
		draft_left(d, "graphics %s: a machine has one display", type);
		xml_take(g);
		return;
	}
	if (!before)
		draft_put(d, "display", "", "type", type);
	if (on && !(egl && !before))
		draft_put(d, "display", "", "gl", "yes");
	if (node)
		draft_put(d, "display", "", "render-node", node);
	if (strcmp(type, "vnc") == 0)
		draft_note(
			d,
			"VNC is on a socket of yours, without a password, not on a port; the start prints how to look at it");
	xml_take(g);
}

static bool import_graphics(struct draft *d, xmlNode *devices)
{
	static const char *const place[] = {"port", "autoport", "tlsPort", "listen", "socket"};
	bool spice = false;

	for (xmlNode *g = xml_child(devices, "graphics"); g; g = xml_next(g)) {
		own_free char *type = xml_attr(g, "type");
		xmlNode *gl = xml_child(g, "gl");
		own_free char *node = xml_attr(gl, "rendernode"), *on = xml_attr(gl, "enable");

		if (!type || strcmp(type, "spice") != 0) {
			put_other_display(d, g, type ? type : "?");
			continue;
		}
		spice = true;
		draft_put(d, "display", "", "type", "spice");
		if (on)
			draft_put(d, "display", "", "gl", on);
		if (node)
			draft_put(d, "display", "", "render-node", node);
		draft_note(
			d,
			"SPICE is on a socket of yours, not on a port; the start prints how to look at it");
		for (size_t i = 0; i < ARRAY_SIZE(place); i++)
			xml_ignore(g, place[i]);
		xml_take_all(g, "listen");
		xml_take(gl);
	}
	return spice;
}

static void import_video(struct draft *d, xmlNode *devices)
{
	for (xmlNode *v = xml_child(devices, "video"); v; v = xml_next(v)) {
		own_free char *model = xml_attr(xml_child(v, "model"), "type");

		xml_take(v);
		if (!model || strcmp(model, "none") == 0) {
			draft_put(d, "display", "", "video", "no");
			continue;
		}
		draft_put(d, "display", "", "video", "yes");
		if (strcmp(model, "vga") != 0)
			draft_note(d, "the emulated card is a plain VGA, not %s", model);
	}
}

/* Events of a device of the host's, both of whose Ctrl keys change who has them. */
static void import_evdev(struct draft *d, xmlNode *input, size_t number)
{
	xmlNode *source = xml_child(input, "source");
	own_free char *dev = xml_attr(source, "dev"), *toggle = xml_attr(source, "grabToggle");
	own_free char *repeat = xml_attr(source, "repeat");
	own_free char *name = xasprintf("input%zu", number);

	if (dev && draft_knows("input", "device")) {
		draft_put(d, "input", name, "device", dev);
		if (toggle)
			draft_put(d, "input", name, "grab-toggle", toggle);
		if (!xml_has(source, "grab", "all"))
			draft_put(d, "input", name, "grab-all", "no");
		if (repeat && strcmp(repeat, "off") == 0)
			draft_put(d, "input", name, "repeat", "no");
		xml_take(input);
		return;
	}
	draft_left(d, "input evdev %s", dev ? dev : "?");
	xml_take(input);
}

static void import_inputs(struct draft *d, xmlNode *devices)
{
	size_t number = 0;

	for (xmlNode *i = xml_child(devices, "input"); i; i = xml_next(i)) {
		own_free char *type = xml_attr(i, "type"), *bus = xml_attr(i, "bus");

		if (type && strcmp(type, "evdev") == 0) {
			import_evdev(d, i, number++);
			continue;
		}
		if (type && strcmp(type, "passthrough") == 0) {
			draft_left(d, "input passthrough");
		} else if (bus && strcmp(bus, "virtio") == 0) {
			draft_note(d, "mouse and keyboard are on USB, not on virtio");
		}
		xml_take(i);
	}
}

/* ------------------------------------------------------------------ the rest */

/* Looking Glass' memory: its size tells how large the picture may be. */
static void import_shmem(struct draft *d, xmlNode *devices)
{
	static const struct {
		uint64_t bytes;
		const char *resolution;
	} fits[] = {{128ULL << 20, "3840x2160"},
		    {64ULL << 20, "2560x1440"},
		    {32ULL << 20, "1920x1080"},
		    {16ULL << 20, "1280x720"}};

	for (xmlNode *s = xml_child(devices, "shmem"); s; s = xml_next(s)) {
		own_free char *name = xml_attr(s, "name"), *text = xml_text(xml_child(s, "size"));
		own_free char *unit = xml_attr(xml_child(s, "size"), "unit");
		uint64_t bytes = import_bytes(text, unit, "bytes");
		own_free char *size = text_size(bytes);
		size_t i = 0;

		xml_take(s);
		if (!name || !strstr(name, "looking-glass") || !bytes) {
			draft_left(d, "shmem %s", name ? name : "?");
			continue;
		}
		while (i < ARRAY_SIZE(fits) - 1 && fits[i].bytes > bytes)
			i++;
		draft_comment(
			d, "looking-glass", "",
			"The largest of the common sizes that fits into %s; give the one of your guest.",
			size);
		draft_put(d, "looking-glass", "", "resolution", fits[i].resolution);
		draft_put(d, "looking-glass", "", "size", size);
	}
}

static void import_tpm(struct draft *d, xmlNode *devices)
{
	xmlNode *tpm = xml_child(devices, "tpm"), *backend = xml_child(tpm, "backend");
	own_free char *type = xml_attr(backend, "type");

	if (!tpm)
		return;
	xml_take(tpm);
	if (type && strcmp(type, "passthrough") == 0) {
		draft_put(d, "tpm", "", "type", "host");
	} else if (type && strcmp(type, "emulator") == 0 && draft_knows("tpm", "type")) {
		draft_put(d, "tpm", "", "type", "emulated");
		draft_note(
			d,
			"the TPM is a new one: what the old one sealed (BitLocker) asks for its recovery key");
	} else {
		draft_left(d, "tpm %s", type ? type : "?");
	}
}

/* The names that distributions have for the QEMU that PATH leads to. */
static bool is_usual_qemu(const char *path)
{
	static const char *const name[] = {"qemu-system-x86_64", "qemu-kvm", "kvm", "kvm-spice"};

	for (size_t i = 0; i < ARRAY_SIZE(name); i++)
		if (strcmp(path_base(path), name[i]) == 0)
			return layout_is_packaged(path);
	return false;
}

static void import_emulator(struct draft *d, xmlNode *devices)
{
	own_free char *path = xml_text(xml_child(devices, "emulator"));

	if (!path || is_usual_qemu(path))
		return;
	draft_comment(d, "qemu", "", "The domain had a QEMU of its own.");
	draft_put_off(d, "qemu", "", "binary", path);
}

void import_devices(struct draft *d, xmlNode *domain)
{
	xmlNode *devices = xml_child(domain, "devices");
	size_t number = 0;
	bool spice;

	import_emulator(d, devices);
	import_disks(d, devices);
	for (xmlNode *i = xml_child(devices, "interface"); i; i = xml_next(i))
		import_interface(d, i, number++);
	spice = import_graphics(d, devices);
	import_video(d, devices);
	import_inputs(d, devices);
	import_sound(d, devices, spice);
	import_shmem(d, devices);
	import_tpm(d, devices);
	import_watchdog(d, devices);
	import_panic(d, devices);
	import_shares(d, devices);
	import_ports(d, devices, spice);
	/* Laid out anew, and what a q35 of ours has by itself or does without. */
	xml_take_all(devices, "controller");
	if (xml_child(devices, "memballoon") &&
	    !xml_has(xml_child(devices, "memballoon"), "model", "none"))
		draft_note(
			d,
			"there is no memory balloon: a machine with a host device could not use it");
	xml_take_all(devices, "memballoon");
	xml_take_all(devices, "rng");
}
