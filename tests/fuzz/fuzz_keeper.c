/* Fuzzes the keeper by what its client sends: packets through a real socket, some of any bytes,
 * most of them well formed up to the intent. The host is a tree of plain files with a GPU, its
 * audio function, a disk that is mounted, a bridge, a pool of huge pages, interrupts, frequency
 * policies, and a GPU that makes vGPUs and has made one, in a mount namespace where /dev and /run
 * are empty; so a claim that passes all checks fails at the first driver that does not let go, a
 * partition at its directory, which stays empty, and a vGPU that is made never comes.
 *
 * In the end, whatever was asked for: nothing is left in the journal, and the tree is what it was.
 *
 * An input is a row of packets, the first byte of each says what follows.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "act/state.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/uuid.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct root tree = ROOT_REAL;
static char *dir;

#define must(promise) must_be(promise, __LINE__)

/* The line tells what an abort does not: an input may depend on the ones before it. */
static void must_be(bool promise, int at)
{
	if (promise)
		return;
	fprintf(stderr, "broken promise in line %d\n", at);
	abort();
}

/* ------------------------------------------------------------------ the host */

static void put(const char *name, const char *text)
{
	own_free char *path = xasprintf("%s/%s", dir, name), *above = path_dir(path);
	int fd;

	must(dir_make(above, 0755, NULL));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	must(fd >= 0 && fd_write_all(fd, text, strlen(text)));
	close(fd);
}

static void link_to(const char *name, const char *target)
{
	own_free char *path = xasprintf("%s/%s", dir, name), *above = path_dir(path);

	must(dir_make(above, 0755, NULL) && symlink(target, path) == 0);
}

static const struct function {
	const char *address, *below, *vendor, *device, *class, *driver, *group;
} FUNCTION[] = {
	{"0000:00:1c.0", "", "0x8086", "0x1234", "0x060400", "pcieport", "1"},
	{"0000:01:00.0", "0000:00:1c.0/", "0x1234", "0x1111", "0x038000", "bochs-drm", "2"},
	{"0000:01:00.1", "0000:00:1c.0/", "0x8086", "0x2668", "0x040300", "snd_hda_intel", "2"},
	{"0000:00:1f.2", "", "0x8086", "0x2922", "0x010601", "ahci", "3"},
	{"0000:00:05.0", "", "0x8086", "0x10d3", "0x020000", "vfio-pci", "4"},
	{"0000:00:02.0", "", "0x8086", "0x591b", "0x030000", "i915", "5"},
};

#define MADE "b155147a-663a-4009-ae7f-e9a96805b3ce"

/* What a claim would write to, and how it reads before and after. */
static const char *const WATCHED[] = {
	"/sys/bus/pci/devices/0000:01:00.0/driver_override",
	"/sys/bus/pci/devices/0000:01:00.1/driver_override",
	"/sys/bus/pci/devices/0000:00:1f.2/driver_override",
	"/sys/bus/pci/devices/0000:00:1c.0/driver_override",
	"/sys/bus/pci/drivers/ahci/unbind",
	"/sys/bus/pci/drivers/pcieport/unbind",
	"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
	"/proc/irq/default_smp_affinity",
	"/proc/irq/7/smp_affinity_list",
	"/proc/irq/9/smp_affinity_list",
	"/sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
	"/sys/devices/system/cpu/cpufreq/policy2/scaling_governor",
	"/sys/devices/system/cpu/cpufreq/policy2/energy_performance_preference",
	"/sys/fs/cgroup/cgroup.subtree_control",
	"/sys/bus/pci/devices/0000:00:02.0/mdev_supported_types/i915-full/create",
	"/sys/bus/pci/devices/0000:00:02.0/mdev_supported_types/i915-ccw/create",
	"/sys/bus/mdev/devices/" MADE "/remove",
};
static char *before[ARRAY_SIZE(WATCHED)];

