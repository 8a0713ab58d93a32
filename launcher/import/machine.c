#include "parts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/text.h"

#define NVRAM_WORDS \
	"The variables (boot entries, Secure Boot's keys) stay with libvirt. To take them along, before the first start: cp %s %s"

uint64_t import_bytes(const char *number, const char *unit, const char *dflt)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{"b", 1},	   {"bytes", 1},	{"KB", 1000},
		{"k", 1ULL << 10}, {"KiB", 1ULL << 10}, {"MB", 1000000},
		{"M", 1ULL << 20}, {"MiB", 1ULL << 20}, {"GB", 1000000000},
		{"G", 1ULL << 30}, {"GiB", 1ULL << 30}, {"TB", 1000000000000},
		{"T", 1ULL << 40}, {"TiB", 1ULL << 40},
	};
	uint64_t value, bytes;

	if (!number || !text_u64(number, 10, &value))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcasecmp(units[i].name, unit ? unit : dflt) == 0)
			return __builtin_mul_overflow(value, units[i].bytes, &bytes) ? 0 : bytes;
	return 0;
}

/* Letters, digits and the like of a name; others become '-'. */
static char *name_of(const char *name)
{
	char *copy = xstrdup(name);

	for (char *c = copy; *c; c++)
		if (!isascii((unsigned char)*c) ||
		    (!isalnum((unsigned char)*c) && !strchr("._-", *c)))
			*c = '-';
	if (*copy == '.' || *copy == '-')
		*copy = '_';
	if (strlen(copy) > 48)
		copy[48] = '\0';
	return copy;
}

static void import_name(struct draft *d, xmlNode *domain)
{
	own_free char *name = xml_text(xml_child(domain, "name"));
	own_free char *uuid = xml_text(xml_child(domain, "uuid"));
	own_free char *good = name && *name ? name_of(name) : NULL;

	if (good) {
		draft_put(d, "vm", "", "name", good);
		if (strcmp(good, name) != 0) {
			own_free char *shown = text_quote(name, 60);

			draft_note(d, "its name was %s", shown);
		}
	}
	if (uuid) {
		draft_comment(
			d, "vm", "",
			"The identity under which the guest was installed: Windows is activated by it.");
		draft_put(d, "vm", "", "uuid", uuid);
	}
	if (xml_child(domain, "genid"))
		draft_left(d, "genid: the guest is not told when it goes back to a snapshot");
	xml_take(xml_child(domain, "genid"));
}

static void import_memory(struct draft *d, xmlNode *domain)
{
	xmlNode *node = xml_child(domain, "memory"), *now = xml_child(domain, "currentMemory");
	own_free char *text = xml_text(node), *unit = xml_attr(node, "unit");
	own_free char *now_text = xml_text(now), *now_unit = xml_attr(now, "unit");
	uint64_t bytes = import_bytes(text, unit, "KiB");
	uint64_t present = import_bytes(now_text, now_unit, "KiB");
	own_free char *size = text_size(bytes >> 20 << 20),
		      *shown = text_quote(text ? text : "", 40);

	xml_take(node);
	if (!node)
		return;
	if (!bytes)
		draft_left(d, "memory %s: no size", shown);
	else
		draft_put(d, "vm", "", "memory", size);
	if (present && present != bytes)
		draft_left(d,
			   "currentMemory: there is no balloon, the guest has all of its memory");
}

static void import_backing(struct draft *d, xmlNode *domain)
{
	xmlNode *backing = xml_child(domain, "memoryBacking");
	xmlNode *pages = xml_child(backing, "hugepages"), *page = xml_child(pages, "page");
	own_free char *size = xml_attr(page, "size"), *unit = xml_attr(page, "unit");
	uint64_t bytes = size ? import_bytes(size, unit, "KiB") : 2ULL << 20;

	if (pages && (bytes == 2ULL << 20 || bytes == 1ULL << 30))
		draft_put(d, "memory", "", "hugepages", bytes == 1ULL << 30 ? "1G" : "2M");
	else if (pages)
		draft_left(d, "memoryBacking/hugepages: pages of such a size");
	if (xml_child(backing, "locked"))
		draft_put(d, "memory", "", "lock", "yes");
	/* All of these are so by themselves where they matter. */
	xml_take(xml_child(backing, "nosharepages"));
	xml_take(xml_child(backing, "allocation"));
	xml_take(xml_child(backing, "source"));
	xml_take(xml_child(backing, "access"));
}

/* The guest is known by libosinfo's word, or by what only Windows is given. */
static void import_guest(struct draft *d, xmlNode *domain)
{
	xmlNode *os = xml_at(domain, "metadata/libosinfo/os");
	own_free char *id = xml_attr(os, "id");
	bool hyperv = xml_at(domain, "features/hyperv");
	bool windows = id ? strstr(id, "microsoft.com/") != NULL : hyperv;

	draft_put(d, "vm", "", "guest", windows ? "windows" : id ? "linux" : "other");
	xml_take(xml_child(domain, "metadata"));
}

