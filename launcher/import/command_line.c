/* What people smuggle past libvirt: arguments for QEMU as they are. Those for which there are keys
 * become keys; others are passed on as they are, but for such that name what libvirt had laid out.
 */
#include "parts.h"

#include <json-c/json.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define MMIO64 "name=opt/ovmf/X-PciMmio64Mb,string="
#define KVMFR "/dev/kvmfr"

struct raw_arg {
	xmlNode *node;
	char *value;
};

struct raw_args {
	struct raw_arg *v;
	size_t n;
};

static void raw_args_free(struct raw_args *args)
{
	for (size_t i = 0; i < args->n; i++)
		free(args->v[i].value);
	free(args->v);
}
#define own_raw_args own_with(raw_args_free)

/* An element of QEMU's namespace; libvirt takes no other one. */
static xmlNode *of_qemu(xmlNode *domain, const char *name)
{
	xmlNode *node = xml_child(domain, name);

	return node && node->ns && strcmp((const char *)node->ns->href, NAMESPACE) == 0 ? node
											: NULL;
}

static void read_args(xmlNode *domain, struct raw_args *args)
{
	xmlNode *line = of_qemu(domain, "commandline");

	for (xmlNode *arg = xml_child(line, "arg"); arg; arg = xml_next(arg)) {
		char *value = xml_peek(arg, "value");

		*xappend(args->v, args->n) = (struct raw_arg){arg, value ? value : xstrdup("")};
	}
}

/* ------------------------------------------------------------------ properties of devices */

/* The value of "device.ALIAS.PROPERTY=VALUE", in what is set; NULL: another one. */
static const char *set_value(const char *set, const char *alias, const char *property)
{
	own_free char *left = xasprintf("device.%s.%s=", alias, property);

	return text_starts(set, left) ? set + strlen(left) : NULL;
}

/* libvirt's own way: <qemu:override> <qemu:device alias=> <qemu:frontend> <qemu:property>. */
static xmlNode *override_of(xmlNode *domain, const char *alias, const char *property)
{
	xmlNode *override = of_qemu(domain, "override");

	for (xmlNode *device = xml_child(override, "device"); device; device = xml_next(device)) {
		xmlNode *front = xml_child(device, "frontend");

		if (!xml_has(device, "alias", alias))
			continue;
		for (xmlNode *p = xml_child(front, "property"); p; p = xml_next(p))
			if (xml_has(p, "name", property))
				return p;
	}
	return NULL;
}

/* Points into the tree, which lives as long as the import. */
const char *import_property(xmlNode *domain, const char *alias, const char *property)
{
	xmlNode *line = of_qemu(domain, "commandline"), *before = NULL;
	xmlNode *override = override_of(domain, alias, property);
	const char *found = NULL;

	for (xmlNode *arg = xml_child(line, "arg"); arg; before = arg, arg = xml_next(arg)) {
		xmlAttr *attr = xmlHasProp(arg, (const xmlChar *)"value");
		const char *text =
			attr && attr->children ? (const char *)attr->children->content : NULL;
		own_free char *option = before ? xml_peek(before, "value") : NULL;
		const char *value = text ? set_value(text, alias, property) : NULL;

		if (!value || !option || strcmp(option, "-set") != 0)
			continue;
		xml_take(before);
		xml_take(arg);
		found = value;
	}
	if (override) {
		xmlAttr *attr = xmlHasProp(override, (const xmlChar *)"value");

		xml_take(override);
		if (attr && attr->children)
			found = (const char *)attr->children->content;
	}
	return found;
}

/* ------------------------------------------------------------------ options */

