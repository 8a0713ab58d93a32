#include "lost.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/own.h"
#include "base/root.h"
#include "base/say.h"
#include "base/text.h"
#include "run/record.h"

/* The machine whose QEMU this process is, by its standard error; the caller owns it, NULL: none's.
 */
static char *machine_of(const struct root *real, const char *pid, const char *state_dir)
{
	own_free char *log = root_readlink(real, "/proc/%s/fd/2", pid);
	own_free char *dir = log ? path_dir(log) : NULL, *above = dir ? path_dir(dir) : NULL;

	if (!dir || strcmp(path_base(log), "qemu.log") != 0 || strcmp(above, state_dir) != 0)
		return NULL;
	return xstrdup(path_base(dir));
}

static bool is_recorded(const char *runtime_dir, const char *name, const char *pid)
{
	own_run_record struct run_record record = {0};
	own_free char *dir = path_join(runtime_dir, name);

	return run_record_read(dir, &record) && record.qemu.pid == atoi(pid);
}

/* Its parent, if that is a vmlaunch; 0: nobody watches over it. */
static int supervisor_of(const struct root *real, const char *pid)
{
	own_free char *status = root_read(real, "/proc/%s/status", pid), *name = NULL;
	const char *at = status ? strstr(status, "\nPPid:\t") : NULL;
	int parent = at ? atoi(at + strlen("\nPPid:\t")) : 0;

	name = root_line(real, "/proc/%d/comm", parent);
	return name && strcmp(name, "vmlaunch") == 0 ? parent : 0;
}

/* Crosses off the machine of that name; false: it is none of them, or was crossed off before. */
static bool cross_off(const char **known, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (known[i] && strcmp(known[i], name) == 0) {
			known[i] = NULL;
			return true;
		}
	return false;
}

/* Whether somebody listens whom no record explains. In another directory than today's runtime
 * directory too: logind has removed that one, and who comes without a session has none.
 */
static bool somebody_is_unknown(const char *runtime_dir, const struct socket_table *sockets,
				const char *const *known, size_t n)
{
	own_free const char **left = xcalloc(n + 1, sizeof(*left));
	const char *at = NULL;
	bool unknown = !sockets->text;
	char *path;

	memcpy(left, known, n * sizeof(*left));
	while (!unknown && (path = socket_listening(sockets, &at))) {
		own_free char *dir = path_dir(path), *above = path_dir(dir);

		unknown = strcmp(path_base(path), "qmp.sock") == 0 &&
			  !(strcmp(above, runtime_dir) == 0 && cross_off(left, n, path_base(dir)));
		free(path);
	}
	return unknown;
}

json_object *lost_machines(const char *state_dir, const char *runtime_dir,
			   const struct socket_table *sockets, const char *const *known, size_t n)
{
	struct root real = ROOT_REAL;
	json_object *list = json_object_new_array();
	bool look = somebody_is_unknown(runtime_dir, sockets, known, n);
	size_t processes = 0;
	char **pids = look ? root_list(&real, &processes, "/proc") : NULL;

	for (size_t i = 0; i < processes; i++) {
		own_free char *name = NULL;
		json_object *o;
		int supervisor;

		if (pids[i][0] < '0' || pids[i][0] > '9')
			continue;
		name = machine_of(&real, pids[i], state_dir);
		if (!name || is_recorded(runtime_dir, name, pids[i]))
			continue;
		supervisor = supervisor_of(&real, pids[i]);
		o = json_object_new_object();
		json_add_text(o, "name", name);
		json_add_number(o, "qemu", atoi(pids[i]));
		json_object_object_add(o, "supervisor",
				       supervisor ? json_object_new_int(supervisor) : NULL);
		json_object_array_add(list, o);
	}
	names_free(pids, processes);
	return list;
}

void lost_tell(json_object *lost)
{
	for (size_t i = 0; i < json_object_array_length(lost); i++) {
		json_object *o = json_object_array_get_idx(lost, i);
		own_free char *name = text_quote(json_member_text(o, "name"), 64);
		int qemu = json_object_get_int(json_object_object_get(o, "qemu"));
		int supervisor = json_object_get_int(json_object_object_get(o, "supervisor"));

		if (supervisor)
			say(SAY_WARNING,
			    "%s: runs (QEMU %d), but its record is gone, as logind removes it at a user's last logout: 'kill -USR1 %d' presses its power button, 'kill -USR2 %d' ends it; 'loginctl enable-linger' keeps records",
			    name, qemu, supervisor, supervisor);
		else
			say(SAY_WARNING,
			    "%s: runs (QEMU %d), but its record is gone and nobody watches over it: 'kill -INT %d' ends it, as if its plug were pulled",
			    name, qemu, qemu);
	}
}
