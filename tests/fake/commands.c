/* Theory of operation: the commands that vmlaunch and its tests use, answered like QEMU 7.2 on x86
 * does, from tables. State that commands change (running or not) is in struct machine; what a
 * command sets off behind its reply is in after().
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"

static const int q35_versions[][2] = {{5, 1},  {5, 2},	{6, 0},	 {6, 1},  {6, 2}, {7, 0}, {7, 1},
				      {7, 2},  {8, 0},	{8, 1},	 {8, 2},  {9, 0}, {9, 1}, {9, 2},
				      {10, 0}, {10, 1}, {10, 2}, {11, 0}, {11, 1}};

static const struct {
	const char *name, *parent;
} devices[] = {
	{"vfio-pci", "vfio-pci-base"},
	{"vfio-pci-nohotplug", "vfio-pci"},
	{"virtio-blk-pci", "virtio-blk-pci-base"},
	{"virtio-net-pci", "virtio-net-pci-base"},
	{"virtio-scsi-pci", "virtio-scsi-pci-base"},
	{"virtio-serial-pci", "virtio-serial-pci-base"},
	{"virtio-rng-pci", "virtio-rng-pci-base"},
	{"virtio-vga", "virtio-vga-base"},
	{"virtio-keyboard-pci", "virtio-input-hid-pci"},
	{"virtio-mouse-pci", "virtio-input-hid-pci"},
	{"vhost-user-fs-pci", "vhost-user-fs-pci-base"},
	{"virtserialport", "virtio-serial-port"},
	{"scsi-hd", "scsi-disk-base"},
	{"scsi-cd", "scsi-disk-base"},
	{"ide-hd", "ide-device"},
	{"ide-cd", "ide-device"},
	{"nvme", "pci-device"},
	{"e1000e", "pci-device"},
	{"rtl8139", "pci-device"},
	{"ich9-ahci", "pci-device"},
	{"ich9-intel-hda", "intel-hda-generic"},
	{"hda-duplex", "hda-audio"},
	{"qemu-xhci", "base-xhci"},
	{"usb-kbd", "usb-hid"},
	{"usb-tablet", "usb-hid"},
	{"usb-host", "usb-device"},
	{"usb-redir", "usb-device"},
	{"usb-storage", "usb-storage-dev"},
	{"qxl-vga", "pci-qxl"},
	{"VGA", "pci-vga"},
	{"bochs-display", "pci-device"},
	{"pcie-root-port", "pcie-root-port-base"},
	{"pcie-pci-bridge", "base-pci-bridge"},
	{"ivshmem-plain", "ivshmem-common"},
	{"isa-serial", "isa-device"},
	{"isa-debugcon", "isa-device"},
	{"isa-debug-exit", "isa-device"},
	{"pvpanic", "isa-device"},
	{"tpm-tis", "isa-device"},
	{"tpm-crb", "device"},
	{"virtio-9p-pci", "virtio-9p-pci-base"},
	{"intel-iommu", "x86-iommu"},
	{"vmcoreinfo", "device"},
};

/* What -object takes, and since when. */
static const struct {
	const char *name;
	int since[2];
} objects[] = {
	{"iothread", {2, 0}},
	{"memory-backend-file", {2, 1}},
	{"memory-backend-memfd", {2, 12}},
	{"rng-random", {1, 3}},
	{"input-linux", {2, 6}},
	{"iommufd", {9, 0}},
	{"monitor-qmp", {11, 1}},
};

