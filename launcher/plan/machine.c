/* The board, its clock and its identity. */
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"

static bool is_windows(const struct composer *c)
{
	return c->p->vm.guest.v == GUEST_WINDOWS;
}

/* Whether a choice of yes, no and auto comes out as yes. */
static bool choice_is_on(const struct choice *when, bool automatic)
{
	return when->v == WHEN_AUTO ? automatic : when->v == WHEN_YES;
}

/* A property of a device that the board has anyway. */
static void add_global(struct composer *c, const char *driver, const char *property,
		       const char *value, const struct origin *at, const char *why)
{
	struct option o = option_new(NULL);

	option_text(&o, "driver", driver);
	option_text(&o, "property", property);
	option_text(&o, "value", value);
	compose_argument(c, "-global", option_done(&o), at, why);
}

static void add_machine(struct composer *c)
{
	const struct machine_section *m = &c->p->machine;
	bool needs_smm = c->firmware && c->firmware->needs_smm;
	struct option o;

	if (!c->machine)
		return;
	o = option_new(c->machine);
	option_on(&o, "usb", false);
	option_on(&o, "vmport", m->vmport.v);
	option_on(&o, "smm", choice_is_on(&m->smm, needs_smm));
	if (needs_smm && m->smm.v == WHEN_NO)
		compose_wrong(c, m->smm.at,
			      "%s: firmware with Secure Boot does not start without it",
			      compose_key(c, &c->p->machine.smm.at));
	if (m->hpet.v != WHEN_AUTO || is_windows(c))
		option_on(&o, "hpet", m->hpet.v == WHEN_YES);
	option_on(&o, "dump-guest-core", false);
	/* ksmd would search the guest's memory for pages to share, and split what is huge. */
	option_on(&o, "mem-merge", false);
	option_text(&o, "memory-backend", "ram");
	if (c->firmware) {
		option_text(&o, "pflash0", "firmware-code");
		option_text(&o, "pflash1", "firmware-vars");
	}
	compose_argument(c, "-machine", option_done(&o), &c->p->vm.machine.at, c->machine_why);
	if (needs_smm) {
		/* Variables are then written from System Management Mode alone. */
		add_global(c, "cfi.pflash01", "secure", "on", &c->p->firmware.secure_boot.at,
			   N_("the guest cannot forge its variables"));
	}
}

/* QEMU 10 and newer have no interrupt controllers of their own beside KVM. */
static void judge_irqchip_off(struct composer *c)
{
	const struct facts *facts = c->facts;

	if (facts->irqchip_off)
		compose_refuse(
			c, c->p->cpu.irqchip.at,
			"%s = off: QEMU %s refuses it with KVM (%s); split leaves all but the processors' own controllers to QEMU",
			compose_key(c, &c->p->cpu.irqchip.at), facts->qemu.version,
			facts->irqchip_off);
	else if (!facts->irqchip_known)
		compose_note(
			c,
			"%s = off: QEMU could not be asked whether it does that with KVM, as the newer ones do not; then the start fails",
			compose_key(c, &c->p->cpu.irqchip.at));
}

static void add_irqchip(struct composer *c, struct option *o)
{
	static const char *const word[] = {
		[IRQCHIP_KERNEL] = "on", [IRQCHIP_SPLIT] = "split", [IRQCHIP_OFF] = "off"};
	const struct choice *irqchip = &c->p->cpu.irqchip;

	if (irqchip->v == IRQCHIP_AUTO)
		return;
	if (c->plan->kvm && irqchip->v == IRQCHIP_OFF)
		judge_irqchip_off(c);
	if (c->plan->kvm)
		option_text(o, "kernel-irqchip", word[irqchip->v]);
	else
		compose_note(c, "%s has no effect: emulation has its own controllers",
			     compose_key(c, &c->p->cpu.irqchip.at));
}

static void add_accel(struct composer *c)
{
	own_error struct error *err = NULL;
	struct option o;
	bool said;

	if (!plan_accel((enum accel)c->p->cpu.accel.v, compose_key(c, &c->p->cpu.accel.at),
			&c->facts->kvm, c->claims_device, &c->plan->kvm, &c->accel_why, &err)) {
		compose_refuse(c, c->p->cpu.accel.at, "%s", error_message(err, 0));
		return;
	}
	if (c->accel_why)
		compose_note(c, "emulation (TCG), many times slower than KVM: %s", c->accel_why);
	o = option_new(c->plan->kvm ? "kvm" : "tcg");
	add_irqchip(c, &o);
	said = c->plan->kvm && c->p->cpu.irqchip.v != IRQCHIP_AUTO;
	compose_argument(c, "-accel", option_done(&o),
			 said ? &c->p->cpu.irqchip.at : &c->p->cpu.accel.at,
			 c->accel_why ? "KVM is not used; a note says why" : NULL);
}

