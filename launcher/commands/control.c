/* The commands for machines that run: each looks up the instance's record, and talks to QEMU over
 * the tools' monitor, which is free whether or not a supervisor lives.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "run/held.h"
#include "run/returned.h"

#define KILL_MS 10000	  /* for QEMU to write out what it holds, on a busy machine too */
#define KILL_TOLD_MS 2000 /* after so much of it that is told */
#define SUPERVISOR_MS 10000

struct qmp *tools_monitor(const char *dir, struct error **err)
{
	own_free char *path = path_join(dir, "qmp.sock");
	int fd = qmp_connect(path, err);
	own_qmp struct qmp *qmp = fd < 0 ? NULL : qmp_new(fd, QMP_LIMIT_TOOL);

	if (!qmp || !qmp_handshake(qmp, QMP_GREETING_MS, -1, err))
		return NULL;
	return steal(&qmp);
}

/* "running", "paused", ... as QEMU says (QAPI: RunState), or a word of ours when it does not
 * answer. */
static char *ask_state(struct qmp *qmp, struct error **err)
{
	json_object *answer = NULL, *status;
	char *state = NULL;

	if (qmp_execute(qmp, "query-status", NULL, TOOLS_ANSWER_MS, &answer, err) &&
	    json_object_object_get_ex(answer, "status", &status) &&
	    json_object_is_type(status, json_type_string))
		state = text_quote(json_object_get_string(status), 40);
	json_object_put(answer);
	return state ? state : xstrdup("unresponsive");
}

/* How the machine is, in QEMU's word, and what holds its guest. */
struct condition {
	char *state;
	struct held held; /* of no state where nothing does */
};

static void condition_free(struct condition *condition)
{
	free(condition->state);
	held_free(&condition->held);
}
#define own_condition own_with(condition_free)

/* Whether the guest waits for the cont of its start. */
static bool is_starting(const struct run_record *record, const char *state)
{
	return strcmp(state, "prelaunch") == 0 && !record->let_go;
}

static struct condition condition_of(const char *dir, const struct run_record *record)
{
	own_error struct error *err = NULL;
	own_qmp struct qmp *qmp = tools_monitor(dir, &err);
	struct condition now = {qmp ? ask_state(qmp, &err) : xstrdup("unresponsive"), {{0}}};
	json_object *blocks = NULL;

	if (!held_is(now.state) || is_starting(record, now.state))
		return now;
	snprintf(now.held.state, sizeof(now.held.state), "%s", now.state);
	if (held_is_of_disks(now.state) &&
	    qmp_execute(qmp, "query-block", NULL, TOOLS_ANSWER_MS, &blocks, &err))
		held_add_blocks(&now.held, blocks);
	json_object_put(blocks);
	return now;
}

static json_object *down_json(const struct run_down *down)
{
	json_object *o;

	if (!down->since)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "since", json_object_new_int64(down->since));
	json_object_object_add(o, "quits", down->quits ? json_object_new_int64(down->quits) : NULL);
	return o;
}

static json_object *record_json(const char *instance, const struct run_record *record,
				const struct condition *now)
{
	own_free char *held = held_words(&now->held, instance);
	json_object *o = json_object_new_object();

	json_object_object_add(o, "instance", json_object_new_string(instance));
	json_object_object_add(o, "name", json_object_new_string(record->name));
	json_object_object_add(o, "state", json_object_new_string(now->state));
	json_object_object_add(o, "held", held ? json_object_new_string(held) : NULL);
	json_object_object_add(o, "going-down", down_json(&record->down));
	json_object_object_add(o, "qemu", json_object_new_int(record->qemu.pid));
	json_object_object_add(o, "supervisor",
			       process_alive(record->supervisor)
				       ? json_object_new_int(record->supervisor.pid)
				       : NULL);
	json_object_object_add(o, "started", json_object_new_int64(record->started));
	json_object_object_add(o, "profile", json_object_new_string(record->profile));
	json_object_object_add(o, "log", json_object_new_string(record->log));
	return o;
}

