#include "setup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/program.h"
#include "base/text.h"

#define POLKIT_ACTION "org.vmlaunch.policy" /* what 'make install' installs */
#define INTERRUPTS_LIMIT (8U << 20) /* bytes: a line for each vector, a column for each CPU */
#define SECURE_BOOT_VARIABLE \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* ------------------------------------------------------------------ the kernel */

static char *read_some(const struct root *root, const char *path, size_t limit, size_t *len)
{
	own_fd int fd = root_open(root, path, O_RDONLY);

	return fd < 0 ? NULL : fd_read_all(fd, limit, len);
}

/* The chips' names of remapped interrupts begin with IR- (drivers/iommu/intel/irq_remapping.c and
 * amd/iommu.c in the kernel).
 */
static enum answer read_remapping(const struct root *root)
{
	own_free char *text = read_some(root, "/proc/interrupts", INTERRUPTS_LIMIT, NULL);

	if (!text || !*text)
		return ANSWER_UNKNOWN;
	return strstr(text, " IR-") ? ANSWER_YES : ANSWER_NO;
}

/* Documentation/ABI/testing/sysfs-bus-thunderbolt */
static enum answer read_protection(const struct root *root)
{
	unsigned long long on;

	if (!root_number(root, &on, "/sys/bus/thunderbolt/devices/domain0/iommu_dma_protection"))
		return ANSWER_UNKNOWN;
	return on ? ANSWER_YES : ANSWER_NO;
}

/* UEFI 2.10, 3.3: one byte, behind the four of attributes that efivarfs puts in front. */
static enum answer read_secure_boot(const struct root *root)
{
	size_t len = 0;
	own_free char *raw = read_some(root, SECURE_BOOT_VARIABLE, 64, &len);

	if (raw && len == 5)
		return raw[4] ? ANSWER_YES : ANSWER_NO;
	/* Without UEFI there is none. */
	if (root_exists(root, "/sys/firmware/acpi") && !root_exists(root, "/sys/firmware/efi"))
		return ANSWER_NO;
	return ANSWER_UNKNOWN;
}

/* In /proc/self/limits, which a recorded tree has as well. */
static void read_memlock(struct setup_facts *setup, const struct root *root)
{
	static const char name[] = "Max locked memory";
	own_free char *text = root_read(root, "/proc/self/limits");
	const char *line = text ? strstr(text, name) : NULL;
	char *end;

	if (!line)
		return;
	line += sizeof(name) - 1;
	line += strspn(line, " ");
	setup->memlock = text_starts(line, "unlimited") ? UINT64_MAX : strtoull(line, &end, 10);
	setup->has_memlock = true;
}

#define HUGE_ORDER 9 /* 2 MiB are so many doublings of a page */

/* Each line: "Node 0, zone   Normal" and how many free pieces there are of each order. */
static void read_reach(struct setup_facts *setup, const struct root *root)
{
	own_free char *text = root_read(root, "/proc/buddyinfo");
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *at = strstr(line, "zone"), *end;

		if (!at)
			continue;
		at += strlen("zone");
		at += strspn(at, " ");
		at += strcspn(at, " ");
		setup->has_reach = true;
		for (unsigned order = 0; order < 32; order++) {
			unsigned long pieces = strtoul(at, &end, 10);

			if (end == at)
				break;
			if (order >= HUGE_ORDER)
				setup->reach += (uint64_t)pieces << (12 + order);
			at = end;
		}
	}
}

/* ------------------------------------------------------------------ the laptop */

/* ASUS' switch: 0 is the discrete GPU (Documentation/ABI/testing/sysfs-platform-asus-wmi; since
 * Linux 6.16 as a firmware attribute).
 */
