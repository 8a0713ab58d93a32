/* Judging reports by what the plan wanted: a good one of a laptop's machine, then the same with one
 * thing wrong at a time.
 */
#include "plan_world.h"

#include "firmware/report.h"
#include "plan/judge.h"

/* Any file: what counts is that it was read. */
#define ROM "/proc/self/exe"
#define GPU "[gpu]\ndevice = 10de:2820\n"

/* What the laptop's machine shows when all is well. */
static const char GOOD[] =
	"VMPROBE begin version=1\n"
	"VMPROBE firmware vendor=EDK%20II secure-boot=none\n"
	"VMPROBE memory highest=0x180000000\n"
	"VMPROBE cpu vendor=GenuineIntel physbits=39 hypervisor=1\n"
	"VMPROBE hypervisor-leaf leaf=0x40000000 vendor=GenuineIntel max=0x40000005\n"
	"VMPROBE pci address=00:01.0 id=1b36:000c subsystem=0000:0000 multifunction=1 behind=none\n"
	"VMPROBE pci address=01:00.0 id=10de:2820 subsystem=1043:1e6c multifunction=1 "
	"behind=00:01.0\n"
	"VMPROBE pci-bar address=01:00.0 bar=0 kind=mem32 size=16777216 base=0x80000000\n"
	"VMPROBE pci-bar address=01:00.0 bar=1 kind=mem64 size=8589934592 base=0x800000000\n"
	"VMPROBE pci-bar address=01:00.0 bar=5 kind=io size=128 base=0x6000\n"
	"VMPROBE pci-rom address=01:00.0 size=524288 length=174080 signature=55aa\n"
	"VMPROBE pci-rom-image address=01:00.0 image=0 code=x86 id=10de:2820 last=0\n"
	"VMPROBE pci-rom-image address=01:00.0 image=1 code=efi id=10de:2820 last=1\n"
	"VMPROBE pci address=01:00.1 id=10de:22bd subsystem=1043:1e6c multifunction=0 "
	"behind=00:01.0\n"
	"VMPROBE pci-bar address=01:00.1 bar=0 kind=mem32 size=16384 base=0x81000000\n"
	"VMPROBE acpi signature=SSDT oem-table=BATTERY%20 checksum=ok\n"
	"VMPROBE acpi-battery path=\\_SB.BAT0\n"
	"VMPROBE acpi-rom path=\\_SB.PCI0.S08.S00 node=1\n"
	"VMPROBE smbios type=3 manufacturer=A chassis=10\n"
	"VMPROBE end\n";

/* A laptop with a card that has its ROM by ACPI as well. */
static struct plan *laptop(struct world *w, const char *more)
{
	static struct plan_file file;
	own_free char *text = xasprintf(GPU "rom = " ROM "\nrom-acpi = yes\n%s", more);

	file = (struct plan_file){ROM, S("\x55\xaa"), 2};
	*w = world();
	w->facts.dmi[DMI_CHASSIS_TYPE] = S("10");
	w->function[GPU_VIDEO].has_rom = true;
	w->in.file = &file;
	w->in.files = 1;
	return planned(w, text);
}

static void verdict_of(const struct guest_view *guest, const char *text, struct verdicts *v)
{
	own_report struct report report = {0};
	struct error *err = NULL;

	assert_true(report_parse(&report, text, strlen(text), &err));
	judge(v, guest, &report);
	for (size_t i = 0; i < CAUSES_OF_43; i++) {
		assert_true(v->v[i].words.len > 0);
		assert_true(text_is_printable(v->v[i].words.data));
	}
}

static void verdict_is(const struct verdict *v, enum judgement judgement, const char *words,
		       const char *key)
{
	assert_string_equal(v->words.data, words);
	assert_string_equal(judgement_name(v->judgement), judgement_name(judgement));
	if (key)
		assert_string_equal(v->key, key);
	else
		assert_null(v->key);
}

