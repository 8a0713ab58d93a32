/* Words about what the guest has of this host: processors, memory, and its devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "host/answers.h"
#include "host/interrupts.h"
#include "host/pci.h"
#include "host/threads.h"
#include "look_private.h"
#include "qmp/format.h"

#define RATE_MS 500 /* over which interrupts are counted */
#define PERIPHERAL "/machine/peripheral"

/* ------------------------------------------------------------------ vcpus */

/* The statistics of one vCPU that count its exits, of the answer to query-stats (QAPI:
 * StatsResult); a mapping of names to counts.
 */
static json_object *exits_of(json_object *stats, const char *qom_path)
{
	json_object *exits = json_object_new_object(), *list, *value;

	for (size_t i = 0; i < look_length(stats); i++) {
		json_object *result = json_object_array_get_idx(stats, i);

		if (strcmp(json_member_text(result, "qom-path"), qom_path) != 0 ||
		    !json_object_object_get_ex(result, "stats", &list))
			continue;
		for (size_t k = 0; k < look_length(list); k++) {
			json_object *one = json_object_array_get_idx(list, k);
			const char *name = json_member_text(one, "name");

			if (text_ends(name, "exits") &&
			    json_object_object_get_ex(one, "value", &value) &&
			    json_object_is_type(value, json_type_int))
				json_object_object_add(exits, name, json_object_get(value));
		}
	}
	return exits;
}

/* KVM's statistics, of a QEMU that has them and a KVM that is used; the caller owns them. */
static json_object *ask_stats(struct looking *looking)
{
	own_error struct error *unused = NULL;
	json_object *arguments, *answer = NULL;

	if (looking->session->agent || !look_has(looking, "query-stats"))
		return NULL;
	arguments = json_object_new_object();
	json_object_object_add(arguments, "target", json_object_new_string("vcpu"));
	answer = look_ask(looking, "query-stats", arguments, &unused);
	return answer;
}

