#include "record.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/root.h"
#include "base/text.h"
#include "record_ports.h"

#define RECORD_LIMIT 65536
#define FUNCTIONS_LIMIT 256
#define ARGS_LIMIT 64
#define USBS_LIMIT 64
#define TIME_LIMIT 86400000 /* the longest of [shutdown] */

bool run_record_alive(const struct run_record *record)
{
	return process_is_of_this_boot(record->boot_id) && process_alive(record->qemu);
}

static void companion_free(struct plan_companion *companion)
{
	free(companion->name);
	free(companion->log);
	free(companion->loss);
	names_free(companion->argv, companion->args);
}

void run_record_free(struct run_record *record)
{
	free(record->name);
	free(record->profile);
	free(record->log);
	free(record->boot_id);
	free(record->held.state);
	free(record->shared.path);
	for (size_t i = 0; i < record->companions; i++)
		companion_free(&record->companion[i]);
	free(record->companion);
	free(record->beside);
	for (size_t i = 0; i < record->usbs; i++) {
		free(record->usb[i].title);
		free(record->usb[i].id);
		free(record->usb[i].device);
	}
	free(record->usb);
	free(record->placement.vcpu);
	free(record->idle.range);
	free(record->forward);
	for (size_t i = 0; i < record->functions; i++) {
		free(record->function[i].address);
		free(record->function[i].driver);
	}
	free(record->function);
	*record = (struct run_record){0};
}

void run_record_add_companion(struct run_record *record, struct plan_companion companion,
			      struct process process)
{
	record->beside = xgrow(record->beside, record->companions, sizeof(*record->beside));
	record->beside[record->companions] = process;
	*xappend(record->companion, record->companions) = companion;
}

/* ------------------------------------------------------------------ to text */

static const struct time_row {
	const char *key;
	size_t offset;
} TIME[] = {
	{"again-ms", offsetof(struct shutdown_times, again)},
	{"force-within-ms", offsetof(struct shutdown_times, force_within)},
	{"quit-ms", offsetof(struct shutdown_times, quit)},
	{"terminate-ms", offsetof(struct shutdown_times, terminate)},
	{"kill-ms", offsetof(struct shutdown_times, kill)},
};
_Static_assert(ARRAY_SIZE(TIME) * sizeof(unsigned) == sizeof(struct shutdown_times),
	       "each time of the way down has a key");

static json_object *times_json(const struct shutdown_times *times)
{
	json_object *o = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(TIME); i++)
		json_add_number(o, TIME[i].key,
				*(const unsigned *)((const char *)times + TIME[i].offset));
	return o;
}

static json_object *file_json(const struct run_file *file)
{
	json_object *o = json_object_new_object();

	json_add_text(o, "path", file->path);
	json_add_unsigned(o, "device", file->device);
	json_add_unsigned(o, "inode", file->inode);
	return o;
}

