#include "condition.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

/* Milliseconds for a monitor that serves another client: a small question of a `vmlaunch status` is
 * over by then.
 */
#define BUSY_MS 1000
#define BUSY_RATES_MS 100 /* for who comes again soon */

static struct qmp *open_monitor(const char *dir, int ms, struct error **err)
{
	own_free char *path = path_join(dir, "qmp.sock");
	int fd = qmp_connect(path, err);
	own_qmp struct qmp *qmp = fd < 0 ? NULL : qmp_new(fd, QMP_LIMIT_TOOL);

	return qmp && qmp_handshake(qmp, ms, -1, err) ? steal(&qmp) : NULL;
}

/* Whether QEMU serves a client at that socket. */
static bool serves_a_client(const char *dir)
{
	own_free char *path = path_join(dir, "qmp.sock");
	own_socket_table struct socket_table table = socket_table_read();

	return socket_serves(&table, path);
}

static char *silence_words(enum held_silence why, const char *dir, pid_t qemu)
{
	own_free char *path = path_join(dir, "qmp.sock");
	own_free char *client = why == SILENT_BUSY ? socket_client(path) : NULL;

	return held_silence_words(why, path_base(dir), qemu, client);
}

struct qmp *tools_monitor(const char *dir, struct error **err)
{
	struct error *problem = NULL;
	int ms = serves_a_client(dir) ? BUSY_MS : QMP_GREETING_MS;
	struct qmp *qmp = open_monitor(dir, ms, &problem);

	if (!qmp && serves_a_client(dir)) {
		own_free char *words = silence_words(SILENT_BUSY, dir, 0);

		error_free(steal(&problem));
		error_add(err, ERROR_FAILED, "%s", words);
	}
	error_merge(err, &problem);
	return qmp;
}

char *condition_ask(struct qmp *qmp, struct error **err)
{
	json_object *answer = NULL, *status;
	char *state = NULL;

	if (qmp_execute(qmp, "query-status", NULL, TOOLS_ANSWER_MS, &answer, err) &&
	    json_object_object_get_ex(answer, "status", &status) &&
	    json_object_is_type(status, json_type_string))
		state = text_quote(json_object_get_string(status), 40);
	json_object_put(answer);
	return state ? state : xstrdup("unresponsive");
}

void condition_free(struct condition *condition)
{
	free(condition->state);
	free(condition->silent);
	json_object_put(condition->cpus);
	json_object_put(condition->disks);
	json_object_put(condition->queues);
	held_free(&condition->held);
}

bool condition_is_starting(const struct run_record *record, const char *state)
{
	return strcmp(state, "prelaunch") == 0 && !record->let_go;
}

/* Why there is no answer; the state is what the supervisor knows, where there is one. */
static void take_silence(struct condition *now, const char *dir, const struct run_record *record)
{
	enum held_silence why = process_stopped(record->qemu) ? SILENT_STOPPED
				: serves_a_client(dir)	      ? SILENT_BUSY
							      : SILENT_HANGS;

	now->silent = silence_words(why, dir, record->qemu.pid);
	if (why != SILENT_BUSY || !process_alive(record->supervisor) || !record->let_go)
		return;
	free(now->state);
	now->state = text_quote(*record->held.state ? record->held.state : "running", 40);
}

/* How far a queue of a virtio device has come, a new number that the caller owns; NULL: not known.
 */
static json_object *queue_index(struct qmp *qmp, const char *path, int queue)
{
	json_object *arguments = json_object_new_object(), *index;
	own_json json_object *answer = NULL;

	json_add_text(arguments, "path", path);
	json_add_number(arguments, "queue", queue);
	return qmp_execute(qmp, "x-query-virtio-queue-status", arguments, TOOLS_ANSWER_MS, &answer,
			   NULL) &&
			       json_object_object_get_ex(answer, "used-idx", &index)
		       ? json_object_get(index)
		       : NULL;
}

/* The network cards of virtio: of a user's network there are no other counters. (Unstable as these
 * two commands are, without them there is one rate less.)
 */