/* text with its only old as new; the caller owns it. */
static char *changed(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	assert_null(strstr(at + 1, old));
	return xasprintf("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* With one thing changed one cause is judged so, and all others stay. */
static void judged(const struct plan *plan, const char *old, const char *new,
		   enum cause_of_43 cause, enum judgement judgement, const char *words,
		   const char *key)
{
	own_free char *text = changed(GOOD, old, new);
	own_verdicts struct verdicts before = {0}, after = {0};

	verdict_of(&plan->guest, GOOD, &before);
	verdict_of(&plan->guest, text, &after);
	verdict_is(&after.v[cause], judgement, words, key);
	for (size_t i = 0; i < CAUSES_OF_43; i++)
		if (i != cause)
			verdict_is(&after.v[i], before.v[i].judgement, before.v[i].words.data,
				   before.v[i].key);
}

static void all_is_well(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_verdicts struct verdicts v = {0};

	(void)state;
	verdict_of(&plan->guest, GOOD, &v);
	for (size_t i = 0; i < CAUSES_OF_43; i++)
		if (i != CAUSE_IDS && i < CAUSE_INTEL_VF)
			assert_int_equal(v.v[i].judgement, JUDGED_OK);
	/* The world's audio function is 10de:22bd of the same board. */
	verdict_is(&v.v[CAUSE_IDS], JUDGED_OK,
		   "01:00.0 is 10de:2820 of 1043:1e6c; 01:00.1 is 10de:22bd of 1043:1e6c",
		   "gpu.ids");
	verdict_is(&v.v[CAUSE_FUNCTIONS], JUDGED_OK,
		   "01:00.0 in one slot with its board; 01:00.1 in one slot with its board",
		   "gpu.layout");
}

static void ids(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");

	(void)state;
	judged(plan, "01:00.1 id=10de:22bd", "01:00.1 id=8086:2668", CAUSE_IDS, JUDGED_PROBLEM,
	       "01:00.1 shows 8086:2668 and not 10de:22bd", "gpu.ids");
	judged(plan, "2820 subsystem=1043:1e6c", "2820 subsystem=1af4:1100", CAUSE_IDS,
	       JUDGED_PROBLEM, "01:00.0 shows the subsystem 1af4:1100 and not 1043:1e6c",
	       "gpu.ids");
	judged(plan, "2820 subsystem=1043:1e6c", "2820 subsystem=many", CAUSE_IDS, JUDGED_UNKNOWN,
	       "01:00.0 shows no ids", "gpu.guest-slot");
}

static void no_subsystem(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;
	own_verdicts struct verdicts v = {0};
	own_free char *text = changed(GOOD, "2820 subsystem=1043:1e6c", "2820 subsystem=0000:0000");

	(void)state;
	w.function[GPU_VIDEO].has_subsystem = false;
	w.function[GPU_VIDEO].subvendor = w.function[GPU_VIDEO].subdevice = 0;
	plan = planned(&w, GPU "ids = none\n");
	verdict_of(&plan->guest, text, &v);
	verdict_is(&v.v[CAUSE_IDS], JUDGED_PROBLEM, "01:00.0, 10de:2820, shows no subsystem ids",
		   "gpu.ids");
}

static void explicit_ids_are_expected(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "ids = 10de:25a2:1d05:1186\n");
	own_verdicts struct verdicts v = {0};

	(void)state;
	verdict_of(&plan->guest, GOOD, &v);
	verdict_is(&v.v[CAUSE_IDS], JUDGED_PROBLEM,
		   "01:00.0 shows 10de:2820 and not 10de:25a2; 01:00.1 shows the subsystem "
		   "1043:1e6c and not 1d05:1186",
		   "gpu.ids");
	assert_int_equal(v.v[CAUSE_ROM].judgement, JUDGED_PROBLEM);
}

static void functions(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_verdicts struct verdicts gone = {0}, moved = {0}, twice = {0};
	own_free char *no_audio = changed(GOOD, "VMPROBE pci address=01:00.1 id=10de:22bd",
					  "VMPROBE was address=01:00.1 id=10de:22bd");
	own_free char *elsewhere =
		changed(GOOD, "VMPROBE pci address=01:00.1", "VMPROBE pci address=02:00.0");
	own_free char *two =
		changed(GOOD, "VMPROBE pci address=00:01.0", "VMPROBE pci address=01:00.0");

	(void)state;
	verdict_of(&plan->guest, no_audio, &gone);
	verdict_is(&gone.v[CAUSE_FUNCTIONS], JUDGED_PROBLEM,
		   "nothing sits at 01:00.1, where 10de:22bd should be", "gpu.guest-slot");
	verdict_is(&gone.v[CAUSE_IDS], JUDGED_UNKNOWN, "01:00.1 shows no ids", "gpu.guest-slot");
	verdict_of(&plan->guest, elsewhere, &moved);
	verdict_is(&moved.v[CAUSE_FUNCTIONS], JUDGED_PROBLEM,
		   "10de:22bd sits at 02:00.0 and not at 01:00.1", "gpu.guest-slot");
	verdict_of(&plan->guest, two, &twice);
	verdict_is(&twice.v[CAUSE_FUNCTIONS], JUDGED_UNKNOWN, "the report has 01:00.0 twice", NULL);
	judged(plan, "2820 subsystem=1043:1e6c multifunction=1",
	       "2820 subsystem=1043:1e6c multifunction=0", CAUSE_FUNCTIONS, JUDGED_PROBLEM,
	       "01:00.0 does not say that its slot has more functions", "gpu.layout");
	judged(plan, "22bd subsystem=1043:1e6c multifunction=0 behind=00:01.0",
	       "22bd subsystem=1043:1e6c multifunction=0 behind=none", CAUSE_FUNCTIONS,
	       JUDGED_PROBLEM, "01:00.1 does not sit behind a port of its own", "gpu.guest-slot");
}

static void roms(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_free char *no_image = changed(GOOD,
					  "VMPROBE pci-rom-image address=01:00.0 image=0 code=x86 "
					  "id=10de:2820 last=0\n",
					  "");
	own_free char *none = changed(no_image,
				      "VMPROBE pci-rom-image address=01:00.0 image=1 code=efi "
				      "id=10de:2820 last=1\n",
				      "");
	own_free char *other = changed(no_image, "code=efi id=10de:2820", "code=efi id=10de:1c8c");
	own_verdicts struct verdicts v = {0}, o = {0};

	(void)state;
	judged(plan, "length=174080", "length=0", CAUSE_ROM, JUDGED_PROBLEM,
	       "the firmware could not read the ROM of 01:00.0", "gpu.rom");
	judged(plan, "signature=55aa", "signature=4e56", CAUSE_ROM, JUDGED_PROBLEM,
	       "the ROM of 01:00.0 does not begin with 55 AA", "gpu.rom");
	judged(plan, "VMPROBE pci-rom ", "VMPROBE pci-mor ", CAUSE_ROM, JUDGED_PROBLEM,
	       "the firmware could not read the ROM of 01:00.0", "gpu.rom");
	verdict_of(&plan->guest, none, &v);
	verdict_is(&v.v[CAUSE_ROM], JUDGED_PROBLEM,
		   "the ROM of 01:00.0 begins with 55 AA but holds no image with a PCIR",
		   "gpu.rom");
	verdict_of(&plan->guest, other, &o);
	verdict_is(&o.v[CAUSE_ROM], JUDGED_PROBLEM,
		   "the ROM of 01:00.0 is for 10de:1c8c, and it is 10de:2820 there", "gpu.rom");
}

/* The id in the list alone, and an image for any GPU of the maker. */
static void roms_for_several_devices(void **state)
{
	static const struct {
		const char *id;
		enum judgement judgement;
		const char *words;
	} row[] = {
		{"10de:2800 also=2820", JUDGED_OK, "01:00.0 has a ROM for 10de:2820"},
		{"10de:2800 also=2801,2860,2820", JUDGED_OK, "01:00.0 has a ROM for 10de:2820"},
		{"10de:ffff also=none", JUDGED_OK, "01:00.0 has a ROM for 10de:2820"},
		{"1002:ffff also=2820", JUDGED_PROBLEM,
		 "the ROM of 01:00.0 is for 1002:ffff, and it is 10de:2820 there"},
		{"10de:2800 also=2801,2860", JUDGED_PROBLEM,
		 "the ROM of 01:00.0 is for 10de:2800, and it is 10de:2820 there"},
		{"10de:2800 also=2820,x", JUDGED_PROBLEM,
		 "the ROM of 01:00.0 is for 10de:2800, and it is 10de:2820 there"},
	};
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_free char *one = changed(GOOD,
				     "VMPROBE pci-rom-image address=01:00.0 image=0 code=x86 "
				     "id=10de:2820 last=0\n",
				     "");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *id = xasprintf("code=efi id=%s", row[i].id);
		own_free char *text = changed(one, "code=efi id=10de:2820", id);
		own_verdicts struct verdicts v = {0};

		verdict_of(&plan->guest, text, &v);
		verdict_is(&v.v[CAUSE_ROM], row[i].judgement, row[i].words, "gpu.rom");
	}
}

