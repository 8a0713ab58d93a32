#include "distribution.h"

#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "own.h"
#include "text.h"

static const struct {
	const char *word;
	enum distribution distribution;
} WORD[] = {
	{"debian", DISTRIBUTION_DEBIAN},      {"ubuntu", DISTRIBUTION_DEBIAN},
	{"fedora", DISTRIBUTION_FEDORA},      {"rhel", DISTRIBUTION_FEDORA},
	{"centos", DISTRIBUTION_FEDORA},      {"arch", DISTRIBUTION_ARCH},
	{"archlinux", DISTRIBUTION_ARCH},     {"suse", DISTRIBUTION_SUSE},
	{"opensuse", DISTRIBUTION_SUSE},      {"opensuse-tumbleweed", DISTRIBUTION_SUSE},
	{"opensuse-leap", DISTRIBUTION_SUSE}, {"gentoo", DISTRIBUTION_GENTOO},
	{"nixos", DISTRIBUTION_NIXOS},
};

static const struct {
	const char *name;    /* for a list */
	const char *install; /* what is typed before a package's name */
} DISTRIBUTION[DISTRIBUTIONS] = {
	[DISTRIBUTION_DEBIAN] = {"Debian and Ubuntu", "sudo apt install"},
	[DISTRIBUTION_FEDORA] = {"Fedora", "sudo dnf install"},
	[DISTRIBUTION_ARCH] = {"Arch", "sudo pacman -S"},
	[DISTRIBUTION_SUSE] = {"openSUSE", "sudo zypper install"},
	[DISTRIBUTION_GENTOO] = {"Gentoo", "sudo emerge"},
	[DISTRIBUTION_NIXOS] = {"NixOS", NULL},
};

