/* What an NVIDIA laptop GPU's driver asks of ACPI beyond the battery: the VBIOS by _ROM, answers of
 * its _DSM, and the devices of a table that one laptop's owner published.
 *
 * _ROM. A GPU without outputs often has no flash of its own; the machine's firmware keeps its VBIOS
 * and hands it out by _ROM(offset, length) on the GPU's node (ACPI 6.4, appendix B). Here the image
 * lies in buffers of 60 KiB, each in a table of its own since a table ends at 64 KiB, and one more
 * table holds the method. At most 4096 bytes come from one call, and always as many as were asked
 * for up to that: NVIDIA's driver throws a shorter buffer away, so zeros follow the image without
 * end.
 */
#ifndef FIRMWARE_ACPI_GPU_H
#define FIRMWARE_ACPI_GPU_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "dsm.h"

/* A function of a device behind a root port of its own on the guest's first PCI bus. QEMU gives it
 * a node without members of its own when the port has hotplug=off (pc-q35-6.1 or newer; before QEMU
 * 9 only function 0).
 */
struct acpi_place {
	unsigned port_slot;	/* 0 to 31 */
	unsigned port_function; /* 0 to 7 */
	unsigned function;	/* 0 to 7, of the device, which stands in slot 0 behind the port */
};

/* Bytes that a path from acpi_place_path() takes, with its NUL. */
#define ACPI_PATH_SIZE 24
/* "\_SB.PCI0.S08.S00" for port 01.0 and function 0: QEMU's names are S and slot * 8 + function in
 * hex. Aborts on numbers that no device has.
 */
void acpi_place_path(char path[ACPI_PATH_SIZE], const struct acpi_place *place);

/* Bytes of the image in one table: 15 pages, so that no read of a whole page meets a border. */
#define ACPI_ROM_SLICE 61440
/* Names VR00 to VRFF. */
#define ACPI_ROM_SLICES_MAX 256

/* How many tables an image of len bytes takes, beside the method's. */
size_t acpi_rom_slices(size_t len);
/* The body with slice i of the image, a buffer in the scope of the GPU's node. */
struct buf acpi_rom_slice(const char *path, const void *rom, size_t len, size_t i);
/* The body with _ROM. */
struct buf acpi_rom_method(const char *path, size_t slices);

/* The body with a _DSM on the GPU's node that gives the recorded answers. */
struct buf acpi_gpu_dsm(const char *path, const struct acpi_dsm *dsm);
/* The body with \_SB.NPCF (NVDA0820) that gives the recorded answers of NVPCF: what NVIDIA's
 * published source looks for.
 */
struct buf acpi_npcf(const struct acpi_dsm *dsm);

/* The body with the devices of the RTX 3050 article, to the letter of what they do: ADP1 (ACPI0003,
 * the AC adapter, with a _DSM of the laptop's maker), NVDR (NVDA0000, whose _DSM answers 03 to
 * everything) and, if wanted, NPCF (NVDA0001, with a method NPCF that answers 01). Its author says
 * that NVDR is what made his driver load. NVIDIA's published source knows neither id: it looks for
 * NVDA0820 with
 * \_SB.NPCF._DSM, and a device that merely has a child called NPCF makes its Linux driver believe
 * in power limits that are not there. So this is for whom nothing else helped.
 */
struct buf acpi_nvidia_power(bool with_npcf);

/* These bodies for a reader: indented lines, each with its end. The caller owns them. */
char *acpi_rom_slice_words(const char *path, size_t len, size_t i);
char *acpi_rom_method_words(const char *path, size_t len);
char *acpi_gpu_dsm_words(const char *path, const struct acpi_dsm *dsm);
char *acpi_npcf_words(const struct acpi_dsm *dsm);
char *acpi_nvidia_power_words(bool with_npcf);

#endif
