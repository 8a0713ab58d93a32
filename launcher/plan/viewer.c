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
#include "base/tongue.h"
#include "compose.h"

#define RDP_PORT 3389u
/* Why a server ends a session is xfreerdp's exit status: closed or signed out by a tool for those
 * who look after computers (1, 2), or by the user in the guest (11, 12): FreeRDP,
 * client/X11/xfreerdp.h (XF_EXIT_*), and for the last one include/freerdp/error.h
 * (ERRINFO_LOGOFF_BY_USER), which comes as its number does.
 */
#define RDP_CLOSED (1U << 1 | 1U << 2 | 1U << 11 | 1U << 12)
#define RDP_PATIENCE_S 3600 /* a guest that installs updates starts for that long */

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
	free(companion->name);
}

/* Takes over the companion, which has its arguments, the first one as the profile names it, and a
 * name where another program than that is the viewer: either it becomes part of the plan, or how to
 * start it by hand becomes a note.
 */
static void add_viewer(struct composer *c, struct plan_companion *viewer, const struct flag *start,
		       enum package package, const struct origin *program)
{
	const char *wanted = viewer->name ? viewer->name : viewer->argv[0];
	own_free char *name = xstrdup(path_base(wanted));
	own_free char *file = xasprintf("%s.log", name);
	const char *path = compose_program(c, wanted);
	const char *first = compose_program(c, viewer->argv[0]);
	own_free char *line = command_line(viewer);

	if (start->v && !path) {
		own_free char *install = distribution_install(c->facts->distribution, package);

		compose_note(c, "there is no program %s: %s%s%s%s", wanted, install,
			     program ? ", or say with " : "",
			     program ? compose_key(c, program) : "", program ? " where it is" : "");
	} else if (start->v && !c->in->seat.screen) {
		compose_note(
			c,
			"neither WAYLAND_DISPLAY nor DISPLAY is set: %s has no place to show a window",
			name);
	}
	if (!start->v || !path || !first || !c->in->seat.screen) {
		compose_note(c, "picture, sound and input: %s", line);
		companion_free(viewer);
		return;
	}
	free(viewer->argv[0]);
	viewer->argv[0] = xstrdup(first);
	free(viewer->name);
	viewer->log = path_join(c->plan->state_dir, file);
	viewer->name = steal(&name);
	viewer->when = COMPANION_RUNNING;
	viewer->end = COMPANION_SPARED;
	viewer->loss = xstrdup(N_("the guest goes on"));
	compose_cause(c, &viewer->cause, &start->at,
		      N_("ended with the machine; the machine goes on without it"));
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

/* What xfreerdp is not told it asks for on a terminal, and ends where there is none: the account,
 * its domain (an empty one is an answer, and is wanted beside NAME@DOMAIN as well: FreeRDP 3.15 and
 * 3.33), and before those are known nobody's password.
 */
static void add_rdp_user(struct composer *c, struct plan_companion *viewer)
{
	const struct display_section *d = &c->p->display;

	if (!d->rdp_user.v && d->start_viewer.v)
		compose_wrong(
			c, d->viewer.at,
			"%s = rdp: %s is to name the guest's account, as xfreerdp has no terminal to ask for it",
			compose_key(c, &d->viewer.at), compose_key(c, &d->rdp_user.at));
	if (!d->rdp_user.v)
		return;
	compose_companion_arg(viewer, xasprintf("/u:%s", d->rdp_user.v));
	if (!strchr(d->rdp_user.v, '\\'))
		compose_companion_arg(viewer, xstrdup("/d:"));
}

/* A client of RDP's does not wait for a guest that starts up: we do, and become it. The password is
 * no argument, which everybody on this host could read; nor is there a terminal to ask for it.
 */
static void add_rdp_viewer(struct composer *c)
{
	const struct display_section *d = &c->p->display;
	struct plan_forward to = {0};
	const char *program = compose_program(c, XFREERDP3) ? XFREERDP3 : XFREERDP;
	struct plan_companion viewer = {.name = xstrdup(program), .closed = RDP_CLOSED};

	if (!plan_forward_to(c->plan->forward, c->plan->forwards, RDP_PORT, &to)) {
		compose_wrong(
			c, d->viewer.at,
			"%s = rdp: nothing leads to the guest's port %u: forward = tcp %u in [network] does, from this host alone",
			compose_key(c, &d->viewer.at), RDP_PORT, RDP_PORT);
		free(viewer.name);
		return;
	}
	compose_companion_arg(&viewer, xstrdup(OURSELVES));
	compose_companion_arg(&viewer, xstrdup("run"));
	compose_companion_arg(&viewer, xstrdup("--wait-port"));
	compose_companion_arg(&viewer, xasprintf("%u", RDP_PORT));
	compose_companion_arg(&viewer, xstrdup("--timeout"));
	compose_companion_arg(&viewer, xasprintf("%d", RDP_PATIENCE_S));
	compose_companion_arg(&viewer, xstrdup(c->plan->name));
	compose_companion_arg(&viewer, xstrdup("--"));
	compose_companion_arg(&viewer, xstrdup(program));
	compose_companion_arg(&viewer, xasprintf("/v:%u.%u.%u.%u:%u", to.address >> 24,
						 to.address >> 16 & 0xff, to.address >> 8 & 0xff,
						 to.address & 0xff, to.host));
	add_rdp_user(c, &viewer);
	compose_companion_arg(&viewer, xstrdup("/cert:tofu"));
	compose_companion_arg(&viewer, xstrdup("/dynamic-resolution"));
	compose_companion_arg(&viewer, xstrdup("+clipboard"));
	add_viewer(c, &viewer, &d->start_viewer, PACKAGE_FREERDP, NULL);
}

void compose_viewers(struct composer *c)
{
	const struct display_section *d = &c->p->display;
	own_free char *socket = compose_spice_socket(c);

	if (c->in->purpose != PURPOSE_RUN)
		return;
	if (c->glass_file)
		add_glass_client(c, socket);
	else if (socket && d->viewer.v != VIEWER_RDP)
		add_remote_viewer(c, socket);
	if (d->viewer.v == VIEWER_RDP)
		add_rdp_viewer(c);
	else if (c->p->display.start_viewer.v && (c->glass_file || !socket))
		compose_note(c, "%s: %s%s%s", compose_key(c, &c->p->display.start_viewer.at),
			     socket ? "Looking Glass' client takes its place"
				    : "there is no SPICE to look at; ",
			     socket ? "" : compose_key(c, &c->p->display.type.at),
			     socket ? "" : " = spice");
}