static json_object *companions_json(const struct run_record *record)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < record->companions; i++) {
		const struct plan_companion *companion = &record->companion[i];
		json_object *o = json_object_new_object(), *argv = json_object_new_array();

		json_add_text(o, "name", companion->name);
		json_add_text(o, "log", companion->log);
		for (size_t k = 0; k < companion->args; k++)
			json_object_array_add(argv, json_object_new_string(companion->argv[k]));
		json_object_object_add(o, "argv", argv);
		json_add_text(o, "loss", companion->loss);
		json_add_unsigned(o, "closed", companion->closed);
		if (companion->when == COMPANION_BEFORE)
			json_object_object_add(o, "process", json_process(record->beside[i]));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *usbs_json(const struct run_record *record)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < record->usbs; i++) {
		json_object *o = json_object_new_object();

		json_add_text(o, "section", record->usb[i].title);
		json_add_text(o, "id", record->usb[i].id);
		json_add_text(o, "device", record->usb[i].device);
		json_add_number(o, "port", (int)record->usb[i].port);
		json_add_number(o, "bootindex", (int)record->usb[i].bootindex);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *functions_json(const struct run_record *record)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < record->functions; i++) {
		json_object *o = json_object_new_object();

		json_add_text(o, "address", record->function[i].address);
		json_add_text(o, "driver", record->function[i].driver);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *placement_json(const struct placement *p)
{
	json_object *o = json_object_new_object(), *vcpus = json_object_new_array();
	own_free char *emulator = cpu_set_text(&p->emulator);
	own_free char *iothread = cpu_set_text(&p->iothread);

	for (size_t i = 0; i < p->n; i++)
		json_object_array_add(vcpus, json_object_new_int(p->vcpu[i]));
	json_object_object_add(o, "vcpus", vcpus);
	json_add_text(o, "emulator", emulator);
	json_add_text(o, "iothread", iothread);
	return o;
}

bool run_record_write(const char *dir, const struct run_record *record, struct error **err)
{
	own_free char *path = path_join(dir, "run.json"), *boot = process_boot_id();
	json_object *o = json_object_new_object();
	const char *text;
	bool good;

	json_add_number(o, "version", 1);
	json_add_text(o, "name", record->name);
	json_add_text(o, "profile", record->profile);
	json_add_text(o, "log", record->log);
	json_add_text(o, "boot-id", boot);
	json_add_number(o, "started", record->started);
	json_add_number(o, "down-since", record->down.since);
	json_add_number(o, "down-quits", record->down.quits);
	if (record->held.since) {
		json_add_text(o, "held", record->held.state);
		json_add_number(o, "held-since", record->held.since);
	}
	json_object_object_add(o, "supervisor", json_process(record->supervisor));
	json_object_object_add(o, "qemu", json_process(record->qemu));
	if (record->keeper.pid)
		json_object_object_add(o, "keeper", json_process(record->keeper));
	json_object_object_add(o, "shutdown", times_json(&record->times));
	json_add_bool(o, "terminal", record->terminal);
	if (record->shared.path)
		json_object_object_add(o, "shared-memory", file_json(&record->shared));
	json_object_object_add(o, "functions", functions_json(record));
	json_object_object_add(o, "companions", companions_json(record));
	json_object_object_add(o, "usb", usbs_json(record));
	if (record->placement.pinned)
		json_object_object_add(o, "placement", placement_json(&record->placement));
	json_add_bool(o, "let-go", record->let_go);
	json_add_bool(o, "quiet", record->quiet);
	json_add_text(o, "host-sleep", plan_sleep_word(record->sleep));
	json_object_object_add(o, "idle", plan_idle_json(&record->idle));
	json_add_bool(o, "idle-paused", record->idle_paused);
	json_object_object_add(o, "forward", plan_forwards_json(record->forward, record->forwards));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		no_memory();
	good = file_write(path, text, strlen(text), 0600, VOLATILE, err);
	json_object_put(o);
	return good;
}

static struct process member_process(json_object *o, const char *key)
{
	struct process process;

	return json_member_process(o, key, &process) && process.pid ? process : (struct process){0};
}

/* All or none: half of them would be a way down that nobody chose. */
static void read_times(json_object *o, struct shutdown_times *times)
{
	json_object *value = json_member(o, "shutdown", json_type_object);

	for (size_t i = 0; value && i < ARRAY_SIZE(TIME); i++) {
		uint64_t ms = json_member_unsigned(value, TIME[i].key);

		if (ms == 0 || ms > TIME_LIMIT) {
			*times = (struct shutdown_times){0};
			return;
		}
		*(unsigned *)((char *)times + TIME[i].offset) = (unsigned)ms;
	}
}

static void read_shared(json_object *o, struct run_file *file)
{
	json_object *value = json_member(o, "shared-memory", json_type_object);
	own_free char *path = value ? xstrdup(json_member_text(value, "path")) : NULL;

	if (path && *path == '/')
		*file = (struct run_file){steal(&path), json_member_unsigned(value, "device"),
					  json_member_unsigned(value, "inode")};
}

/* They become part of paths in sysfs. */
static bool is_address(const char *s)
{
	return strchr(s, ':') && s[strspn(s, "0123456789abcdef:.")] == '\0' && !strstr(s, "..");
}

static bool is_driver(const char *s)
{
	return strlen(s) < STEP_DRIVER && text_is_printable(s) && !strchr(s, '/');
}

static void read_functions(json_object *o, struct run_record *record)
{
	json_object *list = json_member(o, "functions", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < FUNCTIONS_LIMIT; i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		own_free char *address = xstrdup(json_member_text(entry, "address"));
		own_free char *driver = xstrdup(json_member_text(entry, "driver"));

		if (is_address(address) && is_driver(driver))
			*xappend(record->function, record->functions) =
				(struct run_function){steal(&address), steal(&driver)};
	}
}

static bool read_companion(json_object *o, struct plan_companion *companion)
{
	json_object *argv = json_member(o, "argv", json_type_array);
	size_t n = argv ? json_object_array_length(argv) : 0;

	companion->when =
		json_member(o, "process", json_type_object) ? COMPANION_BEFORE : COMPANION_RUNNING;
	companion->name = xstrdup(json_member_text(o, "name"));
	companion->log = xstrdup(json_member_text(o, "log"));
	companion->loss = xstrdup(json_member_text(o, "loss"));
	companion->closed = (uint32_t)json_member_unsigned(o, "closed");
	for (size_t i = 0; i < n && i < ARGS_LIMIT; i++) {
		json_object *word = json_object_array_get_idx(argv, i);

		if (json_object_is_type(word, json_type_string))
			*xappend(companion->argv, companion->args) =
				xstrdup(json_object_get_string(word));
	}
	return companion->args == n && n && *companion->argv[0] == '/' && *companion->log == '/' &&
	       *companion->name && text_is_printable(companion->name) &&
	       text_is_printable(companion->loss);
}

static void read_companions(json_object *top, struct run_record *record)
{
	json_object *list = json_member(top, "companions", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < COMPANION_LIMIT; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		struct plan_companion companion = {0};

		if (read_companion(o, &companion))
			run_record_add_companion(record, companion, member_process(o, "process"));
		else
			companion_free(&companion);
	}
}

static void read_usbs(json_object *top, struct run_record *record)
{
	json_object *list = json_member(top, "usb", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < USBS_LIMIT; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		own_free char *title = xstrdup(json_member_text(o, "section")),
			      *id = xstrdup(json_member_text(o, "id"));
		own_free char *device = xstrdup(json_member_text(o, "device"));

		if (text_is_printable(title) && *id && text_is_printable(device))
			*xappend(record->usb, record->usbs) = (struct plan_usb){
				.title = steal(&title),
				.id = steal(&id),
				.device = steal(&device),
				.port = (unsigned)json_member_unsigned(o, "port"),
				.bootindex = (unsigned)json_member_unsigned(o, "bootindex"),
			};
	}
}

/* All or nothing, as it is pinned. */
static void read_placement(json_object *o, struct placement *p)
{
	json_object *value = json_member(o, "placement", json_type_object);
	json_object *vcpus = value ? json_member(value, "vcpus", json_type_array) : NULL;
	own_free char *emulator = value ? xstrdup(json_member_text(value, "emulator")) : NULL;
	own_free char *iothread = value ? xstrdup(json_member_text(value, "iothread")) : NULL;
	size_t n = vcpus ? json_object_array_length(vcpus) : 0;

	if (!n || n > CPU_SET_SIZE || !cpu_set_parse(&p->emulator, emulator) ||
	    !cpu_set_parse(&p->iothread, iothread))
		return;
	for (size_t i = 0; i < n; i++) {
		json_object *cpu = json_object_array_get_idx(vcpus, i);
		int64_t number =
			json_object_is_type(cpu, json_type_int) ? json_object_get_int64(cpu) : -1;

		if (number < 0 || number >= CPU_SET_SIZE)
			return;
		*xappend(p->vcpu, p->n) = (int)number;
		cpu_set_add(&p->vcpus, (unsigned)number);
	}
	p->pinned = true;
}

static enum host_sleep read_sleep(json_object *o)
{
	own_free char *word = xstrdup(json_member_text(o, "host-sleep"));

	for (int i = 0; i < SLEEPS; i++)
		if (strcmp(plan_sleep_word((enum host_sleep)i), word) == 0)
			return (enum host_sleep)i;
	return SLEEP_IGNORE;
}

bool run_record_read(const char *dir, struct run_record *record)
{
	own_free char *path = path_join(dir, "run.json");
	own_free char *text = file_read(path, RECORD_LIMIT, NULL);
	json_object *o = text ? json_tokener_parse(text) : NULL;

	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return false;
	}
	*record = (struct run_record){
		.name = xstrdup(json_member_text(o, "name")),
		.profile = xstrdup(json_member_text(o, "profile")),
		.log = xstrdup(json_member_text(o, "log")),
		.boot_id = xstrdup(json_member_text(o, "boot-id")),
		.supervisor = member_process(o, "supervisor"),
		.qemu = member_process(o, "qemu"),
		.keeper = member_process(o, "keeper"),
		.started = (int64_t)json_member_unsigned(o, "started"),
		.down = {(int64_t)json_member_unsigned(o, "down-since"),
			 (int64_t)json_member_unsigned(o, "down-quits")},
		.held = {xstrdup(json_member_text(o, "held")),
			 (int64_t)json_member_unsigned(o, "held-since")},
		.terminal = json_object_get_boolean(json_member(o, "terminal", json_type_boolean)),
		.let_go = json_object_get_boolean(json_member(o, "let-go", json_type_boolean)),
		.idle_paused =
			json_object_get_boolean(json_member(o, "idle-paused", json_type_boolean)),
		.quiet = json_object_get_boolean(json_member(o, "quiet", json_type_boolean)),
	};
	record->sleep = read_sleep(o);
	record_read_idle(o, &record->idle);
	record_read_forwards(o, record);
	read_times(o, &record->times);
	read_shared(o, &record->shared);
	read_functions(o, record);
	read_companions(o, record);
	read_usbs(o, record);
	read_placement(o, &record->placement);
	json_object_put(o);
	return true;
}

void run_record_tell_down(const char *dir, struct run_down down)
{
	own_run_record struct run_record record = {0};

	if (!run_record_read(dir, &record))
		return;
	record.down = down;
	run_record_write(dir, &record, NULL);
}

void run_record_tell_held(const char *dir, const char *state)
{
	own_run_record struct run_record record = {0};

	if (!run_record_read(dir, &record) || strcmp(record.held.state, state) == 0)
		return;
	free(record.held.state);
	record.held = (struct run_held){xstrdup(state), (int64_t)time(NULL)};
	run_record_write(dir, &record, NULL);
}

void run_record_tell_idle_paused(const char *dir, bool paused)
{
	own_run_record struct run_record record = {0};

	if (!run_record_read(dir, &record) || record.idle_paused == paused)
		return;
	record.idle_paused = paused;
	run_record_write(dir, &record, NULL);
}

void run_record_tell_let_go(const char *dir)
{
	own_run_record struct run_record record = {0};

	if (!run_record_read(dir, &record))
		return;
	record.let_go = true;
	run_record_write(dir, &record, NULL);
}
