/* Theory of operation: one poll loop for the terminal, the monitor and signals. A command is sent
 * and then waited for in the same loop, so that events are shown and Ctrl-C is heard meanwhile;
 * what is typed ahead waits for its turn. Ctrl-C ends the waiting and not what QEMU does.
 *
 * How the guest is comes from QEMU alone: an event that may change it makes the shell ask, and the
 * prompt changes when the answer is there.
 */
#include <fnmatch.h>
#include <poll.h>
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
#include "run/held.h"
#include "shell_private.h"

/* After so long without an answer, in milliseconds, it is said how one gets away. */
#define SILENCE_MS 3000

/* How long Tab and the judging of a line wait for what QEMU is asked meanwhile. */
#define PATIENCE_MS 1000

void shell_say(struct shell *shell, const char *fmt, ...)
{
	own_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(tongue(fmt), args);
	va_end(args);
	terminal_print(&shell->terminal, text);
}

/* ------------------------------------------------------------------ messages */

static void ask_state(struct shell *shell)
{
	if (!shell->session->agent && !shell->state_id)
		qmp_send(shell->session->qmp, "query-status", NULL, &shell->state_id, NULL);
}

char *shell_prompt(const struct shell *shell)
{
	own_free char *name = text_quote(path_base(shell->session->name), 40);

	return *shell->state ? xasprintf("%s [%s] > ", name, shell->state)
			     : xasprintf("%s > ", name);
}

static void show_prompt(struct shell *shell)
{
	own_free char *prompt = shell_prompt(shell);

	terminal_prompt(&shell->terminal, prompt);
}

/* A prompt that is on the screen changes with the state; one that is not comes later anyway. */
static void take_state(struct shell *shell, json_object *answer)
{
	own_free char *state = text_quote(json_member_text(answer, "status"), 30);

	shell->state_id = 0;
	if (strcmp(state, shell->state) == 0 || strlen(state) >= sizeof(shell->state))
		return;
	strcpy(shell->state, state);
	if (held_is_trouble(state))
		shell_say(shell, "the guest is held: 'why' tells why, and what to do");
	if (shell->terminal.prompt && !shell->terminal.plain)
		show_prompt(shell);
}

/* Whether one of the patterns, which white space separates, is that of an event's name. */
static bool is_shown(const char *patterns, const char *name)
{
	bool shown = false;

	while (patterns && *patterns && !shown) {
		size_t len = strcspn(patterns, " ");
		own_free char *pattern = xstrndup(patterns, len);

		shown = fnmatch(pattern, name, 0) == 0;
		patterns += len;
		patterns += strspn(patterns, " ");
	}
	return shown;
}

static void take_event(struct shell *shell, const struct qmp_message *message)
{
	static const char *const changing[] = {
		"STOP",		  "RESUME",	  "RESET",     "SHUTDOWN",
		"SUSPEND",	  "SUSPEND_DISK", "WAKEUP",    "GUEST_PANICKED",
		"BLOCK_IO_ERROR", "WATCHDOG",	  "MIGRATION",
	};

	own_free char *words = held_event_words(message->name, message->data);
	char **last = strcmp(message->name, "MEMORY_FAILURE") == 0 ? &shell->damage : &shell->panic;

	if (words) {
		free(*last);
		*last = qmp_event_line(message);
	}
	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		if (strcmp(changing[i], message->name) == 0)
			ask_state(shell);
	if (is_shown(shell->events, message->name)) {
		own_free char *line = qmp_event_line(message);

		terminal_print(&shell->terminal, line);
		if (words)
			terminal_print(&shell->terminal, words);
	}
}

