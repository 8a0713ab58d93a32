#include "status_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tongue.h"
#include "base/width.h"

static char *age_text(int64_t started)
{
	int64_t s = (int64_t)time(NULL) - started;

	if (s < 0)
		s = 0;
	if (s < 3600)
		return xasprintf("%ld:%02ld", (long)(s / 60), (long)(s % 60));
	return xasprintf("%ld:%02ld:%02ld", (long)(s / 3600), (long)(s / 60 % 60), (long)(s % 60));
}

/* Whether and when it ends, of a machine whose supervisor knows. The caller owns it; NULL where it
 * was not told to.
 */
static char *down_words(const struct run_record *record)
{
	int64_t now = (int64_t)time(NULL), left = record->down.quits - now;
	own_free char *since = age_text(record->down.since);

	if (!record->down.since || !process_alive(record->supervisor))
		return NULL;
	if (!record->down.quits)
		return xasprintf(_("its power button was pressed %s ago; the guest decides"),
				 since);
	if (left <= 0)
		return xasprintf(_("for %s; QEMU was told to quit"), since);
	return xasprintf(_("for %s; QEMU quits in %ld s, or when the guest is down"), since,
			 (long)left);
}

/* QAPI's word for what the guest does, for people; held.c has those of a guest that does not run.
 */
static const char *state_word(const char *state)
{
	return strcmp(state, "running") == 0 ? _("running") : tongue(state);
}

/* A row of the list, in which each stands below its title in any language. */
static void print_cells(const char *name, const char *state, const char *time, const char *pid,
			const char *profile)
{
	printf("%s%*s %s%*s %*s%s %*s%s  %s\n", name, width_gap(name, 20), "", state,
	       width_gap(state, 12), "", width_gap(time, 9), "", time, width_gap(pid, 10), "", pid,
	       profile);
}

void status_print_head(void)
{
	print_cells(_("NAME"), _("STATE"), _("TIME"), "QEMU", _("PROFILE"));
}

/* What else there is to say of the machine, below its state. */
__attribute__((format(printf, 1, 2))) static void print_under(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("%-20s ", "");
	vprintf(tongue(fmt), args);
	puts("");
	va_end(args);
}

/* A line of status: a label and what there is to it. */
__attribute__((format(printf, 2, 3))) static void print_line(const char *label, const char *fmt,
							     ...)
{
	const char *word = tongue(label);
	va_list args;

	va_start(args, fmt);
	printf("  %s%*s", word, width_gap(word, 12), "");
	vprintf(tongue(fmt), args);
	puts("");
	va_end(args);
}

void status_print_row(const char *name, const struct run_record *record,
		      const struct condition *now)
{
	own_free char *since = age_text(record->started), *profile = text_word(record->profile);
	own_free char *shown = text_word(name), *held = held_words(&now->held, name);
	own_free char *down = down_words(record), *pid = xasprintf("%d", (int)record->qemu.pid);

	print_cells(shown, state_word(now->state), since, pid, profile);
	if (held)
		print_under(N_("held: %s"), held);
	if (now->silent)
		print_under("%s", now->silent);
	if (down)
		print_under(N_("going down: %s"), down);
	if (!process_alive(record->supervisor))
		print_under(N_("no supervisor (vmlaunch attach %s takes over)"), shown);
}

