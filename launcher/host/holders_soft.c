/* What the host would lose that no process holds: its console, its screens, its network. All from
 * attributes that the kernel keeps in memory; nothing here makes a driver look at its hardware.
 */
#include "holders.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"

static void add_soft(struct soft_holders *soft, enum soft_kind kind, const char *what)
{
	*xappend(soft->v, soft->n) = (struct soft_holder){kind, xstrdup(what)};
}

/* A connector is called CARD-NAME, and its card is the directory above. */
static void take_connector(struct soft_holders *soft, const struct root *root,
			   const struct pci_function *f, const char *card, const char *connector)
{
	own_free char *status = root_line(root, "%s/drm/%s/%s/status", f->path, card, connector);
	own_free char *enabled = root_line(root, "%s/drm/%s/%s/enabled", f->path, card, connector);
	const char *name = connector + strlen(card) + 1;

	if (enabled && strcmp(enabled, "enabled") == 0)
		add_soft(soft, SOFT_ENABLED, name);
	else if (status && strcmp(status, "connected") == 0)
		add_soft(soft, SOFT_CONNECTED, name);
}

static void take_card(struct soft_holders *soft, const struct root *root,
		      const struct pci_function *f, const char *card)
{
	size_t n, len = strlen(card);
	char **names = root_list(root, &n, "%s/drm/%s", f->path, card);

	for (size_t i = 0; i < n; i++)
		if (text_starts(names[i], card) && names[i][len] == '-' && names[i][len + 1])
			take_connector(soft, root, f, card, names[i]);
	names_free(names, n);
}

static void take_connectors(struct soft_holders *soft, const struct root *root,
			    const struct pci_function *f)
{
	size_t n;
	char **names = root_list(root, &n, "%s/drm", f->path);

	for (size_t i = 0; i < n; i++)
		if (text_starts(names[i], "card"))
			take_card(soft, root, f, names[i]);
	names_free(names, n);
}

/* Whether the kernel's console is drawn into frame buffers at all. */
static bool framebuffer_console(const struct root *root)
{
	size_t n;
	bool bound = false;
	char **names = root_list(root, &n, "/sys/class/vtconsole");

	for (size_t i = 0; i < n; i++) {
		own_free char *name = root_line(root, "/sys/class/vtconsole/%s/name", names[i]);
		own_free char *bind = root_line(root, "/sys/class/vtconsole/%s/bind", names[i]);

		bound |= name && strstr(name, "frame buffer") && bind && strcmp(bind, "1") == 0;
	}
	names_free(names, n);
	return bound;
}

/* A frame buffer that the firmware set up has no PCI device in sysfs before Linux 6.10; it lies on
 * the device with the boot screen.
 */
static bool is_firmware_framebuffer(const struct root *root, const char *fb)
{
	static const char *const names[] = {"EFI VGA", "VESA VGA", "simple", "simpledrmdrmfb",
					    "VGA16 VGA"};
	own_free char *name = root_line(root, "/sys/class/graphics/%s/name", fb);

	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool lies_on(const struct root *root, const struct pci_function *f, const char *fb)
{
	own_free char *link = root_readlink(root, "/sys/class/graphics/%s", fb);
	struct pci_address owner;

	if (link && pci_path_nearest(link, &owner))
		return pci_address_compare(&owner, &f->address) == 0;
	return f->boot_vga && is_firmware_framebuffer(root, fb);
}

/* The console is on the first frame buffer, unless a boot option maps it to others: then any of
 * this function's may have one.
 */
static void take_console(struct soft_holders *soft, const struct root *root,
			 const struct pci_function *f)
{
	own_free char *cmdline = root_line(root, "/proc/cmdline");
	bool mapped = cmdline && strstr(cmdline, "fbcon=map:"), first = true;
	size_t n;
	char **names = root_list(root, &n, "/sys/class/graphics");

	for (size_t i = 0; i < n; i++) {
		uint64_t number;

		if (!text_starts(names[i], "fb") || !text_u64(names[i] + 2, 10, &number))
			continue;
		if ((first || mapped) && lies_on(root, f, names[i]) && framebuffer_console(root))
			add_soft(soft, SOFT_CONSOLE, names[i]);
		first = false;
	}
	names_free(names, n);
}

static void take_network(struct soft_holders *soft, const struct root *root,
			 const struct pci_function *f)
{
	size_t n;
	char **names = root_list(root, &n, "/sys/class/net");

	for (size_t i = 0; i < n; i++) {
		own_free char *link = root_readlink(root, "/sys/class/net/%s", names[i]);
		own_free char *state = root_line(root, "/sys/class/net/%s/operstate", names[i]);

		if (link && pci_path_below(link, &f->address) && state && strcmp(state, "up") == 0)
			add_soft(soft, SOFT_NETWORK, names[i]);
	}
	names_free(names, n);
}

void soft_holders_of(struct soft_holders *soft, const struct root *root,
		     const struct pci_function *f)
{
	*soft = (struct soft_holders){0};
	if (pci_is_display(f)) {
		if (f->boot_vga)
			add_soft(soft, SOFT_BOOT_VGA, "");
		take_console(soft, root, f);
		take_connectors(soft, root, f);
	}
	if (!pci_is_bridge(f))
		take_network(soft, root, f);
}

void soft_holders_free(struct soft_holders *soft)
{
	for (size_t i = 0; i < soft->n; i++)
		free(soft->v[i].what);
	free(soft->v);
	*soft = (struct soft_holders){0};
}

#define OTHER_FIRST N_("make the other GPU the first one in the firmware setup")

static const struct {
	const char *word, *before, *after, *remedy;
} SOFT[] = {
	[SOFT_CONSOLE] = {"console", N_("the kernel's console is on "), "", OTHER_FIRST},
	[SOFT_BOOT_VGA] = {"boot-vga", N_("boot VGA"), "", OTHER_FIRST},
	[SOFT_ENABLED] = {"enabled", N_("connector "), N_(" shows a picture"),
			  N_("switch that screen off in the desktop's settings, or unplug it")},
	[SOFT_CONNECTED] = {"connected", N_("a screen is plugged into "), "", NULL},
	[SOFT_NETWORK] = {"network", N_("network interface "), N_(" is up"), NULL},
};
_Static_assert(ARRAY_SIZE(SOFT) == SOFT_KINDS, "each kind has words");

const char *soft_kind_word(enum soft_kind kind)
{
	return (unsigned)kind < SOFT_KINDS ? SOFT[kind].word : "?";
}

bool connector_is_built_in(const char *connector)
{
	return strstr(connector, "eDP-") || strstr(connector, "LVDS-") || strstr(connector, "DSI-");
}

const char *soft_remedy(const struct soft_holder *soft)
{
	if (soft->kind == SOFT_ENABLED && connector_is_built_in(soft->what))
		return N_(
			"this is the computer's own panel, which another GPU can have only where a MUX switches it (hybrid or discrete graphics, in the firmware setup or by the maker's tool)");
	return SOFT[soft->kind].remedy;
}

char *soft_holder_text(const struct soft_holder *soft)
{
	return xasprintf("%s%s%s", tongue(SOFT[soft->kind].before), soft->what,
			 tongue(SOFT[soft->kind].after));
}
