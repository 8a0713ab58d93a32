/* The frame, and what concerns a GPU's own functions. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "firmware/rom.h"

/* A guest that tells of a thousand BARs is not told of them all. */
#define WORDS_ENOUGH 320
#define MORE "; and more"

static const char *const CAUSE_NAMES[] = {
	[CAUSE_IDS] = "ids",
	[CAUSE_FUNCTIONS] = "functions",
	[CAUSE_ROM] = "rom",
	[CAUSE_ROM_ACPI] = "rom-acpi",
	[CAUSE_BATTERY] = "battery",
	[CAUSE_CHASSIS] = "chassis",
	[CAUSE_HYPERVISOR] = "hypervisor",
	[CAUSE_BARS] = "bars",
	[CAUSE_WIDTH] = "width",
	[CAUSE_SECURE_BOOT] = "secure-boot",
	[CAUSE_INTEL_VF] = "intel-vf",
	[CAUSE_AMD_ROM] = "amd-rom",
};
_Static_assert(ARRAY_SIZE(CAUSE_NAMES) == CAUSES_OF_43, "a name for each cause");

static const char *const JUDGEMENT_NAMES[] = {
	[JUDGED_NOTHING] = "does-not-apply",
	[JUDGED_OK] = "ok",
	[JUDGED_UNKNOWN] = "cannot-tell",
	[JUDGED_PROBLEM] = "problem",
};
_Static_assert(ARRAY_SIZE(JUDGEMENT_NAMES) == JUDGEMENTS, "a name for each judgement");

const char *cause_name(enum cause_of_43 cause)
{
	return CAUSE_NAMES[cause];
}

const char *judgement_name(enum judgement judgement)
{
	return JUDGEMENT_NAMES[judgement];
}

void judge_finds(struct judging *j, enum cause_of_43 cause, enum judgement judgement,
		 const char *section, const char *key, const char *fmt, ...)
{
	struct verdict *v = &j->verdicts->v[cause];
	own_free char *words = NULL;
	va_list args;

	if (judgement < v->judgement)
		return;
	if (judgement > v->judgement) {
		buf_free(&v->words);
		free(steal(&v->key));
	}
	v->judgement = judgement;
	va_start(args, fmt);
	words = xvasprintf(tongue(fmt), args);
	va_end(args);
	if (v->words.len && strcmp(v->words.data, words) == 0)
		return;
	if (v->words.len < WORDS_ENOUGH)
		buf_addf(&v->words, "%s%s", v->words.len ? "; " : "", words);
	else if (!text_ends(v->words.data, MORE))
		buf_adds(&v->words, MORE);
	if (!v->key && key)
		v->key = section ? xasprintf("%s.%s", section, key) : xstrdup(key);
}

void verdicts_free(struct verdicts *verdicts)
{
	for (size_t i = 0; i < CAUSES_OF_43; i++) {
		buf_free(&verdicts->v[i].words);
		free(steal(&verdicts->v[i].key));
	}
}

/* ------------------------------------------------------------------ a function of a board */

struct seen {
	const struct guest_function *f;
	char place[REPORT_PLACE_SIZE];
	const struct report_line *line; /* NULL: nothing sits there */
};

static struct seen look_at_function(const struct judging *j, const struct guest_function *f)
{
	struct seen s = {.f = f};

	report_place_text(s.place, &(struct report_place){f->bus, f->slot, f->function});
	s.line = report_one(j->report, "pci", "address", s.place);
	return s;
}

static void judge_ids(struct judging *j, const struct seen *s)
{
	const struct guest_function *f = s->f;
	unsigned id[2], subsystem[2];

	if (!s->line || !report_ids(s->line, "id", id) ||
	    !report_ids(s->line, "subsystem", subsystem)) {
		judge_finds(j, CAUSE_IDS, JUDGED_UNKNOWN, f->section, "guest-slot",
			    "%s shows no ids", s->place);
		return;
	}
	if (id[0] != f->id[0] || id[1] != f->id[1])
		judge_finds(j, CAUSE_IDS, JUDGED_PROBLEM, f->section, "ids",
			    "%s shows %04x:%04x and not %04x:%04x", s->place, id[0], id[1],
			    f->id[0], f->id[1]);
	else if (f->has_subsystem &&
		 (subsystem[0] != f->subsystem[0] || subsystem[1] != f->subsystem[1]))
		judge_finds(j, CAUSE_IDS, JUDGED_PROBLEM, f->section, "ids",
			    "%s shows the subsystem %04x:%04x and not %04x:%04x", s->place,
			    subsystem[0], subsystem[1], f->subsystem[0], f->subsystem[1]);
	else if (!subsystem[0] && !subsystem[1])
		judge_finds(j, CAUSE_IDS, JUDGED_PROBLEM, f->section, "ids",
			    "%s, %04x:%04x, shows no subsystem ids", s->place, id[0], id[1]);
	else
		judge_finds(j, CAUSE_IDS, JUDGED_OK, f->section, "ids",
			    "%s is %04x:%04x of %04x:%04x", s->place, id[0], id[1], subsystem[0],
			    subsystem[1]);
}

