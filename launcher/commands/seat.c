#include "seat.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"
#include "base/text.h"

/* A name that is there and empty says that there is none. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* A socket, by a path of its own or by its name in the user's runtime directory. */
static bool has_socket(const char *dir, const char *name)
{
	own_free char *path = *name == '/' ? xstrdup(name) : dir ? path_join(dir, name) : NULL;
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Where PipeWire's library looks: PIPEWIRE_REMOTE, which may be a list or a way that only it knows,
 * in PIPEWIRE_RUNTIME_DIR or XDG_RUNTIME_DIR (its man page pipewire(1)).
 */
static bool has_pipewire(const char *runtime)
{
	const char *dir = variable("PIPEWIRE_RUNTIME_DIR"), *remote = variable("PIPEWIRE_REMOTE");

	return has_socket(dir ? dir : runtime, remote ? remote : "pipewire-0");
}

/* PULSE_SERVER may be another host: who has set it knows. NULL: nobody listens. */
static char *find_pulse(const char *runtime)
{
	const char *server = variable("PULSE_SERVER"), *dir = variable("PULSE_RUNTIME_PATH");
	own_free char *path = dir	? path_join(dir, "native")
			      : runtime ? path_join(runtime, "pulse/native")
					: NULL;

	if (server)
		return xstrdup(server);
	return path && has_socket(NULL, path) ? xasprintf("unix:%s", path) : NULL;
}

/* A card that plays, open to this user (pcmC0D0p: the kernel's sound/core/pcm.c). */
static bool has_card(void)
{
	DIR *dir = opendir("/dev/snd");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = text_starts(entry->d_name, "pcmC") && text_ends(entry->d_name, "p") &&
			faccessat(dirfd(dir), entry->d_name, R_OK | W_OK, AT_EACCESS) == 0;
	if (dir)
		closedir(dir);
	return found;
}

struct plan_seat seat_find(const struct root *root)
{
	const char *runtime = variable("XDG_RUNTIME_DIR");
	char *pulse = find_pulse(runtime);

	return (struct plan_seat){
		.screen = variable("WAYLAND_DISPLAY") || variable("DISPLAY"),
		.bus = variable("DBUS_SESSION_BUS_ADDRESS") || has_socket(runtime, "bus"),
		.sound = {[SOUND_PIPEWIRE] = has_pipewire(runtime),
			  [SOUND_PULSE] = pulse,
			  [SOUND_ALSA] = root_is_real(root) && has_card()},
		.pulse = pulse,
	};
}

void seat_free(struct plan_seat *seat)
{
	free(seat->pulse);
}