static bool has_device(const char *name)
{
	const char *without = getenv("FAKE_QEMU_WITHOUT");
	size_t len = strlen(name);

	for (const char *p = without; p && (p = strstr(p, name)); p += len)
		if ((p == without || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return false;
	return true;
}

static bool is_since(const struct machine *machine, const int version[2])
{
	return version[0] < machine->version[0] ||
	       (version[0] == machine->version[0] && version[1] <= machine->version[1]);
}

static bool has_version(const struct machine *machine, size_t i)
{
	return is_since(machine, q35_versions[i]);
}

/* Nine more releases on it is gone; QEMU began with that in 10.1. */
static bool is_gone(const struct machine *machine, size_t i)
{
	return is_since(machine, (const int[]){10, 1}) &&
	       i + 18 < sizeof(q35_versions) / sizeof(q35_versions[0]) &&
	       has_version(machine, i + 18);
}

/* QEMU's policy: nine releases on, which are three years. */
static bool is_deprecated(const struct machine *machine, size_t i)
{
	return i + 9 < sizeof(q35_versions) / sizeof(q35_versions[0]) &&
	       has_version(machine, i + 9);
}

static void add_machine(json_object *list, const char *name, const char *alias, int cpu_max,
			bool deprecated)
{
	json_object *entry = json_object_new_object();

	json_object_object_add(entry, "hotpluggable-cpus", json_object_new_boolean(cpu_max > 1));
	json_object_object_add(entry, "name", json_object_new_string(name));
	json_object_object_add(entry, "numa-mem-supported", json_object_new_boolean(cpu_max > 1));
	json_object_object_add(entry, "default-cpu-type",
			       json_object_new_string("qemu64-x86_64-cpu"));
	json_object_object_add(entry, "cpu-max", json_object_new_int(cpu_max));
	json_object_object_add(entry, "deprecated", json_object_new_boolean(deprecated));
	if (cpu_max > 1)
		json_object_object_add(entry, "default-ram-id", json_object_new_string("pc.ram"));
	if (alias)
		json_object_object_add(entry, "alias", json_object_new_string(alias));
	json_object_array_add(list, entry);
}

static json_object *machines(const struct machine *machine)
{
	json_object *list = json_object_new_array();
	size_t n = sizeof(q35_versions) / sizeof(q35_versions[0]);
	char name[40];

	add_machine(list, "microvm", NULL, 288, false);
	/* QEMU's own order is that of a hash table: nobody may rely on the newest being last. */
	for (size_t i = n; i-- > 0;) {
		bool newest =
			has_version(machine, i) && (i + 1 == n || !has_version(machine, i + 1));

		snprintf(name, sizeof(name), "pc-q35-%d.%d", q35_versions[i][0],
			 q35_versions[i][1]);
		if (!has_version(machine, i) || is_gone(machine, i) || !has_device(name))
			continue;
		add_machine(list, name, newest ? "q35" : NULL, 288, is_deprecated(machine, i));
		if (newest) {
			snprintf(name, sizeof(name), "pc-i440fx-%d.%d", q35_versions[i][0],
				 q35_versions[i][1]);
			add_machine(list, name, "pc", 255, false);
		}
	}
	add_machine(list, "none", NULL, 1, false);
	return list;
}

static json_object *types(void)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		json_object *entry;

		if (!has_device(devices[i].name))
			continue;
		entry = json_object_new_object();
		json_object_object_add(entry, "name", json_object_new_string(devices[i].name));
		json_object_object_add(entry, "parent", json_object_new_string(devices[i].parent));
		json_object_array_add(list, entry);
	}
	return list;
}

static json_object *named(const char *key, const char *name)
{
	json_object *entry = json_object_new_object();

	json_object_object_add(entry, key, json_object_new_string(name));
	return entry;
}

static json_object *object_types(const struct machine *machine)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (has_device(objects[i].name) && is_since(machine, objects[i].since))
			json_object_array_add(list, named("name", objects[i].name));
	return list;
}

static json_object *machine_option(const struct machine *machine)
{
	json_object *option = named("option", "machine"), *parameters = json_object_new_array();

	if (is_since(machine, (const int[]){10, 0}))
		json_object_array_add(parameters, named("name", "aux-ram-share"));
	json_object_object_add(option, "parameters", parameters);
	return option;
}