/* Takes a message that nobody waits for. */
static void take_message(struct shell *shell, const struct qmp_message *message)
{
	if (message->whole)
		shell_transcript_add(shell, "received", message->whole);
	switch (message->kind) {
	case QMP_EVENT:
		take_event(shell, message);
		break;
	case QMP_CLOSED:
		shell_say(shell, "%s%s%s%s", message->text,
			  shell->session->dir ? "; 'vmlaunch status " : "",
			  shell->session->dir ? shell->session->name : "",
			  shell->session->dir ? "' tells what became of the machine" : "");
		shell->lost = shell->leave = true;
		break;
	case QMP_GARBAGE:
		shell_say(shell, "unexpected on the monitor: %s", message->text);
		break;
	case QMP_REPLY:
	case QMP_FAILURE:
		if (message->id && message->id == shell->state_id)
			take_state(shell, message->data);
		break;
	default:
		break;
	}
}

/* Waits for something to happen, and reads it; false when time is up. */
static bool wait_for_news(struct shell *shell, int ms)
{
	struct qmp *qmp = shell->session->qmp;
	struct pollfd fds[] = {
		{shell->terminal.ended ? -1 : STDIN_FILENO, POLLIN, 0},
		{qmp_fd(qmp), qmp_poll_events(qmp), 0},
		{shell->terminal.signals, POLLIN, 0},
	};
	int n = poll(fds, ARRAY_SIZE(fds), ms);

	if (n == 0)
		return false;
	if (n < 0)
		return true;
	if (fds[2].revents)
		terminal_signals(&shell->terminal);
	if (fds[0].revents)
		terminal_read(&shell->terminal);
	if (fds[1].revents)
		qmp_receive(qmp, NULL);
	if (shell->terminal.killed)
		shell->leave = true;
	return true;
}

bool shell_wait(struct shell *shell, int ms, const char *name, const char *conditions, bool *came)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int left = ms; !shell->leave;) {
		own_qmp_message struct qmp_message message = {0};

		while (qmp_next(shell->session->qmp, &message) != QMP_NOTHING) {
			bool it = name && message.kind == QMP_EVENT &&
				  strcmp(message.name, name) == 0 &&
				  qmp_event_matches(&message, conditions);

			take_message(shell, &message);
			qmp_message_clear(&message);
			if (it && came)
				*came = true;
			if (it)
				return true;
		}
		if (shell->leave)
			break;
		if (terminal_interrupted(&shell->terminal)) {
			shell_say(shell, "^C");
			shell->failed = true;
			return false;
		}
		if (!wait_for_news(shell, left))
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (ms >= 0) {
			int64_t gone = (now.tv_sec - start.tv_sec) * 1000 +
				       (now.tv_nsec - start.tv_nsec) / 1000000;

			left = gone > ms ? 0 : ms - (int)gone;
		}
	}
	return false;
}

/* The answer to id; false where none comes, which is said. */
static bool await_answer(struct shell *shell, const char *command, uint64_t id,
			 json_object **answer)
{
	int patience = SILENCE_MS;

	while (!shell->leave) {
		own_qmp_message struct qmp_message message = {0};
		enum qmp_kind kind = qmp_next(shell->session->qmp, &message);

		if (kind == QMP_NOTHING && terminal_interrupted(&shell->terminal)) {
			shell_say(shell, "^C: %s is not waited for; QEMU goes on with it", command);
			return false;
		}
		if (kind == QMP_NOTHING) {
			if (!wait_for_news(shell, patience)) {
				shell_say(shell,
					  "QEMU has not answered yet; Ctrl-C ends the waiting");
				patience = -1;
			}
			continue;
		}
		if (kind == QMP_GARBAGE && message.answer && (message.id == id || !message.id)) {
			shell_say(shell, "the answer cannot be read: %s", message.text);
			return false;
		}
		if (kind == QMP_FAILURE && (message.id == id || !message.id)) {
			own_free char *class = text_quote(message.name, 100);
			own_free char *text = text_quote(message.text, 2000);

			shell_transcript_add(shell, "received", message.whole);
			if (shell->problem)
				error_add(shell->problem, ERROR_FAILED, "%s: %s", class, text);
			else
				shell_say(shell, "%s: %s", class, text);
			return false;
		}
		if (kind == QMP_REPLY && message.id == id) {
			shell_transcript_add(shell, "received", message.whole);
			*answer = json_object_get(message.data);
			return true;
		}
		take_message(shell, &message);
	}
	return false;
}

