#include "link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/child.h"
#include "base/distribution.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/process.h"
#include "base/program.h"
#include "base/say.h"
#include "base/text.h"
#include "base/tongue.h"
#include "interrupt.h"
#include "isolation/isolation.h"
#include "retell.h"

/* #syscalls(supervisor) sendto recvfrom kill wait4 */

/* ------------------------------------------------------------------ packets */

static bool send_request(struct link *link, enum verb verb, const struct intent *intent, pid_t pid,
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
	if (!link->left_alone &&
	    send(link->fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request))
		return true;
	if (link->left_alone)
		error_add(err, ERROR_FAILED, "the keeper was left alone");
	else
		error_errno(err, ERROR_HOST, errno, "the keeper has hung up");
	return false;
}

/* A wait is looked at so often, in milliseconds; a keeper that is stopped is told after so long,
 * and so long after an interrupt how to leave it; then it is left, unless it has said something.
 */
#define SLICE_MS 200
#define STOPPED_MS 3000
#define TELL_MS 2000
#define LEAVE_MS 10000

static void tell_stopped(const struct link *link)
{
	if (link->keeper && process_stopped(process_of(link->keeper)))
		say(SAY_WARNING, "the keeper is stopped: 'sudo kill -CONT %d' lets it go on",
		    (int)link->keeper);
}

/* Waits until something comes. The signals that end a run are held back meanwhile, and drivers can
 * take minutes: the first one is heard when the answer has come; a second one, or the keeper's long
 * silence, leaves the keeper alone, and it gives everything back by itself. False then.
 */
static bool wait_for_report(struct link *link)
{
	struct pollfd p = {.fd = link->fd, .events = POLLIN};
	int silent = 0, since = 0, taken = 0;

	while (!link->left_alone && poll(&p, 1, SLICE_MS) <= 0) {
		silent += SLICE_MS;
		if (silent == STOPPED_MS)
			tell_stopped(link);
		since += taken || interrupt_is_pending() ? SLICE_MS : 0;
		if (!taken && since >= TELL_MS) {
			taken = interrupt_take();
			say(SAY_NOTE, "waiting for the keeper; a second Ctrl-C leaves it alone");
		} else if (taken && (since >= LEAVE_MS || interrupt_is_pending())) {
			link->left_alone = true;
		}
	}
	/* It is still to be heard, by whoever goes on. */
	if (taken)
		kill(getpid(), taken);
	return !link->left_alone;
}

/* One report; false at the end of the connection, or when it is none. */
static bool next_report(struct link *link, struct report *report)
{
	ssize_t n;

	if (!wait_for_report(link))
		return false;
	do
		n = recv(link->fd, report, sizeof(*report), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*report) || report->version != KEEPER_VERSION)
		return false;
	report->text[sizeof(report->text) - 1] = '\0';
	return true;
}

/* What an answer brings beside yes or no. */
struct heard {
	uint64_t value;
	uint32_t more;
	struct error *
		*left; /* what could not be given back; NULL: it is tried again by the release */
	struct error **held; /* what other keepers hold */
};

/* What a report says, for a person; the caller owns it. */
static char *words_of(const struct report *report)
{
	own_free char *shown = text_quote(report->text, sizeof(report->text));

	return retell(shown);
}

/* A report on the way to the answer. */
static void take_report(const struct report *report, const struct heard *heard)
{
	own_free char *text = words_of(report);

	/* What was not asked for is tried again when it is. */
	if (report->kind == REPORT_PROGRESS || (report->kind == REPORT_LEFT && !report->id))
		say(SAY_NOTE, "host: %s", text);
	else if (report->kind == REPORT_LEFT)
		error_add(heard->left, ERROR_LEFT, "%s", text);
	else if (report->kind == REPORT_HELD)
		error_add(heard->held, ERROR_HOST, "%s", text);
}

/* What the keeper is at, by the last report of it. */
struct current_step {
	char *text; /* what it said that it does; NULL: nothing yet, it looks at the host */
	uint64_t us, spent_us; /* of the request, when it said so */
};

/* With --verbose: how long each thing took, which is what another computer's hand-over is measured
 * by. A report that comes ends what the one before it began.
 */
static void tell_times(struct current_step *current, const struct report *report)
{
	double ms = (double)(report->us - current->us) / 1000;
	double spent = (double)(report->spent_us - current->spent_us) / 1000;

	if (current->text)
		say(SAY_DEBUG, "host: %.1f ms (the kernel or the program %.1f): %s", ms, spent,
		    current->text);
	else if (report->kind == REPORT_PROGRESS)
		say(SAY_DEBUG, "host: %.1f ms before the first change", ms);
	if (report->kind == REPORT_DONE)
		say(SAY_DEBUG, "host: %.1f ms in all (the kernel or the program %.1f)",
		    (double)report->us / 1000, (double)report->spent_us / 1000);
	free(current->text);
	*current = (struct current_step){.us = report->us, .spent_us = report->spent_us};
	if (report->kind == REPORT_PROGRESS)
		current->text = words_of(report);
}

static void current_step_free(struct current_step *current)
{
	free(current->text);
}

/* Until the answer; what is reported on the way is told. */
static bool hear_answer(struct link *link, struct heard *heard, struct error **err)
{
	own_with(current_step_free) struct current_step current = {0};
	struct report report;

	while (next_report(link, &report)) {
		/* What is reported unasked has been counted from an earlier request on. */
		if (report.id == link->id)
			tell_times(&current, &report);
		if (report.kind == REPORT_DONE && report.id == link->id) {
			heard->value = report.value;
			heard->more = report.more;
			return true;
		}
		if (report.kind == REPORT_REFUSED && (report.id == link->id || report.id == 0)) {
			own_free char *text = words_of(&report);

			error_add(err, ERROR_HOST, "%s", text);
			return false;
		}
		take_report(&report, heard);
	}
	if (link->left_alone)
		error_add(err, ERROR_FAILED, "interrupted while the keeper was busy");
	else
		error_add(
			err, ERROR_HOST,
			"the keeper has ended unexpectedly; 'vmlaunch recover' gives back what it may have left");
	return false;
}

