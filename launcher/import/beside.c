/* What stands beside disks, networks and the picture: sound, ports and channels, watchdog. */
#include "parts.h"

#include <string.h>

#include "base/alloc.h"

/* Where the sound goes, by libvirt's words for it. */
static bool import_audio(struct draft *d, xmlNode *devices)
{
	static const char *const kind[][2] = {{"spice", "spice"},      {"none", "none"},
					      {"pulseaudio", "pulse"}, {"pipewire", "pipewire"},
					      {"alsa", "alsa"},	       {"dbus", "dbus"}};
	bool found = false;

	for (xmlNode *a = xml_child(devices, "audio"); a; a = xml_next(a)) {
		own_free char *type = xml_attr(a, "type");
		const char *word = NULL;

		xml_ignore(a, "id");
		for (size_t i = 0; type && i < ARRAY_SIZE(kind); i++)
			if (strcmp(kind[i][0], type) == 0)
				word = kind[i][1];
		if (!word) {
			draft_left(d, "audio type=%s", type ? type : "?");
			xml_take(a);
			continue;
		}
		found = true;
		/* By itself where the picture comes by it. */
		if (strcmp(word, "spice") != 0 && strcmp(word, "dbus") != 0)
			draft_put(d, "sound", "", "type", word);
		/* Where libvirt, which is nobody's session, had to look for the user's. */
		xml_ignore(a, "serverName");
		xml_ignore(a, "runtimeDir");
	}
	return found;
}

void import_sound(struct draft *d, xmlNode *devices, bool spice)
{
	bool sound = false, audio = import_audio(d, devices);

	for (xmlNode *s = xml_child(devices, "sound"); s; s = xml_next(s)) {
		own_free char *model = xml_attr(s, "model");
		own_free char *codec = xml_attr(xml_child(s, "codec"), "type");

		sound = true;
		xml_take(s);
		if (codec && strcmp(codec, "duplex") != 0)
			draft_note(d, "the sound card's codec is hda-duplex, not hda-%s", codec);
		if (model && (strcmp(model, "usb") == 0 || strcmp(model, "virtio") == 0))
			draft_put(d, "sound", "", "model", model);
		else if (model && strncmp(model, "ich", 3) != 0)
			draft_note(d, "the sound card is Intel's HDA, not %s", model);
	}
	if (sound && !spice && !audio)
		draft_left(
			d,
			"sound: it goes to SPICE, which the domain has not; sound.type says otherwise");
}

void import_watchdog(struct draft *d, xmlNode *devices)
{
	for (xmlNode *w = xml_child(devices, "watchdog"); w; w = xml_next(w)) {
		own_free char *model = xml_attr(w, "model"), *action = xml_attr(w, "action");

		xml_take(w);
		if (model && strcmp(model, "itco") == 0)
			draft_put(d, "machine", "", "watchdog", action ? action : "reset");
		else
			draft_left(d, "watchdog %s: there is the chipset's own (itco)",
				   model ? model : "?");
	}
}

/* Where text of the guest's goes; false: that has no key. What waits for a client does so on a
 * socket of the machine's.
 */
static bool put_stream(struct draft *d, xmlNode *node, const char *key)
{
	static const char *const listens[] = {"pty", "unix", "tcp", "spicevmc"};
	own_free char *type = xml_attr(node, "type");
	own_free char *path = xml_attr(xml_child(node, "source"), "path");

	if (draft_value(d, "console", "", key))
		return false;
	if (type && strcmp(type, "file") == 0 && path) {
		draft_put(d, "console", "", key, path);
		return true;
	}
	for (size_t i = 0; type && i < ARRAY_SIZE(listens); i++) {
		if (strcmp(listens[i], type) != 0)
			continue;
		draft_put(d, "console", "", key, "socket");
		return true;
	}
	return false;
}

