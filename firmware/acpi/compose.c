/* One function per kind of table. The order is: power, GPUs, the user's own, so that what somebody
 * adds to a table of ours finds it loaded.
 */
#include "compose.h"

#include <stdio.h>
#include <string.h>

#include "aml.h"
#include "base/alloc.h"
#include "base/tongue.h"

struct making {
	const struct acpi_wish *wish;
	struct acpi_tables *tables;
	struct error **err;
	bool good;
	enum acpi_source source; /* of the tables that are made just now */
	size_t index;
};

static void add_table(struct making *m, char *name, char *what, char *told, struct buf bytes)
{
	*xappend(m->tables->table, m->tables->n) =
		(struct acpi_table){m->source, m->index, name, what, told, bytes};
}

__attribute__((format(printf, 2, 3))) static void note(struct making *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*xappend(m->tables->warning, m->tables->warnings) = xvasprintf(tongue(fmt), args);
	va_end(args);
}

/* Puts a body into a table of ours; table_id has at most 8 bytes and is given to no other. Takes
 * over name, what, told and body.
 */
static void add_ours(struct making *m, const char *table_id, char *name, char *what, char *told,
		     struct buf body)
{
	if (acpi_body_fits(body.len)) {
		add_table(m, name, what, told, acpi_ssdt(m->wish->oem_id, table_id, body));
		return;
	}
	error_add(m->err, ERROR_USAGE, "%s would take %zu bytes; an ACPI table has at most %u",
		  what, body.len + ACPI_HEADER_SIZE, ACPI_TABLE_MAX);
	m->good = false;
	free(name);
	free(what);
	free(told);
	buf_free(&body);
}

/* ------------------------------------------------------------------ power */

/* The first GPU that has recorded answers of NVPCF, or NULL. */
static const struct acpi_gpu *npcf_of(const struct acpi_wish *wish)
{
	for (size_t i = 0; i < wish->gpus; i++)
		if (wish->gpu[i].dsm && acpi_dsm_count(wish->gpu[i].dsm, true))
			return &wish->gpu[i];
	return NULL;
}

/* One adapter is enough: the article's is one too. */
static void make_battery(struct making *m)
{
	const struct acpi_wish *wish = m->wish;
	own_free char *battery = NULL, *adapter = NULL;
	struct buf body;

	if (!acpi_battery_check(wish->battery, m->err)) {
		m->good = false;
		return;
	}
	body = acpi_battery_device(wish->battery);
	battery = acpi_battery_words(wish->battery);
	adapter = acpi_adapter_words();
	if (wish->nvidia_power)
		add_ours(m, "BATTERY", xstrdup("battery.aml"), xstrdup("battery"), steal(&battery),
			 body);
	else
		add_ours(m, "BATTERY", xstrdup("battery.aml"),
			 xstrdup(N_("battery and AC adapter")), xasprintf("%s%s", adapter, battery),
			 aml_list(acpi_adapter_device(), body));
}

static void make_nvidia_power(struct making *m)
{
	const struct acpi_gpu *gpu = npcf_of(m->wish);

	if (gpu)
		note(m,
		     "%s has recorded answers of NVPCF: they stand on \\_SB.NPCF, and the article's device of that name is left out",
		     gpu->name);
	add_ours(m, "NVPOWER", xstrdup("nvidia-power.aml"), xstrdup(N_("NVIDIA power devices")),
		 acpi_nvidia_power_words(!gpu), acpi_nvidia_power(!gpu));
}

/* ------------------------------------------------------------------ GPUs */

/* Names that differ between GPUs without their number when there is only one. */
static char *gpu_file(const struct making *m, size_t i, const char *what)
{
	return m->wish->gpus > 1 ? xasprintf("gpu%zu-%s.aml", i, what)
				 : xasprintf("gpu-%s.aml", what);
}

static void make_rom(struct making *m, size_t i, const char *path)
{
	const struct acpi_gpu *gpu = &m->wish->gpu[i];
	size_t slices = acpi_rom_slices(gpu->rom_size);
	char id[9];

	if (slices == 0) {
		error_add(m->err, ERROR_USAGE, "%s: the option ROM is empty", gpu->name);
		m->good = false;
		return;
	}
	/* More would not fit anyway; here so that a hostile size makes no tables first. */
	if (slices > ACPI_TABLES_MAX) {
		error_add(
			m->err, ERROR_USAGE,
			"%s: an option ROM of %zu bytes cannot be handed out by _ROM: all ACPI tables together have at most %u",
			gpu->name, gpu->rom_size, ACPI_TOTAL_MAX - ACPI_TOTAL_QEMU);
		m->good = false;
		return;
	}
	for (size_t slice = 0; slice < slices; slice++) {
		own_free char *part = xasprintf("rom-%02zu", slice);

		snprintf(id, sizeof(id), "VROM%02X%02X", (unsigned)i & 0xff,
			 (unsigned)slice & 0xff);
		add_ours(m, id, gpu_file(m, i, part),
			 xasprintf("option ROM, part %zu of %zu", slice + 1, slices),
			 acpi_rom_slice_words(path, gpu->rom_size, slice),
			 acpi_rom_slice(path, gpu->rom, gpu->rom_size, slice));
	}
	snprintf(id, sizeof(id), "VROM%02X", (unsigned)i & 0xff);
	add_ours(m, id, gpu_file(m, i, "rom"), xasprintf("_ROM of %s", path),
		 acpi_rom_method_words(path, gpu->rom_size), acpi_rom_method(path, slices));
}

