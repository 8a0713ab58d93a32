/* Functions of the host that are in the guest: as the host has them, and as the guest does. */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "host/answers.h"
#include "host/interrupts.h"
#include "host/pci.h"
#include "look_private.h"

#define RATE_MS 500 /* over which interrupts are counted, at least */
#define PERIPHERAL "/machine/peripheral"

/* Those after, and how many came in each second of the ms milliseconds since before. */
static json_object *interrupts_of(const struct interrupt_list *before,
				  const struct interrupt_list *after, int64_t ms)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < after->n; i++) {
		const struct interrupt *now = &after->v[i];
		const struct interrupt *was = interrupts_find(before, now->number);
		json_object *o = json_object_new_object();

		json_add_text(o, "number", now->number);
		json_add_text(o, "name", now->name);
		json_add_number(o, "count", (int64_t)now->count);
		json_add_number(o, "per-second",
				was && now->count > was->count
					? (int64_t)(now->count - was->count) * 1000 / ms
					: 0);
		json_add_text(o, "on", now->on);
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
	json_add_text(o, "link-speed", speed);
	json_add_text(o, "link-width", width);
}

static void add_host(json_object *o, const char *address)
{
	struct root real = ROOT_REAL;
	own_pci_function struct pci_function f = {0};
	json_object *resets = json_object_new_array();
	struct pci_address parsed;

	if (pci_address_parse(address, &parsed))
		pci_function_read(&f, &real, &parsed);
	json_add_text(o, "host", address);
	json_add_bool(o, "there", f.path != NULL);
	json_add_text(o, "problem", pci_answer_words(pci_answer_of(&real, address)));
	json_add_text(o, "driver", f.driver);
	json_add_text(o, "power-state", f.power_state);
	json_add_text(o, "runtime-status", f.runtime_status);
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

	json_add_text(arguments, "path", PERIPHERAL);
	children = look_ask(looking, "qom-list", arguments, err);
	pci = children ? LOOK_PCI.find(looking, "", err) : NULL;
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
		json_add_text(o, "id", name);
		json_add_text(o, "place", json_member_text(guest, "place"));
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
	int64_t begin, ms;

	(void)words;
	for (size_t i = 0; i < n; i++)
		interrupts_read(&before[i], &real,
				json_member_text(json_object_array_get_idx(list, i), "host"));
	begin = now_ms();
	if (n)
		looking->rest(looking, RATE_MS);
	/* A host that is busy lets more time pass, Ctrl-C less. */
	ms = now_ms() - begin;
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		own_interrupt_list struct interrupt_list after = {0};

		interrupts_read(&after, &real, json_member_text(o, "host"));
		json_object_object_add(o, "interrupts",
				       interrupts_of(&before[i], &after, ms ? ms : 1));
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
