/* Option ROMs that the profile gives to functions of a board, and what firmware/rom.h finds wrong
 * with them: `vmlaunch rom show` calls it a problem, and so does the start.
 */
#include <string.h>

#include "base/text.h"
#include "devices.h"
#include "firmware/rom.h"

const struct plan_file *compose_file(const struct composer *c, const char *path)
{
	for (size_t i = 0; path && i < c->in->files; i++)
		if (strcmp(c->in->file[i].path, path) == 0)
			return &c->in->file[i];
	return NULL;
}

/* Of what `rom show` only warns of: that an end is missing. */
static bool is_told(const struct rom_problem *problem)
{
	return problem->weight == ROM_PROBLEM ||
	       (problem->weight == ROM_WARNING && problem->kind == ROM_BAD_CHAIN);
}

/* What UEFI needs for a picture is not in this one, and there is no other. */
static bool stays_dark(const struct composer *c, const struct gpu *gpu, const struct text *rom,
		       const struct rom_problem *problem)
{
	bool other = rom != &gpu->rom[0];

	for (size_t i = 1; i < GPU_FUNCTIONS; i++)
		other |= gpu->rom[i].v != NULL;
	return c->firmware && !other && problem->kind == ROM_NO_GOP &&
	       problem->weight == ROM_WARNING;
}

/* id: what the guest reads there, whose driver compares it; NULL: not known. */
static void tell_problems(struct composer *c, const struct gpu *gpu, const struct text *rom,
			  const unsigned *id)
{
	const struct plan_file *file = compose_file(c, rom->v);
	const struct rom_device device = {id ? (uint16_t)id[0] : 0, id ? (uint16_t)id[1] : 0};
	own_rom_problems struct rom_problems problems = {0};
	own_free char *shown = NULL;
	struct rom_report report;

	if (!file)
		return;
	shown = text_quote(rom->v, SIZE_MAX);
	rom_parse(file->data, file->size, &report);
	rom_problems_of(&problems, &report, id ? &device : NULL, ROM_FROM_FILE);
	for (size_t i = 0; i < problems.n; i++)
		if (is_told(&problems.v[i]))
			compose_warn(c, "%s: %s: %s", compose_key(c, &rom->at), shown,
				     problems.v[i].text);
		else if (stays_dark(c, gpu, rom, &problems.v[i]))
			compose_note(c, "%s: %s: %s", compose_key(c, &rom->at), shown,
				     problems.v[i].text);
}

void devices_add_rom(struct composer *c, struct option *o, const struct gpu *gpu, unsigned function,
		     const unsigned *id)
{
	const struct text *rom = function < GPU_FUNCTIONS ? &gpu->rom[function] : NULL;

	if (!gpu->rom_bar.v)
		option_number(o, "rombar", 0);
	else if (rom && rom->v)
		option_text(o, "romfile", rom->v);
	if (rom && rom->v)
		tell_problems(c, gpu, rom, id);
}

void devices_check_roms(struct composer *c, const struct gpu *gpu, unsigned functions)
{
	for (unsigned i = 0; i < GPU_FUNCTIONS; i++)
		if (gpu->rom[i].v && !(functions >> i & 1))
			compose_wrong(c, gpu->rom[i].at,
				      "%s: no function %u of its board is passed",
				      compose_key(c, &gpu->rom[i].at), i);
}
