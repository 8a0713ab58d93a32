/* Theory of operation: the tools' monitor serves one client at a time, so that the supervisor's is
 * never disturbed. What is known of QEMU's commands comes from itself: its schema, asked for when
 * it is wanted first and kept for its binary (host/cache.c), so that a small command costs no more
 * than its own round trip.
 */
#include "session.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dirs.h"
#include "base/file.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "host/peer.h"
#include "host/qemu.h"
#include "last_end.h"
#include "qmp/words.h"

/* A monitor that nobody holds has greeted by then, as a rule. */
#define GREETS_MS 300

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int session_left(const struct session *session)
{
	int64_t left = session->deadline < 0 ? -1 : session->deadline - now_ms();

	if (session->deadline < 0)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Reads --timeout, seconds and maybe a fraction. */
static bool read_timeout(struct session *session, const char *text, struct error **err)
{
	double seconds;
	char *end;

	session->deadline = -1;
	if (!text)
		return true;
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0) || seconds > 1e6) {
		error_add(err, ERROR_USAGE, "--timeout wants seconds, such as 10 or 0.5, not '%s'",
			  text);
		return false;
	}
	session->deadline = now_ms() + (int64_t)(seconds * 1000);
	return true;
}

bool session_greet_agent(struct qmp *agent, int ms, struct error **err)
{
	qmp_start_agent(agent);
	return qmp_execute(agent, "guest-sync", json_tokener_parse("{\"id\": 1}"), ms, NULL, err);
}

/* Says who holds the monitor, in place of what was said before. */
static void tell_holder(const struct session *session, const char *client, struct error **problem)
{
	error_free(steal(problem));
	error_add(problem, ERROR_FAILED,
		  "%s: another client holds this monitor, which serves one at a time: %s",
		  session->name, client);
}

/* Waits for QEMU's greeting. One that serves somebody else gives none until that ends: this is said
 * as soon as it can be told, and whoever it is may have ended before the time is up.
 */
static bool greet_monitor(struct session *session, const char *path, int wait, struct error **err)
{
	struct error *problem = NULL;
	own_free char *client = NULL;
	int first = wait < GREETS_MS ? wait : GREETS_MS;

	if (qmp_handshake(session->qmp, first, -1, &problem))
		return true;
	client =
		qmp_closed(session->qmp) || qmp_greeting(session->qmp) ? NULL : socket_client(path);
	if (client && wait > 3 * first)
		say(SAY_NOTE, "%s: another client holds this monitor: %s; waiting for %d s",
		    session->name, client, (wait + 999) / 1000);
	if (wait > first && !qmp_closed(session->qmp)) {
		error_free(steal(&problem));
		if (qmp_handshake(session->qmp, wait - first, -1, &problem))
			return true;
	}
	if (client && !qmp_closed(session->qmp) && !qmp_greeting(session->qmp))
		tell_holder(session, client, &problem);
	error_merge(err, &problem);
	return false;
}

