/*
 * How many processors there are, and how they hang together.
 *
 * Two sources that a launcher can get wrong independently of each other: CPUID tells how the bits
 * of an APIC id split into thread, core and package; the MADT lists the ids. Counting the ids by
 * those bits gives the cores and packages that an operating system will find.
 *
 * References: Intel SDM volume 2A, CPUID leaves 1, 4 and 0xB; AMD APM volume 3, leaves 0x80000008
 * and 0x8000001E; ACPI 6.3, 5.2.12 (MADT).
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define IDS_MAX 1024

#define LEAF_AMD_SIZES 0x80000008U    /* ECX: threads - 1 in 7:0, APIC id bits in 15:12 */
#define LEAF_AMD_TOPOLOGY 0x8000001eU /* EBX: threads per core - 1 in 15:8 */
#define AMD_TOPOEXT (1U << 22)	      /* leaf 0x80000001, ECX */

static struct {
	const char *source;
	unsigned int threads, threads_per_core; /* of one package */
	unsigned int core_shift, package_shift; /* bits of the APIC id below each */
	unsigned int listed, enabled;		/* in the MADT */
	unsigned int cores, packages;		/* counted over the enabled ones */
} found;

/* The APIC ids of the enabled processors. */
static uint32_t *ids;
static unsigned int id_count;

static unsigned int bits_for(unsigned int count)
{
	unsigned int bits = 0;

	while (bits < 16 && 1U << bits < count)
		bits++;
	return bits;
}

/* SDM leaf 0xB: EAX 4:0 shift to the next level, EBX 15:0 threads there, ECX 15:8 level type. */
static bool from_leaf_b(void)
{
	if (cpuid(0, 0).eax < 0xb || !(cpuid(0xb, 0).ebx & 0xffff))
		return false;
	for (uint32_t level = 0; level < 8; level++) {
		struct cpuid r = cpuid(0xb, level);
		unsigned int type = r.ecx >> 8 & 255;

		if (type == 1) {
			found.core_shift = r.eax & 31;
			found.threads_per_core = r.ebx & 0xffff;
		} else if (type == 2) {
			found.package_shift = r.eax & 31;
			found.threads = r.ebx & 0xffff;
		} else {
			break;
		}
	}
	found.source = "leaf-b";
	return found.threads && found.threads_per_core;
}

static bool from_amd(void)
{
	uint32_t highest = cpuid(0x80000000U, 0).eax;
	uint32_t ecx;

	if (highest < LEAF_AMD_TOPOLOGY || !(cpuid(0x80000001U, 0).ecx & AMD_TOPOEXT))
		return false;
	ecx = cpuid(LEAF_AMD_SIZES, 0).ecx;
	found.threads = (ecx & 255) + 1;
	found.threads_per_core = (cpuid(LEAF_AMD_TOPOLOGY, 0).ebx >> 8 & 255) + 1;
	found.core_shift = bits_for(found.threads_per_core);
	found.package_shift = ecx >> 12 & 15;
	if (!found.package_shift)
		found.package_shift = bits_for(found.threads);
	found.source = "amd";
	return true;
}

/* Leaf 1 EBX 23:16: ids of a package, when EDX bit 28 says so; leaf 4 EAX 31:26: its cores - 1. */
static void from_leaf_1(void)
{
	struct cpuid one = cpuid(1, 0);
	unsigned int threads = (one.edx & 1U << 28) ? (one.ebx >> 16 & 255) : 1;
	unsigned int cores = cpuid(0, 0).eax >= 4 ? (cpuid(4, 0).eax >> 26) + 1 : 1;

	found.threads = threads ? threads : 1;
	if (cores > found.threads)
		cores = found.threads;
	found.threads_per_core = found.threads / cores;
	found.core_shift = bits_for(found.threads_per_core);
	found.package_shift = found.core_shift + bits_for(cores);
	found.source = "leaf-1";
}

/* MADT entries: type, length; 0 is a local APIC (id at 3, flags at 4), 9 an x2APIC (4 and 8). */
static void read_madt(void)
{
	uint32_t length, i = 44; /* header and two words */
	const uint8_t *madt = acpi_find("APIC", &length);

	ids = allocate(IDS_MAX, sizeof(*ids));
	if (!madt || !ids)
		return;
	while (i + 2 <= length && madt[i + 1] >= 2 && i + madt[i + 1] <= length) {
		const uint8_t *entry = madt + i;
		bool local = entry[0] == 0 && entry[1] >= 8;
		bool x2 = entry[0] == 9 && entry[1] >= 16;

		i += entry[1];
		if (!local && !x2)
			continue;
		found.listed++;
		if (!(get32(entry + (x2 ? 8 : 4)) & 1))
			continue; /* bit 0: enabled */
		if (id_count < IDS_MAX)
			ids[id_count++] = x2 ? get32(entry + 4) : entry[3];
		found.enabled++;
	}
}

/* How many different values the ids have above @shift bits. */
static unsigned int distinct(unsigned int shift)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < id_count; i++) {
		unsigned int j = 0;

		while (j < i && ids[j] >> shift != ids[i] >> shift)
			j++;
		count += j == i;
	}
	return count;
}

void topology_collect(void)
{
	if (!from_leaf_b() && !from_amd())
		from_leaf_1();
	read_madt();
	found.cores = distinct(found.core_shift);
	found.packages = distinct(found.package_shift);
}

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

void topology_people(void)
{
	people("Topology     %u processor%s: %u package%s, %u core%s, %u thread%s per core",
	       found.enabled, plural(found.enabled), found.packages, plural(found.packages),
	       found.cores, plural(found.cores), found.threads_per_core,
	       plural(found.threads_per_core));
	if (found.listed != found.enabled)
		people("; %u more could be added", found.listed - found.enabled);
	people("\n");
}

void topology_lines(void)
{
	line_begin("topology");
	line_value("source", "%s", found.source);
	line_value("threads", "%u", found.threads);
	line_value("threads-per-core", "%u", found.threads_per_core);
	line_value("processors", "%u", found.listed);
	line_value("enabled", "%u", found.enabled);
	line_value("packages", "%u", found.packages);
	line_value("cores", "%u", found.cores);
	line_end();
}