/* Of the options only those whose absence, or whose parameters, vmlaunch asks for. */
static json_object *options(const struct machine *machine)
{
	static const char *const pictures[] = {"spice", "vnc"};
	json_object *list = json_object_new_array(), *name = named("option", "name");
	json_object *parameters = json_object_new_array();
	json_object *threads = named("name", "debug-threads");
	bool always = is_since(machine, (const int[]){11, 0});

	json_object_object_add(threads, "help",
			       json_object_new_string(always ? "Enable thread names(deprecated, "
							       "always enabled where supported)"
							     : "When enabled, name the threads"));
	json_object_array_add(parameters, named("name", "guest"));
	json_object_array_add(parameters, threads);
	json_object_object_add(name, "parameters", parameters);
	json_object_array_add(list, name);
	json_object_array_add(list, machine_option(machine));
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
		json_object *picture = named("option", pictures[i]);

		json_object_object_add(picture, "parameters", json_object_new_array());
		if (has_device(pictures[i]))
			json_object_array_add(list, picture);
		else
			json_object_put(picture);
	}
	return list;
}

/* Of the schema only the ways of a disk's input and output. */
static json_object *schema(void)
{
	static const char *const aio[] = {"threads", "native", "io_uring"};
	json_object *list = json_object_new_array(), *type = named("name", "523");
	json_object *members = json_object_new_array();

	for (size_t i = 0; i < sizeof(aio) / sizeof(aio[0]); i++)
		if (has_device(aio[i]))
			json_object_array_add(members, named("name", aio[i]));
	json_object_object_add(type, "meta-type", json_object_new_string("enum"));
	json_object_object_add(type, "members", members);
	json_object_array_add(list, type);
	return list;
}

/* Of the properties of a disk's device only those that vmlaunch looks for. */
static json_object *properties(const struct machine *machine, json_object *arguments,
			       const char **class, const char **desc)
{
	static const struct {
		const char *device, *property;
		int since[2];
	} known[] = {
		{"virtio-blk-pci", "iothread", {2, 0}},
		{"virtio-blk-pci", "iothread-vq-mapping", {9, 0}},
		{"virtio-scsi-pci", "iothread", {2, 0}},
		{"virtio-scsi-pci", "iothread-vq-mapping", {10, 0}},
	};
	const char *device = json_object_get_string(json_object_object_get(arguments, "typename"));
	json_object *list = json_object_new_array();

	if (!device || !has_device(device)) {
		json_object_put(list);
		*class = "DeviceNotFound";
		*desc = "Device not found";
		return NULL;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].device, device) == 0 && is_since(machine, known[i].since))
			json_object_array_add(list, named("name", known[i].property));
	return list;
}

/* What -machine help and -device help print. */
void print_list(const struct machine *machine, bool wants_machines)
{
	json_object *list = wants_machines ? machines(machine) : types();

	if (wants_machines)
		puts("Supported machines are:");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		const char *name = json_object_get_string(json_object_object_get(entry, "name"));

		if (wants_machines)
			printf("%-20s fake\n", name);
		else
			printf("name \"%s\"\n", name);
	}
	json_object_put(list);
}

static json_object *version(const struct machine *machine)
{
	static const char *const parts[] = {"major", "minor", "micro"};
	json_object *result = json_object_new_object(), *qemu = json_object_new_object();

	for (int i = 0; i < 3; i++)
		json_object_object_add(qemu, parts[i], json_object_new_int(machine->version[i]));
	json_object_object_add(result, "qemu", qemu);
	json_object_object_add(result, "package", json_object_new_string("fake"));
	return result;
}

json_object *greeting(const struct machine *machine)
{
	json_object *result = json_object_new_object(), *qmp = json_object_new_object();
	json_object *capabilities = json_object_new_array();

	json_object_array_add(capabilities, json_object_new_string("oob"));
	json_object_object_add(qmp, "version", version(machine));
	json_object_object_add(qmp, "capabilities", capabilities);
	json_object_object_add(result, "QMP", qmp);
	return result;
}

static json_object *status(const struct machine *machine)
{
	json_object *result = json_object_new_object();

	json_object_object_add(result, "status", json_object_new_string(machine->state));
	json_object_object_add(result, "singlestep", json_object_new_boolean(false));
	json_object_object_add(result, "running",
			       json_object_new_boolean(strcmp(machine->state, "running") == 0));
	return result;
}