static void put_function(const struct function *f)
{
	const char *const file[][2] = {{"vendor", f->vendor},	{"device", f->device},
				       {"class", f->class},	{"driver_override", "(null)"},
				       {"power/control", "on"}, {"resource", ""}};
	own_free char *place = xasprintf("devices/pci0000:00/%s%s", f->below, f->address);
	const char *up = *f->below ? "../../../.." : "../../..";

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *name = xasprintf("sys/%s/%s", place, file[i][0]);
		own_free char *text = xasprintf("%s\n", file[i][1]);

		put(name, text);
	}
	own_free char *link = xasprintf("sys/%s/driver", place);
	own_free char *driver = xasprintf("%s/bus/pci/drivers/%s", up, f->driver);
	link_to(link, driver);
	own_free char *group_link = xasprintf("sys/%s/iommu_group", place);
	own_free char *group = xasprintf("%s/kernel/iommu_groups/%s", up, f->group);
	link_to(group_link, group);
	own_free char *listed = xasprintf("sys/bus/pci/devices/%s", f->address);
	own_free char *device = xasprintf("../../../%s", place);
	link_to(listed, device);
	own_free char *unbind = xasprintf("sys/bus/pci/drivers/%s/unbind", f->driver);
	put(unbind, "");
	own_free char *member =
		xasprintf("sys/kernel/iommu_groups/%s/devices/%s", f->group, f->address);
	own_free char *target = xasprintf("../../../../%s", place);
	link_to(member, target);
}

static void put_disk(void)
{
	const char *disk = "sys/devices/pci0000:00/0000:00:1f.2/ata1/block/sda";
	own_free char *dev = xasprintf("%s/dev", disk), *uevent = xasprintf("%s/uevent", disk);
	own_free char *size = xasprintf("%s/size", disk);

	put(dev, "8:0\n");
	put(uevent, "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n");
	put(size, "2048\n");
	link_to("sys/class/block/sda", "../../devices/pci0000:00/0000:00:1f.2/ata1/block/sda");
	link_to("sys/dev/block/8:0", "../../devices/pci0000:00/0000:00:1f.2/ata1/block/sda");
	put("dev/sda", "");
	put("proc/self/mountinfo", "1 1 8:0 / / rw - ext4 /dev/sda rw\n");
	put("proc/1/mountinfo", "1 1 8:0 / / rw - ext4 /dev/sda rw\n");
}

static void put_memory(void)
{
	static const char *const pool = "sys/kernel/mm/hugepages/hugepages-2048kB";
	static const char *const name[] = {"nr", "free", "resv", "surplus"};

	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		own_free char *path = xasprintf("%s/%s_hugepages", pool, name[i]);

		put(path, i < 2 ? "4\n" : "0\n");
	}
	put("proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 900000 kB\n");
}

static void put_processors(void)
{
	static const char *const cpufreq = "sys/devices/system/cpu/cpufreq/policy";

	put("sys/devices/system/cpu/online", "0-5\n");
	put("proc/irq/default_smp_affinity", "3f\n");
	put("proc/irq/7/smp_affinity_list", "0-5\n");
	put("proc/irq/7/disk/x", "");
	put("proc/irq/9/smp_affinity_list", "3\n");
	put("proc/irq/9/net/x", "");
	for (unsigned i = 0; i < 6; i += 2) {
		own_free char *cpus = xasprintf("%s%u/affected_cpus", cpufreq, i);
		own_free char *governor = xasprintf("%s%u/scaling_governor", cpufreq, i);
		own_free char *all = xasprintf("%s%u/scaling_available_governors", cpufreq, i);
		own_free char *epp = xasprintf("%s%u/energy_performance_preference", cpufreq, i);
		own_free char *epps =
			xasprintf("%s%u/energy_performance_available_preferences", cpufreq, i);
		own_free char *pair = xasprintf("%u %u\n", i, i + 1);

		put(cpus, pair);
		put(governor, i ? "powersave\n" : "performance\n");
		put(all, "performance powersave\n");
		put(epp, "balance_power\n");
		put(epps, "performance balance_power power\n");
	}
	put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu\n");
	put("sys/fs/cgroup/cgroup.subtree_control", "cpuset\n");
}

/* The one that can be made leads nowhere: its file takes what is written, and no device comes. */
static void put_mdevs(void)
{
	static const char *const type[][3] = {{"i915-GVTg_V5_4", "1\n", "vfio-pci\n"},
					      {"i915-full", "0\n", "vfio-pci\n"},
					      {"i915-ccw", "1\n", "vfio-ccw\n"}};
	const char *parent = "sys/devices/pci0000:00/0000:00:02.0";

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		own_free char *place = xasprintf("%s/mdev_supported_types/%s", parent, type[i][0]);
		own_free char *create = xasprintf("%s/create", place);
		own_free char *available = xasprintf("%s/available_instances", place);
		own_free char *api = xasprintf("%s/device_api", place);

		put(create, "");
		put(available, type[i][1]);
		put(api, type[i][2]);
	}
	own_free char *remove = xasprintf("%s/" MADE "/remove", parent);
	own_free char *type_link = xasprintf("%s/" MADE "/mdev_type", parent);
	own_free char *group = xasprintf("%s/" MADE "/iommu_group", parent);
	put(remove, "");
	link_to(type_link, "../mdev_supported_types/i915-GVTg_V5_4");
	link_to(group, "../../../../kernel/iommu_groups/6");
	link_to("sys/bus/mdev/devices/" MADE, "../../../devices/pci0000:00/0000:00:02.0/" MADE);
	/* Nothing is to be loaded. */
	put("sys/module/vfio_iommu_type1/initstate", "live\n");
}