static void print_json(json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static char *age(int64_t started)
{
	int64_t s = (int64_t)time(NULL) - started;

	if (s < 0)
		s = 0;
	if (s < 3600)
		return xasprintf("%ld:%02ld", (long)(s / 60), (long)(s % 60));
	return xasprintf("%ld:%02ld:%02ld", (long)(s / 3600), (long)(s / 60 % 60), (long)(s % 60));
}

/* Whether and when it ends, of a machine whose supervisor knows. The caller owns it; NULL where it
 * was not told to.
 */
static char *down_words(const struct run_record *record)
{
	int64_t now = (int64_t)time(NULL), left = record->down.quits - now;
	own_free char *since = age(record->down.since);

	if (!record->down.since || !process_alive(record->supervisor))
		return NULL;
	if (!record->down.quits)
		return xasprintf("its power button was pressed %s ago; the guest decides", since);
	if (left <= 0)
		return xasprintf("for %s; QEMU was told to quit", since);
	return xasprintf("for %s; QEMU quits in %ld s, or when the guest is down", since,
			 (long)left);
}

static void print_row(const char *name, const struct run_record *record,
		      const struct condition *now)
{
	own_free char *since = age(record->started), *profile = text_word(record->profile);
	own_free char *shown = text_word(name), *held = held_words(&now->held, name);
	own_free char *down = down_words(record);

	printf("%-20s %-12s %9s %10d  %s\n", shown, now->state, since, (int)record->qemu.pid,
	       profile);
	if (held)
		printf("%-20s held: %s\n", "", held);
	if (down)
		printf("%-20s going down: %s\n", "", down);
	if (!process_alive(record->supervisor))
		printf("%-20s no supervisor (vmlaunch attach %s takes over)\n", "", shown);
}

/* A machine that has ended, and whose vmlaunch cannot say so. */
static void tell_stopped(const char *name, const struct run_record *record)
{
	if (process_alive(record->supervisor) && process_stopped(record->supervisor))
		say(SAY_WARNING,
		    "%s: QEMU has ended, but its vmlaunch (%d) is stopped: 'fg' or 'kill -CONT %d' lets it go on",
		    name, (int)record->supervisor.pid, (int)record->supervisor.pid);
}

/* Who finds no machine may still miss a device. */
static void tell_none(void)
{
	say(SAY_NOTE, "no machine is running");
	if (!returned_all())
		say(SAY_NOTE,
		    "a keeper is still at work, another user's perhaps, or has left something: 'vmlaunch recover' tells");
}

int command_list(const struct arguments *args, struct error **err)
{
	bool json = argument_option(args, "json");
	json_object *list = json_object_new_array(), *top = json_object_new_object();
	own_free char *base = NULL;
	struct error *problem = NULL;
	size_t n, shown = 0;
	char **names = instances(&n, &base, &problem);

	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);
		own_condition struct condition now = {0};

		if (!run_record_read(dir, &record))
			continue;
		if (!run_record_alive(&record)) {
			tell_stopped(names[i], &record);
			continue;
		}
		now = condition_of(dir, &record);
		json_object_array_add(list, record_json(names[i], &record, &now));
		if (!json && shown++ == 0)
			printf("%-20s %-12s %9s %10s  %s\n", "NAME", "STATE", "TIME", "QEMU",
			       "PROFILE");
		if (!json)
			print_row(names[i], &record, &now);
	}
	names_free(names, n);
	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "machines", list);
	if (json)
		print_json(top);
	else
		json_object_put(top);
	if (!json && !shown && !problem)
		tell_none();
	error_merge(err, &problem);
	return 0;
}

/* How the guest's picture is seen: by what was started with it, or by SPICE's socket. The caller
 * owns it; NULL where there is nothing to see.
 */
static char *picture_line(const char *dir, const struct run_record *record)
{
	own_free char *spice = path_join(dir, "spice.sock");
	own_free char *uri = xasprintf("spice+unix://%s", spice);
	struct buf line = {0};

	for (size_t i = 0; i < record->companions; i++) {
		const struct plan_companion *viewer = &record->companion[i];

		for (size_t k = 0; viewer->when == COMPANION_RUNNING && k < viewer->args; k++) {
			own_free char *word = text_word(viewer->argv[k]);

			buf_addf(&line, "%s%s", line.len ? " " : "", word);
		}
		if (line.len)
			return buf_steal(&line);
	}
	if (access(spice, F_OK) < 0)
		return NULL;
	own_free char *word = text_word(uri);

	return xasprintf("remote-viewer %s", word);
}

static void print_status(const char *name, const char *dir, const struct run_record *record,
			 const struct condition *now)
{
	own_free char *since = age(record->started), *profile = text_word(record->profile);
	own_free char *log = text_word(record->log), *sockets = text_word(dir);
	own_free char *shown = text_word(name), *picture = picture_line(dir, record);
	own_free char *held = held_words(&now->held, name), *down = down_words(record);

	printf("%s is %s, for %s\n", shown, now->state, since);
	if (held)
		printf("  held        %s\n", held);
	if (down)
		printf("  going down  %s\n", down);
	printf("  profile     %s\n  QEMU        %d\n", profile, (int)record->qemu.pid);
	if (process_alive(record->supervisor))
		printf("  supervisor  %d\n", (int)record->supervisor.pid);
	else
		printf("  supervisor  no supervisor (vmlaunch attach %s takes over)\n", shown);
	printf("  log         %s\n  sockets     %s\n", log, sockets);
	if (picture)
		printf("  picture     %s\n", picture);
}

