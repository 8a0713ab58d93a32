/* See the header. The integers are 32 bits wide and unsigned, so whatever a driver hands to _ROM,
 * nothing overflows: an offset is divided, a length is cut to 4096 before it is used.
 */
#include "gpu.h"

#include <stdio.h>
#include <stdlib.h>

#include "aml.h"
#include "base/alloc.h"

/* What NVIDIA's driver asks for at most in one call, and the bound in ACPI 6.4, appendix B. */
#define ROM_READ_MAX 4096

void acpi_place_path(char path[ACPI_PATH_SIZE], const struct acpi_place *p)
{
	if (p->port_slot > 31 || p->port_function > 7 || p->function > 7)
		abort();
	snprintf(path, ACPI_PATH_SIZE, "\\_SB.PCI0.S%02X.S%02X",
		 (p->port_slot * 8 + p->port_function) & 0xff, p->function & 7);
}

/* ------------------------------------------------------------------ _ROM */

struct slice_name {
	char text[5];
};

static struct slice_name slice_name(size_t i)
{
	struct slice_name name;

	if (i >= ACPI_ROM_SLICES_MAX)
		abort();
	snprintf(name.text, sizeof(name.text), "VR%02X", (unsigned)i & 0xff);
	return name;
}

size_t acpi_rom_slices(size_t len)
{
	return len / ACPI_ROM_SLICE + (len % ACPI_ROM_SLICE != 0);
}

/* Every buffer is declared with its full size; the interpreter fills the last one up with zeros. */
struct buf acpi_rom_slice(const char *path, const void *rom, size_t len, size_t i)
{
	size_t at = i * ACPI_ROM_SLICE;
	size_t here = len - at < ACPI_ROM_SLICE ? len - at : ACPI_ROM_SLICE;

	if (at >= len)
		abort();
	return aml_scope(path, aml_name(slice_name(i).text,
					aml_buffer(ACPI_ROM_SLICE, (const char *)rom + at, here)));
}

/* VRSL(slice, offset, length): a piece of one slice, shorter at its end; zeros behind the last. */
static struct buf piece_method(size_t slices)
{
	own_buf struct buf chain = {0};
	struct buf body;

	for (size_t i = 0; i < slices; i++) {
		own_buf struct buf one = aml_if(
			aml_equal(aml_arg(0), aml_int((uint32_t)i)),
			aml_return(aml_mid(aml_path(slice_name(i).text), aml_arg(1), aml_arg(2))));

		buf_add(&chain, one.data, one.len);
	}
	body = aml_list(chain, aml_return(aml_zeros(aml_arg(2))));
	chain = (struct buf){0};
	return aml_method("VRSL", 3, body);
}

/* Local0: bytes to return; Local1: offset in the slice; Local2: which slice; Local3: the bytes;
 * Local4: how many the first slice had.
 */
struct buf acpi_rom_method(const char *path, size_t slices)
{
	struct buf next = aml_call("VRSL", aml_list(aml_add(aml_local(2), aml_int(1)), aml_int(0),
						    aml_subtract(aml_local(0), aml_local(4))));

	return aml_scope(
		path,
		aml_list(piece_method(slices),
			 aml_method(
				 "_ROM", 2,
				 aml_list(aml_store(aml_arg(1), aml_local(0)),
					  aml_if(aml_greater(aml_local(0), aml_int(ROM_READ_MAX)),
						 aml_store(aml_int(ROM_READ_MAX), aml_local(0))),
					  aml_divide(aml_arg(0), aml_int(ACPI_ROM_SLICE),
						     aml_local(1), aml_local(2)),
					  aml_store(aml_call("VRSL",
							     aml_list(aml_local(2), aml_local(1),
								      aml_local(0))),
						    aml_local(3)),
					  aml_store(aml_size_of(aml_local(3)), aml_local(4)),
					  aml_if(aml_less(aml_local(4), aml_local(0)),
						 aml_concatenate(aml_local(3), next, aml_local(3))),
					  aml_return(aml_local(3))))));
}

/* ------------------------------------------------------------------ _DSM */

