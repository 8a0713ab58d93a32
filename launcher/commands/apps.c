/* A guest's programs as windows of the host's, by RDP: `run PROFILE --wait-port 3389 -- COMMAND...`
 * sees to it that the machine runs and answers, and becomes COMMAND; `winapps` prints what WinApps
 * wants to know. Both ask the profile where a port of the guest's is to be had.
 *
 * A machine that is started here outlives the command: it has a session of its own, no terminal,
 * and what it says goes to apps.log of its state directory.
 */
#include "apps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "profile/profile.h"
#include "run/identity.h"

#define RDP_PORT 3389
#define PATIENCE_S 300	/* until the port answers, unless --timeout says otherwise */
#define ROUND_MS 500	/* between two looks */
#define CONNECT_MS 1000 /* for a connection, and */
#define ANSWER_MS 3000	/* for what is said on it */
#define LOG_TAIL 4096	/* bytes of apps.log in which the reason is looked for */

/* A machine, and which ports lead into it. */
struct port_machine {
	char *name, *profile; /* its path */
	struct plan_forward *forward;
	size_t forwards;
	bool runs;
};

static void port_machine_free(struct port_machine *m)
{
	free(m->name);
	free(m->profile);
	free(m->forward);
}
#define own_port_machine own_with(port_machine_free)

static bool find_port(const struct port_machine *m, uint16_t guest, struct plan_forward *port,
		      struct error **err)
{
	if (plan_forward_to(m->forward, m->forwards, guest, port))
		return true;
	error_add(
		err, ERROR_USAGE,
		"%s: nothing leads to the guest's port %u: forward = tcp %u in [network] does, from this host alone",
		m->profile, guest, guest);
	return false;
}

/* ------------------------------------------------------------------ whether the port answers */

static bool wait_on(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, ms) == 1;
}

/* Who forwards accepts before the guest does: only what comes from the guest is an answer. RDP's
 * server is spoken to first ([MS-RDPBCGR] 2.2.1.1, in a TPKT of RFC 1006 the connection request of
 * X.224); others that say nothing by themselves are taken at a connection that is not closed. NULL:
 * it answers; else why it does not.
 */
static const char *ask_port(const struct plan_forward *port)
{
	static const uint8_t request[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0,
					  0, 1, 0, 8,  0,  3,	 0, 0, 0};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port->host),
				 .sin_addr.s_addr = htonl(port->address)};
	own_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int problem = 0;
	socklen_t len = sizeof(problem);
	char byte;

	if (fd < 0)
		return strerror(errno);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return strerror(errno);
	if (!wait_on(fd, POLLOUT, CONNECT_MS))
		return "nobody takes a connection";
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) < 0 || problem)
		return strerror(problem);
	if (port->guest == RDP_PORT &&
	    send(fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return "the connection was closed";
	if (!wait_on(fd, POLLIN, ANSWER_MS))
		return port->guest == RDP_PORT ? "a connection is taken, and nothing is said on it"
					       : NULL;
	return recv(fd, &byte, 1, 0) == 1
		       ? NULL
		       : "the connection was closed, as where nobody listens in the guest";
}

/* ------------------------------------------------------------------ the machine */

/* Starts it beside us. -1 with an error. */
static pid_t start_machine(const struct arguments *args, const char *path, struct error **err)
{
	own_child struct child child = CHILD_NONE;
	own_fd int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	char **words = arguments_again(args, (const char *const[]){"vmlaunch", "run", NULL},
				       (const char *const[]){"wait-port", "timeout", NULL});
	const struct child_fd fd[] = {{log, 1}, {log, 2}};
	int errnum = log < 0 ? errno : 0;

	if (!errnum)
		errnum = child_start(&child, &(struct child_way){.argv = (const char *const *)words,
								 .program = "/proc/self/exe",
								 .fd = fd,
								 .fds = ARRAY_SIZE(fd)});
	arguments_again_free(words);
	if (!errnum)
		return child.pid;
	error_errno(err, ERROR_FAILED, errnum, "cannot start the machine (%s)", path);
	return -1;
}

/* Its last words. */
static void tell_why(const char *path, int status, struct error **err)
{
	own_fd int fd = open_tail(path, LOG_TAIL);
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, LOG_TAIL, NULL);
	char *end = text ? strrchr(text, '\n') : NULL;
	const char *line;
	enum error_kind kind = WIFEXITED(status) && WEXITSTATUS(status) >= ERROR_FAILED &&
					       WEXITSTATUS(status) <= ERROR_HOST
				       ? (enum error_kind)WEXITSTATUS(status)
				       : ERROR_FAILED;

	if (end)
		*end = '\0';
	end = text ? strrchr(text, '\n') : NULL;
	line = end ? end + 1 : text ? text : "";
	if (text_starts(line, "vmlaunch: error: "))
		line += strlen("vmlaunch: error: ");
	own_free char *shown = text_quote(line, 1000);

	error_add(err, kind, "the machine does not run: %s (more in %s)",
		  *shown ? shown : "it said nothing", path);
}