char *import_field(const char *text, const char *type, const char *key)
{
	own_free char *copy = NULL;
	char *save;

	if (*text == '{') {
		json_object *o = json_tokener_parse(text), *value = NULL;
		char *found = NULL;

		if (json_object_is_type(o, json_type_object) &&
		    json_object_object_get_ex(o, key ? key : type, &value) && value)
			found = xstrdup(json_object_get_string(value));
		json_object_put(o);
		return found;
	}
	copy = xstrdup(text);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');

		if (!key)
			return equals && strncmp(word, type, (size_t)(equals - word)) != 0
				       ? NULL
				       : xstrdup(equals ? equals + 1 : word);
		if (equals && strlen(key) == (size_t)(equals - word) &&
		    strncmp(word, key, strlen(key)) == 0)
			return xstrdup(equals + 1);
	}
	return NULL;
}

/* Any other text or file that the guest reads by its name. */
static bool import_entry(struct draft *d, const char *value, size_t *entries)
{
	own_free char *name = import_field(value, "name", "name"), *text = NULL, *file = NULL;
	own_free char *section = NULL;

	/* A comma of a value is doubled, which import_field() does not read. */
	if (!name || strstr(value, ",,") || !draft_takes("fw-cfg", "name", name))
		return false;
	text = import_field(value, "name", "string");
	file = import_field(value, "name", "file");
	if (!text == !file)
		return false;
	section = xasprintf("raw%zu", (*entries)++);
	draft_put(d, "fw-cfg", section, "name", name);
	draft_put(d, "fw-cfg", section, file ? "file" : "string", file ? file : text);
	return true;
}

static bool import_fw_cfg(struct draft *d, const char *value, size_t *entries)
{
	uint64_t mib;

	if (!text_starts(value, MMIO64))
		return import_entry(d, value, entries);
	if (!text_u64(value + strlen(MMIO64), 10, &mib) || mib > UINT32_MAX)
		return false;
	own_free char *size = text_size(mib << 20);

	draft_comment(
		d, "firmware", "",
		"The window for large BARs is computed from the passed devices; libvirt was given this one.");
	draft_put_off(d, "firmware", "", "mmio64", size);
	return true;
}

static bool import_table(struct draft *d, const char *value, size_t *tables)
{
	own_free char *file = import_field(value, "file", "file"), *name = NULL;

	if (!file)
		return false;
	name = xasprintf("table%zu", (*tables)++);
	draft_comment(
		d, "acpi", name,
		"If all that it has is a battery: [battery] makes one by itself, and this section can go.");
	draft_put(d, "acpi", name, "file", file);
	if (!draft_value(d, "battery", "", "present"))
		draft_comment(d, "battery", "",
			      "The table of the domain's own has one, most likely.");
	draft_put(d, "battery", "", "present", "no");
	return true;
}

/* The size as QEMU reads it: bytes, or with a unit. */
static uint64_t size_of(const char *text)
{
	size_t n = text ? strlen(text) : 0, digits = text ? strspn(text, "0123456789") : 0;
	own_free char *count = text ? xstrndup(text, digits) : NULL;
	own_free char *unit = n > digits ? xasprintf("%c", text[digits] & ~0x20) : NULL;

	return import_bytes(count, unit, "b");
}

static bool import_object(struct draft *d, const char *value, bool *glass, size_t *inputs)
{
	own_free char *type = import_field(value, "qom-type", NULL);
	own_free char *path = import_field(value, "qom-type", "mem-path");
	own_free char *size = import_field(value, "qom-type", "size");
	own_free char *evdev = import_field(value, "qom-type", "evdev");

	if (type && strcmp(type, "memory-backend-file") == 0 && path &&
	    (text_starts(path, KVMFR) || strstr(path, "looking-glass"))) {
		static const uint64_t MIB32 = 32ULL << 20;
		uint64_t bytes = size_of(size);
		own_free char *words = text_size(bytes ? bytes : MIB32);

		draft_comment(
			d, "looking-glass", "",
			"The largest of the common sizes that fits; give the one of your guest.");
		draft_put(d, "looking-glass", "", "resolution",
			  bytes >= MIB32 * 4   ? "3840x2160"
			  : bytes >= MIB32 * 2 ? "2560x1440"
					       : "1920x1080");
		draft_put(d, "looking-glass", "", "size", words);
		draft_put(d, "looking-glass", "", "backend",
			  text_starts(path, KVMFR) ? "auto" : "shm");
		*glass = true;
		return true;
	}
	if (type && strcmp(type, "input-linux") == 0 && evdev && draft_knows("input", "device")) {
		own_free char *name = xasprintf("evdev%zu", (*inputs)++);

		draft_put(d, "input", name, "device", evdev);
		return true;
	}
	return false;
}

