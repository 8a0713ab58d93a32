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
#include "condition.h"
#include "host/answers.h"
#include "host/interrupts.h"
#include "host/threads.h"

#define INTERVAL_MS 2000
#define FIRST_MS 500
#define ONCE_MS 1000 /* between the two samples of one that is not on a terminal */

/* How a machine was at a moment. */
struct sample {
	char *name;
	char *state;
	char *held;  /* why it does not run; NULL: it does, or nobody says */
	char *power; /* of passed functions; NULL: it has none */
	struct process qemu;
	int64_t at; /* milliseconds of now_ms() */
	struct process_use use;
	struct thread_list threads;
	pid_t *vcpu;
	size_t vcpus;
	int64_t read, written; /* bytes of all disks; -1: not known */
	int64_t interrupts;    /* of passed functions; -1: it has none */
};

struct samples {
	struct sample *v;
	size_t n;
};

static void samples_free(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].state);
		free(s->v[i].held);
		free(s->v[i].power);
		free(s->v[i].vcpu);
		threads_free(&s->v[i].threads);
	}
	free(s->v);
	*s = (struct samples){0};
}
#define own_samples own_with(samples_free)

/* ------------------------------------------------------------------ taking one */

static int64_t member_number(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : 0;
}

/* QAPI: BlockStats, of devices. */
static void add_disks(struct sample *sample, json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	sample->read = sample->written = 0;
	for (size_t i = 0; i < n; i++) {
		json_object *stats = NULL;

		json_object_object_get_ex(json_object_array_get_idx(list, i), "stats", &stats);
		sample->read += member_number(stats, "rd_bytes");
		sample->written += member_number(stats, "wr_bytes");
	}
}

static char *power_of(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	struct buf power = {0};

	for (size_t i = 0; i < record->functions; i++) {
		own_free char *state = root_line(&real, "/sys/bus/pci/devices/%s/power_state",
						 record->function[i].address);

		if (pci_answer_of(&real, record->function[i].address) == PCI_SILENT) {
			free(state);
			state = xstrdup("off the bus");
		}
		buf_addf(&power, "%s%s %s", i ? ", " : "", record->function[i].address,
			 state ? state : "gone");
	}
	return record->functions ? buf_steal(&power) : NULL;
}

static int64_t interrupts_of(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	int64_t sum = 0;

	for (size_t i = 0; i < record->functions; i++) {
		own_interrupt_list struct interrupt_list list = {0};

		interrupts_read(&list, &real, record->function[i].address);
		for (size_t k = 0; k < list.n; k++)
			sum += (int64_t)list.v[k].count;
	}
	return record->functions ? sum : -1;
}

static void take_sample(struct sample *sample, const char *name, const char *dir,
			const struct run_record *record)
{
	struct root real = ROOT_REAL;
	own_condition struct condition now = condition_of(dir, record, CONDITION_RATES);

	*sample = (struct sample){
		.name = xstrdup(name),
		.state = xstrdup(now.state),
		.power = power_of(record),
		.qemu = record->qemu,
		.read = -1,
		.written = -1,
	};
	sample->held = now.silent ? xstrdup(now.silent) : held_words(&now.held, name);
	while (condition_vcpu(now.cpus, sample->vcpus) >= 0) {
		pid_t vcpu = condition_vcpu(now.cpus, sample->vcpus);

		*xappend(sample->vcpu, sample->vcpus) = vcpu;
	}
	if (now.disks)
		add_disks(sample, now.disks);
	sample->interrupts = interrupts_of(record);
	sample->at = now_ms();
	process_use_read(&sample->use, &real, record->qemu.pid);
	threads_read(&sample->threads, &real, record->qemu.pid);
}

static bool take_samples(struct samples *s, struct error **err)
{
	own_free char *base = NULL;
	struct error *problem = NULL;
	size_t n;
	char **names = instances(&n, &base, &problem);

	*s = (struct samples){0};
	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);

		if (run_record_read(dir, &record) && run_record_alive(&record))
			take_sample(xappend(s->v, s->n), names[i], dir, &record);
	}
	names_free(names, n);
	if (problem)
		error_merge(err, &problem);
	return !*err;
}

static const struct sample *find(const struct samples *s, const struct sample *of)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].qemu.pid == of->qemu.pid && s->v[i].qemu.start == of->qemu.start)
			return &s->v[i];
	return NULL;
}

/* ------------------------------------------------------------------ the difference of two */

/* Of 100 for one processor, to a tenth. */
static json_object *percent_json(uint64_t before, uint64_t after, int64_t ms)
{
	double percent = ms > 0 && after > before ? (double)(after - before) * 100 / (double)ms : 0;
	own_free char *text = xasprintf("%.1f", percent);

	return json_object_new_double_s(percent, text);
}

