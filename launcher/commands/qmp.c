/* One command for QEMU, over the tools' monitor. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "common.h"
#include "qmp/words.h"

/* The name that is nearest to a command that QEMU does not have, from its own list. */
static void suggest(struct qmp *qmp, const char *command, struct error **err)
{
	own_free char *shown = text_quote(command, 64), *near = NULL;
	json_object *list = NULL, *name;
	const char **names, *nearest;
	size_t n, known = 0;

	qmp_execute(qmp, "query-commands", NULL, TOOLS_ANSWER_MS, &list, NULL);
	n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	names = xcalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "name", &name) &&
		    json_object_is_type(name, json_type_string))
			names[known++] = json_object_get_string(name);
	nearest = text_nearest(command, names, known);
	near = nearest ? text_quote(nearest, 64) : NULL;
	error_add(err, ERROR_FAILED, "QEMU has no command %s%s%s%s", shown,
		  near ? "; did you mean " : "; query-commands lists them", near ? near : "",
		  near ? "?" : "");
	free(names);
	json_object_put(list);
}

/* What a person at QEMU's own monitor would see. */
static void print_screen(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		own_free char *line = xstrndup(text, len), *shown = text_quote(line, len);

		puts(shown);
		text += len;
		text += *text == '\r';
		text += *text == '\n';
	}
}

static void print_answer(const char *command, json_object *answer)
{
	if (strcmp(command, "human-monitor-command") == 0 &&
	    json_object_is_type(answer, json_type_string))
		print_screen(json_object_get_string(answer));
	else
		puts(json_object_to_json_string_ext(
			answer, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					JSON_C_TO_STRING_NOSLASHESCAPE));
}

int command_qmp(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? running(name, &record, err) : NULL;
	struct error *problem = NULL;
	json_object *arguments, *answer = NULL;
	own_qmp struct qmp *qmp = NULL;

	if (!dir)
		return ERROR_FAILED;
	arguments = qmp_arguments((char **)&args->word[2], args->words - 2, err);
	if (!arguments)
		return ERROR_USAGE;
	qmp = tools_monitor(dir, err);
	if (!qmp) {
		json_object_put(arguments);
		return ERROR_FAILED;
	}
	if (qmp_execute(qmp, args->word[1], arguments, -1, &answer, &problem)) {
		print_answer(args->word[1], answer);
		json_object_put(answer);
		return 0;
	}
	if (qmp_error_class(qmp) && strcmp(qmp_error_class(qmp), "CommandNotFound") == 0) {
		error_free(problem);
		problem = NULL;
		suggest(qmp, args->word[1], &problem);
	}
	error_merge(err, &problem);
	return ERROR_FAILED;
}
