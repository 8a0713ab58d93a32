/* The life of a keeper that has taken its place (place.c): it answers requests by a closed table,
 * waits until QEMU is gone, and restores. It is one thread and one loop; whatever can block in the
 * kernel is done by workers, so the loop is there to see the end of the client and of QEMU.
 *
 * When it restores: at its client's word once QEMU is gone; some seconds after QEMU's end without
 * that word, as a client that was stopped (Ctrl-Z) or hangs must not keep the host's devices; and
 * when the client has hung up and QEMU is gone.
 *
 * A request that is malformed or out of its phase ends the session: what was changed is given back.
 */
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

#include "base/alloc.h"
#include "base/clock.h"
#include "base/layout.h"
#include "base/text.h"
#include "isolation/filter.h"
#include "rights.h"
#include "runner.h"
#include "state.h"

/* #syscalls(keeper) sendto recvfrom recvmsg shutdown pidfd_open */

/* So long after QEMU's end its client may take to ask for the release, whose answer it then reads
 * as it comes.
 */
#define RELEASE_MS 3000

/* ------------------------------------------------------------------ reports */

void keeper_report(struct keeper *k, enum report_kind kind, uint64_t value, const char *fmt, ...)
{
	struct report report = {
		.version = KEEPER_VERSION,
		.kind = kind,
		.id = k->id,
		.more = (uint32_t)k->recovered,
		.value = value,
		.us = (uint64_t)(now_us() - k->came_us),
		.spent_us = (uint64_t)(worker_spent_us() - k->spent_us),
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

#define SERVE_OF(kind, word, serve) [kind] = serve,
static bool (*const SERVE[STEP_KINDS])(struct keeper *k, const struct intent *intent,
				       struct error **err) = {STEP_ROWS(SERVE_OF)};

/* Pages that are too few are of no use to the client, who is told how many there were. */
static bool is_in_vain(const struct keeper *k, const struct intent *intent)
{
	return intent->kind == STEP_HUGEPAGES && k->answer < intent->hugepages.pages;
}

/* The one place where what was done for an intent is rolled back. */
static bool do_intent(struct keeper *k, const struct request *request, struct error **err)
{
	const struct intent *intent = &request->intent;
	size_t mark = k->journal->n;
	bool good;

	k->answer = 0;
	good = SERVE[intent->kind](k, intent, err);
	if (!good || is_in_vain(k, intent))
		restore_from(k, mark);
	if (good)
		keeper_report(k, REPORT_DONE, k->answer, "done");
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
	bool networks;

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
	/* From here on there is nothing to be made, only given back. */
	networks = journal_find(k->journal, CHANGE_TAP);
	if (!rights_of_watcher(networks, err) || !runner_of_watcher(networks, err))
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
		keeper_tidy_up(k);
		k->phase = PHASE_OVER;
	}
	keeper_report(k, REPORT_DONE, k->journal->n, "released");
	return true;
}

static bool do_keepers(struct keeper *k, const struct request *request, struct error **err)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);

	(void)request;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		bool odd;
		own_free char *words = journal_standing(others[i], &odd);

		if (journal_is_kept(others[i]))
			keeper_report(k, odd ? REPORT_LEFT : REPORT_HELD, 0, "%s", words);
	}
	journals_free(others, n);
	keeper_report(k, REPORT_DONE, 0, "told");
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
	[VERB_INTENT] = {IN(PHASE_PREPARING) | IN(PHASE_WATCHING), do_intent},
	/* Safe: makes the keeper wait for a process of the user's own, and nothing else. */
	[VERB_WATCH] = {IN(PHASE_PREPARING), do_watch},
	/* Safe: moves a thread of that process into the partition that was made for it. */
	[VERB_ISOLATE] = {IN(PHASE_WATCHING), do_isolate},
	/* Safe: moves a thread of that process out of it again. */
	[VERB_RETURN] = {IN(PHASE_WATCHING), do_isolate},
	/* Safe: refused while QEMU lives; gives back what was taken. */
	[VERB_RELEASE] = {IN(PHASE_PREPARING) | IN(PHASE_WATCHING) | IN(PHASE_OVER), do_release},
	/* Safe: reads journals, whose numbers of processes and devices are no secret. */
	[VERB_KEEPERS] = {IN(PHASE_PREPARING), do_keepers},
};

