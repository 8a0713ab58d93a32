/* A made-up laptop for tests of the plan: hand-made facts, composing, and what is looked for. */
#ifndef TESTS_PLAN_WORLD_H
#define TESTS_PLAN_WORLD_H

#include "plan_looks.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

/* The structs own their strings; these are not freed. */
#define S(text) ((char *)(text))

/* Functions of the laptop, in the order of their addresses. */
enum { HOST_BRIDGE, ROOT_PORT, GPU_VIDEO, GPU_AUDIO, OTHER_GPU, NVME, NETWORK, FUNCTIONS };

static char *const WORLD_OPTIONS[] = {S("name.debug-threads"), S("spice")};
static char *const WORLD_AIO[] = {S("io_uring"), S("native"), S("threads")};
static char *const WORLD_DEVICES[] = {S("tpm-crb")};
static const struct plan_program WORLD_PROGRAMS[] = {{"swtpm", S("/usr/bin/swtpm")}};
static char *const WORLD_NOTHING[] = {NULL};

/* The host of a test, which changes what it is about, in the copy that it got. */
struct world {
	struct facts facts;
	struct pci_function function[FUNCTIONS];
	struct cpu_set core[24];
	struct cpu_group l3;
	char *machine[1];
	struct firmware plain;
	struct firmware_list firmware;
	struct dirs dirs;
	struct plan_input in;
};

static inline struct pci_function world_function(unsigned bus, unsigned slot, unsigned function,
						 unsigned vendor, unsigned device, uint32_t class,
						 const char *driver, int group)
{
	return (struct pci_function){
		.address = {0, (uint8_t)bus, (uint8_t)slot, (uint8_t)function},
		.path = S("/sys/devices/made-up"),
		.vendor = (uint16_t)vendor,
		.device = (uint16_t)device,
		.has_subsystem = true,
		.subvendor = 0x1043,
		.subdevice = 0x1e6c,
		.class = class,
		.driver = S(driver),
		.group = group,
	};
}

/* An i9 whose IOMMU is narrower than its processors, an RTX 4070, and room for all that. */
static inline struct world world(void)
{
	struct world w = {
		.facts = {.cpu = {.vendor = S("GenuineIntel"),
				  .model = S(""),
				  .online = 32,
				  .phys_bits = 46,
				  .vmx = true},
			  .kvm = {KVM_USABLE, 0},
			  .memory = {.total = 32 * GIB, .available = 30 * GIB},
			  .machine_id = S("0123456789abcdef0123456789abcdef"),
			  .boot_id = S(""),
			  .hugepages = {{2048, 0}, {1048576, 0}},
			  .qemu = {.path = S("/usr/bin/qemu-system-x86_64"),
				   .version = S("7.2.22"),
				   .package = S("")},
			  .irqchip_known = true,
			  .devices = {.iommu = {.state = IOMMU_READY,
						.kind = S("Intel VT-d"),
						.units = 1,
						.width = 39,
						.groups = 6},
				      .vfio = KMODULE_THERE}},
		.machine = {S("pc-q35-7.2")},
		.plain = {S("/usr/share/qemu/firmware/60-plain.json"), S("/fw/CODE.fd"),
			  S("/fw/VARS.fd"), FIRMWARE_RAW, FIRMWARE_RAW, 3653632, 540672, false,
			  false, false},
		.firmware = {.n = 1},
		.dirs = {.config = S("/home/u/.config"),
			 .state = S("/home/u/.local/state/vmlaunch"),
			 .cache = S("/home/u/.cache/vmlaunch"),
			 .runtime = S("/run/user/1/vmlaunch")},
	};

	/* An i9-13900HX: 8 P-cores with two threads each, 16 E-cores. */
	for (unsigned cpu = 0; cpu < 32; cpu++) {
		cpu_set_add(&w.core[cpu < 16 ? cpu / 2 : cpu - 8], cpu);
		cpu_set_add(&w.facts.cpu.topology.online, cpu);
		cpu_set_add(&w.facts.cpu.topology.kind[cpu < 16 ? CPU_PERFORMANCE : CPU_EFFICIENCY],
			    cpu);
	}
	w.l3 = (struct cpu_group){0, 36 * MIB, w.facts.cpu.topology.online};
	w.facts.cpu.topology.cores = 24;
	w.facts.cpu.topology.l3s = 1;
	for (size_t i = 0; i < DMI_FIELDS; i++)
		w.facts.dmi[i] = S("");
	w.function[HOST_BRIDGE] = world_function(0, 0, 0, 0x8086, 0xa702, 0x060000, NULL, 0);
	w.function[ROOT_PORT] = world_function(0, 1, 0, 0x8086, 0xa70d, 0x060400, "pcieport", 2);
	w.function[GPU_VIDEO] = world_function(1, 0, 0, 0x10de, 0x2820, 0x030000, "nvidia", 2);
	w.function[GPU_AUDIO] =
		world_function(1, 0, 1, 0x10de, 0x22bd, 0x040300, "snd_hda_intel", 2);
	w.function[OTHER_GPU] = world_function(2, 0, 0, 0x1002, 0x744c, 0x030000, "vfio-pci", 3);
	w.function[NVME] = world_function(3, 0, 0, 0x144d, 0xa80a, 0x010802, "nvme", 4);
	w.function[NETWORK] = world_function(4, 0, 0, 0x8086, 0x15f3, 0x020000, NULL, 5);
	return w;
}

