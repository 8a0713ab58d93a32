/* A keeper's filter lets it run no program, and a filter is every child's too: so before that it
 * makes a process that has none, and runs programs for it until both end. These are other people's
 * (modprobe with what the administrator makes it do, ip, systemctl), and no list of theirs would
 * hold; they are needed to the end, as a driver that was unloaded is loaded again.
 *
 * It runs the lines of a table and nothing else: a keeper that does somebody else's will must not
 * have `ip netns exec` or `modprobe -C` from it. The programs it finds itself, as the keeper does
 * (host/kmodule.h, base/trusted.h), so that no file elsewhere can have the name of one.
 *
 * What stays possible: such a keeper writes files as root, and so can put into the place of these
 * programs what it likes, or write what they read (a line "install" of modprobe.d(5), a drop-in of
 * a service's unit, the kernel's word of where modprobe is), and have it run by a line that is in
 * the table. This is a hurdle for who can make a few calls in its name, and no wall against who can
 * make all of them that its filter has.
 *
 * It holds one descriptor, the end of a socket pair: the end of that, and the keeper's death, are
 * its own end, and by the same way that of the program which it runs.
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/own.h"
#include "base/patience.h"
#include "base/root.h"
#include "base/trusted.h"
#include "host/kmodule.h"
#include "rights.h"
#include "services.h"
#include "state.h"
#include "worker.h"

/* #syscalls(keeper) socketpair:AF_UNIX sendto recvfrom poll */

#define TALK 3		       /* the runner's end, in it */
#define WORDS_MOST 192	       /* of a command line */
#define LINE_MOST 8192	       /* bytes of it, with a NUL behind each word */
#define SAID_MOST 4096	       /* bytes of an error, which are cut */
#define SLACK_MS 10000	       /* for the runner itself */
#define DEADLINE_MOST_MS 60000 /* of a program: the longest of the keeper's, modprobe's */

/* All that is run: the program's name, then words as they stand, or one letter for a word of the
 * keeper's: "@" for one that is no option and no path (modprobe takes a module's file as well);
 * "%" for a service that may be paused, "$" for a slice of ours; "#" for as many numbers as come.
 */
static const char *const LINE[] = {
	/* modules.c */
	"modprobe -- @",
	/* services.c */
	"systemctl --no-ask-password --quiet is-active -- %",
	"systemctl --no-ask-password --quiet stop -- %",
	"systemctl --no-ask-password --quiet start -- %",
	"rc-service --nocolor % status",
	"rc-service --nocolor % stop",
	"rc-service --nocolor % start",
	/* isolate.c */
	"systemctl --no-ask-password --quiet stop -- $",
	"busctl --quiet --timeout=15 call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) $ fail 1 AllowedCPUs ay #",
	/* tap.c */
	"ip tuntap add dev @ mode tap user @ vnet_hdr",
	"ip tuntap add dev @ mode tap user @ vnet_hdr multi_queue",
	"ip link add link @ name @ address @ type macvtap mode bridge",
	"ip link set dev @ address @ mtu @ master @ up",
	"ip link set dev @ up",
	"ip link set dev @ address @",
	"ip link delete dev @",
	/* nodes.c */
	"udevadm settle --timeout=5",
};

/* A packet: the line's bytes follow. No line at all asks for less rights, those over networks
 * perhaps among them.
 */
struct order {
	int32_t deadline_ms;
	uint32_t words;
	uint32_t networks;
};

struct packet {
	struct order order;
	char line[LINE_MOST];
};

static int to_runner = -1;
static struct worker runner = {.pidfd = -1};

/* ------------------------------------------------------------------ in the runner */

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

/* Whether a word is what the line has there, n bytes of it. */
static bool fits(const char *word, const char *line, size_t n)
{
	switch (*line) {
	case '@':
		return *word && *word != '-' && !strchr(word, '/');
	case '%':
		return service_is_one(word);
	case '$':
		return isolate_is_slice(word);
	default:
		return strncmp(word, line, n) == 0 && !word[n];
	}
}

/* Whether the words are those of a line of the table. */
static bool is_line(const char *line, const char *const argv[])
{
	const char *word = path_base(argv[0]);

	for (size_t n; *line; line += n + (line[n] == ' ')) {
		n = strcspn(line, " ");
		if (*line == '#') {
			while (word && is_number(word))
				word = *++argv;
			continue;
		}
		if (!word || !fits(word, line, n))
			return false;
		word = *++argv;
	}
	return !word;
}

/* Whether the keeper found the program where it is found. */
static bool is_found(const char *path, struct error **err)
{
	const char *name = path_base(path);
	own_error struct error *why = NULL;
	own_free char *found = strcmp(name, "modprobe") == 0
				       ? kmodule_modprobe(&ROOT_REAL, &why)
				       : trusted_program(&ROOT_REAL, name, &why);

	if (found && strcmp(found, path) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s is not the program of this name that a keeper runs: %s",
		  path, found ? found : error_message(why, 0));
	return false;
}

static bool may_run(const char *const argv[], struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(LINE); i++)
		if (is_line(LINE[i], argv))
			return is_found(argv[0], err);
	error_add(err, ERROR_HOST, "%s, with these words, is nothing that a keeper runs", argv[0]);
	return false;
}

/* The words point into the packet; NULL behind the last. False as well for a deadline that no
 * keeper sets.
 */