/* While the machine runs only what a person plugs in comes. */
static bool may_be_asked(const struct keeper *k, const struct intent *intent)
{
	return intent->kind < STEP_KINDS &&
	       (k->phase == PHASE_PREPARING ||
		(intent->kind == STEP_GRANT && intent->grant.node == NODE_USB));
}

/* False ends the session: nobody who is well sends that. */
static bool serve(struct keeper *k, const struct request *request)
{
	own_error struct error *err = NULL;
	const struct verb_row *row;

	k->id = request->id;
	k->came_us = now_us();
	k->spent_us = worker_spent_us();
	if (request->version != KEEPER_VERSION || request->verb >= VERBS) {
		keeper_report(k, REPORT_REFUSED, 0, "this keeper does not know version %u, verb %u",
			      request->version, request->verb);
		return false;
	}
	row = &VERB[request->verb];
	if (!(row->phases & IN(k->phase)) ||
	    (request->verb == VERB_INTENT && !may_be_asked(k, &request->intent))) {
		keeper_report(k, REPORT_REFUSED, 0, "verb %u is out of its place", request->verb);
		return false;
	}
	if (!keeper_lock(k, &err) || !row->serve(k, request, &err))
		keeper_report(k, REPORT_REFUSED, 0, "%s", err ? error_message(err, 0) : "refused");
	close_fd(&k->lock);
	return true;
}

/* ------------------------------------------------------------------ the loop */

/* Whether the next packet brings descriptors. The kernel would drop them in our name when we take
 * the packet, and dropping the last reference to a file can take as long as whoever made it likes
 * (a socket that lingers). A look takes no reference away.
 */
static bool brings_descriptors(int fd)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = sizeof(byte)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT) >= 0 &&
	       (message.msg_flags & MSG_CTRUNC);
}

/* The client sees the end; what it has sent and we did not read goes with our process, in which
 * nothing waits for it any more.
 */
static void hang_up(struct keeper *k)
{
	shutdown(k->fd, SHUT_RDWR);
	k->left = steal_fd(&k->fd);
}

