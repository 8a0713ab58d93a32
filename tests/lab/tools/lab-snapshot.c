/* lab-snapshot - prints all that a hand-over may change of a host, one fact a line, sorted: compare
 * with diff.
 *
 * A shell with find and grep says the same, and takes seconds where each program starts slowly; a
 * test asks for it after each machine, and again until the host is as it was.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acl.h"

#define PCI "/sys/bus/pci/devices/*/"
#define CGROUPS "/sys/fs/cgroup"

static FILE *out;

#define TEXT_SIZE 65536

/* What a small file of the kernel's holds; the empty string where it cannot be read. */
static void content(const char *path, char text[TEXT_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_SIZE - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
}

/* As grep -H '' does. */
static void print_lines(const char *path)
{
	static char whole[TEXT_SIZE];
	const char *text = whole;

	content(path, whole);
	while (*text) {
		size_t len = strcspn(text, "\n");

		fprintf(out, "%s:%.*s\n", path, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_link(const char *path)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n > 0)
		fprintf(out, "%s -> %.*s\n", path, (int)n, target);
}

/* The modules that are loaded, not those that are part of the kernel. */
static void print_module(const char *path)
{
	fprintf(out, "module %.*s\n", (int)(strrchr(path, '/') - path), path);
}

/* Interrupts that may not go everywhere, by who handles them: a driver that comes back may get
 * other numbers. */
static void print_irq(const char *path)
{
	static char all[TEXT_SIZE], list[TEXT_SIZE];
	char name[4096];
	struct dirent *entry;
	DIR *dir;

	content("/sys/devices/system/cpu/online", all);
	content(path, list);
	if (strcmp(all, list) == 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(strrchr(path, '/') - path), path);
	dir = opendir(name);
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			fprintf(out, "irq %s: %s", entry->d_name, list);
	if (dir)
		closedir(dir);
}

static void each(const char *pattern, void (*print)(const char *path))
{
	glob_t found;

	if (glob(pattern, GLOB_BRACE, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		print(found.gl_pathv[i]);
	globfree(&found);
}

static int group(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + at->base;

	(void)st;
	if (type == FTW_D && at->level)
		fprintf(out, "%s\n", path);
	if (type == FTW_F &&
	    (strncmp(name, "cpuset.cpus", 11) == 0 || strcmp(name, "cgroup.subtree_control") == 0))
		print_lines(path);
	return 0;
}

static int node(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	print_node(out, path);
	return 0;
}

static int run_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type, (void)at;
	fprintf(out, "run %06o %u:%u %s\n", st->st_mode, st->st_uid, st->st_gid, path);
	return 0;
}

static void print_nodes(const char *path)
{
	nftw(path, node, 16, FTW_PHYS);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_sorted(char *text)
{
	char **line = NULL;
	size_t n = 0;

	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		line = realloc(line, (n + 1) * sizeof(*line));
		if (!line)
			err(1, "memory");
		line[n++] = at;
	}
	qsort(line, n, sizeof(*line), compare);
	for (size_t i = 0; i < n; i++)
		puts(line[i]);
	free(line);
}

int main(void)
{
	char *text = NULL;
	size_t len;

	out = open_memstream(&text, &len);
	if (!out)
		err(1, "memory");
	each(PCI "driver", print_link);
	each(PCI
	     "{driver_override,power/control,d3cold_allowed,reset_method,sriov_numvfs,sriov_drivers_autoprobe}",
	     print_lines);
	each("/sys{/kernel/mm,/devices/system/node/node*}/hugepages/*/nr_hugepages", print_lines);
	nftw(CGROUPS, group, 16, FTW_PHYS);
	each("/proc/irq/*/smp_affinity_list", print_irq);
	each("/proc/irq/default_smp_affinity", print_lines);
	each("/sys/devices/system/cpu/cpufreq/policy*/{scaling_governor,energy_performance_preference}",
	     print_lines);
	each("/dev/{vfio,kvm,snd,dri,input,nvidia*}", print_nodes);
	nftw("/run/vmlaunch", run_file, 16, FTW_PHYS);
	nftw("/run/user/1000", run_file, 16, FTW_PHYS);
	each("/sys/class/net/*/{address,mtu}", print_lines);
	each("/sys/class/net/*/master", print_link);
	each("/sys/module/*/initstate", print_module);
	fclose(out);
	print_sorted(text);
	free(text);
	return 0;
}
