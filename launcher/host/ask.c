/* One run of a QEMU binary with no machine in it, spoken to over QMP on its standard input and
 * output. All questions are put at once; "quit" follows only when all answers are here, because
 * QEMU may end with part of a long answer still unwritten. The limit is one on silence: as long as
 * bytes come, or the process works, it is only slow; yet there is an end to all of it, and a bound
 * for all that is read: the binary is whatever the profile names.
 *
 * The process has a session of its own (Ctrl-C is for us, not for it), dies with us, and its whole
 * process group is killed when it is late: a wrapper script may have children.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#define ANSWER_LIMIT (4U << 20)
#define ANSWER_DEPTH 32
#define ENDING_MS 500
#define ARGUMENT_LIMIT 24

/* So many times the limit on silence is the end in any case. */
#define PATIENCE 20

static const char negotiate[] = "{\"execute\": \"qmp_capabilities\"}\n";
static const char quit[] = "{\"execute\": \"quit\", \"id\": \"quit\"}\n";

struct talk {
	const char *path;
	const char *const *argv; /* behind the path, NULL at the end */
	struct child child;
	int status;
	int in, out, err;      /* our ends of its 0, 1 and 2 */
	int64_t deadline, end; /* milliseconds of the monotonic clock: of the silence, of all */
	uint64_t progress;     /* the process's, when it was last looked at */
	unsigned wait_ms;
	size_t heard;	 /* bytes of its output so far */
	struct buf line; /* output that has no end of line yet */
	char tail[512];	 /* the last bytes of its standard error */
	size_t tail_len;
	struct json_object *answer[QEMU_QUESTIONS];
};

/* Reads what has come on its standard error and keeps the end of it. */
static void hear_complaint(struct talk *talk)
{
	char chunk[4096];
	ssize_t n;

	while (talk->err >= 0 && (n = read(talk->err, chunk, sizeof(chunk))) != 0) {
		size_t len = (size_t)n, room = sizeof(talk->tail) - 1, keep;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;
		if (len > room)
			len = room;
		keep = talk->tail_len + len > room ? room - len : talk->tail_len;
		memmove(talk->tail, talk->tail + talk->tail_len - keep, keep);
		memcpy(talk->tail + keep, chunk + n - len, len);
		talk->tail_len = keep + len;
		talk->tail[talk->tail_len] = '\0';
	}
	close_fd(&talk->err);
}

/* The last line that it wrote to its standard error, fit for a message; "" when there is none. */
static char *last_line(struct talk *talk)
{
	size_t end, from;

	hear_complaint(talk);
	end = talk->tail_len;
	while (end && strchr(" \t\r\n", talk->tail[end - 1]))
		end--;
	talk->tail[end] = '\0';
	for (from = end; from && talk->tail[from - 1] != '\n';)
		from--;
	return text_quote(talk->tail + from, 300);
}

/* Lets the process end by itself for a while, then ends it; afterwards it is reaped. */
static void reap(struct talk *talk, int wait_ms)
{
	struct pollfd ended = {.fd = talk->child.pidfd, .events = POLLIN};
	int64_t until = now_ms() + wait_ms;

	if (talk->child.pid <= 0)
		return;
	while (wait_ms > 0 && poll(&ended, 1, wait_ms) < 0 && errno == EINTR)
		wait_ms = (int)(until - now_ms());
	/* Our pid until it is waited for, so its group can be nobody else's. */
	if (!(ended.revents & POLLIN))
		child_signal(&talk->child, SIGKILL);
	kill(-talk->child.pid, SIGKILL);
	child_reap(&talk->child, &talk->status);
}

static void talk_end(struct talk *talk)
{
	close_fd(&talk->in);
	reap(talk, 0);
	close_fd(&talk->out);
	close_fd(&talk->err);
	child_close(&talk->child);
	buf_free(&talk->line);
	for (size_t i = 0; i < QEMU_QUESTIONS; i++)
		json_object_put(talk->answer[i]);
}
#define own_talk own_with(talk_end)

/* A pipe for the child to write to; the end that we read never makes us wait. */
static bool output_pipe(int *ours, int *its)
{
	return child_pipe(ours, its) && fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

/* Becomes the binary. Returns 0 or an errno. */
static int spawn(struct talk *talk, int in, int out, int complaint)
{
	const struct child_fd fd[] = {{in, 0}, {out, 1}, {complaint, 2}};
	const char *argv[ARGUMENT_LIMIT + 2] = {talk->path};

	for (size_t i = 0; i < ARGUMENT_LIMIT && talk->argv[i]; i++)
		argv[i + 1] = talk->argv[i];
	return child_start(&talk->child, &(struct child_way){.argv = argv,
							     .fd = fd,
							     .fds = ARRAY_SIZE(fd),
							     .dies_by = SIGKILL});
}

/* Its input is a socket, because writing to a pipe whose reader has died would send us a signal. */
static bool start(struct talk *talk, struct error **err)
{
	own_fd int in = -1, out = -1, complaint = -1;
	int pair[2], errnum;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
		talk->in = pair[0];
		in = pair[1];
	}
	errnum = in < 0 || !output_pipe(&talk->out, &out) || !output_pipe(&talk->err, &complaint)
			 ? errno
			 : spawn(talk, in, out, complaint);
	if (errnum)
		error_errno(err, ERROR_HOST, errnum, "cannot run the QEMU binary %s", talk->path);
	return !errnum;
}