static uint64_t number_in(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

/* Bytes to a tenth of a unit: "1.5 GiB". The caller owns it. */
static char *about_bytes(uint64_t bytes)
{
	return bytes >= 1U << 30 ? xasprintf("%.1f GiB", (double)bytes / (1U << 30))
				 : xasprintf("%.1f MiB", (double)bytes / (1U << 20));
}

static char *seconds_text(uint64_t ms)
{
	return xasprintf("%lu:%02lu.%lu", (unsigned long)(ms / 60000),
			 (unsigned long)(ms / 1000 % 60), (unsigned long)(ms / 100 % 10));
}

static void print_use(json_object *use)
{
	own_free char *all = seconds_text(number_in(use, "cpu-ms"));
	own_free char *guest = seconds_text(number_in(use, "guest-cpu-ms"));
	own_free char *bytes = about_bytes(number_in(use, "guest-bytes"));
	own_free char *resident = about_bytes(number_in(use, "resident-bytes"));
	own_free char *huge = about_bytes(number_in(use, "huge-bytes"));
	own_free char *swapped = about_bytes(number_in(use, "swapped-bytes"));
	size_t vcpus = number_in(use, "vcpus");
	own_buf struct buf line = {0};

	buf_addf(&line, _("used for %s"), all);
	if (vcpus)
		buf_addf(&line, _(", for %s of it by the guest's %zu"), guest, vcpus);
	print_line(N_("processors"), "%s", line.data);
	buf_free(&line);
	if (number_in(use, "guest-bytes"))
		buf_addf(&line, _("%s for the guest; "), bytes);
	buf_addf(&line, _("QEMU has %s of the host's"), resident);
	if (number_in(use, "huge-bytes"))
		buf_addf(&line, _(", and %s in huge pages"), huge);
	if (number_in(use, "swapped-bytes"))
		buf_addf(&line, _(", and %s is swapped out"), swapped);
	print_line(N_("memory"), "%s", line.data);
}

static void print_function(json_object *o)
{
	const char *back = json_member_text(o, "goes-back-to");
	const char *power = json_member_text(o, "power-state");
	const char *runtime = json_member_text(o, "runtime-status");
	const char *driver = json_member_text(o, "driver");
	const char *problem = json_member_text(o, "problem");
	own_free char *has = *driver ? text_quote(driver, 40) : xstrdup(_("no driver"));
	own_buf struct buf line = {0};

	buf_addf(&line, "%s  ", json_member_text(o, "address"));
	if (*problem)
		buf_adds(&line, problem);
	else
		buf_addf(&line, _("%s, %s; %s has it"), *power ? power : _("power not known"),
			 *runtime ? runtime : _("runtime power not known"), has);
	if (*back)
		buf_addf(&line, _("; goes back to %s"), back);
	print_line(N_("device"), "%s", line.data);
}

static void print_companion(json_object *o)
{
	own_free char *log = text_word(json_member_text(o, "log"));
	const char *name = json_member_text(o, "name");
	uint64_t pid = number_in(o, "pid");

	if (pid)
		print_line(N_("beside it"), "%s (%d)", name, (int)pid);
	else
		print_line(N_("beside it"), N_("%s does not run (log: %s)"), name, log);
}

static void print_each(json_object *o, const char *key, void (*print)(json_object *))
{
	json_object *list = json_object_object_get(o, key);

	for (size_t i = 0; i < json_object_array_length(list); i++)
		print(json_object_array_get_idx(list, i));
}

static void print_supervisor(const struct run_record *record, const char *shown)
{
	int pid = (int)record->supervisor.pid;

	if (!process_alive(record->supervisor))
		print_line(N_("supervisor"), N_("no supervisor (vmlaunch attach %s takes over)"),
			   shown);
	else if (process_stopped(record->supervisor))
		print_line(N_("supervisor"),
			   N_("%d, which is stopped: 'fg' or 'kill -CONT %d' lets it go on"), pid,
			   pid);
	else
		print_line(N_("supervisor"), "%d", pid);
}

void status_print(const char *name, const char *dir, const struct run_record *record,
		  const struct condition *now, json_object *o)
{
	own_free char *since = age_text(record->started), *profile = text_word(record->profile);
	own_free char *log = text_word(record->log), *sockets = text_word(dir);
	own_free char *shown = text_word(name), *held = held_words(&now->held, name);
	own_free char *down = down_words(record),
		      *for_so_long = age_text((int64_t)number_in(o, "state-since"));
	const char *picture = json_member_text(o, "picture");

	printf(_("%s is %s, for %s\n"), shown, state_word(now->state), for_so_long);
	if (held)
		print_line(N_("held"), "%s", held);
	if (condition_is_starting(record, now->state))
		print_line(N_("starting"), "%s%s", _("the guest has not been let go yet"),
			   process_alive(record->supervisor) ? ""
							     : _(", and nobody is there to do it"));
	if (now->silent)
		print_line(N_("monitor"), "%s", now->silent);
	if (down)
		print_line(N_("going down"), "%s", down);
	print_line(N_("started"), N_("%s ago"), since);
	print_line(N_("profile"), "%s", profile);
	print_line("QEMU", "%d", (int)record->qemu.pid);
	print_supervisor(record, shown);
	print_use(json_object_object_get(o, "use"));
	print_each(o, "functions", print_function);
	print_each(o, "companions", print_companion);
	if (*json_member_text(o, "said")) {
		print_line(N_("QEMU said"), "%s", json_member_text(o, "said"));
		print_line("", N_("which means: %s: %s"), json_member_text(o, "cause"),
			   json_member_text(o, "remedy"));
	}
	print_line(N_("log"), "%s", log);
	print_line(N_("sockets"), "%s", sockets);
	if (*picture)
		print_line(N_("picture"), "%s", picture);
}