static int64_t per_second(int64_t before, int64_t after, int64_t ms)
{
	return before < 0 || after < before || ms <= 0 ? -1 : (after - before) * 1000 / ms;
}

static json_object *thread_json(const struct sample *before, const struct sample *now, size_t vcpu)
{
	const struct thread *thread = threads_find(&now->threads, now->vcpu[vcpu]);
	const struct thread *was = before ? threads_find(&before->threads, now->vcpu[vcpu]) : NULL;
	int64_t ms = before ? now->at - before->at : 0;
	json_object *o = json_object_new_object();
	bool known = thread && was;

	json_object_object_add(o, "vcpu", json_object_new_uint64(vcpu));
	json_object_object_add(o, "thread", json_object_new_int(now->vcpu[vcpu]));
	json_object_object_add(o, "percent",
			       known ? percent_json(was->used_ms, thread->used_ms, ms) : NULL);
	json_object_object_add(
		o, "waited-percent",
		known && was->waited_ms >= 0
			? percent_json((uint64_t)was->waited_ms, (uint64_t)thread->waited_ms, ms)
			: NULL);
	json_object_object_add(o, "processor",
			       thread ? json_object_new_int(thread->processor) : NULL);
	return o;
}

static json_object *rate_json(int64_t before, int64_t after, int64_t ms)
{
	int64_t rate = per_second(before, after, ms);

	return rate < 0 ? NULL : json_object_new_int64(rate);
}

static json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static json_object *machine_json(const struct sample *before, const struct sample *now)
{
	int64_t ms = before ? now->at - before->at : 0;
	json_object *o = json_object_new_object(), *vcpus = json_object_new_array();

	json_object_object_add(o, "name", json_object_new_string(now->name));
	json_object_object_add(o, "state", json_object_new_string(now->state));
	json_object_object_add(o, "why", text_or_null(now->held));
	json_object_object_add(o, "qemu", json_object_new_int(now->qemu.pid));
	json_object_object_add(o, "percent",
			       before ? percent_json(before->use.used_ms, now->use.used_ms, ms)
				      : NULL);
	json_object_object_add(o, "resident-bytes",
			       json_object_new_uint64(now->use.resident_kb << 10));
	json_object_object_add(o, "huge-bytes", json_object_new_uint64(now->use.huge_kb << 10));
	json_object_object_add(o, "read-per-second",
			       before ? rate_json(before->read, now->read, ms) : NULL);
	json_object_object_add(o, "written-per-second",
			       before ? rate_json(before->written, now->written, ms) : NULL);
	json_object_object_add(o, "interrupts-per-second",
			       before ? rate_json(before->interrupts, now->interrupts, ms) : NULL);
	json_object_object_add(o, "power", text_or_null(now->power));
	for (size_t i = 0; i < now->vcpus; i++)
		json_object_array_add(vcpus, thread_json(before, now, i));
	json_object_object_add(o, "vcpus", vcpus);
	return o;
}

static json_object *all_json(const struct samples *before, const struct samples *now)
{
	json_object *top = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < now->n; i++)
		json_object_array_add(list, machine_json(find(before, &now->v[i]), &now->v[i]));
	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "machines", list);
	return top;
}

/* ------------------------------------------------------------------ as text */

/* Bytes in four digits at most: "1.5G", "12K"; "-" for what is not known. The caller owns it. */
static char *about(json_object *bytes)
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

static void print_machine(struct buf *out, json_object *o)
{
	json_object *vcpus = json_object_object_get(o, "vcpus");
	own_free char *name = text_quote(json_member_text(o, "name"), 60);
	own_free char *used = percent_text(json_object_object_get(o, "percent"));
	own_free char *resident = about(json_object_object_get(o, "resident-bytes"));
	own_free char *huge = about(json_object_object_get(o, "huge-bytes"));
	own_free char *read = about(json_object_object_get(o, "read-per-second"));
	own_free char *written = about(json_object_object_get(o, "written-per-second"));
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

	if (!take_samples(&first, err))
		return false;
	if (first.n)
		poll(NULL, 0, ONCE_MS);
	if (!take_samples(&second, err))
		return false;
	top = all_json(&first, &second);
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
static void draw(const char *text)
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
		good = take_samples(&now, err);
		if (good) {
			top = all_json(&before, &now);
			print_all(&out, top);
			buf_adds(&out, "q ends it\n");
			draw(out.data);
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
	good = json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)
		       ? show_once(json, err)
		       : show_again_and_again((int)(seconds * 1000), err);
	return good ? 0 : ERROR_FAILED;
}