static void tell(struct talk *talk, const char *text)
{
	/* Some bytes in an empty socket: taken whole. A reader that has died is noticed below. */
	(void)!send(talk->in, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool all_answered(const struct talk *talk)
{
	for (size_t i = 0; i < QEMU_QUESTIONS; i++)
		if (!talk->answer[i])
			return false;
	return true;
}

static bool is_nonsense(struct talk *talk, const char *line, struct error **err)
{
	own_free char *shown = text_quote(line, 80);

	error_add(err, ERROR_HOST, "%s does not speak QMP, so it is no QEMU; it said: %s",
		  talk->path, shown);
	return false;
}

static bool is_refusal(struct talk *talk, struct json_object *error, struct error **err)
{
	struct json_object *desc = NULL;
	own_free char *words = NULL;

	json_object_object_get_ex(error, "desc", &desc);
	words = text_quote(desc ? json_object_get_string(desc) : "no reason given", 300);
	error_add(err, ERROR_HOST, "%s refuses a question about itself: %s", talk->path, words);
	return false;
}

/* An error that is the answer to a question: there is no such thing in this build. */
static bool is_empty_answer(struct talk *talk, struct json_object *id)
{
	for (size_t i = 0; json_object_is_type(id, json_type_string) && i < QEMU_QUESTIONS; i++)
		if (qemu_question[i].may_fail && !talk->answer[i] &&
		    strcmp(json_object_get_string(id), qemu_question[i].id) == 0) {
			talk->answer[i] = json_object_new_array();
			return true;
		}
	return false;
}

/* Takes one line of its output: the greeting, an event, or the answer to a question. */
static bool take_line(struct talk *talk, const char *line, size_t len, struct error **err)
{
	own_json struct json_object *message = NULL;
	struct json_object *id = NULL, *value = NULL;
	bool named;

	if (len == 0 || strcmp(line, "\r") == 0)
		return true;
	if (!json_read(line, len, ANSWER_DEPTH, &message, NULL) ||
	    !json_object_is_type(message, json_type_object))
		return is_nonsense(talk, line, err);
	named = json_object_object_get_ex(message, "id", &id);
	if (json_object_object_get_ex(message, "error", &value))
		return is_empty_answer(talk, id) || is_refusal(talk, value, err);
	if (!named || !json_object_object_get_ex(message, "return", &value))
		return true;
	if (!json_object_is_type(id, json_type_string) || !value)
		return is_nonsense(talk, line, err);
	for (size_t i = 0; i < QEMU_QUESTIONS; i++)
		if (strcmp(json_object_get_string(id), qemu_question[i].id) == 0 &&
		    !talk->answer[i])
			talk->answer[i] = json_object_get(value);
	return true;
}

/* Takes all whole lines that have come. */
static bool take_lines(struct talk *talk, struct error **err)
{
	char *at = talk->line.data, *end;
	size_t left = talk->line.len;

	while (left && (end = memchr(at, '\n', left))) {
		size_t len = (size_t)(end - at);

		*end = '\0';
		if (!take_line(talk, at, len, err))
			return false;
		at += len + 1;
		left -= len + 1;
	}
	if (left)
		memmove(talk->line.data, at, left);
	talk->line.len = left;
	return true;
}

/* Its output is at an end and there are questions left: says how it ended. */
static bool is_gone(struct talk *talk, struct error **err)
{
	own_free char *words = NULL, *how = NULL;

	reap(talk, ENDING_MS);
	words = last_line(talk);
	if (WIFSIGNALED(talk->status))
		how = xasprintf("was killed by signal %d", WTERMSIG(talk->status));
	else
		how = xasprintf("ended with status %d", WEXITSTATUS(talk->status));
	error_add(err, ERROR_HOST, "%s %s when asked what it can do%s%s", talk->path, how,
		  *words ? ": " : "", words);
	return false;
}

static bool is_late(struct talk *talk, struct error **err)
{
	own_free char *words = last_line(talk);

	error_add(err, ERROR_HOST, "%s has been silent for %g s when asked what it can do%s%s",
		  talk->path, talk->wait_ms / 1000.0, *words ? ": " : "", words);
	return false;
}

/* At the end of its time: whether it has worked since the last look, and so gets more. */
static bool is_slow(struct talk *talk)
{
	uint64_t progress = process_progress(talk->child.pid), before = talk->progress;

	talk->progress = progress;
	talk->deadline = now_ms() + talk->wait_ms;
	return (progress != before || process_runs(talk->child.pid)) && talk->deadline < talk->end;
}

static bool hear(struct talk *talk, struct error **err)
{
	char chunk[16384];
	ssize_t n = read(talk->out, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR || is_gone(talk, err);
	if (n == 0)
		return is_gone(talk, err);
	talk->heard += (size_t)n;
	talk->deadline = now_ms() + talk->wait_ms;
	if (talk->deadline > talk->end)
		talk->deadline = talk->end;
	if (talk->heard > ANSWER_LIMIT) {
		error_add(err, ERROR_HOST, "%s answers with more than 4 MiB, so it is no QEMU",
			  talk->path);
		return false;
	}
	buf_add(&talk->line, chunk, (size_t)n);
	return take_lines(talk, err);
}

static bool converse(struct talk *talk, struct error **err)
{
	tell(talk, negotiate);
	for (size_t i = 0; i < QEMU_QUESTIONS; i++)
		tell(talk, qemu_question[i].text);
	while (!all_answered(talk)) {
		struct pollfd fd[] = {{.fd = talk->out, .events = POLLIN},
				      {.fd = talk->err, .events = POLLIN}};
		int64_t left = talk->deadline - now_ms();

		if (left <= 0 && !is_slow(talk))
			return is_late(talk, err);
		if (left <= 0)
			continue;
		if (poll(fd, ARRAY_SIZE(fd), (int)left) <= 0)
			continue;
		if (fd[1].revents)
			hear_complaint(talk);
		if (fd[0].revents && !hear(talk, err))
			return false;
	}
	tell(talk, quit);
	reap(talk, ENDING_MS);
	return true;
}

static struct talk new_talk(const char *path, const char *const *argv, unsigned wait_ms)
{
	return (struct talk){
		.path = path,
		.argv = argv,
		.child = CHILD_NONE,
		.in = -1,
		.out = -1,
		.err = -1,
		.deadline = now_ms() + wait_ms,
		.end = now_ms() + (int64_t)wait_ms * PATIENCE,
		.wait_ms = wait_ms,
	};
}

bool qemu_ask(struct qemu_facts *qemu, const char *path, unsigned wait_ms, struct error **err)
{
	static const char *const argv[] = {"-machine", "none", "-nodefaults", "-no-user-config",
					   "-display", "none", "-S",	      "-qmp",
					   "stdio",    NULL};
	own_talk struct talk talk = new_talk(path, argv, wait_ms);

	if (!start(&talk, err))
		return false;
	talk.progress = process_progress(talk.child.pid);
	if (!converse(&talk, err))
		return false;
	if (!qemu_understand(qemu, talk.answer)) {
		error_add(err, ERROR_HOST, "%s answers in a way that no known QEMU does", path);
		return false;
	}
	qemu->path = xstrdup(path);
	return true;
}

/* Keeps what has come on its standard output; more than any QEMU says is not listened to. */
static void hear_out(struct talk *talk)
{
	char chunk[4096];
	ssize_t n;

	while (talk->out >= 0 && (n = read(talk->out, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		talk->heard += n < 0 ? 0 : (size_t)n;
		if (n < 0 || talk->heard > ANSWER_LIMIT)
			break;
		buf_add(&talk->line, chunk, (size_t)n);
	}
	close_fd(&talk->out);
}

/* Hears what it says until it ends or is late. */
static void wait_for_end(struct talk *talk)
{
	for (;;) {
		struct pollfd fd[] = {{.fd = talk->child.pidfd, .events = POLLIN},
				      {.fd = talk->out, .events = POLLIN},
				      {.fd = talk->err, .events = POLLIN}};
		int64_t left = talk->deadline - now_ms();

		if (left <= 0 && !is_slow(talk))
			return;
		if (left <= 0 || poll(fd, ARRAY_SIZE(fd), (int)left) <= 0)
			continue;
		hear_complaint(talk);
		hear_out(talk);
		if (fd[0].revents)
			return;
	}
}

enum trial qemu_try(const char *path, const char *const *argv, unsigned wait_ms, char **said,
		    char **words)
{
	own_talk struct talk talk = new_talk(path, argv, wait_ms);
	enum trial result = TRIAL_UNKNOWN;

	*words = NULL;
	if (!start(&talk, NULL))
		return TRIAL_UNKNOWN;
	talk.progress = process_progress(talk.child.pid);
	tell(&talk, negotiate);
	tell(&talk, quit);
	wait_for_end(&talk);
	reap(&talk, 0);
	if (WIFEXITED(talk.status) && WEXITSTATUS(talk.status) < 126) {
		result = WEXITSTATUS(talk.status) == 0 ? TRIAL_GOOD : TRIAL_REFUSED;
		*words = last_line(&talk);
	}
	if (said) {
		buf_adds(&talk.line, "");
		*said = buf_steal(&talk.line);
	}
	return result;
}
