/* Which commands are asked about first, and which only look.
 *
 * The rule: asked about is what no other command can take back. It ends or resets the guest, takes
 * away what the guest may be using, throws away data or writes over them. QEMU has more commands
 * with each release, so they are judged by the words of which their names are made, and by the
 * whole name where no word tells. Only looks what says so by a word of its name (query, get, list)
 * and by none of the others.
 */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "session.h"

struct judgement {
	const char *name, *why;
};

static const char TAKES_AWAY[] = "takes away what the guest may be using";
static const char WRITES_OVER[] = "writes over what its target holds";
static const char STRIKES[] = "makes the guest see an error, and may crash it";
static const char WRITES_FILE[] = "writes over its file if there is one";

/* By a word of the name. */
static const struct judgement BY_WORD[] = {
	{"quit", "ends the machine at once, as if its plug were pulled"},
	{"reset", "resets without asking the guest"},
	{"powerdown", "presses the guest's power button"},
	{"shutdown", "shuts the guest down"},
	{"suspend", "puts the guest to sleep"},
	{"nmi", STRIKES},
	{"inject", STRIKES},
	{"del", TAKES_AWAY},
	{"delete", "deletes what it names"},
	{"remove", TAKES_AWAY},
	{"release", TAKES_AWAY},
	{"eject", TAKES_AWAY},
	{"yank", "cuts connections"},
	{"load", "throws away what the guest has done since"},
	{"clear", "throws away what was recorded"},
	{"commit", WRITES_OVER},
	{"mirror", WRITES_OVER},
	{"backup", WRITES_OVER},
	{"amend", WRITES_OVER},
	{"create", WRITES_OVER},
	{"resize", "cuts off what lies behind a smaller size"},
};

static const struct judgement BY_NAME[] = {
	{"migrate", "moves the machine elsewhere"},
	{"blockdev-change-medium", TAKES_AWAY},
	{"blockdev-open-tray", TAKES_AWAY},
	{"change-backing-file", WRITES_OVER},
};

/* These ask where the file is there already, or may be. */
static const char *const WRITERS[][2] = {
	{"screendump", "filename"},
	{"memsave", "filename"},
	{"pmemsave", "filename"},
	{"dump-skeys", "filename"},
	{"dump-guest-memory", "protocol"},
	{"dumpdtb", "filename"},
	{"xen-save-devices-state", "filename"},
};

/* Of HMP, what is not judged by the words of its name. */
static const struct judgement BY_HMP[] = {
	{"q", "ends the machine at once, as if its plug were pulled"},
	{"loadvm", "throws away what the guest has done since"},
	{"delvm", "deletes a snapshot"},
	{"savevm", "writes over a snapshot of that name"},
	{"change", TAKES_AWAY},
	{"mce", STRIKES},
	{"migrate", "moves the machine elsewhere"},
	{"o", "writes to the hardware behind the guest's back"},
	{"qemu-io", "may write to disks behind the guest's back"},
	{"wavcapture", WRITES_FILE},
	{"screendump", WRITES_FILE},
	{"memsave", WRITES_FILE},
	{"pmemsave", WRITES_FILE},
	{"dump-guest-memory", WRITES_FILE},
	{"dump-skeys", WRITES_FILE},
	{"dumpdtb", WRITES_FILE},
};

static const char *judged_by(const struct judgement *rows, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return rows[i].why;
	return NULL;
}

static const char *judged_by_words(const char *name)
{
	const char *why = NULL;

	while (*name && !why) {
		size_t len = strcspn(name, "-_");

		why = judged_by(BY_WORD, ARRAY_SIZE(BY_WORD), name, len);
		name += len;
		name += *name != '\0';
	}
	return why;
}

/* QEMU may be in another directory: what a relative name means there is not known here. */
static const char *judge_writer(const char *command, json_object *arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(WRITERS); i++) {
		const char *path = json_member_text(arguments, WRITERS[i][1]);

		if (strcmp(WRITERS[i][0], command) != 0)
			continue;
		path += text_starts(path, "file:") ? strlen("file:") : 0;
		return *path == '/' && access(path, F_OK) != 0 ? NULL : WRITES_FILE;
	}
	return NULL;
}

static const char *judge_hmp(json_object *arguments)
{
	own_free char *word = NULL;
	const char *line = json_member_text(arguments, "command-line"), *why;

	line += strspn(line, " \t");
	word = xstrndup(line, strcspn(line, " \t/"));
	why = judged_by(BY_HMP, ARRAY_SIZE(BY_HMP), word, strlen(word));
	return why ? why : judged_by_words(word);
}

/* The worst of a transaction's actions. */
static const char *judge_transaction(json_object *arguments)
{
	json_object *actions = NULL;
	const char *why = NULL;
	size_t n = 0;

	if (json_object_object_get_ex(arguments, "actions", &actions) &&
	    json_object_is_type(actions, json_type_array))
		n = json_object_array_length(actions);
	for (size_t i = 0; i < n && !why; i++) {
		json_object *action = json_object_array_get_idx(actions, i), *data = NULL;

		json_object_object_get_ex(action, "data", &data);
		why = session_danger(json_member_text(action, "type"), data);
	}
	return why;
}

const char *session_danger(const char *command, json_object *arguments)
{
	const char *why;

	if (text_starts(command, "query-") || text_starts(command, "x-query-"))
		return NULL;
	if (strcmp(command, "human-monitor-command") == 0)
		return judge_hmp(arguments);
	if (strcmp(command, "transaction") == 0)
		return judge_transaction(arguments);
	why = judged_by(BY_NAME, ARRAY_SIZE(BY_NAME), command, strlen(command));
	why = why ? why : judge_writer(command, arguments);
	return why ? why : judged_by_words(command);
}

/* Whether a command only looks. */
static bool only_looks(const char *command, json_object *arguments)
{
	static const char *const words[] = {"query", "get", "list", "status"};
	static const char *const names[] = {"guest-ping", "guest-info", "guest-sync",
					    "guest-sync-delimited"};
	const char *line = json_member_text(arguments, "command-line");

	if (strcmp(command, "human-monitor-command") == 0)
		return strcmp(line, "info") == 0 || strcmp(line, "help") == 0 ||
		       text_starts(line, "info ") || text_starts(line, "help ");
	if (session_danger(command, arguments))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], command) == 0)
			return true;
	for (const char *name = command; *name;) {
		size_t len = strcspn(name, "-_");

		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (strlen(words[i]) == len && strncmp(words[i], name, len) == 0)
				return true;
		name += len;
		name += *name != '\0';
	}
	return false;
}

bool session_may(const struct session *session, const char *command, json_object *arguments,
		 struct error **err)
{
	own_free char *shown = text_quote(command, 64);

	if (!session->read_only || only_looks(command, arguments))
		return true;
	error_add(err, ERROR_USAGE, "%s: not sent: with --read-only only what looks is", shown);
	return false;
}
