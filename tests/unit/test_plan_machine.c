/* Composing the board from hand-made facts: interrupt controllers, clock, timers, sleep, watchdog.
 */
#include "plan_world.h"

#define GPU "[gpu]\ndevice = 10de:2820\n"
#define WINDOWS "[vm]\nguest = windows\n"

/* On every machine that does not say otherwise. */
#define STRAP(value) "driver=ICH9-LPC,property=noreboot,value=" value "\n"

static void option_is(struct world *w, const char *text, const char *option, const char *want)
{
	own_plan struct plan *plan = planned(w, text);

	values_are(plan, option, "", want);
}

/* Whether -machine has this property. */
static void board_has(struct world *w, const char *text, const char *property, bool wanted)
{
	own_plan struct plan *plan = planned(w, text);
	own_free char *with = xasprintf("%s,", find(plan, "-machine", NULL)->value);
	own_free char *word = xasprintf(",%s,", property);

	if ((strstr(with, word) != NULL) != wanted)
		fail_msg("%s %s in -machine %s", text, property, with);
}

static void interrupt_controllers(void **state)
{
	struct world w = world();
	own_plan struct plan *tcg = NULL;

	(void)state;
	option_is(&w, "", "-accel", "kvm\n");
	option_is(&w, "[cpu]\nirqchip = kernel\n", "-accel", "kvm,kernel-irqchip=on\n");
	option_is(&w, "[cpu]\nirqchip = split\n", "-accel", "kvm,kernel-irqchip=split\n");
	option_is(&w, "[cpu]\nirqchip = off\n", "-accel", "kvm,kernel-irqchip=off\n");
	tcg = planned(&w, "[cpu]\nirqchip = off\naccel = tcg\n");
	values_are(tcg, "-accel", "", "tcg\n");
	notes_are(tcg, "emulation (TCG), many times slower than KVM: the profile says so\n"
		       "cpu.irqchip has no effect: emulation has its own controllers\n");
	misread("[cpu]\nirqchip = apic\n", "p.ini:2:11: cpu.irqchip: 'apic' is none of auto | "
					   "kernel | split | off\n");
}

/* What the running QEMU said when it was asked decides, and not its version. */
static void controllers_that_qemu_no_longer_has(void **state)
{
	const char *const off = "[cpu]\nirqchip = off\n";
	struct world w = world();
	own_plan struct plan *good = planned(&w, off), *unknown = NULL, *tcg = NULL;

	(void)state;
	notes_are(good, "");
	w.facts.irqchip_known = false;
	unknown = planned(&w, off);
	values_are(unknown, "-accel", "", "kvm,kernel-irqchip=off\n");
	notes_are(unknown,
		  "cpu.irqchip = off: QEMU could not be asked whether it does that with KVM, "
		  "as the newer ones do not; then the start fails\n");
	w.facts.irqchip_known = true;
	w.facts.irqchip_off = S("KVM does not support userspace APIC");
	refused(&w, off, ERROR_HOST,
		"p.ini:2:11: cpu.irqchip = off: QEMU 7.2.22 refuses it with KVM (KVM does not "
		"support userspace APIC); split leaves all but the processors' own controllers to "
		"QEMU\n");
	option_is(&w, "[cpu]\nirqchip = split\n", "-accel", "kvm,kernel-irqchip=split\n");
	tcg = planned(&w, "[cpu]\nirqchip = off\naccel = tcg\n");
	values_are(tcg, "-accel", "", "tcg\n");
}

static void enlightenments_without_the_kernels_controllers(void **state)
{
	struct world w = world();
	own_plan struct plan *off = planned(&w, WINDOWS "[cpu]\nirqchip = off\n");
	own_plan struct plan *split = planned(&w, WINDOWS "[cpu]\nirqchip = split\n");
	own_plan struct plan *without =
		planned(&w, WINDOWS "[cpu]\nirqchip = off\n[hyperv]\nsynic = no\nstimer = no\n");
	const char *cpu = find(off, "-cpu", NULL)->value;

	(void)state;
	assert_null(strstr(cpu, "hv-synic"));
	assert_null(strstr(cpu, "hv-stimer"));
	assert_non_null(strstr(cpu, "hv-vpindex=on,hv-runtime=on,"));
	notes_are(off, "cpu.irqchip = off: without hyperv.synic and hyperv.stimer, which need the "
		       "kernel's interrupt controllers\n");
	assert_non_null(strstr(find(split, "-cpu", NULL)->value, "hv-synic=on,hv-stimer=on,"));
	notes_are(split, "");
	notes_are(without, "");
	/* What the profile says outright is not left out. */
	refused(&w, WINDOWS "[cpu]\nirqchip = off\n[hyperv]\nstimer = yes\n", ERROR_USAGE,
		"p.ini:6:10: hyperv.synic and hyperv.stimer need the kernel's interrupt "
		"controllers: not with cpu.irqchip = off\n");
}

