/* What concerns the machine as a whole: the laptop around the GPU, the processor's words,
 * addresses, and how the firmware starts drivers.
 */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "judge.h"

/* ------------------------------------------------------------------ the laptop */

static void judge_battery(struct judging *j)
{
	const struct report_line *battery =
		report_next(j->report, NULL, "acpi-battery", NULL, NULL);
	const char *path = battery ? report_text(battery, "path") : NULL;
	own_free char *quoted = path ? text_quote(path, 40) : NULL;
	const struct report_line *bad = report_next(j->report, NULL, "acpi", "checksum", "bad");

	if (bad)
		judge_finds(
			j, CAUSE_BATTERY, JUDGED_PROBLEM, "acpi", "file",
			"an ACPI table has a wrong checksum, and systems leave such tables out");
	else if (path)
		judge_finds(j, CAUSE_BATTERY, JUDGED_OK, "battery", "present", "a battery at %s",
			    quoted);
	else if (j->guest->laptop)
		judge_finds(j, CAUSE_BATTERY, JUDGED_PROBLEM, "battery", "present",
			    "no ACPI table has a battery");
	else
		judge_finds(j, CAUSE_BATTERY, JUDGED_NOTHING, "battery", "present",
			    "this machine is not to look like a laptop");
}

static void judge_chassis(struct judging *j)
{
	const struct report_line *line = report_next(j->report, NULL, "smbios", "type", "3");
	unsigned wanted = j->guest->chassis;
	uint64_t type;

	if (!j->guest->laptop && wanted != 9 && wanted != 10) {
		judge_finds(j, CAUSE_CHASSIS, JUDGED_NOTHING, "smbios", "chassis-type",
			    "this machine is not to look like a laptop");
		return;
	}
	if (!line || !report_number(line, "chassis", &type)) {
		judge_finds(j, CAUSE_CHASSIS, JUDGED_PROBLEM, "smbios", "chassis-type",
			    "the firmware tells of no case");
		return;
	}
	/* nv.c of NVIDIA's open kernel modules takes these two for a notebook. */
	if (type != 9 && type != 10)
		judge_finds(j, CAUSE_CHASSIS, JUDGED_PROBLEM, "smbios", "chassis-type",
			    "the case is of type %" PRIu64
			    ", where NVIDIA's driver takes 9 and 10 for a laptop",
			    type);
	else
		judge_finds(j, CAUSE_CHASSIS, JUDGED_OK, "smbios", "chassis-type",
			    "a %s's case (type %" PRIu64 ")", type == 9 ? "laptop" : "notebook",
			    type);
}

/* ------------------------------------------------------------------ the processor's words */

static void judge_leaves(struct judging *j)
{
	static const char *const names[] = {"KVMKVMKVM", "TCGTCGTCGTCG", "Linux KVM Hv"};
	const struct report_line *leaf = NULL;
	bool named = false;

	while ((leaf = report_next(j->report, leaf, "hypervisor-leaf", NULL, NULL))) {
		const char *vendor = report_text(leaf, "vendor");
		uint64_t at = 0;

		for (size_t i = 0; vendor && i < ARRAY_SIZE(names); i++) {
			if (strcmp(vendor, names[i]) != 0 || !report_number(leaf, "leaf", &at))
				continue;
			named = true;
			judge_finds(j, CAUSE_HYPERVISOR, JUDGED_PROBLEM, "cpu", "hide-hypervisor",
				    "CPUID leaf 0x%08" PRIx64 " says %s", at, names[i]);
		}
	}
	if (!named)
		judge_finds(j, CAUSE_HYPERVISOR, JUDGED_OK, "cpu", "hide-hypervisor",
			    "no CPUID leaf names KVM or TCG, and the hypervisor bit is %s",
			    j->guest->hypervisor_bit ? "on" : "off");
}

static void judge_hypervisor(struct judging *j)
{
	const struct report_line *cpu = report_one(j->report, "cpu", NULL, NULL);
	const char *bit = cpu ? report_text(cpu, "hypervisor") : NULL;

	if (!bit || (strcmp(bit, "0") != 0 && strcmp(bit, "1") != 0)) {
		judge_finds(j, CAUSE_HYPERVISOR, JUDGED_UNKNOWN, NULL, NULL,
			    "the report does not tell of the processor");
		return;
	}
	if ((*bit == '1') != j->guest->hypervisor_bit)
		judge_finds(j, CAUSE_HYPERVISOR, JUDGED_PROBLEM, "cpu", "hypervisor-bit",
			    "CPUID's hypervisor bit is %s", *bit == '1' ? "on" : "off");
	if (j->guest->hides)
		judge_leaves(j);
	else
		judge_finds(j, CAUSE_HYPERVISOR, JUDGED_NOTHING, "cpu", "hide-hypervisor",
			    "the hypervisor is not to be hidden");
}

/* ------------------------------------------------------------------ addresses */

