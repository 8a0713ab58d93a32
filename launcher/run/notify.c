#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/file.h"
#include "base/text.h"
#include "channel.h"
#include "log.h"

/* #syscalls(supervisor) sendto wait4 */

#define PACKET 4096
#define DESKTOP_LIMIT (256U << 10) /* bytes, then it is begun anew and the old one kept */
#define ERRORS_SHOWN 6		   /* lines; the log has all */
#define LINE_SHOWN 600		   /* bytes */

/* What waits to be shown. */
struct notices {
	int log;
	char *log_path;
	char *title;
	uint32_t progress; /* the notification that shows it */
	char *note;	   /* the last one, NULL: it is shown already */
	struct buf warning, error, result;
	size_t errors;
	bool ended;
};

/* ------------------------------------------------------------------ texts */

/* A daemon may take <, > and & for markup, as the specification lets it, or show escapes of them
 * as they are: signs that look alike read the same to both.
 */
static void add_without_markup(struct buf *out, const char *s)
{
	for (; *s; s++)
		if (*s == '<')
			buf_adds(out, "\u2039");
		else if (*s == '>')
			buf_adds(out, "\u203a");
		else if (*s == '&')
			buf_adds(out, "\uff06");
		else
			buf_addc(out, *s);
}

/* Any bytes as lines that every program takes. The caller owns it. */
static char *clean_text(const char *text)
{
	struct buf out = {0};

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		own_free char *line = NULL, *shown = NULL;

		len = strcspn(text, "\n");
		line = xstrndup(text, len);
		shown = text_quote(line, LINE_SHOWN);
		add_without_markup(&out, shown);
		if (text[len])
			buf_addc(&out, '\n');
	}
	buf_adds(&out, "");
	return buf_steal(&out);
}

/* What a guest can make us tell has an end here as well. */
static void bound_log(struct notices *n)
{
	struct stat st;

	if (n->log < 0 || fstat(n->log, &st) < 0 || st.st_size < DESKTOP_LIMIT)
		return;
	close_fd(&n->log);
	n->log = log_open(n->log_path, NULL);
}

static void log_notice(struct notices *n, enum notice kind, const char *text)
{
	time_t now = time(NULL);
	char when[40] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (n->log >= 0)
		dprintf(n->log, "%s %s: %s%s\n", when, n->title,
			kind == NOTICE_ERROR	 ? "error: "
			: kind == NOTICE_WARNING ? "warning: "
						 : "",
			text);
	bound_log(n);
}

/* ------------------------------------------------------------------ the process that shows them */

/* The machine's name, with which most lines begin, stands above them. */
static const char *below_title(const struct notices *n, const char *line)
{
	size_t len = strlen(n->title);

	return strncmp(line, n->title, len) == 0 && text_starts(line + len, ": ") ? line + len + 2
										  : line;
}

static void notice_keep(struct notices *n, char *packet)
{
	own_free char *text = clean_text(below_title(n, packet + 1));

	if (*packet == NOTICE_END) {
		n->ended = true;
		return;
	}
	log_notice(n, *packet, text);
	if (*packet == NOTICE_NOTE) {
		free(n->note);
		n->note = steal(&text);
	} else if (*packet == NOTICE_WARNING) {
		buf_addf(&n->warning, "%s%s", n->warning.len ? "\n" : "", text);
	} else if (*packet == NOTICE_RESULT) {
		buf_adds(&n->result, text);
	} else if (++n->errors <= ERRORS_SHOWN) {
		buf_addf(&n->error, "%s%s", n->error.len ? "\n" : "", text);
	}
}

static uint32_t show_text(const struct notices *n, const char *text, enum urgency urgency,
			  uint32_t replaces)
{
	return channel_show(&(struct bulletin){
		.summary = n->title, .body = text, .urgency = urgency, .replaces = replaces});
}

static void notices_show(struct notices *n)
{
	if (n->warning.len) {
		own_free char *text = buf_steal(&n->warning);

		show_text(n, text, URGENCY_NORMAL, 0);
	}
	if (n->note) {
		own_free char *text = steal(&n->note);

		n->progress = show_text(n, text, URGENCY_LOW, n->progress);
	}
}

