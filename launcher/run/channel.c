#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/file.h"
#include "base/own.h"
#include "base/program.h"
#include "base/text.h"

/* Desktop Notifications Specification 1.2, "D-BUS Protocol". */
#define SERVICE "org.freedesktop.Notifications"
#define OBJECT "/org/freedesktop/Notifications"
#define ICON "org.vmlaunch"
#define PATIENCE "5" /* seconds for the daemon's answer */
#define BUSCTL_PATIENCE "--timeout=5"
#define NOTIFY "org.freedesktop.Notifications.Notify"
#define ANSWER_LIMIT 1000   /* bytes of a program's output */
#define ARGS_LIMIT 24	    /* of a program, the NULL at the end among them */
#define EXPIRES "-1"	    /* as the daemon wants; a critical one stays by its urgency */
#define DIGITS "0123456789" /* of the number in an answer */

struct words {
	char *v[ARGS_LIMIT];
	size_t n;
};

static void words_add(struct words *w, char *word)
{
	if (w->n + 1 < ARGS_LIMIT)
		w->v[w->n++] = word;
	else
		free(word);
}

static void words_add_all(struct words *w, const char *const *word)
{
	for (; *word; word++)
		words_add(w, xstrdup(*word));
}

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
}
#define own_words own_with(words_free)

/* ------------------------------------------------------------------ how each is called */

/* Takes its strings as they are. */
static void compose_busctl(struct words *w, const struct bulletin *b)
{
	words_add_all(w, (const char *const[]){"--user", BUSCTL_PATIENCE, "--", "call", SERVICE,
					       OBJECT, SERVICE, "Notify", "susssasa{sv}i",
					       "vmlaunch", NULL});
	words_add(w, xasprintf("%u", b->replaces));
	words_add_all(w, (const char *const[]){ICON, b->summary, b->body, "0", "1", "urgency", "y",
					       NULL});
	words_add(w, xasprintf("%d", (int)b->urgency));
	words_add(w, xstrdup(EXPIRES));
}

/* A string in GVariant's text format. */
static char *gvariant_string(const char *s)
{
	struct buf out = {0};

	buf_addc(&out, '\'');
	for (; *s; s++)
		if (*s == '\n')
			buf_adds(&out, "\\n");
		else
			buf_addf(&out, "%s%c", *s == '\'' || *s == '\\' ? "\\" : "", *s);
	buf_addc(&out, '\'');
	return buf_steal(&out);
}

/* Every value has its type with it: the daemon need not be able to tell its own. */
static void compose_gdbus(struct words *w, const struct bulletin *b)
{
	words_add_all(w, (const char *const[]){"call", "--session", "--timeout", PATIENCE, "--dest",
					       SERVICE, "--object-path", OBJECT, "--method", NOTIFY,
					       "'vmlaunch'", NULL});
	words_add(w, xasprintf("uint32 %u", b->replaces));
	words_add(w, gvariant_string(ICON));
	words_add(w, gvariant_string(b->summary));
	words_add(w, gvariant_string(b->body));
	words_add(w, xstrdup("@as []"));
	words_add(w, xasprintf("{'urgency': <byte %d>}", (int)b->urgency));
	words_add(w, xstrdup("int32 " EXPIRES));
}

/* It takes escapes for what they stand for in C (g_strcompress()), and so does zenity. */
static char *without_escapes(const char *s)
{
	struct buf out = {0};

	for (; *s; s++)
		buf_addf(&out, "%s%c", *s == '\\' ? "\\" : "", *s);
	return buf_steal(&out);
}

/* Older ones neither tell a number nor take one, so none is asked for. */
static void compose_notify_send(struct words *w, const struct bulletin *b)
{
	static const char *const word[] = {[URGENCY_LOW] = "low",
					   [URGENCY_NORMAL] = "normal",
					   [URGENCY_CRITICAL] = "critical"};

	words_add_all(w, (const char *const[]){"--app-name=vmlaunch", "--icon=" ICON, NULL});
	words_add(w, xasprintf("--urgency=%s", word[b->urgency]));
	words_add_all(w, (const char *const[]){"--", b->summary, NULL});
	words_add(w, without_escapes(b->body));
}

