/* A throw-away start: nothing of what the guest writes outlives it. Each disk that it writes to has
 * an overlay (disk.c), the variable store is a scratch copy (firmware.c), and what would be written
 * all the same is told here, or refused: this host's TPM, as its keys are more than this guest's,
 * and QEMU's own arguments (raw.c).
 */
#include "compose.h"

/* PCI's class of mass storage (PCI Code and ID Assignment Specification, 1.2). */
#define CLASS_STORAGE 0x01

void compose_ephemeral(struct composer *c)
{
	const struct origin *tpm = &c->p->tpm.type.at;
	bool written = false;

	if (!c->in->ephemeral)
		return;
	if (plan_wants_host_tpm(c->p))
		compose_wrong(
			c, *tpm,
			"%s = host keeps what the guest writes, in a throw-away start too: --set %s=emulated gives this start a TPM of its own, --set %s=none none",
			compose_key(c, tpm), compose_key(c, tpm), compose_key(c, tpm));
	for (size_t i = 0; i < c->p->disk.n; i++) {
		const struct disk *disk = (const struct disk *)c->p->disk.v[i];

		written = written || (disk->item.enabled.v && compose_is_written(disk));
	}
	if (written && !compose_program(c, QEMU_IMG)) {
		own_free char *install =
			distribution_install(c->facts->distribution, PACKAGE_QEMU_IMG);

		compose_refuse(c, (struct origin){0},
			       "a throw-away start needs " QEMU_IMG ", which is not in PATH: %s",
			       install);
	}
	if (written)
		compose_note(
			c,
			"a throw-away start: all that the guest writes to its disks goes to files without names in %s, and is gone when it ends",
			c->plan->state_dir);
	for (size_t i = 0; i < c->claimed.n; i++)
		if (c->claimed.v[i]->class >> 16 == CLASS_STORAGE)
			compose_note(
				c,
				"what the guest writes to the drives behind %04x:%02x:%02x.%x stays, as they are passed whole",
				c->claimed.v[i]->address.domain, c->claimed.v[i]->address.bus,
				c->claimed.v[i]->address.slot, c->claimed.v[i]->address.function);
}