/* A function that is not where it should be, found by its id if it is elsewhere. */
static void judge_missing(struct judging *j, const struct seen *s)
{
	char id[16];
	const struct report_line *other;
	struct report_place place;
	char text[REPORT_PLACE_SIZE];

	if (report_next(j->report, NULL, "pci", "address", s->place)) {
		judge_finds(j, CAUSE_FUNCTIONS, JUDGED_UNKNOWN, NULL, NULL,
			    "the report has %s twice", s->place);
		return;
	}
	snprintf(id, sizeof(id), "%04x:%04x", s->f->id[0], s->f->id[1]);
	other = report_next(j->report, NULL, "pci", "id", id);
	if (other && report_place(other, "address", &place))
		judge_finds(j, CAUSE_FUNCTIONS, JUDGED_PROBLEM, s->f->section, "guest-slot",
			    "%s sits at %s and not at %s", id, report_place_text(text, &place),
			    s->place);
	else
		judge_finds(j, CAUSE_FUNCTIONS, JUDGED_PROBLEM, s->f->section, "guest-slot",
			    "nothing sits at %s, where %s should be", s->place, id);
}

static void judge_place(struct judging *j, const struct seen *s)
{
	const char *multi = s->line ? report_text(s->line, "multifunction") : NULL;
	struct report_place behind;

	if (!s->line) {
		judge_missing(j, s);
		return;
	}
	if (s->f->bus && !report_place(s->line, "behind", &behind))
		judge_finds(j, CAUSE_FUNCTIONS, JUDGED_PROBLEM, s->f->section, "guest-slot",
			    "%s does not sit behind a port of its own", s->place);
	if (s->f->shares && s->f->function == 0 && (!multi || strcmp(multi, "1") != 0))
		judge_finds(j, CAUSE_FUNCTIONS, JUDGED_PROBLEM, s->f->section, "layout",
			    "%s does not say that its slot has more functions", s->place);
	judge_finds(j, CAUSE_FUNCTIONS, JUDGED_OK, s->f->section, "layout", "%s%s", s->place,
		    s->f->shares ? " in one slot with its board" : "");
}

/* ------------------------------------------------------------------ its ROM */

/* Whether an image of the report is for the function, by the one rule for ROMs. */
static bool image_fits(const struct report_line *line, const unsigned id[2],
		       const struct guest_function *f)
{
	struct rom_image image = {.vendor = (uint16_t)id[0], .device = (uint16_t)id[1]};

	image.listed_n = report_id_list(line, "also", image.listed, ARRAY_SIZE(image.listed));
	return rom_image_fits(&image, (uint16_t)f->id[0], (uint16_t)f->id[1]);
}

/* The images' ids; a chain with an image for this device will do. */
static void judge_images(struct judging *j, const struct seen *s)
{
	const struct guest_function *f = s->f;
	const struct report_line *image = NULL;
	unsigned images = 0, other[2] = {0, 0};

	while ((image = report_next(j->report, image, "pci-rom-image", "address", s->place))) {
		unsigned id[2];

		if (!report_ids(image, "id", id))
			continue;
		images++;
		if (image_fits(image, id, f)) {
			judge_finds(j, CAUSE_ROM, JUDGED_OK, f->section, "rom",
				    "%s has a ROM for %04x:%04x", s->place, f->id[0], f->id[1]);
			return;
		}
		other[0] = id[0];
		other[1] = id[1];
	}
	if (images)
		judge_finds(j, CAUSE_ROM, JUDGED_PROBLEM, f->section, "rom",
			    "the ROM of %s is for %04x:%04x, and it is %04x:%04x there", s->place,
			    other[0], other[1], f->id[0], f->id[1]);
	else
		judge_finds(j, CAUSE_ROM, JUDGED_PROBLEM, f->section, "rom",
			    "the ROM of %s begins with 55 AA but holds no image with a PCIR",
			    s->place);
}