static void roms_that_nobody_gave(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, GPU), *hidden = planned(&w, GPU "rom-bar = no\n");
	own_plan struct plan *muxless = NULL;
	own_free char *text = changed(GOOD, "length=174080", "length=0");
	own_verdicts struct verdicts v = {0}, h = {0}, m = {0};

	(void)state;
	verdict_of(&plan->guest, text, &v);
	verdict_is(&v.v[CAUSE_ROM], JUDGED_UNKNOWN,
		   "01:00.0 has no ROM of its own here, and the profile gives none", "gpu.rom");
	verdict_is(&v.v[CAUSE_ROM_ACPI], JUDGED_NOTHING, "no ROM is given for 01:00.0",
		   "gpu.rom-acpi");
	verdict_of(&hidden->guest, text, &h);
	verdict_is(&h.v[CAUSE_ROM], JUDGED_NOTHING, "the profile leaves the ROM of 01:00.0 out",
		   "gpu.rom-bar");
	w.function[GPU_VIDEO].class = 0x030200;
	muxless = planned(&w, GPU);
	verdict_of(&muxless->guest, text, &m);
	verdict_is(&m.v[CAUSE_ROM_ACPI], JUDGED_UNKNOWN,
		   "01:00.0 has no outputs: such a card's driver may ask ACPI for its ROM, and the "
		   "profile gives none",
		   "gpu.rom");
}