struct waiting {
	const struct arguments *args;
	struct plan_forward port;
	char *name, *log;
	pid_t child; /* 0: it ran already */
	bool woken;  /* nobody's pause from here on is undone */
	const char *why;
};

static void waiting_free(struct waiting *w)
{
	free(w->name);
	free(w->log);
}
#define own_waiting own_with(waiting_free)

/* A guest that was paused or slept when somebody came to use it goes on. What was started with it
 * (a viewer that waits) is no such somebody: it may wait for long, and the guest ran then.
 */
static bool wake_once(struct waiting *w, const char *dir, const struct run_record *record,
		      struct error **err)
{
	bool awake;

	if (w->woken || w->child || getppid() == record->supervisor.pid)
		return true;
	w->woken = true;
	return wake_machine(w->name, dir, &awake, err);
}

/* One look: 1 it answers, 0 not yet, -1 it never will, with an error. */
static int look_once(struct waiting *w, struct error **err)
{
	own_error struct error *ignored = NULL;
	own_run_record struct run_record record = {0};
	own_free char *dir = NULL;
	int status;

	if (w->child && waitpid(w->child, &status, WNOHANG) == w->child) {
		tell_why(w->log, status, err);
		return -1;
	}
	dir = running(w->name, &record, &ignored);
	if (!dir && !w->child) {
		error_add(err, ERROR_FAILED, "%s has ended meanwhile", w->name);
		return -1;
	}
	w->why = "the machine is being started";
	if (!dir)
		return 0;
	if (!wake_once(w, dir, &record, err))
		return -1;
	w->why = ask_port(&w->port);
	return !w->why;
}

static bool wait_until_it_answers(struct waiting *w, int64_t deadline, struct error **err)
{
	for (;;) {
		int seen = look_once(w, err);

		if (seen)
			return seen > 0;
		if (now_ms() >= deadline)
			break;
		poll(NULL, 0, ROUND_MS);
	}
	error_add(
		err, ERROR_FAILED,
		"%s runs, and port %u of its guest does not answer: %s; --timeout gives it more time, and 'vmlaunch stop %s' ends it",
		w->name, w->port.guest, w->why, w->name);
	return false;
}

/* ------------------------------------------------------------------ the commands */

static bool read_number(const struct arguments *args, const char *option, uint64_t dflt,
			uint64_t most, uint64_t *value, struct error **err)
{
	const char *word = argument_option(args, option);

	*value = dflt;
	if (!word || (text_u64(word, 10, value) && *value >= 1 && *value <= most))
		return true;
	error_add(err, ERROR_USAGE, "--%s is 1 to %llu, not '%s'", option, (unsigned long long)most,
		  word);
	return false;
}

/* One that does not run, by its profile. */
static bool read_profile(const struct arguments *args, struct port_machine *m, struct error **err)
{
	size_t sets;
	own_free char **set = argument_options(args, "set", &sets);
	own_profile struct profile *profile = NULL;

	if (!args->words) {
		error_add(err, ERROR_USAGE, "no machine is running, and no profile is named");
		return false;
	}
	profile = profile_load_unchecked(args->word[0], argument_option(args, "variant"), set, sets,
					 err);
	if (!profile)
		return false;
	m->name = xstrdup(profile->vm.name.v);
	m->profile = xstrdup(profile->path);
	plan_forwards(profile, &m->forward, &m->forwards);
	return true;
}