static bool read_words(const struct packet *p, size_t len, const char *argv[WORDS_MOST + 1],
		       struct error **err)
{
	const char *at = p->line, *end = p->line + len, *nul;
	uint32_t n = 0;

	while (n < WORDS_MOST && at < end && (nul = memchr(at, '\0', (size_t)(end - at)))) {
		argv[n++] = at;
		at = nul + 1;
	}
	argv[n] = NULL;
	if (n && n == p->order.words && at == end && *argv[0] == '/' && p->order.deadline_ms > 0 &&
	    p->order.deadline_ms <= DEADLINE_MOST_MS)
		return true;
	error_add(err, ERROR_HOST, "the keeper asked for a program that makes no sense");
	return false;
}

static bool carry_out(const struct packet *p, ssize_t n, struct error **err)
{
	const char *argv[WORDS_MOST + 1] = {0};

	if (n < (ssize_t)sizeof(p->order)) {
		error_add(err, ERROR_HOST, "the keeper asked for nothing");
		return false;
	}
	if (!p->order.words)
		return rights_of_watcher(p->order.networks, err);
	return read_words(p, (size_t)n - sizeof(p->order), argv, err) && may_run(argv, err) &&
	       worker_exec(argv, p->order.deadline_ms, NULL, err);
}

/* Until the keeper has ended. */
static int run_programs(void *context)
{
	static struct packet p;
	ssize_t n;

	(void)context;
	prctl(PR_SET_NAME, "vmlaunch-tools", 0, 0, 0);
	/* What base/child.h has talked by. */
	close(TALK + 1);
	while ((n = recv(TALK, &p, sizeof(p), 0)) > 0 || (n < 0 && errno == EINTR)) {
		own_error struct error *err = NULL;
		char said[SAID_MOST] = "";

		if (n < 0)
			continue;
		if (!carry_out(&p, n, &err))
			snprintf(said, sizeof(said), "%s", error_message(err, 0));
		if (send(TALK, said, strlen(said) + 1, MSG_NOSIGNAL) < 0)
			break;
	}
	return 0;
}

/* ------------------------------------------------------------------ in the keeper */

/* Forgets it: an answer that comes too late must not be taken for the next one. */
static bool lose(struct error **err, const char *why)
{
	close_fd(&to_runner);
	error_add(err, ERROR_HOST, "what runs programs for the keeper %s", why);
	return false;
}

static bool ask(const struct packet *p, size_t len, int deadline_ms, struct error **err)
{
	struct pollfd answer = {.fd = to_runner, .events = POLLIN};
	char said[SAID_MOST];
	ssize_t n;

	if (to_runner < 0 || send(to_runner, p, sizeof(p->order) + len, MSG_NOSIGNAL) < 0)
		return lose(err, "has ended");
	/* It has more patience with a program on a busy computer than the deadline says. */
	do
		n = poll(&answer, 1, patience_most(deadline_ms + WORKER_GRACE_MS) + SLACK_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return lose(err, "does not answer");
	n = recv(to_runner, said, sizeof(said) - 1, MSG_DONTWAIT);
	if (n <= 0)
		return lose(err, "has ended");
	said[n] = '\0';
	if (*said)
		error_add(err, ERROR_HOST, "%s", said);
	return !*said;
}

static bool ask_to_run(const char *const argv[], int deadline_ms, struct error **err)
{
	struct packet p = {.order = {.deadline_ms = deadline_ms}};
	size_t len = 0;

	for (; argv[p.order.words]; p.order.words++) {
		size_t size = strlen(argv[p.order.words]) + 1;

		if (p.order.words == WORDS_MOST || size > sizeof(p.line) - len) {
			error_add(err, ERROR_HOST, "%s: too many words", argv[0]);
			return false;
		}
		memcpy(p.line + len, argv[p.order.words], size);
		len += size;
	}
	return ask(&p, len, deadline_ms, err);
}

/* As deaf as the keeper is. */
static int make_runner(int its)
{
	const struct child_fd fd[] = {{its, TALK}};
	own_child struct child child = CHILD_NONE;
	int errnum = child_make(&child, &(struct child_way){.function = run_programs,
							    .fd = fd,
							    .fds = ARRAY_SIZE(fd),
							    .signals = CHILD_SIGNALS_CALLERS,
							    .dies_by = SIGKILL});

	if (!errnum)
		errnum = child_let_go(&child);
	if (!errnum)
		runner = (struct worker){.pid = child.pid, .pidfd = steal_fd(&child.pidfd)};
	return errnum;
}

bool runner_start(struct error **err)
{
	own_fd int ours = -1, its = -1;
	int pair[2], errnum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return false;
	}
	ours = pair[0];
	its = pair[1];
	errnum = make_runner(its);
	if (errnum) {
		error_errno(err, ERROR_HOST, errnum, "cannot make what runs programs");
		return false;
	}
	to_runner = steal_fd(&ours);
	worker_exec_by(ask_to_run);
	return true;
}

bool runner_of_watcher(bool networks, struct error **err)
{
	struct packet p = {.order = {.networks = networks}};

	return ask(&p, 0, 0, err);
}

void runner_stop(void)
{
	struct pollfd end = {.fd = runner.pidfd, .events = POLLIN};

	close_fd(&to_runner);
	worker_exec_by(NULL);
	/* One that the kernel holds dies when we do. */
	if (end.fd >= 0)
		poll(&end, 1, SLACK_MS);
	if (!worker_ended(&runner))
		worker_abandon(&runner);
}
