/* `vmlaunch qmp`: one command, a script of them, events, or (shell.h) a person at a terminal.
 *
 * standard output is answers and events alone. The exit status says what went wrong: 1 QEMU's
 * error, 2 wrong usage or what the schema does not have (nothing was sent), 3 no connection, 4 the
 * connection was lost, 5 time is up.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "common.h"
#include "qmp/format.h"
#include "request.h"
#include "shell_private.h"

/* A script's bytes at most. */
#define SCRIPT_LIMIT (16U << 20)

/* How answers are printed. */
struct output {
	bool raw;
	const char *get; /* a path, NULL: all */
};

static bool print_answer(const struct output *output, const struct request *request,
			 json_object *answer, struct error **err)
{
	own_free char *text = NULL;
	json_object *found = answer;

	if (output->get && !qmp_pick(answer, output->get, &found)) {
		own_free char *shown = text_quote(output->get, 100);

		error_add(err, ERROR_FAILED, "%s: the answer has no %s", request->command, shown);
		return false;
	}
	if (output->get && !json_object_is_type(found, json_type_object) &&
	    !json_object_is_type(found, json_type_array)) {
		text = qmp_plain(found);
		puts(text);
	} else if (output->raw) {
		text = qmp_json_line(found);
		puts(text);
	} else if (output->get) {
		text = qmp_json_pretty(found);
		puts(text);
	} else {
		text = request_answer(request, answer);
		fputs(text, stdout);
	}
	fflush(stdout);
	return true;
}

/* Sends what was asked for and prints the answer; an error's kind is the exit status. */
static bool perform_line(struct session *session, const struct output *output,
			 const struct request *request, struct error **err)
{
	own_json json_object *answer = NULL;
	struct error *problem = NULL;

	if (!session_may(session, request->command, request->arguments, err))
		return false;
	if (!session_execute(session, request->command, json_object_get(request->arguments),
			     request->oob, &answer, &problem)) {
		const char *class = qmp_error_class(session->qmp);

		if (class && strcmp(class, "CommandNotFound") == 0) {
			own_free char *text = session_unknown(session, request->command);

			error_free(problem);
			problem = NULL;
			error_add(&problem, ERROR_FAILED, "%s", text);
		}
		error_merge(err, &problem);
		return false;
	}
	if (!print_answer(output, request, answer, err))
		return false;
	if (!request_failed_as_text(request, answer))
		return true;
	error_add(err, ERROR_FAILED, "QEMU's answer is an error");
	return false;
}

/* ------------------------------------------------------------------ one command, or many */

/* The words from the first one on, as they would stand on a line. */
static char *line_of(const struct arguments *args, size_t first)
{
	struct buf line = {0};

	buf_adds(&line, "");
	for (size_t i = first; i < args->words; i++)
		buf_addf(&line, "%s%s", i > first ? " " : "", args->word[i]);
	return buf_steal(&line);
}

/* A word of the shell's that looks at the guest: as text, or as JSON for --raw and --get. */
static bool look_up_word(struct session *session, const struct output *output,
			 const struct shell_word *word, const char *rest, struct error **err)
{
	struct looking looking = looking_alone(session);
	own_request struct request named = {.command = xstrdup(word->name)};
	own_json json_object *found =
		look_find(&looking, word->look, word->name, *word->usage, rest, err);
	own_buf struct buf out = {0};

	if (!found)
		return false;
	if (output->raw || output->get)
		return print_answer(output, &named, found, err);
	word->look->print(&out, found);
	fputs(out.len ? out.data : "", stdout);
	return true;
}

static const struct shell_word *look_of(const char *name)
{
	for (const struct shell_word *word = SHELL_LOOKS; word->name; word++)
		if (strcmp(word->name, name) == 0)
			return word;
	return NULL;
}

static bool run_words(struct session *session, const struct output *output,
		      const struct arguments *args, size_t first, struct error **err)
{
	own_free char *line = line_of(args, first), *rest = line_of(args, first + 1);
	const struct shell_word *word = look_of(args->word[first]);
	own_request struct request request = {0};
	own_caret struct caret caret = {0};

	if (word)
		return look_up_word(session, output, word, rest, err);
	/* HMP and JSON are lines as they stand. */
	if (*line == ':' || *line == '{') {
		if (request_parse(session, line, &request, &caret))
			return perform_line(session, output, &request, err);
		error_add(err, ERROR_USAGE, "%s", caret.text);
		return false;
	}
	request.command = xstrdup(args->word[first]);
	request.arguments = session_typed(session, request.command, (char **)&args->word[first + 1],
					  args->words - first - 1, err);
	return request.arguments && perform_line(session, output, &request, err);
}

static bool run_line(struct session *session, const struct output *output, const char *line,
		     const char *where, size_t number, struct error **err)
{
	const char *start = line + strspn(line, " \t\r");
	own_free char *first = xstrndup(start, strcspn(start, " \t\r"));
	const struct shell_word *word = look_of(first);
	own_request struct request request = {0};
	own_caret struct caret caret = {0};
	struct error *problem = NULL;
	bool good;

	if (!*start || *start == '#')
		return true;
	if (word) {
		start += strlen(first);
		good = look_up_word(session, output, word, start + strspn(start, " \t"), &problem);
	} else if (!request_parse(session, line, &request, &caret)) {
		error_add(err, ERROR_USAGE, "%s:%zu:%u: %s", where, number,
			  text_column(line, caret.at), caret.text);
		return false;
	} else {
		good = perform_line(session, output, &request, &problem);
	}
	error_context(&problem, "%s:%zu", where, number);
	error_merge(err, &problem);
	return good;
}