/* One that runs, by its record: its profile says neither the variant nor --set. */
static bool find_machine(const struct arguments *args, struct port_machine *m, struct error **err)
{
	own_error struct error *ignored = NULL;
	own_run_record struct run_record record = {0};
	const struct arguments one = {.word = args->word, .words = args->words ? 1 : 0};
	own_free char *known = machine_named(&one, &ignored);
	own_free char *dir = known ? running(known, &record, &ignored) : NULL;

	if (!dir)
		return read_profile(args, m, err);
	m->runs = true;
	m->name = steal(&known);
	m->profile = steal(&record.profile);
	m->forward = steal(&record.forward);
	m->forwards = record.forwards;
	record.forwards = 0;
	return true;
}

int run_until_port(const struct arguments *args, struct error **err)
{
	own_waiting struct waiting w = {.args = args};
	own_dirs struct dirs dirs = {0};
	own_port_machine struct port_machine m = {0};
	uint64_t port, seconds;

	if (!identity_of_caller(NULL, err) ||
	    !read_number(args, "wait-port", RDP_PORT, 65535, &port, err) ||
	    !read_number(args, "timeout", PATIENCE_S, 1000000, &seconds, err))
		return ERROR_USAGE;
	if (!find_machine(args, &m, err) || !find_port(&m, (uint16_t)port, &w.port, err) ||
	    !dirs_find(&dirs, err))
		return ERROR_USAGE;
	w.name = steal(&m.name);
	own_free char *state = path_join(dirs.state, w.name);

	w.log = path_join(state, "apps.log");
	if (!m.runs) {
		if (!dir_make(state, 0700, err))
			return ERROR_FAILED;
		w.child = start_machine(args, w.log, err);
		if (w.child < 0)
			return ERROR_FAILED;
		say(SAY_NOTE, "%s: is started, and its port %u waited for", w.name, w.port.guest);
	}
	if (!wait_until_it_answers(&w, now_ms() + (int64_t)seconds * 1000, err))
		return ERROR_FAILED;
	if (!args->tails)
		return 0;
	const char **argv = xcalloc(args->tails + 1, sizeof(*argv));

	memcpy(argv, args->tail, args->tails * sizeof(*argv));
	execvp(argv[0], (char *const *)argv);
	error_errno(err, ERROR_USAGE, errno, "cannot run %s", argv[0]);
	free(argv);
	return ERROR_USAGE;
}

/* WinApps' configuration is read by a shell (winapps.conf, sourced): a word in quotes. */
static void put_environment(const char *name, const char *value)
{
	own_free char *word = text_word(value);

	printf("%s=%s\n", name, word);
}

int command_winapps(const struct arguments *args, struct error **err)
{
	own_port_machine struct port_machine m = {0};
	struct plan_forward port;
	char address[INET_ADDRSTRLEN];
	own_free char *number = NULL;

	if (!find_machine(args, &m, err) || !find_port(&m, RDP_PORT, &port, err))
		return ERROR_USAGE;
	inet_ntop(AF_INET, &(struct in_addr){htonl(port.address)}, address, sizeof(address));
	number = xasprintf("%u", port.host);
	own_free char *path = text_word(m.profile);

	printf("# ~/.config/winapps/winapps.conf: the machine %s by its port, without libvirt.\n",
	       m.name);
	printf("# WinApps never starts it: vmlaunch run %s --wait-port %u -- winapps NAME does.\n",
	       path, port.guest);
	put_environment("WAFLAVOR", "manual");
	put_environment("RDP_IP", address);
	put_environment("RDP_PORT", number);
	printf("# The account in the guest; the guest kit's, where that made it.\n"
	       "#RDP_USER=\n#RDP_PASS=\n");
	return 0;
}
