/* The kinds of values of a profile, each with the place that it came from; value.c reads them. */
#ifndef PROFILE_VALUES_H
#define PROFILE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu_set.h"
#include "base/error.h"
#include "base/mac_address.h"
#include "base/pci_address.h"
#include "base/q35_version.h"
#include "base/usb_selector.h"
#include "base/uuid.h"

struct section_keys;
struct key;
struct item;

/* Where a value came from. A later kind overrides an earlier one. */
enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_VARIANT, ORIGIN_SET };

/* Each value of the profile, given or not, knows which key it is the value of: the rows of keys.c,
 * and where the section may stand several times, which of them.
 */
struct origin {
	enum origin_kind kind;
	unsigned line; /* of the file, from 1; of --set: its number among them, from 1 */
	unsigned column;
	const struct section_keys *section; /* NULL: of no key */
	const struct key *key;		    /* NULL: of the section as a whole */
	const struct item *item;	    /* NULL: its section stands once */
};

/* A value is "automatic" when the profile says (or defaults to) auto. */
struct text {
	char *v; /* NULL when not given, or automatic */
	bool automatic;
	struct origin at;
};

struct number {
	uint64_t v; /* in the unit of its kind: count, bytes or milliseconds */
	bool automatic;
	struct origin at;
};

struct flag {
	bool v;
	struct origin at;
};

struct choice {
	int v; /* an enumerator of the key's own list */
	struct origin at;
};

struct strings {
	char **v;
	struct origin *at; /* one for each */
	size_t n;
};

/* Devices of the host's. */
struct pci_pick {
	struct pci_selector v;
	bool given;
	struct origin at;
};

struct usb_pick {
	struct usb_selector v;
	bool given;
	struct origin at;
};

/* Functions of a slot of the host's. */
struct slots {
	bool all;   /* that go along by the rules of host/pci.h */
	unsigned v; /* else a bit for each */
	struct origin at;
};

/* "0,1", or "all"; the caller owns it. */
char *slots_text(const struct slots *slots);

/* A slot of the guest behind a root port. */
struct guest_slot {
	unsigned bus; /* from 1; 0: the next one */
	struct origin at;
};

/* Vendor, device, and the subsystem's two. */
enum ids_kind { IDS_GIVEN, IDS_HOST, IDS_NONE };

#define GPU_FUNCTIONS 8 /* of a slot */

struct pci_ids {
	enum ids_kind kind;
	unsigned v[GPU_FUNCTIONS][4];
	size_t n; /* of IDS_GIVEN */
	struct origin at;
};

/* Processors of the host's. */
struct cpus {
	bool given; /* false: automatic */
	int word;   /* an enumerator of the key's own list; CPUS_LISTED: what v has */
	struct cpu_set v;
	struct origin at;
};

#define CPUS_LISTED (-1)

struct mac {
	uint8_t v[MAC_BYTES];
	bool given;
	struct origin at;
};

struct uuid {
	uint8_t v[UUID_BYTES];
	bool given;
	struct origin at;
};

/* Of a screen, in pixels. */
struct resolution {
	unsigned width, height; /* 0: none */
	struct origin at;
};

/* Where a stream of bytes from the guest goes. */
enum target_kind { TARGET_NONE, TARGET_TERMINAL, TARGET_SOCKET, TARGET_FILE };

struct target {
	enum target_kind kind;
	char *path; /* of TARGET_FILE */
	struct origin at;
};

/* Ports of the host whose connections or packets go to the guest. */
enum forward_protocol { FORWARD_TCP, FORWARD_UDP };

struct forward {
	enum forward_protocol protocol;
	uint32_t address;     /* of the host, IPv4, in the host's byte order; 0: all of them */
	uint16_t host, guest; /* the first port on either side, never 0 */
	uint16_t ports;	      /* how many, from there on */
	struct origin at;
};

struct forwards {
	struct forward *v;
	size_t n;
};

#define FORWARD_PORTS 256 /* of one value */

/* "tcp 127.0.0.1:3389-3389", as a profile may have it; the caller owns it. */
char *forward_text(const struct forward *forward);

/* Of QEMU's q35. */
struct machine_version {
	struct q35_version v;
	char name[Q35_NAME]; /* QEMU's, of that version */
	bool given;
	struct origin at;
};

/* Features of the guest's processors, by QEMU's names. */
struct cpu_flag {
	char *name;
	bool is_on;
};

struct cpu_flags {
	struct cpu_flag *v;
	size_t n;
	struct origin at;
};

/* Sections that a firmware can start something from. */
enum boot_kind { BOOT_DISK, BOOT_NETWORK, BOOT_PCI, BOOT_USB, BOOT_KINDS };

/* What the firmware tries, the first one first. */
struct boot_device {
	enum boot_kind kind;
	char *name; /* of the section; "" for one without a name */
	const struct item *item;
};

struct boot_order {
	struct boot_device *v;
	size_t n; /* 0: automatic */
	struct origin at;
};

/* "disk/system", as a profile has it; the caller owns it. */
char *boot_device_text(const struct boot_device *device);

#endif
