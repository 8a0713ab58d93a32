#include "machine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "firmware/vars.h"

#define LAST_WORDS 5	    /* lines of QEMU's log in an error */
#define LOG_TAIL (1U << 16) /* bytes of it that are looked at */

void machine_hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, NULL);
	/* A closed terminal shows as an error of write, a background one as an error of read. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
}

static bool prepare_one(const struct prepare *p, struct error **err)
{
	own_free char *text = NULL;

	switch (p->kind) {
	case PREPARE_VARS:
	case PREPARE_VARS_SCRATCH:
		return vars_prepare(p->path, p->source, err);
	case PREPARE_VARS_RESET:
		return vars_reset(p->path, p->source, err);
	case PREPARE_RECORD:
		text = xasprintf("%s\n", p->source);
		return file_write(p->path, text, strlen(text), 0600, DURABLE, err);
	}
	return false;
}

static bool prepare(const struct plan *plan, struct error **err)
{
	for (size_t i = 0; i < plan->prepares; i++)
		if (!prepare_one(&plan->prepare[i], err))
			return false;
	return true;
}

/* The last lines of the log, each on a line of its own behind ours. */
static char *last_words(const char *path)
{
	own_fd int fd = open_tail(path, LOG_TAIL);
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, LOG_TAIL, NULL);
	struct buf out = {0};
	char *line = text;
	size_t lines = 0;

	for (char *c = text; c && *c; c++)
		lines += *c == '\n';
	for (; line && *line; lines--) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		if (lines <= LAST_WORDS && *line) {
			own_free char *shown = text_quote(line, 400);

			buf_addf(&out, "\n    %s", shown);
		}
		if (!end)
			break;
		line = end + 1;
	}
	return buf_steal(&out);
}

static void tell_end(const struct plan *plan, const struct ending *ending, struct error **err)
{
	own_free char *made = NULL, *words = NULL;
	const char *sentence = ending_sentence(ending, &made);

	if (ending_is_good(ending)) {
		say(SAY_NOTE, "%s: %s", plan->name, sentence);
		return;
	}
	words = last_words(plan->log);
	error_add(err, ERROR_FAILED, "%s: %s%s%s\n    (log: %s)", plan->name, sentence,
		  *words ? "; its last words:" : "", words, plan->log);
}

bool machine_run(const struct plan *plan, const struct supervise_options *options,
		 struct ending *ending, struct error **err)
{
	struct lock lock = LOCK_NONE;
	struct launched launched = LAUNCHED_NONE;
	bool good;

	if (!dir_make(plan->state_dir, 0700, err) || !lock_take(&lock, plan->runtime_dir, err))
		return false;
	good = prepare(plan, err) && launch(plan, &lock, &launched, err);
	if (good)
		good = supervise(plan, &launched, options, ending, err);
	lock_release(&lock);
	if (!good)
		return false;
	tell_end(plan, ending, err);
	return ending_is_good(ending);
}