bool shell_request(struct shell *shell, const struct request *request, json_object **answer)
{
	own_error struct error *err = NULL;
	own_json json_object *sent = json_object_new_object();
	json_object *arguments = json_object_get(request->arguments);
	uint64_t id = 0;

	*answer = NULL;
	json_add_text(sent, request->oob ? "exec-oob" : "execute", request->command);
	if (arguments)
		json_object_object_add(sent, "arguments", json_object_get(arguments));
	shell_transcript_add(shell, "sent", sent);
	if (!(request->oob ? qmp_send_oob : qmp_send)(shell->session->qmp, request->command,
						      arguments, &id, &err)) {
		shell_say(shell, "%s", error_message(err, 0));
		shell->failed = true;
		return false;
	}
	if (await_answer(shell, request->command, id, answer))
		return true;
	shell->failed = true;
	return false;
}

bool shell_ask(struct shell *shell, const char *command, json_object *arguments,
	       json_object **answer)
{
	own_request struct request request = {xstrdup(command), arguments, false};

	return shell_request(shell, &request, answer);
}

/* What is answered to a question on a plain terminal comes with its Enter, which is no line. */
static void forget_line(struct shell *shell, int key)
{
	while (shell->terminal.plain && key >= 0 && key != '\n')
		key = terminal_key(&shell->terminal);
}

bool shell_sure(struct shell *shell, const char *question)
{
	bool other = false;

	terminal_forget(&shell->terminal);
	shell_say(shell, "%s (y or n)", question);
	while (!shell->leave) {
		int key = terminal_key(&shell->terminal);

		if (key < 0) {
			own_qmp_message struct qmp_message message = {0};

			if (qmp_next(shell->session->qmp, &message) != QMP_NOTHING)
				take_message(shell, &message);
			else if (shell->terminal.ended)
				return false;
			else
				wait_for_news(shell, -1);
		} else if (strchr("\r\n\003\004\033", key) || (!other && strchr("nN", key))) {
			forget_line(shell, key);
			return false;
		} else if (!other && strchr("yY", key)) {
			forget_line(shell, key);
			return true;
		} else {
			/* A line that was meant for the prompt: no letter of it is an answer, and
			 * its rest no command.
			 */
			other = true;
		}
	}
	return false;
}

void shell_answer(struct shell *shell, const struct request *request, json_object *answer)
{
	own_free char *text = NULL;

	if (json_object_is_type(answer, json_type_object) && !json_object_object_length(answer) &&
	    !shell->raw)
		return; /* done, with nothing to say */
	if (shell->raw)
		text = qmp_json_line(answer);
	else if (!shell->json)
		text = qmp_table(answer, shell->terminal.columns);
	if (!text)
		text = request_answer(request, answer);
	terminal_print(&shell->terminal, text);
}

/* ------------------------------------------------------------------ the loop */

/* Enter: the line is performed, or goes on where its JSON does. */
static void take_line(struct shell *shell)
{
	struct editor *editor = shell->terminal.editor;
	own_free char *line = xstrdup(editor_text(editor));
	own_qmp_line struct qmp_line split = {0};

	if (*line != ':' && *line != '/' && *line != '?')
		qmp_split(line, &split);
	if (split.open) {
		editor_complete(editor, editor_cursor(editor), "\n");
		return;
	}
	/* What came at once, typed ahead or by a script's hand, has not been drawn yet. */
	show_prompt(shell);
	terminal_finish(&shell->terminal);
	shell_history_add(shell, line);
	editor_set(editor, "");
	shell->typed = line;
	shell->failed = false;
	shell_line(shell, line);
	shell->typed = NULL;
}