static void read_mux(struct setup_facts *setup, const struct root *root)
{
	static const char *const mux[] = {
		"/sys/class/firmware-attributes/asus-armoury/attributes/gpu_mux_mode/current_value",
		"/sys/devices/platform/asus-nb-wmi/gpu_mux_mode",
	};
	static const char *const off[] = {
		"/sys/class/firmware-attributes/asus-armoury/attributes/dgpu_disable/current_value",
		"/sys/devices/platform/asus-nb-wmi/dgpu_disable",
	};
	unsigned long long value;

	for (size_t i = 0; i < ARRAY_SIZE(mux) && !setup->mux; i++)
		if (root_number(root, &value, "%s", mux[i])) {
			setup->mux = value ? MUX_HYBRID : MUX_DISCRETE;
			setup->mux_file = xstrdup(mux[i]);
		}
	for (size_t i = 0; i < ARRAY_SIZE(off) && !setup->gpu_off_file; i++)
		if (root_number(root, &value, "%s", off[i])) {
			setup->gpu_off = value;
			setup->gpu_off_file = xstrdup(off[i]);
		}
}

/* "mode": "Hybrid" */
static char *read_supergfxd(const struct root *root)
{
	own_free char *text = root_read(root, "/etc/supergfxd.conf");
	const char *at = text ? strstr(text, "\"mode\"") : NULL;
	size_t len;

	if (!at)
		return NULL;
	at += strlen("\"mode\"");
	at += strspn(at, " \t:");
	if (*at != '"')
		return NULL;
	len = strcspn(++at, "\"\n");
	return len && len < 32 ? xstrndup(at, len) : NULL;
}

/* ------------------------------------------------------------------ kvmfr */

/* A file of rules that gives kvmfr's device to whoever sits at the computer: the tag uaccess is
 * looked at by 73-seat-late.rules, so it has to be there before (systemd's source).
 */
static void look_into_rules(struct setup_facts *setup, const struct root *root, const char *dir,
			    const char *name)
{
	own_free char *text = root_read(root, "%s/%s", dir, name);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (line[strspn(line, " \t")] == '#' || !strstr(line, "kvmfr") ||
		    !strstr(line, "uaccess"))
			continue;
		free(setup->kvmfr_rule);
		setup->kvmfr_rule = xasprintf("%s/%s", dir, name);
		setup->kvmfr_rule_late = strcmp(name, "73-seat-late.rules") > 0;
	}
}

static void read_kvmfr(struct setup_facts *setup, const struct root *root)
{
	setup->kvmfr = kmodule_look(root, "extra/kvmfr");
	setup->kvmfr_loaded = root_exists(root, "/sys/module/kvmfr");
	for (size_t i = 0; LAYOUT_UDEV[i]; i++) {
		size_t n;
		char **name = root_list(root, &n, "%s", LAYOUT_UDEV[i]);

		for (size_t k = 0; k < n; k++)
			if (!setup->kvmfr_rule && text_ends(name[k], ".rules"))
				look_into_rules(setup, root, LAYOUT_UDEV[i], name[k]);
		names_free(name, n);
	}
}

/* ------------------------------------------------------------------ programs */

static const char *const PROGRAM[] = {
	[SETUP_SUDO] = "sudo",
	[SETUP_PKEXEC] = "pkexec",
	[SETUP_QEMU_IMG] = "qemu-img",
	[SETUP_LOOKING_GLASS] = "looking-glass-client",
	[SETUP_REMOTE_VIEWER] = "remote-viewer",
	[SETUP_SWTPM] = "swtpm",
	[SETUP_VIRTIOFSD] = "virtiofsd",
	[SETUP_PASST] = "passt",
};
_Static_assert(ARRAY_SIZE(PROGRAM) == SETUP_PROGRAMS, "a name for each program");

const char *setup_program_name(enum setup_program program)
{
	return PROGRAM[program];
}

static char *find_in(const struct root *root, const char *const *dir, const char *name)
{
	for (size_t i = 0; dir[i]; i++)
		if (root_exists(root, "%s/%s", dir[i], name))
			return xasprintf("%s/%s", dir[i], name);
	return NULL;
}