/* One question that has nothing but yes or no for an answer. */
static bool ask_keeper(struct link *link, enum verb verb, pid_t pid, struct error **err)
{
	struct heard heard = {0};

	return send_request(link, verb, NULL, pid, err) && hear_answer(link, &heard, err);
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

/* Makes it a process; its standard output and error are ours, the terminal's with sudo. Returns 0
 * or an errno.
 */
static int spawn_carrier(struct child *child, int socket, const char *carrier, bool terminal,
			 const char *purpose)
{
	own_free char *prompt = xasprintf(_("[vmlaunch] password of %%u, %s: "), purpose);
	const struct child_fd fd[] = {{socket, 0}, {STDOUT_FILENO, 1}, {STDERR_FILENO, 2}};
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	/* Nothing where it is as usual: who lets sudo run this line alone need not let more. */
	const char *mode = sandbox_mode() == SANDBOX_ENFORCE ? NULL : sandbox_word[sandbox_mode()];
	const char *const sudo[] = {"sudo", "-p", prompt, "--", self, "--keeper", mode, NULL};
	const char *const pkexec[] = {"pkexec", self, "--keeper", mode, NULL};

	self[n > 0 ? n : 0] = '\0';
	/* In our process group, which has the terminal. */
	return child_start(child, &(struct child_way){.argv = terminal ? sudo : pkexec,
						      .program = carrier,
						      .fd = fd,
						      .fds = ARRAY_SIZE(fd),
						      .signals = CHILD_SIGNALS_CALLERS,
						      .same_session = true});
}

static int start_carrier(pid_t *pid, const char *purpose, struct error **err)
{
	own_free char *sudo = isatty(STDIN_FILENO) ? find_carrier("sudo") : NULL;
	own_free char *carrier = sudo ? steal(&sudo) : find_carrier("pkexec");
	bool terminal = carrier && strcmp(path_base(carrier), "sudo") == 0;
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, theirs = -1;
	int pair[2], errnum;

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
	ours = pair[0];
	theirs = pair[1];
	if (!terminal)
		say(SAY_NOTE,
		    "asking polkit for permission %s; where a password is wanted, its dialog may stand behind other windows",
		    purpose);
	errnum = spawn_carrier(&child, theirs, carrier, terminal, purpose);
	if (!errnum) {
		*pid = child.pid;
		return steal_fd(&ours);
	}
	error_errno(err, ERROR_HOST, errnum, "cannot run %s", carrier);
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
	struct heard heard = {.left = &told};
	bool good =
		send_request(link, VERB_HELLO, NULL, 0, &told) && hear_answer(link, &heard, &told);
	int status = 0;

	/* One that still asks for a password when we leave is left alone as well. */
	if (carrier > 0)
		while (waitpid(carrier, &status, link->left_alone ? WNOHANG : 0) < 0 &&
		       errno == EINTR)
			;
	if (good) {
		link->keeper = (pid_t)heard.value;
		link->recovered = heard.more;
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
	link->fd = forked >= 0 ? forked : start_carrier(&carrier, tongue(purpose), err);
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
	struct heard heard = {0};
	bool good =
		send_request(link, VERB_INTENT, intent, 0, err) && hear_answer(link, &heard, err);

	if (good && value)
		*value = heard.value;
	return good;
}

bool link_watch(struct link *link, pid_t pid, struct error **err)
{
	return ask_keeper(link, VERB_WATCH, pid, err);
}

static bool move_thread(struct link *link, enum verb verb, pid_t thread, struct error **err)
{
	if (link && link->fd >= 0)
		return ask_keeper(link, verb, thread, err);
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

bool link_keepers(struct link *link, struct error **held, struct error **odd, struct error **err)
{
	struct heard heard = {.held = held, .left = odd};

	return send_request(link, VERB_KEEPERS, NULL, 0, err) && hear_answer(link, &heard, err);
}

char *link_last_words(int fd)
{
	struct report report;
	char *words = NULL;

	while (recv(fd, &report, sizeof(report), MSG_DONTWAIT) == (ssize_t)sizeof(report)) {
		if (report.version != KEEPER_VERSION || report.kind != REPORT_REFUSED || report.id)
			continue;
		report.text[sizeof(report.text) - 1] = '\0';
		free(words);
		words = text_quote(report.text, sizeof(report.text));
	}
	return words;
}

bool link_close(struct link *link, struct error **err)
{
	struct error *problem = NULL;
	struct heard heard = {.left = &problem};
	bool good;

	if (link->fd < 0)
		return true;
	good = send_request(link, VERB_RELEASE, NULL, 0, &problem) &&
	       hear_answer(link, &heard, &problem) && !heard.value && !problem;
	close_fd(&link->fd);
	if (link->left_alone) {
		error_free(steal(&problem));
		error_add(
			&problem, ERROR_LEFT,
			"the keeper (%d) goes on giving back the host's devices by itself; 'vmlaunch recover' tells whether it has",
			(int)link->keeper);
	} else if (!good && (!problem || error_kind(problem) != ERROR_LEFT)) {
		error_add(&problem, ERROR_LEFT,
			  "the host may not be as it was; 'vmlaunch recover' tells");
	}
	error_merge(err, &problem);
	return good;
}
