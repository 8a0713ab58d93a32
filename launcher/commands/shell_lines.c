/* What a line of the shell does: a command of QEMU's, or a word of the shell's own. */
#include <fnmatch.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"
#include "qmp/format.h"
#include "qmp/help.h"
#include "qmp/line.h"
#include "shell_private.h"

/* A line is no line where this many words that perform one stand before it. */
#define NESTED_MOST 4

/* Tells what is wrong with line, which is shell->typed or the end of it, below the place. */
static void show_caret(struct shell *shell, const char *line, const struct caret *caret)
{
	own_free char *prompt = shell_prompt(shell);
	unsigned at = text_column(shell->typed, (size_t)(line - shell->typed) + caret->at);
	size_t column = strlen(prompt) + at - 1;
	own_free char *text = text_quote(caret->text, 2000);

	shell->failed = true;
	if (column < shell->terminal.columns && !strchr(shell->typed, '\n'))
		shell_say(shell, "%*s^\n%s", (int)column, "", text);
	else
		shell_say(shell, "at %u: %s", at, text);
}

/* Says why the line is not performed. */
static void refuse_line(struct shell *shell, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse_line(struct shell *shell, const char *fmt, ...)
{
	own_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(tongue(fmt), args);
	va_end(args);
	shell->failed = true;
	terminal_print(&shell->terminal, text);
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
		refuse_line(shell, "%s", error_message(err, 0));
		return;
	}
	danger = session_danger(request.command, request.arguments);
	if (danger) {
		own_free char *question = xasprintf("%s %s: sure?", request.command, danger);

		shell->failed = !shell_sure(shell, question);
		if (shell->failed)
			return;
	}
	if (shell_request(shell, &request, &answer))
		shell_answer(shell, &request, answer);
}

static void show_help(struct shell *shell, const char *rest);

static void leave_shell(struct shell *shell, const char *rest)
{
	(void)rest;
	shell->leave = true;
}

/* Whether each of the patterns, which a space parts, fits an event that QEMU has, as far as is
 * known; said where not.
 */
static bool are_events(struct shell *shell, const char *patterns)
{
	own_free const char **names = NULL;
	size_t n;

	names = schema_names(session_schema(shell->session), SCHEMA_EVENT, &n);
	if (!*patterns) {
		refuse_line(shell,
			    "events on, events off, or events only NAME..., such as BLOCK_*");
		return false;
	}
	while (*patterns) {
		own_free char *pattern = xstrndup(patterns, strcspn(patterns, " "));
		own_free char *shown = text_quote(pattern, 60);
		bool fits = !n;

		for (size_t i = 0; i < n && !fits; i++)
			fits = fnmatch(pattern, names[i], 0) == 0;
		if (!fits) {
			const char *nearest = text_nearest(pattern, names, n);

			refuse_line(shell, "QEMU has no event %s%s%s%s", shown,
				    nearest ? "; did you mean " : "", nearest ? nearest : "",
				    nearest ? "?" : "");
			return false;
		}
		patterns += strlen(pattern);
		patterns += strspn(patterns, " ");
	}
	return true;
}

static void set_events(struct shell *shell, const char *rest)
{
	bool all = strcmp(rest, "on") == 0, none = strcmp(rest, "off") == 0;
	const char *patterns = rest;

	if (!*rest) {
		own_free char *shown = text_quote(shell->events ? shell->events : "none", 60);

		shell_say(shell, "events: %s", shown);
		return;
	}
	if (text_starts(rest, "only") && (rest[4] == ' ' || !rest[4]))
		patterns = rest + 4 + strspn(rest + 4, " ");
	if (!all && !none && !are_events(shell, patterns))
		return;
	free(steal(&shell->events));
	shell->events = none ? NULL : xstrdup(all ? "*" : patterns);
}

static void set_raw(struct shell *shell, const char *rest)
{
	shell->raw = strcmp(rest, "off") != 0;
}

static void json_line(struct shell *shell, const char *rest)
{
	bool before = shell->json;

	if (!*rest) {
		refuse_line(shell, "json LINE");
		return;
	}
	shell->json = true;
	shell_line(shell, rest);
	shell->json = before;
}

static void time_line(struct shell *shell, const char *rest)
{
	struct timespec start, end;

	if (!*rest) {
		refuse_line(shell, "time LINE");
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	shell_line(shell, rest);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (shell->failed)
		return;
	shell_say(shell, "%.3f ms",
		  (double)(end.tv_sec - start.tv_sec) * 1e3 +
			  (double)(end.tv_nsec - start.tv_nsec) / 1e6);
}

static void watch_line(struct shell *shell, const char *rest)
{
	char *end;
	double seconds = strtod(rest, &end);

	if (end == rest || *end != ' ' || !(seconds >= 0.1) || seconds > 86400) {
		refuse_line(shell, "watch SECONDS LINE, until Ctrl-C");
		return;
	}
	do
		shell_line(shell, end + 1);
	while (!shell->failed && shell_wait(shell, (int)(seconds * 1000), NULL, NULL, NULL));
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
		refuse_line(shell, "wait EVENT KEY=VALUE...: QEMU has no such event");
		return;
	}
	buf_adds(&conditions, "");
	for (size_t i = 1; i < line.words; i++)
		if (!strchr(line.word[i].text, '=')) {
			refuse_line(shell, "wait EVENT KEY=VALUE...: %s is no KEY=VALUE",
				    line.word[i].text);
			return;
		}
	for (size_t i = 1; i < line.words; i++)
		buf_addf(&conditions, "%s%s", i > 1 ? "," : "", line.word[i].text);
	shell_wait(shell, -1, line.word[0].text, conditions.data, &came);
	if (came)
		shell_say(shell, "%s has come", line.word[0].text);
}