static void roms_by_acpi(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_verdicts struct verdicts v = {0};

	(void)state;
	judged(plan, "VMPROBE acpi-rom", "VMPROBE acpi-mor", CAUSE_ROM_ACPI, JUDGED_PROBLEM,
	       "no table has _ROM for \\_SB.PCI0.S08.S00", "gpu.rom-acpi");
	judged(plan, "S08.S00 node=1", "S08.S00 node=0", CAUSE_ROM_ACPI, JUDGED_PROBLEM,
	       "_ROM stands at \\_SB.PCI0.S08.S00, which the machine's own tables do not know",
	       "vm.machine");
	judged(plan, "path=\\_SB.PCI0.S08.S00", "path=\\_SB.PCI0.S10.%1b[2J", CAUSE_ROM_ACPI,
	       JUDGED_PROBLEM,
	       "_ROM stands at \\_SB.PCI0.S10.\\x1b[2J, and the GPU is \\_SB.PCI0.S08.S00",
	       "gpu.guest-slot");
	plan_free(plan);
	plan = laptop(&w, "[battery]\npresent = no\n");
	verdict_of(&plan->guest, GOOD, &v);
	assert_int_equal(v.v[CAUSE_ROM_ACPI].judgement, JUDGED_OK);
}

static void the_laptop(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, ""),
			     *desktop = laptop(&w, "[battery]\npresent = no\n");
	own_free char *text = changed(GOOD, "VMPROBE acpi-battery path=\\_SB.BAT0\n", "");
	own_verdicts struct verdicts v = {0};

	(void)state;
	judged(plan, "VMPROBE acpi-battery", "VMPROBE acpi-yrettab", CAUSE_BATTERY, JUDGED_PROBLEM,
	       "no ACPI table has a battery", "battery.present");
	judged(plan, "checksum=ok", "checksum=bad", CAUSE_BATTERY, JUDGED_PROBLEM,
	       "an ACPI table has a wrong checksum, and systems leave such tables out",
	       "acpi.file");
	judged(plan, "chassis=10", "chassis=1", CAUSE_CHASSIS, JUDGED_PROBLEM,
	       "the case is of type 1, where NVIDIA's driver takes 9 and 10 for a laptop",
	       "smbios.chassis-type");
	judged(plan, "chassis=10", "chassis=9", CAUSE_CHASSIS, JUDGED_OK,
	       "a laptop's case (type 9)", "smbios.chassis-type");
	judged(plan, "chassis=10", "chassis=x", CAUSE_CHASSIS, JUDGED_PROBLEM,
	       "the firmware tells of no case", "smbios.chassis-type");
	verdict_of(&desktop->guest, text, &v);
	verdict_is(&v.v[CAUSE_BATTERY], JUDGED_NOTHING, "this machine is not to look like a laptop",
		   "battery.present");
	assert_int_equal(v.v[CAUSE_CHASSIS].judgement, JUDGED_NOTHING);
}