static void notices_end(struct notices *n)
{
	if (!n->ended)
		buf_addf(
			&n->error,
			"%svmlaunch was killed. If the machine still runs, 'vmlaunch attach' takes it over; 'vmlaunch recover' gives back what a keeper left",
			n->error.len ? "\n" : "");
	if (n->errors > ERRORS_SHOWN)
		buf_addf(&n->error, "\nand %zu more", n->errors - ERRORS_SHOWN);
	if (n->result.len)
		show_text(n, n->result.data, URGENCY_NORMAL, 0);
	if (n->error.len) {
		own_free char *log = clean_text(n->log_path);

		buf_addf(&n->error, "\n(log: %s)", log);
		show_text(n, n->error.data, URGENCY_CRITICAL, 0);
	}
}

static bool next_packet(int fd, char *packet, int flags)
{
	ssize_t len;

	do
		len = recv(fd, packet, PACKET - 1, flags);
	while (len < 0 && errno == EINTR);
	packet[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* The descriptors of the process that shows them. */
enum { PACKETS_FD = 3, LOG_FD };

/* Until no more come. */
static int show_notices(void *context)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct notices *n = context;
	char packet[PACKET];

	n->log = LOG_FD;
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	while (next_packet(PACKETS_FD, packet, 0)) {
		/* What came while another one was shown is shown at once: its last state counts. */
		do
			notice_keep(n, packet);
		while (next_packet(PACKETS_FD, packet, MSG_DONTWAIT));
		notices_show(n);
	}
	notices_end(n);
	return 0;
}

/* ------------------------------------------------------------------ this side */

static int open_log(const char *path, struct error **err)
{
	own_free char *dir = path_dir(path);
	own_fd int fd = -1;
	struct stat st;

	if (!dir_make(dir, 0700, err))
		return -1;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < DESKTOP_LIMIT)
		return steal_fd(&fd);
	return log_open(path, err);
}

/* Makes the process. Returns 0 or an errno. */
static int start(struct notifier *notifier, struct notices *n)
{
	own_child struct child child = CHILD_NONE;
	own_fd int theirs = -1;
	int pair[2], errnum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	notifier->fd = pair[0];
	theirs = pair[1];
	const struct child_fd fd[] = {{theirs, PACKETS_FD}, {n->log, LOG_FD}};

	errnum = child_make(&child, &(struct child_way){.function = show_notices,
							.context = n,
							.fd = fd,
							.fds = ARRAY_SIZE(fd)});
	if (!errnum)
		errnum = child_let_go(&child);
	notifier->pid = child.pid;
	return errnum;
}

bool notifier_open(struct notifier *notifier, const char *title, const char *log,
		   struct error **err)
{
	struct notices n = {.log = -1, .log_path = (char *)log};
	int errnum;

	if (geteuid() == 0 && (getenv("SUDO_UID") || getenv("PKEXEC_UID"))) {
		error_add(err, ERROR_USAGE,
			  "--notify is for your desktop, which root cannot reach: leave out sudo");
		return false;
	}
	n.log = open_log(log, err);
	if (n.log < 0)
		return false;
	n.title = clean_text(title);
	errnum = start(notifier, &n);
	free(n.title);
	close_fd(&n.log);
	if (!errnum)
		return true;
	close_fd(&notifier->fd);
	error_errno(err, ERROR_HOST, errnum, "cannot start what tells the desktop");
	return false;
}

void notifier_tell(const struct notifier *notifier, enum notice kind, const char *text)
{
	char packet[PACKET];
	int len = snprintf(packet, sizeof(packet), "%c%s", (int)kind, text);

	if (len >= (int)sizeof(packet))
		len = sizeof(packet) - 1;
	if (notifier->fd >= 0 && len > 0)
		send(notifier->fd, packet, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notifier_close(struct notifier *notifier)
{
	if (notifier->fd < 0)
		return;
	notifier_tell(notifier, NOTICE_END, "");
	close_fd(&notifier->fd);
	while (waitpid(notifier->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
