/* The commands for machines that run: each looks up the instance's record, and talks to QEMU over
 * the tools' monitor, which is free whether or not a supervisor lives.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/patience.h"
#include "base/say.h"
#include "base/text.h"
#include "base/tongue.h"
#include "common.h"
#include "condition.h"
#include "run/returned.h"
#include "session.h"

#define KILL_MS 10000	  /* for QEMU to write out what it holds, on a busy machine too */
#define KILL_TOLD_MS 2000 /* after so much of it that is told */
#define SUPERVISOR_MS 10000
#define AGENT_MS 1000 /* an agent that listens answers at once */

/* Whether it ends within so many milliseconds (-1: whenever). */
static bool ends_within(int pidfd, int ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	if (pidfd < 0)
		return true;
	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The same, of milliseconds in which it could go on: no SIGKILL because others have the processors.
 */
static bool ends_in_its_time(pid_t pid, int pidfd, int ms)
{
	struct patience patience = patience_with(pid, ms);
	bool ended;

	do
		ended = ends_within(pidfd, ms);
	while (!ended && (ms = patience_left(&patience)) > 0);
	return ended;
}

/* After QEMU its supervisor puts things away, and until then the next start would be refused. After
 * a dead supervisor nobody else puts its directory away.
 */
static bool finish_machine(const char *name, const char *dir, const struct run_record *record,
			   struct error **err)
{
	own_error struct error *unused = NULL;
	struct lock lock = LOCK_NONE;
	own_fd int supervisor = process_watch(record->supervisor);

	bool busy = supervisor >= 0 &&
		    !ends_in_its_time(record->supervisor.pid, supervisor, SUPERVISOR_MS);

	if (busy && process_stopped(record->supervisor))
		say(SAY_WARNING,
		    "%s: its vmlaunch (%d) is stopped: 'fg' or 'kill -CONT %d' lets it go on", name,
		    (int)record->supervisor.pid, (int)record->supervisor.pid);
	else if (busy)
		say(SAY_WARNING, "%s: its vmlaunch (%d) is still busy", name,
		    (int)record->supervisor.pid);
	else if (lock_take(&lock, dir, &unused))
		lock_release(&lock);
	say(SAY_NOTE, "%s: ended", name);
	/* It would have said what of the host is not back. */
	return !busy || returned_by_itself(record, err);
}

static bool press_button(const char *dir, struct error **err)
{
	own_qmp struct qmp *qmp = tools_monitor(dir, err);

	return qmp && qmp_execute(qmp, "system_powerdown", NULL, TOOLS_ANSWER_MS, NULL, err);
}

/* Its supervisor does what we ask for, as it would for a key; it has a monitor of its own, which
 * nobody can keep from it. False when there is none.
 */
static bool ask_supervisor(const struct run_record *record, int sig)
{
	own_fd int pidfd = process_watch(record->supervisor);

	return pidfd >= 0 && !process_stopped(record->supervisor) &&
	       syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0;
}

static bool press_power_button(const struct run_record *record, const char *dir, struct error **err)
{
	return ask_supervisor(record, SIGUSR1) || press_button(dir, err);
}

/* The agent inside, where the machine has its channel and somebody answers there: it shuts down
 * also where the button puts to sleep, or nothing hears it. It does not answer what it obeys (QEMU,
 * qga/qapi-schema.json: guest-shutdown).
 */
static bool ask_agent(const char *dir)
{
	own_free char *path = path_join(dir, "guest-agent.sock");
	own_error struct error *unused = NULL;
	json_object *mode = json_object_new_object();
	int fd = qmp_connect(path, &unused);
	own_qmp struct qmp *agent = fd < 0 ? NULL : qmp_new(fd, QMP_LIMIT_SUPERVISOR);

	json_add_text(mode, "mode", "powerdown");
	if (!agent || !session_greet_agent(agent, AGENT_MS, &unused)) {
		json_object_put(mode);
		return false;
	}
	return qmp_send(agent, "guest-shutdown", mode, NULL, &unused);
}

static void tell_deaf(const char *name, const char *dir, const struct run_record *record)
{
	own_condition struct condition now = condition_of(dir, record, CONDITION_BRIEF);
	own_free char *words = held_words(&now.held, name);

	if (words)
		say(SAY_WARNING, HELD_DEAF, name, words);
}

/* The guest decides, and may have reasons; whoever cannot wait for it should know how. */
#define HINT                                                                                     \
	"; Ctrl-C ends this waiting alone (so does --timeout after so many seconds), 'vmlaunch " \
	"kill' "                                                                                 \
	"the machine"

int command_stop(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	const char *timeout = argument_option(args, "timeout");
	own_free char *name = machine_named(args, err), *dir = NULL;
	uint64_t limit = 86400, waited = 0, told = 30;
	own_fd int pidfd = -1;

	if (timeout && (!text_u64(timeout, 10, &limit) || limit > 86400)) {
		error_add(err, ERROR_USAGE, "--timeout is a number of seconds, not '%s'", timeout);
		return ERROR_USAGE;
	}
	dir = name ? running(name, &record, err) : NULL;
	if (!dir)
		return ERROR_FAILED;
	pidfd = process_watch(record.qemu);
	if (!press_power_button(&record, dir, err))
		return ERROR_FAILED;
	say(SAY_NOTE, "%s: power button pressed%s", name,
	    ask_agent(dir) ? ", and the guest's agent asked to shut it down" : "");
	tell_deaf(name, dir, &record);
	while (!ends_within(pidfd, 1000)) {
		waited++;
		if (timeout && waited >= limit) {
			error_add(err, ERROR_FAILED,
				  "%s still runs after %lu s; 'vmlaunch kill %s' ends it", name,
				  waited, name);
			return ERROR_FAILED;
		}
		/* A supervisor presses again by itself. */
		if (waited == 30 && !process_alive(record.supervisor))
			press_button(dir, NULL);
		if (waited != told)
			continue;
		say(SAY_NOTE, "%s: still running after %lu s%s", name, waited,
		    told > 30 ? "" : HINT);
		told *= 2;
	}
	return finish_machine(name, dir, &record, err) ? 0 : ERROR_LEFT;
}

/* quit writes out what QEMU holds of the images; a QEMU that does not listen loses it. */
static void tell_to_quit(const struct run_record *record, const char *dir)
{
	own_error struct error *unused = NULL;
	own_qmp struct qmp *qmp = NULL;

	/* Not SIGQUIT: a script's background job ignores that one. */
	if (ask_supervisor(record, SIGUSR2))
		return;
	qmp = tools_monitor(dir, &unused);
	if (qmp)
		qmp_execute(qmp, "quit", NULL, KILL_MS, NULL, NULL);
}

int command_kill(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err), *dir = NULL;
	own_fd int pidfd = -1;

	/* Whoever means one that has ended already would lose another. */
	if (name && text_starts(name, args->word[0]) && strcmp(name, args->word[0]) != 0) {
		error_add(err, ERROR_USAGE, "'vmlaunch kill' wants the whole name: %s", name);
		return ERROR_USAGE;
	}
	dir = name ? running(name, &record, err) : NULL;
	if (!dir)
		return ERROR_FAILED;
	pidfd = process_watch(record.qemu);
	tell_to_quit(&record, dir);
	if (!ends_in_its_time(record.qemu.pid, pidfd, KILL_TOLD_MS))
		say(SAY_NOTE, "%s: waiting for QEMU to quit; SIGKILL comes in %d s", name,
		    (KILL_MS - KILL_TOLD_MS) / 1000);
	if (!ends_in_its_time(record.qemu.pid, pidfd, KILL_MS - KILL_TOLD_MS)) {
		say(SAY_WARNING, "%s: QEMU does not quit; sending SIGKILL", name);
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		ends_within(pidfd, -1);
	}
	return finish_machine(name, dir, &record, err) ? 0 : ERROR_LEFT;
}