static void the_hypervisor(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_plan struct plan *shown = laptop(&w, "[cpu]\nhide-hypervisor = no\n");
	own_plan struct plan *bare = laptop(&w, "[cpu]\nhypervisor-bit = no\n");
	own_free char *kvm = changed(GOOD, "vendor=GenuineIntel max", "vendor=KVMKVMKVM max");
	own_verdicts struct verdicts s = {0}, b = {0};

	(void)state;
	judged(plan, "vendor=GenuineIntel max", "vendor=KVMKVMKVM max", CAUSE_HYPERVISOR,
	       JUDGED_PROBLEM, "CPUID leaf 0x40000000 says KVMKVMKVM", "cpu.hide-hypervisor");
	judged(plan, "vendor=GenuineIntel max", "vendor=TCGTCGTCGTCG max", CAUSE_HYPERVISOR,
	       JUDGED_PROBLEM, "CPUID leaf 0x40000000 says TCGTCGTCGTCG", "cpu.hide-hypervisor");
	judged(plan, "hypervisor=1", "hypervisor=0", CAUSE_HYPERVISOR, JUDGED_PROBLEM,
	       "CPUID's hypervisor bit is off", "cpu.hypervisor-bit");
	judged(plan, "hypervisor=1", "hypervisor=2", CAUSE_HYPERVISOR, JUDGED_UNKNOWN,
	       "the report does not tell of the processor", NULL);
	verdict_of(&shown->guest, kvm, &s);
	verdict_is(&s.v[CAUSE_HYPERVISOR], JUDGED_NOTHING, "the hypervisor is not to be hidden",
		   "cpu.hide-hypervisor");
	verdict_of(&bare->guest, GOOD, &b);
	verdict_is(&b.v[CAUSE_HYPERVISOR], JUDGED_PROBLEM, "CPUID's hypervisor bit is on",
		   "cpu.hypervisor-bit");
}

static void addresses(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");

	(void)state;
	judged(plan, "base=0x800000000", "base=unassigned", CAUSE_BARS, JUDGED_PROBLEM,
	       "BAR 1 of 01:00.0, 8388608 KiB, has no address", "firmware.mmio64");
	judged(plan, "base=0x800000000", "base=0xe000000000", CAUSE_WIDTH, JUDGED_PROBLEM,
	       "BAR 1 of 01:00.0, at 0xe000000000, is beyond the IOMMU's 39 address bits",
	       "cpu.phys-bits");
	/* One byte too far, just right, and around the corner. */
	judged(plan, "base=0x800000000", "base=0x7e00001000", CAUSE_WIDTH, JUDGED_PROBLEM,
	       "BAR 1 of 01:00.0, at 0x7e00001000, is beyond the IOMMU's 39 address bits",
	       "cpu.phys-bits");
	judged(plan, "base=0x800000000", "base=0x7e00000000", CAUSE_WIDTH, JUDGED_OK,
	       "all BARs lie below the IOMMU's 39 address bits", "cpu.phys-bits");
	judged(plan, "base=0x800000000", "base=0xffffffffffffffff", CAUSE_WIDTH, JUDGED_PROBLEM,
	       "BAR 1 of 01:00.0, at 0xffffffffffffffff, is beyond the IOMMU's 39 address bits",
	       "cpu.phys-bits");
	judged(plan, "bar=1 kind", "bar=9 kind", CAUSE_BARS, JUDGED_UNKNOWN,
	       "the report has a line on a BAR that cannot be read", NULL);
	judged(plan, "highest=0x180000000", "highest=0x8000000001", CAUSE_WIDTH, JUDGED_PROBLEM,
	       "memory ends beyond the IOMMU's 39 address bits", "vm.memory");
	judged(plan, "VMPROBE end", "VMPROBE verdict kind=window-too-small\nVMPROBE end",
	       CAUSE_BARS, JUDGED_PROBLEM,
	       "the firmware gave up on all PCI devices: their memory does not fit its window",
	       "firmware.mmio64");
	judged(plan, "VMPROBE end",
	       "VMPROBE verdict kind=function-dropped address=01:00.0\nVMPROBE end", CAUSE_BARS,
	       JUDGED_PROBLEM, "the firmware had no room for 01:00.0", "firmware.mmio64");
	judged(plan, "VMPROBE end",
	       "VMPROBE verdict kind=bus-unassigned address=00:01.0\nVMPROBE end", CAUSE_BARS,
	       JUDGED_PROBLEM, "the firmware gave no bus number to what is behind 00:01.0", NULL);
}