/* The names of packages; behind "=" the whole of what is to be done. NULL: there is none. */
static const struct {
	const char *what; /* that is installed */
	const char *name[DISTRIBUTIONS];
	const char *elsewhere; /* how it comes where it is no package */
} PACKAGE[] = {
	[PACKAGE_QEMU] = {"QEMU",
			  {[DISTRIBUTION_DEBIAN] = "qemu-system-x86",
			   [DISTRIBUTION_FEDORA] = "qemu-system-x86",
			   [DISTRIBUTION_ARCH] = "qemu-desktop",
			   [DISTRIBUTION_SUSE] = "qemu-x86",
			   [DISTRIBUTION_GENTOO] = "app-emulation/qemu",
			   [DISTRIBUTION_NIXOS] = "qemu"},
			  NULL},
	[PACKAGE_QEMU_IMG] = {"qemu-img",
			      {[DISTRIBUTION_DEBIAN] = "qemu-utils",
			       [DISTRIBUTION_FEDORA] = "qemu-img",
			       [DISTRIBUTION_ARCH] = "qemu-img",
			       [DISTRIBUTION_SUSE] = "qemu-img",
			       [DISTRIBUTION_GENTOO] = "app-emulation/qemu",
			       [DISTRIBUTION_NIXOS] = "qemu"},
			      NULL},
	[PACKAGE_FIRMWARE] = {"OVMF, the guests' UEFI firmware",
			      {[DISTRIBUTION_DEBIAN] = "ovmf",
			       [DISTRIBUTION_FEDORA] = "edk2-ovmf",
			       [DISTRIBUTION_ARCH] = "edk2-ovmf",
			       [DISTRIBUTION_SUSE] = "qemu-ovmf-x86_64",
			       [DISTRIBUTION_GENTOO] = "sys-firmware/edk2",
			       [DISTRIBUTION_NIXOS] = "OVMF"},
			      NULL},
	[PACKAGE_SPICE] = {"QEMU's part for it",
			   {[DISTRIBUTION_DEBIAN] = "qemu-system-modules-spice",
			    [DISTRIBUTION_FEDORA] =
				    "qemu-ui-spice-core qemu-audio-spice qemu-char-spice",
			    [DISTRIBUTION_ARCH] = "qemu-desktop",
			    [DISTRIBUTION_SUSE] = "qemu-spice",
			    [DISTRIBUTION_GENTOO] = "=USE=spice for app-emulation/qemu",
			    [DISTRIBUTION_NIXOS] = "qemu"},
			   NULL},
	[PACKAGE_VIRT_VIEWER] = {"remote-viewer",
				 {[DISTRIBUTION_DEBIAN] = "virt-viewer",
				  [DISTRIBUTION_FEDORA] = "virt-viewer",
				  [DISTRIBUTION_ARCH] = "virt-viewer",
				  [DISTRIBUTION_SUSE] = "virt-viewer",
				  [DISTRIBUTION_GENTOO] = "app-emulation/virt-viewer",
				  [DISTRIBUTION_NIXOS] = "virt-viewer"},
				 NULL},
	[PACKAGE_LOOKING_GLASS] = {"Looking Glass' client",
				   {[DISTRIBUTION_ARCH] = "=looking-glass from the AUR",
				    [DISTRIBUTION_NIXOS] = "looking-glass-client"},
				   "built from its source: https://looking-glass.io/docs"},
	[PACKAGE_FREERDP] = {"xfreerdp",
			     {[DISTRIBUTION_DEBIAN] = "freerdp3-x11",
			      [DISTRIBUTION_FEDORA] = "freerdp",
			      [DISTRIBUTION_ARCH] = "freerdp",
			      [DISTRIBUTION_SUSE] = "freerdp",
			      [DISTRIBUTION_GENTOO] = "net-misc/freerdp",
			      [DISTRIBUTION_NIXOS] = "freerdp"},
			     NULL},
	[PACKAGE_PKEXEC] = {"pkexec",
			    {[DISTRIBUTION_DEBIAN] = "pkexec",
			     [DISTRIBUTION_FEDORA] = "polkit",
			     [DISTRIBUTION_ARCH] = "polkit",
			     [DISTRIBUTION_SUSE] = "/usr/bin/pkexec",
			     [DISTRIBUTION_GENTOO] = "sys-auth/polkit",
			     [DISTRIBUTION_NIXOS] = "=security.polkit.enable = true"},
			    NULL},
	[PACKAGE_PCI_IDS] = {"pci.ids",
			     {[DISTRIBUTION_DEBIAN] = "pci.ids",
			      [DISTRIBUTION_FEDORA] = "hwdata",
			      [DISTRIBUTION_ARCH] = "hwdata",
			      [DISTRIBUTION_SUSE] = "hwdata",
			      [DISTRIBUTION_GENTOO] = "sys-apps/hwdata",
			      [DISTRIBUTION_NIXOS] = "hwdata"},
			     NULL},
	[PACKAGE_SWTPM] = {"swtpm",
			   {[DISTRIBUTION_DEBIAN] = "swtpm swtpm-tools",
			    [DISTRIBUTION_FEDORA] = "swtpm swtpm-tools",
			    [DISTRIBUTION_ARCH] = "swtpm",
			    [DISTRIBUTION_SUSE] = "swtpm",
			    [DISTRIBUTION_GENTOO] = "app-crypt/swtpm",
			    [DISTRIBUTION_NIXOS] = "swtpm"},
			   NULL},
	[PACKAGE_VIRTIOFSD] = {"virtiofsd",
			       {[DISTRIBUTION_DEBIAN] = "virtiofsd",
				[DISTRIBUTION_FEDORA] = "virtiofsd",
				[DISTRIBUTION_ARCH] = "virtiofsd",
				[DISTRIBUTION_SUSE] = "virtiofsd",
				[DISTRIBUTION_GENTOO] = "app-emulation/virtiofsd",
				[DISTRIBUTION_NIXOS] = "virtiofsd"},
			       NULL},
	[PACKAGE_PASST] = {"passt",
			   {[DISTRIBUTION_DEBIAN] = "passt",
			    [DISTRIBUTION_FEDORA] = "passt",
			    [DISTRIBUTION_ARCH] = "passt",
			    [DISTRIBUTION_SUSE] = "passt",
			    [DISTRIBUTION_GENTOO] = "net-misc/passt",
			    [DISTRIBUTION_NIXOS] = "passt"},
			   NULL},
	[PACKAGE_MTOOLS] = {"mtools",
			    {[DISTRIBUTION_DEBIAN] = "mtools",
			     [DISTRIBUTION_FEDORA] = "mtools",
			     [DISTRIBUTION_ARCH] = "mtools",
			     [DISTRIBUTION_SUSE] = "mtools",
			     [DISTRIBUTION_GENTOO] = "sys-fs/mtools",
			     [DISTRIBUTION_NIXOS] = "mtools"},
			    NULL},
	[PACKAGE_QEMU_GTK] = {"QEMU's part for it",
			      {[DISTRIBUTION_DEBIAN] = "qemu-system-gui",
			       [DISTRIBUTION_FEDORA] = "qemu-ui-gtk",
			       [DISTRIBUTION_ARCH] = "qemu-ui-gtk",
			       [DISTRIBUTION_SUSE] = "qemu-ui-gtk",
			       [DISTRIBUTION_GENTOO] = "=USE=gtk for app-emulation/qemu",
			       [DISTRIBUTION_NIXOS] = "qemu"},
			      NULL},
	[PACKAGE_QEMU_SDL] = {"QEMU's part for it",
			      {[DISTRIBUTION_DEBIAN] = "qemu-system-gui",
			       [DISTRIBUTION_FEDORA] = "qemu-ui-sdl",
			       [DISTRIBUTION_ARCH] = "qemu-ui-sdl",
			       [DISTRIBUTION_SUSE] = "qemu-ui-sdl",
			       [DISTRIBUTION_GENTOO] = "=USE=sdl for app-emulation/qemu",
			       [DISTRIBUTION_NIXOS] = "qemu"},
			      NULL},
	[PACKAGE_QEMU_DBUS] = {"QEMU's part for it",
			       {[DISTRIBUTION_DEBIAN] = "qemu-system-modules-opengl",
				[DISTRIBUTION_FEDORA] = "qemu-ui-dbus qemu-audio-dbus",
				[DISTRIBUTION_ARCH] = "qemu-ui-dbus qemu-audio-dbus",
				[DISTRIBUTION_SUSE] = "qemu-ui-dbus qemu-audio-dbus",
				[DISTRIBUTION_GENTOO] = "=USE=dbus for app-emulation/qemu",
				[DISTRIBUTION_NIXOS] = "qemu"},
			       NULL},
	[PACKAGE_QEMU_EGL] = {"QEMU's part for it",
			      {[DISTRIBUTION_DEBIAN] = "qemu-system-modules-opengl",
			       [DISTRIBUTION_FEDORA] = "qemu-ui-egl-headless",
			       [DISTRIBUTION_ARCH] = "qemu-ui-egl-headless",
			       [DISTRIBUTION_SUSE] = "qemu-ui-opengl",
			       [DISTRIBUTION_GENTOO] = "=USE=opengl for app-emulation/qemu",
			       [DISTRIBUTION_NIXOS] = "qemu"},
			      NULL},
	[PACKAGE_QEMU_PIPEWIRE] = {"QEMU's part for it",
				   {[DISTRIBUTION_DEBIAN] = "qemu-system-gui",
				    [DISTRIBUTION_FEDORA] = "qemu-audio-pipewire",
				    [DISTRIBUTION_ARCH] = "qemu-audio-pipewire",
				    [DISTRIBUTION_SUSE] = "qemu-audio-pipewire",
				    [DISTRIBUTION_GENTOO] = "=USE=pipewire for app-emulation/qemu",
				    [DISTRIBUTION_NIXOS] = "qemu"},
				   NULL},
	[PACKAGE_QEMU_PULSE] = {"QEMU's part for it",
				{[DISTRIBUTION_DEBIAN] = "qemu-system-gui",
				 [DISTRIBUTION_FEDORA] = "qemu-audio-pa",
				 [DISTRIBUTION_ARCH] = "qemu-audio-pa",
				 [DISTRIBUTION_SUSE] = "qemu-audio-pa",
				 [DISTRIBUTION_GENTOO] = "=USE=pulseaudio for app-emulation/qemu",
				 [DISTRIBUTION_NIXOS] = "qemu"},
				NULL},
	[PACKAGE_QEMU_ALSA] = {"QEMU's part for it",
			       {[DISTRIBUTION_DEBIAN] = "qemu-system-common",
				[DISTRIBUTION_FEDORA] = "qemu-audio-alsa",
				[DISTRIBUTION_ARCH] = "qemu-audio-alsa",
				[DISTRIBUTION_SUSE] = "qemu-audio-alsa",
				[DISTRIBUTION_GENTOO] = "=USE=alsa for app-emulation/qemu",
				[DISTRIBUTION_NIXOS] = "qemu"},
			       NULL},
};
_Static_assert(ARRAY_SIZE(PACKAGE) == PACKAGES, "names for each package");