int command_status(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_condition struct condition now = {0};
	json_object *o;

	if (!dir)
		return ERROR_FAILED;
	now = condition_of(dir, &record);
	if (argument_option(args, "json")) {
		o = record_json(name, &record, &now);
		json_object_object_add(o, "version", json_object_new_int(1));
		print_json(o);
		return 0;
	}
	print_status(name, dir, &record, &now);
	return 0;
}

/* A descriptor that becomes readable when the process is gone; -1 when it is gone already. */
static int watch(struct process process)
{
	own_fd int fd = (int)syscall(SYS_pidfd_open, process.pid, 0);

	/* The number could have been given away between the record and the open. */
	return fd >= 0 && process_alive(process) ? steal_fd(&fd) : -1;
}

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

/* After QEMU its supervisor puts things away, and until then the next start would be refused. After
 * a dead supervisor nobody else puts its directory away.
 */
static bool finish(const char *name, const char *dir, const struct run_record *record,
		   struct error **err)
{
	own_error struct error *unused = NULL;
	struct lock lock = LOCK_NONE;
	own_fd int supervisor = watch(record->supervisor);

	bool busy = supervisor >= 0 && !ends_within(supervisor, SUPERVISOR_MS);

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
	own_fd int pidfd = watch(record->supervisor);

	return pidfd >= 0 && !process_stopped(record->supervisor) &&
	       syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0;
}

static bool press(const struct run_record *record, const char *dir, struct error **err)
{
	return ask_supervisor(record, SIGUSR1) || press_button(dir, err);
}

static void tell_deaf(const char *name, const char *dir, const struct run_record *record)
{
	own_condition struct condition now = condition_of(dir, record);
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
	pidfd = watch(record.qemu);
	if (!press(&record, dir, err))
		return ERROR_FAILED;
	say(SAY_NOTE, "%s: power button pressed", name);
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
	return finish(name, dir, &record, err) ? 0 : ERROR_LEFT;
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
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_fd int pidfd = -1;

	if (!dir)
		return ERROR_FAILED;
	pidfd = watch(record.qemu);
	tell_to_quit(&record, dir);
	if (!ends_within(pidfd, KILL_TOLD_MS))
		say(SAY_NOTE, "%s: waiting for QEMU to quit; SIGKILL comes in %d s", name,
		    (KILL_MS - KILL_TOLD_MS) / 1000);
	if (!ends_within(pidfd, KILL_MS - KILL_TOLD_MS)) {
		say(SAY_WARNING, "%s: QEMU does not quit; sending SIGKILL", name);
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		ends_within(pidfd, -1);
	}
	return finish(name, dir, &record, err) ? 0 : ERROR_LEFT;
}

/* Whether the guest was let go: its supervisor does that, or whoever takes over. */
static bool is_started(const char *name, const struct run_record *record, const char *state,
		       struct error **err)
{
	bool supervised = process_alive(record->supervisor);

	if (!is_starting(record, state))
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

static int order(const struct arguments *args, order_fn *give, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err), *before = NULL, *after = NULL;
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_qmp struct qmp *qmp = dir ? tools_monitor(dir, err) : NULL;
	const char *words = NULL;

	if (!qmp)
		return ERROR_FAILED;
	before = ask_state(qmp, err);
	if (!is_started(name, &record, before, err) || !give(qmp, before, &words, err))
		return ERROR_FAILED;
	if (!words)
		after = ask_state(qmp, err);
	say(SAY_NOTE, "%s: %s", name, words ? words : after);
	return 0;
}

static bool give_pause(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	if (strcmp(state, "paused") == 0)
		*words = "was paused already";
	return qmp_execute(qmp, "stop", NULL, TOOLS_ANSWER_MS, NULL, err);
}

/* A guest that sleeps (S3) is woken; cont would do nothing for it. */
static bool give_resume(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	bool sleeps = strcmp(state, "suspended") == 0;

	if (strcmp(state, "running") == 0)
		*words = "runs already";
	return qmp_execute(qmp, sleeps ? "system_wakeup" : "cont", NULL, TOOLS_ANSWER_MS, NULL,
			   err);
}

/* QEMU makes a guest that is held anew, and holds it still. */
static bool give_reset(struct qmp *qmp, const char *state, const char **words, struct error **err)
{
	*words = "reset";
	return qmp_execute(qmp, "system_reset", NULL, TOOLS_ANSWER_MS, NULL, err) &&
	       (!held_is(state) || qmp_execute(qmp, "cont", NULL, TOOLS_ANSWER_MS, NULL, err));
}

int command_pause(const struct arguments *args, struct error **err)
{
	return order(args, give_pause, err);
}

int command_resume(const struct arguments *args, struct error **err)
{
	return order(args, give_resume, err);
}

int command_reset(const struct arguments *args, struct error **err)
{
	return order(args, give_reset, err);
}
