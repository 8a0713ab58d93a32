/* How rows of the table of keys (keys.c) name a kind, with the field that it writes. Private to
 * that table.
 */
#ifndef PROFILE_KEYS_KIND_H
#define PROFILE_KEYS_KIND_H

#include "keys.h"

#define FIELD(section, member, type)                 \
	.offset = offsetof(struct section, member) + \
		  0 * sizeof(_Generic(((struct section *)0)->member, struct type : 0))

#define TEXT(s, m) .kind = KIND_TEXT, FIELD(s, m, text)
#define NAME(s, m) .kind = KIND_NAME, FIELD(s, m, text)
#define PATH(s, m) .kind = KIND_PATH, FIELD(s, m, text)
#define PROGRAM(s, m) .kind = KIND_PROGRAM, FIELD(s, m, text)
#define UUID(s, m) .kind = KIND_UUID, FIELD(s, m, uuid)
#define MAC(s, m) .kind = KIND_MAC, FIELD(s, m, mac)
#define DEVICE(s, m) .kind = KIND_DEVICE, FIELD(s, m, pci_pick)
#define USB_DEVICE(s, m) .kind = KIND_USB, FIELD(s, m, usb_pick)
#define SLOTS(s, m) .kind = KIND_SLOTS, FIELD(s, m, slots)
#define PLACE(s, m) .kind = KIND_PLACE, FIELD(s, m, guest_slot)
#define STRING(s, m) .kind = KIND_STRING, FIELD(s, m, text)
#define RESOLUTION(s, m) .kind = KIND_RESOLUTION, FIELD(s, m, resolution)
#define CPUS(s, m, words) .kind = KIND_CPUS, FIELD(s, m, cpus), .choice = (words)
#define VENDOR(s, m) .kind = KIND_VENDOR, FIELD(s, m, text)
#define SERIAL(s, m) .kind = KIND_SERIAL, FIELD(s, m, text)
#define IDS(s, m) .kind = KIND_IDS, FIELD(s, m, pci_ids)
#define MACHINE(s, m) .kind = KIND_MACHINE, FIELD(s, m, machine_version)
#define COUNT(s, m, low, high) .kind = KIND_COUNT, FIELD(s, m, number), .min = (low), .max = (high)
#define SIZE(s, m, low, high) .kind = KIND_SIZE, FIELD(s, m, number), .min = (low), .max = (high)
#define SECONDS(s, m, low, high) \
	.kind = KIND_DURATION, FIELD(s, m, number), .min = (low)*1000, .max = (high)*1000
#define FLAG(s, m) .kind = KIND_FLAG, FIELD(s, m, flag)
#define CHOICE(s, m, words) .kind = KIND_CHOICE, FIELD(s, m, choice), .choice = (words)
#define TARGET(s, m) .kind = KIND_TARGET, FIELD(s, m, target)
#define STRINGS(s, m) .kind = KIND_STRINGS, FIELD(s, m, strings)
#define ORDER(s, m) .kind = KIND_ORDER, FIELD(s, m, boot_order)
#define FLAGS(s, m) .kind = KIND_FLAGS, FIELD(s, m, cpu_flags)
#define ENV(s, m) .kind = KIND_ENV, FIELD(s, m, strings)
#define PATHS(s, m) .kind = KIND_PATHS, FIELD(s, m, strings)
#define FORWARDS(s, m) .kind = KIND_FORWARDS, FIELD(s, m, forwards)

#endif
