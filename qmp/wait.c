/* Theory of operation: the two functions of the client that wait. Both take messages off the wire
 * until theirs comes and put the others aside for qmp_next(), in order. Only events and garbage are
 * dropped when too many are aside: replies are as many as the caller asked for.
 *
 * Time is looked at before each wait, also when bytes are there: a QEMU that sends events for ever
 * cannot stretch a time limit.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "private.h"

/* QEMU's words in an error message are cut here. */
#define WORDS_MOST 1000

/* For how long, and for what else, something is waited for. */
struct patience {
	int64_t deadline; /* milliseconds of the monotonic clock, -1: none */
	int also_fd;
	const char *what;    /* is waited for, in words */
	const char *timeout; /* what it may mean that it did not come */
};

static int64_t deadline_after(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

static bool may_drop(const struct qmp_message *message)
{
	return message->kind == QMP_EVENT || message->kind == QMP_GARBAGE;
}

static void drop_oldest(struct qmp *qmp)
{
	for (struct aside **at = &qmp->first; *at; at = &(*at)->next) {
		struct aside *old = *at;

		if (!may_drop(&old->message))
			continue;
		*at = old->next;
		if (!*at)
			qmp->end = at;
		if (old->message.kind == QMP_EVENT)
			qmp->dropped++;
		qmp->n_aside--;
		qmp->aside_bytes -= old->size;
		qmp_message_clear(&old->message);
		free(old);
		return;
	}
}

void qmp_put_aside(struct qmp *qmp, struct qmp_message *message, size_t size)
{
	struct aside *aside = xcalloc(1, sizeof(*aside));
	bool counts = may_drop(message);

	aside->message = *message;
	aside->size = size;
	*message = (struct qmp_message){.kind = QMP_NOTHING};
	*qmp->end = aside;
	qmp->end = &aside->next;
	qmp->n_aside++;
	qmp->aside_bytes += size;
	while (counts && (qmp->n_aside > QMP_ASIDE_EVENTS || qmp->aside_bytes > QMP_ASIDE_BYTES)) {
		size_t before = qmp->n_aside;

		drop_oldest(qmp);
		if (qmp->n_aside == before)
			break;
	}
}

/* Waits until the socket or also_fd has something, and reads; false with an error. */
static bool wait_and_receive(struct qmp *qmp, const struct patience *patience, bool *other,
			     struct error **err)
{
	struct pollfd fds[] = {
		{.fd = qmp_fd(qmp), .events = qmp_poll_events(qmp)},
		{.fd = patience->also_fd, .events = POLLIN},
	};
	int64_t left = patience->deadline < 0 ? -1 : patience->deadline - now_ms();
	int n = 0;

	*other = false;
	if (patience->deadline < 0 && patience->also_fd < 0 && fds[0].fd >= 0 &&
	    fds[0].events == POLLIN)
		return qmp_await(qmp, err);
	if (patience->deadline < 0 || left >= 0)
		n = poll(fds, ARRAY_SIZE(fds), (int)left);
	if (n < 0 && errno != EINTR) {
		error_errno(err, ERROR_FAILED, errno, "poll");
		return false;
	}
	if (n == 0) {
		error_add(err, ERROR_FAILED, "%s did not come in time%s", patience->what,
			  patience->timeout);
		return false;
	}
	*other = n > 0 && fds[1].revents;
	return n < 0 || qmp_receive(qmp, err);
}

/* The next message off the wire, waited for; false with an error. */
static bool await_answer(struct qmp *qmp, const struct patience *patience,
			 struct qmp_message *message, size_t *size, struct error **err)
{
	bool other = false;

	while (qmp_arrived(qmp, message, size) == QMP_NOTHING) {
		if (other) {
			error_add(err, ERROR_FAILED, "QEMU ended before %s came", patience->what);
			return false;
		}
		if (qmp_closed(qmp)) {
			error_add(err, ERROR_FAILED, "%s before %s came", qmp->why_closed,
				  patience->what);
			return false;
		}
		if (!wait_and_receive(qmp, patience, &other, err))
			return false;
	}
	return true;
}

/* Whether id is the only command that somebody waits for. */
static bool is_alone(const struct qmp *qmp, uint64_t id)
{
	for (size_t i = 0; i < qmp->n_pending; i++)
		if (qmp->pending[i].id != id && !qmp->pending[i].abandoned)
			return false;
	return true;
}

/* Whether a message is the answer to id. A failure without id can only mean the one command that is
 * under way.
 */
static bool message_answers(const struct qmp *qmp, const struct qmp_message *message, uint64_t id)
{
	if (message->kind != QMP_REPLY && message->kind != QMP_FAILURE)
		return false;
	return message->id == id || (message->id == 0 && is_alone(qmp, id));
}

/* Whether a message that cannot be read was, as far as can be told, the answer to id: nothing else
 * would come.
 */
static bool message_spoils(const struct qmp *qmp, const struct qmp_message *message, uint64_t id)
{
	return message->kind == QMP_GARBAGE && message->answer &&
	       (message->id == id || (message->id == 0 && is_alone(qmp, id)));
}

static bool take_answer(struct qmp *qmp, const struct qmp_message *message, json_object **ret,
			struct error **err)
{
	own_free char *class = NULL, *desc = NULL;

	if (message->kind == QMP_REPLY) {
		if (ret)
			*ret = json_object_get(message->data);
		return true;
	}
	class = text_quote(message->name, WORDS_MOST);
	desc = text_quote(message->text, WORDS_MOST);
	qmp->error_class = xstrdup(message->name);
	error_add(err, ERROR_FAILED, "QEMU: %s: %s", class, desc);
	return false;
}

/* Waits for the reply to id. */
static bool collect_answer(struct qmp *qmp, uint64_t id, const struct patience *patience,
			   json_object **ret, struct error **err)
{
	for (;;) {
		own_qmp_message struct qmp_message message = {0};
		size_t size = 0;

		if (!await_answer(qmp, patience, &message, &size, err)) {
			qmp_abandon(qmp, id);
			return false;
		}
		if (message_answers(qmp, &message, id)) {
			if (message.id == 0)
				qmp_abandon(qmp, id);
			return take_answer(qmp, &message, ret, err);
		}
		if (message_spoils(qmp, &message, id)) {
			error_add(err, ERROR_FAILED, "%s cannot be read: %s", patience->what,
				  message.text);
			qmp_abandon(qmp, id);
			return false;
		}
		qmp_put_aside(qmp, &message, size);
	}
}

static bool execute_command(struct qmp *qmp, const char *key, const char *command,
			    json_object *arguments, const struct patience *patience,
			    json_object **ret, struct error **err)
{
	uint64_t id;

	free(steal(&qmp->error_class));
	return send_message(qmp, key, command, arguments, &id, err) &&
	       collect_answer(qmp, id, patience, ret, err);
}

bool qmp_hasten(struct qmp *qmp, const char *command, uint64_t *id, struct error **err)
{
	return qmp_send(qmp, "qmp_capabilities", NULL, NULL, err) &&
	       qmp_send(qmp, command, NULL, id, err);
}

bool qmp_collect(struct qmp *qmp, const char *command, uint64_t id, int timeout_ms,
		 json_object **ret, struct error **err)
{
	own_free char *what = xasprintf("the reply to %s", command);
	struct patience patience = {deadline_after(timeout_ms), -1, what, ""};

	free(steal(&qmp->error_class));
	return collect_answer(qmp, id, &patience, ret, err);
}

static bool execute_as(struct qmp *qmp, const char *key, const char *command,
		       json_object *arguments, int timeout_ms, json_object **ret,
		       struct error **err)
{
	own_free char *what = xasprintf("the reply to %s", command);
	struct patience patience = {deadline_after(timeout_ms), -1, what, ""};

	return execute_command(qmp, key, command, arguments, &patience, ret, err);
}

bool qmp_execute(struct qmp *qmp, const char *command, json_object *arguments, int timeout_ms,
		 json_object **ret, struct error **err)
{
	return execute_as(qmp, "execute", command, arguments, timeout_ms, ret, err);
}

bool qmp_execute_oob(struct qmp *qmp, const char *command, json_object *arguments, int timeout_ms,
		     json_object **ret, struct error **err)
{
	return execute_as(qmp, "exec-oob", command, arguments, timeout_ms, ret, err);
}

void qmp_want_oob(struct qmp *qmp)
{
	qmp->wants_oob = true;
}

/* What is enabled of that which the greeting offers, as qmp_capabilities takes it; NULL: nothing.
 */
static json_object *wanted_capabilities(const struct qmp *qmp)
{
	json_object *offered = NULL, *arguments = NULL, *list;
	size_t n = 0;

	if (qmp->wants_oob && json_object_object_get_ex(qmp->greeting, "capabilities", &offered) &&
	    json_object_is_type(offered, json_type_array))
		n = json_object_array_length(offered);
	for (size_t i = 0; i < n && !arguments; i++) {
		json_object *word = json_object_array_get_idx(offered, i);

		if (!json_object_is_type(word, json_type_string) ||
		    strcmp(json_object_get_string(word), "oob") != 0)
			continue;
		arguments = json_object_new_object();
		list = json_object_new_array();
		json_object_array_add(list, json_object_new_string("oob"));
		json_object_object_add(arguments, "enable", list);
	}
	return arguments;
}

bool qmp_handshake(struct qmp *qmp, int timeout_ms, int also_fd, struct error **err)
{
	struct patience patience = {deadline_after(timeout_ms), also_fd, "QEMU's greeting",
				    ": another client holds this monitor"};

	free(steal(&qmp->error_class));
	if (qmp->ready)
		return true;
	while (!qmp->greeting) {
		own_qmp_message struct qmp_message message = {0};
		size_t size = 0;

		if (!await_answer(qmp, &patience, &message, &size, err))
			return false;
		if (message.kind != QMP_GREETING)
			qmp_put_aside(qmp, &message, size);
	}
	patience.what = "the reply to qmp_capabilities";
	patience.timeout = "";
	if (qmp->capabilities_id) /* sent before */
		return collect_answer(qmp, qmp->capabilities_id, &patience, NULL, err);
	return execute_command(qmp, "execute", "qmp_capabilities", wanted_capabilities(qmp),
			       &patience, NULL, err);
}
