/* `vmlaunch top`: all machines on one screen, anew every few seconds. A sample is taken at each
 * refresh, and what is shown is the difference of two. Nothing else wakes it up: it sleeps in one
 * poll(2) until the next refresh, a key or a signal. The tools' monitor is held for a few questions
 * at a time, so that it is free for others; where somebody else has it, what the kernel and the
 * supervisor know is shown.
 */
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "terminal.h"
#include "top_private.h"

#define INTERVAL_MS 2000
#define FIRST_MS 500
#define ONCE_MS 1000 /* between the two samples of one that is not on a terminal */

/* ------------------------------------------------------------------ as text */

/* Bytes in four digits at most: "1.5G", "12K"; "-" for what is not known. The caller owns it. */
static char *about_bytes(json_object *bytes)
{
	static const char unit[] = "BKMGT";
	double value = (double)json_object_get_int64(bytes);
	size_t i = 0;

	if (!bytes)
		return xstrdup("-");
	for (; value >= 1000 && unit[i + 1]; i++)
		value /= 1024;
	return xasprintf(value < 10 && i ? "%.1f%c" : "%.0f%c", value, unit[i]);
}

static char *percent_text(json_object *percent)
{
	return percent ? xasprintf("%.1f%%", json_object_get_double(percent)) : xstrdup("-");
}

/* "1.5M bytes", "12 packets" a second; the caller owns it. */
static char *network_text(json_object *bytes, json_object *count)
{
	own_free char *number = bytes ? about_bytes(bytes) : NULL;

	return bytes ? xasprintf("%s bytes", number)
		     : xasprintf("%lld packets", (long long)json_object_get_int64(count));
}

static void print_network(struct buf *out, json_object *o)
{
	json_object *in = json_object_object_get(o, "received-per-second");
	json_object *out_bytes = json_object_object_get(o, "sent-per-second");
	json_object *in_n = json_object_object_get(o, "received-packets-per-second");
	json_object *out_n = json_object_object_get(o, "sent-packets-per-second");
	own_free char *to = network_text(in, in_n), *from = network_text(out_bytes, out_n);

	if (in || in_n)
		buf_addf(out, "  network: %s in, %s out a second\n", to, from);
}

static void print_machine(struct buf *out, json_object *o)
{
	json_object *vcpus = json_object_object_get(o, "vcpus");
	own_free char *name = text_quote(json_member_text(o, "name"), 60);
	own_free char *used = percent_text(json_object_object_get(o, "percent"));
	own_free char *resident = about_bytes(json_object_object_get(o, "resident-bytes"));
	own_free char *huge = about_bytes(json_object_object_get(o, "huge-bytes"));
	own_free char *read = about_bytes(json_object_object_get(o, "read-per-second"));
	own_free char *written = about_bytes(json_object_object_get(o, "written-per-second"));
	json_object *rate = json_object_object_get(o, "interrupts-per-second");
	own_free char *interrupts =
		rate ? xasprintf("%lld", (long long)json_object_get_int64(rate)) : xstrdup("-");
	const char *why = json_member_text(o, "why"), *power = json_member_text(o, "power");

	buf_addf(out, "%-16s %-12s %8s %8s %8s %8s %8s\n", name, json_member_text(o, "state"), used,
		 resident, huge, read, written);
	if (*why)
		buf_addf(out, "  %s\n", why);
	if (*power)
		buf_addf(out, "  %s; %s interrupts a second\n", power, interrupts);
	print_network(out, o);
	for (size_t i = 0; i < json_object_array_length(vcpus); i++) {
		json_object *vcpu = json_object_array_get_idx(vcpus, i);
		own_free char *busy = percent_text(json_object_object_get(vcpu, "percent"));
		own_free char *waits = percent_text(json_object_object_get(vcpu, "waited-percent"));

		buf_addf(out, "  vcpu %-3d %8s  waited %6s  ran on %d\n", (int)i, busy, waits,
			 json_object_get_int(json_object_object_get(vcpu, "processor")));
	}
}

