/* ACPI tables: the battery, what a GPU's driver looks for on its node, and the user's own. They are
 * made here as bytes (firmware/acpi) and written for the run alone, under names of ours.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "compose.h"
#include "firmware/acpi/compose.h"

/* A card without outputs ("3D controller", class 0302) has its ROM in the machine's firmware, and
 * its driver asks ACPI for it.
 */
static bool by_acpi(const struct gpu_place *place)
{
	if (!place->gpu->rom[0].v || place->gpu->rom_acpi.v == WHEN_NO)
		return false;
	return place->gpu->rom_acpi.v == WHEN_YES || place->f->class >> 8 == 0x0302;
}

static void note_rom(struct composer *c, const struct gpu_place *place)
{
	struct guest_view *guest = &c->plan->guest;

	for (size_t i = 0; i < guest->functions; i++)
		if (guest->function[i].bus == place->port + 1 &&
		    guest->function[i].function == place->function)
			guest->function[i].rom_acpi = true;
}

static void fill_gpu(struct composer *c, const struct gpu_place *place, struct acpi_gpu *gpu,
		     struct acpi_dsm *dsm)
{
	const struct plan_file *rom = compose_file(c, place->gpu->rom[0].v);
	const struct plan_file *answers = compose_file(c, place->gpu->dsm.v);
	struct error *problem = NULL;

	gpu->place = (struct acpi_place){1 + place->port / 8, place->port % 8, place->function};
	if (by_acpi(place) && rom) {
		gpu->rom = rom->data;
		gpu->rom_size = rom->size;
		note_rom(c, place);
	}
	if (answers && acpi_dsm_parse(dsm, answers->path, answers->data, answers->size, &problem))
		gpu->dsm = dsm;
	if (problem) {
		error_merge(c->err, &problem);
		c->good = false;
	}
}

static size_t fill_own(const struct composer *c, struct acpi_own *own,
		       const struct acpi_item **source)
{
	size_t n = 0;

	for (size_t i = 0; i < c->p->acpi.n; i++) {
		const struct acpi_item *item = (const struct acpi_item *)c->p->acpi.v[i];
		const struct plan_file *file = compose_file(c, item->file.v);

		if (!item->item.enabled.v || !file)
			continue;
		source[n] = item;
		own[n++] = (struct acpi_own){item->item.name, file->path, file->data, file->size};
	}
	return n;
}

/* QEMU puts an initrd that it loads by itself right below 160 KiB at the end of memory, where
 * SeaBIOS has its ACPI tables, in steps of 128 KiB (hw/i386/x86.c, acpi-build.c): with more of them
 * one overwrites the other, and the guest hangs. QEMU's own need some 10 KiB.
 */
#define BESIDE_INITRD (96U << 10)

static void check_initrd(struct composer *c, const struct acpi_tables *tables)
{
	const struct text *initrd = &c->p->boot.initrd;
	const struct origin *rom = c->gpus ? &c->gpu[0].gpu->rom_acpi.at : NULL;
	size_t sum = 0;

	for (size_t i = 0; i < tables->n; i++)
		sum += tables->table[i].bytes.len;
	if (!c->firmware && initrd->v && sum > BESIDE_INITRD && c->in->purpose == PURPOSE_RUN)
		compose_refuse(
			c, initrd->at,
			"with %s = no, %s lies where SeaBIOS has ACPI tables of more than %u KiB, and these have %zu%s%s%s",
			compose_key(c, &c->p->firmware.uefi.at),
			compose_key(c, &c->p->boot.initrd.at), BESIDE_INITRD >> 10, sum >> 10,
			rom ? ": " : "", rom ? compose_key(c, rom) : "",
			rom ? " = no leaves the largest out" : "");
}

/* The argument, with the line of the profile that the table comes from. */
static void add_argument(struct composer *c, const struct acpi_table *table, char *value,
			 const struct acpi_item *const *own)
{
	const struct battery_section *battery = &c->p->battery;
	const struct gpu *gpu;

	switch (table->source) {
	case ACPI_BATTERY:
		compose_argument(c, "-acpitable", value, &battery->present.at, table->what);
		return;
	case ACPI_NVIDIA_POWER:
		compose_argument(c, "-acpitable", value, &battery->nvidia_power.at, table->what);
		return;
	case ACPI_GPU_ROM:
		gpu = c->gpu[table->index].gpu;
		compose_argument(c, "-acpitable", value, &gpu->rom[0].at, table->what);
		return;
	case ACPI_GPU_DSM:
		gpu = c->gpu[table->index].gpu;
		compose_argument(c, "-acpitable", value, &gpu->dsm.at, table->what);
		return;
	case ACPI_OWN:
		compose_argument(c, "-acpitable", value, &own[table->index]->file.at, table->what);
		return;
	}
}

static void add_tables(struct composer *c, struct acpi_tables *tables,
		       const struct acpi_item *const *own)
{
	check_initrd(c, tables);
	for (size_t i = 0; i < tables->n; i++) {
		struct option o = option_new(NULL);
		const char *path = compose_bytes(c, tables->table[i].name, &tables->table[i].bytes,
						 tables->table[i].what);

		c->plan->prepare[c->plan->prepares - 1].told = steal(&tables->table[i].told);

		/* QEMU takes a colon for the border between two files. */
		if (strchr(path, ':'))
			compose_refuse(
				c, (struct origin){0},
				"ACPI tables cannot lie below a directory with a colon in its name: %s; set XDG_RUNTIME_DIR",
				c->plan->runtime_dir);
		option_text(&o, "file", path);
		add_argument(c, &tables->table[i], option_done(&o), own);
	}
	for (size_t i = 0; i < tables->warnings; i++)
		compose_note(c, "%s", tables->warning[i]);
}

void compose_acpi(struct composer *c)
{
	struct acpi_battery battery = {.capacity = (uint32_t)c->p->battery.capacity.v};
	struct acpi_gpu gpu[ARRAY_SIZE(c->gpu)] = {0};
	struct acpi_dsm dsm[ARRAY_SIZE(c->gpu)] = {0};
	struct acpi_own own[64];
	const struct acpi_item *source[ARRAY_SIZE(own)];
	own_acpi_tables struct acpi_tables tables = {0};
	struct acpi_wish wish = {
		.battery = compose_is_laptop(c) ? &battery : NULL,
		.nvidia_power = c->p->battery.nvidia_power.v,
		.gpu = gpu,
		.gpus = c->gpus,
		.own = own,
	};
	struct error *problem = NULL;

	for (size_t i = 0; i < c->gpus; i++) {
		gpu[i].name = "[gpu]";
		fill_gpu(c, &c->gpu[i], &gpu[i], &dsm[i]);
	}
	wish.owns = fill_own(c, own, source);
	if (acpi_compose(&wish, &tables, &problem)) {
		add_tables(c, &tables, source);
	} else {
		error_merge(c->err, &problem);
		c->good = false;
	}
	for (size_t i = 0; i < c->gpus; i++)
		acpi_dsm_free(&dsm[i]);
}