bool plan_accel(enum accel wanted, const char *key, const struct kvm_facts *kvm, bool claims_device,
		bool *use_kvm, const char **why, struct error **err)
{
	const char *reason = kvm_reason(kvm);

	/* The keeper that hands over the device grants /dev/kvm as well. */
	if (claims_device && kvm->state == KVM_NOT_PERMITTED)
		reason = NULL;
	*why = NULL;
	*use_kvm = wanted != ACCEL_TCG && !reason;
	if (wanted == ACCEL_TCG) {
		*why = _("the profile says so");
		return true;
	}
	if (!reason)
		return true;
	if (wanted == ACCEL_KVM) {
		error_add(err, ERROR_HOST, "%s = kvm, but %s", key, reason);
		return false;
	}
	if (claims_device) {
		error_add(
			err, ERROR_HOST,
			"a machine with a host device needs KVM, but %s (%s = tcg would force emulation)",
			reason, key);
		return false;
	}
	*why = reason;
	return true;
}

static void add_clock(struct composer *c)
{
	const struct machine_section *m = &c->p->machine;
	bool local = m->rtc.v == RTC_AUTO ? is_windows(c) : m->rtc.v == RTC_LOCALTIME;
	bool said = m->rtc.v != RTC_AUTO;
	struct option o = option_new(NULL);

	option_text(&o, "base", local ? "localtime" : "utc");
	option_text(&o, "driftfix", m->rtc_drift_fix.v ? "slew" : "none");
	compose_argument(c, "-rtc", option_done(&o), said ? &m->rtc.at : &c->p->vm.guest.at,
			 local		      ? "Windows keeps local time in the clock"
			 : m->rtc_drift_fix.v ? N_("ticks are never lost")
					      : NULL);
}

/* The old timer is the kernel's own where the interrupt controllers are, and only that one has a
 * policy (QEMU, hw/i386/kvm/i8254.c).
 */
static void add_pit(struct composer *c)
{
	const struct choice *ticks = &c->p->machine.pit_lost_ticks;
	int irqchip = c->p->cpu.irqchip.v;

	if (ticks->v == TICKS_AUTO)
		return;
	if (c->plan->kvm && (irqchip == IRQCHIP_AUTO || irqchip == IRQCHIP_KERNEL))
		add_global(c, "kvm-pit", "lost_tick_policy",
			   ticks->v == TICKS_DELAY ? "delay" : "discard", &ticks->at, NULL);
	else
		compose_note(c, "%s has no effect: the kernel's timer is not used here",
			     compose_key(c, &c->p->machine.pit_lost_ticks.at));
}

/* A device that the host's driver does not see to keeps nothing over a sleep, and its driver in the
 * guest does not know.
 */
static void add_sleep(struct composer *c)
{
	const struct machine_section *m = &c->p->machine;
	bool s3 = choice_is_on(&m->s3, !c->claims_device), s4 = choice_is_on(&m->s4, s3);
	const char *why = N_("a passed device seldom wakes up");

	if (!s3)
		add_global(c, "ICH9-LPC", "disable_s3", "1", &m->s3.at,
			   m->s3.v == WHEN_AUTO ? why : NULL);
	if (!s4)
		add_global(c, "ICH9-LPC", "disable_s4", "1", &m->s4.at,
			   m->s4.v == WHEN_AUTO ? why : NULL);
}

/* The chipset has a watchdog in any case. Whether it may reset the guest that started it is a
 * strap, which machines have set so since 8.0: it is always said.
 */
static void add_watchdog(struct composer *c)
{
	const struct choice *watchdog = &c->p->machine.watchdog;
	bool acts = watchdog->v != WATCHDOG_NONE;
	struct option o;

	add_global(c, "ICH9-LPC", "noreboot", acts ? "off" : "on", &watchdog->at,
		   acts ? N_("the chipset's own watchdog may act")
			: N_("the chipset's own watchdog does nothing"));
	if (!acts)
		return;
	o = option_new(NULL);
	option_text(&o, "watchdog", watchdog->v == WATCHDOG_RESET ? "reset" : "poweroff");
	compose_argument(c, "-action", option_done(&o), &watchdog->at, NULL);
}

/* By these a guest says that its system crashed, and where its kernel is for who looks into its
 * memory.
 */
static void add_crash(struct composer *c)
{
	const struct machine_section *m = &c->p->machine;

	if (m->pvpanic.v)
		compose_argument(c, "-device", xstrdup("pvpanic"), &m->pvpanic.at, NULL);
	if (m->vmcoreinfo.v)
		compose_argument(c, "-device", xstrdup("vmcoreinfo"), &m->vmcoreinfo.at, NULL);
}

static void add_uuid(struct composer *c)
{
	const struct uuid *uuid = &c->p->vm.uuid;
	uint8_t id[UUID_BYTES];
	char text[UUID_TEXT];

	if (!uuid->given)
		compose_uuid(c, "uuid", id);
	uuid_format(uuid->given ? uuid->v : id, text);
	compose_argument(
		c, "-uuid", xstrdup(text), &uuid->at,
		uuid->given ? NULL
			    : "from the name and this host's machine-id: the same on every start");
}

void compose_machine(struct composer *c)
{
	add_machine(c);
	add_accel(c);
	add_clock(c);
	add_pit(c);
	add_sleep(c);
	add_watchdog(c);
	add_crash(c);
	add_uuid(c);
}