static void print_all(struct buf *out, json_object *top)
{
	json_object *list = json_object_object_get(top, "machines");

	buf_addf(out, "%-16s %-12s %8s %8s %8s %8s %8s\n", "NAME", "STATE", "CPU", "MEMORY", "HUGE",
		 "READ/s", "WRITE/s");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_machine(out, json_object_array_get_idx(list, i));
	if (!json_object_array_length(list))
		buf_adds(out, "no machine is running\n");
}

/* ------------------------------------------------------------------ the screen */

/* Not on a terminal: one difference, for a script. */
static bool show_once(bool json, struct error **err)
{
	own_samples struct samples first = {0}, second = {0};
	own_json json_object *top = NULL;
	own_buf struct buf out = {0};

	if (!samples_take(&first, err))
		return false;
	if (first.n)
		poll(NULL, 0, ONCE_MS);
	if (!samples_take(&second, err))
		return false;
	top = samples_json(&first, &second);
	if (json) {
		own_free char *text = json_document(top);

		buf_adds(&out, text);
	} else {
		print_all(&out, top);
	}
	fputs(out.data, stdout);
	return true;
}

struct screen {
	struct termios before;
	int signals;
};

/* The other screen, where the terminal has one: what was on this one comes back at the end. */
static void screen_open(struct screen *screen)
{
	struct termios now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	tcgetattr(STDIN_FILENO, &screen->before);
	now = screen->before;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &now);
	fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_close(struct screen *screen)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	close_fd(&screen->signals);
}

/* The text, cut to the terminal's size. */
static void draw_screen(const char *text)
{
	struct winsize size = {0};
	unsigned rows, columns;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	rows = size.ws_row ? size.ws_row : 24;
	columns = size.ws_col ? size.ws_col : 80;
	fputs("\033[H", stdout);
	for (unsigned row = 0; row + 1 < rows && *text; row++) {
		size_t len = strcspn(text, "\n");
		size_t shown = len < columns ? len : columns;

		/* Not within a character. */
		while (shown < len && shown && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
		printf("%.*s\033[K\r\n", (int)shown, text);
		text += len + (text[len] == '\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* Waits for the next refresh; false where it is to end. */
static bool wait_for_next(struct screen *screen, int64_t until)
{
	for (;;) {
		struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {screen->signals, POLLIN, 0}};
		int64_t left = until - now_ms();
		struct signalfd_siginfo info;
		char key;

		if (left <= 0)
			return true;
		if (poll(p, ARRAY_SIZE(p), (int)left) < 0)
			continue;
		if (p[0].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
			return false;
		if (p[1].revents && read(screen->signals, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo != SIGWINCH)
				return false;
			return true;
		}
	}
}

static bool show_again_and_again(int interval, struct error **err)
{
	own_samples struct samples before = {0};
	struct screen screen;
	bool good = true;
	int wait;

	screen_open(&screen);
	for (;;) {
		struct samples now = {0};
		own_json json_object *top = NULL;
		own_buf struct buf out = {0};

		/* The first difference is there soon. */
		wait = before.n || interval < FIRST_MS ? interval : FIRST_MS;
		good = samples_take(&now, err);
		if (good) {
			top = samples_json(&before, &now);
			print_all(&out, top);
			buf_adds(&out, "q ends it\n");
			draw_screen(out.data);
		}
		samples_free(&before);
		before = now;
		if (!good || !wait_for_next(&screen, now_ms() + wait) || ferror(stdout))
			break;
	}
	screen_close(&screen);
	return good;
}

int command_top(const struct arguments *args, struct error **err)
{
	const char *text = argument_option(args, "interval");
	bool json = argument_option(args, "json");
	char *end;
	double seconds = text ? strtod(text, &end) : INTERVAL_MS / 1000.0;
	bool good;

	if (text && (end == text || *end || !(seconds >= 0.1) || seconds > 3600)) {
		error_add(err, ERROR_USAGE, "--interval wants seconds from 0.1 to 3600, not '%s'",
			  text);
		return ERROR_USAGE;
	}
	good = json || terminal_is_dumb() || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)
		       ? show_once(json, err)
		       : show_again_and_again((int)(seconds * 1000), err);
	return good ? 0 : ERROR_FAILED;
}
