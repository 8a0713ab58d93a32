/* What a line of the shell does: a command of QEMU's, or a word of the shell's own. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "qmp/format.h"
#include "qmp/help.h"
#include "qmp/line.h"
#include "shell_private.h"

static void show_caret(struct shell *shell, const char *line, const struct caret *caret)
{
	own_free char *name = text_quote(path_base(shell->session->name), 40);
	size_t before = strlen(name) + (*shell->state ? strlen(shell->state) + 6 : 3);
	size_t column = before + text_column(line, caret->at) - 1;
	own_free char *text = text_quote(caret->text, 2000);

	if (column < shell->terminal.columns && !strchr(line, '\n'))
		shell_say(shell, "%*s^\n%s", (int)column, "", text);
	else
		shell_say(shell, "at %u: %s", text_column(line, caret->at), text);
}

static void perform_request(struct shell *shell, const char *line)
{
	own_request struct request request = {0};
	own_caret struct caret caret = {0};
	own_json json_object *answer = NULL;
	own_error struct error *err = NULL;
	const char *danger;

	if (!request_parse(shell->session, line, &request, &caret)) {
		show_caret(shell, line, &caret);
		return;
	}
	if (!session_may(shell->session, request.command, request.arguments, &err)) {
		shell_say(shell, "%s", error_message(err, 0));
		return;
	}
	danger = session_danger(request.command, request.arguments);
	if (danger) {
		own_free char *question = xasprintf("%s %s: sure?", request.command, danger);

		if (!shell_sure(shell, question))
			return;
	}
	if (shell_ask(shell, request.command, json_object_get(request.arguments), &answer))
		shell_answer(shell, &request, answer);
}

static void show_help(struct shell *shell, const char *rest);

static void leave_shell(struct shell *shell, const char *rest)
{
	(void)rest;
	shell->leave = true;
}

static void set_events(struct shell *shell, const char *rest)
{
	if (!*rest) {
		own_free char *shown = text_quote(shell->events ? shell->events : "none", 60);

		shell_say(shell, "events: %s", shown);
		return;
	}
	free(steal(&shell->events));
	if (strcmp(rest, "on") == 0)
		shell->events = xstrdup("*");
	else if (strcmp(rest, "off") != 0)
		shell->events = xstrdup(text_starts(rest, "only ") ? rest + 5 : rest);
}

static void set_raw(struct shell *shell, const char *rest)
{
	shell->raw = strcmp(rest, "off") != 0;
}

static void time_line(struct shell *shell, const char *rest)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	shell_line(shell, rest);
	clock_gettime(CLOCK_MONOTONIC, &end);
	shell_say(shell, "%.3f ms",
		  (double)(end.tv_sec - start.tv_sec) * 1e3 +
			  (double)(end.tv_nsec - start.tv_nsec) / 1e6);
}

static void watch_line(struct shell *shell, const char *rest)
{
	char *end;
	double seconds = strtod(rest, &end);

	if (end == rest || *end != ' ' || !(seconds >= 0.1) || seconds > 86400) {
		shell_say(shell, "watch SECONDS COMMAND, until Ctrl-C");
		return;
	}
	do
		shell_line(shell, end + 1);
	while (shell_wait(shell, (int)(seconds * 1000), NULL, NULL, NULL));
}

static void wait_event(struct shell *shell, const char *rest)
{
	own_qmp_line struct qmp_line line = {0};
	own_buf struct buf conditions = {0};
	own_free const char **names = NULL;
	bool came = false, known = false;
	size_t n;

	qmp_split(rest, &line);
	names = schema_names(session_schema(shell->session), SCHEMA_EVENT, &n);
	for (size_t i = 0; line.words && i < n; i++)
		known |= strcmp(names[i], line.word[0].text) == 0;
	if (!known && (n || !line.words)) {
		shell_say(shell, "wait EVENT KEY=VALUE...: QEMU has no such event");
		return;
	}
	buf_adds(&conditions, "");
	for (size_t i = 1; i < line.words; i++)
		buf_addf(&conditions, "%s%s", i > 1 ? "," : "", line.word[i].text);
	shell_wait(shell, -1, line.word[0].text, conditions.data, &came);
	if (came)
		shell_say(shell, "%s has come", line.word[0].text);
}

static void save_line(struct shell *shell, const char *rest)
{
	size_t len = strcspn(rest, " ");
	own_free char *path = xstrndup(rest, len);
	own_request struct request request = {0};
	own_caret struct caret caret = {0};
	own_json json_object *answer = NULL;
	own_error struct error *err = NULL;
	own_free char *text = NULL;

	if (!rest[len] || !*path) {
		shell_say(shell, "save FILE COMMAND");
		return;
	}
	if (!request_parse(shell->session, rest + len + 1, &request, &caret)) {
		shell_say(shell, "%s", caret.text);
		return;
	}
	if (access(path, F_OK) == 0) {
		shell_say(shell, "%s is there already", path);
		return;
	}
	if (!session_may(shell->session, request.command, request.arguments, &err) ||
	    session_danger(request.command, request.arguments)) {
		shell_say(shell, "%s",
			  err ? error_message(err, 0) : "not of a command that asks first");
		return;
	}
	if (!shell_ask(shell, request.command, json_object_get(request.arguments), &answer))
		return;
	text = request_answer(&request, answer);
	if (!file_write(path, text, strlen(text), 0600, VOLATILE, &err))
		shell_say(shell, "%s", error_message(err, 0));
}

static void set_transcript(struct shell *shell, const char *rest)
{
	if (shell->transcript)
		fclose(steal(&shell->transcript));
	if (strcmp(rest, "off") == 0)
		return;
	shell->transcript = *rest ? fopen(rest, "ae") : NULL;
	if (!shell->transcript)
		shell_say(shell, "transcript FILE, or transcript off: %s",
			  strerror(*rest ? errno : EINVAL));
}

const struct shell_word SHELL_WORDS[] = {
	{"help", "", "this list", show_help},
	{"exit", "", "leave the shell, as Ctrl-D does; the machine goes on", leave_shell},
	{"events", "[on|off|only PATTERN]", "which events are shown", set_events},
	{"raw", "[on|off]", "answers as JSON on one line", set_raw},
	{"time", "LINE", "perform LINE and tell how long it took", time_line},
	{"watch", "SECONDS LINE", "perform LINE again and again, until Ctrl-C", watch_line},
	{"wait", "EVENT [KEY=VALUE...]", "wait for an event, until Ctrl-C", wait_event},
	{"save", "FILE COMMAND", "put an answer into a new file", save_line},
	{"transcript", "FILE|off", "add all that is sent and comes to FILE, as JSON lines",
	 set_transcript},
	{0},
};

static void show_help(struct shell *shell, const char *rest)
{
	own_buf struct buf out = {0};

	(void)rest;
	buf_adds(&out,
		 "COMMAND KEY=VALUE...  a command of QMP, typed by QEMU's schema; Tab completes\n"
		 "{\"execute\": ...}      the same as JSON, over as many lines as it takes\n"
		 ":COMMAND              a command of HMP, such as :info registers\n"
		 "?COMMAND              its arguments; /TEXT what holds TEXT in the schema\n");
	for (int looks = 0; looks < 2; looks++)
		for (const struct shell_word *word = looks ? SHELL_LOOKS : SHELL_WORDS; word->name;
		     word++) {
			own_free char *left = xasprintf("%s %s", word->name, word->usage);

			buf_addf(&out, "%-21s %s%s\n", left,
				 strlen(left) > 21 ? "\n                      " : "", word->help);
		}
	terminal_print(&shell->terminal, out.data);
}

static const struct shell_word *word_of(const char *line, size_t len)
{
	for (int looks = 0; looks < 2; looks++)
		for (const struct shell_word *word = looks ? SHELL_LOOKS : SHELL_WORDS; word->name;
		     word++)
			if (strlen(word->name) == len && strncmp(word->name, line, len) == 0)
				return word;
	return NULL;
}

void shell_line(struct shell *shell, const char *line)
{
	const struct shell_word *word;
	own_free char *text = NULL;
	size_t len;

	line += strspn(line, " \t\n");
	len = strcspn(line, " \t\n");
	if (!*line || *line == '#')
		return;
	if (*line == '?' || *line == '/') {
		text = *line == '?' ? qmp_help(session_schema(shell->session), line + 1)
				    : qmp_search(session_schema(shell->session), line + 1);
		terminal_print(&shell->terminal, text && *text ? text : "nothing in QEMU's schema");
		return;
	}
	word = word_of(line, len);
	if (word)
		word->run(shell, line + len + strspn(line + len, " \t"));
	else
		perform_request(shell, line);
}