static bool import_loader(struct draft *d, xmlNode *os)
{
	xmlNode *loader = xml_child(os, "loader"), *nvram = xml_child(os, "nvram");
	own_free char *code = xml_text(loader), *vars = xml_text(nvram);
	own_free char *template = xml_attr(nvram, "template"), *format = xml_attr(nvram, "format");
	own_free char *stateless = xml_attr(loader, "stateless");
	const char *name = draft_value(d, "vm", "", "name");
	bool efi = xml_has(os, "firmware", "efi");
	bool pflash = xml_has(loader, "type", "pflash") || efi;

	xml_take(loader);
	xml_take(nvram);
	draft_put(d, "firmware", "", "uefi", pflash ? "yes" : "no");
	/* Of a distribution's firmware the equal is found by its descriptors. */
	if (code && *code && pflash && !layout_is_packaged(code)) {
		draft_comment(
			d, "firmware", "",
			"libvirt had a firmware of somebody's own. It is taken again with these two:");
		draft_put_off(d, "firmware", "", "code", code);
		draft_put_off(d, "firmware", "", "vars", template ? template : "VARS.fd");
		draft_note(d, "the firmware is the distribution's, not %s", code);
	}
	if (vars && *vars && pflash && name) {
		const char *file =
			format && strcmp(format, "qcow2") == 0 ? "vars.qcow2" : "vars.fd";
		own_free char *from = text_word(vars);
		own_free char *to = xasprintf("~/.local/state/vmlaunch/%s/%s", name, file);

		draft_comment(d, "firmware", "", NVRAM_WORDS, from, to);
	}
	if (xml_child(os, "varstore"))
		draft_left(
			d,
			"os/varstore: variables of one's own as JSON (QEMU's uefi-vars); the firmware's are in flash here");
	xml_take(xml_child(os, "varstore"));
	if (stateless && strcmp(stateless, "yes") == 0)
		draft_left(d, "os/loader stateless=yes");
	return pflash;
}

static void import_firmware(struct draft *d, xmlNode *os)
{
	xmlNode *firmware = xml_child(os, "firmware");
	bool secure = xml_has(xml_child(os, "loader"), "secure", "yes");

	xml_has(xml_child(os, "loader"), "secure", "no");
	for (xmlNode *f = xml_child(firmware, "feature"); f; f = xml_next(f)) {
		if (xml_has(f, "name", "secure-boot") && xml_has(f, "enabled", "yes"))
			secure = true;
		if (xml_has(f, "name", "secure-boot") || xml_has(f, "name", "enrolled-keys"))
			xml_take(f);
	}
	if (import_loader(d, os))
		draft_put(d, "firmware", "", "secure-boot", secure ? "yes" : "no");
}

static void import_kernel(struct draft *d, xmlNode *os)
{
	static const char *const key[][2] = {
		{"kernel", "kernel"}, {"initrd", "initrd"}, {"cmdline", "append"}};

	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		own_free char *text = xml_text(xml_child(os, key[i][0]));

		if (text)
			draft_put(d, "boot", "", key[i][1], text);
	}
}

static void import_os(struct draft *d, xmlNode *domain)
{
	xmlNode *os = xml_child(domain, "os"), *type = xml_child(os, "type");
	own_free char *machine = xml_attr(type, "machine"), *arch = xml_attr(type, "arch");
	own_free char *kind = xml_text(type);

	if (arch && strcmp(arch, "x86_64") != 0)
		draft_left(d, "os/type arch=%s: the machine is x86_64", arch);
	if (kind && strcmp(kind, "hvm") != 0)
		draft_left(d, "os/type %s", kind);
	if (machine && draft_takes("vm", "machine", machine)) {
		draft_comment(
			d, "vm", "",
			"The version that it had. Left out, it is the newest of the first start here, and kept.");
		draft_put_off(d, "vm", "", "machine", machine);
	} else if (machine && !strstr(machine, "q35")) {
		draft_note(
			d,
			"the board is a q35, not %s: Windows may want to be repaired after its first start",
			machine);
	}
	import_firmware(d, os);
	import_kernel(d, os);
	if (xml_has(xml_child(os, "bootmenu"), "enable", "yes"))
		draft_put(d, "boot", "", "menu", "yes");
	xml_take(xml_child(os, "bootmenu"));
	if (xml_has(xml_child(os, "smbios"), "mode", "host"))
		draft_put(d, "smbios", "", "copy-host", "yes");
}

