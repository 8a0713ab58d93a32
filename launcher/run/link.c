#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/distribution.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/program.h"
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
	error_add(
		err, ERROR_HOST,
		"the keeper has ended unexpectedly; 'vmlaunch recover' gives back what it may have left");
	return false;
}

/* ------------------------------------------------------------------ the carrier */

/* sudo or pkexec: the one of PATH if it can make root of a user, else where such programs are kept
 * apart, else what PATH has all the same. The caller owns it; NULL: there is none.
 */
static char *find_carrier(const char *name)
{
	own_free char *first = program_find(name), *wrapper = path_join(LAYOUT_WRAPPERS, name);
	struct stat st;

	if (first && stat(first, &st) == 0 && st.st_uid == 0 && (st.st_mode & S_ISUID))
		return steal(&first);
	if (program_check(wrapper) == 0)
		return steal(&wrapper);
	return steal(&first);
}

__attribute__((noreturn)) static void become_carrier(int socket, const char *carrier, bool terminal,
						     const char *purpose)
{
	own_free char *prompt = xasprintf("[vmlaunch] password of %%u, %s: ", purpose);
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	self[n > 0 ? n : 0] = '\0';
	if (dup2(socket, 0) != 0)
		_exit(127);
	if (terminal)
		execl(carrier, "sudo", "-p", prompt, "--", self, "--keeper", (char *)NULL);
	else
		execl(carrier, "pkexec", self, "--keeper", (char *)NULL);
	_exit(127);
}

static int start_carrier(pid_t *pid, const char *purpose, struct error **err)
{
	own_free char *sudo = isatty(STDIN_FILENO) ? find_carrier("sudo") : NULL;
	own_free char *carrier = sudo ? steal(&sudo) : find_carrier("pkexec");
	bool terminal = carrier && strcmp(path_base(carrier), "sudo") == 0;
	int pair[2];

	if (!carrier) {
		own_free char *install =
			distribution_install(distribution_read(&ROOT_REAL), PACKAGE_PKEXEC);

		error_add(
			err, ERROR_HOST,
			"this machine needs root for the host's devices: there is %s, and no pkexec: %s",
			isatty(STDIN_FILENO) ? "no sudo" : "no terminal for sudo", install);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return -1;
	}
	if (!terminal)
		say(SAY_NOTE,
		    "asking polkit for permission %s; where a password is wanted, its dialog may stand behind other windows",
		    purpose);
	*pid = fork();
	if (*pid == 0)
		become_carrier(pair[1], carrier, terminal, purpose);
	close(pair[1]);
	if (*pid > 0)
		return pair[0];
	error_errno(err, ERROR_HOST, errno, "cannot fork");
	close(pair[0]);
	return -1;
}

/* What pkexec's exit status tells (pkexec(1), "RETURN VALUE"); sudo has none of these. */
static const char *refusal_words(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		return "; the question for your password was closed";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return "; where nobody asked for your password, this session has no polkit agent: start one, or start the machine on a terminal";
	return "";
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
			  "not authorised to change the host; nothing was changed%s",
			  refusal_words(status));
		return false;
	}
	error_merge(err, &told);
	return false;
}

bool link_open(struct link *link, int forked, const char *purpose, struct error **left,
	       struct error **err)
{
	pid_t carrier = 0;

	*link = LINK_NONE;
	link->fd = forked >= 0 ? forked : start_carrier(&carrier, purpose, err);
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