/* As QEMU reads it: with 0x, or decimal. */
static bool read_number(const char *text, uint64_t *number)
{
	return text_starts(text, "0x") ? text_u64(text + 2, 16, number)
				       : text_u64(text, 10, number);
}

static void import_cpu_flag(struct draft *d, const char *word)
{
	static const char *const hv[] = {
		"relaxed",	   "vapic",	    "time",	   "vpindex",
		"synic",	   "stimer",	    "runtime",	   "reset",
		"frequencies",	   "tlbflush",	    "ipi",	   "xmm-input",
		"tlbflush-ext",	   "stimer-direct", "emsr-bitmap", "tlbflush-direct",
		"reenlightenment", "avic",	    "evmcs",	   "crash"};
	const char *value = strchr(word, '=');
	uint64_t number;
	size_t n = value ? (size_t)(value - word) : strlen(word);
	own_free char *name = xstrndup(word, n);

	for (char *c = name; *c; c++)
		*c = *c == '_' ? '-' : *c;
	value = value ? value + 1 : "on";
	if (strcmp(name, "kvm") == 0) {
		draft_put(d, "cpu", "", "hide-hypervisor",
			  strcmp(value, "off") == 0 ? "yes" : "no");
		return;
	}
	if (strcmp(name, "-hypervisor") == 0 ||
	    (strcmp(name, "hypervisor") == 0 && strcmp(value, "off") == 0)) {
		draft_put(d, "cpu", "", "hypervisor-bit", "no");
		return;
	}
	if (strcmp(name, "hv-vendor-id") == 0) {
		draft_put(d, "hyperv", "", "vendor-id", value);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(hv); i++)
		if (text_starts(name, "hv-") && strcmp(name + 3, hv[i]) == 0) {
			draft_put(d, "hyperv", "", hv[i], strcmp(value, "off") == 0 ? "no" : "yes");
			return;
		}
	if (strcmp(name, "hv-spinlocks") == 0 && read_number(value, &number)) {
		draft_putf(d, "hyperv", "", "spinlocks", "%lu", (unsigned long)number);
		return;
	}
	if (strcmp(name, "host") == 0 || strcmp(name, "migratable") == 0)
		return;
	if (*name == '+' || *name == '-')
		import_cpu_word(d, name + 1, *name == '+');
	else if (strcmp(value, "on") == 0 || strcmp(value, "off") == 0)
		import_cpu_word(d, name, strcmp(value, "on") == 0);
	else
		draft_left(d, "-cpu %s: cpu.flags switches on or off, and no more", word);
}

static bool import_cpu(struct draft *d, const char *value)
{
	own_free char *copy = xstrdup(value);
	char *save;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		import_cpu_flag(d, word);
	return true;
}

static bool import_rtc(struct draft *d, const char *value)
{
	own_free char *base = import_field(value, "base", "base");

	/* With more than that it is not what the key does. */
	if (!base || strchr(value, ',') || !draft_takes("machine", "rtc", base))
		return false;
	draft_put(d, "machine", "", "rtc", base);
	return true;
}

/* What names a bus, an id or a place that libvirt laid out means nothing here. */
static bool is_laid_out(const char *value)
{
	return strstr(value, "bus=") || strstr(value, "addr=") || strstr(value, "\"bus\"") ||
	       strstr(value, "\"addr\"");
}