static enum distribution of_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORD); i++)
		if (strcmp(WORD[i].word, word) == 0)
			return WORD[i].distribution;
	return DISTRIBUTION_UNKNOWN;
}

/* The first word that is known of KEY="word word". */
static enum distribution of_key(const char *text, const char *key)
{
	enum distribution found = DISTRIBUTION_UNKNOWN;
	own_free char *all = xstrdup(text);
	char *rest = all, *line, *word;

	while ((line = strsep(&rest, "\n"))) {
		if (!text_starts(line, key))
			continue;
		line += strlen(key);
		while (!found && (word = strsep(&line, "\"' \t\r")))
			found = of_word(word);
	}
	return found;
}

enum distribution distribution_read(const struct root *root)
{
	own_free char *text = root_read(root, "/etc/os-release");
	enum distribution found;

	if (!text)
		text = root_read(root, "/usr/lib/os-release");
	if (!text)
		return DISTRIBUTION_UNKNOWN;
	found = of_key(text, "ID=");
	return found ? found : of_key(text, "ID_LIKE=");
}

/* All distributions with their names, those of the same name together. */
static void list_names(struct buf *out, enum package package)
{
	const char *const *name = PACKAGE[package].name;
	bool first = true;

	for (size_t i = 1; i < DISTRIBUTIONS; i++) {
		bool told = !name[i];

		for (size_t before = 1; before < i && !told; before++)
			told = name[before] && strcmp(name[before], name[i]) == 0;
		if (told)
			continue;
		buf_addf(out, "%s%s on %s", first ? "" : "; ", name[i] + (*name[i] == '='),
			 DISTRIBUTION[i].name);
		for (size_t same = i + 1; same < DISTRIBUTIONS; same++)
			if (name[same] && strcmp(name[same], name[i]) == 0)
				buf_addf(out, ", %s", DISTRIBUTION[same].name);
		first = false;
	}
	if (PACKAGE[package].elsewhere)
		buf_addf(out, "; else %s", PACKAGE[package].elsewhere);
}

char *distribution_install(enum distribution distribution, enum package package)
{
	const char *name = PACKAGE[package].name[distribution];
	struct buf out = {0};

	buf_addf(&out, "install %s (", PACKAGE[package].what);
	if (distribution == DISTRIBUTION_UNKNOWN)
		list_names(&out, package);
	else if (!name)
		buf_adds(&out, PACKAGE[package].elsewhere);
	else if (*name == '=')
		buf_adds(&out, name + 1);
	else if (DISTRIBUTION[distribution].install)
		buf_addf(&out, "%s %s", DISTRIBUTION[distribution].install, name);
	else
		buf_addf(&out, "pkgs.%s in environment.systemPackages", name);
	buf_adds(&out, ")");
	return buf_steal(&out);
}
