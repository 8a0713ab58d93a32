/* Companions that QEMU is joined to: what the composing functions of their devices share. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "compose.h"

struct plan_companion *compose_companion(struct composer *c, const char *name, const char *file,
					 const char *program, const char *loss,
					 const struct origin *at, const char *why)
{
	own_free char *log = xasprintf("%s.log", file);
	struct plan_companion *companion;

	if (c->plan->companions == COMPANION_LIMIT) {
		compose_wrong(c, *at, "%s: more programs beside QEMU than %d", name,
			      COMPANION_LIMIT);
		return NULL;
	}
	companion = xappend(c->plan->companion, c->plan->companions);
	companion->name = xstrdup(name);
	companion->log = path_join(c->plan->state_dir, log);
	companion->when = COMPANION_BEFORE;
	companion->end = COMPANION_SPARED;
	companion->loss = xstrdup(loss);
	compose_cause(c, &companion->cause, at, why);
	compose_companion_arg(companion, xstrdup(program));
	return companion;
}

void compose_companion_arg(struct plan_companion *companion, char *arg)
{
	*xappend(companion->argv, companion->args) = arg;
}

int compose_companion_pair(struct composer *c, struct plan_companion *companion)
{
	companion->join = JOIN_PAIR;
	companion->number = compose_fd(c, FD_COMPANION, xstrdup(companion->name));
	return companion->number;
}

static const char *join_at(struct composer *c, struct plan_companion *companion, const char *file,
			   enum companion_join join)
{
	own_free char *name = xasprintf("%s.sock", file);

	companion->join = join;
	companion->socket = path_join(c->plan->runtime_dir, name);
	if (strlen(companion->socket) > SOCKET_PATH_LIMIT)
		compose_refuse(
			c, c->p->vm.name.at,
			"the socket's path %s has %zu bytes, of which a socket may have %d: choose a shorter name, or set XDG_RUNTIME_DIR to a shorter directory of yours",
			companion->socket, strlen(companion->socket), SOCKET_PATH_LIMIT);
	return companion->socket;
}

const char *compose_companion_socket(struct composer *c, struct plan_companion *companion,
				     const char *file)
{
	return join_at(c, companion, file, JOIN_LISTEN);
}

const char *compose_companion_accept(struct composer *c, struct plan_companion *companion,
				     const char *file)
{
	return join_at(c, companion, file, JOIN_ACCEPT);
}
