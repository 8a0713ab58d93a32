#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "host/answers.h"
#include "look_private.h"
#include "qmp/format.h"
#include "qmp/schema.h"
#include "run/explain.h"
#include "run/held.h"
#include "run/log.h"
#include "run/record.h"

#define KEYS_MOST 16
#define TABLE_COLUMNS 400

/* ------------------------------------------------------------------ asking */

static bool ask_alone(struct looking *looking, const char *command, json_object *arguments,
		      json_object **answer, struct error **err)
{
	return session_execute(looking->session, command, arguments, false, answer, err);
}

static bool rest_alone(struct looking *looking, int ms)
{
	(void)looking;
	poll(NULL, 0, ms);
	return true;
}

struct looking looking_alone(struct session *session)
{
	return (struct looking){session, ask_alone, rest_alone, NULL, NULL, NULL};
}

/* Behind what Tab completed there is a blank. */
json_object *look_find(struct looking *looking, const struct look *look, const char *name,
		       bool takes, const char *words, struct error **err)
{
	own_free char *given = xstrdup(words);

	for (size_t n = strlen(given); n && strchr(" \t", given[n - 1]); n--)
		given[n - 1] = '\0';
	if (takes || !*given)
		return look->find(looking, given, err);
	error_add(err, ERROR_USAGE, "%s stands alone", name);
	return NULL;
}

json_object *look_ask(struct looking *looking, const char *command, json_object *arguments,
		      struct error **err)
{
	json_object *answer = NULL;

	if (!session_may(looking->session, command, arguments, err)) {
		json_object_put(arguments);
		return NULL;
	}
	return looking->ask(looking, command, arguments, &answer, err) ? answer : NULL;
}

bool look_has(struct looking *looking, const char *command)
{
	const struct schema *schema = session_schema(looking->session);

	return !schema || schema_command(schema, command);
}

json_object *look_qom(struct looking *looking, const char *path, const char *property,
		      struct error **err)
{
	json_object *arguments = json_object_new_object();

	json_add_text(arguments, "path", path);
	json_add_text(arguments, "property", property);
	return look_ask(looking, "qom-get", arguments, err);
}

size_t look_length(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

int64_t look_number(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, json_type_int)
		       ? json_object_get_int64(value)
		       : -1;
}

/* qmp_table() takes one object for no table: it is given it twice, and the second line is left out.
 */
void look_table(struct buf *out, json_object *rows)
{
	own_json json_object *twice = json_object_new_array();
	own_free char *table = NULL;

	for (size_t i = 0; look_length(rows) == 1 && i < 2; i++)
		json_object_array_add(twice, json_object_get(json_object_array_get_idx(rows, 0)));
	table = qmp_table(look_length(twice) ? twice : rows, TABLE_COLUMNS);
	if (!table)
		return;
	if (look_length(twice)) {
		table[strlen(table) - 1] = '\0';
		*(strrchr(table, '\n') + 1) = '\0';
	}
	buf_adds(out, table);
}

/* ------------------------------------------------------------------ why */