static void an_unknown_width(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;
	own_verdicts struct verdicts v = {0};

	(void)state;
	w.facts.devices.iommu.width = 0;
	plan = planned(&w, GPU);
	verdict_of(&plan->guest, GOOD, &v);
	verdict_is(&v.v[CAUSE_WIDTH], JUDGED_UNKNOWN,
		   "the host does not tell how many address bits its IOMMU translates",
		   "cpu.phys-bits");
}

static void secure_boot(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");

	(void)state;
	judged(plan, "secure-boot=none", "secure-boot=setup", CAUSE_SECURE_BOOT, JUDGED_OK, "off",
	       "firmware.secure-boot");
	judged(plan, "secure-boot=none", "secure-boot=on", CAUSE_SECURE_BOOT, JUDGED_PROBLEM,
	       "it is on: a driver without a signature, or changed to load, is refused",
	       "firmware.secure-boot");
	judged(plan, "VMPROBE firmware", "VMPROBE erawmrif", CAUSE_SECURE_BOOT, JUDGED_UNKNOWN,
	       "the report does not tell", NULL);
	plan->guest.secure_boot = true;
	judged(plan, "secure-boot=none", "secure-boot=setup", CAUSE_SECURE_BOOT, JUDGED_UNKNOWN,
	       "off here, where the variables are a copy without keys; the machine's own may have "
	       "it on",
	       "firmware.secure-boot");
}

static void without_a_gpu(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;
	own_verdicts struct verdicts v = {0};

	(void)state;
	w.in.no_devices = true;
	w.facts.dmi[DMI_CHASSIS_TYPE] = S("10");
	plan = planned(&w, GPU);
	verdict_of(&plan->guest, GOOD, &v);
	for (size_t i = CAUSE_IDS; i <= CAUSE_ROM_ACPI; i++)
		verdict_is(&v.v[i], JUDGED_NOTHING, "no GPU is passed to this machine", NULL);
	verdict_is(&v.v[CAUSE_WIDTH], JUDGED_NOTHING,
		   "no device of the host reaches this machine's memory", NULL);
}

/* The same, whatever is said of the other causes. */
static void maker_says(const struct plan *plan, const char *old, const char *new,
		       enum cause_of_43 cause, enum judgement judgement, const char *words,
		       const char *key)
{
	own_free char *text = changed(GOOD, old, new);
	own_verdicts struct verdicts v = {0};

	verdict_of(&plan->guest, text, &v);
	verdict_is(&v.v[cause], judgement, words, key);
}