static inline void give_bar(struct world *w, size_t i, enum pci_bar_kind kind, uint64_t size)
{
	struct pci_function *f = &w->function[i];

	f->bar[f->bars] = (struct pci_bar){
		.index = (unsigned)f->bars, .kind = kind, .prefetch = true, .size = size};
	f->bars++;
}

/* The plan keeps nothing of the profile, so that may go first. */
static inline struct plan *compose(struct world *w, const char *text, struct error **err)
{
	own_profile struct profile *p =
		profile_parse("p.ini", text, strlen(text), NULL, NULL, 0, err);

	if (!p) {
		own_free char *said = messages(err);

		fail_msg("the profile is wrong: %s", said);
	}
	w->facts.qemu.offers[QEMU_MACHINES] = (struct qemu_names){w->machine, 1};
	/* A test that is about them leaves them out by a list with nothing in it. */
	if (!w->facts.qemu.offers[QEMU_OPTIONS].name)
		w->facts.qemu.offers[QEMU_OPTIONS] = (struct qemu_names){(char **)WORLD_OPTIONS, 2};
	if (!w->facts.qemu.offers[QEMU_AIO].name)
		w->facts.qemu.offers[QEMU_AIO] = (struct qemu_names){(char **)WORLD_AIO, 3};
	if (!w->facts.qemu.offers[QEMU_DEVICES].name)
		w->facts.qemu.offers[QEMU_DEVICES] = (struct qemu_names){(char **)WORLD_DEVICES, 1};
	if (!w->in.program) {
		w->in.program = WORLD_PROGRAMS;
		w->in.programs = ARRAY_SIZE(WORLD_PROGRAMS);
	}
	w->facts.cpu.topology.core = w->core;
	w->facts.cpu.topology.l3 = &w->l3;
	w->facts.devices.pci = (struct pci_list){w->function, FUNCTIONS};
	w->firmware.item = &w->plain;
	w->in.profile = p;
	w->in.facts = &w->facts;
	w->in.firmware = &w->firmware;
	w->in.dirs = &w->dirs;
	return plan_compose(&w->in, err);
}

/* A profile that the parser itself refuses. */
static inline void misread(const char *text, const char *want)
{
	struct error *err = NULL;

	assert_null(profile_parse("p.ini", text, strlen(text), NULL, NULL, 0, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_messages(err, want);
}

static inline void has(const struct plan *plan, const char *option, const char *value)
{
	const struct argument *a = find(plan, option, NULL);

	for (size_t i = 0; i < plan->arguments; i++) {
		a = &plan->argument[i];
		if (strcmp(a->option, option) == 0 && a->value && strcmp(a->value, value) == 0)
			return;
	}
	fail_msg("no %s %s", option, value);
}

/* All values of an option that begin so, one in a line. */
static inline void values_are(const struct plan *plan, const char *option, const char *start,
			      const char *want)
{
	own_buf struct buf all = {0};

	buf_adds(&all, "");
	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];

		if (strcmp(a->option, option) == 0 && a->value && text_starts(a->value, start))
			buf_addf(&all, "%s\n", a->value);
	}
	assert_string_equal(all.data, want);
}

static inline const struct plan_step *step(const struct plan *plan, enum step_kind kind)
{
	for (size_t i = 0; i < plan->steps; i++)
		if (plan->step[i].intent.kind == kind)
			return &plan->step[i];
	return NULL;
}

/* What a person would type for one kind of step. */
static inline void lines_are(const struct plan *plan, enum step_kind kind, const char *want)
{
	const struct plan_step *found = step(plan, kind);
	own_buf struct buf all = {0};

	buf_adds(&all, "");
	for (size_t i = 0; found && i < found->lines; i++)
		buf_addf(&all, "%s\n", found->line[i]);
	assert_string_equal(all.data, want);
}

/* Text that must be among the refusals of a profile. */
static inline void refusal_says(struct world *w, const char *text, const char *words)
{
	own_error struct error *err = NULL;
	own_plan struct plan *plan = compose(w, text, &err);
	own_free char *said = NULL;

	assert_null(plan);
	said = messages(&err);
	if (!strstr(said, words))
		fail_msg("\"%s\" does not say \"%s\"", said, words);
}

#endif
