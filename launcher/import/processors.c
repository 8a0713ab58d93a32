#include "parts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cpu_set.h"
#include "base/text.h"
#include "profile/keys.h"

static void import_topology(struct draft *d, xmlNode *domain)
{
	xmlNode *vcpu = xml_child(domain, "vcpu"), *cpu = xml_child(domain, "cpu");
	xmlNode *topology = xml_child(cpu, "topology");
	static const char *const level[] = {"sockets", "dies", "clusters", "cores"};
	own_free char *count = xml_text(vcpu), *threads = xml_attr(topology, "threads");
	own_free char *current = xml_attr(vcpu, "current"), *cpuset = xml_attr(vcpu, "cpuset");
	unsigned long long cores = 1, total;
	uint64_t each = 1, n = 0;

	xml_take(vcpu);
	if (count)
		text_u64(count, 10, &n);
	if (threads)
		text_u64(threads, 10, &each);
	for (size_t i = 0; i < ARRAY_SIZE(level); i++) {
		own_free char *text = xml_attr(topology, level[i]);
		uint64_t value;

		if (text && text_u64(text, 10, &value) && value && cores < 4096)
			cores *= value;
	}
	if (!topology || !each || each > 4096)
		each = 1;
	if (!topology)
		cores = n;
	if (cores) {
		draft_putf(d, "cpu", "", "cores", "%llu", cores);
		draft_putf(d, "cpu", "", "threads", "%lu", each);
	}
	total = cores * each;
	if (n && n != total)
		draft_note(d, "the guest has the %llu processors of the topology, not %lu", total,
			   n);
	if (current && count && strcmp(current, count) != 0)
		draft_left(d, "vcpu current=%s: all processors are there from the start", current);
	if (cpuset)
		draft_put(d, "cpu", "", "placement", cpuset);
	xml_take(xml_child(domain, "vcpus"));
}

void import_cpu_word(struct draft *d, const char *name, bool on)
{
	const char *before = draft_value(d, "cpu", "", "flags");
	own_free char *word = xasprintf("%c%s", on ? '+' : '-', name);

	if (on && strcmp(name, "topoext") == 0) {
		draft_note(d, "topoext goes with threads by itself, where the processor has it");
		return;
	}
	/* Said by the domain and by the command line that it smuggles in. */
	for (const char *at = before; at && (at = strstr(at, word)); at++)
		if ((at == before || at[-1] == ' ') &&
		    (!at[strlen(word)] || at[strlen(word)] == ' '))
			return;
	if (!draft_takes("cpu", "flags", word)) {
		draft_left(d, "cpu feature %s: it has another key, or is none of QEMU's", word);
		return;
	}
	draft_putf(d, "cpu", "", "flags", "%s%s%s", before ? before : "", before ? " " : "", word);
}

/* A policy of optional takes what there is, as all of the host's processor is taken here. */
static void import_feature(struct draft *d, xmlNode *feature)
{
	own_free char *name = NULL, *policy = NULL;

	if (xml_has(feature, "name", "hypervisor") && xml_has(feature, "policy", "disable")) {
		draft_put(d, "cpu", "", "hypervisor-bit", "no");
		return;
	}
	name = xml_attr(feature, "name");
	policy = xml_attr(feature, "policy");
	if (!name)
		draft_left(d, "cpu/feature without a name");
	else if (policy && (strcmp(policy, "disable") == 0 || strcmp(policy, "forbid") == 0))
		import_cpu_word(d, name, false);
	else if (!policy || strcmp(policy, "optional") != 0)
		import_cpu_word(d, name, true);
}

static void import_width(struct draft *d, xmlNode *cpu)
{
	xmlNode *width = xml_child(cpu, "maxphysaddr");
	own_free char *bits = xml_attr(width, "bits"), *limit = xml_attr(width, "limit");

	xml_has(width, "mode", "passthrough");
	xml_has(width, "mode", "emulate");
	if (bits || limit)
		draft_put(d, "cpu", "", "phys-bits", bits ? bits : limit);
}

static void import_model(struct draft *d, xmlNode *domain)
{
	xmlNode *cpu = xml_child(domain, "cpu");
	own_free char *mode = xml_attr(cpu, "mode"), *model = xml_text(xml_child(cpu, "model"));

	if (mode && (strcmp(mode, "host-model") == 0 || strcmp(mode, "maximum") == 0))
		draft_note(d, "the processor is the host's own, not a model of it (%s)", mode);
	else if (model && (!mode || strcmp(mode, "custom") == 0))
		draft_put(d, "cpu", "", "model", model);
	if (xml_child(cpu, "model"))
		xml_take(xml_child(cpu, "model"));
	for (xmlNode *f = xml_child(cpu, "feature"); f; f = xml_next(f))
		import_feature(d, f);
	import_width(d, cpu);
	/* The host's caches, as the guest has them here. */
	if (xml_has(xml_child(cpu, "cache"), "mode", "passthrough"))
		xml_take(xml_child(cpu, "cache"));
}

