/* How machines are, for who asks: `vmlaunch list` and `vmlaunch status`. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "condition.h"
#include "host/answers.h"
#include "host/pci.h"
#include "host/threads.h"
#include "last_end.h"
#include "lost.h"
#include "run/explain.h"
#include "run/returned.h"
#include "run/window.h"
#include "status_text.h"

static json_object *down_json(const struct run_down *down)
{
	json_object *o;

	if (!down->since)
		return NULL;
	o = json_object_new_object();
	json_add_number(o, "since", down->since);
	json_object_object_add(o, "quits", down->quits ? json_object_new_int64(down->quits) : NULL);
	return o;
}

/* Since when it is in this state, in seconds since the epoch, as far as somebody has written it
 * down.
 */
static int64_t state_since(const struct run_record *record, const struct condition *now)
{
	bool known = record->held.since && strcmp(now->held.state, record->held.state) == 0;

	return known ? record->held.since : record->started;
}

static json_object *record_json(const char *instance, const struct run_record *record,
				const struct condition *now)
{
	own_free char *held = held_words(&now->held, instance);
	json_object *o = json_object_new_object();

	json_add_text(o, "instance", instance);
	json_add_text(o, "name", record->name);
	json_add_text(o, "state", now->state);
	json_add_text(o, "held", held);
	json_add_number(o, "state-since", state_since(record, now));
	json_add_text(o, "silent", now->silent);
	json_object_object_add(o, "going-down", down_json(&record->down));
	json_add_number(o, "qemu", record->qemu.pid);
	json_object_object_add(o, "supervisor",
			       process_alive(record->supervisor)
				       ? json_object_new_int(record->supervisor.pid)
				       : NULL);
	json_add_number(o, "started", record->started);
	json_add_text(o, "profile", record->profile);
	json_add_text(o, "log", record->log);
	return o;
}

/* A machine that has ended, and whose vmlaunch cannot say so. True when it has none any more. */
static bool tell_ended(const char *name, const struct run_record *record)
{
	bool left = !process_alive(record->supervisor);

	if (left)
		say(SAY_NOTE,
		    "%s: its QEMU has ended and its vmlaunch has died: the next start of it, or 'vmlaunch recover', puts away what they left",
		    name);
	else if (process_stopped(record->supervisor))
		say(SAY_WARNING,
		    "%s: QEMU has ended, but its vmlaunch (%d) is stopped: 'fg' or 'kill -CONT %d' lets it go on",
		    name, (int)record->supervisor.pid, (int)record->supervisor.pid);
	return left;
}

/* Who finds no machine may still miss a device. */
static void tell_none(void)
{
	say(SAY_NOTE, "no machine is running");
	if (!returned_all())
		say(SAY_NOTE,
		    "a keeper is still at work, another user's perhaps, or has left something: 'vmlaunch recover' tells");
}

/* A machine that runs, which has been asked how it is. */
struct listed {
	const char *name;
	char *dir;
	struct run_record record;
	struct asking asking;
};

/* Asks all that live, before any answer is waited for; of the others it is told what is left. */
static struct listed *ask_all(char *const *names, size_t n, const char *base,
			      const struct socket_table *before, size_t *alive, json_object *left)
{
	struct listed *all = xcalloc(n + 1, sizeof(*all));

	*alive = 0;
	for (size_t i = 0; i < n; i++) {
		own_free char *dir = path_join(base, names[i]);
		own_run_record struct run_record record = {0};

		if (!run_record_read(dir, &record))
			continue;
		if (!run_record_alive(&record)) {
			if (tell_ended(names[i], &record))
				json_object_array_add(left, json_object_new_string(names[i]));
			continue;
		}
		all[*alive] =
			(struct listed){.name = names[i], .asking = condition_begin(dir, before)};
		all[*alive].dir = steal(&dir);
		all[(*alive)++].record = record;
		record = (struct run_record){0};
	}
	return all;
}

/* Those whose records are gone, which nobody else can tell of. */
static json_object *find_lost(const struct listed *all, size_t alive,
			      const struct socket_table *before, struct error **err)
{
	own_free const char **known = xcalloc(alive + 1, sizeof(*known));
	own_dirs struct dirs dirs = {0};

	for (size_t i = 0; i < alive; i++)
		known[i] = all[i].name;
	return dirs_find(&dirs, err) ? lost_machines(dirs.state, dirs.runtime, before, known, alive)
				     : NULL;
}

int command_list(const struct arguments *args, struct error **err)
{
	bool json = argument_option(args, "json");
	json_object *list = json_object_new_array(), *left = json_object_new_array();
	json_object *top = json_object_new_object();
	own_json json_object *lost = NULL;
	own_free char *base = NULL;
	struct error *problem = NULL;
	size_t n, alive;
	char **names = instances(&n, &base, &problem);
	own_socket_table struct socket_table before = socket_table_read();
	own_free struct listed *all = ask_all(names, n, base, &before, &alive, left);

	if (!json && alive)
		status_print_head();
	for (size_t i = 0; i < alive; i++) {
		struct listed *one = &all[i];
		own_condition struct condition now =
			condition_finish(&one->asking, one->dir, &one->record, CONDITION_BRIEF);

		if (json)
			json_object_array_add(list, record_json(one->name, &one->record, &now));
		else
			status_print_row(one->name, &one->record, &now);
		free(one->dir);
		run_record_free(&one->record);
	}
	lost = problem ? NULL : find_lost(all, alive, &before, &problem);
	names_free(names, n);
	json_add_number(top, "version", 1);
	json_object_object_add(top, "machines", list);
	json_object_object_add(top, "left", left);
	json_object_object_add(top, "lost", json_object_get(lost));
	if (json)
		print_document(top);
	json_object_put(top);
	if (lost)
		lost_tell(lost);
	if (!json && !alive && lost && !json_object_array_length(lost))
		tell_none();
	error_merge(err, &problem);
	return 0;
}

