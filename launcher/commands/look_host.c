/* Words about what the guest has of this host: processors, memory, and its devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "host/answers.h"
#include "host/threads.h"
#include "look_private.h"
#include "qmp/format.h"
#include "usb.h"

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
	json_add_text(arguments, "target", "vcpu");
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

		json_add_number(o, "vcpu", look_number(cpu, "cpu-index"));
		json_add_number(o, "thread", id);
		json_add_text(o, "state", state);
		json_add_number(o, "cpu-ms", thread ? (int64_t)thread->used_ms : -1);
		json_add_number(o, "waited-ms", thread ? thread->waited_ms : -1);
		json_add_number(o, "processor", thread ? thread->processor : -1);
		json_add_text(o, "may-run-on", thread ? thread->may : "");
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

		json_add_number(o, "vcpu", look_number(from, "vcpu"));
		json_add_number(o, "thread", look_number(from, "thread"));
		json_add_text(o, "state", json_member_text(from, "state"));
		json_object_object_add(o, "seconds", seconds_of(from, "cpu-ms"));
		json_object_object_add(o, "waited", seconds_of(from, "waited-ms"));
		json_add_number(o, "ran on", look_number(from, "processor"));
		json_add_text(o, "may run on", json_member_text(from, "may-run-on"));
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
	json_add_number(o, "guest-bytes", look_number(size, "base-memory"));
	json_add_number(o, "plugged-bytes", look_number(size, "plugged-memory"));
	host = rollup ? json_object_new_object() : NULL;
	for (size_t i = 0; host && i < ARRAY_SIZE(row); i++) {
		int64_t kb = rollup_kb(rollup, row[i][1]);

		if (kb >= 0)
			json_add_number(host, row[i][0], kb * 1024);
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
		json_add_number(o, "bar", look_number(region, "bar"));
		json_add_text(o, "kind", json_member_text(region, "type"));
		json_add_bool(o, "prefetch", json_object_get_boolean(prefetch));
		json_add_number(o, "size", look_number(region, "size"));
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
	json_add_text(o, "place", place);
	json_add_text(o, "ids", ids);
	json_add_text(o, "id", json_member_text(device, "qdev_id"));
	json_add_text(o, "what", json_member_text(class, "desc"));
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

		json_add_text(o, "place", json_member_text(from, "place"));
		json_add_text(o, "ids", json_member_text(from, "ids"));
		json_add_text(o, "id", json_member_text(from, "id"));
		json_add_text(o, "what", json_member_text(from, "what"));
		json_object_array_add(rows, o);
	}
	look_table(out, rows);
}

const struct look LOOK_PCI = {find_pci, print_pci, NULL};

/* ------------------------------------------------------------------ usb */

/* "attach DEVICE" or "detach DEVICE": does it. */
static json_object *change_usb(struct looking *looking, const char *words, struct error **err)
{
	bool attaches = text_starts(words, "attach ");
	const char *device = words + strcspn(words, " ");
	own_free char *text = NULL;
	struct root real = ROOT_REAL;
	json_object *o;

	device += strspn(device, " ");
	if ((!attaches && !text_starts(words, "detach ")) || !*device || strchr(device, ' ')) {
		error_add(err, ERROR_USAGE, "usb attach DEVICE, usb detach DEVICE, or usb alone");
		return NULL;
	}
	text = usb_change(looking, &real, attaches, device, err);
	if (!text)
		return NULL;
	o = json_object_new_object();
	json_add_text(o, "text", text);
	json_add_text(o, attaches ? "attached" : "detached", device);
	return o;
}

/* The list is HMP's alone: text, one line a device. */
static json_object *find_usb(struct looking *looking, const char *words, struct error **err)
{
	json_object *arguments, *o;
	own_json json_object *answer = NULL;

	if (*words)
		return change_usb(looking, words, err);
	arguments = json_object_new_object();
	json_add_text(arguments, "command-line", "info usb");
	answer = look_ask(looking, "human-monitor-command", arguments, err);
	if (!answer)
		return NULL;
	o = json_object_new_object();
	json_add_text(o, "text",
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