/* Of the guest, as far as they are known by now. */
static uint64_t processors_of(const struct draft *d)
{
	const char *cores = draft_value(d, "cpu", "", "cores");
	const char *threads = draft_value(d, "cpu", "", "threads");
	uint64_t n = 1, each = 1;

	if (cores)
		text_u64(cores, 10, &n);
	if (threads)
		text_u64(threads, 10, &each);
	return n * each;
}

/* Sets of the kernel's form; libvirt also takes "^3", which is left. */
static void import_pins(struct draft *d, xmlNode *domain)
{
	xmlNode *tune = xml_child(domain, "cputune");
	struct cpu_set all = {0};
	bool one_by_one = true, good = true;
	size_t n = 0;

	for (xmlNode *pin = xml_child(tune, "vcpupin"); pin; pin = xml_next(pin), n++) {
		own_free char *list = xml_attr(pin, "cpuset"), *vcpu = xml_attr(pin, "vcpu");
		struct cpu_set set = {0};

		good &= list && vcpu && cpu_set_parse(&set, list);
		one_by_one &= cpu_set_count(&set) == 1;
		all = cpu_set_union(&all, &set);
	}
	if (n && good && cpu_set_count(&all) < processors_of(d)) {
		own_free char *list = cpu_set_text(&all);

		draft_left(
			d,
			"cputune/vcpupin to %s: each of the guest's processors has one of the host's here, and there are more of them",
			list);
	} else if (n && good) {
		own_free char *list = cpu_set_text(&all);

		draft_comment(
			d, "cpu", "",
			"The guest's processors on these of the host, siblings as siblings%s. With 'performance' the P-cores are found by themselves.",
			one_by_one ? "" : ", one on each");
		draft_put(d, "cpu", "", "placement", list);
	} else if (n) {
		draft_left(d, "cputune/vcpupin: a list that cannot be read");
	}
	for (xmlNode *pin = xml_child(tune, "emulatorpin"); pin; pin = xml_next(pin)) {
		own_free char *list = xml_attr(pin, "cpuset");

		draft_put(d, "cpu", "", "emulator", list ? list : "");
	}
	for (xmlNode *pin = xml_child(tune, "iothreadpin"); pin; pin = xml_next(pin)) {
		own_free char *list = xml_attr(pin, "cpuset");

		xml_take(pin);
		draft_put(d, "cpu", "", "iothread", list ? list : "");
	}
	for (xmlNode *s = xml_child(tune, "vcpusched"); s; s = xml_next(s)) {
		if (!xml_has(s, "scheduler", "fifo") && !xml_has(s, "scheduler", "rr"))
			continue;
		xml_take(s);
		draft_put(d, "cpu", "", "realtime", "yes");
	}
	xml_take(xml_child(domain, "iothreads"));
	xml_take(xml_child(domain, "iothreadids"));
}

static bool is_windows(const struct draft *d)
{
	const char *guest = draft_value(d, "vm", "", "guest");

	return guest && strcmp(guest, "windows") == 0;
}

/* Enlightenments have libvirt's names, but for the stroke between two words, and for those that
 * stand within another one. The caller owns it.
 */
static char *enlightenment_place(const char *key)
{
	static const char *const inner[][2] = {{"stimer-direct", "stimer/direct"},
					       {"tlbflush-direct", "tlbflush/direct"},
					       {"tlbflush-ext", "tlbflush/extended"}};
	char *name = xstrdup(key);

	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		if (strcmp(key, inner[i][0]) == 0) {
			free(name);
			return xstrdup(inner[i][1]);
		}
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return name;
}

/* What is as it is by itself is not said again. */
static void import_enlightenments(struct draft *d, xmlNode *hyperv)
{
	const struct section_keys *section = section_find("hyperv");

	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];
		own_free char *place = enlightenment_place(key->name);
		bool off, on;

		if ((key->kind != KIND_FLAG && key->kind != KIND_CHOICE) ||
		    strcmp(key->name, "enabled") == 0)
			continue;
		off = xml_has(xml_at(hyperv, place), "state", "off");
		on = xml_has(xml_at(hyperv, place), "state", "on");
		if (off && strcmp(key->dflt, "no") != 0)
			draft_put(d, section->name, "", key->name, "no");
		else if (on && strcmp(key->dflt, "yes") != 0)
			draft_put(d, section->name, "", key->name, "yes");
	}
}

