/* A host without devices for tests of the plan: hand-made facts, composing, and what is looked for.
 */
#ifndef TESTS_PLAN_FRAME_H
#define TESTS_PLAN_FRAME_H

#include "plan_looks.h"

#define GIB (1ULL << 30)

/* The host of these tests. A test changes what it is about, in the copy that it got. */
struct world {
	struct facts facts;
	struct firmware_list firmware;
	struct dirs dirs;
	struct plan_input in;
};

/* The structs own their strings; these are not freed. */
#define S(text) ((char *)(text))

static char *const OPTIONS[] = {S("name.debug-threads"), S("spice")};
static char *const OBJECTS[] = {S("iothread"), S("monitor-qmp")};
static char *const MACHINES[] = {S("microvm"), S("pc-q35-6.1"), S("pc-q35-7.2"), S("pc-i440fx-7.2"),
				 S("none")};
static struct firmware FIRMWARE[] = {
	{S("/usr/share/qemu/firmware/40-ms.json"), S("/fw/CODE.ms.fd"), S("/fw/VARS.ms.fd"),
	 FIRMWARE_RAW, FIRMWARE_RAW, 3653632, 540672, true, true, true},
	{S("/usr/share/qemu/firmware/60-plain.json"), S("/fw/CODE.fd"), S("/fw/VARS.fd"),
	 FIRMWARE_RAW, FIRMWARE_RAW, 3653632, 540672, false, false, false},
};

static inline struct world world(void)
{
	return (struct world){
		.facts = {.cpu = {.vendor = S("GenuineIntel"),
				  .model = S(""),
				  .online = 8,
				  .vmx = true},
			  .kvm = {KVM_USABLE, 0},
			  .memory = {.total = 32 * GIB, .available = 24 * GIB},
			  .machine_id = S("0123456789abcdef0123456789abcdef"),
			  .boot_id = S(""),
			  .qemu = {.path = S("/usr/bin/qemu-system-x86_64"),
				   .version = S("7.2.22"),
				   .package = S(""),
				   .offers = {[QEMU_MACHINES] = {(char **)MACHINES,
								 ARRAY_SIZE(MACHINES)},
					      [QEMU_OPTIONS] = {(char **)OPTIONS, 2}}}},
		.firmware = {.item = FIRMWARE, .n = ARRAY_SIZE(FIRMWARE)},
		.dirs = {.config = S("/home/u/.config"),
			 .state = S("/home/u/.local/state/vmlaunch"),
			 .cache = S("/home/u/.cache/vmlaunch"),
			 .runtime = S("/run/user/1/vmlaunch")},
	};
}

/* The plan keeps nothing of the profile, so that may go first.
 */
static inline struct plan *compose(struct world *w, const char *text, struct error **err)
{
	own_profile struct profile *p =
		profile_parse("p.ini", text, strlen(text), NULL, NULL, 0, err);

	assert_non_null(p);
	w->in.profile = p;
	w->in.facts = &w->facts;
	w->in.firmware = &w->firmware;
	w->in.dirs = &w->dirs;
	return plan_compose(&w->in, err);
}

static inline size_t count(const struct plan *plan, const char *option, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];

		n += strcmp(a->option, option) == 0 && a->value && text_starts(a->value, value);
	}
	return n;
}

static inline void has(const struct plan *plan, const char *option, const char *value)
{
	const struct argument *a = find(plan, option, value);

	if (!a)
		fail_msg("no %s %s", option, value);
	assert_string_equal(a->value, value);
}

#endif
