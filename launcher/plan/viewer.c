/* What shows the guest's picture: programs of the user's that are started when the guest runs.
 * Looking Glass' client takes the memory and SPICE's socket as options of the same names from its
 * first releases to today's (client/src/config.c there: app:shmFile, spice:host, spice:port, where
 * port 0 says that the host is a socket's path). SPICE serves one client at a time.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "compose.h"

static char *command_line(const struct plan_companion *companion)
{
	struct buf line = {0};

	for (size_t i = 0; i < companion->args; i++) {
		own_free char *word = text_word(companion->argv[i]);

		buf_addf(&line, "%s%s", i ? " " : "", word);
	}
	return buf_steal(&line);
}

static void companion_free(struct plan_companion *companion)
{
	for (size_t i = 0; i < companion->args; i++)
		free(companion->argv[i]);
	free(companion->argv);
}

/* Takes over the companion, which has its arguments, the first one as the profile names it: either
 * it becomes part of the plan, or how to start it by hand becomes a note.
 */
static void add_viewer(struct composer *c, struct plan_companion *viewer, const struct flag *start,
		       enum package package, const struct origin *program)
{
	own_free char *name = xstrdup(path_base(viewer->argv[0]));
	own_free char *file = xasprintf("%s.log", name);
	const char *path = compose_program(c, viewer->argv[0]);
	own_free char *line = command_line(viewer);

	if (start->v && !path) {
		own_free char *install = distribution_install(c->facts->distribution, package);

		compose_note(c, "there is no program %s: %s%s%s%s", viewer->argv[0], install,
			     program ? ", or say with " : "",
			     program ? compose_key(c, program) : "", program ? " where it is" : "");
	} else if (start->v && !c->in->has_display) {
		compose_note(
			c,
			"neither WAYLAND_DISPLAY nor DISPLAY is set: %s has no place to show a window",
			name);
	}
	if (!start->v || !path || !c->in->has_display) {
		compose_note(c, "picture, sound and input: %s", line);
		companion_free(viewer);
		return;
	}
	free(viewer->argv[0]);
	viewer->argv[0] = xstrdup(path);
	viewer->log = path_join(c->plan->state_dir, file);
	viewer->name = steal(&name);
	viewer->when = COMPANION_RUNNING;
	viewer->end = COMPANION_SPARED;
	viewer->loss = xstrdup("the guest goes on");
	compose_cause(c, &viewer->cause, &start->at,
		      "ended with the machine; the machine goes on without it");
	*xappend(c->plan->companion, c->plan->companions) = *viewer;
}

static void add_glass_client(struct composer *c, const char *socket)
{
	const struct glass_section *g = &c->p->glass;
	struct plan_companion client = {0};
	own_free char *old = plan_glass_old(c->in->glass_release);

	if (old)
		compose_note(
			c,
			"%s: have a client of the guest part's own release (https://looking-glass.io/docs)",
			old);
	compose_companion_arg(&client, xstrdup(g->client.v));
	compose_companion_arg(&client, xasprintf("app:shmFile=%s", c->glass_file));
	if (socket) {
		compose_companion_arg(&client, xasprintf("spice:host=%s", socket));
		compose_companion_arg(&client, xstrdup("spice:port=0"));
	} else {
		compose_companion_arg(&client, xstrdup("spice:enable=no"));
	}
	add_viewer(c, &client, &g->start_client, PACKAGE_LOOKING_GLASS, &g->client.at);
}

static void add_remote_viewer(struct composer *c, const char *socket)
{
	const struct flag *start = &c->p->display.start_viewer;
	struct plan_companion viewer = {0};

	compose_companion_arg(&viewer, xstrdup(REMOTE_VIEWER));
	compose_companion_arg(&viewer, xasprintf("spice+unix://%s", socket));
	add_viewer(c, &viewer, start, PACKAGE_VIRT_VIEWER, NULL);
}

void compose_viewers(struct composer *c)
{
	own_free char *socket = compose_spice_socket(c);

	if (c->in->purpose != PURPOSE_RUN)
		return;
	if (c->glass_file)
		add_glass_client(c, socket);
	else if (socket)
		add_remote_viewer(c, socket);
	if (c->p->display.start_viewer.v && (c->glass_file || !socket))
		compose_note(c, "%s: %s%s%s", compose_key(c, &c->p->display.start_viewer.at),
			     socket ? "Looking Glass' client takes its place"
				    : "there is no SPICE to look at; ",
			     socket ? "" : compose_key(c, &c->p->display.type.at),
			     socket ? "" : " = spice");
}
