/* Tab in the shell: what the schema knows, and names that the running QEMU has now. */
#include <glob.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "common.h"
#include "qmp/complete.h"
#include "shell_private.h"

#define CANDIDATES_MOST 60
#define NOTE_MOST 60

/* ------------------------------------------------------------------ live names */

/* Asks a question about QEMU itself; the answer is the caller's, NULL where there is none. */
static json_object *ask_about(struct session *session, const char *command, const char *key,
			      const char *value)
{
	json_object *arguments = key ? json_object_new_object() : NULL, *answer = NULL;

	if (key)
		json_object_object_add(arguments, key, json_object_new_string(value));
	qmp_execute(session->qmp, command, arguments, TOOLS_ANSWER_MS, &answer, NULL);
	return answer;
}

struct name_list {
	char **name;
	size_t n;
};

static void add_name(struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->name[i], name) == 0)
			return;
	if (*name)
		*xappend(list->name, list->n) = xstrdup(name);
}

/* Adds a member of each object of a list, behind before. */
static void add_members(struct name_list *list, json_object *answer, const char *member,
			const char *before)
{
	size_t n =
		json_object_is_type(answer, json_type_array) ? json_object_array_length(answer) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = json_member_text(json_object_array_get_idx(answer, i), member);
		own_free char *whole = xasprintf("%s%s", before, name);

		if (*name)
			add_name(list, whole);
	}
}

/* The children of the QOM object that start leads to. */
static void add_qom_paths(struct session *session, struct name_list *list, const char *start)
{
	const char *slash = strrchr(start, '/');
	own_free char *parent = xstrndup(start, slash ? (size_t)(slash - start) : 0);
	own_free char *before = xasprintf("%s/", parent);
	own_json json_object *answer =
		ask_about(session, "qom-list", "path", *parent ? parent : "/");
	size_t n =
		json_object_is_type(answer, json_type_array) ? json_object_array_length(answer) : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(answer, i);
		own_free char *whole = xasprintf("%s%s", before, json_member_text(item, "name"));

		if (text_starts(json_member_text(item, "type"), "child<"))
			add_name(list, whole);
	}
}

static void add_files(struct name_list *list, const char *start)
{
	own_buf struct buf pattern = {0};
	glob_t found = {0};

	for (; *start; start++) {
		if (strchr("*?[\\", *start))
			buf_addc(&pattern, '\\');
		buf_addc(&pattern, *start);
	}
	buf_addc(&pattern, '*');
	if (glob(pattern.data, GLOB_MARK, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_name(list, found.gl_pathv[i]);
	globfree(&found);
}

/* Whether a name is one of a list of words that ends with NULL. */
static bool is_one_of(const char *name, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, name) == 0)
			return true;
	return false;
}

char **shell_names(void *what, const char *command, const char *path, const char *start, size_t *n)
{
	static const char *const nodes[] = {"node-name", "node",   "file", "backing",
					    "device",	 "top",	   "base", "drive",
					    "source",	 "target", NULL};
	static const char *const files[] = {"filename", "pidfile", "path", "logfile", NULL};
	struct session *session = what;
	struct name_list list = {0};
	const char *dot = strrchr(path, '.'), *last = dot ? dot + 1 : path;
	own_json json_object *answer = NULL;
	bool id = strcmp(last, "id") == 0;

	if (strcmp(last, "driver") == 0 || strcmp(last, "typename") == 0) {
		answer = ask_about(session, "qom-list-types", "implements", "device");
		add_members(&list, answer, "name", "");
	} else if (strcmp(command, "device_del") == 0 && id) {
		answer = ask_about(session, "qom-list", "path", "/machine/peripheral");
		add_members(&list, answer, "name", "");
	} else if (strcmp(command, "object-del") == 0 && id) {
		answer = ask_about(session, "qom-list", "path", "/objects");
		add_members(&list, answer, "name", "");
	} else if (strcmp(last, "chardev") == 0 || (text_starts(command, "chardev-") && id)) {
		answer = ask_about(session, "query-chardev", NULL, NULL);
		add_members(&list, answer, "label", "");
	} else if (text_starts(command, "job-") && id) {
		answer = ask_about(session, "query-jobs", NULL, NULL);
		add_members(&list, answer, "id", "");
	} else if (strcmp(last, "iothread") == 0) {
		answer = ask_about(session, "query-iothreads", NULL, NULL);
		add_members(&list, answer, "id", "");
	} else if (text_starts(command, "qom-") && strcmp(last, "path") == 0) {
		add_qom_paths(session, &list, start);
	} else if (is_one_of(last, nodes)) {
		answer = ask_about(session, "query-named-block-nodes", NULL, NULL);
		add_members(&list, answer, "node-name", "");
	} else if (is_one_of(last, files)) {
		add_files(&list, start);
	}
	*n = list.n;
	return list.name;
}

/* ------------------------------------------------------------------ the key */

static json_object *properties_of(void *session, const char *driver)
{
	return session_properties(session, driver);
}

static void list_candidates(struct shell *shell, const struct qmp_candidates *found)
{
	own_buf struct buf out = {0};
	size_t width = 0;

	for (size_t i = 0; i < found->n && i < CANDIDATES_MOST; i++)
		width = strlen(found->v[i].text) > width ? strlen(found->v[i].text) : width;
	for (size_t i = 0; i < found->n && i < CANDIDATES_MOST; i++) {
		own_free char *text = text_quote(found->v[i].text, 200);
		own_free char *note = text_quote(found->v[i].note, NOTE_MOST);

		buf_addf(&out, "  %-*s  %s\n", (int)width, text, note);
	}
	if (found->n > CANDIDATES_MOST)
		buf_addf(&out, "  and %zu more\n", found->n - CANDIDATES_MOST);
	terminal_print(&shell->terminal, out.data ? out.data : "  nothing");
}

void shell_complete(struct shell *shell)
{
	const char *words[40];
	own_qmp_candidates struct qmp_candidates found = {0};
	struct editor *editor = shell->terminal.editor;
	own_free char *start = NULL, *more = NULL;
	size_t n = 0, typed;

	for (int looks = 0; looks < 2; looks++)
		for (const struct shell_word *word = looks ? SHELL_LOOKS : SHELL_WORDS;
		     word->name && n + 1 < ARRAY_SIZE(words); word++)
			words[n++] = word->name;
	words[n] = NULL;
	qmp_complete(&(struct completing){session_schema(shell->session), words, shell_names,
					  properties_of, shell->session},
		     editor_text(editor), editor_cursor(editor), &found);
	start = qmp_common_start(&found);
	typed = editor_cursor(editor) - found.from;
	if (strlen(start) == typed && found.n != 1) {
		list_candidates(shell, &found);
		return;
	}
	more = xasprintf("%s%s", start, found.n == 1 && found.v[0].ends ? " " : "");
	if (text_is_printable(more))
		editor_complete(editor, found.from, more);
}
