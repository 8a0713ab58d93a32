#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/say.h"
#include "base/text.h"

/* ------------------------------------------------------------------ packets */

static bool ask(struct link *link, enum verb verb, const struct intent *intent, pid_t pid,
		struct error **err)
{
	struct request request = {
		.version = KEEPER_VERSION,
		.verb = verb,
		.id = ++link->id,
		.pid = pid,
	};

	if (intent)
		request.intent = *intent;
	if (send(link->fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request))
		return true;
	error_errno(err, ERROR_HOST, errno, "the keeper has hung up");
	return false;
}

/* One report; false at the end of the connection, or when it is none. */
static bool next(struct link *link, struct report *report)
{
	ssize_t n;

	do
		n = recv(link->fd, report, sizeof(*report), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*report) || report->version != KEEPER_VERSION)
		return false;
	report->text[sizeof(report->text) - 1] = '\0';
	return true;
}

/* Until the answer; what is reported on the way is told. What could not be given back goes into
 * *left; with NULL it is not told yet, as it is tried again by the release.
 */
static bool answer(struct link *link, uint64_t *value, struct error **left, struct error **err)
{
	struct report report;

	while (next(link, &report)) {
		own_free char *text = text_quote(report.text, sizeof(report.text));

		if (report.kind == REPORT_PROGRESS) {
			say(SAY_NOTE, "host: %s", text);
		} else if (report.kind == REPORT_LEFT) {
			error_add(left, ERROR_LEFT, "%s", text);
		} else if (report.id != link->id && report.id != 0) {
			continue;
		} else if (report.kind == REPORT_DONE) {
			if (value)
				*value = report.value;
			return true;
		} else {
			error_add(err, ERROR_HOST, "%s", text);
			return false;
		}
	}
	error_add(err, ERROR_HOST,
		  "the keeper has ended unexpectedly; 'vmlaunch recover' gives back what it "
		  "may have left");
	return false;
}

/* ------------------------------------------------------------------ the carrier */

static bool on_path(const char *program)
{
	const char *path = getenv("PATH");
	own_free char *copy = xstrdup(path ? path : "/usr/bin:/bin");

	for (char *dir = strtok(copy, ":"); dir; dir = strtok(NULL, ":")) {
		own_free char *full = xasprintf("%s/%s", dir, program);

		if (*dir == '/' && access(full, X_OK) == 0)
			return true;
	}
	return false;
}

__attribute__((noreturn)) static void become_carrier(int socket, bool terminal)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	self[n > 0 ? n : 0] = '\0';
	if (dup2(socket, 0) == 0 && terminal)
		execlp("sudo", "sudo", "-p",
		       "[vmlaunch] password of %u, to hand over the devices: ", "--", self,
		       "--keeper", (char *)NULL);
	execlp("pkexec", "pkexec", self, "--keeper", (char *)NULL);
	_exit(127);
}

static int start_carrier(pid_t *pid, struct error **err)
{
	bool terminal = isatty(STDIN_FILENO) && on_path("sudo");
	int pair[2];

	if (!terminal && !on_path("pkexec")) {
		error_add(err, ERROR_HOST,
			  "this machine needs root for the host's devices: there is %s, and no "
			  "pkexec",
			  isatty(STDIN_FILENO) ? "no sudo" : "no terminal for sudo");
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return -1;
	}
	*pid = fork();
	if (*pid == 0)
		become_carrier(pair[1], terminal);
	close(pair[1]);
	if (*pid > 0)
		return pair[0];
	error_errno(err, ERROR_HOST, errno, "cannot fork");
	close(pair[0]);
	return -1;
}

/* The carrier ends as soon as the keeper stands on its own feet, or because it was not let. */
static bool greet(struct link *link, pid_t carrier, struct error **left, struct error **err)
{
	struct error *told = NULL;
	uint64_t pid = 0;
	bool good = ask(link, VERB_HELLO, NULL, 0, &told) && answer(link, &pid, &told, &told);
	int status = 0;

	if (carrier > 0)
		while (waitpid(carrier, &status, 0) < 0 && errno == EINTR)
			;
	if (good) {
		link->keeper = (pid_t)pid;
		error_merge(left, &told);
		return true;
	}
	if (carrier > 0 && status != 0) {
		error_free(told);
		error_add(err, ERROR_HOST,
			  "not authorised to change the host; nothing was changed");
		return false;
	}
	error_merge(err, &told);
	return false;
}

bool link_open(struct link *link, int forked, struct error **left, struct error **err)
{
	pid_t carrier = 0;

	*link = LINK_NONE;
	link->fd = forked >= 0 ? forked : start_carrier(&carrier, err);
	if (link->fd < 0)
		return false;
	if (greet(link, carrier, left, err))
		return true;
	close_fd(&link->fd);
	return false;
}

bool link_intent(struct link *link, const struct intent *intent, uint64_t *value,
		 struct error **err)
{
	return ask(link, VERB_INTENT, intent, 0, err) && answer(link, value, NULL, err);
}

bool link_watch(struct link *link, pid_t pid, struct error **err)
{
	return ask(link, VERB_WATCH, NULL, pid, err) && answer(link, NULL, NULL, err);
}

static bool move_thread(struct link *link, enum verb verb, pid_t thread, struct error **err)
{
	if (link && link->fd >= 0)
		return ask(link, verb, NULL, thread, err) && answer(link, NULL, NULL, err);
	error_add(err, ERROR_HOST, "without its keeper no thread can be isolated");
	return false;
}

bool link_isolate(struct link *link, pid_t thread, struct error **err)
{
	return move_thread(link, VERB_ISOLATE, thread, err);
}

bool link_return(struct link *link, pid_t thread, struct error **err)
{
	return move_thread(link, VERB_RETURN, thread, err);
}

bool link_close(struct link *link, struct error **err)
{
	struct error *problem = NULL;
	uint64_t left = 0;
	bool good;

	if (link->fd < 0)
		return true;
	good = ask(link, VERB_RELEASE, NULL, 0, &problem) &&
	       answer(link, &left, &problem, &problem) && !left && !problem;
	close_fd(&link->fd);
	if (!good && (!problem || error_kind(problem) != ERROR_LEFT))
		error_add(&problem, ERROR_LEFT,
			  "the host may not be as it was; 'vmlaunch recover' tells");
	error_merge(err, &problem);
	return good;
}