static void the_clock(void **state)
{
	struct world w = world();

	(void)state;
	option_is(&w, "", "-rtc", "base=utc,driftfix=slew\n");
	option_is(&w, WINDOWS, "-rtc", "base=localtime,driftfix=slew\n");
	option_is(&w, WINDOWS "[machine]\nrtc = utc\n", "-rtc", "base=utc,driftfix=slew\n");
	option_is(&w, "[machine]\nrtc = localtime\nrtc-drift-fix = no\n", "-rtc",
		  "base=localtime,driftfix=none\n");
}

static void timers(void **state)
{
	struct world w = world();
	own_plan struct plan *tcg = NULL, *split = NULL;

	(void)state;
	board_has(&w, "", "hpet=on", false);
	board_has(&w, "", "hpet=off", false);
	board_has(&w, WINDOWS, "hpet=off", true);
	board_has(&w, WINDOWS "[machine]\nhpet = yes\n", "hpet=on", true);
	board_has(&w, "[machine]\nhpet = no\n", "hpet=off", true);

	option_is(&w, "", "-global", STRAP("on"));
	option_is(&w, "[machine]\npit-lost-ticks = delay\n", "-global",
		  "driver=kvm-pit,property=lost_tick_policy,value=delay\n" STRAP("on"));
	option_is(&w, "[machine]\npit-lost-ticks = discard\n[cpu]\nirqchip = kernel\n", "-global",
		  "driver=kvm-pit,property=lost_tick_policy,value=discard\n" STRAP("on"));
	/* QEMU's own timer knows no such thing. */
	split = planned(&w, "[machine]\npit-lost-ticks = discard\n[cpu]\nirqchip = split\n");
	lacks(split, "-global", "driver=kvm-pit");
	notes_are(split, "machine.pit-lost-ticks has no effect: the kernel's timer is not used "
			 "here\n");
	tcg = planned(&w, "[machine]\npit-lost-ticks = delay\n[cpu]\naccel = tcg\n");
	lacks(tcg, "-global", "driver=kvm-pit");
}

#define NO_S3 "driver=ICH9-LPC,property=disable_s3,value=1\n"
#define NO_S4 "driver=ICH9-LPC,property=disable_s4,value=1\n"

static void sleeping(void **state)
{
	struct world w = world();

	(void)state;
	option_is(&w, "", "-global", STRAP("on"));
	option_is(&w, GPU, "-global", NO_S3 NO_S4 STRAP("on"));
	option_is(&w, "[pci]\ndevice = 8086:15f3\n", "-global", NO_S3 NO_S4 STRAP("on"));
	option_is(&w, GPU "enabled = no\n", "-global", STRAP("on"));
	option_is(&w, GPU "[machine]\ns3 = yes\n", "-global", STRAP("on"));
	option_is(&w, GPU "[machine]\ns3 = yes\ns4 = no\n", "-global", NO_S4 STRAP("on"));
	option_is(&w, GPU "[machine]\ns4 = yes\n", "-global", NO_S3 STRAP("on"));
	option_is(&w, "[machine]\ns3 = no\n", "-global", NO_S3 NO_S4 STRAP("on"));
}

static void watchdog(void **state)
{
	struct world w = world();

	(void)state;
	option_is(&w, "", "-action", "");
	option_is(&w, "[machine]\nwatchdog = reset\n", "-action", "watchdog=reset\n");
	option_is(&w, "[machine]\nwatchdog = reset\n", "-global", STRAP("off"));
	option_is(&w, "[machine]\nwatchdog = poweroff\n", "-action", "watchdog=poweroff\n");
	option_is(&w, "[machine]\nwatchdog = none\n", "-global", STRAP("on"));
}

static void ports_and_modes(void **state)
{
	struct world w = world();

	(void)state;
	board_has(&w, "", "vmport=off", true);
	board_has(&w, "[machine]\nvmport = yes\n", "vmport=on", true);
	board_has(&w, "", "smm=off", true);
	board_has(&w, "[machine]\nsmm = yes\n", "smm=on", true);
	board_has(&w, "[firmware]\nuefi = no\n[machine]\nsmm = yes\n", "smm=on", true);
	/* Firmware that keeps its variables in System Management Mode hangs without. */
	w.plain.secure_boot = w.plain.enrolled = w.plain.needs_smm = true;
	board_has(&w, "[firmware]\nsecure-boot = yes\n", "smm=on", true);
	option_is(&w, "[firmware]\nsecure-boot = yes\n", "-global",
		  "driver=cfi.pflash01,property=secure,value=on\n" STRAP("on"));
	refused(&w, "[firmware]\nsecure-boot = yes\n[machine]\nsmm = no\n", ERROR_USAGE,
		"p.ini:4:7: machine.smm: firmware with Secure Boot does not start without it\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controllers_that_qemu_no_longer_has),
		cmocka_unit_test(interrupt_controllers),
		cmocka_unit_test(enlightenments_without_the_kernels_controllers),
		cmocka_unit_test(the_clock),
		cmocka_unit_test(timers),
		cmocka_unit_test(sleeping),
		cmocka_unit_test(watchdog),
		cmocka_unit_test(ports_and_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
