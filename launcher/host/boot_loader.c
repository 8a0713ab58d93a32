/* Sources: uapi-group.org, Boot Loader Interface (LoaderInfo, StubInfo); the loaders' own manuals:
 * GRUB ("Simple configuration"), kernel-install(8), bootctl(1), mkinitcpio(8), dracut(8),
 * grubby(8), limine's CONFIG.md and limine-entry-tool's README; nixpkgs, boot.kernelParams.
 */
#include "boot_loader.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define EFIVARS "/sys/firmware/efi/efivars"
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-486feadeed4e"
#define VARIABLE_LIMIT 4096

static const char *const LOADER[] = {
	[BOOT_UNKNOWN] = "unknown", [BOOT_GRUB] = "grub",     [BOOT_SYSTEMD] = "systemd-boot",
	[BOOT_UKI] = "uki",	    [BOOT_LIMINE] = "limine", [BOOT_NIXOS] = "nixos",
};
_Static_assert(ARRAY_SIZE(LOADER) == BOOT_LOADERS, "words for each loader");

const char *boot_loader_word(enum boot_loader loader)
{
	return LOADER[loader];
}

/* A variable's text, behind 4 bytes of attributes in UTF-16, of which only ASCII matters here. */
static char *loader_variable(const struct root *root, const char *name)
{
	own_free char *path = xasprintf(EFIVARS "/%s-" LOADER_GUID, name), *raw = NULL;
	own_fd int fd = root_open(root, path, O_RDONLY);
	size_t len = 0, n = 0;
	char *text;

	raw = fd < 0 ? NULL : fd_read_all(fd, VARIABLE_LIMIT, &len);
	if (!raw || len < 6)
		return NULL;
	text = xmalloc(len);
	for (size_t i = 4; i + 1 < len && (raw[i] || raw[i + 1]); i += 2)
		text[n++] = raw[i + 1] ? '?' : raw[i];
	text[n] = '\0';
	return text;
}

static enum boot_loader of_variables(const struct root *root)
{
	own_free char *stub = loader_variable(root, "StubInfo");
	own_free char *info = loader_variable(root, "LoaderInfo");

	if (stub)
		return BOOT_UKI;
	if (!info)
		return BOOT_UNKNOWN;
	return strcasestr(info, "grub")		  ? BOOT_GRUB
	       : strcasestr(info, "limine")	  ? BOOT_LIMINE
	       : strcasestr(info, "systemd-boot") ? BOOT_SYSTEMD
						  : BOOT_UNKNOWN;
}

/* GRUB puts the kernel's file in front, systemd-boot the initrd's with backslashes. */
static enum boot_loader of_options(const struct root *root)
{
	own_free char *options = root_line(root, "/proc/cmdline");

	if (!options)
		return BOOT_UNKNOWN;
	return text_starts(options, "BOOT_IMAGE=") ? BOOT_GRUB
	       : strstr(options, "initrd=\\")	   ? BOOT_SYSTEMD
						   : BOOT_UNKNOWN;
}

static enum boot_loader of_files(const struct root *root)
{
	static const struct {
		const char *path;
		enum boot_loader loader;
	} FILE_OF[] = {
		{"/etc/default/limine", BOOT_LIMINE},
		{"/boot/limine.conf", BOOT_LIMINE},
		{"/boot/limine/limine.conf", BOOT_LIMINE},
		{"/etc/default/grub", BOOT_GRUB},
		{"/boot/loader/loader.conf", BOOT_SYSTEMD},
		{"/efi/loader/loader.conf", BOOT_SYSTEMD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(FILE_OF); i++)
		if (root_exists(root, "%s", FILE_OF[i].path))
			return FILE_OF[i].loader;
	return BOOT_UNKNOWN;
}

enum boot_loader boot_loader_read(const struct root *root, enum distribution distribution)
{
	enum boot_loader loader = BOOT_NIXOS;

	if (distribution == DISTRIBUTION_NIXOS)
		return loader;
	loader = of_variables(root);
	loader = loader ? loader : of_options(root);
	return loader ? loader : of_files(root);
}

/* Where options stand, and what makes them the next start's. */
static const char *grub_place(enum distribution distribution, const char **run)
{
	static const char place[] = "GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub";

	*run = distribution == DISTRIBUTION_DEBIAN ? "sudo update-grub"
	       : distribution == DISTRIBUTION_SUSE || distribution == DISTRIBUTION_FEDORA
		       ? "sudo grub2-mkconfig -o /boot/grub2/grub.cfg"
		       : "sudo grub-mkconfig -o /boot/grub/grub.cfg";
	return place;
}

static const char *option_place(enum boot_loader loader, enum distribution distribution,
				const char **run)
{
	bool arch = distribution == DISTRIBUTION_ARCH;

	*run = NULL;
	switch (loader) {
	case BOOT_GRUB:
		return grub_place(distribution, run);
	case BOOT_SYSTEMD:
		if (arch || distribution == DISTRIBUTION_UNKNOWN)
			return "the line 'options' of the entry in /boot/loader/entries ('bootctl list' names its file)";
		*run = distribution == DISTRIBUTION_SUSE ? "sudo sdbootutil update-all-entries"
							 : "sudo kernel-install add-all";
		return "/etc/kernel/cmdline";
	case BOOT_UKI:
		*run = arch ? "sudo mkinitcpio -P" : "sudo kernel-install add-all";
		return "/etc/kernel/cmdline";
	case BOOT_LIMINE:
		if (arch) {
			*run = "sudo limine-update";
			return "KERNEL_CMDLINE[default] in /etc/default/limine (without limine-entry-tool: the line 'cmdline' in limine.conf)";
		}
		return "the line 'cmdline' of the entry in limine.conf";
	case BOOT_NIXOS:
		*run = "sudo nixos-rebuild boot";
		return "boot.kernelParams in the system's configuration";
	case BOOT_UNKNOWN:
	case BOOT_LOADERS:
		break;
	}
	return "the kernel's options, where the boot loader has them";
}

static char *loader_change(const char *verb, const char *to, enum boot_loader loader,
			   enum distribution distribution, const char *option)
{
	const char *run, *place = option_place(loader, distribution, &run);
	const char *quote = loader == BOOT_NIXOS ? "\"" : "";

	/* Fedora's entries are not made anew by GRUB's configuration. */
	if (loader == BOOT_GRUB && distribution == DISTRIBUTION_FEDORA)
		return xasprintf("'sudo grubby --update-kernel=ALL --%s=%s', and restart",
				 strcmp(verb, "add") == 0 ? "args" : "remove-args", option);
	return xasprintf("%s %s%s%s %s %s%s%s%s, and restart", verb, quote, option, quote, to,
			 place, run ? ", then '" : "", run ? run : "", run ? "'" : "");
}

char *boot_option_add(enum boot_loader loader, enum distribution distribution, const char *option)
{
	return loader_change("add", "to", loader, distribution, option);
}

char *boot_option_remove(enum boot_loader loader, enum distribution distribution,
			 const char *option)
{
	return loader_change("take", "out of", loader, distribution, option);
}