/* What firmware says of the machine, with the key for each entry. */
static void import_sysinfo(struct draft *d, xmlNode *domain)
{
	static const struct {
		const char *block, *entry, *key;
	} rows[] = {
		{"bios", "vendor", "bios-vendor"},
		{"bios", "version", "bios-version"},
		{"bios", "date", "bios-date"},
		{"system", "manufacturer", "manufacturer"},
		{"system", "product", "product"},
		{"system", "version", "version"},
		{"system", "serial", "serial"},
		{"system", "sku", "sku"},
		{"system", "family", "family"},
		{"baseBoard", "manufacturer", "board-manufacturer"},
		{"baseBoard", "product", "board-product"},
		{"baseBoard", "version", "board-version"},
		{"baseBoard", "serial", "board-serial"},
		{"chassis", "manufacturer", "chassis-manufacturer"},
		{"chassis", "version", "chassis-version"},
		{"chassis", "serial", "chassis-serial"},
	};
	xmlNode *smbios = xml_at(domain, "os/smbios");
	bool shown = xml_has(smbios, "mode", "sysinfo");

	xml_has(smbios, "mode", "emulate");
	for (xmlNode *info = xml_child(domain, "sysinfo"); info; info = xml_next(info)) {
		if (!xml_has(info, "type", "smbios"))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			xmlNode *block = xml_child(info, rows[i].block);

			for (xmlNode *e = xml_child(block, "entry"); e; e = xml_next(e)) {
				own_free char *value = NULL;

				/* The UUID is the domain's. */
				xml_has(e, "name", "uuid");
				if (!xml_has(e, "name", rows[i].entry))
					continue;
				value = xml_text(e);
				if (shown)
					draft_put(d, "smbios", "", rows[i].key, value);
			}
		}
		if (!shown)
			draft_note(
				d,
				"sysinfo is left out, as libvirt did not show it either (os/smbios mode=sysinfo)");
	}
}

/* What the guest reads from fw_cfg by name. */
static void import_entries(struct draft *d, xmlNode *domain)
{
	size_t number = 0;

	for (xmlNode *info = xml_child(domain, "sysinfo"); info; info = xml_next(info)) {
		xmlNode *strings = xml_child(info, "oemStrings");

		for (xmlNode *e = xml_child(strings, "entry"); e; e = xml_next(e)) {
			own_free char *text = xml_text(e);

			draft_put(d, "smbios", "", "oem-string", text);
		}
		if (!xml_has(info, "type", "fwcfg"))
			continue;
		for (xmlNode *e = xml_child(info, "entry"); e; e = xml_next(e)) {
			own_free char *section = xasprintf("entry%zu", number++);
			own_free char *name = xml_attr(e, "name"), *file = xml_attr(e, "file");
			own_free char *text = xml_text(e);

			draft_put(d, "fw-cfg", section, "name", name ? name : "");
			draft_put(d, "fw-cfg", section, file ? "file" : "string",
				  file ? file : text);
		}
	}
}

/* Tables of the domain's own: a whole one, or the part of one that Windows is licensed by. */
static void import_tables(struct draft *d, xmlNode *domain)
{
	size_t number = 0;

	for (xmlNode *t = xml_at(domain, "os/acpi/table"); t; t = xml_next(t)) {
		own_free char *type = xml_attr(t, "type"), *file = xml_text(t);
		own_free char *name = xasprintf("os%zu", number++);

		if (type && (strcmp(type, "raw") == 0 || strcmp(type, "slic") == 0 ||
			     strcmp(type, "msdm") == 0))
			draft_put(d, "acpi", name, "file", file);
		else
			draft_left(d, "os/acpi/table %s: one table to a file", type ? type : "?");
	}
}

static void import_power(struct draft *d, xmlNode *domain)
{
	static const char *const usual[][2] = {{"on_poweroff", "destroy"},
					       {"on_reboot", "restart"},
					       {"on_crash", "destroy"},
					       {"on_lockfailure", "poweroff"}};
	xmlNode *pm = xml_child(domain, "pm");
	static const char *const sleep[][2] = {{"suspend-to-mem", "s3"}, {"suspend-to-disk", "s4"}};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		xmlNode *node = xml_child(domain, usual[i][0]);
		own_free char *text = xml_text(node);

		if (text && strcmp(text, usual[i][1]) != 0)
			draft_left(d, "%s %s: it is %s", usual[i][0], text, usual[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sleep); i++) {
		own_free char *enabled = xml_attr(xml_child(pm, sleep[i][0]), "enabled");

		if (enabled)
			draft_put(d, "machine", "", sleep[i][1], enabled);
	}
}

void import_machine(struct draft *d, xmlNode *domain)
{
	import_name(d, domain);
	import_guest(d, domain);
	import_memory(d, domain);
	import_backing(d, domain);
	import_os(d, domain);
	import_sysinfo(d, domain);
	import_entries(d, domain);
	import_tables(d, domain);
	import_power(d, domain);
	/* How libvirt itself goes about it. */
	xml_take(xml_child(domain, "resource"));
	xml_take(xml_child(domain, "seclabel"));
	xml_take_all(domain, "seclabel");
	xml_take(xml_child(domain, "title"));
	xml_take(xml_child(domain, "description"));
}
