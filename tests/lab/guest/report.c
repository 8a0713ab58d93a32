/* What L2 looks like from inside: processor, firmware's tables, devices. */
#define _GNU_SOURCE
#include "guest.h"

#include <cpuid.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An attribute of sysfs without its last newline; false if it cannot be read. */
static int attribute(const char *dir, const char *name, char *text, size_t size)
{
	char path[512];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	n = file_read(path, text, size - 1);
	if (n < 0)
		return 0;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return 1;
}

/* key=value for each of the names, NULL-ended, that @dir has. */
static void attributes(const char *dir, const char *const *names)
{
	char text[4096];

	for (; *names; names++)
		if (attribute(dir, *names, text, sizeof(text)) && *text)
			line_value(*names, "%s", text);
}

static void value_of_link(const char *key, const char *dir, const char *name)
{
	char path[512], target[512];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	line_value(key, "%s", n > 0 ? strrchr(target, '/') + 1 : "-");
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls @report for each entry of a directory whose name begins with @prefix. */
static void each(const char *dir, const char *prefix,
		 void (*report)(const char *path, const char *name))
{
	struct dirent **list;
	int n = scandir(dir, &list, visible, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if (strncmp(list[i]->d_name, prefix, strlen(prefix)) == 0)
			report(path, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* ---- the machine ---- */

static void report_cpu(void)
{
	unsigned eax, ebx, ecx, edx;
	char vendor[13] = "";

	__cpuid(0, eax, ebx, ecx, edx);
	memcpy(vendor, &ebx, 4);
	memcpy(vendor + 4, &edx, 4);
	memcpy(vendor + 8, &ecx, 4);
	line_begin("cpu");
	line_value("count", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	line_value("vendor", "%s", vendor);
	__cpuid(1, eax, ebx, ecx, edx);
	line_value("hypervisor", "%u", ecx >> 31);
	line_end();
	/* Each interface that a hypervisor offers begins at a multiple of 0x100. A leaf that
	 * does not exist repeats the last one that does. */
	for (unsigned leaf = 0x40000000; ecx >> 31 && leaf < 0x40000400; leaf += 0x100) {
		unsigned words[3];

		__cpuid(leaf, eax, words[0], words[1], words[2]);
		if (eax >= leaf && eax < leaf + 0x100) {
			unsigned last = eax;

			line_begin("hypervisor");
			line_value("leaf", "0x%x", leaf);
			line_bytes("vendor", words, sizeof(words));
			/* What Hyper-V's interface offers: TLFS 2.4, features and advice. */
			if (leaf == 0x40000000 && eax >= 0x40000004) {
				__cpuid(0x40000003, eax, words[0], words[1], words[2]);
				line_value("features", "0x%x", eax);
				line_value("more", "0x%x", words[2]);
				__cpuid(0x40000004, eax, words[0], words[1], words[2]);
				line_value("advice", "0x%x", eax);
			}
			if (leaf == 0x40000000 && last >= 0x4000000a) {
				__cpuid(0x4000000a, eax, words[0], words[1], words[2]);
				line_value("nested", "0x%x", eax);
			}
			line_end();
		}
	}
}

static void report_dmi(const char *path, const char *name)
{
	char text[4096], dir[512];

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	if (strcmp(name, "uevent") == 0 || strcmp(name, "modalias") == 0 ||
	    !attribute(dir, name, text, sizeof(text)))
		return;
	line_begin("dmi");
	line_value("name", "%s", name);
	line_value("value", "%s", text);
	line_end();
}

/* ACPI 6.5, 5.2.6: length at 4, owner at 10, owner's table name at 16. FACS has no such head. */
static void report_table(const char *path, const char *name)
{
	unsigned char head[36];
	uint32_t length;

	if (file_read(path, head, sizeof(head)) != sizeof(head))
		return;
	memcpy(&length, head + 4, sizeof(length));
	line_begin("acpi");
	line_value("file", "%s", name);
	line_value("length", "%u", length);
	if (memcmp(head, "FACS", 4) != 0) {
		line_bytes("oem", head + 10, 6);
		line_bytes("table", head + 16, 8);
	}
	line_end();
}

static void report_power(const char *path, const char *name)
{
	static const char *const names[] = {"type",	  "online",	 "status",
					    "capacity",	  "present",	 "technology",
					    "model_name", "energy_full", "energy_full_design",
					    "energy_now", "charge_full", "voltage_now",
					    "power_now",  NULL};

	line_begin("power");
	line_value("name", "%s", name);
	attributes(path, names);
	line_end();
}

void report_machine(void)
{
	line_begin("machine");
	line_value("memory_kb", "%ld", sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024));
	line_value("efi", "%d", access("/sys/firmware/efi", F_OK) == 0);
	line_end();
	report_cpu();
	each("/sys/class/dmi/id", "", report_dmi);
	each("/sys/firmware/acpi/tables", "", report_table);
	each("/sys/class/power_supply", "", report_power);
}

/* ---- devices ---- */

#define IORESOURCE_IO 0x100
#define IORESOURCE_PREFETCH 0x2000
#define IORESOURCE_MEM_64 0x100000

static void report_bars(const char *path, const char *name)
{
	char text[4096], *row = text;

	if (!attribute(path, "resource", text, sizeof(text)))
		return;
	for (unsigned bar = 0; bar < 6 && row; bar++, row = strchr(row, '\n'), row += !!row) {
		unsigned long long start, last, flags;

		if (sscanf(row, "%llx %llx %llx", &start, &last, &flags) != 3 || flags == 0)
			continue;
		line_begin("bar");
		line_value("address", "%s", name);
		line_value("bar", "%u", bar);
		line_value("kind", "%s",
			   flags & IORESOURCE_IO       ? "io"
			   : flags & IORESOURCE_MEM_64 ? "mem64"
						       : "mem32");
		line_value("prefetch", "%d", (flags & IORESOURCE_PREFETCH) != 0);
		line_value("start", "0x%llx", start);
		line_value("size", "0x%llx", last - start + 1);
		line_end();
	}
}

static void report_pci(const char *path, const char *name)
{
	static const char *const names[] = {"vendor",		"device", "subsystem_vendor",
					    "subsystem_device", "class",  NULL};
	struct stat st;
	char rom[512];

	line_begin("pci");
	line_value("address", "%s", name);
	attributes(path, names);
	value_of_link("driver", path, "driver");
	snprintf(rom, sizeof(rom), "%s/rom", path);
	line_value("rom", "%lld", stat(rom, &st) == 0 ? (long long)st.st_size : 0);
	line_end();
	report_bars(path, name);
}

static void report_disk(const char *path, const char *name)
{
	static const char *const device[] = {"model", "serial", NULL};
	char text[64], dir[520];

	if (!attribute(path, "size", text, sizeof(text)))
		return;
	line_begin("disk");
	line_value("name", "%s", name);
	line_value("bytes", "%llu", strtoull(text, NULL, 10) * 512);
	snprintf(dir, sizeof(dir), "%s/device", path);
	attributes(dir, device);
	line_end();
}

static void report_input(const char *path, const char *name)
{
	static const char *const names[] = {"name", NULL};

	line_begin("input");
	line_value("device", "%s", name);
	attributes(path, names);
	line_end();
}

void report_devices(void)
{
	each("/sys/bus/pci/devices", "", report_pci);
	each("/sys/class/block", "", report_disk);
	each("/sys/class/input", "input", report_input);
}