static bool connect_to(struct session *session, const char *path, struct error **err)
{
	struct error *problem = NULL;
	int fd = qmp_connect(path, &problem);
	int wait = session->deadline < 0 ? QMP_GREETING_MS : session_left(session);
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	if (fd < 0) {
		/* So many wait already that the kernel turns this one away (listen(2)). */
		own_free char *client = access(path, W_OK) == 0 ? socket_client(path) : NULL;

		if (client)
			tell_holder(session, client, &problem);
		error_merge(err, &problem);
		return false;
	}
	if (!session->dir && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		session->qemu = peer.pid;
	session->qmp = qmp_new(fd, QMP_LIMIT_TOOL);
	if (session->lines)
		qmp_want_oob(session->qmp);
	return session->agent ? session_greet_agent(session->qmp, wait, err)
			      : greet_monitor(session, path, wait, err);
}

bool session_open(struct session *session, const struct arguments *args, size_t *words,
		  struct error **err)
{
	const char *socket = argument_option(args, "socket");
	own_run_record struct run_record record = {0};
	own_free char *path = NULL;

	*session = (struct session){.agent = argument_option(args, "agent"),
				    .read_only = argument_option(args, "read-only"),
				    .patience = TOOLS_ANSWER_MS};
	*words = socket ? 0 : args->words > 0;
	session->lines = args->words <= *words;
	if (!read_timeout(session, argument_option(args, "timeout"), err))
		return false;
	if (session->agent && !socket) {
		error_add(err, ERROR_USAGE, "--agent goes with --socket, the agent's");
		return false;
	}
	session->name = socket ? xstrdup(socket) : machine_named(args, err);
	if (!session->name)
		return false;
	if (!socket) {
		session->dir = running(session->name, &record, err);
		if (session->dir)
			session->qemu = record.qemu.pid;
		else
			last_end_tell(session->name);
		path = session->dir ? path_join(session->dir, "qmp.sock") : NULL;
	}
	if ((socket || path) && connect_to(session, socket ? socket : path, err))
		return true;
	error_set_kind(*err, QMP_NO_CONNECTION);
	return false;
}

void session_close(struct session *session)
{
	free(session->name);
	free(session->dir);
	free(session->driver);
	qmp_free(session->qmp);
	schema_free(session->schema);
	json_object_put(session->properties);
	*session = (struct session){0};
}

/* The binary of the process at the other end, which the caller owns, or NULL: a socket's listener
 * need not be QEMU (libvirt's daemon hands its own on).
 */
static char *binary_of(const struct session *session)
{
	own_free char *link = xasprintf("/proc/%d/exe", (int)session->qemu);
	char path[PATH_MAX];
	ssize_t n = session->qemu > 0 ? readlink(link, path, sizeof(path) - 1) : -1;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	return text_starts(path_base(path), "qemu") || session->dir ? xstrdup(path) : NULL;
}

/* Asks QEMU for its schema and keeps it. */
static struct schema *ask_schema(struct session *session, const char *cache, const char *binary,
				 const char *build)
{
	own_json json_object *answer = NULL;
	struct schema *schema = NULL;
	own_free char *text = NULL;
	size_t len;

	if (!qmp_execute(session->qmp, "query-qmp-schema", NULL, TOOLS_ANSWER_MS, &answer, NULL))
		return NULL;
	/* As json-c's objects it takes more than all the rest of a shell: one thing at a time. */
	text = schema_lines(answer, &len);
	json_object_put(steal(&answer));
	schema = schema_from_lines(text, len);
	if (schema && cache && binary)
		qemu_schema_write(cache, binary, build, text, len);
	return schema;
}

const struct schema *session_schema(struct session *session)
{
	own_dirs struct dirs dirs = {0};
	own_error struct error *unused = NULL;
	own_free char *binary = NULL, *build = NULL, *text = NULL;
	size_t len;

	if (session->schema_asked || session->agent)
		return session->schema;
	session->schema_asked = true;
	binary = binary_of(session);
	build = qmp_build(session->qmp);
	if (dirs_find(&dirs, &unused) && binary)
		text = qemu_schema_read(dirs.cache, binary, build, &len);
	session->schema = text ? schema_from_lines(text, len) : NULL;
	if (!session->schema)
		session->schema = ask_schema(session, dirs.cache, binary, build);
	return session->schema;
}

json_object *session_properties(struct session *session, const char *driver)
{
	json_object *arguments;

	if (session->driver && strcmp(session->driver, driver) == 0)
		return session->properties;
	free(session->driver);
	json_object_put(session->properties);
	session->driver = xstrdup(driver);
	session->properties = NULL;
	arguments = json_object_new_object();
	json_add_text(arguments, "typename", driver);
	qmp_execute(session->qmp, "device-list-properties", arguments, session->patience,
		    &session->properties, NULL);
	return session->properties;
}

/* The value of the word KEY=... among n, or NULL. */
static const char *word_value(char *const *words, size_t n, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (strncmp(words[i], key, len) == 0 && words[i][len] == '=')
			return words[i] + len + 1;
	return NULL;
}

json_object *session_arguments(struct session *session, const char *command, char *const *words,
			       size_t n, struct qmp_fault *fault)
{
	const struct schema_entry *entry =
		n ? schema_command(session_schema(session), command) : NULL;
	struct typing typing = {session->schema, NULL};
	const char *driver = qmp_takes_properties(command) ? word_value(words, n, "driver") : NULL;
	own_error struct error *problem = NULL;
	json_object *arguments;

	*fault = (struct qmp_fault){0};
	if (entry) {
		typing.properties = driver ? session_properties(session, driver) : NULL;
		return qmp_typed_arguments(&typing, entry, words, n, fault);
	}
	arguments = qmp_arguments(words, n, &problem);
	if (!arguments)
		fault->text = xstrdup(error_message(problem, 0));
	return arguments;
}

json_object *session_typed(struct session *session, const char *command, char *const *words,
			   size_t n, struct error **err)
{
	own_qmp_fault struct qmp_fault fault = {0};
	json_object *arguments;

	/* Only where something is to be typed: a bare command needs no schema. */
	if (n && session_schema(session) && !schema_command(session->schema, command)) {
		own_free char *words_on_it = session_unknown(session, command);

		error_add(err, ERROR_USAGE, "%s", words_on_it);
		return NULL;
	}
	if (!session->schema)
		return qmp_arguments(words, n, err);
	arguments = session_arguments(session, command, words, n, &fault);
	if (!arguments)
		error_add(err, ERROR_USAGE, "%s", fault.text);
	return arguments;
}

bool session_execute(struct session *session, const char *command, json_object *arguments, bool oob,
		     json_object **answer, struct error **err)
{
	if ((oob ? qmp_execute_oob : qmp_execute)(session->qmp, command, arguments,
						  session_left(session), answer, err))
		return true;
	/* With time left it came, and could not be read. */
	error_set_kind(*err, qmp_error_class(session->qmp) ? ERROR_FAILED
			     : qmp_closed(session->qmp)	   ? QMP_LOST
			     : session_left(session) != 0  ? ERROR_FAILED
							   : ERROR_LATE);
	return false;
}

char *session_unknown(struct session *session, const char *command)
{
	own_free char *shown = text_quote(command, 64), *near = NULL;
	own_free const char **names = NULL;
	own_json json_object *list = NULL;
	const char *nearest;
	size_t known = 0, n;

	/* The agent's list is in guest-info; its names are few. */
	if (!session->agent)
		qmp_execute(session->qmp, "query-commands", NULL, session->patience, &list, NULL);
	n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	names = xcalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[known++] = json_member_text(json_object_array_get_idx(list, i), "name");
	nearest = text_nearest(command, names, known);
	near = nearest && *nearest ? text_quote(nearest, 64) : NULL;
	return xasprintf("QEMU has no command %s%s%s%s", shown,
			 near ? "; did you mean " : "; query-commands lists them", near ? near : "",
			 near ? "?" : "");
}