bool keeper_receive(struct keeper *k)
{
	struct request request = {0};
	ssize_t n;

	if (brings_descriptors(k->fd)) {
		keeper_report(k, REPORT_REFUSED, 0, "descriptors have no place here");
		return false;
	}
	n = recv(k->fd, &request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);
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

/* Gives back what is left. Somebody else's keeper may hold the lock for minutes, while the kernel
 * looks for huge pages; for ever it cannot, and then giving back without it is the lesser evil.
 */
static void restore_all(struct keeper *k)
{
	/* Nobody has asked: a client that comes later asks again. */
	k->id = 0;
	for (int i = 0; i < 10 && !keeper_lock(k, NULL); i++)
		;
	if (restore_from(k, 0))
		k->phase = PHASE_OVER;
	recover_dead(k);
	keeper_tidy_up(k);
}

/* Where the descriptors of workers that the kernel holds are looked at, behind others. Returns how
 * many.
 */
static size_t poll_stuck(const struct keeper *k, struct pollfd *p)
{
	for (size_t i = 0; i < k->stuck_n; i++)
		p[i] = (struct pollfd){.fd = k->stuck[i].worker.pidfd, .events = POLLIN};
	return k->stuck_n;
}

/* Whether one of them has come back. */
static bool hear_stuck(struct keeper *k, const struct pollfd *p)
{
	bool heard = false;

	for (size_t i = k->stuck_n; i-- > 0;) {
		if (!p[i].revents || !worker_ended(&k->stuck[i].worker))
			continue;
		k->stuck[i] = k->stuck[--k->stuck_n];
		heard = true;
	}
	return heard;
}

/* The shorter one of two times to wait, of which -1 is for ever. */
static int shorter_wait(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* So long the client may still take to ask for the release; -1 where nothing is waited for. */
static int patience(const struct keeper *k)
{
	int64_t left = k->gone + RELEASE_MS - now_ms();

	return k->qemu < 0 || !k->gone ? -1 : left > 0 ? (int)left : 0;
}

enum { AT_CLIENT, AT_QEMU, AT_STUCK };

/* One wait for whatever comes next, and what follows from it. */
static void wait_and_serve(struct keeper *k, int *steer)
{
	struct pollfd p[AT_STUCK + KEEPER_STUCK] = {
		[AT_CLIENT] = {.fd = k->fd, .events = POLLIN},
		/* Its end is seen once. */
		[AT_QEMU] = {.fd = k->gone ? -1 : k->qemu, .events = POLLIN},
	};
	/* One that the kernel held until nobody waits for us any more is heard afterwards. */
	size_t stuck = k->qemu < 0 ? poll_stuck(k, p + AT_STUCK) : 0;
	int n = poll(p, AT_STUCK + stuck, shorter_wait(*steer, patience(k)));

	if (n < 0)
		return;
	if (stuck && hear_stuck(k, p + AT_STUCK) && k->phase == PHASE_WATCHING)
		restore_all(k);
	if (p[AT_CLIENT].revents && !keeper_receive(k))
		hang_up(k);
	if (p[AT_QEMU].revents && k->qemu >= 0)
		k->gone = now_ms();
	/* Without a client there is no word to wait for. */
	if (k->gone && k->fd < 0)
		close_fd(&k->qemu);
	if (patience(k) == 0) {
		close_fd(&k->qemu);
		restore_all(k);
	}
	if (n == 0 || k->vectors.looks == 0)
		*steer = steer_vectors(k);
}

/* Until the client has hung up and QEMU is gone. */
static void serve_to_the_end(struct keeper *k)
{
	int steer = -1;

	while (k->fd >= 0 || k->qemu >= 0)
		wait_and_serve(k, &steer);
}

/* What the kernel held of ours has let go: then the rest can be given back as well. */
static void outlive_stuck(struct keeper *k)
{
	while (k->stuck_n) {
		struct pollfd p[KEEPER_STUCK];

		if (poll(p, poll_stuck(k, p), -1) >= 0 && hear_stuck(k, p))
			restore_all(k);
	}
}

/* In the handler of a call that the filter forbids. What it says is heard with whatever answer is
 * waited for next.
 */
static int client_fd;
static pid_t filtered;

static void tell_client(const char *line, size_t len)
{
	struct report report = {.version = KEEPER_VERSION, .kind = REPORT_REFUSED};

	/* A worker has other things at that number. */
	if (getpid() != filtered)
		return;
	memcpy(report.text, line, len < sizeof(report.text) ? len : sizeof(report.text) - 1);
	send(client_fd, &report, sizeof(report), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool enter_filter(int fd, struct error **err)
{
	client_fd = fd;
	filtered = getpid();
	filter_tell_by(tell_client);
	return rights_filtered(err);
}

int keeper_serve(int fd, uid_t uid, pid_t client)
{
	struct keeper k = {
		.fd = fd,
		.left = -1,
		.lock = -1,
		.root = ROOT_REAL,
		.uid = uid,
		.client = client,
		.qemu = -1,
	};
	own_error struct error *err = NULL;
	bool left;

	umask(077);
	if (chdir("/") < 0 || !rights_of_keeper(&err) || !runner_start(&err) ||
	    !enter_filter(fd, &err)) {
		keeper_report(&k, REPORT_REFUSED, 0, "%s",
			      err ? error_message(err, 0) : "chdir failed");
		return ERROR_HOST;
	}
	k.journal = journal_new(uid);
	k.journal->client = process_of(client);
	serve_to_the_end(&k);
	if (k.phase != PHASE_NEW && k.phase != PHASE_OVER)
		restore_all(&k);
	outlive_stuck(&k);
	runner_stop();
	left = k.journal->n;
	journal_free(k.journal);
	return left ? ERROR_LEFT : 0;
}