static void judge_rom(struct judging *j, const struct seen *s)
{
	const struct guest_function *f = s->f;
	const struct report_line *rom = report_one(j->report, "pci-rom", "address", s->place);
	const char *signature = rom ? report_text(rom, "signature") : NULL;
	uint64_t length = 0;

	if (f->rom_hidden) {
		judge_finds(j, CAUSE_ROM, JUDGED_NOTHING, f->section, "rom-bar",
			    "the profile leaves the ROM of %s out", s->place);
		return;
	}
	if (!s->line) {
		judge_finds(j, CAUSE_ROM, JUDGED_UNKNOWN, f->section, "guest-slot",
			    "nothing sits at %s", s->place);
		return;
	}
	if (!rom || !report_number(rom, "length", &length) || !length) {
		bool wanted = f->rom_given || f->rom_own;

		judge_finds(j, CAUSE_ROM, wanted ? JUDGED_PROBLEM : JUDGED_UNKNOWN, f->section,
			    "rom",
			    wanted ? "the firmware could not read the ROM of %s"
				   : "%s has no ROM of its own here, and the profile gives none",
			    s->place);
		return;
	}
	if (!signature || strcmp(signature, "55aa") != 0) {
		judge_finds(j, CAUSE_ROM, JUDGED_PROBLEM, f->section, "rom",
			    "the ROM of %s does not begin with 55 AA", s->place);
		return;
	}
	judge_images(j, s);
}

/* "\_SB.PCI0.S08.S00": QEMU's names are S and slot * 8 + function. */
static bool node_path(const struct seen *s, char path[32])
{
	struct report_place port;

	if (!s->line || !report_place(s->line, "behind", &port) || port.bus)
		return false;
	snprintf(path, 32, "\\_SB.PCI0.S%02X.S%02X", (port.slot << 3 | port.function) & 0xff,
		 (s->f->slot << 3 | s->f->function) & 0xff);
	return true;
}

static void judge_no_rom_acpi(struct judging *j, const struct seen *s)
{
	const struct guest_function *f = s->f;

	if (f->no_outputs && !f->rom_given)
		judge_finds(
			j, CAUSE_ROM_ACPI, JUDGED_UNKNOWN, f->section, "rom",
			"%s has no outputs: such a card's driver may ask ACPI for its ROM, and the profile gives none",
			s->place);
	else
		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_NOTHING, f->section, "rom-acpi",
			    f->rom_given ? "%s has its ROM on PCI alone" : "no ROM is given for %s",
			    s->place);
}

static void judge_rom_acpi(struct judging *j, const struct seen *s)
{
	const struct guest_function *f = s->f;
	const struct report_line *found, *other;
	const char *node, *text;
	char path[32];

	if (!f->rom_acpi) {
		judge_no_rom_acpi(j, s);
		return;
	}
	if (!node_path(s, path)) {
		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_PROBLEM, f->section, "guest-slot",
			    "%s is not behind a port on the first bus, so ACPI has no node for it",
			    s->place);
		return;
	}
	found = report_next(j->report, NULL, "acpi-rom", "path", path);
	other = report_next(j->report, NULL, "acpi-rom", NULL, NULL);
	node = found ? report_text(found, "node") : NULL;
	text = other ? report_text(other, "path") : NULL;
	if (found && node && strcmp(node, "1") == 0) {
		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_OK, f->section, "rom-acpi", "%s has _ROM",
			    path);
	} else if (found) {
		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_PROBLEM, "vm", "machine",
			    "_ROM stands at %s, which the machine's own tables do not know", path);
	} else if (text) {
		own_free char *quoted = text_quote(text, 40);

		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_PROBLEM, f->section, "guest-slot",
			    "_ROM stands at %s, and the GPU is %s", quoted, path);
	} else {
		judge_finds(j, CAUSE_ROM_ACPI, JUDGED_PROBLEM, f->section, "rom-acpi",
			    "no table has _ROM for %s", path);
	}
}

void judge_gpus(struct judging *j)
{
	static const enum cause_of_43 causes[] = {CAUSE_IDS, CAUSE_FUNCTIONS, CAUSE_ROM,
						  CAUSE_ROM_ACPI};

	for (size_t i = 0; i < j->guest->functions; i++) {
		struct seen s = look_at_function(j, &j->guest->function[i]);

		judge_ids(j, &s);
		judge_place(j, &s);
		if (s.f->first || s.f->rom_given)
			judge_rom(j, &s);
		if (s.f->first)
			judge_rom_acpi(j, &s);
	}
	for (size_t i = 0; !j->guest->functions && i < ARRAY_SIZE(causes); i++)
		judge_finds(j, causes[i], JUDGED_NOTHING, NULL, NULL,
			    "no GPU is passed to this machine");
}

void judge(struct verdicts *verdicts, const struct guest_view *guest, const struct report *report)
{
	struct judging j = {verdicts, guest, report};

	*verdicts = (struct verdicts){0};
	judge_gpus(&j);
	judge_machine(&j);
	judge_makers(&j);
}