/* All that Windows knows how to use is on by default; what was switched off stays so. */
static void import_hyperv(struct draft *d, xmlNode *domain)
{
	xmlNode *hyperv = xml_at(domain, "features/hyperv"), *node;
	own_free char *mode = xml_attr(hyperv, "mode"), *retries = NULL, *vendor = NULL;

	if (mode && (strcmp(mode, "passthrough") == 0 || strcmp(mode, "host-model") == 0))
		draft_note(d, "hyperv mode=%s: what vmlaunch knows and KVM offers, not all of it",
			   mode);
	/* By itself for Windows, with what KVM offers. */
	if (hyperv && !is_windows(d))
		draft_put(d, "hyperv", "", "enabled", "yes");
	import_enlightenments(d, hyperv);
	node = xml_child(hyperv, "spinlocks");
	retries = xml_attr(node, "retries");
	if (xml_has(node, "state", "off"))
		draft_put(d, "hyperv", "", "spinlocks", "0");
	else if (retries)
		draft_put(d, "hyperv", "", "spinlocks", retries);
	xml_has(node, "state", "on");
	node = xml_child(hyperv, "vendor_id");
	vendor = xml_attr(node, "value");
	if (vendor)
		draft_put(d, "hyperv", "", "vendor-id", vendor);
	xml_has(node, "state", "on");
}

static void import_features(struct draft *d, xmlNode *domain)
{
	xmlNode *features = xml_child(domain, "features");
	static const char *const usual[] = {"acpi", "apic", "pae", "privnet", "hap"};
	xmlNode *smm = xml_child(features, "smm"), *ioapic = xml_child(features, "ioapic");
	xmlNode *vmport = xml_child(features, "vmport");
	own_free char *state = xml_attr(smm, "state"), *driver = xml_attr(ioapic, "driver");

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		xml_take(xml_child(features, usual[i]));
	if (xml_has(xml_at(features, "kvm/hidden"), "state", "on"))
		draft_put(d, "cpu", "", "hide-hypervisor", "yes");
	xml_has(xml_at(features, "kvm/hidden"), "state", "off");
	if (xml_has(vmport, "state", "on"))
		draft_put(d, "machine", "", "vmport", "yes");
	xml_has(vmport, "state", "off");
	if (smm)
		draft_put(d, "machine", "", "smm",
			  state && strcmp(state, "off") == 0 ? "no" : "yes");
	if (xml_has(xml_child(features, "vmcoreinfo"), "state", "on"))
		draft_put(d, "machine", "", "vmcoreinfo", "yes");
	xml_has(xml_child(features, "vmcoreinfo"), "state", "off");
	if (driver)
		draft_put(d, "cpu", "", "irqchip", strcmp(driver, "kvm") == 0 ? "kernel" : "split");
}

static void import_timer(struct draft *d, xmlNode *timer)
{
	own_free char *policy = xml_attr(timer, "tickpolicy"),
		      *present = xml_attr(timer, "present");

	if (xml_has(timer, "name", "rtc") && policy) {
		draft_put(d, "machine", "", "rtc-drift-fix",
			  strcmp(policy, "catchup") == 0 ? "yes" : "no");
	} else if (xml_has(timer, "name", "pit") && policy) {
		draft_put(d, "machine", "", "pit-lost-ticks", policy);
	} else if (xml_has(timer, "name", "hpet") && present) {
		draft_put(d, "machine", "", "hpet", present);
	} else if (xml_has(timer, "name", "hypervclock") && present) {
		draft_put(d, "hyperv", "", "time", present);
	} else {
		own_free char *name = xml_attr(timer, "name");

		xml_take(timer);
		draft_left(d, "clock/timer %s%s%s%s%s", name ? name : "?",
			   policy ? " tickpolicy=" : "", policy ? policy : "",
			   present ? " present=" : "", present ? present : "");
	}
}

static void import_clock(struct draft *d, xmlNode *domain)
{
	xmlNode *clock = xml_child(domain, "clock");
	own_free char *offset = xml_attr(clock, "offset");

	if (offset && (strcmp(offset, "utc") == 0 || strcmp(offset, "localtime") == 0))
		draft_put(d, "machine", "", "rtc", offset);
	else if (offset)
		draft_left(d, "clock offset=%s", offset);
	for (xmlNode *timer = xml_child(clock, "timer"); timer; timer = xml_next(timer))
		import_timer(d, timer);
}

void import_processors(struct draft *d, xmlNode *domain)
{
	xmlNode *cpu = xml_child(domain, "cpu");
	static const char *const how[] = {"check", "migratable", "match"};

	import_topology(d, domain);
	import_model(d, domain);
	for (size_t i = 0; i < ARRAY_SIZE(how); i++)
		xml_ignore(cpu, how[i]);
	import_pins(d, domain);
	import_features(d, domain);
	import_hyperv(d, domain);
	import_clock(d, domain);
}

void import_hidden(struct draft *d)
{
	const char *bit = draft_value(d, "cpu", "", "hypervisor-bit");

	if (!bit || !is_windows(d))
		return;
	draft_put(d, "hyperv", "", "enabled", "no");
	draft_note(
		d,
		"without the hypervisor's bit Windows finds none of its enlightenments, so they are off: cpu.hypervisor-bit = yes has them again");
}