static void make_dsm(struct making *m, size_t i, const char *path)
{
	const struct acpi_gpu *gpu = &m->wish->gpu[i];
	const struct acpi_gpu *first = npcf_of(m->wish);
	char id[9];

	snprintf(id, sizeof(id), "GPUDSM%02X", (unsigned)i & 0xff);
	if (acpi_dsm_count(gpu->dsm, false))
		add_ours(m, id, gpu_file(m, i, "dsm"), xasprintf("recorded _DSM of %s", path),
			 acpi_gpu_dsm_words(path, gpu->dsm), acpi_gpu_dsm(path, gpu->dsm));
	if (!acpi_dsm_count(gpu->dsm, true))
		return;
	if (gpu != first) {
		error_add(
			m->err, ERROR_USAGE,
			"%s and %s both have recorded answers of NVPCF (%s), but a machine has one device \\_SB.NPCF: leave them out of one file",
			first->name, gpu->name, ACPI_UUID_NVPCF);
		m->good = false;
		return;
	}
	add_ours(m, "NVPCF", xstrdup("npcf.aml"), xstrdup("recorded NVPCF answers"),
		 acpi_npcf_words(gpu->dsm), acpi_npcf(gpu->dsm));
}

static bool same_place(const struct acpi_place *a, const struct acpi_place *b)
{
	return a->port_slot == b->port_slot && a->port_function == b->port_function &&
	       a->function == b->function;
}

static void make_gpu(struct making *m, size_t i)
{
	const struct acpi_gpu *gpu = &m->wish->gpu[i];
	char path[ACPI_PATH_SIZE];

	acpi_place_path(path, &gpu->place);
	for (size_t before = 0; before < i; before++)
		if (same_place(&m->wish->gpu[before].place, &gpu->place)) {
			error_add(m->err, ERROR_USAGE, "%s and %s stand in one place, %s",
				  m->wish->gpu[before].name, gpu->name, path);
			m->good = false;
			return;
		}
	m->index = i;
	m->source = ACPI_GPU_ROM;
	if (gpu->rom)
		make_rom(m, i, path);
	m->source = ACPI_GPU_DSM;
	if (gpu->dsm)
		make_dsm(m, i, path);
}

/* ------------------------------------------------------------------ the user's own */

static void make_own(struct making *m, const struct acpi_own *own)
{
	struct buf bytes = {0};
	char *warning = NULL;

	if (!acpi_table_check(own->path, own->data, own->size, &warning, m->err)) {
		m->good = false;
		return;
	}
	if (warning)
		*xappend(m->tables->warning, m->tables->warnings) = warning;
	buf_add(&bytes, own->data, own->size);
	add_table(m, xasprintf("own-%s.aml", own->name), xasprintf("the table %s", own->path),
		  xasprintf("    %s, as it is\n", own->path), bytes);
}

bool acpi_compose(const struct acpi_wish *wish, struct acpi_tables *tables, struct error **err)
{
	own_acpi_tables struct acpi_tables made = {0};
	struct making m = {.wish = wish, .tables = &made, .err = err, .good = true};

	if (wish->oem_id && !acpi_is_oem_id(wish->oem_id)) {
		error_add(
			err, ERROR_USAGE,
			"an ACPI OEM id has 1 to 6 printable ASCII characters, no comma or quote");
		return false;
	}
	m.source = ACPI_BATTERY;
	if (wish->battery)
		make_battery(&m);
	m.source = ACPI_NVIDIA_POWER;
	if (wish->nvidia_power)
		make_nvidia_power(&m);
	for (size_t i = 0; i < wish->gpus; i++)
		make_gpu(&m, i);
	m.source = ACPI_OWN;
	for (m.index = 0; m.index < wish->owns; m.index++)
		make_own(&m, &wish->own[m.index]);
	if (!acpi_tables_fit(&made, err) || !m.good)
		return false;
	*tables = made;
	made = (struct acpi_tables){0};
	return true;
}
