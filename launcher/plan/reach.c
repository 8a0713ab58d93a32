/* What QEMU may open of the file system (Landlock holds it to that): the files that its command
 * line names, what those stand on, the nodes of the devices that it is given, and what any program
 * reads of the system. Decided from the finished command line, whoever wrote an argument, so that
 * the profile's own arguments are heard like all others.
 *
 * Generous with what is the system's and read only; exact with what is the user's.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "compose.h"

static void add_reach(struct composer *c, enum reach_kind kind, char *path)
{
	*xappend(c->plan->reach, c->plan->reaches) = (struct reach){kind, path};
}

static void add_each(struct composer *c, enum reach_kind kind, const char *const *path)
{
	for (; *path; path++)
		add_reach(c, kind, xstrdup(*path));
}

/* ------------------------------------------------------------------ what an argument names */

/* Options whose files are only read, whatever they say. */
static const char *const READS[] = {
	"-acpitable", "-append",  "-bios",	 "-cdrom",  "-device",
	"-dtb",	      "-fw_cfg",  "-initrd",	 "-kernel", "-L",
	"-loadvm",    "-machine", "-option-rom", "-shim",   "-smbios",
};

static bool is_read(const char *option, const char *value)
{
	static const char *const word[] = {"read-only=on",     "readonly=on",
					   "read-only\":true", "read-only\": true",
					   "readonly\":true",  "readonly\": true"};

	for (size_t i = 0; i < ARRAY_SIZE(READS); i++)
		if (strcmp(option, READS[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (strstr(value, word[i]))
			return true;
	return false;
}

/* A path of an argument. A socket that QEMU listens on is made in its directory. */
static void add_path(struct composer *c, const char *option, const char *value, char *path)
{
	bool listens = strcmp(option, "-spice") == 0 || strcmp(option, "-vnc") == 0;

	if (text_starts(path, "/dev/fdset/")) {
		free(path);
		return;
	}
	if (listens && strstr(value, "unix")) {
		add_reach(c, REACH_SOCKETS, path_dir(path));
		free(path);
		return;
	}
	add_reach(c, is_read(option, value) ? REACH_READ : REACH_WRITE, path);
}

/* One piece between commas, whose doubled commas are single by now: PATH, key=PATH, or a path
 * behind a protocol (file:PATH, unix:PATH).
 */
static void take_piece(struct composer *c, const char *option, const char *value, const char *piece)
{
	const char *equals = strchr(piece, '='), *at = equals ? equals + 1 : piece;
	const char *protocol = strstr(at, ":/");

	if (*at == '/')
		add_path(c, option, value, xstrdup(at));
	else if (protocol && protocol[2] != '/')
		add_path(c, option, value, xstrdup(protocol + 1));
}

/* Each text that begins with a slash. */
static void take_json(struct composer *c, const char *option, const char *value)
{
	for (const char *at = strstr(value, "\"/"), *end; at;
	     at = end ? strstr(end + 1, "\"/") : NULL) {
		end = strchr(at + 1, '"');
		if (end)
			add_path(c, option, value, xstrndup(at + 1, (size_t)(end - at - 1)));
	}
}

static void take_value(struct composer *c, const char *option, const char *value)
{
	own_buf struct buf piece = {0};

	if (*value == '{') {
		take_json(c, option, value);
		return;
	}
	for (const char *at = value;; at++) {
		if (*at == ',' && at[1] == ',') {
			buf_addc(&piece, *at++);
			continue;
		}
		if (*at && *at != ',') {
			buf_addc(&piece, *at);
			continue;
		}
		if (piece.len)
			take_piece(c, option, value, piece.data);
		if (!*at)
			return;
		buf_free(&piece);
		piece = (struct buf){0};
	}
}

/* Ours have option and value together; of the profile's own each word stands alone. */
static void take_arguments(struct composer *c)
{
	const char *option = "";

	for (size_t i = 0; i < c->plan->arguments; i++) {
		const struct argument *a = &c->plan->argument[i];

		if (a->value)
			take_value(c, a->option, a->value);
		else if (*a->option == '-')
			option = a->option + (a->option[1] == '-');
		else
			take_value(c, option, a->option);
	}
}

static bool any_argument(const struct composer *c, const char *word)
{
	for (size_t i = 0; i < c->plan->arguments; i++) {
		const struct argument *a = &c->plan->argument[i];

		if (strstr(a->option, word) || (a->value && strstr(a->value, word)))
			return true;
	}
	return false;
}

/* Whether a value has this word as its kind: at its beginning, or as that of a key of it. */
static bool has_kind(const char *value, const char *word)
{
	for (const char *at = strstr(value, word); at; at = strstr(at + 1, word))
		if ((at == value || strchr(",=\"", at[-1])) && strchr(",\"", at[strlen(word)]))
			return true;
	return false;
}

/* What leads to the desktop: a display or its sound, by whomever it is asked for. */
static bool shows_window(const struct composer *c)
{
	static const char *const kind[] = {"gtk", "sdl", "dbus"};
	const char *option = "";
	bool shows = false;

	for (size_t i = 0; i < c->plan->arguments; i++) {
		const struct argument *a = &c->plan->argument[i];
		const char *value = a->value ? a->value : *a->option == '-' ? NULL : a->option;

		if (value != a->option)
			option = a->option + (text_starts(a->option, "--") ? 1 : 0);
		if (value && (strcmp(option, "-display") == 0 || strcmp(option, "-audiodev") == 0))
			for (size_t j = 0; j < ARRAY_SIZE(kind); j++)
				shows = shows || has_kind(value, kind[j]);
	}
	return shows;
}

/* ------------------------------------------------------------------ what it stands on */

static void take_images(struct composer *c)
{
	for (size_t i = 0; i < c->in->images; i++) {
		for (const struct image *image = c->in->image[i]; image; image = image->backing) {
			if (image->path)
				add_reach(c, REACH_READ, xstrdup(image->path));
			if (image->qcow2.data.path)
				add_reach(c, REACH_WRITE, xstrdup(image->qcow2.data.path));
		}
	}
}

/* The binary, and where it, its libraries and its files are when that is not the system. */
static void take_program(struct composer *c)
{
	static const char *const system[] = {"/usr",  "/lib",	    "/lib64",	  "/lib32", "/bin",
					     "/sbin", "/nix/store", "/gnu/store", NULL};
	static const char *const beside[] = {"lib", "lib64", "libexec", NULL};
	const struct qemu_facts *qemu = &c->facts->qemu;
	own_free char *dir = path_dir(qemu->path), *prefix = path_dir(dir);

	add_each(c, REACH_PROGRAM, system);
	add_reach(c, REACH_PROGRAM, xstrdup(qemu->path));
	add_reach(c, REACH_READ, xstrdup(dir));
	for (size_t i = 0; beside[i]; i++)
		add_reach(c, REACH_READ, path_join(prefix, beside[i]));
	for (size_t i = 0; i < qemu->data_dirs.n; i++)
		add_reach(c, REACH_READ, xstrdup(qemu->data_dirs.name[i]));
}

/* What programs read of the system, and nodes that are everybody's. Of other processes /proc tells
 * what anybody may know: the rest needs the right to trace them, which is gone too.
 */
static void take_system(struct composer *c)
{
	static const char *const read[] = {"/etc",
					   "/proc",
					   "/sys",
					   "/run/NetworkManager", /* resolv.conf */
					   "/run/opengl-driver",  /* NixOS */
					   "/run/qemu", /* modules of a QEMU that was upgraded */
					   "/run/resolvconf",
					   "/run/systemd/resolve",
					   "/run/udev",
					   NULL};
	static const char *const write[] = {
		"/dev/full", "/dev/null",  "/dev/random", "/dev/urandom",
		"/dev/zero", "/proc/self", NULL};

	add_each(c, REACH_READ, read);
	add_each(c, REACH_WRITE, write);
}

/* Nodes and files by what the command line asks for. */
static void take_devices(struct composer *c)
{
	static const struct {
		const char *word; /* of an argument */
		const char *path[8];
		enum reach_kind kind;
	} row[] = {
		{"kvm", {"/dev/kvm"}, REACH_WRITE},
		{"vfio-", {"/dev/vfio", "/dev/iommu"}, REACH_WRITE},
		{"vhost", {"/dev/vhost-net", "/dev/vhost-vsock", "/dev/vhost-scsi"}, REACH_WRITE},
		{"tap,", {"/dev/net/tun"}, REACH_WRITE},
		{"pty", {"/dev/ptmx", "/dev/pts"}, REACH_WRITE},
		/* One may be plugged in at any time, and has a node of its own then. */
		{"usb-host", {"/dev/bus/usb"}, REACH_WRITE},
		{"xhci", {"/dev/bus/usb"}, REACH_WRITE},
		{"snapshot", {"/tmp", "/var/tmp"}, REACH_WRITE},
		{"alsa", {"/dev/snd"}, REACH_WRITE},
		{"alsa", {"~/.asoundrc", "/run/alsa", "/var/lib/alsa"}, REACH_READ},
		{"pa,", {"/dev/shm"}, REACH_WRITE},
		{"pa,", {"~/.config/pulse", "~/.pulse-cookie", "/run/user"}, REACH_READ},
		{"pipewire", {"~/.config/pipewire", "/run/user"}, REACH_READ},
		{"jack", {"/dev/shm"}, REACH_WRITE},
	};
	static const char *const gl[] = {"gl=on",	  "gl=es",	"gl=core",
					 "egl-headless",  "rendernode", "virtio-vga-gl",
					 "virtio-gpu-gl", NULL};
	static const char *const pictures[] = {"/dev/dri",
					       "/dev/udmabuf",
					       "/dev/nvidiactl",
					       "/dev/nvidia0",
					       "/dev/nvidia1",
					       "/dev/nvidia-modeset",
					       "~/.cache/mesa_shader_cache",
					       NULL};
	bool draws = c->plan->has_window;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		for (size_t j = 0; any_argument(c, row[i].word) && row[i].path[j]; j++)
			add_reach(c, row[i].kind, xstrdup(row[i].path[j]));
	for (size_t i = 0; gl[i]; i++)
		draws = draws || any_argument(c, gl[i]);
	if (draws)
		add_each(c, REACH_WRITE, pictures);
}

/* A window is on the user's desktop, whoever asks for it. */
static void take_window(struct composer *c)
{
	static const char *const desktop[] = {"~/.Xauthority",
					      "~/.config/dconf",
					      "~/.config/fontconfig",
					      "~/.config/gtk-3.0",
					      "~/.fonts",
					      "~/.icons",
					      "~/.local/share/fonts",
					      "~/.local/share/icons",
					      "~/.local/share/themes",
					      "~/.themes",
					      "~/.cache/fontconfig",
					      "/tmp/.X11-unix",
					      "/tmp/.ICE-unix",
					      "/run/user",
					      "/var/cache/fontconfig",
					      NULL};

	if (c->plan->has_window)
		add_each(c, REACH_READ, desktop);
}

void compose_reach(struct composer *c)
{
	const struct strings *more = &c->p->qemu.may_open;

	take_program(c);
	take_system(c);
	take_arguments(c);
	take_images(c);
	c->plan->has_window = shows_window(c);
	take_devices(c);
	take_window(c);
	/* `vmlaunch screenshot` has QEMU write there. */
	add_reach(c, REACH_WRITE, path_join(c->plan->runtime_dir, SCREENSHOT_FILE));
	for (size_t i = 0; i < more->n; i++)
		add_reach(c, REACH_ALL, xstrdup(more->v[i]));
}
