/* What is wrong with a ROM for a guest. What counts is who reads it there: QEMU hands the file out
 * as it is, in a BAR of the next power of two; SeaBIOS and OVMF look at its first byte and follow
 * the standard chain; the GPU's driver compares ids. None of them says anything when it does not
 * like what it sees, so this does.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "rom.h"

#define NVIDIA 0x10de
#define CLASS_3D 0x0302 /* a controller without outputs */

static void add_problem(struct rom_problems *problems, enum rom_problem_kind kind,
			enum rom_weight weight, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void add_problem(struct rom_problems *problems, enum rom_problem_kind kind,
			enum rom_weight weight, const char *fmt, ...)
{
	struct rom_problem *p = xappend(problems->v, problems->n);
	va_list args;

	va_start(args, fmt);
	*p = (struct rom_problem){kind, weight, xvasprintf(tongue(fmt), args)};
	va_end(args);
}

/* The images that anybody but NVIDIA looks at. */
static size_t standard_images(const struct rom_report *report)
{
	size_t n = 0;

	while (n < report->images && !report->image[n].beyond)
		n++;
	return n;
}

static const struct rom_image *first_image(const struct rom_report *report)
{
	return &report->image[0];
}

static void check_device(struct rom_problems *problems, const struct rom_report *report,
			 const struct rom_device *device)
{
	size_t n = standard_images(report), fit = 0;
	bool more = false;

	for (size_t i = 0; i < n; i++) {
		const struct rom_image *image = &report->image[i];

		if (rom_image_fits(image, device->vendor, device->device))
			fit++;
		else
			more |= image->more_listed && image->vendor == device->vendor;
	}
	if (fit == n)
		return;
	if (fit == 0 && more) {
		add_problem(problems, ROM_WRONG_DEVICE, ROM_WARNING,
			    "its list of devices is too long to tell whether it is for %04x:%04x",
			    device->vendor, device->device);
		return;
	}
	if (fit == 0) {
		add_problem(
			problems, ROM_WRONG_DEVICE, ROM_PROBLEM,
			"it is for %04x:%04x, the device is %04x:%04x: take the ROM of just this card, by 'vmlaunch rom dump' or out of the BIOS of just this model",
			first_image(report)->vendor, first_image(report)->device, device->vendor,
			device->device);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!rom_image_fits(&report->image[i], device->vendor, device->device))
			add_problem(problems, ROM_SOME_OTHER_DEVICE, ROM_WARNING,
				    "image %zu is for %04x:%04x, the device is %04x:%04x", i + 1,
				    report->image[i].vendor, report->image[i].device,
				    device->vendor, device->device);
}

static void check_surroundings(struct rom_problems *problems, const struct rom_report *report)
{
	uint32_t trailing = report->size - report->end;

	if (report->start)
		add_problem(
			problems, ROM_LEADING_BYTES, ROM_PROBLEM,
			"the first %u bytes are %s: QEMU passes the file on as it is, and a guest wants 55 AA at the first byte; 'vmlaunch rom trim' takes them away",
			report->start,
			report->lead == ROM_LEAD_NVGI ? "NVIDIA's container (NVGI)"
						      : "no part of the ROM");
	if (trailing && report->padded)
		add_problem(problems, ROM_TRAILING_BYTES, ROM_NOTE,
			    "the last %u bytes are padding; 'vmlaunch rom trim' takes them away",
			    trailing);
	else if (trailing && rom_can_trim(report))
		add_problem(
			problems, ROM_TRAILING_BYTES, ROM_WARNING,
			"the last %u bytes belong to no image; 'vmlaunch rom trim' takes them away",
			trailing);
	if (first_image(report)->signature != ROM_SIGNATURE_STANDARD)
		add_problem(
			problems, ROM_ODD_SIGNATURE, ROM_PROBLEM,
			"its first image has NVIDIA's own signature where a guest wants 55 AA: no firmware will find it");
	if (rom_bar_size(report->size) != report->size)
		add_problem(problems, ROM_ROUNDED_UP, ROM_NOTE,
			    "the guest sees a ROM of %u KiB, as QEMU rounds up to a power of two",
			    rom_bar_size(report->size) / 1024);
}

static void check_end(struct rom_problems *problems, const struct rom_report *report)
{
	const struct rom_image *last = &report->image[report->images - 1];

	switch (report->ending) {
	case ROM_END_CUT:
		add_problem(
			problems, ROM_BAD_CHAIN, ROM_PROBLEM,
			"it is cut off: image %zu has %u bytes, of which %u are there; get it again",
			report->images, last->length, report->size - last->offset);
		break;
	case ROM_END_BROKEN:
		add_problem(
			problems, ROM_BAD_CHAIN, ROM_PROBLEM,
			"what comes behind image %zu, at byte %u, begins like an image but is damaged or cut off; get the file again",
			report->images, report->end);
		break;
	case ROM_END_MANY:
		add_problem(problems, ROM_BAD_CHAIN, ROM_PROBLEM,
			    "it has more than %d images, and further ones were not looked at",
			    ROM_IMAGES);
		break;
	case ROM_END_UNMARKED:
		add_problem(problems, ROM_BAD_CHAIN, ROM_WARNING,
			    "no image is marked as the last one: some may be missing");
		break;
	default:
		break;
	}
}

/* A mark of the standard's where NVIDIA's says that the chain goes on is what the kernel stops at.
 * In a ROM without NVIDIA's mark nobody can tell.
 */
static void check_private(struct rom_problems *problems, const struct rom_report *report,
			  enum rom_source source)
{
	size_t n = standard_images(report);
	const struct rom_image *last = &report->image[n - 1];

	if (report->ending == ROM_END_PRIVATE)
		add_problem(
			problems, ROM_PRIVATE_CUT, ROM_WARNING,
			"NVIDIA's private images are missing: it ends at the standard's last image, where the kernel ends its dumps. What a guest's firmware runs is there; all of it can be had by NVIDIA's nvflash or out of the BIOS update");
	else if (source == ROM_FROM_SYSFS && last->vendor == NVIDIA && last->last &&
		 n == report->images && !last->npde)
		add_problem(
			problems, ROM_PRIVATE_CUT, ROM_NOTE,
			"the kernel ends its dumps at the standard's last image: if the card has private images of NVIDIA's, they are not in it");
}

static void check_gop(struct rom_problems *problems, const struct rom_report *report)
{
	bool no_outputs = first_image(report)->class >> 8 == CLASS_3D;

	if (rom_has_gop(report) || !rom_is_display(report))
		return;
	if (no_outputs)
		add_problem(
			problems, ROM_NO_GOP, ROM_NOTE,
			"it has no EFI image for x64, and a 3D controller, which has no outputs, needs none");
	else
		add_problem(
			problems, ROM_NO_GOP, ROM_WARNING,
			"it has no EFI image for x64 (GOP): under OVMF the outputs of the GPU stay dark until the guest's driver runs; a GPU without outputs needs none");
}

static void check_image(struct rom_problems *problems, const struct rom_report *report, size_t i)
{
	const struct rom_image *image = &report->image[i];
	bool is_cut = report->ending == ROM_END_CUT && i + 1 == report->images;

	if (image->checksum == ROM_SUM_BAD)
		add_problem(
			problems, ROM_BAD_CHECKSUM, ROM_PROBLEM,
			"the checksum of image %zu is wrong: it was damaged or edited. SeaBIOS will not run it; OVMF does not look at it",
			i + 1);
	if (image->checksum == ROM_SUM_BEYOND && !is_cut)
		add_problem(problems, ROM_BAD_IMAGE, ROM_WARNING,
			    "the code of image %zu is longer, by its header, than the image",
			    i + 1);
	if (image->kind == ROM_EFI && !image->efi.valid && !is_cut)
		add_problem(problems, ROM_BAD_IMAGE, ROM_WARNING,
			    "image %zu is called EFI code, but holds no EFI program", i + 1);
	if (image->bad_list && !is_cut)
		add_problem(problems, ROM_BAD_IMAGE, ROM_WARNING,
			    "the device list of image %zu leads out of the image", i + 1);
}

/* The gravest first, else in the order of finding. */
static void sort_problems(struct rom_problem *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct rom_problem p = v[i];
		size_t at = i;

		for (; at > 0 && v[at - 1].weight < p.weight; at--)
			v[at] = v[at - 1];
		v[at] = p;
	}
}

void rom_problems_of(struct rom_problems *problems, const struct rom_report *report,
		     const struct rom_device *device, enum rom_source source)
{
	size_t before = problems->n;

	if (report->refusal != ROM_FINE)
		return;
	check_surroundings(problems, report);
	check_end(problems, report);
	if (device)
		check_device(problems, report, device);
	for (size_t i = 0; i < report->images; i++)
		check_image(problems, report, i);
	check_gop(problems, report);
	check_private(problems, report, source);
	if (problems->n)
		sort_problems(problems->v + before, problems->n - before);
}

void rom_problems_free(struct rom_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->v[i].text);
	free(problems->v);
	*problems = (struct rom_problems){0};
}
