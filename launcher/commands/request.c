#include "request.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"
#include "qmp/format.h"
#include "qmp/line.h"

#define JSON_DEPTH 60

#define OOB_MARK "!oob "

void request_free(struct request *request)
{
	free(request->command);
	json_object_put(request->arguments);
	*request = (struct request){0};
}

void caret_free(struct caret *caret)
{
	free(caret->text);
	*caret = (struct caret){0};
}

static bool refuse_at(struct caret *caret, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse_at(struct caret *caret, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	caret->at = at;
	caret->text = xvasprintf(tongue(fmt), args);
	va_end(args);
	return false;
}

/* Whether QEMU has the command, and takes it so, as far as is known. */
static bool is_known(struct session *session, const char *command, bool oob, size_t at,
		     struct caret *caret)
{
	const struct schema *schema = session_schema(session);
	own_free char *text = NULL;

	if (!text_is_printable(command))
		return refuse_at(caret, at, "no command");
	if (!schema)
		return true;
	if (schema_command(schema, command))
		return !oob || schema_command(schema, command)->oob ||
		       refuse_at(caret, at, "QEMU does not take this command out of band");
	text = session_unknown(session, command);
	return refuse_at(caret, at, "%s", text);
}

/* A member that is spelt wrong is not to be left out in silence. */
static bool has_known_members(json_object *whole, const char *text, struct caret *caret)
{
	static const char *const known[] = {"execute", "exec-oob", "arguments", "id"};

	if (!json_object_is_type(whole, json_type_object))
		return true;
	json_object_object_foreach(whole, key, value)
	{
		own_free char *shown = text_quote(key, 64);
		const char *nearest = text_nearest(key, known, ARRAY_SIZE(known)),
			   *at = strstr(text, key);
		bool found = false;

		(void)value;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= strcmp(known[i], key) == 0;
		if (!found)
			return refuse_at(caret, at ? (size_t)(at - text) : 0,
					 "QMP has no member %s%s%s%s", shown,
					 nearest ? "; did you mean " : "", nearest ? nearest : "",
					 nearest ? "?" : "");
	}
	return true;
}

static bool parse_json(struct session *session, const char *text, struct request *request,
		       struct caret *caret)
{
	own_json json_object *whole = NULL;
	struct json_fault fault;
	json_object *arguments = NULL;
	const char *command, *at;

	if (!json_read(text, strlen(text), JSON_DEPTH, &whole, &fault))
		return refuse_at(caret, fault.at, "%s", fault.why);
	if (!has_known_members(whole, text, caret))
		return false;
	request->oob = json_object_object_get_ex(whole, "exec-oob", NULL);
	command = json_member_text(whole, request->oob ? "exec-oob" : "execute");
	if (!*command)
		return refuse_at(caret, 0,
				 "no command: {\"execute\": \"COMMAND\", \"arguments\": {...}}");
	at = strstr(text, command);
	if (!is_known(session, command, request->oob, at ? (size_t)(at - text) : 0, caret))
		return false;
	if (json_object_object_get_ex(whole, "arguments", &arguments) &&
	    !json_object_is_type(arguments, json_type_object))
		return refuse_at(caret, 0, "\"arguments\" is no object");
	request->command = xstrdup(command);
	request->arguments = json_object_get(arguments);
	return true;
}

static bool parse_hmp(const char *text, struct request *request, struct caret *caret)
{
	const char *line = text + 1 + strspn(text + 1, " \t");

	if (!*line)
		return refuse_at(caret, strlen(text),
				 "a command of HMP is wanted, such as :info pci");
	request->command = xstrdup("human-monitor-command");
	request->arguments = json_object_new_object();
	json_add_text(request->arguments, "command-line", line);
	return true;
}

static bool parse_words(struct session *session, const char *text, struct request *request,
			struct caret *caret)
{
	own_qmp_line struct qmp_line line = {0};
	own_qmp_fault struct qmp_fault fault = {0};
	own_free char **words = NULL;

	qmp_split(text, &line);
	if (line.open)
		return refuse_at(caret, line.open_at, "%s", line.open);
	if (!line.words)
		return refuse_at(caret, 0, "a command is wanted");
	if (!is_known(session, line.word[0].text, request->oob, line.word[0].at, caret))
		return false;
	words = qmp_line_words(&line);
	request->arguments =
		session_arguments(session, line.word[0].text, words, line.words - 1, &fault);
	if (!request->arguments) {
		const struct qmp_word *word = &line.word[fault.word + 1];
		size_t at = fault.word + 1 >= line.words ? strlen(text)
			    : fault.value		 ? word->value_at
							 : word->at;

		return refuse_at(caret, at, "%s", fault.text);
	}
	request->command = xstrdup(line.word[0].text);
	return true;
}

bool request_parse(struct session *session, const char *text, struct request *request,
		   struct caret *caret)
{
	size_t blank = strspn(text, " \t\r\n");

	*request = (struct request){0};
	*caret = (struct caret){0};
	if (text_utf8(text, strlen(text)) < strlen(text))
		return refuse_at(caret, text_utf8(text, strlen(text)),
				 "not UTF-8, which QMP wants");
	if (text[blank] == '{')
		return parse_json(session, text, request, caret);
	if (text[blank] == ':')
		return parse_hmp(text + blank, request, caret);
	if (strcmp(text + blank, "!oob") == 0)
		return refuse_at(caret, strlen(text), "a command is wanted");
	request->oob = text_starts(text + blank, OOB_MARK);
	if (!request->oob)
		return parse_words(session, text, request, caret);
	blank += strlen(OOB_MARK);
	if (parse_words(session, text + blank, request, caret))
		return true;
	caret->at += blank;
	return false;
}

static bool is_hmp(const struct request *request, json_object *answer)
{
	return strcmp(request->command, "human-monitor-command") == 0 &&
	       json_object_is_type(answer, json_type_string);
}

bool request_failed_as_text(const struct request *request, json_object *answer)
{
	const char *text = is_hmp(request, answer) ? json_object_get_string(answer) : "";

	return text_starts(text, "unknown command: ") || text_starts(text, "Error: ");
}

char *request_answer(const struct request *request, json_object *answer)
{
	own_free char *pretty = NULL;

	if (is_hmp(request, answer))
		return qmp_screen(json_object_get_string(answer));
	pretty = qmp_json_pretty(answer);
	return xasprintf("%s\n", pretty);
}
