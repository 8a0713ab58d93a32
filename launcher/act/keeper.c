/* The life of a keeper: it takes its place (detached from the terminal, deaf to the signals that
 * end others), answers requests by a closed table, waits until QEMU is gone and its client has hung
 * up, and restores. It is one thread and one loop; whatever can block in the kernel is done by
 * workers, so the loop is there to see the end of the client and of QEMU.
 *
 * Who may ask: the socket's maker, as the kernel tells it (SO_PEERCRED), is the user. A request
 * that is malformed or out of its phase ends the session: what was changed is given back.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/alloc.h"
#include "base/layout.h"
#include "base/text.h"
#include "rights.h"
#include "state.h"

#define LOCK_PATH JOURNAL_DIR "/lock"
#define LOCK_SECONDS 60

#define CLIENT 3 /* the descriptor that leads to the client */

/* ------------------------------------------------------------------ reports */

void keeper_report(struct keeper *k, enum report_kind kind, uint64_t value, const char *fmt, ...)
{
	struct report report = {
		.version = KEEPER_VERSION,
		.kind = kind,
		.id = k->id,
		.value = value,
	};
	own_free char *text = NULL;
	va_list args;

	if (k->fd < 0)
		return;
	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	snprintf(report.text, sizeof(report.text), "%s", text);
	/* A client that does not read is no reason to wait. What it loses is words; but an answer
	 * that it waits for must not be missing, so then it gets the end instead.
	 */
	if (send(k->fd, &report, sizeof(report), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    (kind == REPORT_DONE || kind == REPORT_REFUSED))
		shutdown(k->fd, SHUT_RDWR);
}

void keeper_keep_stuck(struct keeper *k, struct worker *worker, const struct pci_address *address)
{
	struct stuck *stuck = &k->stuck[k->stuck_n];

	if (worker->pidfd < 0)
		return;
	if (k->stuck_n == KEEPER_STUCK) {
		close_fd(&worker->pidfd);
		return;
	}
	*stuck = (struct stuck){.worker = *worker, .has_address = address};
	if (address)
		stuck->address = *address;
	k->stuck_n++;
	*worker = WORKER_NONE;
}

bool keeper_is_stuck(const struct keeper *k, const struct pci_address *address)
{
	for (size_t i = 0; i < k->stuck_n; i++)
		if (k->stuck[i].has_address &&
		    pci_address_compare(&k->stuck[i].address, address) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------ one keeper at a time */

/* The lock's file and its directory go with the last keeper that has nothing in it: a lock on a
 * file that is gone is none.
 */
static bool is_there(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

static bool take_lock(struct keeper *k, struct error **err)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	for (int i = 0; i < LOCK_SECONDS * 20; i++) {
		if (!journal_dir(err))
			return false;
		k->lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		/* Its directory may have gone in this moment; anything else does not pass. */
		if (k->lock < 0 && errno != ENOENT) {
			error_errno(err, ERROR_HOST, errno, "cannot make %s", LOCK_PATH);
			return false;
		}
		if (k->lock >= 0 && flock(k->lock, LOCK_EX | LOCK_NB) == 0 &&
		    is_there(k->lock, LOCK_PATH))
			return true;
		close_fd(&k->lock);
		nanosleep(&pause, NULL);
	}
	error_add(err, ERROR_HOST, "another keeper holds %s", LOCK_PATH);
	return false;
}

/* Leaves no trace where nothing is left to do. Other keepers' journals make rmdir fail, and a
 * keeper that is waiting makes a new lock.
 */
static void tidy_up(struct keeper *k)
{
	size_t n;
	char **name = root_list(&k->root, &n, "%s", JOURNAL_DIR);

	if (k->lock >= 0 && n == 1 && strcmp(name[0], "lock") == 0) {
		unlink(LOCK_PATH);
		rmdir(JOURNAL_DIR);
	}
	names_free(name, n);
	close_fd(&k->lock);
}

/* ------------------------------------------------------------------ verbs */

static bool do_hello(struct keeper *k, const struct request *request, struct error **err)
{
	(void)request;
	(void)err;
	recover_dead(k);
	k->phase = PHASE_PREPARING;
	keeper_report(k, REPORT_DONE, (uint64_t)getpid(), "keeper %d", (int)getpid());
	return true;
}

/* What serves each kind of intent but STEP_HUGEPAGES, whose answer has a number. */
static bool (*const SERVE[STEP_KINDS])(struct keeper *k, const struct intent *intent,
				       struct error **err) = {
	[STEP_MEMLOCK] = raise_memlock,	  [STEP_CLAIM] = claim_functions,
	[STEP_GRANT] = grant_node,	  [STEP_ISOLATE] = isolate_cpus,
	[STEP_IRQS] = move_irqs,	  [STEP_FREQUENCY] = set_frequency,
	[STEP_REALTIME] = allow_realtime, [STEP_MDEV] = create_mdev,
};

static bool do_intent(struct keeper *k, const struct request *request, struct error **err)
{
	const struct intent *intent = &request->intent;
	uint64_t value = 0;
	bool good;

	if (intent->kind == STEP_HUGEPAGES)
		good = add_hugepages(k, intent, &value, err);
	else
		good = SERVE[intent->kind](k, intent, err);
	if (good)
		keeper_report(k, REPORT_DONE, value, "done");
	return good;
}

/* The process is the client's child and not waited for yet, so its number stays its own. No
 * descriptor is taken from a client: closing one that it made could already be waited for without
 * end.
 */
static bool do_watch(struct keeper *k, const struct request *request, struct error **err)
{
	pid_t pid = request->pid;
	own_fd int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct process qemu = process_of(pid);

	if (pidfd < 0 || !process_alive(qemu)) {
		error_add(err, ERROR_HOST, "there is no process %d to watch", (int)pid);
		return false;
	}
	if (process_uid(pid) != k->uid) {
		error_add(err, ERROR_HOST, "process %d is not uid %u's", (int)pid, k->uid);
		return false;
	}
	/* Written down first: from then on a recovery waits for it, wherever we die. */
	if (!journal_watch(k->journal, qemu, err) || !isolate_process(k, pid, err))
		return false;
	k->qemu = steal_fd(&pidfd);
	k->phase = PHASE_WATCHING;
	keeper_report(k, REPORT_DONE, 0, "watching");
	return true;
}

static bool qemu_lives(const struct keeper *k)
{
	struct pollfd p = {.fd = k->qemu, .events = POLLIN};

	return k->qemu >= 0 && poll(&p, 1, 0) == 0;
}

static bool do_isolate(struct keeper *k, const struct request *request, struct error **err)
{
	bool returns = request->verb == VERB_RETURN;

	if (!qemu_lives(k)) {
		error_add(err, ERROR_HOST, "QEMU is gone");
		return false;
	}
	if (!(returns ? return_thread : isolate_thread)(k, request->pid, err))
		return false;
	keeper_report(k, REPORT_DONE, 0, returns ? "returned" : "isolated");
	return true;
}

static bool do_release(struct keeper *k, const struct request *request, struct error **err)
{
	(void)request;
	if (qemu_lives(k)) {
		error_add(err, ERROR_HOST, "QEMU still lives");
		return false;
	}
	close_fd(&k->qemu);
	/* Whoever has the answer may look: then not even the lock's file is there. */
	if (restore_from(k, 0)) {
		tidy_up(k);
		k->phase = PHASE_OVER;
	}
	keeper_report(k, REPORT_DONE, k->journal->n, "released");
	return true;
}

#define IN(phase) (1U << (phase))

/* All that can be asked, and when. */
static const struct verb_row {
	unsigned phases;
	bool (*serve)(struct keeper *k, const struct request *request, struct error **err);
} VERB[VERBS] = {
	/* Safe: changes only what a dead keeper's journal says. */
	[VERB_HELLO] = {IN(PHASE_NEW), do_hello},
	/* Safe: each intent is checked against the host by the function that serves it. */
	[VERB_INTENT] = {IN(PHASE_PREPARING), do_intent},
	/* Safe: makes the keeper wait for a process of the user's own, and nothing else. */
	[VERB_WATCH] = {IN(PHASE_PREPARING), do_watch},
	/* Safe: moves a thread of that process into the partition that was made for it. */
	[VERB_ISOLATE] = {IN(PHASE_WATCHING), do_isolate},
	/* Safe: moves a thread of that process out of it again. */
	[VERB_RETURN] = {IN(PHASE_WATCHING), do_isolate},
	/* Safe: refused while QEMU lives; gives back what was taken. */
	[VERB_RELEASE] = {IN(PHASE_PREPARING) | IN(PHASE_WATCHING), do_release},
};

/* False ends the session: nobody who is well sends that. */
static bool serve(struct keeper *k, const struct request *request)
{
	own_error struct error *err = NULL;
	const struct verb_row *row;

	k->id = request->id;
	if (request->version != KEEPER_VERSION || request->verb >= VERBS) {
		keeper_report(k, REPORT_REFUSED, 0, "this keeper does not know version %u, verb %u",
			      request->version, request->verb);
		return false;
	}
	row = &VERB[request->verb];
	if (!(row->phases & IN(k->phase)) ||
	    (request->verb == VERB_INTENT && request->intent.kind >= STEP_KINDS)) {
		keeper_report(k, REPORT_REFUSED, 0, "verb %u is out of its place", request->verb);
		return false;
	}
	if (!take_lock(k, &err) || !row->serve(k, request, &err))
		keeper_report(k, REPORT_REFUSED, 0, "%s", err ? error_message(err, 0) : "refused");
	close_fd(&k->lock);
	return true;
}

/* ------------------------------------------------------------------ the loop */

/* Descriptors that come with it have no place to go to, and the kernel drops them. */
bool keeper_receive(struct keeper *k)
{
	struct request request = {0};
	ssize_t n = recv(k->fd, &request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	if (n != sizeof(request)) {
		keeper_report(k, REPORT_REFUSED, 0, "malformed packet");
		return false;
	}
	return serve(k, &request);
}

/* Until the client has hung up and QEMU is gone. */
static void loop(struct keeper *k)
{
	int pause = -1;

	while (k->fd >= 0 || k->qemu >= 0) {
		struct pollfd p[] = {{.fd = k->fd, .events = POLLIN},
				     {.fd = k->qemu, .events = POLLIN}};
		int n;

		/* While the client is there, it is the one who says when to release. */
		if (k->fd >= 0)
			p[1].fd = -1;
		n = poll(p, ARRAY_SIZE(p), pause);
		if (n < 0)
			continue;
		if (p[0].revents && !keeper_receive(k))
			close_fd(&k->fd);
		if (p[1].revents)
			close_fd(&k->qemu);
		if (n == 0 || k->vectors.looks == 0)
			pause = steer_vectors(k);
	}
}

/* Gives back what is left. Somebody else's keeper may hold the lock for minutes, while the kernel
 * looks for huge pages; for ever it cannot, and then giving back without it is the lesser evil.
 */
static void restore_all(struct keeper *k)
{
	for (int i = 0; i < 10 && !take_lock(k, NULL); i++)
		;
	restore_from(k, 0);
	recover_dead(k);
	tidy_up(k);
}

/* What the kernel held of ours has let go: then the rest can be given back as well. */
static void outlive_stuck(struct keeper *k)
{
	while (k->stuck_n) {
		struct pollfd p[KEEPER_STUCK];

		for (size_t i = 0; i < k->stuck_n; i++)
			p[i] = (struct pollfd){.fd = k->stuck[i].worker.pidfd, .events = POLLIN};
		if (poll(p, k->stuck_n, -1) < 0)
			continue;
		for (size_t i = k->stuck_n; i-- > 0;) {
			if (!p[i].revents || !worker_ended(&k->stuck[i].worker))
				continue;
			k->stuck[i] = k->stuck[--k->stuck_n];
		}
		restore_all(k);
	}
}

static void be_deaf(void)
{
	static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN,
				   SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM, SIGIO,	SIGXFSZ, SIGXCPU};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(deaf); i++)
		signal(deaf[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int serve_client(int fd, uid_t uid, pid_t client)
{
	struct keeper k = {
		.fd = fd,
		.lock = -1,
		.root = ROOT_REAL,
		.uid = uid,
		.client = client,
		.qemu = -1,
	};
	own_error struct error *err = NULL;
	bool left;

	umask(077);
	if (chdir("/") < 0 || !rights_of_keeper(&err)) {
		keeper_report(&k, REPORT_REFUSED, 0, "%s",
			      err ? error_message(err, 0) : "chdir failed");
		return ERROR_HOST;
	}
	k.journal = journal_new(uid);
	loop(&k);
	if (k.phase != PHASE_NEW && k.phase != PHASE_OVER)
		restore_all(&k);
	outlive_stuck(&k);
	left = k.journal->n;
	journal_free(k.journal);
	return left ? ERROR_LEFT : 0;
}

/* The user's process that made the socket: the kernel says so, no variable can forge it. */
static bool peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int type;
	socklen_t type_len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_SEQPACKET ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	*uid = cred.uid;
	*pid = cred.pid;
	return true;
}

/* Whom sudo or pkexec say that they act for must be whom the kernel says. */
static bool carrier_agrees(uid_t uid)
{
	static const char *const variable[] = {"SUDO_UID", "PKEXEC_UID"};
	uint64_t said;

	for (size_t i = 0; i < ARRAY_SIZE(variable); i++) {
		const char *text = getenv(variable[i]);

		if (text && (!text_u64(text, 10, &said) || said != uid))
			return false;
	}
	return true;
}

/* Leaves open only the client's socket, as CLIENT, and /dev/null as 0 to 2. */
static bool keep_only(int socket)
{
	int null;

	if (socket != CLIENT && dup3(socket, CLIENT, O_CLOEXEC) < 0)
		return false;
	if (syscall(SYS_close_range, 0, CLIENT - 1, 0) < 0 ||
	    syscall(SYS_close_range, CLIENT + 1, ~0U, 0) < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	return null == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2;
}

int keeper_main(void)
{
	uid_t uid;
	pid_t client;

	if (geteuid() != 0 || !peer(0, &uid, &client) || !carrier_agrees(uid)) {
		fprintf(stderr, "vmlaunch --keeper is started by vmlaunch itself, as root\n");
		return ERROR_USAGE;
	}
	/* A process of its own, in a session of its own: sudo's ends here, the terminal may close.
	 * Deaf before that: sudo's end hangs up the terminal that it made.
	 */
	be_deaf();
	switch (fork()) {
	case -1:
		return ERROR_HOST;
	case 0:
		break;
	default:
		_exit(0);
	}
	setsid();
	clearenv();
	setenv("PATH", LAYOUT_PATH, 1);
	return keep_only(0) ? serve_client(CLIENT, uid, client) : ERROR_HOST;
}

/* In a fork of the client's: becomes the keeper, as nobody's child. The client would have to wait
 * for it at the right moment, and until then a keeper that has nothing to do would be listed as
 * defunct. Never returns.
 */
__attribute__((noreturn)) static void serve_apart(int socket, uid_t uid, pid_t client)
{
	be_deaf();
	switch (fork()) {
	case -1:
		_exit(ERROR_HOST);
	case 0:
		break;
	default:
		_exit(0);
	}
	setsid();
	/* Not a destructor or buffer of the client's runs in here. */
	_exit(keep_only(socket) ? serve_client(CLIENT, uid, client) : ERROR_HOST);
}

int keeper_fork(uid_t uid, struct error **err)
{
	pid_t client = getpid(), pid;
	int pair[2], status = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return -1;
	}
	pid = fork();
	if (pid == 0)
		serve_apart(pair[1], uid, client);
	close(pair[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || status != 0) {
		error_errno(err, ERROR_HOST, pid < 0 ? errno : EAGAIN, "cannot fork");
		close(pair[0]);
		return -1;
	}
	return pair[0];
}