/* ------------------------------------------------------------------ all of them */

struct walk {
	struct draft *d;
	bool glass; /* Looking Glass' memory was seen */
	bool sound; /* a way for it that there is a key for */
	size_t tables, inputs, entries;
};

static void pass_on(struct draft *d, const char *option, const char *value)
{
	draft_put(d, "qemu", "", "arg", option);
	if (value)
		draft_put(d, "qemu", "", "arg", value);
	draft_note(d, "passed on to QEMU as it is: %s%s%s", option, value ? " " : "",
		   value ? value : "");
}

/* One option with its value, NULL: it has none. */
static void import_option(struct walk *w, const char *option, const char *value)
{
	bool device = strcmp(option, "-device") == 0;
	own_free char *type = NULL;
	bool done = false;

	if (!value) {
		pass_on(w->d, option, NULL);
		return;
	}
	if (device)
		type = import_field(value, "driver", NULL);
	if (strcmp(option, "-fw_cfg") == 0)
		done = import_fw_cfg(w->d, value, &w->entries);
	else if (strcmp(option, "-acpitable") == 0)
		done = import_table(w->d, value, &w->tables);
	else if (strcmp(option, "-object") == 0)
		done = import_object(w->d, value, &w->glass, &w->inputs);
	else if (strcmp(option, "-cpu") == 0)
		done = import_cpu(w->d, value);
	else if (strcmp(option, "-rtc") == 0)
		done = import_rtc(w->d, value);
	else if (strcmp(option, "-audiodev") == 0)
		done = import_audiodev(w->d, value);
	else if (type && import_is_sound(type))
		done = w->sound && import_sound_device(w->d, type, value);
	else if (type && text_starts(type, "ivshmem"))
		done = w->glass;
	if (done)
		return;
	if (strcmp(option, "-set") == 0 || (device && is_laid_out(value)))
		draft_left(w->d, "%s %s: it names what libvirt had laid out", option, value);
	else
		pass_on(w->d, option, value);
}

static bool is_value(const struct raw_args *args, size_t i)
{
	return i < args->n && args->v[i].value[0] != '-';
}

static void walk_args(struct walk *w, const struct raw_args *args)
{
	/* An object may stand behind the device that has it. */
	for (size_t i = 0; i + 1 < args->n; i++) {
		const char *option = args->v[i].value, *value = args->v[i + 1].value;

		if (strcmp(option, "-object") == 0 &&
		    (strstr(value, KVMFR) || strstr(value, "looking-glass")))
			w->glass = true;
		if (strcmp(option, "-audiodev") == 0) {
			own_free char *word = import_sound_word(value);

			w->sound = w->sound || word;
		}
	}
	for (size_t i = 0; i < args->n; i++) {
		bool has_value = is_value(args, i + 1);

		if (xml_was_read(args->v[i].node, "value")) /* with a device of the host's */
			continue;
		xml_take(args->v[i].node);
		if (has_value)
			xml_take(args->v[i + 1].node);
		if (args->v[i].value[0] != '-')
			draft_left(w->d, "qemu:arg %s: it belongs to no option", args->v[i].value);
		else
			import_option(w, args->v[i].value, has_value ? args->v[i + 1].value : NULL);
		i += has_value;
	}
}

void import_command_line(struct draft *d, xmlNode *domain)
{
	own_raw_args struct raw_args args = {0};
	xmlNode *line = of_qemu(domain, "commandline");
	struct walk w = {.d = d};

	read_args(domain, &args);
	walk_args(&w, &args);
	for (xmlNode *env = xml_child(line, "env"); env; env = xml_next(env)) {
		own_free char *name = xml_attr(env, "name"), *value = xml_attr(env, "value");

		if (name)
			draft_putf(d, "qemu", "", "env", "%s=%s", name, value ? value : "");
	}
}
