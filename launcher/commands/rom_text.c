/* A ROM for people: the chain as it lies in the file, then what is wrong with it. All but the
 * file's name is made of numbers and words of ours.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"
#include "rom.h"

#define COLUMNS 100
#define LABEL 13

/* "label        text", wrapped below the text. */
static void put_label(struct buf *out, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put_label(struct buf *out, const char *label, const char *fmt, ...)
{
	own_free char *text = NULL;
	size_t column = LABEL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(tongue(fmt), args);
	va_end(args);
	buf_addf(out, "%-*s", LABEL, label);
	for (const char *at = text; *at;) {
		size_t blank = strspn(at, " "), len = strcspn(at + blank, " ");

		if (column > LABEL && column + blank + len > COLUMNS) {
			buf_addf(out, "\n%*s", LABEL, "");
			column = LABEL;
		} else {
			buf_add(out, at, blank);
			column += blank;
		}
		buf_add(out, at + blank, len);
		column += len;
		at += blank + len;
	}
	buf_addc(out, '\n');
}

/* Lengths are whole blocks of 512 bytes: "60 KiB", "66.5 KiB". */
static char *kib_words(uint32_t size)
{
	return xasprintf("%u%s KiB", size / 1024, size % 1024 ? ".5" : "");
}

static const char *machine_words(uint16_t machine)
{
	switch (machine) {
	case 0x014c:
		return "x86, 32 bits";
	case 0x8664:
		return "x64";
	case 0xaa64:
		return "ARM64";
	case 0x0ebc:
		return "EFI byte code";
	default:
		return "another machine";
	}
}

static const char *machine_note(const struct rom_image *image, bool display)
{
	if (rom_image_is_gop(image))
		return display ? " (GOP)" : "";
	return image->efi.machine == 0x8664 && !image->beyond ? ", but no driver" : "";
}

static void add_efi(struct buf *text, const struct rom_image *image, bool display)
{
	if (!image->efi.valid)
		buf_adds(text, ", no EFI program in it");
	else
		buf_addf(text, " for %s%s", machine_words(image->efi.machine),
			 machine_note(image, display));
	if (image->efi.valid && image->efi.compression)
		buf_adds(text, ", compressed");
}

static const char *kind_words(enum rom_kind kind)
{
	static const char *const words[] = {
		[ROM_X86] = "BIOS code",
		[ROM_OPEN_FIRMWARE] = "Open Firmware code",
		[ROM_PA_RISC] = "PA-RISC code",
		[ROM_EFI] = "EFI code",
		[ROM_NVIDIA_EXTENSION] = "NVIDIA's extension",
		[ROM_NBSI] = "NVIDIA's system information (NBSI)",
		[ROM_OTHER] = "code of an unknown type",
	};

	return words[kind];
}

static const char *checksum_words(enum rom_checksum checksum)
{
	static const char *const words[] = {
		[ROM_SUM_NONE] = "",
		[ROM_SUM_GOOD] = ", checksum good",
		[ROM_SUM_BAD] = ", checksum wrong",
		[ROM_SUM_OFF] = ", without checksum",
		[ROM_SUM_BEYOND] = ", checksum cannot be told",
	};

	return words[checksum];
}

/* Lists repeat the image's own id. */
static void add_listed(struct buf *text, const struct rom_image *image)
{
	const char *before = ", also for ";

	for (size_t i = 0; i < image->listed_n; i++) {
		if (image->listed[i] == image->device)
			continue;
		buf_addf(text, "%s%04x", before, image->listed[i]);
		before = " ";
	}
	if (image->more_listed)
		buf_adds(text, " and more");
}

static void put_image(struct buf *out, const struct rom_report *report, size_t i)
{
	const struct rom_image *image = &report->image[i], *first = &report->image[0];
	own_free char *label = xasprintf("image %zu", i + 1);
	own_free char *size = kib_words(image->length);
	own_buf struct buf text = {0};

	buf_addf(&text, "%08x  %-9s  %s", image->offset, size, kind_words(image->kind));
	if (image->kind == ROM_OTHER)
		buf_addf(&text, " (%02x)", image->code_type);
	if (image->kind == ROM_EFI)
		add_efi(&text, image, rom_is_display(report));
	buf_adds(&text, checksum_words(image->checksum));
	if (image->vendor != first->vendor || image->device != first->device)
		buf_addf(&text, ", for %04x:%04x", image->vendor, image->device);
	add_listed(&text, image);
	if (image->beyond)
		buf_adds(&text, ", private");
	put_label(out, label, "%s", text.data);
}

static void put_begin(struct buf *out, const struct rom_report *report)
{
	own_free char *version = report->container_version
					 ? xasprintf(", version %u", report->container_version)
					 : xstrdup("");

	if (report->start)
		put_label(out, "begins", "at byte %u (%x), behind %s%s", report->start,
			  report->start,
			  report->lead == ROM_LEAD_NVGI ? "NVIDIA's container"
							: "bytes of unknown kind",
			  version);
}

static void put_end(struct buf *out, const struct rom_report *report)
{
	static const char *const how[] = {
		[ROM_END_LAST] = "",
		[ROM_END_UNMARKED] = ", though no image is marked as the last",
		[ROM_END_PRIVATE] = ", though NVIDIA's private images should follow",
		[ROM_END_CUT] = ", in the middle of an image",
		[ROM_END_BROKEN] = ", before a damaged image",
		[ROM_END_MANY] = ", where looking ended",
	};
	uint32_t trailing = report->size - report->end;
	own_free char *tail = trailing ? xasprintf("; %u bytes %sbehind", trailing,
						   report->padded ? "of padding " : "")
				       : xstrdup("");

	put_label(out, "ends", "at byte %u (%x)%s%s", report->end, report->end, how[report->ending],
		  tail);
}

char *rom_text(const struct rom_view *view)
{
	const struct rom_report *report = &view->report;
	const struct rom_image *first = &report->image[0];
	own_free char *name = text_quote(view->path, SIZE_MAX);
	struct buf out = {0};

	put_label(&out, "file", "%s, %u bytes", name, report->size);
	put_label(&out, "for", "%04x:%04x%s, %s, revision %04x", first->vendor, first->device,
		  first->device == ROM_ANY_DEVICE ? " (any device of this maker)" : "",
		  pci_class_words(first->class), first->revision);
	put_begin(&out, report);
	for (size_t i = 0; i < report->images; i++)
		put_image(&out, report, i);
	put_end(&out, report);
	for (size_t i = 0; i < view->problems.n; i++)
		put_label(&out, rom_weight_name(view->problems.v[i].weight), "%s",
			  view->problems.v[i].text);
	return buf_steal(&out);
}
