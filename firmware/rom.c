/* A ROM file as a whole: what it is, where its chain of images begins, and a walk along the chain
 * to its end. The walk always goes forward by at least one block and for at most ROM_IMAGES steps.
 *
 * The end is looked for as NVIDIA's own programs do, with the private images that the standard
 * hides behind its last-image mark; the Linux kernel stops at the mark, so that its dumps lack
 * them.
 */
#include "rom.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "rom_parts.h"

/* The first 55 AA with a PCIR behind it, in a file that says nothing about its start. NVIDIA's
 * other signatures are two letters that mean nothing by themselves: not looked for.
 */
static bool search_image(struct span rom, uint32_t *start)
{
	struct rom_image image;

	for (size_t at = 0; at < rom.len; at++) {
		const uint8_t *hit = memchr(rom.data + at, 0x55, rom.len - at);

		if (!hit)
			return false;
		at = (size_t)(hit - rom.data);
		if (!span_is(rom, at, "\x55\xaa", 2) ||
		    !span_is(rom, at + span_16(rom, at + 24), "PCIR", 4) ||
		    rom_image_read(rom, (uint32_t)at, &image) != ROM_FOUND)
			continue;
		*start = (uint32_t)at;
		return true;
	}
	return false;
}

static enum rom_refusal find_start(struct span rom, struct rom_report *report)
{
	struct rom_image image;
	enum rom_found first = rom_image_read(rom, 0, &image);
	uint32_t said = 0;

	if (first == ROM_FOUND)
		return ROM_FINE;
	report->lead = ROM_LEAD_UNKNOWN;
	if (rom_nvidia_container(rom, &report->container_version, &said)) {
		report->lead = ROM_LEAD_NVGI;
		if (said && rom_image_read(rom, said, &image) == ROM_FOUND) {
			report->start = said;
			return ROM_FINE;
		}
	}
	if (search_image(rom, &report->start))
		return ROM_FINE;
	return first == ROM_NO_DATA && span_is(rom, 0, "\x55\xaa", 2) ? ROM_NO_PCI_DATA
								      : ROM_NO_IMAGE;
}

/* Why there is no image behind this one, though it is not the end. */
static enum rom_end why_none(enum rom_found found, const struct rom_image *image)
{
	if (found == ROM_NO_DATA)
		return ROM_END_BROKEN;
	return image && image->last ? ROM_END_PRIVATE : ROM_END_UNMARKED;
}

/* There is an image at the start. */
static void walk_images(struct span rom, struct rom_report *report)
{
	const struct rom_image *before = NULL;
	bool beyond = false;

	report->end = report->start;
	report->ending = ROM_END_MANY;
	while (report->images < ROM_IMAGES) {
		struct rom_image *image = &report->image[report->images];
		enum rom_found found = rom_image_read(rom, report->end, image);

		if (found != ROM_FOUND) {
			report->ending = why_none(found, before);
			return;
		}
		report->images++;
		before = image;
		image->beyond = beyond;
		beyond |= image->last;
		if (!span_has(rom, image->offset, image->length)) {
			report->end = report->size;
			report->ending = ROM_END_CUT;
			return;
		}
		report->end = image->offset + image->length;
		if (image->ends) {
			report->ending = ROM_END_LAST;
			return;
		}
	}
}

static bool is_padding(struct span tail)
{
	for (size_t i = 1; i < tail.len; i++)
		if (tail.data[i] != tail.data[0])
			return false;
	return tail.len && (tail.data[0] == 0xff || tail.data[0] == 0);
}

void rom_parse(const void *data, size_t len, struct rom_report *report)
{
	struct span rom = {data, len};

	*report = (struct rom_report){.size = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX};
	report->refusal = rom_sniff(rom);
	if (report->refusal == ROM_FINE)
		report->refusal = find_start(rom, report);
	if (report->refusal != ROM_FINE)
		return;
	walk_images(rom, report);
	report->padded = is_padding(span_part(rom, report->end, SIZE_MAX));
}

char *rom_load(const char *path, struct rom_report *report, struct error **err)
{
	own_free char *shown = text_quote(path, SIZE_MAX);
	size_t len = 0;
	own_free char *data = file_read(path, ROM_MAX, &len);
	int problem = data ? 0 : errno;

	*report = (struct rom_report){.refusal = ROM_TOO_LARGE, .size = UINT32_MAX};
	if (!data && problem != EFBIG) {
		error_errno(err, ERROR_FAILED, problem, "cannot read %s", shown);
		return NULL;
	}
	if (data)
		rom_parse(data, len, report);
	if (report->refusal != ROM_FINE) {
		error_add(err, ERROR_FAILED, "%s %s", shown, rom_refusal_words(report->refusal));
		return NULL;
	}
	return steal(&data);
}

bool rom_has_gop(const struct rom_report *report)
{
	for (size_t i = 0; i < report->images; i++)
		if (rom_image_is_gop(&report->image[i]))
			return true;
	return false;
}

bool rom_is_display(const struct rom_report *report)
{
	return report->image[0].class >> 16 == 0x03;
}

bool rom_can_trim(const struct rom_report *report)
{
	return report->refusal == ROM_FINE &&
	       (report->ending == ROM_END_LAST || report->ending == ROM_END_UNMARKED ||
		report->ending == ROM_END_PRIVATE);
}

uint32_t rom_bar_size(uint32_t size)
{
	uint32_t bar = 1;

	while (bar < size && bar < ROM_MAX)
		bar *= 2;
	return bar;
}
