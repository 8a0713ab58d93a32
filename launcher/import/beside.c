/* What stands beside disks, networks and the picture: sound, ports and channels, watchdog. */
#include "parts.h"

#include <string.h>

#include "base/alloc.h"

void import_sound(struct draft *d, xmlNode *devices, bool spice)
{
	bool sound = false;

	for (xmlNode *s = xml_child(devices, "sound"); s; s = xml_next(s)) {
		sound = true;
		xml_take(s);
	}
	for (xmlNode *a = xml_child(devices, "audio"); a; a = xml_next(a)) {
		own_free char *type = xml_attr(a, "type");

		xml_take(a);
		if (type && strcmp(type, "spice") != 0 && strcmp(type, "none") != 0)
			draft_left(d, "audio type=%s: sound goes with SPICE", type);
	}
	if (sound && !spice)
		draft_left(
			d,
			"sound: it goes with SPICE (display.type = spice), which the domain has not");
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

void import_ports(struct draft *d, xmlNode *devices, bool spice)
{
	if (xml_child(devices, "serial") || xml_child(devices, "console"))
		draft_note(
			d,
			"there is no serial port; console.serial = terminal, or a file, makes one");
	xml_take_all(devices, "serial");
	xml_take_all(devices, "console");
	for (xmlNode *c = xml_child(devices, "channel"); c; c = xml_next(c)) {
		own_free char *type = xml_attr(c, "type");
		own_free char *name = xml_attr(xml_child(c, "target"), "name");
		bool agent = type && strcmp(type, "spicevmc") == 0;

		xml_take(c);
		if (!(agent && spice) && !(name && strcmp(name, "com.redhat.spice.0") == 0))
			draft_left(d, "channel %s", name ? name : type ? type : "?");
	}
	if (xml_child(devices, "redirdev"))
		draft_left(d, "redirdev: USB devices of SPICE's client");
	xml_take_all(devices, "redirdev");
}
