/* What L2 does when its kernel's command line asks for it. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"

#define OFFSET 4096
#define BLOCK 4096

/* DEVICE:TEXT. The text goes to the device at OFFSET, past any cache, and is read back. */
static void do_write(const char *value)
{
	const char *text = strchr(value, ':');
	char *block = aligned_alloc(BLOCK, BLOCK), *back = aligned_alloc(BLOCK, BLOCK);
	char device[128];
	int fd;

	if (!text || !block || !back)
		return;
	snprintf(device, sizeof(device), "%.*s", (int)(text - value), value);
	memset(block, 0, BLOCK);
	strncpy(block, text + 1, BLOCK - 1);
	wait_for_path(device);
	fd = open(device, O_RDWR | O_DIRECT | O_CLOEXEC);
	line_begin("write");
	line_value("device", "%s", device);
	if (fd < 0 || pwrite(fd, block, BLOCK, OFFSET) != BLOCK || fsync(fd) != 0 ||
	    pread(fd, back, BLOCK, OFFSET) != BLOCK)
		line_error();
	else
		line_value("same", "%d", memcmp(block, back, BLOCK) == 0);
	line_end();
	if (fd >= 0)
		close(fd);
	free(block);
	free(back);
}

/* DEVICE: the text at OFFSET. */
static void do_read(const char *device)
{
	char *block = aligned_alloc(BLOCK, BLOCK);
	int fd;

	wait_for_path(device);
	fd = open(device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	line_begin("read");
	line_value("device", "%s", device);
	if (!block || fd < 0 || pread(fd, block, BLOCK, OFFSET) != BLOCK)
		line_error();
	else
		line_bytes("text", block, strnlen(block, 256));
	line_end();
	if (fd >= 0)
		close(fd);
	free(block);
}

static void line_sha256(const void *bytes, size_t length)
{
	uint8_t digest[32];
	char hex[65];

	sha256(bytes, length, digest);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	line_value("sha256", "%s", hex);
}

/* ADDRESS: the option ROM's length and SHA-256. */
static void do_rom(const char *address)
{
	static uint8_t rom[1 << 20];
	char path[128];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/rom", address);
	line_begin("rom");
	line_value("address", "%s", address);
	if (file_write(path, "1") != 0 || (n = file_read(path, rom, sizeof(rom))) < 0) {
		line_error();
	} else {
		line_value("bytes", "%zd", n);
		line_sha256(rom, (size_t)n);
	}
	line_end();
	file_write(path, "0");
}

#define ROM_READ 4096	     /* what one call of _ROM gives at most */
#define ROM_IMAGE (1U << 20) /* bytes, the largest image that is read */

/* Whether _ROM gives so many bytes for (offset, length): those of the image, zeros behind its end.
 */
static bool rom_gives(int fd, const uint8_t *image, size_t size, size_t offset, size_t length)
{
	static uint8_t answer[4 * ROM_READ];
	size_t wanted = length < ROM_READ ? length : ROM_READ;

	if (pread(fd, answer, length, (off_t)offset) != (ssize_t)wanted)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if (answer[i] !=
		    (offset + i < size && offset + i < ROM_IMAGE ? image[offset + i] : 0))
			return false;
	return true;
}

/* ADDRESS/SIZE/SLICE: the function's option ROM as ACPI's _ROM gives it, SIZE bytes in steps as
 * drivers take them: their SHA-256 and how long it took. Then the same bytes cut otherwise: at odd
 * places, over the border that is at SLICE, over the end, behind the end, and too much at once.
 */
static void do_acpi_rom(const char *value)
{
	static uint8_t image[ROM_IMAGE];
	char address[32] = "", option[64];
	size_t size = 0, slice = 0, n = 0;
	double start;
	int fd;

	sscanf(value, "%31[^/]/%zu/%zu", address, &size, &slice);
	snprintf(option, sizeof(option), "slot=%s", address);
	load_module("acpi_rom.ko", option);
	fd = open("/proc/acpi_rom", O_RDONLY | O_CLOEXEC);
	line_begin("acpi-rom");
	line_value("address", "%s", address);
	start = uptime();
	while (fd >= 0 && n < size && n + ROM_READ <= sizeof(image)) {
		size_t want = size - n < ROM_READ ? size - n : ROM_READ;

		if (pread(fd, image + n, want, (off_t)n) != (ssize_t)want)
			break;
		n += want;
	}
	if (fd < 0 || n != size) {
		line_error();
	} else {
		bool odd = true;

		line_value("bytes", "%zu", n);
		line_value("ms", "%.0f", (uptime() - start) * 1000);
		line_sha256(image, n);
		for (size_t at = 1; at < size; at += 12347)
			odd = odd && rom_gives(fd, image, size, at, 1 + at % 4097);
		line_value("odd", "%d", odd);
		line_value("border", "%d",
			   rom_gives(fd, image, size, slice - 1, 2) &&
				   rom_gives(fd, image, size, slice - 100, ROM_READ) &&
				   rom_gives(fd, image, size, slice, 1));
		line_value("over-end", "%d", rom_gives(fd, image, size, size - 10, ROM_READ));
		line_value("behind", "%d",
			   rom_gives(fd, image, size, size, 1) &&
				   rom_gives(fd, image, size, size + 12345, ROM_READ) &&
				   rom_gives(fd, image, size, 16 << 20, 100));
		line_value("too-much", "%d", rom_gives(fd, image, size, 0, 2 * ROM_READ));
	}
	line_end();
	if (fd >= 0)
		close(fd);
}

/* ADDRESS/BAR: the text at the BAR's start; writes "from the guest" one page on. */
static void do_bar(const char *value)
{
	char path[128], address[32] = "";
	unsigned bar = 0;
	char *map;
	int fd;

	sscanf(value, "%31[^/]/%u", address, &bar);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", address);
	file_write(path, "1");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u", address, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED
		     : mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	line_begin("bar-data");
	line_value("address", "%s", address);
	line_value("bar", "%u", bar);
	if (map == MAP_FAILED) {
		line_error();
	} else {
		line_bytes("text", map, strnlen(map, 256));
		strcpy(map + BLOCK, "from the guest");
		munmap(map, 2 * BLOCK);
	}
	line_end();
	if (fd >= 0)
		close(fd);
}

void do_actions(void)
{
	static const struct {
		const char *name;
		void (*act)(const char *value);
	} actions[] = {{"write", do_write},
		       {"read", do_read},
		       {"rom", do_rom},
		       {"acpi-rom", do_acpi_rom},
		       {"bar", do_bar}};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const char *value;

		/* parameter() answers from one buffer, so an action must be done with its value. */
		for (unsigned nth = 0; (value = parameter(actions[i].name, nth)); nth++)
			actions[i].act(value);
	}
}