static json_object *cpus(void)
{
	json_object *list = json_object_new_array(), *cpu = json_object_new_object();

	json_object_object_add(cpu, "cpu-index", json_object_new_int(0));
	json_object_object_add(cpu, "qom-path",
			       json_object_new_string("/machine/unattached/device[0]"));
	json_object_object_add(cpu, "thread-id", json_object_new_int(getpid()));
	json_object_object_add(cpu, "target", json_object_new_string("x86_64"));
	json_object_array_add(list, cpu);
	return list;
}

static json_object *name(const struct machine *machine)
{
	json_object *result = json_object_new_object();

	if (machine->name)
		json_object_object_add(result, "name", json_object_new_string(machine->name));
	return result;
}

static bool implements(json_object *arguments, const char *type)
{
	json_object *wanted = NULL;

	json_object_object_get_ex(arguments, "implements", &wanted);
	return wanted && strcmp(json_object_get_string(wanted), type) == 0;
}

json_object *obey(struct machine *machine, const char *command, json_object *arguments,
		  const char **class, const char **desc)
{
	static const char *const empty[] = {
		"qmp_capabilities", "cont", "stop",	     "system_powerdown",
		"system_reset",	    "quit", "system_wakeup", NULL};
	static char unknown[200];

	if (strcmp(command, "query-version") == 0)
		return version(machine);
	if (strcmp(command, "query-machines") == 0)
		return machines(machine);
	if (strcmp(command, "qom-list-types") == 0)
		return implements(arguments, "user-creatable") ? object_types(machine) : types();
	if (strcmp(command, "query-command-line-options") == 0)
		return options(machine);
	if (strcmp(command, "query-qmp-schema") == 0)
		return schema();
	if (strcmp(command, "device-list-properties") == 0)
		return properties(machine, arguments, class, desc);
	if (strcmp(command, "query-status") == 0)
		return status(machine);
	if (strcmp(command, "query-cpus-fast") == 0)
		return cpus();
	if (strcmp(command, "query-name") == 0)
		return name(machine);
	if (strcmp(command, "query-block") == 0)
		return json_object_new_array();
	if (strcmp(command, "human-monitor-command") == 0)
		return json_object_new_string("");
	for (size_t i = 0; empty[i]; i++)
		if (strcmp(command, empty[i]) == 0)
			return json_object_new_object();
	snprintf(unknown, sizeof(unknown), "The command %.100s has not been found", command);
	*class = "CommandNotFound";
	*desc = unknown;
	return NULL;
}

static json_object *reason(bool guest, const char *why)
{
	json_object *data = json_object_new_object();

	json_object_object_add(data, "guest", json_object_new_boolean(guest));
	json_object_object_add(data, "reason", json_object_new_string(why));
	return data;
}

void before(struct machine *machine, const char *command)
{
	if (strcmp(command, "cont") == 0 && strcmp(machine->state, "running") != 0) {
		machine->state = "running";
		send_event(machine, "RESUME", NULL);
	} else if (strcmp(command, "stop") == 0 && strcmp(machine->state, "running") == 0) {
		machine->state = "paused";
		send_event(machine, "STOP", NULL);
	}
}

void after(struct machine *machine, const char *command)
{
	if (strcmp(command, "system_reset") == 0) {
		/* QEMU 7.2 to 11.1, main_loop_should_exit(): whoever does not run is before the
		 * start. */
		if (strcmp(machine->state, "running") != 0)
			machine->state = "prelaunch";
		send_event(machine, "RESET", reason(false, "host-qmp-system-reset"));
	} else if (strcmp(command, "system_powerdown") == 0) {
		send_event(machine, "POWERDOWN", NULL);
		send_event(machine, "SHUTDOWN", reason(true, "guest-shutdown"));
		end(machine, 0);
	} else if (strcmp(command, "quit") == 0) {
		send_event(machine, "SHUTDOWN", reason(false, "host-qmp-quit"));
		end(machine, 0);
	} else if (strcmp(command, "SIGTERM") == 0) {
		send_event(machine, "SHUTDOWN", reason(false, "host-signal"));
		end(machine, 0);
	}
}
