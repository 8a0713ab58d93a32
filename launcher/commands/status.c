/* How machines are, for who asks: `vmlaunch list` and `vmlaunch status`. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "condition.h"
#include "run/returned.h"

static json_object *down_json(const struct run_down *down)
{
	json_object *o;

	if (!down->since)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "since", json_object_new_int64(down->since));
	json_object_object_add(o, "quits", down->quits ? json_object_new_int64(down->quits) : NULL);
	return o;
}

static json_object *record_json(const char *instance, const struct run_record *record,
				const struct condition *now)
{
	own_free char *held = held_words(&now->held, instance);
	json_object *o = json_object_new_object();

	json_object_object_add(o, "instance", json_object_new_string(instance));
	json_object_object_add(o, "name", json_object_new_string(record->name));
	json_object_object_add(o, "state", json_object_new_string(now->state));
	json_object_object_add(o, "held", held ? json_object_new_string(held) : NULL);
	json_object_object_add(o, "going-down", down_json(&record->down));
	json_object_object_add(o, "qemu", json_object_new_int(record->qemu.pid));
	json_object_object_add(o, "supervisor",
			       process_alive(record->supervisor)
				       ? json_object_new_int(record->supervisor.pid)
				       : NULL);
	json_object_object_add(o, "started", json_object_new_int64(record->started));
	json_object_object_add(o, "profile", json_object_new_string(record->profile));
	json_object_object_add(o, "log", json_object_new_string(record->log));
	return o;
}

static void print_json(json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static char *age(int64_t started)
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
	own_free char *since = age(record->down.since);

	if (!record->down.since || !process_alive(record->supervisor))
		return NULL;
	if (!record->down.quits)
		return xasprintf("its power button was pressed %s ago; the guest decides", since);
	if (left <= 0)
		return xasprintf("for %s; QEMU was told to quit", since);
	return xasprintf("for %s; QEMU quits in %ld s, or when the guest is down", since,
			 (long)left);
}

static void print_row(const char *name, const struct run_record *record,
		      const struct condition *now)
{
	own_free char *since = age(record->started), *profile = text_word(record->profile);
	own_free char *shown = text_word(name), *held = held_words(&now->held, name);
	own_free char *down = down_words(record);

	printf("%-20s %-12s %9s %10d  %s\n", shown, now->state, since, (int)record->qemu.pid,
	       profile);
	if (held)
		printf("%-20s held: %s\n", "", held);
	if (down)
		printf("%-20s going down: %s\n", "", down);
	if (!process_alive(record->supervisor))
		printf("%-20s no supervisor (vmlaunch attach %s takes over)\n", "", shown);
}

/* A machine that has ended, and whose vmlaunch cannot say so. */
static void tell_stopped(const char *name, const struct run_record *record)
{
	if (process_alive(record->supervisor) && process_stopped(record->supervisor))
		say(SAY_WARNING,
		    "%s: QEMU has ended, but its vmlaunch (%d) is stopped: 'fg' or 'kill -CONT %d' lets it go on",
		    name, (int)record->supervisor.pid, (int)record->supervisor.pid);
}

/* Who finds no machine may still miss a device. */
static void tell_none(void)
{
	say(SAY_NOTE, "no machine is running");
	if (!returned_all())
		say(SAY_NOTE,
		    "a keeper is still at work, another user's perhaps, or has left something: 'vmlaunch recover' tells");
}

int command_list(const struct arguments *args, struct error **err)
{
	bool json = argument_option(args, "json");
	json_object *list = json_object_new_array(), *top = json_object_new_object();
	own_free char *base = NULL;
	struct error *problem = NULL;
	size_t n, shown = 0;
	char **names = instances(&n, &base, &problem);

	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);
		own_condition struct condition now = {0};

		if (!run_record_read(dir, &record))
			continue;
		if (!run_record_alive(&record)) {
			tell_stopped(names[i], &record);
			continue;
		}
		now = condition_of(dir, &record);
		json_object_array_add(list, record_json(names[i], &record, &now));
		if (!json && shown++ == 0)
			printf("%-20s %-12s %9s %10s  %s\n", "NAME", "STATE", "TIME", "QEMU",
			       "PROFILE");
		if (!json)
			print_row(names[i], &record, &now);
	}
	names_free(names, n);
	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "machines", list);
	if (json)
		print_json(top);
	else
		json_object_put(top);
	if (!json && !shown && !problem)
		tell_none();
	error_merge(err, &problem);
	return 0;
}

/* How the guest's picture is seen: by what was started with it, or by SPICE's socket. The caller
 * owns it; NULL where there is nothing to see.
 */
static char *picture_line(const char *dir, const struct run_record *record)
{
	own_free char *spice = path_join(dir, "spice.sock");
	own_free char *uri = xasprintf("spice+unix://%s", spice);
	struct buf line = {0};

	for (size_t i = 0; i < record->companions; i++) {
		const struct plan_companion *viewer = &record->companion[i];

		for (size_t k = 0; viewer->when == COMPANION_RUNNING && k < viewer->args; k++) {
			own_free char *word = text_word(viewer->argv[k]);

			buf_addf(&line, "%s%s", line.len ? " " : "", word);
		}
		if (line.len)
			return buf_steal(&line);
	}
	if (access(spice, F_OK) < 0)
		return NULL;
	own_free char *word = text_word(uri);

	return xasprintf("remote-viewer %s", word);
}

static void print_status(const char *name, const char *dir, const struct run_record *record,
			 const struct condition *now)
{
	own_free char *since = age(record->started), *profile = text_word(record->profile);
	own_free char *log = text_word(record->log), *sockets = text_word(dir);
	own_free char *shown = text_word(name), *picture = picture_line(dir, record);
	own_free char *held = held_words(&now->held, name), *down = down_words(record);

	printf("%s is %s, for %s\n", shown, now->state, since);
	if (held)
		printf("  held        %s\n", held);
	if (down)
		printf("  going down  %s\n", down);
	printf("  profile     %s\n  QEMU        %d\n", profile, (int)record->qemu.pid);
	if (process_alive(record->supervisor))
		printf("  supervisor  %d\n", (int)record->supervisor.pid);
	else
		printf("  supervisor  no supervisor (vmlaunch attach %s takes over)\n", shown);
	printf("  log         %s\n  sockets     %s\n", log, sockets);
	if (picture)
		printf("  picture     %s\n", picture);
}

int command_status(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_condition struct condition now = {0};
	json_object *o;

	if (!dir)
		return ERROR_FAILED;
	now = condition_of(dir, &record);
	if (argument_option(args, "json")) {
		o = record_json(name, &record, &now);
		json_object_object_add(o, "version", json_object_new_int(1));
		print_json(o);
		return 0;
	}
	print_status(name, dir, &record, &now);
	return 0;
}