/* libvirt writes the first serial port as a <console> as well. */
static void import_serials(struct draft *d, xmlNode *devices)
{
	for (xmlNode *s = xml_child(devices, "serial"); s; s = xml_next(s)) {
		if (!put_stream(d, s, "serial"))
			draft_left(
				d,
				"a serial port: there is one, whose text goes to the terminal, a socket or a file");
		xml_take(s);
	}
	for (xmlNode *c = xml_child(devices, "console"); c; c = xml_next(c)) {
		own_free char *kind = xml_attr(xml_child(c, "target"), "type");
		bool virtio = kind && strcmp(kind, "virtio") == 0;

		if (!put_stream(d, c, virtio ? "virtio" : "serial") && virtio)
			draft_left(
				d,
				"a virtio console: there is one, whose text goes to the terminal, a socket or a file");
		xml_take(c);
	}
}

/* Channels for USB devices of SPICE's client's. */
static void import_redirections(struct draft *d, xmlNode *devices, bool spice)
{
	unsigned n = 0;

	for (xmlNode *r = xml_child(devices, "redirdev"); r; r = xml_next(r)) {
		if (spice && xml_has(r, "type", "spicevmc"))
			n++;
		else
			draft_left(
				d,
				"redirdev: USB devices of a client's, which come by SPICE alone");
		xml_take(r);
	}
	if (n)
		draft_putf(d, "display", "", "usb-redirect", "%u", n);
}

void import_ports(struct draft *d, xmlNode *devices, bool spice)
{
	import_serials(d, devices);
	for (xmlNode *c = xml_child(devices, "channel"); c; c = xml_next(c)) {
		own_free char *type = xml_attr(c, "type");
		own_free char *name = xml_attr(xml_child(c, "target"), "name");
		bool agent = type && strcmp(type, "spicevmc") == 0;

		xml_take(c);
		if (name && strcmp(name, "org.qemu.guest_agent.0") == 0) {
			draft_put(d, "console", "", "guest-agent", "yes");
			continue;
		}
		if (!(agent && spice) && !(name && strcmp(name, "com.redhat.spice.0") == 0))
			draft_left(d, "channel %s", name ? name : type ? type : "?");
	}
	import_redirections(d, devices, spice);
}

/* By the tag that the guest mounts it by, which stays; the section's name has no other letters. */
static void import_share(struct draft *d, xmlNode *node, size_t number)
{
	own_free char *dir = xml_attr(xml_child(node, "source"), "dir");
	own_free char *tag = xml_attr(xml_child(node, "target"), "dir");
	own_free char *driver = xml_attr(xml_child(node, "driver"), "type");
	own_free char *access = xml_attr(node, "accessmode");
	own_free char *name = xasprintf("share%zu", number);
	bool mount = xml_has(node, "type", "mount");

	if (!mount || !dir || !tag) {
		draft_left(d, "filesystem %s: a directory of the host's can be shared",
			   tag ? tag : "?");
		xml_take(node);
		return;
	}
	draft_put(d, "share", name, "path", dir);
	draft_put(d, "share", name, "tag", tag);
	draft_put(d, "share", name, "type",
		  driver && strcmp(driver, "virtiofs") == 0 ? "virtiofs" : "9p");
	xml_has(xml_child(node, "driver"), "type", "path");
	if (xml_child(node, "readonly"))
		draft_put(d, "share", name, "read-only", "yes");
	if (access && strcmp(access, "passthrough") != 0)
		draft_note(d, "share %s: files in it are made as you, not %s", tag, access);
	xml_take(xml_child(node, "address"));
	xml_take(xml_child(node, "alias"));
}

void import_shares(struct draft *d, xmlNode *devices)
{
	size_t number = 0;

	for (xmlNode *f = xml_child(devices, "filesystem"); f; f = xml_next(f))
		import_share(d, f, number++);
}

void import_panic(struct draft *d, xmlNode *devices)
{
	for (xmlNode *p = xml_child(devices, "panic"); p; p = xml_next(p)) {
		own_free char *model = xml_attr(p, "model");

		/* libvirt's way to hv-crash. */
		if (model && strcmp(model, "hyperv") == 0) {
			draft_put(d, "hyperv", "", "crash", "yes");
			continue;
		}
		if (model && strcmp(model, "isa") != 0 && strcmp(model, "pvpanic") != 0) {
			draft_left(d, "panic %s", model);
			xml_take(p);
			continue;
		}
		draft_put(d, "machine", "", "pvpanic", "yes");
		xml_take(xml_child(p, "address"));
		xml_take(xml_child(p, "alias"));
	}
}