/* What the program itself concluded (firmware/probe/verdict.c). */
static void judge_given_up(struct judging *j)
{
	const struct report_line *line = NULL;
	struct report_place place;
	char text[REPORT_PLACE_SIZE];

	if (report_next(j->report, NULL, "verdict", "kind", "window-too-small"))
		judge_finds(
			j, CAUSE_BARS, JUDGED_PROBLEM, "firmware", "mmio64",
			"the firmware gave up on all PCI devices: their memory does not fit its window");
	while ((line = report_next(j->report, line, "verdict", "kind", "function-dropped")))
		if (report_place(line, "address", &place))
			judge_finds(j, CAUSE_BARS, JUDGED_PROBLEM, "firmware", "mmio64",
				    "the firmware had no room for %s",
				    report_place_text(text, &place));
	line = NULL;
	while ((line = report_next(j->report, line, "verdict", "kind", "bus-unassigned")))
		if (report_place(line, "address", &place))
			judge_finds(j, CAUSE_BARS, JUDGED_PROBLEM, NULL, NULL,
				    "the firmware gave no bus number to what is behind %s",
				    report_place_text(text, &place));
}

/* Whether the last byte lies below so many bits. */
static bool range_fits(uint64_t base, uint64_t size, unsigned bits)
{
	uint64_t end = bits < 64 ? 1UL << bits : UINT64_MAX;

	return base < end && size <= end - base;
}

static void judge_bar(struct judging *j, const struct report_line *line)
{
	const char *kind = report_text(line, "kind"), *text = report_text(line, "base");
	unsigned width = j->guest->width;
	struct report_place place;
	uint64_t base, size, bar;
	char where[REPORT_PLACE_SIZE];

	if (!kind || !text || !report_place(line, "address", &place) ||
	    !report_number(line, "size", &size) || !report_number(line, "bar", &bar) || bar > 5) {
		judge_finds(j, CAUSE_BARS, JUDGED_UNKNOWN, NULL, NULL,
			    "the report has a line on a BAR that cannot be read");
		return;
	}
	report_place_text(where, &place);
	if (!report_number(line, "base", &base)) {
		judge_finds(j, CAUSE_BARS, JUDGED_PROBLEM, "firmware", "mmio64",
			    "BAR %" PRIu64 " of %s, %" PRIu64 " KiB, has no address", bar, where,
			    size >> 10);
		return;
	}
	judge_finds(j, CAUSE_BARS, JUDGED_OK, "firmware", "mmio64", "all BARs have an address");
	if (j->guest->devices && width && strcmp(kind, "io") != 0 && !range_fits(base, size, width))
		judge_finds(j, CAUSE_WIDTH, JUDGED_PROBLEM, "cpu", "phys-bits",
			    "BAR %" PRIu64 " of %s, at 0x%" PRIx64
			    ", is beyond the IOMMU's %u address bits",
			    bar, where, base, width);
}

static void judge_addresses(struct judging *j)
{
	const struct report_line *line = NULL;
	const struct report_line *memory = report_one(j->report, "memory", NULL, NULL);
	unsigned width = j->guest->width;
	uint64_t highest;

	judge_given_up(j);
	while ((line = report_next(j->report, line, "pci-bar", NULL, NULL)))
		judge_bar(j, line);
	if (j->verdicts->v[CAUSE_BARS].judgement == JUDGED_NOTHING)
		judge_finds(j, CAUSE_BARS, JUDGED_UNKNOWN, NULL, NULL,
			    "the report tells of no BAR");
	if (!j->guest->devices)
		judge_finds(j, CAUSE_WIDTH, JUDGED_NOTHING, NULL, NULL,
			    "no device of the host reaches this machine's memory");
	else if (!width)
		judge_finds(j, CAUSE_WIDTH, JUDGED_UNKNOWN, "cpu", "phys-bits",
			    "the host does not tell how many address bits its IOMMU translates");
	else if (memory && report_number(memory, "highest", &highest) &&
		 !range_fits(0, highest, width))
		judge_finds(j, CAUSE_WIDTH, JUDGED_PROBLEM, "vm", "memory",
			    "memory ends beyond the IOMMU's %u address bits", width);
	else
		judge_finds(j, CAUSE_WIDTH, JUDGED_OK, "cpu", "phys-bits",
			    "all BARs lie below the IOMMU's %u address bits", width);
}

/* ------------------------------------------------------------------ drivers */

static void judge_secure_boot(struct judging *j)
{
	const struct report_line *firmware = report_one(j->report, "firmware", NULL, NULL);
	const char *state = firmware ? report_text(firmware, "secure-boot") : NULL;

	if (!state)
		judge_finds(j, CAUSE_SECURE_BOOT, JUDGED_UNKNOWN, NULL, NULL,
			    "the report does not tell");
	else if (strcmp(state, "on") == 0)
		judge_finds(
			j, CAUSE_SECURE_BOOT, JUDGED_PROBLEM, "firmware", "secure-boot",
			"it is on: a driver without a signature, or changed to load, is refused");
	else if (j->guest->secure_boot)
		judge_finds(
			j, CAUSE_SECURE_BOOT, JUDGED_UNKNOWN, "firmware", "secure-boot",
			"off here, where the variables are a copy without keys; the machine's own may have it on");
	else
		judge_finds(j, CAUSE_SECURE_BOOT, JUDGED_OK, "firmware", "secure-boot", "off");
}

void judge_machine(struct judging *j)
{
	judge_battery(j);
	judge_chassis(j);
	judge_hypervisor(j);
	judge_addresses(j);
	judge_secure_boot(j);
}