static void compose_zenity(struct words *w, const struct bulletin *b)
{
	own_free char *body = without_escapes(b->body);

	words_add_all(w, (const char *const[]){"--error", "--no-markup", NULL});
	words_add(w, xasprintf("--title=%s", b->summary));
	words_add(w, xasprintf("--text=%s", body));
}

static void compose_kdialog(struct words *w, const struct bulletin *b)
{
	words_add_all(w, (const char *const[]){"--title", b->summary, "--error", NULL});
	words_add(w, xasprintf("%s\n\n%s", b->summary, b->body));
}

static void compose_xmessage(struct words *w, const struct bulletin *b)
{
	words_add_all(w, (const char *const[]){"-center", NULL});
	words_add(w, xasprintf("%s\n\n%s", b->summary, b->body));
}

typedef void compose_fn(struct words *w, const struct bulletin *b);

static const struct channel {
	const char *program;
	compose_fn *compose;
	bool tells_number;
} DAEMON[] = {{"busctl", compose_busctl, true},
	      {"gdbus", compose_gdbus, true},
	      {"notify-send", compose_notify_send}},
  DIALOG[] = {
	  {"zenity", compose_zenity}, {"kdialog", compose_kdialog}, {"xmessage", compose_xmessage}};

/* ------------------------------------------------------------------ calling it */

/* Runs it to its end. Whether that was a good one; *answer is what it wrote, the caller owns it. */
static bool call_program(char **argv, char **answer)
{
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, theirs = -1;
	int status = -1;

	*answer = NULL;
	if (!child_pipe(&ours, &theirs))
		return false;
	const struct child_fd fd[] = {{theirs, 1}};

	if (child_start(&child, &(struct child_way){.argv = (const char *const *)argv,
						    .fd = fd,
						    .fds = 1,
						    .same_session = true}))
		return false;
	close_fd(&theirs);
	*answer = fd_read_all(ours, ANSWER_LIMIT, NULL);
	close_fd(&ours);
	return child_reap(&child, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* busctl: "u 7"; gdbus: "(uint32 7,)". */
static uint32_t number_in(const char *answer)
{
	const char *space = answer ? strchr(answer, ' ') : NULL;
	own_free char *digits = space ? xstrndup(space + 1, strspn(space + 1, DIGITS)) : NULL;
	uint64_t number;

	return digits && text_u64(digits, 10, &number) ? (uint32_t)number : 0;
}

static bool channel_try(const struct channel *channel, const struct bulletin *b, uint32_t *number)
{
	own_words struct words w = {0};
	own_free char *answer = NULL;
	char *program = program_find(channel->program);

	if (!program)
		return false;
	words_add(&w, program);
	channel->compose(&w, b);
	if (!call_program(w.v, &answer))
		return false;
	*number = channel->tells_number ? number_in(answer) : 0;
	return true;
}

/* A window can be opened: else a dialog would end at once, as if somebody had closed it. */
static bool has_screen(void)
{
	const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x11 && *x11) || (wayland && *wayland);
}

/* How a dialog ends says nothing about whether it was seen: the first one that is there counts. */
static void show_dialog(const struct bulletin *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(DIALOG); i++) {
		own_free char *there = program_find(DIALOG[i].program);
		uint32_t number;

		if (!there)
			continue;
		channel_try(&DIALOG[i], b, &number);
		return;
	}
}

uint32_t channel_show(const struct bulletin *bulletin)
{
	uint32_t number = 0;

	for (size_t i = 0; i < ARRAY_SIZE(DAEMON); i++)
		if (channel_try(&DAEMON[i], bulletin, &number))
			return number;
	if (bulletin->urgency == URGENCY_CRITICAL && has_screen())
		show_dialog(bulletin);
	return 0;
}
