/* The readers of a domain's parts, one file each; each marks what it reads. */
#ifndef IMPORT_PARTS_H
#define IMPORT_PARTS_H

#include "draft.h"
#include "xml.h"

/* A whole domain: len bytes of XML into the draft, which has the host's devices. What is no domain
 * of QEMU's is an error (ERROR_USAGE), in which name is what it is called.
 */
bool import_domain(struct draft *d, const char *name, const char *data, size_t len,
		   struct error **err);

void import_machine(struct draft *d, xmlNode *domain);	  /* names, memory, firmware, board */
void import_processors(struct draft *d, xmlNode *domain); /* cpu, cputune, hyperv, clock */
void import_devices(struct draft *d, xmlNode *domain);	  /* all but those of the host */
void import_hostdevs(struct draft *d, xmlNode *domain);
void import_command_line(struct draft *d, xmlNode *domain); /* behind all others */

/* The boot order of a device that is to be a section of that name; then of all of them. */
void import_boot(struct draft *d, xmlNode *device, const char *section, const char *name);
void import_boot_order(struct draft *d, xmlNode *domain);

/* <address domain= bus= slot= function=>; false: that is none. */
bool import_pci_address(xmlNode *node, struct pci_address *address);

/* Parts of import_devices(); spice: the picture comes by it. */
/* Marks what a device has only while it runs. */
void import_take_run_time(xmlNode *device);
void import_disks(struct draft *d, xmlNode *devices);
void import_sound(struct draft *d, xmlNode *devices, bool spice);
void import_watchdog(struct draft *d, xmlNode *devices);
void import_ports(struct draft *d, xmlNode *devices, bool spice);

/* One feature of the processors on or off, behind those that there are. */
void import_cpu_word(struct draft *d, const char *name, bool on);

/* Directories of the host's and crash devices, of <devices>. */
void import_shares(struct draft *d, xmlNode *devices);
void import_panic(struct draft *d, xmlNode *devices);

/* What goes with a hypervisor that is hidden altogether, here or on the command line. */
void import_hidden(struct draft *d);

/* Bytes by libvirt's units: b, KB (1000), KiB or k (1024), ... dflt is that of none; 0: no number.
 */
uint64_t import_bytes(const char *number, const char *unit, const char *dflt);

/* A property that the raw command line sets of a device by its alias, hostdev0 and the like; the
 * last one counts. NULL: none. Marks it as used.
 */
const char *import_property(xmlNode *domain, const char *alias, const char *property);

/* A field of "a=b,c=d" or of {"a": "b"}, which the caller owns; NULL: there is none. key NULL: the
 * first word, that has no name, which is type in JSON.
 */
char *import_field(const char *text, const char *type, const char *key);

/* Sound of the raw command line: whether a -device of that driver belongs to it; the word of
 * sound.type for the driver of -audiodev's value, which the caller owns (NULL: it has none); and
 * both as keys, with a note of what is lost. False: there is no key for it.
 */
bool import_is_sound(const char *type);
char *import_sound_word(const char *value);
bool import_sound_device(struct draft *d, const char *type, const char *value);
bool import_audiodev(struct draft *d, const char *value);

#endif
