/*
 * The files that QEMU offers to the firmware (fw_cfg), by name and size.
 *
 * Read by ports, the oldest of its interfaces; the contents are left alone. QEMU adds
 * genroms/linuxboot_dma.bin itself whenever -kernel is given: it is there because of this program
 * and says nothing about the machine, hence the mark.
 *
 * Reference: QEMU docs/specs/fw_cfg.
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define PORT_SELECTOR 0x510
#define PORT_DATA 0x511
#define SELECT_SIGNATURE 0x0000
#define SELECT_DIRECTORY 0x0019
/* QEMU's own limit by default is 0x60 (FW_CFG_FILE_SLOTS_DFLT and what lies below). */
#define FILES_MAX 1024

/* struct FWCfgFile; numbers are big endian. */
struct file {
	uint32_t size;
	uint16_t select, reserved;
	char name[56];
};

static struct file *files;
static uint32_t file_count, claimed_count;
static bool present;

void fwcfg_collect(void)
{
	uint8_t signature[4], count[4];

	out16(PORT_SELECTOR, SELECT_SIGNATURE);
	in8_string(PORT_DATA, signature, sizeof(signature));
	present = bytes_same(signature, "QEMU", 4);
	if (!present)
		return;
	out16(PORT_SELECTOR, SELECT_DIRECTORY);
	in8_string(PORT_DATA, count, sizeof(count));
	claimed_count = __builtin_bswap32(get32(count));
	file_count = claimed_count < FILES_MAX ? claimed_count : FILES_MAX;
	files = allocate(file_count, sizeof(*files));
	if (!files)
		file_count = 0;
	in8_string(PORT_DATA, files, file_count * sizeof(*files));
}

static size_t name_length(const struct file *file)
{
	size_t n = 0;

	while (n < sizeof(file->name) && file->name[n])
		n++;
	return n;
}

/* The folder of a name where it has a meaning of its own. */
static const char *mark_of(const struct file *file)
{
	static const char *const folders[] = {"genroms", "vgaroms", "etc", "opt"};

	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		size_t n = text_length(folders[i]);

		if (name_length(file) > n && bytes_same(file->name, folders[i], n) &&
		    file->name[n] == '/')
			return folders[i];
	}
	return "none";
}

void fwcfg_people(void)
{
	/* Two columns of 46; a name that is longer gets a row of its own. */
	bool left = true;

	if (!present) {
		people("\nfw_cfg       none\n");
		return;
	}
	people("\nfw_cfg       %u files\n", claimed_count);
	for (uint32_t i = 0; i < file_count; i++) {
		char size[TEXT_SHORT];
		int n = (int)name_length(&files[i]);

		if (n > 32 && !left) {
			people("\n");
			left = true;
		}
		text_size(size, __builtin_bswap32(files[i].size));
		people("  %-32.*s %9s%s", n, files[i].name, size, left && n <= 32 ? "  " : "\n");
		left = !left || n > 32;
	}
	if (!left)
		people("\n");
}

void fwcfg_lines(void)
{
	line_begin("fwcfg-directory");
	line_value("present", "%u", present ? 1 : 0);
	line_value("count", "%u", claimed_count);
	line_end();
	for (uint32_t i = 0; i < file_count; i++) {
		line_begin("fwcfg");
		line_bytes("name", files[i].name, name_length(&files[i]));
		line_value("size", "%u", __builtin_bswap32(files[i].size));
		line_value("mark", "%s", mark_of(&files[i]));
		line_end();
	}
	if (file_count < claimed_count) {
		line_begin("truncated");
		line_value("what", "fwcfg");
		line_end();
	}
}
