/* The board, its clock and its identity. */
#include <string.h>

#include "base/alloc.h"
#include "compose.h"

/* A machine must stay the same hardware: what the profile says, else what the first start recorded,
 * else the newest that this QEMU has.
 */
static const char *choose_version(struct composer *c, const char **why)
{
	const struct text *wanted = &c->p->vm.machine;
	const char *machine = wanted->v;

	if (!machine && c->in->recorded_machine) {
		machine = c->in->recorded_machine;
		*why = "recorded at the first start";
	} else if (!machine) {
		machine = qemu_newest_q35(&c->facts->qemu);
		*why = "the newest of this QEMU; kept from the first start on";
	}
	if (!machine)
		compose_refuse(c, wanted->at, "%s offers no pc-q35 machine", c->facts->qemu.path);
	else if (!qemu_has_machine(&c->facts->qemu, machine))
		compose_refuse(c, wanted->at, "QEMU %s has no machine %s%s; it offers %s and older",
			       c->facts->qemu.version, machine,
			       wanted->v ? "" : ", which this machine was started with before",
			       qemu_newest_q35(&c->facts->qemu));
	return machine;
}

static void add_machine(struct composer *c)
{
	struct option o;
	const char *why = NULL;
	bool windows = c->p->vm.guest.v == GUEST_WINDOWS;

	c->machine = choose_version(c, &why);
	if (!c->machine)
		return;
	o = option_new(c->machine);
	option_on(&o, "usb", false);
	option_on(&o, "vmport", false);
	option_on(&o, "smm", c->firmware && c->firmware->needs_smm);
	if (windows)
		option_on(&o, "hpet", false);
	option_on(&o, "dump-guest-core", false);
	option_text(&o, "memory-backend", "ram");
	if (c->firmware) {
		option_text(&o, "pflash0", "firmware-code");
		option_text(&o, "pflash1", "firmware-vars");
	}
	compose_argument(c, "-machine", option_done(&o), "vm.machine", c->p->vm.machine.at, why);
	if (c->firmware && c->firmware->needs_smm) {
		/* Variables are then written from System Management Mode alone. */
		o = option_new(NULL);
		option_text(&o, "driver", "cfi.pflash01");
		option_text(&o, "property", "secure");
		option_on(&o, "value", true);
		compose_argument(c, "-global", option_done(&o), "firmware.secure-boot",
				 c->p->firmware.secure_boot.at,
				 "the guest cannot forge its variables");
	}
}

static void add_accel(struct composer *c)
{
	own_error struct error *err = NULL;

	if (!plan_accel((enum accel)c->p->cpu.accel.v, &c->facts->kvm, c->claims_device,
			&c->plan->kvm, &c->accel_why, &err)) {
		compose_refuse(c, c->p->cpu.accel.at, "%s", error_message(err, 0));
		return;
	}
	if (c->accel_why)
		compose_note(c, "emulation (TCG), many times slower than KVM: %s", c->accel_why);
	compose_argument(c, "-accel", xstrdup(c->plan->kvm ? "kvm" : "tcg"), "cpu.accel",
			 c->p->cpu.accel.at,
			 c->accel_why ? "KVM is not used; a note says why" : NULL);
}

bool plan_accel(enum accel wanted, const struct kvm_facts *kvm, bool claims_device, bool *use_kvm,
		const char **why, struct error **err)
{
	const char *reason = kvm_reason(kvm);

	/* The keeper that hands over the device grants /dev/kvm as well. */
	if (claims_device && kvm->state == KVM_NOT_PERMITTED)
		reason = NULL;
	*why = NULL;
	*use_kvm = wanted != ACCEL_TCG && !reason;
	if (wanted == ACCEL_TCG) {
		*why = "the profile says so";
		return true;
	}
	if (!reason)
		return true;
	if (wanted == ACCEL_KVM) {
		error_add(err, ERROR_HOST, "cpu.accel = kvm, but %s", reason);
		return false;
	}
	if (claims_device) {
		error_add(err, ERROR_HOST,
			  "a machine with a host device needs KVM, but %s (cpu.accel = tcg would "
			  "force emulation)",
			  reason);
		return false;
	}
	*why = reason;
	return true;
}

static void add_clock(struct composer *c)
{
	bool windows = c->p->vm.guest.v == GUEST_WINDOWS;
	struct option o = option_new(NULL);

	option_text(&o, "base", windows ? "localtime" : "utc");
	option_text(&o, "driftfix", "slew");
	compose_argument(c, "-rtc", option_done(&o), "vm.guest", c->p->vm.guest.at,
			 windows ? "Windows keeps local time in the clock"
				 : "ticks are never lost");
}

static void add_uuid(struct composer *c)
{
	const struct text *uuid = &c->p->vm.uuid;
	uint8_t id[16];
	char *text;

	if (uuid->v) {
		compose_argument(c, "-uuid", xstrdup(uuid->v), "vm.uuid", uuid->at, NULL);
		return;
	}
	compose_identity(c, "uuid", id, sizeof(id));
	/* RFC 9562, version 8: made by a rule of our own. */
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x80);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	text = xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9],
			 id[10], id[11], id[12], id[13], id[14], id[15]);
	compose_argument(c, "-uuid", text, "vm.uuid", uuid->at,
			 "from the name and this host's machine-id: the same on every start");
}

void compose_machine(struct composer *c)
{
	add_machine(c);
	add_accel(c);
	add_clock(c);
	add_uuid(c);
}
