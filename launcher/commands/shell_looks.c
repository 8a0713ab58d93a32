/* Words of the shell that look at a guest which misbehaves. What they tell comes from QEMU's
 * answers and, for the machine's own processes, from /proc and /sys of this host.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "qmp/format.h"
#include "run/held.h"
#include "shell_private.h"

#define PROC_LIMIT (1U << 20)
#define KEYS_MOST 16

static json_object *ask(struct shell *shell, const char *command)
{
	json_object *answer = NULL;

	shell_ask(shell, command, NULL, &answer);
	return answer;
}

static size_t length_of(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static int64_t number_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : -1;
}

/* ------------------------------------------------------------------ why */

/* What a run state means (QAPI: RunState) where held.h has nothing to say. */
static const char *state_words(const char *state)
{
	static const struct {
		const char *state, *words;
	} rows[] = {
		{"running", "the guest runs"},
		{"paused", "somebody paused it; cont lets it go on"},
		{"prelaunch", "it has not been started yet; cont starts it"},
		{"suspended", "it sleeps (S3); system_wakeup wakes it"},
		{"shutdown", "the guest is down and QEMU was told to stay"},
		{"inmigrate", "it waits for a machine that moves here"},
		{"postmigrate", "it has moved elsewhere"},
		{"internal-error",
		 "KVM or QEMU cannot go on; QEMU's log has the processor's state"},
		{"guest-panicked", "the guest's system crashed"},
		{"watchdog", "the guest's watchdog ran out"},
		{"io-error", "a disk cannot be read or written"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].words;
	return "a state that is not known here";
}

static void tell_why(struct shell *shell, const char *rest)
{
	own_json json_object *status = ask(shell, "query-status"), *blocks = NULL;
	const char *state = json_member_text(status, "status");
	own_free char *shown = text_quote(state, 40), *words = NULL, *text = NULL;
	own_held struct held held = {0};

	(void)rest;
	if (!status)
		return;
	if (held_is(state) && strlen(state) < sizeof(held.state))
		strcpy(held.state, state);
	if (held_is_of_disks(state)) {
		blocks = ask(shell, "query-block");
		held_add_blocks(&held, blocks);
	}
	words = held_words(&held, shell->session->name);
	text = qmp_screen(words ? words : state_words(state));
	shell_say(shell, "%s: %s", shown, text);
	if (shell->panic)
		shell_say(shell, "last crash: %s", shell->panic);
}

/* ------------------------------------------------------------------ processors, memory */

/* Field n (from 1) of a thread's stat (proc(5)), behind its name; "" without one. */
static char *stat_field(const char *stat, unsigned n)
{
	const char *at = strrchr(stat, ')');

	for (unsigned field = 2; at && field < n; field++) {
		at = strchr(at + 1, ' ');
	}
	return at ? xstrndup(at + 1, strcspn(at + 1, " \n")) : xstrdup("");
}

static char *read_thread(struct shell *shell, int64_t thread, const char *file)
{
	own_free char *path = xasprintf("/proc/%d/task/%lld/%s", (int)shell->session->qemu,
					(long long)thread, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(fd, PROC_LIMIT, NULL);

	close_fd(&fd);
	return text ? text : xstrdup("");
}

/* What stands behind "NAME:" in a text of lines; the caller owns it. */
static char *line_value(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return xstrdup("?");
	at += strlen(name);
	at += strspn(at, " \t");
	return xstrndup(at, strcspn(at, "\n"));
}

static void tell_vcpus(struct shell *shell, const char *rest)
{
	own_json json_object *cpus = ask(shell, "query-cpus-fast");
	own_json json_object *rows = json_object_new_array();
	long ticks = sysconf(_SC_CLK_TCK);
	own_free char *table = NULL;

	(void)rest;
	for (size_t i = 0; i < length_of(cpus); i++) {
		json_object *cpu = json_object_array_get_idx(cpus, i), *row;
		int64_t thread = number_of(cpu, "thread-id");
		own_free char *stat = read_thread(shell, thread, "stat");
		own_free char *status = read_thread(shell, thread, "status");
		own_free char *user = stat_field(stat, 14), *kernel = stat_field(stat, 15);
		own_free char *state = stat_field(stat, 3), *on = stat_field(stat, 39);
		own_free char *may = line_value(status, "Cpus_allowed_list:");
		own_free char *seconds = xasprintf(
			"%.2f", (strtod(user, NULL) + strtod(kernel, NULL)) / (double)ticks);

		row = json_object_new_object();
		json_object_object_add(row, "vcpu",
				       json_object_new_int64(number_of(cpu, "cpu-index")));
		json_object_object_add(row, "thread", json_object_new_int64(thread));
		json_object_object_add(row, "state", json_object_new_string(state));
		json_object_object_add(row, "seconds", json_object_new_string(seconds));
		json_object_object_add(row, "runs on", json_object_new_string(on));
		json_object_object_add(row, "may run on", json_object_new_string(may));
		json_object_array_add(rows, row);
	}
	table = qmp_table(rows, 200);
	if (!table && length_of(rows))
		table = qmp_json_pretty(json_object_array_get_idx(rows, 0));
	if (table)
		terminal_print(&shell->terminal, table);
}

static void tell_memory(struct shell *shell, const char *rest)
{
	static const char *const lines[] = {
		"Rss:", "Pss:", "AnonHugePages:", "Private_Hugetlb:", "Shared_Hugetlb:", "Swap:"};
	own_json json_object *size = ask(shell, "query-memory-size-summary");
	own_free char *path = xasprintf("/proc/%d/smaps_rollup", (int)shell->session->qemu);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	own_free char *rollup = fd < 0 ? NULL : fd_read_all(fd, PROC_LIMIT, NULL);

	(void)rest;
	close_fd(&fd);
	if (size)
		shell_say(shell, "guest %lld MiB, plugged %lld MiB",
			  (long long)number_of(size, "base-memory") >> 20,
			  (long long)number_of(size, "plugged-memory") >> 20);
	if (!rollup)
		shell_say(shell, "what QEMU has of it on the host cannot be read");
	for (size_t i = 0; rollup && i < ARRAY_SIZE(lines); i++) {
		own_free char *value = line_value(rollup, lines[i]);

		if (strcmp(value, "?") != 0)
			shell_say(shell, "%-16s %s", lines[i], value);
	}
}

/* ------------------------------------------------------------------ devices */

static void add_pci_devices(json_object *rows, json_object *devices);

static void add_pci_device(json_object *rows, json_object *device)
{
	json_object *class = NULL, *id = NULL, *bridge = NULL, *below = NULL;
	json_object *row = json_object_new_object();
	own_free char *place = xasprintf("%02x:%02x.%x", (unsigned)number_of(device, "bus") & 255,
					 (unsigned)number_of(device, "slot") & 31,
					 (unsigned)number_of(device, "function") & 7);
	own_free char *ids = NULL;

	json_object_object_get_ex(device, "class_info", &class);
	json_object_object_get_ex(device, "id", &id);
	ids = xasprintf("%04x:%04x", (unsigned)number_of(id, "vendor") & 0xffff,
			(unsigned)number_of(id, "device") & 0xffff);
	json_object_object_add(row, "place", json_object_new_string(place));
	json_object_object_add(row, "ids", json_object_new_string(ids));
	json_object_object_add(row, "id",
			       json_object_new_string(json_member_text(device, "qdev_id")));
	json_object_object_add(row, "what",
			       json_object_new_string(json_member_text(class, "desc")));
	json_object_array_add(rows, row);
	if (json_object_object_get_ex(device, "pci_bridge", &bridge) &&
	    json_object_object_get_ex(bridge, "devices", &below))
		add_pci_devices(rows, below);
}

static void add_pci_devices(json_object *rows, json_object *devices)
{
	for (size_t i = 0; i < length_of(devices); i++)
		add_pci_device(rows, json_object_array_get_idx(devices, i));
}

static void tell_pci(struct shell *shell, const char *rest)
{
	own_json json_object *buses = ask(shell, "query-pci");
	own_json json_object *rows = json_object_new_array();
	own_free char *table = NULL;

	(void)rest;
	for (size_t i = 0; i < length_of(buses); i++) {
		json_object *devices = NULL;

		json_object_object_get_ex(json_object_array_get_idx(buses, i), "devices", &devices);
		add_pci_devices(rows, devices);
	}
	table = qmp_table(rows, 400);
	if (table)
		terminal_print(&shell->terminal, table);
}

/* The interrupts of a function of the host so far, by /proc/interrupts' lines that name it. */
static void tell_interrupts(struct shell *shell, const char *address)
{
	own_free char *text = file_read("/proc/interrupts", PROC_LIMIT, NULL);

	for (char *line = text, *end; line && *line; line = end) {
		uint64_t sum = 0;

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (!strstr(line, address))
			continue;
		/* A count for each processor, then words. */
		for (char *at = strchr(line, ':'), *next; at; at = next) {
			uint64_t n = strtoull(at + (*at == ':'), &next, 10);

			if (next == at + (*at == ':'))
				break;
			sum += n;
		}
		own_free char *name = text_quote(strrchr(line, ' ') + 1, 80);

		shell_say(shell, "  %s: %llu interrupts", name, (unsigned long long)sum);
	}
}

static char *sysfs_word(const char *address, const char *file)
{
	own_free char *path = xasprintf("/sys/bus/pci/devices/%s/%s", address, file);
	char *text = file_read(path, 4096, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text ? text : xstrdup("?");
}

static bool is_address(const char *text)
{
	return strlen(text) == 12 && text[strspn(text, "0123456789abcdef:.")] == '\0';
}

static json_object *qom_get(struct shell *shell, const char *path, const char *property)
{
	json_object *arguments = json_object_new_object(), *answer = NULL;

	json_object_object_add(arguments, "path", json_object_new_string(path));
	json_object_object_add(arguments, "property", json_object_new_string(property));
	shell_ask(shell, "qom-get", arguments, &answer);
	return answer;
}

static void tell_gpu(struct shell *shell, const char *rest)
{
	json_object *arguments = json_object_new_object();
	own_json json_object *list = NULL;
	size_t found = 0;

	(void)rest;
	json_object_object_add(arguments, "path", json_object_new_string("/machine/peripheral"));
	if (!shell_ask(shell, "qom-list", arguments, &list))
		return;
	for (size_t i = 0; i < length_of(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);
		own_free char *path =
			xasprintf("/machine/peripheral/%s", json_member_text(item, "name"));
		own_free char *shown = text_quote(json_member_text(item, "name"), 60);
		own_json json_object *host = NULL;
		const char *address;

		if (!text_starts(json_member_text(item, "type"), "child<vfio-pci"))
			continue;
		found++;
		host = qom_get(shell, path, "host");
		address = json_object_is_type(host, json_type_string) ? json_object_get_string(host)
								      : "";
		if (!is_address(address)) {
			shell_say(shell, "%s: a function that this host does not name", shown);
			continue;
		}
		own_free char *power = sysfs_word(address, "power_state");
		own_free char *reset = sysfs_word(address, "reset_method");
		own_free char *speed = sysfs_word(address, "current_link_speed");
		own_free char *width = sysfs_word(address, "current_link_width");

		shell_say(shell, "%s: host %s, power %s, resets by %s, link %s x%s", shown, address,
			  power, reset, speed, width);
		tell_interrupts(shell, address);
	}
	if (!found)
		shell_say(shell, "no function of the host's is in this guest");
}

/* ------------------------------------------------------------------ files, keys */

/* A path as QEMU must have it, which runs elsewhere; NULL, said, where something is there already.
 */
static char *new_file(struct shell *shell, const char *rest)
{
	char here[PATH_MAX];

	if (!*rest || strchr(rest, '\n')) {
		shell_say(shell, "a FILE is wanted");
		return NULL;
	}
	if (access(rest, F_OK) == 0) {
		shell_say(shell, "%s is there already", rest);
		return NULL;
	}
	return getcwd(here, sizeof(here)) ? path_join(here, rest) : NULL;
}

static void request_line(struct shell *shell, const char *command, json_object *arguments,
			 const char *done)
{
	own_json json_object *answer = NULL;
	own_error struct error *err = NULL;

	if (!session_may(shell->session, command, arguments, &err)) {
		json_object_put(arguments);
		shell_say(shell, "%s", error_message(err, 0));
	} else if (shell_ask(shell, command, arguments, &answer) && *done) {
		shell_say(shell, "%s", done);
	}
}

static void take_screenshot(struct shell *shell, const char *rest)
{
	own_free char *path = new_file(shell, rest);
	json_object *arguments;

	if (!path)
		return;
	arguments = json_object_new_object();
	json_object_object_add(arguments, "filename", json_object_new_string(path));
	/* Without a format it is a PPM, which QEMU before 7.1 knows alone. */
	if (!text_ends(path, ".ppm"))
		json_object_object_add(arguments, "format", json_object_new_string("png"));
	request_line(shell, "screendump", arguments, path);
}

static void dump_memory(struct shell *shell, const char *rest)
{
	own_free char *path = new_file(shell, rest), *protocol = NULL;
	json_object *arguments;

	if (!path ||
	    !shell_sure(
		    shell,
		    "the file gets as large as the guest's memory, and the guest stands still meanwhile: sure?"))
		return;
	protocol = xasprintf("file:%s", path);
	arguments = json_object_new_object();
	json_object_object_add(arguments, "paging", json_object_new_boolean(0));
	json_object_object_add(arguments, "protocol", json_object_new_string(protocol));
	request_line(shell, "dump-guest-memory", arguments, path);
}

static json_object *key_value(const char *name)
{
	static const char *const other[][2] = {
		{"control", "ctrl"}, {"enter", "ret"},	  {"return", "ret"}, {"escape", "esc"},
		{"del", "delete"},   {"super", "meta_l"}, {"win", "meta_l"}, {"space", "spc"}};
	json_object *key = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (strcmp(other[i][0], name) == 0)
			name = other[i][1];
	json_object_object_add(key, "type", json_object_new_string("qcode"));
	json_object_object_add(key, "data", json_object_new_string(name));
	return key;
}

static void press_keys(struct shell *shell, const char *rest)
{
	json_object *keys, *arguments;
	size_t n = 0;

	if (!*rest) {
		shell_say(shell, "key NAME-NAME-..., such as ctrl-alt-delete");
		return;
	}
	keys = json_object_new_array();
	while (*rest && n++ < KEYS_MOST) {
		own_free char *name = xstrndup(rest, strcspn(rest, "-"));

		json_object_array_add(keys, key_value(name));
		rest += strlen(name);
		rest += *rest == '-';
	}
	arguments = json_object_new_object();
	json_object_object_add(arguments, "keys", keys);
	request_line(shell, "send-key", arguments, "");
}

const struct shell_word SHELL_LOOKS[] = {
	{"why", "", "why the guest does not go on, and what to do", tell_why},
	{"vcpus", "", "each vCPU's thread: its time, where it runs and may run", tell_vcpus},
	{"memory", "", "what the guest has and what that is on the host", tell_memory},
	{"pci", "", "the guest's PCI devices", tell_pci},
	{"gpu", "", "functions of the host in this guest: power, resets, link, interrupts",
	 tell_gpu},
	{"screenshot", "FILE", "the guest's screen as PNG (FILE.ppm: PPM)", take_screenshot},
	{"dump", "FILE", "the guest's memory as an ELF core", dump_memory},
	{"key", "NAME-NAME...", "press keys together: key ctrl-alt-delete", press_keys},
	{0},
};