/* Whether the guest was let go: its supervisor does that, or whoever takes over. */
static bool is_started(const char *name, const struct run_record *record, const char *state,
		       struct error **err)
{
	bool supervised = process_alive(record->supervisor);

	if (!condition_is_starting(record, state))
		return true;
	error_add(err, ERROR_FAILED, "%s has not been started to its end%s%s%s", name,
		  supervised ? "" : "; 'vmlaunch attach ", supervised ? "" : name,
		  supervised ? "" : "' does that");
	return false;
}

/* What an order does with a guest in that state, over the tools' monitor; *words becomes what is
 * said of it instead of the state that the guest then has. False with an error.
 */
typedef bool order_fn(struct qmp *qmp, const char *state, const char **words, struct error **err);

static int give_order(const struct arguments *args, order_fn *give, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err), *before = NULL, *after = NULL;
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_qmp struct qmp *qmp = dir ? tools_monitor(dir, err) : NULL;
	const char *words = NULL;

	if (!qmp)
		return ERROR_FAILED;
	before = condition_ask(qmp, err);
	if (!is_started(name, &record, before, err) || !give(qmp, before, &words, err))
		return ERROR_FAILED;
	if (!words)
		after = condition_ask(qmp, err);
	say(SAY_NOTE, "%s: %s", name, words ? words : after);
	return 0;
}