struct buf acpi_gpu_dsm(const char *path, const struct acpi_dsm *dsm)
{
	return aml_scope(path, acpi_dsm_method(dsm, false));
}

struct buf acpi_npcf(const struct acpi_dsm *dsm)
{
	return aml_scope("\\_SB",
			 aml_device("NPCF", aml_list(aml_name("_HID", aml_string("NVDA0820")),
						     aml_name("_UID", aml_string("NPCF")),
						     acpi_dsm_method(dsm, true))));
}

/* ------------------------------------------------------------------ the article's devices */

/* A performance mode of that laptop's maker (Tongfang); the author says that it had no effect. */
#define ARTICLE_ADAPTER_UUID "7a3a6a8a-40d5-4b5b-9d51-4d1a012a6f23"

static struct buf return_byte(uint8_t byte)
{
	return aml_return(aml_buffer(1, &byte, 1));
}

static struct buf article_adapter(void)
{
	struct buf dsm = aml_list(
		aml_if(aml_equal(aml_arg(0), aml_uuid(ARTICLE_ADAPTER_UUID)), return_byte(3)),
		return_byte(0));

	return aml_device("ADP1", aml_list(aml_name("_HID", aml_string("ACPI0003")),
					   aml_name("_PCL", aml_package(aml_path("\\_SB"))),
					   aml_method("_PSR", 0, aml_return(aml_int(1))),
					   aml_method("_DSM", 4, dsm)));
}

static struct buf article_npcf(void)
{
	return aml_device("NPCF", aml_list(aml_name("_HID", aml_string("NVDA0001")),
					   aml_method("NPCF", 4, return_byte(1))));
}

static struct buf article_nvdr(void)
{
	return aml_device("NVDR", aml_list(aml_name("_HID", aml_string("NVDA0000")),
					   aml_method("_DSM", 4, return_byte(3))));
}

struct buf acpi_nvidia_power(bool with_npcf)
{
	return aml_scope("\\_SB",
			 aml_list(article_adapter(), with_npcf ? article_npcf() : (struct buf){0},
				  article_nvdr()));
}

/* ------------------------------------------------------------------ for a reader */

char *acpi_rom_slice_words(const char *path, size_t len, size_t i)
{
	size_t at = i * ACPI_ROM_SLICE;
	size_t end = len - at < ACPI_ROM_SLICE ? len : at + ACPI_ROM_SLICE;

	return xasprintf("    name %s.%s: bytes 0x%zx to 0x%zx of the option ROM\n", path,
			 slice_name(i).text, at, end - 1);
}

char *acpi_rom_method_words(const char *path, size_t len)
{
	return xasprintf(
		"    method %s._ROM: gives %zu bytes of option ROM by offset and length, at most %u in a call, and zeros behind them\n"
		"    method %s.VRSL: a piece of one of the names VR00 on, for _ROM\n",
		path, len, ROM_READ_MAX, path);
}

char *acpi_gpu_dsm_words(const char *path, const struct acpi_dsm *dsm)
{
	own_free char *answers = acpi_dsm_words(dsm, false);

	return xasprintf("    method %s._DSM: recorded answers\n%s", path, answers);
}

char *acpi_npcf_words(const struct acpi_dsm *dsm)
{
	own_free char *answers = acpi_dsm_words(dsm, true);

	return xasprintf("    device \\_SB.NPCF: NVIDIA platform controller (NVDA0820)\n"
			 "    method \\_SB.NPCF._DSM: recorded answers\n%s",
			 answers);
}

char *acpi_nvidia_power_words(bool with_npcf)
{
	return xasprintf("    device \\_SB.ADP1: AC adapter (ACPI0003)\n"
			 "        _PSR: 1, on mains\n"
			 "        _DSM: 3 for UUID %s, else 0\n"
			 "    device \\_SB.NVDR: of one published table (NVDA0000)\n"
			 "        _DSM: 3\n%s",
			 ARTICLE_ADAPTER_UUID,
			 with_npcf ? "    device \\_SB.NPCF: of one published table (NVDA0001)\n"
				     "        NPCF: 1\n"
				   : "");
}