/* How the guest's picture is seen: by what was started with it, or by SPICE's or VNC's
 * socket. The caller
 * owns it; NULL where there is nothing to see.
 */
static char *picture_line(const char *dir, const struct run_record *record)
{
	own_free char *spice = path_join(dir, "spice.sock"), *vnc = path_join(dir, "vnc.sock");
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
	bool by_spice = access(spice, F_OK) == 0;

	if (!by_spice && access(vnc, F_OK) < 0)
		return NULL;
	own_free char *word = text_word(by_spice ? uri : vnc);

	return xasprintf("%s %s", by_spice ? "remote-viewer" : "vncviewer", word);
}

/* ------------------------------------------------------------------ what it has of the host */

/* Processor time of the threads that are the guest's processors, and how many those are. */
static uint64_t guest_ms(const struct condition *now, const struct thread_list *threads,
			 size_t *vcpus)
{
	uint64_t sum = 0;

	for (*vcpus = 0; condition_vcpu(now->cpus, *vcpus) >= 0; ++*vcpus) {
		const struct thread *thread =
			threads_find(threads, condition_vcpu(now->cpus, *vcpus));
		bool counted = false;

		/* Emulation may do all with one thread. */
		for (size_t i = 0; i < *vcpus; i++)
			counted |=
				condition_vcpu(now->cpus, i) == condition_vcpu(now->cpus, *vcpus);
		if (thread && !counted)
			sum += thread->used_ms;
	}
	return sum;
}

static json_object *use_json(const struct run_record *record, const struct condition *now)
{
	struct root real = ROOT_REAL;
	own_thread_list struct thread_list threads = {0};
	json_object *o = json_object_new_object();
	struct process_use use;
	uint64_t ms;
	size_t vcpus;

	threads_read(&threads, &real, record->qemu.pid);
	process_use_read(&use, &real, record->qemu.pid);
	ms = guest_ms(now, &threads, &vcpus);
	json_add_unsigned(o, "cpu-ms", use.used_ms);
	json_object_object_add(o, "guest-cpu-ms", vcpus ? json_object_new_uint64(ms) : NULL);
	json_object_object_add(o, "vcpus", vcpus ? json_object_new_uint64(vcpus) : NULL);
	json_object_object_add(o, "guest-bytes",
			       now->guest_bytes ? json_object_new_int64(now->guest_bytes) : NULL);
	json_add_unsigned(o, "resident-bytes", use.resident_kb << 10);
	json_add_unsigned(o, "huge-bytes", use.huge_kb << 10);
	json_add_unsigned(o, "swapped-bytes", use.swap_kb << 10);
	return o;
}

static json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

/* Nothing that sleeps is woken (host/pci.h, host/answers.h). */
static json_object *functions_json(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < record->functions; i++) {
		const struct run_function *was = &record->function[i];
		own_pci_function struct pci_function f = {0};
		struct pci_address address;
		json_object *o = json_object_new_object();

		if (pci_address_parse(was->address, &address))
			pci_function_read(&f, &real, &address);
		json_add_text(o, "address", was->address);
		json_add_bool(o, "there", f.path != NULL);
		json_object_object_add(
			o, "problem",
			text_or_null(pci_answer_words(pci_answer_of(&real, was->address))));
		json_object_object_add(o, "driver", text_or_null(f.driver));
		json_object_object_add(o, "power-state", text_or_null(f.power_state));
		json_object_object_add(o, "runtime-status", text_or_null(f.runtime_status));
		json_object_object_add(o, "goes-back-to",
				       text_or_null(*was->driver ? was->driver : NULL));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *companions_json(const struct run_record *record)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < record->companions; i++) {
		const struct plan_companion *companion = &record->companion[i];
		bool known = process_alive(record->beside[i]);
		pid_t pid = known				   ? record->beside[i].pid
			    : companion->when == COMPANION_RUNNING ? window_pid(companion)
								   : 0;
		json_object *o = json_object_new_object();

		json_add_text(o, "name", companion->name);
		json_object_object_add(o, "pid", pid ? json_object_new_int(pid) : NULL);
		json_add_text(o, "log", companion->log);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *status_json(const char *name, const char *dir, const struct run_record *record,
				const struct condition *now)
{
	json_object *o = record_json(name, record, now);
	own_free char *picture = picture_line(dir, record);
	own_explained struct explained said = {0};

	json_add_number(o, "version", 1);
	json_object_object_add(o, "use", use_json(record, now));
	json_object_object_add(o, "functions", functions_json(record));
	json_object_object_add(o, "companions", companions_json(record));
	json_object_object_add(o, "picture", text_or_null(picture));
	explain_log(record->log, false, &said);
	json_object_object_add(o, "said", text_or_null(said.line));
	json_object_object_add(o, "cause", text_or_null(said.cause));
	json_object_object_add(o, "remedy", text_or_null(said.remedy));
	return o;
}

int command_status(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? running(name, &record, err) : NULL;
	own_condition struct condition now = {0};

	if (name && !dir)
		last_end_tell(name);
	if (!dir)
		return ERROR_FAILED;
	now = condition_of(dir, &record, CONDITION_WHOLE);
	own_json json_object *o = status_json(name, dir, &record, &now);

	if (argument_option(args, "json"))
		print_document(o);
	else
		status_print(name, dir, &record, &now, o);
	return 0;
}
