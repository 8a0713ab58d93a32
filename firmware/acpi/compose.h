/* From what is wished for to the list of tables: pure, no file is read or written here.
 *
 * Every ACPI device of the four published setups has its counterpart:
 * - GTX 1050 and RTX 3070: \_SB.PCI0.BAT0. Our battery stands under \_SB, and has _BIX, _PCL and an
 *   adapter beside it.
 * - GTX 1050: _ROM in a rebuilt OVMF. Ours needs no other OVMF.
 * - RTX 4070: \_SB.ADP1 and BAT0. Our battery; the adapter is called ADP0.
 * - RTX 3050: \_SB.BAT0 in mAh. Our battery, in mWh.
 * - RTX 3050: \_SB.ADP1, NPCF and NVDR. nvidia_power has them as they are; ADP1 is the only adapter
 *   then.
 */
#ifndef FIRMWARE_ACPI_COMPOSE_H
#define FIRMWARE_ACPI_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "battery.h"
#include "dsm.h"
#include "gpu.h"
#include "table.h"

/* A GPU's node and what is to stand on it. */
struct acpi_gpu {
	const char *name; /* for messages: "[gpu]" */
	struct acpi_place place;
	const void *rom;	    /* the image that _ROM hands out; NULL: none */
	size_t rom_size;	    /* bytes */
	const struct acpi_dsm *dsm; /* recorded answers; NULL: none */
};

/* A table of the user's own, read already. */
struct acpi_own {
	const char *name; /* its section's: the table is called own-NAME.aml */
	const char *path; /* for messages */
	const void *data;
	size_t size; /* bytes */
};

struct acpi_wish {
	const char *oem_id; /* the owner of our tables, at most 6 bytes; NULL: QEMU's */
	const struct acpi_battery *battery; /* NULL: none */
	bool nvidia_power;		    /* the RTX 3050 article's devices (gpu.h) */
	const struct acpi_gpu *gpu;
	size_t gpus;
	const struct acpi_own *own;
	size_t owns;
};

/* Makes all tables that are wished for, in the order in which the guest shall see them; *tables
 * must be empty and is the caller's, also when nothing is wished for. False with ERROR_USAGE and
 * all that is wrong: a field that ACPI cannot say, a user's table that is none, two GPUs in one
 * place, a limit passed.
 */
bool acpi_compose(const struct acpi_wish *wish, struct acpi_tables *tables, struct error **err);

#endif