/* What a run state means (QAPI: RunState) where held.h has nothing to say. */
static const char *state_words(const char *state)
{
	static const struct {
		const char *state, *words;
	} rows[] = {
		{"running", "the guest runs"},
		{"inmigrate", "it waits for a machine that moves here"},
		{"finish-migrate", "its state is being written out or sent away"},
		{"save-vm", "its state is being written out"},
		{"restore-vm", "its state is being read"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].words;
	return "a state that is not known here";
}

/* What the supervisor wrote into the log, a line with these words; the caller owns it. */
static char *logged_line(const struct session *session, const char *words)
{
	own_run_record struct run_record record = {0};

	return session->dir && run_record_read(session->dir, &record)
		       ? log_line_with(record.log, words)
		       : NULL;
}

/* The passed functions that are not well, with words on it. */
static json_object *lost_functions(const struct session *session)
{
	own_run_record struct run_record record = {0};
	json_object *list = json_object_new_array();
	struct root real = ROOT_REAL;

	if (!session->dir || !run_record_read(session->dir, &record))
		return list;
	for (size_t i = 0; i < record.functions; i++) {
		const char *address = record.function[i].address;
		const char *words = pci_answer_words(pci_answer_of(&real, address));
		json_object *o;

		if (!words)
			continue;
		o = json_object_new_object();
		json_add_text(o, "host", address);
		json_add_text(o, "problem", words);
		json_object_array_add(list, o);
	}
	return list;
}

/* What QEMU complained of since its start, and what that means. */
static void add_complaint(json_object *o, const struct session *session)
{
	own_run_record struct run_record record = {0};
	own_explained struct explained said = {0};

	if (!session->dir || !run_record_read(session->dir, &record) ||
	    !explain_log(record.log, false, &said))
		return;
	json_add_text(o, "said", said.line);
	json_add_text(o, "cause", said.cause);
	json_add_text(o, "remedy", said.remedy);
}

static json_object *find_why(struct looking *looking, const char *words, struct error **err)
{
	own_json json_object *status = look_ask(looking, "query-status", NULL, err), *blocks = NULL;
	const char *state = json_member_text(status, "status");
	own_free char *held_text = NULL, *crash = logged_line(looking->session, HELD_CRASH);
	own_free char *resets = logged_line(looking->session, HELD_RESETS);
	own_free char *damage = logged_line(looking->session, HELD_MEMORY);
	own_held struct held held = {0};
	json_object *o;

	(void)words;
	if (!status)
		return NULL;
	if (held_is(state) && strlen(state) < sizeof(held.state))
		strcpy(held.state, state);
	if (held_is_of_disks(state)) {
		blocks = look_ask(looking, "query-block", NULL, err);
		held_add_blocks(&held, blocks);
	}
	held_text = held_words(&held, looking->session->name);
	o = json_object_new_object();
	json_add_text(o, "state", state);
	json_add_text(o, "why", held_text ? held_text : state_words(state));
	json_add_text(o, "last-crash", crash ? crash : looking->crash);
	json_add_text(o, "resets", resets);
	json_add_text(o, "memory-failure", damage ? damage : looking->damage);
	json_object_object_add(o, "functions", lost_functions(looking->session));
	add_complaint(o, looking->session);
	return o;
}

static void print_why(struct buf *out, json_object *found)
{
	own_free char *state = text_quote(json_member_text(found, "state"), 40);
	own_free char *why = qmp_screen(json_member_text(found, "why"));
	const char *crash = json_member_text(found, "last-crash");
	const char *resets = json_member_text(found, "resets");
	const char *damage = json_member_text(found, "memory-failure");
	json_object *lost = json_object_object_get(found, "functions");

	buf_addf(out, "%s: %s", state, why);
	if (*crash)
		buf_addf(out, "last crash: %s\n", crash);
	if (*resets)
		buf_addf(out, "%s\n", resets);
	if (*damage)
		buf_addf(out, "%s\n", damage);
	for (size_t i = 0; i < look_length(lost); i++) {
		json_object *o = json_object_array_get_idx(lost, i);

		buf_addf(out, "%s %s\n", json_member_text(o, "host"),
			 json_member_text(o, "problem"));
	}
	if (*json_member_text(found, "said"))
		buf_addf(out, "QEMU said: %s\nwhich means: %s: %s\n",
			 json_member_text(found, "said"), json_member_text(found, "cause"),
			 json_member_text(found, "remedy"));
}

const struct look LOOK_WHY = {find_why, print_why, NULL};

/* ------------------------------------------------------------------ firmware */

/* RFC 4648, 4; false at the first byte that does not belong. */
static bool decode_base64(struct buf *out, const char *text)
{
	static const char of[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(of, *text);

		if (!at)
			return false;
		bits = bits << 6 | (unsigned)(at - of);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buf_addc(out, (char)(bits >> have & 0xff));
	}
	return true;
}

static json_object *find_firmware(struct looking *looking, const char *words, struct error **err)
{
	own_json json_object *answer = NULL;
	own_buf struct buf text = {0};
	json_object *o;

	(void)words;
	if (!look_has(looking, "query-firmware-log")) {
		error_add(
			err, ERROR_FAILED,
			"this QEMU has no query-firmware-log (10.2 and newer have): [console] debug-port shows what a firmware built for it prints");
		return NULL;
	}
	answer = look_ask(looking, "query-firmware-log", NULL, err);
	if (!answer)
		return NULL;
	buf_adds(&text, "");
	if (!decode_base64(&text, json_member_text(answer, "log")) ||
	    strlen(text.data) < text.len) {
		error_add(err, ERROR_FAILED, "the firmware's log is no text");
		return NULL;
	}
	o = json_object_new_object();
	json_add_text(o, "version", json_member_text(answer, "version"));
	json_add_text(o, "log", text.data);
	return o;
}

static void print_firmware(struct buf *out, json_object *found)
{
	own_free char *version = text_quote(json_member_text(found, "version"), 200);
	own_free char *log = qmp_screen(json_member_text(found, "log"));

	if (*version)
		buf_addf(out, "firmware: %s\n", version);
	buf_adds(out, log);
}

const struct look LOOK_FIRMWARE = {find_firmware, print_firmware, NULL};

/* ------------------------------------------------------------------ keys */

/* QEMU's name (QAPI: QKeyCode) of a key that people call otherwise. */
static const char *key_name(const char *name)
{
	static const char *const other[][2] = {
		{"control", "ctrl"}, {"enter", "ret"},	  {"return", "ret"}, {"escape", "esc"},
		{"del", "delete"},   {"super", "meta_l"}, {"win", "meta_l"}, {"space", "spc"}};

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (strcmp(other[i][0], name) == 0)
			return other[i][1];
	return name;
}

/* The arguments of send-key for "NAME-NAME...", typed by the schema, which has the names of keys;
 * NULL with an error.
 */
static json_object *keys_typed(struct looking *looking, const char *names, struct error **err)
{
	char *words[2 * KEYS_MOST];
	json_object *arguments = NULL;
	size_t n = 0;

	for (; *names && n < KEYS_MOST; n++) {
		own_free char *name = xstrndup(names, strcspn(names, "-"));

		words[2 * n] = xasprintf("keys.%zu.type=qcode", n);
		words[2 * n + 1] = xasprintf("keys.%zu.data=%s", n, key_name(name));
		names += strlen(name);
		names += *names == '-';
	}
	if (*names)
		error_add(err, ERROR_USAGE, "at most %d keys are pressed together", KEYS_MOST);
	else
		arguments = session_typed(looking->session, "send-key", words, 2 * n, err);
	while (n-- > 0) {
		free(words[2 * n]);
		free(words[2 * n + 1]);
	}
	return arguments;
}

/* send-key says {} also where the guest is held or has no keyboard, and the keys are lost;
 * input-send-event tells. Sent is the release of a key that nobody holds.
 */
static bool is_heard(struct looking *looking, struct error **err)
{
	json_object *arguments = json_object_new_object(), *events = json_object_new_array();
	json_object *event = json_object_new_object(), *data = json_object_new_object();
	json_object *key = json_object_new_object();
	own_json json_object *answer = NULL;

	json_add_text(key, "type", "qcode");
	json_add_text(key, "data", "ctrl");
	json_add_bool(data, "down", false);
	json_object_object_add(data, "key", key);
	json_add_text(event, "type", "key");
	json_object_object_add(event, "data", data);
	json_object_array_add(events, event);
	json_object_object_add(arguments, "events", events);
	answer = look_ask(looking, "input-send-event", arguments, err);
	if (!answer)
		error_context(err, "nothing of the guest's hears a key now");
	return answer;
}

static json_object *find_key(struct looking *looking, const char *words, struct error **err)
{
	json_object *arguments;

	if (!*words) {
		error_add(err, ERROR_USAGE, "key NAME-NAME-..., such as ctrl-alt-delete");
		return NULL;
	}
	arguments = keys_typed(looking, words, err);
	if (!arguments)
		return NULL;
	if (!is_heard(looking, err)) {
		json_object_put(arguments);
		return NULL;
	}
	return look_ask(looking, "send-key", arguments, err);
}

static void print_nothing(struct buf *out, json_object *found)
{
	(void)found;
	buf_adds(out, "");
}

const struct look LOOK_KEY = {find_key, print_nothing, NULL};