/* Nothing that is done here reaches the machine: false where that cannot be had. */
static bool seclude(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("run", "/run", "tmpfs", 0, "mode=755") == 0 &&
	       mount("dev", "/dev", "tmpfs", 0, "mode=755") == 0 &&
	       mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0 &&
	       mknod("/dev/kvm", S_IFCHR | 0600, makedev(10, 232)) == 0 &&
	       mknod("/dev/sda", S_IFBLK | 0600, makedev(8, 0)) == 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char name[] = "/tmp/fuzz-keeper-XXXXXX";

	(void)argc;
	(void)argv;
	if (!seclude()) {
		fprintf(stderr, "needs root, for a mount namespace: %s\n", strerror(errno));
		exit(0);
	}
	must(mkdtemp(name) && mount("host", name, "tmpfs", 0, "mode=755") == 0);
	dir = xstrdup(name);
	for (size_t i = 0; i < ARRAY_SIZE(FUNCTION); i++)
		put_function(&FUNCTION[i]);
	put("sys/bus/pci/drivers_probe", "");
	put("sys/class/iommu/dmar0/x", "");
	put_disk();
	put_memory();
	put_processors();
	put_mdevs();
	must(root_init(&tree, dir, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(WATCHED); i++)
		before[i] = root_line(&tree, "%s", WATCHED[i]);
	return 0;
}

/* ------------------------------------------------------------------ the client */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static void bytes(struct input *in, void *to, size_t size)
{
	size_t n = size < in->size ? size : in->size;

	memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

/* One of the host's, with a byte that may spoil it. */
static void choose_function(struct input *in, struct step_function *f)
{
	const struct function *from = &FUNCTION[byte(in) % ARRAY_SIZE(FUNCTION)];
	struct pci_address address;
	uint8_t spoil;

	must(pci_address_parse(from->address, &address));
	f->domain = address.domain;
	f->bus = address.bus;
	f->slot = address.slot;
	f->function = address.function;
	f->vendor = (uint16_t)strtoul(from->vendor, NULL, 16);
	f->device = (uint16_t)strtoul(from->device, NULL, 16);
	strcpy(f->driver, from->driver);
	spoil = byte(in);
	if (spoil > 200)
		((uint8_t *)f)[spoil % sizeof(*f)] ^= byte(in) | 1;
}

/* A word that a policy has, or any bytes. */
static void choose_word(struct input *in, char word[STEP_WORD])
{
	static const char *const known[] = {"", "performance", "powersave", "power"};
	uint8_t which = byte(in);

	if (which < 200)
		strcpy(word, known[which % ARRAY_SIZE(known)]);
	else
		bytes(in, word, STEP_WORD);
}

/* A type and a UUID of the host's, each with bytes that may spoil it. */
static void choose_mdev(struct input *in, struct intent *intent)
{
	static const char *const type[] = {"i915-GVTg_V5_4", "i915-full", "i915-ccw", "../drivers"};
	uint8_t spoil;

	choose_function(in, &intent->mdev.parent);
	strcpy(intent->mdev.type, type[byte(in) % ARRAY_SIZE(type)]);
	must(uuid_parse(MADE, intent->mdev.uuid));
	spoil = byte(in);
	if (spoil > 100)
		bytes(in, intent->mdev.uuid, sizeof(intent->mdev.uuid));
	if (spoil > 200)
		bytes(in, intent->mdev.type, sizeof(intent->mdev.type));
}

static void fill_intent(struct input *in, struct intent *intent)
{
	intent->kind = byte(in) % (STEP_KINDS + 1);
	if (intent->kind == STEP_CLAIM) {
		uint8_t n = byte(in);

		intent->claim.functions = n % (STEP_FUNCTIONS + 2);
		for (size_t i = 0; i < intent->claim.functions && i < STEP_FUNCTIONS; i++)
			choose_function(in, &intent->claim.function[i]);
	} else if (intent->kind == STEP_MDEV) {
		choose_mdev(in, intent);
	} else if (intent->kind == STEP_TAP) {
		strcpy(intent->tap.name, "vm-x");
		strcpy(intent->tap.lower, byte(in) & 1 ? "br0" : "eth0");
		intent->tap.way = byte(in) % (TAP_WAYS + 1);
		if (byte(in) > 200)
			bytes(in, intent->tap.name, sizeof(intent->tap.name));
		if (byte(in) > 200)
			bytes(in, intent->tap.lower, sizeof(intent->tap.lower));
	} else if (intent->kind == STEP_HUGEPAGES) {
		bytes(in, &intent->hugepages.pages, 2);
		intent->hugepages.size_kb = byte(in) & 1 ? 2048 : byte(in) * 1024U;
		intent->hugepages.node = (int8_t)byte(in) % 4 - 1;
	} else if (intent->kind == STEP_GRANT) {
		intent->grant.node = byte(in) % (NODE_KINDS + 1);
		bytes(in, &intent->grant.a, 2);
		bytes(in, &intent->grant.b, 2);
	} else if (intent->kind == STEP_ISOLATE || intent->kind == STEP_IRQS) {
		/* Both begin with the set. */
		bytes(in, &intent->irqs.cpus, byte(in) < 250 ? 1 : sizeof(intent->irqs.cpus));
		intent->isolate.balanced = byte(in);
	} else if (intent->kind == STEP_FREQUENCY) {
		bytes(in, &intent->frequency.cpus, byte(in) < 250 ? 1 : sizeof(struct cpu_set));
		choose_word(in, intent->frequency.governor);
		choose_word(in, intent->frequency.preference);
	} else if (intent->kind == STEP_REALTIME) {
		/* Would be done to this very process. */
		intent->kind = STEP_KINDS;
	} else {
		bytes(in, &intent->memlock, sizeof(intent->memlock));
	}
}

/* False at the end of the input. */
static bool send_packet(struct input *in, int fd)
{
	struct request request = {.version = KEEPER_VERSION, .id = 1};
	uint8_t what = byte(in), raw[KEEPER_PACKET];
	size_t n = sizeof(request);
	const void *packet = &request;

	if (!in->size)
		return false;
	if (what < 8) {
		n = (size_t)byte(in) * 16 + what;
		memset(raw, 0, sizeof(raw));
		bytes(in, raw, n < sizeof(raw) ? n : sizeof(raw));
		packet = raw;
	} else if (what < 40) {
		bytes(in, &request, sizeof(request));
	} else {
		/* Intents for the most part. */
		request.verb = what < 80 ? what % VERBS : VERB_INTENT;
		if (request.verb == VERB_WATCH || request.verb == VERB_ISOLATE ||
		    request.verb == VERB_RETURN)
			request.pid = (int8_t)byte(in);
		if (request.verb == VERB_INTENT)
			fill_intent(in, &request.intent);
	}
	return send(fd, packet, n < KEEPER_PACKET ? n : KEEPER_PACKET,
		    MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Reads what was said, or the next answers find no room. */
static void listen_to(int fd)
{
	struct report report;
	ssize_t n;

	while ((n = recv(fd, &report, sizeof(report), MSG_DONTWAIT)) > 0)
		must(n == sizeof(report) && report.version == KEEPER_VERSION &&
		     report.kind < REPORTS && memchr(report.text, '\0', sizeof(report.text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request hello = {.version = KEEPER_VERSION, .verb = VERB_HELLO};
	struct input in = {data, size};
	struct keeper k = {.lock = -1, .root = tree, .uid = 1000, .client = getpid(), .qemu = -1};
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	k.fd = pair[0];
	k.journal = journal_new(k.uid);
	/* An odd input begins without it. */
	if (size % 4 != 3)
		must(send(pair[1], &hello, sizeof(hello), 0) == sizeof(hello) &&
		     keeper_receive(&k));
	for (int i = 0; i < 16 && send_packet(&in, pair[1]) && keeper_receive(&k); i++)
		listen_to(pair[1]);
	restore_from(&k, 0);
	must(k.journal->n == 0 && k.stuck_n == 0);
	for (size_t i = 0; i < ARRAY_SIZE(WATCHED); i++) {
		own_free char *now = root_line(&tree, "%s", WATCHED[i]);
		bool empty = !*before[i] || strcmp(before[i], "(null)") == 0;

		must(now && (strcmp(now, before[i]) == 0 || (empty && !*now)));
	}
	journal_free(k.journal);
	close_fd(&k.qemu);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