/* Intel's and AMD's, by functions that are made what they are here. */
static void of_other_makers(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	struct guest_function *f = &plan->guest.function[0];
	own_free char *microsoft = changed(
		GOOD, "VMPROBE end",
		"VMPROBE hypervisor-leaf leaf=0x40000000 vendor=Microsoft%20Hv max=0x4000000b\nVMPROBE end");

	(void)state;
	maker_says(plan, "VMPROBE end", "VMPROBE end", CAUSE_INTEL_VF, JUDGED_NOTHING,
		   "no virtual function of Intel's is passed", NULL);
	maker_says(plan, "VMPROBE end", "VMPROBE end", CAUSE_AMD_ROM, JUDGED_NOTHING,
		   "no processor's graphics of AMD's are passed", NULL);
	f->id[0] = 0x8086;
	f->is_vf = true;
	maker_says(
		plan, "VMPROBE end", "VMPROBE end", CAUSE_INTEL_VF, JUDGED_UNKNOWN,
		"Windows may switch on a hypervisor of its own (VBS), under which the driver fails; -vmx keeps it from that",
		"cpu.flags");
	plan->guest.nests = false;
	maker_says(plan, "VMPROBE end", "VMPROBE end", CAUSE_INTEL_VF, JUDGED_OK,
		   "a ROM, no name of Microsoft's, and no hypervisor of the guest's own",
		   "gpu.rom");
	maker_says(plan, "length=174080", "length=0", CAUSE_INTEL_VF, JUDGED_UNKNOWN,
		   "there is no ROM with a GOP driver, which some of these functions need",
		   "gpu.rom");
	for (int first = 0; first < 2; first++) {
		own_verdicts struct verdicts v = {0};

		f->x_vga = first;
		verdict_of(&plan->guest, microsoft, &v);
		assert_int_equal(v.v[CAUSE_INTEL_VF].judgement, first ? JUDGED_OK : JUDGED_PROBLEM);
		assert_string_equal(v.v[CAUSE_INTEL_VF].key,
				    first ? "gpu.rom" : "hyperv.vendor-id");
	}
	f->id[0] = 0x1002;
	f->of_processor = true;
	maker_says(plan, "VMPROBE end", "VMPROBE end", CAUSE_AMD_ROM, JUDGED_UNKNOWN,
		   "no ROM on the sound function, where these graphics have their GOP driver",
		   "gpu.rom-1");
	plan->guest.function[1].rom_given = true;
	maker_says(
		plan, "VMPROBE end",
		"VMPROBE pci-rom address=01:00.1 size=65536 length=65536 signature=55aa\nVMPROBE end",
		CAUSE_AMD_ROM, JUDGED_OK, "a ROM on the sound function too", "gpu.rom-1");
	plan->guest.hides = false;
	maker_says(plan, "VMPROBE end", "VMPROBE end", CAUSE_HYPERVISOR, JUDGED_UNKNOWN,
		   "the hypervisor is not hidden, and AMD's driver looks for it",
		   "cpu.hide-hypervisor");
}

static void a_report_of_nothing(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_verdicts struct verdicts v = {0};

	(void)state;
	verdict_of(&plan->guest, "VMPROBE begin version=1\nVMPROBE end\n", &v);
	for (size_t i = 0; i < CAUSE_INTEL_VF; i++)
		assert_true(i == CAUSE_WIDTH || v.v[i].judgement >= JUDGED_UNKNOWN);
}

/* However many there are, it stays a line. */
static void thousands_of_bars(void **state)
{
	struct world w;
	own_plan struct plan *plan = laptop(&w, "");
	own_verdicts struct verdicts v = {0};
	own_buf struct buf text = {0};

	(void)state;
	buf_adds(&text, "VMPROBE begin version=1\n");
	for (unsigned i = 0; i < 10000; i++)
		buf_addf(&text,
			 "VMPROBE pci-bar address=%02x:%02x.%x bar=0 kind=mem64 size=%u "
			 "base=unassigned\n",
			 i >> 8 & 0xff, i >> 3 & 0x1f, i & 7, i);
	buf_adds(&text, "VMPROBE end\n");
	verdict_of(&plan->guest, text.data, &v);
	assert_int_equal(v.v[CAUSE_BARS].judgement, JUDGED_PROBLEM);
	assert_true(v.v[CAUSE_BARS].words.len < 500);
	assert_true(text_ends(v.v[CAUSE_BARS].words.data, "; and more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(ids),
		cmocka_unit_test(no_subsystem),
		cmocka_unit_test(explicit_ids_are_expected),
		cmocka_unit_test(functions),
		cmocka_unit_test(roms),
		cmocka_unit_test(roms_for_several_devices),
		cmocka_unit_test(roms_that_nobody_gave),
		cmocka_unit_test(roms_by_acpi),
		cmocka_unit_test(the_laptop),
		cmocka_unit_test(the_hypervisor),
		cmocka_unit_test(addresses),
		cmocka_unit_test(an_unknown_width),
		cmocka_unit_test(secure_boot),
		cmocka_unit_test(without_a_gpu),
		cmocka_unit_test(of_other_makers),
		cmocka_unit_test(a_report_of_nothing),
		cmocka_unit_test(thousands_of_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