static bool give_pause(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	if (strcmp(state, "paused") == 0)
		*words = _("was paused already");
	return qmp_execute(qmp, "stop", NULL, TOOLS_ANSWER_MS, NULL, err);
}

/* A guest that sleeps (S3) is woken; cont would do nothing for it. One that has crashed runs on by
 * it, and that is no cure.
 */
static bool give_resume(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	bool sleeps = strcmp(state, "suspended") == 0;

	if (strcmp(state, "running") == 0)
		*words = _("runs already");
	else if (strcmp(state, "guest-panicked") == 0)
		*words = _("goes on as it crashed; 'vmlaunch reset' starts it anew");
	return qmp_execute(qmp, sleeps ? "system_wakeup" : "cont", NULL, TOOLS_ANSWER_MS, NULL,
			   err);
}

/* QEMU makes a guest that is held anew, and holds it still. */
static bool give_reset(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	*words = _("reset");
	return qmp_execute(qmp, "system_reset", NULL, TOOLS_ANSWER_MS, NULL, err) &&
	       (!held_is(state) || qmp_execute(qmp, "cont", NULL, TOOLS_ANSWER_MS, NULL, err));
}

int command_pause(const struct arguments *args, struct error **err)
{
	return give_order(args, give_pause, err);
}

int command_resume(const struct arguments *args, struct error **err)
{
	return give_order(args, give_resume, err);
}

int command_reset(const struct arguments *args, struct error **err)
{
	return give_order(args, give_reset, err);
}

/* What the guest's processors do, in QEMU's word (QAPI: RunState), which the caller owns; NULL: no
 * answer.
 */
static char *state_of(const char *dir)
{
	own_error struct error *ignored = NULL;
	struct qmp *qmp = tools_monitor(dir, &ignored);
	json_object *answer = NULL;
	const char *word = NULL;
	char *state = NULL;

	if (qmp && qmp_execute(qmp, "query-status", NULL, TOOLS_ANSWER_MS, &answer, &ignored))
		word = json_member_text(answer, "status");
	if (word)
		state = xstrdup(word);
	json_object_put(answer);
	qmp_free(qmp);
	return state;
}

static bool give_wake(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	*words = strcmp(state, "suspended") == 0 ? _("was asleep, and is woken")
						 : _("was paused, and goes on");
	return give_resume(qmp, state, words, err);
}

bool wake_machine(const char *name, const char *dir, bool *woken, struct error **err)
{
	own_free char *state = state_of(dir);
	const struct arguments one = {.word = &name, .words = 1};

	*woken = state && (strcmp(state, "paused") == 0 || strcmp(state, "suspended") == 0);
	return !*woken || (give_order(&one, give_wake, err) == 0 && !*err);
}
