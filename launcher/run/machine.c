#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "base/tongue.h"
#include "disk_file.h"
#include "explain.h"
#include "firmware/vars.h"
#include "interrupt.h"
#include "log.h"
#include "overlay.h"
#include "tpm.h"
#include "version.h"

/* #syscalls(supervisor) unlink */

#define LAST_WORDS 5 /* lines of QEMU's log in an error */

void machine_hold_signals(void)
{
	sigset_t held;

	supervise_signals(&held);
	sigprocmask(SIG_BLOCK, &held, NULL);
	/* A closed terminal shows as an error of write, a background one as an error of read. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
}

/* The file, with its lock and its size; -1 when another one is faster. */
static int make_file(const struct prepare *p, struct error **err)
{
	own_fd int fd = open(p->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make the shared memory %s", p->path);
		return -1;
	}
	if (ftruncate(fd, (off_t)p->size) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot give %s its size", p->path);
		unlink(p->path);
		return -1;
	}
	return steal_fd(&fd);
}

static char *user_name(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? text_quote(user->pw_name, 64) : xasprintf("user %u", (unsigned)uid);
}

/* Memory that guest and host share, as a file in a directory that may be everybody's: what is there
 * must be ours, and nobody else's machine at the time, and is then replaced. The descriptor's lock
 * says so; it is held until the end.
 */
static bool make_shared(const struct prepare *p, int *held, struct error **err)
{
	own_fd int fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st, there;

	if (fd < 0 && errno == EACCES && lstat(p->path, &st) == 0) {
		own_free char *owner = user_name(st.st_uid);
		own_free char *words = plan_glass_foreign(p->path, owner);

		error_add(err, ERROR_HOST, "%s", words);
		return false;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make the shared memory %s", p->path);
		return false;
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1) {
		error_add(err, ERROR_HOST,
			  "%s is not a file of yours: remove it, or name another one", p->path);
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_add(err, ERROR_HOST, "%s is in use by another machine", p->path);
		return false;
	}
	/* Another machine's end may have removed it before our lock was there. */
	if (lstat(p->path, &there) < 0 || there.st_ino != st.st_ino || there.st_dev != st.st_dev) {
		error_add(err, ERROR_HOST,
			  "%s has just been removed by another machine: start again", p->path);
		return false;
	}
	/* What an earlier guest left in it is nobody's business; and a guest whose supervisor died
	 * has no lock any more, but still has it mapped: so it is never used again.
	 */
	if (unlink(p->path) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot replace %s", p->path);
		return false;
	}
	close_fd(held);
	*held = make_file(p, err);
	return *held >= 0;
}

/* The module's memory, which by now is open to this user: large enough, and nobody else's machine
 * has it. The descriptor's lock says so to our kind.
 */
static bool hold_device(const struct prepare *p, int *held, struct error **err)
{
	own_fd int fd = open(p->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	uint64_t size;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot open the shared memory %s", p->path);
		return false;
	}
	size = S_ISCHR(st.st_mode) ? kvmfr_size(fd) : 0;
	if (!S_ISCHR(st.st_mode)) {
		error_add(err, ERROR_HOST, "%s is no device: load the module kvmfr anew", p->path);
		return false;
	}
	if (size && size < p->size) {
		error_add(
			err, ERROR_HOST,
			"%s has %lu MiB, %lu are needed: load kvmfr with static_size_mb=%lu, or set looking-glass.backend = shm",
			p->path, size >> 20, p->size >> 20, p->size >> 20);
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_add(err, ERROR_HOST, "%s is in use by another machine", p->path);
		return false;
	}
	close_fd(held);
	*held = steal_fd(&fd);
	return true;
}

/* What is held until QEMU has it, or until the end. */
struct prepared {
	int shared; /* -1: none */
	struct overlays overlays;
	int *claim; /* block devices */
	size_t claims;
};

static bool hold_block(const struct prepare *p, struct prepared *prepared, struct error **err)
{
	int fd = disk_claim(p, err);

	if (fd < 0)
		return false;
	if (p->held)
		*xappend(prepared->claim, prepared->claims) = fd;
	else
		close(fd);
	return true;
}

static bool prepare_one(const struct prepare *p, struct prepared *prepared, struct error **err)
{
	switch (p->kind) {
	case PREPARE_VARS:
	case PREPARE_VARS_SCRATCH:
		return vars_prepare(p->path, p->source, err);
	case PREPARE_VARS_RESET:
		return vars_reset(p->path, p->source, err);
	case PREPARE_VARS_COPY:
		return vars_copy(p->path, p->store, p->source, err);
	case PREPARE_SHARED:
		return make_shared(p, &prepared->shared, err);
	case PREPARE_DEVICE:
		return hold_device(p, &prepared->shared, err);
	case PREPARE_BYTES:
		return file_write(p->path, p->bytes, p->size, 0600, VOLATILE, err);
	case PREPARE_RECORD:
		return version_record(p->path, p->source, err);
	case PREPARE_OVERLAY:
		return overlay_make(&prepared->overlays, p, err);
	case PREPARE_DISK:
		return disk_make(p, err);
	case PREPARE_CLAIM:
		return hold_block(p, prepared, err);
	case PREPARE_TPM:
		return tpm_prepare(p, err);
	case PREPARE_TPM_SCRATCH:
		return tpm_copy(p, err);
	}
	return false;
}

/* Devices come when the keeper has given the rights, all else comes before. */
static bool prepare(const struct plan *plan, bool devices, struct prepared *prepared,
		    struct error **err)
{
	for (size_t i = 0; i < plan->prepares; i++) {
		const struct prepare *p = &plan->prepare[i];

		if ((p->kind == PREPARE_DEVICE || p->granted) == devices &&
		    !prepare_one(p, prepared, err))
			return false;
	}
	return true;
}

static void put_away(const struct plan *plan, struct prepared *prepared)
{
	for (size_t i = 0; prepared->shared >= 0 && i < plan->prepares; i++)
		if (plan->prepare[i].kind == PREPARE_SHARED)
			unlink(plan->prepare[i].path);
	close_fd(&prepared->shared);
	overlays_close(&prepared->overlays);
	for (size_t i = 0; i < prepared->claims; i++)
		close_fd(&prepared->claim[i]);
	free(prepared->claim);
}

/* What stands behind the sentence: what QEMU's words mean and the line with them, and its last
 * words unless those are pages of registers, as at an abort.
 */
static char *end_words(const struct plan *plan, const struct ending *ending,
		       const struct explained *why)
{
	bool aborts = WIFSIGNALED(ending->status) && WTERMSIG(ending->status) == SIGABRT;
	own_free char *words =
		aborts && why->line ? NULL : log_last_words(plan->log, LAST_WORDS, "\n    ");
	bool has_line = why->line && words && strstr(words, why->line);
	struct buf out = {0};

	buf_adds(&out, "");
	if (why->cause)
		buf_addf(&out, ": %s: %s", why->cause, why->remedy);
	if (why->line && !has_line)
		buf_addf(&out, "\n    %s", why->line);
	if (words && *words && !why->line)
		buf_adds(&out, "; its last words:");
	if (words)
		buf_adds(&out, words);
	return buf_steal(&out);
}

void machine_tell_end(const struct plan *plan, const struct ending *ending, struct error **err)
{
	own_free char *made = NULL, *words = NULL, *line = NULL;
	own_explained struct explained why = {0};
	const char *sentence = ending_sentence(ending, &made);

	if (ending_is_good(ending)) {
		log_add(plan->log, sentence);
		say(SAY_NOTE, "%s: %s", plan->name, sentence);
		return;
	}
	/* QEMU's own words would only be about what it lacked. */
	if (*ending->lacks) {
		log_add(plan->log, sentence);
		error_add(err, ERROR_FAILED, "%s: %s", plan->name, sentence);
		return;
	}
	explain_log(plan->log, ending->running, &why);
	line = why.cause ? xasprintf("%s: %s: %s", sentence, why.cause, why.remedy)
			 : xstrdup(sentence);
	words = end_words(plan, ending, &why);
	log_add(plan->log, line);
	error_add(err, ERROR_FAILED, "%s: %s%s\n    (log: %s)", plan->name, sentence, words,
		  plan->log);
}

/* Whether somebody wants us to end: between the steps that is still cheap. */
static bool interrupted(struct error **err)
{
	if (!interrupt_is_pending())
		return false;
	error_add(err, ERROR_FAILED, "interrupted before the start");
	return true;
}

/* Asks for huge pages; where they are too few, *plan becomes another one (the first is gone then),
 * or that is the end.
 */
static bool ask_pages(const struct plan **plan, const struct plan_step *step, struct link *link,
		      const struct machine_options *options, struct error **err)
{
	struct error *refused = NULL;
	bool can_do_without = step->optional && options->without_pages;
	uint64_t got = 0;

	if (!link_intent(link, &step->intent, &got, &refused)) {
		if (!can_do_without) {
			error_merge(err, &refused);
			return false;
		}
		say(SAY_NOTE, "host: %s", error_message(refused, 0));
		error_free(refused);
	} else if (got >= step->intent.hugepages.pages) {
		return true;
	}
	if (!can_do_without) {
		error_add(err, ERROR_HOST, "asked for %lu huge pages, got %lu",
			  step->intent.hugepages.pages, got);
		return false;
	}
	*plan = options->without_pages(options->context, got, err);
	return *plan;
}

/* Asks the keeper for each step, the pages first: they are the one thing that can change the plan.
 */
static bool ask_keeper(const struct plan **plan, struct link *link,
		       const struct machine_options *options, struct error **err)
{
	for (size_t i = 0; i < (*plan)->steps; i++) {
		const struct plan_step *step = &(*plan)->step[i];

		if (step->intent.kind == STEP_HUGEPAGES &&
		    !ask_pages(plan, step, link, options, err))
			return false;
	}
	for (size_t i = 0; i < (*plan)->steps; i++) {
		const struct intent *intent = &(*plan)->step[i].intent;

		if (intent->kind != STEP_HUGEPAGES &&
		    (interrupted(err) || !link_intent(link, intent, NULL, err)))
			return false;
	}
	return !interrupted(err);
}

bool machine_open_link(struct link *link, int keeper, struct error **err)
{
	own_error struct error *left = NULL;

	if (!link_open(link, keeper, N_("to hand over the devices"), &left, err))
		return false;
	for (size_t i = 0; i < error_count(left); i++)
		say(SAY_WARNING, "%s", error_message(left, i));
	return true;
}

/* A keeper where the plan has steps for one. What it has given back is the host's, and not the
 * plan's, who saw it taken.
 */
static bool open_link(const struct plan **plan, struct link *link,
		      const struct machine_options *options, int keeper, struct error **err)
{
	own_fd int unused = keeper;

	if (!(*plan)->steps || link->fd >= 0)
		return true;
	if (!machine_open_link(link, steal_fd(&unused), err))
		return false;
	if (link->recovered && options->anew)
		*plan = options->anew(options->context, err);
	return *plan;
}

static bool run_locked(const struct plan **plan, const struct lock *lock, struct link *link,
		       struct machine_options *options, struct ending *ending, struct error **err)
{
	struct launched launched = LAUNCHED_NONE;
	struct prepared prepared = {.shared = -1};
	struct beside beside = {&prepared.overlays, options->supervise.companions,
				options->supervise.inhibit};
	bool good = prepare(*plan, false, &prepared, err);

	/* Asked for long ago: the answer has come by now. */
	if (good)
		inhibit_wait(options->supervise.inhibit);
	good = good && ask_keeper(plan, link, options, err) &&
	       prepare(*plan, true, &prepared, err) &&
	       launch(*plan, lock, link, &beside, &launched, err) &&
	       supervise(*plan, &launched, &options->supervise, ending, err);

	put_away(*plan, &prepared);
	return good;
}

bool machine_run(const struct plan *plan, struct machine_options *options, struct ending *ending,
		 struct error **err)
{
	struct lock lock = LOCK_NONE;
	struct link link = options->link;
	own_fd int keeper = steal_fd(&options->keeper);
	struct companions companions = COMPANIONS_NONE;
	struct inhibit inhibit;
	bool good, given_back;

	if (!dir_make(plan->state_dir, 0700, err) || !lock_take(&lock, plan->runtime_dir, err)) {
		link_close(&link, err);
		return false;
	}
	/* Before the first device is taken, until the last one is given back. */
	inhibit_open(&inhibit, plan->name, plan->sleep);
	options->supervise.inhibit = &inhibit;
	options->supervise.companions = &companions;
	options->supervise.link = &link;
	/* Its own, as the plan may become another one. */
	options->supervise.dir = lock.dir;
	good = open_link(&plan, &link, options, steal_fd(&keeper), err) &&
	       run_locked(&plan, &lock, &link, options, ending, err);
	given_back = link_close(&link, err);
	inhibit_close(&inhibit);
	/* They were told when QEMU ended: what the host needs back does not wait for a window. */
	companions_finish(&companions);
	lock_release(&lock);
	if (!good)
		return false;
	machine_tell_end(plan, ending, err);
	return ending_is_good(ending) && given_back;
}