static char *find_program(const struct root *root, enum setup_program program)
{
	static const char *const first[] = {LAYOUT_WRAPPERS, "/usr/local/bin", NULL};
	const char *name = PROGRAM[program];
	char *path = root_is_real(root) ? program_find(name) : NULL;

	path = path ? path : find_in(root, first, name);
	path = path ? path : find_in(root, LAYOUT_PROGRAMS, name);
	if (!path && program == SETUP_VIRTIOFSD)
		path = find_in(root, LAYOUT_HELPERS, name);
	return path;
}

/* ------------------------------------------------------------------ the session */

/* Names of processes, which the kernel cuts to 15 bytes. gnome-shell and cinnamon ask by
 * themselves.
 */
static const char *const AGENT[] = {
	"gnome-shell",	   "cinnamon",	 "polkit-kde-auth", "polkit-gnome-au", "polkit-mate-aut",
	"lxqt-policykit-", "lxpolkit",	 "xfce-polkit",	    "hyprpolkitagent", "mate-polkit",
	"pantheon-agent-", "cosmic-osd", "soteria",	    "ukui-polkit",     "dde-polkit-agen",
};
static const char *const DESKTOP[] = {
	"gnome-shell", "kwin_wayland", "kwin_x11", "Xorg", "Xwayland", "sway",	      "Hyprland",
	"labwc",       "river",	       "wayfire",  "niri", "i3",       "cosmic-comp",
};

static bool is_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

bool setup_is_session(const char *comm)
{
	return is_of(comm, DESKTOP, ARRAY_SIZE(DESKTOP)) || is_of(comm, AGENT, ARRAY_SIZE(AGENT));
}

/* What stands in parentheses in /proc/PID/stat; it may hold some itself. */
static char *process_name(const struct root *root, const char *pid)
{
	own_free char *stat = root_read(root, "/proc/%s/stat", pid);
	const char *open = stat ? strchr(stat, '(') : NULL;
	const char *close = open ? strrchr(open, ')') : NULL;

	return close ? xstrndup(open + 1, (size_t)(close - open - 1)) : NULL;
}

static void read_session(struct setup_facts *setup, const struct root *root)
{
	size_t n;
	char **name = root_list(root, &n, "/proc");

	for (size_t i = 0; i < n; i++) {
		own_free char *comm = NULL;
		uint64_t pid;

		if (!text_u64(name[i], 10, &pid))
			continue;
		comm = process_name(root, name[i]);
		if (!comm)
			continue;
		setup->desktop |= is_of(comm, DESKTOP, ARRAY_SIZE(DESKTOP));
		if (!setup->agent && is_of(comm, AGENT, ARRAY_SIZE(AGENT)))
			setup->agent = steal(&comm);
	}
	names_free(name, n);
}

/* ------------------------------------------------------------------ all of it */

void setup_collect(struct setup_facts *setup, const struct root *root,
		   enum distribution distribution)
{
	char *options = root_line(root, "/proc/cmdline");

	*setup = (struct setup_facts){
		.options = options ? options : xstrdup(""),
		.lsm = root_line(root, "/sys/kernel/security/lsm"),
		.loader = boot_loader_read(root, distribution),
		.remapping = read_remapping(root),
		.protection = read_protection(root),
		.secure_boot = read_secure_boot(root),
		.supergfxd = read_supergfxd(root),
		.polkit_action = find_in(root, LAYOUT_POLKIT, POLKIT_ACTION),
	};
	read_mux(setup, root);
	read_memlock(setup, root);
	read_reach(setup, root);
	read_kvmfr(setup, root);
	for (size_t i = 0; i < SETUP_PROGRAMS; i++)
		setup->program[i] = find_program(root, (enum setup_program)i);
	read_session(setup, root);
}

void setup_free(struct setup_facts *setup)
{
	free(setup->options);
	free(setup->lsm);
	free(setup->mux_file);
	free(setup->gpu_off_file);
	free(setup->supergfxd);
	free(setup->kvmfr_rule);
	for (size_t i = 0; i < SETUP_PROGRAMS; i++)
		free(setup->program[i]);
	free(setup->polkit_action);
	free(setup->agent);
	*setup = (struct setup_facts){0};
}