static void help_here(struct shell *shell)
{
	own_free char *text = qmp_help(session_schema(shell->session),
				       editor_text(shell->terminal.editor), NULL, NULL);

	terminal_print(&shell->terminal, text ? text : "F1 tells about the command on the line");
}

static void take_key(struct shell *shell, unsigned char key)
{
	struct editor *editor = shell->terminal.editor;

	switch (editor_key(editor, key)) {
	case EDITOR_LINE:
		take_line(shell);
		break;
	case EDITOR_COMPLETE:
		if (!shell->terminal.plain)
			shell_complete(shell);
		else /* a tab of a file that is pasted, between two words */
			editor_complete(editor, editor_cursor(editor), " ");
		break;
	case EDITOR_HELP:
		help_here(shell);
		break;
	case EDITOR_CANCEL:
		terminal_finish(&shell->terminal);
		editor_set(editor, "");
		break;
	case EDITOR_END:
		shell->leave = true;
		break;
	case EDITOR_CLEAR:
		terminal_clear(&shell->terminal);
		break;
	default:
		break;
	}
}

/* Takes keys while there are some, and draws once; false where there were none. */
static bool take_keys(struct shell *shell)
{
	bool any = false;
	int key;

	while (!shell->leave && (key = terminal_key(&shell->terminal)) >= 0) {
		take_key(shell, (unsigned char)key);
		any = true;
	}
	if (!shell->leave && shell->terminal.ended)
		shell->leave = true;
	if (!shell->leave)
		show_prompt(shell);
	return any;
}

static void greet_user(struct shell *shell)
{
	json_object *version = NULL, *qemu = NULL;
	own_free char *build = NULL;

	ask_state(shell);
	if (!json_object_object_get_ex(qmp_greeting(shell->session->qmp), "version", &version) ||
	    !json_object_object_get_ex(version, "qemu", &qemu))
		return;
	build = text_quote(json_member_text(version, "package"), 60);
	shell_say(shell, "QEMU %d.%d.%d %s%s'help' lists what can be typed, Tab completes",
		  json_object_get_int(json_object_object_get(qemu, "major")),
		  json_object_get_int(json_object_object_get(qemu, "minor")),
		  json_object_get_int(json_object_object_get(qemu, "micro")), build,
		  *build ? "; " : "");
}

int shell_run(struct session *session, const struct arguments *args, struct error **err)
{
	struct shell shell = {
		.session = session, .events = xstrdup("*"), .raw = argument_option(args, "raw")};

	session->patience = PATIENCE_MS;
	terminal_open(&shell.terminal);
	shell_history_read(&shell);
	greet_user(&shell);
	/* The state is there before the first prompt, if QEMU answers at all. */
	while (shell.state_id && !shell.leave) {
		own_qmp_message struct qmp_message message = {0};

		if (qmp_next(session->qmp, &message) != QMP_NOTHING)
			take_message(&shell, &message);
		else if (!wait_for_news(&shell, PATIENCE_MS))
			break;
	}
	/* Now, and not when Tab is pressed; whoever does not answer is not asked. */
	if (!shell.leave && !shell.state_id)
		session_schema(session);
	if (!shell.leave)
		show_prompt(&shell);
	while (!shell.leave) {
		own_qmp_message struct qmp_message message = {0};

		if (qmp_next(session->qmp, &message) != QMP_NOTHING) {
			take_message(&shell, &message);
			continue;
		}
		/* A line that was performed may have left messages behind its answer. */
		if (!take_keys(&shell) && !shell.leave)
			wait_for_news(&shell, -1);
	}
	shell_history_write(&shell);
	terminal_close(&shell.terminal);
	if (shell.transcript)
		fclose(shell.transcript);
	free(shell.events);
	free(shell.panic);
	free(shell.damage);
	if (shell.lost)
		error_add(err, QMP_LOST, "%s: the connection was lost", session->name);
	return 0;
}