static void save_text(struct shell *shell, const char *path, const char *text)
{
	own_error struct error *err = NULL;

	if (!file_write(path, text, strlen(text), 0600, VOLATILE, &err))
		refuse_line(shell, "%s", error_message(err, 0));
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
	const struct shell_word *word;
	const char *command;

	if (!rest[len] || !*path) {
		refuse_line(shell, "save FILE COMMAND");
		return;
	}
	if (access(path, F_OK) == 0) {
		refuse_line(shell, "%s is there already", path);
		return;
	}
	command = rest + len + strspn(rest + len, " ");
	word = shell_word_of(command, strcspn(command, " "));
	if (word && word->look) {
		text = shell_look_text(shell, word,
				       command + strlen(word->name) +
					       strspn(command + strlen(word->name), " "));
		if (text)
			save_text(shell, path, text);
		return;
	}
	if (!request_parse(shell->session, command, &request, &caret)) {
		show_caret(shell, command, &caret);
		return;
	}
	if (!session_may(shell->session, request.command, request.arguments, &err) ||
	    session_danger(request.command, request.arguments)) {
		refuse_line(shell, "%s",
			    err ? error_message(err, 0) : "not of a command that asks first");
		return;
	}
	if (!shell_request(shell, &request, &answer))
		return;
	text = request_answer(&request, answer);
	save_text(shell, path, text);
}

const struct shell_word SHELL_WORDS[] = {
	{"help", "", "this list", show_help},
	{"exit", "", "leave the shell, as Ctrl-D does; the machine goes on", leave_shell},
	{"events", "[on|off|only NAME...]", "which events are shown", set_events,
	 TAKES_EVENT_FILTER},
	{"raw", "[on|off]", "answers as JSON on one line", set_raw},
	{"json", "LINE", "perform LINE, and no table is made of its answer", json_line, TAKES_LINE},
	{"time", "LINE", "perform LINE and tell how long it took", time_line, TAKES_LINE},
	{"watch", "SECONDS LINE", "perform LINE again and again, until Ctrl-C", watch_line,
	 TAKES_WORD_AND_LINE},
	{"wait", "EVENT [KEY=VALUE...]", "wait for an event, until Ctrl-C", wait_event,
	 TAKES_EVENT},
	{"save", "FILE COMMAND", "put an answer into a new file", save_line,
	 TAKES_FILE_AND_COMMAND},
	{"transcript", "FILE|off", "add all that is sent and comes to FILE, as JSON lines",
	 shell_transcript_set, TAKES_FILE},
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
		 "!oob COMMAND          out of band: before what QEMU has still to do\n"
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

const struct shell_word *shell_word_of(const char *line, size_t len)
{
	for (int looks = 0; looks < 2; looks++)
		for (const struct shell_word *word = looks ? SHELL_LOOKS : SHELL_WORDS; word->name;
		     word++)
			if (strlen(word->name) == len && strncmp(word->name, line, len) == 0)
				return word;
	return NULL;
}

static json_object *properties_of(void *session, const char *driver)
{
	return session_properties(session, driver);
}

static void help_on(struct shell *shell, const char *rest)
{
	size_t len = strcspn(rest, " \t");
	const struct shell_word *word = shell_word_of(rest, len);
	own_free char *text = NULL, *name = xstrndup(rest, len), *unknown = NULL;

	if (!len) {
		show_help(shell, "");
		return;
	}
	text = word ? xasprintf("%s%s%s: %s", word->name, *word->usage ? " " : "", word->usage,
				word->help)
		    : qmp_help(session_schema(shell->session), rest, properties_of, shell->session);
	if (text) {
		terminal_print(&shell->terminal, text);
		return;
	}
	unknown = session_unknown(shell->session, name);
	refuse_line(shell, "%s", unknown);
}

static void search_for(struct shell *shell, const char *rest)
{
	own_free char *text = qmp_search(session_schema(shell->session), rest);

	if (*text)
		terminal_print(&shell->terminal, text);
	else
		refuse_line(shell, "nothing in QEMU's schema");
}

void shell_line(struct shell *shell, const char *line)
{
	const struct shell_word *word;
	size_t len;

	line += strspn(line, " \t\n");
	len = strcspn(line, " \t\n");
	if (!*line || *line == '#')
		return;
	if (*line == '?' || *line == '/') {
		(*line == '?' ? help_on : search_for)(shell, line + 1 + strspn(line + 1, " \t"));
		return;
	}
	word = shell_word_of(line, len);
	if (!word) {
		perform_request(shell, line);
	} else if (word->look) {
		shell_look(shell, word, line + len + strspn(line + len, " \t"));
	} else if (shell->nested == NESTED_MOST) {
		refuse_line(shell, "so many lines in one are none");
	} else {
		shell->nested++;
		word->run(shell, line + len + strspn(line + len, " \t"));
		shell->nested--;
	}
}