/* Runs a script's lines until one fails; file "-" is standard input, which is taken line by line.
 */
static bool run_script(struct session *session, const struct output *output, const char *file,
		       struct error **err)
{
	bool input = strcmp(file, "-") == 0;
	own_file FILE *from = input ? fdopen(dup(STDIN_FILENO), "r") : fopen(file, "re");
	own_free char *line = NULL, *where = text_quote(input ? "standard input" : file, 200);
	size_t room = 0, number = 0, total = 0;
	ssize_t n;

	if (!from) {
		error_errno(err, ERROR_USAGE, errno, "%s", where);
		return false;
	}
	while ((n = getline(&line, &room, from)) >= 0) {
		total += (size_t)n;
		if (total > SCRIPT_LIMIT || strlen(line) != (size_t)n) {
			error_add(err, ERROR_USAGE, "%s: no script: %s", where,
				  total > SCRIPT_LIMIT ? "too large" : "it holds NUL bytes");
			return false;
		}
		line[strcspn(line, "\r\n")] = '\0';
		if (!run_line(session, output, line, where, ++number, err))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ events */

struct following {
	const char *pattern; /* of names to print, NULL: none */
	char *until;	     /* the name that ends it, NULL: none */
	const char *conditions;
};

/* Takes one message; true when it is what was waited for. */
static bool take_event(const struct following *following, const struct qmp_message *message)
{
	own_free char *line = NULL;

	if (message->kind != QMP_EVENT)
		return false;
	if (following->pattern && fnmatch(following->pattern, message->name, 0) == 0) {
		line = qmp_json_line(message->whole);
		puts(line);
		fflush(stdout);
	}
	return following->until && strcmp(following->until, message->name) == 0 &&
	       qmp_event_matches(message, following->conditions);
}

static bool follow_events(struct session *session, const struct following *following,
			  struct error **err)
{
	for (;;) {
		struct pollfd fd = {qmp_fd(session->qmp), qmp_poll_events(session->qmp), 0};
		own_qmp_message struct qmp_message message = {0};
		int n;

		if (qmp_next(session->qmp, &message) != QMP_NOTHING) {
			if (message.kind == QMP_CLOSED) {
				error_add(err, QMP_LOST, "%s", message.text);
				return false;
			}
			if (take_event(following, &message))
				return true;
			if (ferror(stdout))
				return false;
			continue;
		}
		n = poll(&fd, 1, session_left(session));
		if (n == 0 && following->until) {
			error_add(err, ERROR_LATE, "%s did not come in time", following->until);
			return false;
		}
		if (n == 0)
			return true; /* --follow with --timeout: so long and no longer */
		if (n > 0 && !qmp_receive(session->qmp, err))
			return false;
	}
}

static struct following following_of(const struct arguments *args)
{
	const char *follow = argument_option(args, "follow");
	const char *until = argument_option(args, "until");
	size_t len = until ? strcspn(until, ",") : 0;

	return (struct following){
		.pattern = follow && !*follow ? "*" : follow,
		.until = until ? xstrndup(until, len) : NULL,
		.conditions = until && until[len] ? until + len + 1 : "",
	};
}

/* An event that QEMU does not have would be waited for until the end of time. */
static bool is_event(struct session *session, const char *name, struct error **err)
{
	own_free const char **names = NULL;
	own_free char *shown = text_quote(name, 64);
	const char *nearest;
	size_t n;

	names = schema_names(session_schema(session), SCHEMA_EVENT, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	if (!n)
		return true; /* nobody knows */
	nearest = text_nearest(name, names, n);
	error_add(err, ERROR_USAGE, "QEMU has no event %s%s%s%s", shown,
		  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return false;
}

int command_qmp(const struct arguments *args, struct error **err)
{
	struct output output = {argument_option(args, "raw"), argument_option(args, "get")};
	const char *script = argument_option(args, "file");
	own_session struct session session = {0};
	struct following following = following_of(args);
	own_free char *until = following.until;
	bool follows = following.pattern || until, good = true;
	size_t first;

	if (!session_open(&session, args, &first, err))
		return ERROR_FAILED;
	if (script && args->words > first) {
		error_add(err, ERROR_USAGE, "a command and --file do not go together");
		return ERROR_USAGE;
	}
	if (until && !is_event(&session, until, err))
		return ERROR_USAGE;
	if (args->words > first)
		good = run_words(&session, &output, args, first, err);
	else if (script)
		good = run_script(&session, &output, script, err);
	else if (!follows && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return shell_run(&session, args, err);
	else if (!follows)
		good = run_script(&session, &output, "-", err);
	if (good && follows)
		good = follow_events(&session, &following, err);
	return good ? 0 : ERROR_FAILED;
}
