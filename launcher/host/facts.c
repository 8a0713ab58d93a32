#include "facts.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "parts.h"
#include "qemu.h"

/* The bytes behind "KEY:" in /proc/meminfo, which counts in KiB; 0 when there is no such line. */
static uint64_t meminfo_kb(const char *text, const char *key)
{
	const char *at = text;

	while (at) {
		if (text_starts(at, key) && at[strlen(key)] == ':') {
			char *end;
			unsigned long long kib = strtoull(at + strlen(key) + 1, &end, 10);

			return text_starts(end, " kB") && kib <= UINT64_MAX / 1024 ? kib * 1024 : 0;
		}
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return 0;
}

static void memory_collect(struct memory_facts *memory, const struct root *root)
{
	own_free char *text = root_read(root, "/proc/meminfo"), *shmem = NULL;

	memory->total = meminfo_kb(text, "MemTotal");
	memory->available = meminfo_kb(text, "MemAvailable");
	memory->keepers = root_exists(root, "/run/vmlaunch");
	shmem = root_line(root, "/sys/kernel/mm/transparent_hugepage/shmem_enabled");
	/* Documentation/admin-guide/mm/transhuge.rst: the one in brackets counts. */
	memory->shmem_huge = shmem && !strstr(shmem, "[never]") && !strstr(shmem, "[deny]");
}

/* 32 hexadecimal digits. An image that was never booted holds "uninitialized" instead, the same on
 * all its copies: no identity at all.
 */
static char *machine_id(const struct root *root)
{
	own_free char *line = root_line(root, "/etc/machine-id");

	if (!line || strlen(line) != 32 || strspn(line, "0123456789abcdefABCDEF") != 32)
		return xstrdup("");
	return steal(&line);
}

static char *boot_id(const struct root *root)
{
	char *line = root_line(root, "/proc/sys/kernel/random/boot_id");

	return line ? line : xstrdup("");
}

bool group_has_us(uint64_t group)
{
	gid_t list[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, list);

	for (int i = 0; i < n; i++)
		if (list[i] == group)
			return true;
	return getegid() == group;
}

static void hugepage_facts_collect(struct hugepage_facts *facts, const struct root *root)
{
	static const unsigned SIZE_KB[HUGEPAGE_SIZES] = {2048, 1048576};

	for (size_t i = 0; i < HUGEPAGE_SIZES; i++) {
		unsigned long long free_pages, reserved;
		const char *dir = "/sys/kernel/mm/hugepages/hugepages";

		if (!root_number(root, &free_pages, "%s-%ukB/free_hugepages", dir, SIZE_KB[i]) ||
		    !root_number(root, &reserved, "%s-%ukB/resv_hugepages", dir, SIZE_KB[i]))
			continue;
		facts[i].size_kb = SIZE_KB[i];
		facts[i].free = free_pages > reserved ? free_pages - reserved : 0;
	}
}

/* user_namespaces(7); the second one is Debian's and its kin's. */
static bool userns_closed(const struct root *root)
{
	unsigned long long most = 1, allowed = 1;

	root_number(root, &most, "/proc/sys/user/max_user_namespaces");
	root_number(root, &allowed, "/proc/sys/kernel/unprivileged_userns_clone");
	return !most || !allowed;
}

/* Documentation/ABI/stable/sysfs-class-tpm: since Linux 5.6. */
static unsigned read_tpm(const struct root *root)
{
	own_free char *line = root_line(root, "/sys/class/tpm/tpm0/tpm_version_major");
	uint64_t version;

	return line && text_u64(line, 10, &version) ? (unsigned)version : 0;
}

void facts_collect(struct facts *facts, const struct root *root)
{
	cpu_collect(&facts->cpu, root);
	kvm_collect(&facts->kvm, root, &facts->cpu);
	memory_collect(&facts->memory, root);
	glass_collect(&facts->glass, root);
	uring_collect(&facts->uring, root);
	net_collect(&facts->net, root);
	facts->userns_closed = userns_closed(root);
	hugepage_facts_collect(facts->hugepages, root);
	dmi_collect(facts->dmi, root);
	facts->tpm = read_tpm(root);
	facts->distribution = distribution_read(root);
	facts->manager = manager_read(root);
	facts->machine_id = machine_id(root);
	facts->boot_id = boot_id(root);
}

void facts_free(struct facts *facts)
{
	free(facts->cpu.vendor);
	free(facts->cpu.model);
	cpu_topology_free(&facts->cpu.topology);
	for (size_t i = 0; i < DMI_FIELDS; i++)
		free(facts->dmi[i]);
	free(facts->machine_id);
	free(facts->boot_id);
	qemu_facts_free(&facts->qemu);
	free(facts->irqchip_off);
	scene_free(&facts->devices);
	quiet_free(&facts->quiet);
	net_free(&facts->net);
	*facts = (struct facts){0};
}