static json_object *find_vcpus(struct looking *looking, const char *words, struct error **err)
{
	own_json json_object *cpus = look_ask(looking, "query-cpus-fast", NULL, err), *stats = NULL;
	own_thread_list struct thread_list threads = {0};
	struct root real = ROOT_REAL;
	json_object *list;

	(void)words;
	if (!cpus)
		return NULL;
	stats = ask_stats(looking);
	threads_read(&threads, &real, looking->session->qemu);
	list = json_object_new_array();
	for (size_t i = 0; i < look_length(cpus); i++) {
		json_object *cpu = json_object_array_get_idx(cpus, i),
			    *o = json_object_new_object();
		int64_t id = look_number(cpu, "thread-id");
		const struct thread *thread = threads_find(&threads, (pid_t)id);
		char state[] = {thread ? thread->state : '?', '\0'};

		look_add_number(o, "vcpu", look_number(cpu, "cpu-index"));
		look_add_number(o, "thread", id);
		look_add_text(o, "state", state);
		look_add_number(o, "cpu-ms", thread ? (int64_t)thread->used_ms : -1);
		look_add_number(o, "waited-ms", thread ? thread->waited_ms : -1);
		look_add_number(o, "processor", thread ? thread->processor : -1);
		look_add_text(o, "may-run-on", thread ? thread->may : "");
		json_object_object_add(o, "exits",
				       exits_of(stats, json_member_text(cpu, "qom-path")));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *seconds_of(json_object *o, const char *key)
{
	int64_t ms = look_number(o, key);
	own_free char *text = ms < 0 ? xstrdup("?") : xasprintf("%.2f", (double)ms / 1000);

	return json_object_new_string(text);
}

static void print_vcpus(struct buf *out, json_object *found)
{
	own_json json_object *rows = json_object_new_array();

	for (size_t i = 0; i < look_length(found); i++) {
		json_object *from = json_object_array_get_idx(found, i);
		json_object *o = json_object_new_object();

		look_add_number(o, "vcpu", look_number(from, "vcpu"));
		look_add_number(o, "thread", look_number(from, "thread"));
		look_add_text(o, "state", json_member_text(from, "state"));
		json_object_object_add(o, "seconds", seconds_of(from, "cpu-ms"));
		json_object_object_add(o, "waited", seconds_of(from, "waited-ms"));
		look_add_number(o, "ran on", look_number(from, "processor"));
		look_add_text(o, "may run on", json_member_text(from, "may-run-on"));
		json_object_array_add(rows, o);
	}
	look_table(out, rows);
	for (size_t i = 0; i < look_length(found); i++) {
		json_object *from = json_object_array_get_idx(found, i), *exits;
		own_buf struct buf line = {0};

		json_object_object_get_ex(from, "exits", &exits);
		json_object_object_foreach(exits, name, count)
		{
			own_free char *shown = text_quote(name, 60);

			if (json_object_get_int64(count))
				buf_addf(&line, "%s%s %lld", line.len ? ", " : "", shown,
					 (long long)json_object_get_int64(count));
		}
		if (line.len)
			buf_addf(out, "vcpu %lld: %s\n", (long long)look_number(from, "vcpu"),
				 line.data);
	}
}

const struct look LOOK_VCPUS = {find_vcpus, print_vcpus, NULL};

/* ------------------------------------------------------------------ memory */

/* KiB in smaps_rollup (proc(5)); -1 where it has no such line. */
static int64_t rollup_kb(const char *rollup, const char *name)
{
	const char *at = rollup ? strstr(rollup, name) : NULL;

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

static json_object *find_memory(struct looking *looking, const char *words, struct error **err)
{
	static const char *const row[][2] = {{"resident", "\nRss:"},
					     {"proportional", "\nPss:"},
					     {"transparent-huge", "\nAnonHugePages:"},
					     {"private-huge", "\nPrivate_Hugetlb:"},
					     {"shared-huge", "\nShared_Hugetlb:"},
					     {"swapped", "\nSwap:"}};
	own_json json_object *size = look_ask(looking, "query-memory-size-summary", NULL, err);
	struct root real = ROOT_REAL;
	own_free char *rollup = NULL;
	json_object *o, *host;

	(void)words;
	if (!size)
		return NULL;
	rollup = root_read(&real, "/proc/%d/smaps_rollup", (int)looking->session->qemu);
	o = json_object_new_object();
	look_add_number(o, "guest-bytes", look_number(size, "base-memory"));
	look_add_number(o, "plugged-bytes", look_number(size, "plugged-memory"));
	host = rollup ? json_object_new_object() : NULL;
	for (size_t i = 0; host && i < ARRAY_SIZE(row); i++) {
		int64_t kb = rollup_kb(rollup, row[i][1]);

		if (kb >= 0)
			look_add_number(host, row[i][0], kb * 1024);
	}
	json_object_object_add(o, "host-bytes", host);
	return o;
}

static void print_memory(struct buf *out, json_object *found)
{
	int64_t plugged = look_number(found, "plugged-bytes");
	json_object *host;

	buf_addf(out, "the guest has %lld MiB", (long long)look_number(found, "guest-bytes") >> 20);
	if (plugged > 0)
		buf_addf(out, ", %lld MiB of them plugged in later", (long long)plugged >> 20);
	buf_adds(out, "\n");
	json_object_object_get_ex(found, "host-bytes", &host);
	if (!host) {
		buf_adds(out, "what QEMU has of it on the host cannot be read\n");
		return;
	}
	json_object_object_foreach(host, name, bytes) buf_addf(
		out, "%-18s %8lld MiB\n", name, (long long)json_object_get_int64(bytes) >> 20);
}

const struct look LOOK_MEMORY = {find_memory, print_memory, NULL};

/* ------------------------------------------------------------------ the guest's PCI devices */

/* QEMU says -1 for a BAR that the guest has not mapped (PCI_BAR_UNMAPPED). */
static json_object *bars_of(json_object *device)
{
	json_object *bars = json_object_new_array(), *regions = NULL;

	json_object_object_get_ex(device, "regions", &regions);
	for (size_t i = 0; i < look_length(regions); i++) {
		json_object *region = json_object_array_get_idx(regions, i);
		json_object *o = json_object_new_object(), *prefetch = NULL;
		int64_t address = look_number(region, "address");

		json_object_object_get_ex(region, "prefetch", &prefetch);
		look_add_number(o, "bar", look_number(region, "bar"));
		look_add_text(o, "kind", json_member_text(region, "type"));
		json_object_object_add(o, "prefetch",
				       json_object_new_boolean(json_object_get_boolean(prefetch)));
		look_add_number(o, "size", look_number(region, "size"));
		json_object_object_add(o, "address",
				       address < 0 ? NULL : json_object_new_int64(address));
		json_object_array_add(bars, o);
	}
	return bars;
}

static void add_pci_device(json_object *list, json_object *device, unsigned depth)
{
	json_object *class = NULL, *id = NULL, *bridge = NULL, *below = NULL;
	json_object *o = json_object_new_object();
	own_free char *place = xasprintf("%02x:%02x.%x", (unsigned)look_number(device, "bus") & 255,
					 (unsigned)look_number(device, "slot") & 31,
					 (unsigned)look_number(device, "function") & 7);
	own_free char *ids = NULL;

	json_object_object_get_ex(device, "class_info", &class);
	json_object_object_get_ex(device, "id", &id);
	ids = xasprintf("%04x:%04x", (unsigned)look_number(id, "vendor") & 0xffff,
			(unsigned)look_number(id, "device") & 0xffff);
	look_add_text(o, "place", place);
	look_add_text(o, "ids", ids);
	look_add_text(o, "id", json_member_text(device, "qdev_id"));
	look_add_text(o, "what", json_member_text(class, "desc"));
	json_object_object_add(o, "bars", bars_of(device));
	json_object_array_add(list, o);
	if (!depth || !json_object_object_get_ex(device, "pci_bridge", &bridge) ||
	    !json_object_object_get_ex(bridge, "devices", &below))
		return;
	for (size_t i = 0; i < look_length(below); i++)
		add_pci_device(list, json_object_array_get_idx(below, i), depth - 1);
}

static json_object *find_pci(struct looking *looking, const char *words, struct error **err)
{
	own_json json_object *buses = look_ask(looking, "query-pci", NULL, err);
	json_object *list;

	(void)words;
	if (!buses)
		return NULL;
	list = json_object_new_array();
	for (size_t i = 0; i < look_length(buses); i++) {
		json_object *devices = NULL;

		json_object_object_get_ex(json_object_array_get_idx(buses, i), "devices", &devices);
		for (size_t k = 0; k < look_length(devices); k++)
			add_pci_device(list, json_object_array_get_idx(devices, k), 16);
	}
	return list;
}

static void print_pci(struct buf *out, json_object *found)
{
	own_json json_object *rows = json_object_new_array();

	for (size_t i = 0; i < look_length(found); i++) {
		json_object *from = json_object_array_get_idx(found, i);
		json_object *o = json_object_new_object();

		look_add_text(o, "place", json_member_text(from, "place"));
		look_add_text(o, "ids", json_member_text(from, "ids"));
		look_add_text(o, "id", json_member_text(from, "id"));
		look_add_text(o, "what", json_member_text(from, "what"));
		json_object_array_add(rows, o);
	}
	look_table(out, rows);
}

const struct look LOOK_PCI = {find_pci, print_pci, NULL};

/* ------------------------------------------------------------------ functions of the host */

static json_object *interrupts_of(const struct interrupt_list *before,
				  const struct interrupt_list *after)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < after->n; i++) {
		const struct interrupt *now = &after->v[i];
		const struct interrupt *was = interrupts_find(before, now->number);
		json_object *o = json_object_new_object();

		look_add_text(o, "number", now->number);
		look_add_text(o, "name", now->name);
		look_add_number(o, "count", (int64_t)now->count);
		look_add_number(o, "per-second",
				was && now->count > was->count
					? (int64_t)(now->count - was->count) * 1000 / RATE_MS
					: 0);
		look_add_text(o, "on", now->on);
		json_object_array_add(list, o);
	}
	return list;
}

/* The link's speed stands in configuration space: to read it would wake what sleeps. */
static void add_link(json_object *o, const struct pci_function *f, const char *address)
{
	struct root real = ROOT_REAL;
	bool awake = f->power_state && strcmp(f->power_state, "D0") == 0;
	own_free char *speed = NULL, *width = NULL;

	if (awake) {
		speed = root_line(&real, "/sys/bus/pci/devices/%s/current_link_speed", address);
		width = root_line(&real, "/sys/bus/pci/devices/%s/current_link_width", address);
	}
	look_add_text(o, "link-speed", speed);
	look_add_text(o, "link-width", width);
}

static void add_host(json_object *o, const char *address)
{
	struct root real = ROOT_REAL;
	own_pci_function struct pci_function f = {0};
	json_object *resets = json_object_new_array();
	struct pci_address parsed;

	if (pci_address_parse(address, &parsed))
		pci_function_read(&f, &real, &parsed);
	look_add_text(o, "host", address);
	json_object_object_add(o, "there", json_object_new_boolean(f.path != NULL));
	look_add_text(o, "problem", pci_answer_words(pci_answer_of(&real, address)));
	look_add_text(o, "driver", f.driver);
	look_add_text(o, "power-state", f.power_state);
	look_add_text(o, "runtime-status", f.runtime_status);
	for (size_t i = 0; i < f.resets; i++)
		json_object_array_add(resets, json_object_new_string(f.reset[i]));
	json_object_object_add(o, "resets", resets);
	add_link(o, &f, address);
}

/* What query-pci says of the device of that id; NULL where it does not know it. */
static json_object *in_guest(json_object *pci, const char *id)
{
	for (size_t i = 0; i < look_length(pci); i++)
		if (strcmp(json_member_text(json_object_array_get_idx(pci, i), "id"), id) == 0)
			return json_object_array_get_idx(pci, i);
	return NULL;
}

static bool is_address(const char *text)
{
	struct pci_address address;

	return pci_address_parse(text, &address);
}

/* The functions that vfio-pci devices of the machine are, without their interrupts. */
static json_object *find_functions(struct looking *looking, struct error **err)
{
	json_object *arguments = json_object_new_object(), *list;
	own_json json_object *children = NULL, *pci = NULL;

	json_object_object_add(arguments, "path", json_object_new_string(PERIPHERAL));
	children = look_ask(looking, "qom-list", arguments, err);
	pci = children ? find_pci(looking, "", err) : NULL;
	if (!pci)
		return NULL;
	list = json_object_new_array();
	for (size_t i = 0; i < look_length(children); i++) {
		json_object *child = json_object_array_get_idx(children, i), *guest, *bars = NULL,
			    *o;
		const char *name = json_member_text(child, "name");
		own_free char *path = xasprintf("%s/%s", PERIPHERAL, name);
		own_json json_object *host = NULL;

		if (!text_starts(json_member_text(child, "type"), "child<vfio-pci"))
			continue;
		host = look_qom(looking, path, "host", err);
		guest = in_guest(pci, name);
		json_object_object_get_ex(guest, "bars", &bars);
		o = json_object_new_object();
		look_add_text(o, "id", name);
		look_add_text(o, "place", json_member_text(guest, "place"));
		/* A vGPU is named by its path. */
		if (json_object_is_type(host, json_type_string) &&
		    is_address(json_object_get_string(host)))
			add_host(o, json_object_get_string(host));
		json_object_object_add(o, "bars", json_object_get(bars));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *find_gpu(struct looking *looking, const char *words, struct error **err)
{
	json_object *list = find_functions(looking, err);
	size_t n = look_length(list);
	own_free struct interrupt_list *before = xcalloc(n + 1, sizeof(*before));
	struct root real = ROOT_REAL;

	(void)words;
	for (size_t i = 0; i < n; i++)
		interrupts_read(&before[i], &real,
				json_member_text(json_object_array_get_idx(list, i), "host"));
	if (n)
		looking->rest(looking, RATE_MS);
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		own_interrupt_list struct interrupt_list after = {0};

		interrupts_read(&after, &real, json_member_text(o, "host"));
		json_object_object_add(o, "interrupts", interrupts_of(&before[i], &after));
		interrupts_free(&before[i]);
	}
	return list;
}

static void print_bar(struct buf *out, json_object *bar)
{
	int64_t size = look_number(bar, "size");
	own_free char *bytes = text_size(size > 0 ? (uint64_t)size : 0);
	json_object *address = NULL, *prefetch = NULL;

	json_object_object_get_ex(bar, "prefetch", &prefetch);
	buf_addf(out, "  BAR %lld: %s %s%s, ", (long long)look_number(bar, "bar"), bytes,
		 strcmp(json_member_text(bar, "kind"), "io") == 0 ? "of ports" : "of memory",
		 json_object_get_boolean(prefetch) ? " (prefetchable)" : "");
	if (json_object_object_get_ex(bar, "address", &address) && address)
		buf_addf(out, "mapped at 0x%llx\n", (long long)json_object_get_int64(address));
	else
		buf_adds(out, "not mapped by the guest\n");
}

static void print_interrupt(struct buf *out, json_object *interrupt)
{
	own_free char *name = text_quote(json_member_text(interrupt, "name"), 80);
	const char *on = json_member_text(interrupt, "on");

	buf_addf(out, "  %s: %lld interrupts, %lld per second%s%s\n", name,
		 (long long)look_number(interrupt, "count"),
		 (long long)look_number(interrupt, "per-second"), *on ? ", on processor " : "", on);
}

static void print_host(struct buf *out, json_object *o)
{
	const char *power = json_member_text(o, "power-state");
	const char *runtime = json_member_text(o, "runtime-status");
	const char *speed = json_member_text(o, "link-speed");
	const char *problem = json_member_text(o, "problem");
	json_object *there = NULL, *resets = NULL;

	json_object_object_get_ex(o, "there", &there);
	json_object_object_get_ex(o, "resets", &resets);
	if (*problem)
		buf_addf(out, "  it %s\n", problem);
	if (!json_object_get_boolean(there))
		return;
	buf_addf(out, "  power %s (%s), ", *power ? power : "not known",
		 *runtime ? runtime : "runtime power not known");
	if (!look_length(resets))
		buf_adds(out, "no way to reset it");
	for (size_t i = 0; i < look_length(resets); i++)
		buf_addf(out, "%s%s", i ? ", " : "reset by ",
			 json_object_get_string(json_object_array_get_idx(resets, i)));
	if (*speed && !*problem)
		buf_addf(out, ", link %s x%s", speed, json_member_text(o, "link-width"));
	buf_adds(out, "\n");
}

static void print_gpu(struct buf *out, json_object *found)
{
	for (size_t i = 0; i < look_length(found); i++) {
		json_object *o = json_object_array_get_idx(found, i), *bars = NULL,
			    *interrupts = NULL;
		own_free char *id = text_quote(json_member_text(o, "id"), 60);
		const char *host = json_member_text(o, "host"),
			   *place = json_member_text(o, "place");

		json_object_object_get_ex(o, "bars", &bars);
		json_object_object_get_ex(o, "interrupts", &interrupts);
		buf_addf(out, "%s: %s, in the guest at %s\n", id,
			 *host ? host : "a function that the host does not name",
			 *place ? place : "a place that QEMU does not tell");
		if (*host)
			print_host(out, o);
		for (size_t k = 0; k < look_length(bars); k++)
			print_bar(out, json_object_array_get_idx(bars, k));
		for (size_t k = 0; k < look_length(interrupts); k++)
			print_interrupt(out, json_object_array_get_idx(interrupts, k));
		if (*host && !look_length(interrupts))
			buf_adds(
				out,
				"  no interrupts: its driver in the guest has not asked for any\n");
	}
	if (!look_length(found))
		buf_adds(out, "no function of the host's is in this guest\n");
}

const struct look LOOK_GPU = {find_gpu, print_gpu, NULL};

/* ------------------------------------------------------------------ usb */

/* The list is HMP's alone: text, one line a device. */
static json_object *find_usb(struct looking *looking, const char *words, struct error **err)
{
	json_object *arguments = json_object_new_object(), *o;
	own_json json_object *answer = NULL;

	(void)words;
	json_object_object_add(arguments, "command-line", json_object_new_string("info usb"));
	answer = look_ask(looking, "human-monitor-command", arguments, err);
	if (!answer)
		return NULL;
	o = json_object_new_object();
	look_add_text(o, "text",
		      json_object_is_type(answer, json_type_string) ? json_object_get_string(answer)
								    : "");
	return o;
}

static void print_usb(struct buf *out, json_object *found)
{
	own_free char *text = qmp_screen(json_member_text(found, "text"));

	if (text_starts(text, "Error: "))
		buf_adds(out, "this machine has no USB controller\n");
	else
		buf_adds(out, *text ? text : "no USB device is in this guest\n");
}

const struct look LOOK_USB = {find_usb, print_usb, NULL};
