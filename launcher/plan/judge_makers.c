/* What drivers of other makers than NVIDIA stumble over.
 *
 * Intel's, of a virtual function in Windows: a hypervisor that calls itself Microsoft's, unless the
 * function is the machine's first display; no GOP driver; a hypervisor of the guest's own, which is
 * what its virtualization-based security is (strongtz/i915-sriov-dkms 313, 387, 429; 466 works
 * without a ROM).
 *
 * AMD's, of a processor's graphics: no GOP driver, which the ROM of their sound function carries,
 * the next one on the board (isc30/ryzen-gpu-passthrough-proxmox 99). That it looks for hypervisors
 * is judged with NVIDIA's (mroboff/vm-curator 71).
 */
#include <string.h>

#include "judge.h"

#define INTEL 0x8086
#define ATI 0x1002 /* AMD's graphics */

static bool calls_itself_microsoft(const struct judging *j)
{
	return report_next(j->report, NULL, "hypervisor-leaf", "vendor", "Microsoft Hv");
}

static bool shows_rom(const struct judging *j, const struct guest_function *f)
{
	char place[REPORT_PLACE_SIZE];
	const struct report_line *rom;
	uint64_t length = 0;

	report_place_text(place, &(struct report_place){f->bus, f->slot, f->function});
	rom = report_one(j->report, "pci-rom", "address", place);
	return rom && report_number(rom, "length", &length) && length;
}

static void judge_intel(struct judging *j, const struct guest_function *f)
{
	if (calls_itself_microsoft(j) && !f->x_vga)
		judge_finds(
			j, CAUSE_INTEL_VF, JUDGED_PROBLEM, "hyperv", "vendor-id",
			"the hypervisor calls itself Microsoft Hv, which Intel's driver takes for Hyper-V's own sharing");
	if (!shows_rom(j, f))
		judge_finds(
			j, CAUSE_INTEL_VF, JUDGED_UNKNOWN, f->section, "rom",
			"there is no ROM with a GOP driver, which some of these functions need");
	if (j->guest->nests)
		judge_finds(
			j, CAUSE_INTEL_VF, JUDGED_UNKNOWN, "cpu", "flags",
			"Windows may switch on a hypervisor of its own (VBS), under which the driver fails; -vmx keeps it from that");
	judge_finds(j, CAUSE_INTEL_VF, JUDGED_OK, f->section, "rom",
		    "a ROM, no name of Microsoft's, and no hypervisor of the guest's own");
}

static bool sound_has_rom(const struct judging *j, const struct guest_function *f)
{
	for (size_t i = 0; i < j->guest->functions; i++) {
		const struct guest_function *other = &j->guest->function[i];

		if (other != f && strcmp(other->section, f->section) == 0 && other->rom_given)
			return shows_rom(j, other);
	}
	return false;
}

static void judge_amd(struct judging *j, const struct guest_function *f)
{
	if (sound_has_rom(j, f))
		judge_finds(j, CAUSE_AMD_ROM, JUDGED_OK, f->section, "rom-1",
			    "a ROM on the sound function too");
	else
		judge_finds(
			j, CAUSE_AMD_ROM, JUDGED_UNKNOWN, f->section, "rom-1",
			"no ROM on the sound function, where these graphics have their GOP driver");
}

void judge_makers(struct judging *j)
{
	judge_finds(j, CAUSE_INTEL_VF, JUDGED_NOTHING, NULL, NULL,
		    "no virtual function of Intel's is passed");
	judge_finds(j, CAUSE_AMD_ROM, JUDGED_NOTHING, NULL, NULL,
		    "no processor's graphics of AMD's are passed");
	for (size_t i = 0; i < j->guest->functions; i++) {
		const struct guest_function *f = &j->guest->function[i];

		if (f->is_vf && f->id[0] == INTEL)
			judge_intel(j, f);
		if (f->of_processor && f->id[0] == ATI)
			judge_amd(j, f);
		if (f->id[0] == ATI && f->first && !j->guest->hides)
			judge_finds(j, CAUSE_HYPERVISOR, JUDGED_UNKNOWN, "cpu", "hide-hypervisor",
				    "the hypervisor is not hidden, and AMD's driver looks for it");
	}
}
