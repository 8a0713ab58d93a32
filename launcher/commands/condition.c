#include "condition.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

struct qmp *tools_monitor(const char *dir, struct error **err)
{
	own_free char *path = path_join(dir, "qmp.sock");
	int fd = qmp_connect(path, err);
	own_qmp struct qmp *qmp = fd < 0 ? NULL : qmp_new(fd, QMP_LIMIT_TOOL);

	if (!qmp || !qmp_handshake(qmp, QMP_GREETING_MS, -1, err))
		return NULL;
	return steal(&qmp);
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
	held_free(&condition->held);
}

bool condition_is_starting(const struct run_record *record, const char *state)
{
	return strcmp(state, "prelaunch") == 0 && !record->let_go;
}

struct condition condition_of(const char *dir, const struct run_record *record)
{
	own_error struct error *err = NULL;
	own_qmp struct qmp *qmp = tools_monitor(dir, &err);
	struct condition now = {qmp ? condition_ask(qmp, &err) : xstrdup("unresponsive"), {{0}}};
	json_object *blocks = NULL;

	if (!held_is(now.state) || condition_is_starting(record, now.state))
		return now;
	snprintf(now.held.state, sizeof(now.held.state), "%s", now.state);
	if (held_is_of_disks(now.state) &&
	    qmp_execute(qmp, "query-block", NULL, TOOLS_ANSWER_MS, &blocks, &err))
		held_add_blocks(&now.held, blocks);
	json_object_put(blocks);
	return now;
}