static json_object *ask_queues(struct qmp *qmp)
{
	own_json json_object *devices = NULL;
	json_object *list = json_object_new_array();

	qmp_execute(qmp, "x-query-virtio", NULL, TOOLS_ANSWER_MS, &devices, NULL);
	for (size_t i = 0;
	     json_object_is_type(devices, json_type_array) && i < json_object_array_length(devices);
	     i++) {
		json_object *device = json_object_array_get_idx(devices, i);

		if (strcmp(json_member_text(device, "name"), "virtio-net") != 0)
			continue;
		for (int queue = 0; queue < 2; queue++)
			json_object_array_add(
				list, queue_index(qmp, json_member_text(device, "path"), queue));
	}
	return list;
}

static void ask_more(struct condition *now, struct qmp *qmp, enum condition_wants wants)
{
	own_json json_object *memory = NULL;
	json_object *bytes;

	if (wants == CONDITION_WHOLE &&
	    qmp_execute(qmp, "query-memory-size-summary", NULL, TOOLS_ANSWER_MS, &memory, NULL) &&
	    json_object_object_get_ex(memory, "base-memory", &bytes))
		now->guest_bytes = json_object_get_int64(bytes);
	if (wants == CONDITION_RATES)
		now->queues = ask_queues(qmp);
	if (wants == CONDITION_RATES)
		qmp_execute(qmp, "query-blockstats", NULL, TOOLS_ANSWER_MS, &now->disks, NULL);
	qmp_execute(qmp, "query-cpus-fast", NULL, TOOLS_ANSWER_MS, &now->cpus, NULL);
}

struct asking condition_begin(const char *dir, const struct socket_table *before)
{
	own_free char *path = path_join(dir, "qmp.sock");
	struct asking asking = {.busy = socket_serves(before, path)};
	int fd = qmp_connect(path, &asking.err);

	asking.qmp = fd < 0 ? NULL : qmp_new(fd, QMP_LIMIT_TOOL);
	if (asking.qmp)
		qmp_hasten(asking.qmp, "query-status", &asking.status, &asking.err);
	return asking;
}

/* The state, of a QEMU that answers; else a word of ours, and an error. */
static char *take_state(const struct asking *asking, int ms, struct error **err)
{
	own_json json_object *answer = NULL;
	const char *state = "";

	if (!*err && qmp_handshake(asking->qmp, ms, -1, err) &&
	    qmp_collect(asking->qmp, "query-status", asking->status, TOOLS_ANSWER_MS, &answer, err))
		state = json_member_text(answer, "status");
	return *state ? text_quote(state, 40) : xstrdup("unresponsive");
}

struct condition condition_finish(struct asking *asking, const char *dir,
				  const struct run_record *record, enum condition_wants wants)
{
	own_error struct error *err = steal(&asking->err);
	own_qmp struct qmp *qmp = asking->qmp;
	bool busy = asking->busy || process_stopped(record->qemu);
	int ms = !busy ? QMP_GREETING_MS : wants == CONDITION_RATES ? 0 : BUSY_MS;
	struct condition now = {.state = take_state(asking, ms, &err)};
	json_object *blocks = NULL;

	asking->qmp = NULL;
	if (err)
		take_silence(&now, dir, record);
	if (held_is(now.state) && !condition_is_starting(record, now.state))
		snprintf(now.held.state, sizeof(now.held.state), "%s", now.state);
	if (err)
		return now;
	if (held_is_of_disks(now.held.state) &&
	    qmp_execute(qmp, "query-block", NULL, TOOLS_ANSWER_MS, &blocks, &err))
		held_add_blocks(&now.held, blocks);
	json_object_put(blocks);
	if (wants != CONDITION_BRIEF)
		ask_more(&now, qmp, wants);
	return now;
}

struct condition condition_of(const char *dir, const struct run_record *record,
			      enum condition_wants wants)
{
	own_socket_table struct socket_table before = socket_table_read();
	struct asking asking = condition_begin(dir, &before);

	return condition_finish(&asking, dir, record, wants);
}

pid_t condition_vcpu(json_object *cpus, size_t i)
{
	json_object *thread;
	int64_t id;

	if (!json_object_is_type(cpus, json_type_array) || i >= json_object_array_length(cpus) ||
	    !json_object_object_get_ex(json_object_array_get_idx(cpus, i), "thread-id", &thread))
		return -1;
	id = json_object_get_int64(thread);
	return id > 0 && id <= INT32_MAX ? (pid_t)id : -1;
}
