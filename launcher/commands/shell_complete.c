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
#include "usb.h"

/* So many are listed with a note each, and so many without. */
#define NOTED_MOST 60
#define NAMED_MOST 400
#define NOTE_MOST 60

/* A note that stands behind its name where there are columns of names: "deprecated". */
#define SHORT_NOTE 10

/* ------------------------------------------------------------------ live names */

/* Asks a question about QEMU itself; the answer is the caller's, NULL where there is none. */
static json_object *ask_about(struct session *session, const char *command, const char *key,
			      const char *value)
{
	json_object *arguments = key ? json_object_new_object() : NULL, *answer = NULL;

	if (key)
		json_add_text(arguments, key, value);
	qmp_execute(session->qmp, command, arguments, session->patience, &answer, NULL);
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

/* Adds a member of each object of a list; where each has a type of QOM's, only of children. */
static void add_members(struct name_list *list, json_object *answer, const char *member)
{
	size_t n =
		json_object_is_type(answer, json_type_array) ? json_object_array_length(answer) : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(answer, i);
		const char *type = json_member_text(item, "type");

		if (!*type || text_starts(type, "child<"))
			add_name(list, json_member_text(item, member));
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

/* What the lines of an answer of HMP's name, behind mark: "bus: pci.0", or before ": " where mark
 * is
 * "", as info network does.
 */
static void add_hmp_names(struct session *session, struct name_list *list, const char *command,
			  const char *mark)
{
	own_json json_object *answer =
		ask_about(session, "human-monitor-command", "command-line", command);
	const char *line =
		json_object_is_type(answer, json_type_string) ? json_object_get_string(answer) : "";

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *name = line + strspn(line, " \\");
		own_free char *one = NULL;
		size_t len;

		if (!text_starts(name, mark))
			continue;
		name += strlen(mark);
		len = strcspn(name, "\r\n");
		one = xstrndup(name, *mark ? len : strcspn(name, ":\r\n"));
		if (!strchr(one, ' ')) /* "hub 0:" */
			add_name(list, one);
	}
}

enum source {
	OF_TYPES,
	OF_DEVICES,
	OF_OBJECTS,
	OF_CHARDEVS,
	OF_JOBS,
	OF_IOTHREADS,
	OF_NETDEVS,
	OF_BUSES,
	OF_NODES,
	OF_QOM_PATHS,
	OF_FILES,
};

/* Whose names a member of a command's arguments takes, wherever it stands in them; the first row
 * counts.
 */
static const struct {
	const char *command; /* how its name begins */
	const char *member;
	enum source source;
} NAMED[] = {
	{"device_add", "driver", OF_TYPES},
	{"", "typename", OF_TYPES},
	{"device_add", "bus", OF_BUSES},
	{"device_del", "id", OF_DEVICES},
	{"device-sync-config", "id", OF_DEVICES},
	{"blockdev-", "id", OF_DEVICES},
	{"eject", "id", OF_DEVICES},
	{"object-del", "id", OF_OBJECTS},
	{"netdev_del", "id", OF_NETDEVS},
	{"set_link", "name", OF_NETDEVS},
	{"", "netdev", OF_NETDEVS},
	{"chardev-", "id", OF_CHARDEVS},
	{"ringbuf-", "device", OF_CHARDEVS},
	{"", "chardev", OF_CHARDEVS},
	{"job-", "id", OF_JOBS},
	{"block-job-", "device", OF_JOBS},
	{"", "iothread", OF_IOTHREADS},
	{"qom-", "path", OF_QOM_PATHS},
	{"", "node-name", OF_NODES},
	{"", "node", OF_NODES},
	{"", "file", OF_NODES},
	{"", "backing", OF_NODES},
	{"", "device", OF_NODES},
	{"", "drive", OF_NODES},
	{"", "top", OF_NODES},
	{"", "base", OF_NODES},
	{"", "source", OF_NODES},
	{"", "target", OF_NODES},
	{"", "filename", OF_FILES},
	{"", "pidfile", OF_FILES},
	{"", "path", OF_FILES},
	{"", "logfile", OF_FILES},
	{"", "mem-path", OF_FILES},
	{"", "romfile", OF_FILES},
};

/* Those who answer with a list of objects: the question, and the member that is the name. */
static const struct {
	const char *command, *key, *value, *member;
} LISTS[] = {
	[OF_TYPES] = {"qom-list-types", "implements", "device", "name"},
	[OF_DEVICES] = {"qom-list", "path", "/machine/peripheral", "name"},
	[OF_OBJECTS] = {"qom-list", "path", "/objects", "name"},
	[OF_CHARDEVS] = {"query-chardev", NULL, NULL, "label"},
	[OF_JOBS] = {"query-jobs", NULL, NULL, "id"},
	[OF_IOTHREADS] = {"query-iothreads", NULL, NULL, "id"},
	[OF_NODES] = {"query-named-block-nodes", NULL, NULL, "node-name"},
	[OF_FILES] = {NULL, NULL, NULL, NULL},
};

static void add_names_of(struct session *session, struct name_list *list, enum source source,
			 const char *start)
{
	own_json json_object *answer = NULL;

	if (source == OF_FILES) {
		add_files(list, start);
	} else if (source == OF_QOM_PATHS) {
		add_qom_paths(session, list, start);
	} else if (source == OF_NETDEVS) {
		add_hmp_names(session, list, "info network", "");
	} else if (source == OF_BUSES) {
		add_hmp_names(session, list, "info qtree", "bus: ");
	} else {
		answer = ask_about(session, LISTS[source].command, LISTS[source].key,
				   LISTS[source].value);
		add_members(list, answer, LISTS[source].member);
	}
}

static int order_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **shell_names(void *what, const char *command, const char *path, const char *start, size_t *n)
{
	struct name_list list = {0};
	const char *dot = strrchr(path, '.'), *last = dot ? dot + 1 : path;
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(NAMED) && !found; i++) {
		found = strcmp(NAMED[i].member, last) == 0 &&
			text_starts(command, NAMED[i].command);
		if (found)
			add_names_of(what, &list, NAMED[i].source, start);
	}
	/* QEMU's own order is that of a hash table. */
	if (list.n)
		qsort(list.name, list.n, sizeof(*list.name), order_names);
	*n = list.n;
	return list.name;
}

/* ------------------------------------------------------------------ the line */

/* Where in a line the command of QEMU's begins, and what stands there. */
struct part {
	size_t at;
	enum {
		PART_LINE,    /* a command, or a word of the shell's own */
		PART_COMMAND, /* a command */
		PART_HMP,
		PART_FILE,
		PART_EVENT,
		PART_USB,
		PART_NOTHING,
	} is;
};

static size_t skip_blanks(const char *line, size_t at)
{
	return at + strspn(line + at, " \t\n");
}

/* Behind the word at a place and the white space that follows; 0 where none does. */
static size_t skip_word(const char *line, size_t at)
{
	size_t end = at + strcspn(line + at, " \t\n");

	return line[end] ? skip_blanks(line, end) : 0;
}

/* What stands behind a word of the shell's own. */
static struct part part_behind(const char *line, size_t at, enum shell_takes takes)
{
	static const char only[] = "only ";
	size_t next = skip_word(line, at);

	switch (takes) {
	case TAKES_LINE:
		return (struct part){at, PART_LINE};
	case TAKES_WORD_AND_LINE:
		return (struct part){next ? next : at, next ? PART_LINE : PART_NOTHING};
	case TAKES_FILE_AND_COMMAND:
		return (struct part){next ? next : at, next ? PART_COMMAND : PART_FILE};
	case TAKES_FILE:
		return (struct part){at, PART_FILE};
	case TAKES_EVENT:
		return (struct part){at, next ? PART_NOTHING : PART_EVENT};
	case TAKES_EVENT_FILTER:
		if (text_starts(line + at, only))
			at = (size_t)(strrchr(line, ' ') - line) + 1;
		return (struct part){at, PART_EVENT};
	case TAKES_USB:
		return (struct part){at, PART_USB};
	default:
		return (struct part){at, PART_NOTHING};
	}
}

static struct part part_of(const char *line)
{
	static const char oob[] = "!oob ";
	struct part part = {skip_blanks(line, 0), PART_LINE};

	while (part.is == PART_LINE) {
		const char *rest = line + part.at;
		size_t behind = skip_word(line, part.at);
		const struct shell_word *word =
			behind ? shell_word_of(rest, strcspn(rest, " \t\n")) : NULL;

		if (*rest == ':' || *rest == '?')
			return (struct part){skip_blanks(line, part.at + 1),
					     *rest == ':' ? PART_HMP : PART_LINE};
		if (text_starts(rest, oob))
			return (struct part){part.at + strlen(oob), PART_COMMAND};
		if (!word)
			return part;
		part = part_behind(line, behind, word->takes);
	}
	return part;
}

/* ------------------------------------------------------------------ candidates */

static json_object *properties_of(void *session, const char *driver)
{
	return session_properties(session, driver);
}

static void offer_name(struct qmp_candidates *found, const char *name, const char *typed, bool ends)
{
	if (text_starts(name, typed))
		*xappend(found->v, found->n) =
			(struct qmp_candidate){xstrdup(name), xstrdup(""), ends};
}

static void find_files(const char *typed, struct qmp_candidates *found)
{
	struct name_list list = {0};

	add_files(&list, typed);
	for (size_t i = 0; i < list.n; i++) {
		offer_name(found, list.name[i], typed, !text_ends(list.name[i], "/"));
		free(list.name[i]);
	}
	free(list.name);
}

static void find_events(struct session *session, const char *typed, struct qmp_candidates *found)
{
	own_free const char **names = NULL;
	size_t n;

	names = schema_names(session_schema(session), SCHEMA_EVENT, &n);
	for (size_t i = 0; i < n; i++)
		offer_name(found, names[i], typed, true);
}

/* HMP's help has a line "NAME|SHORT ARGUMENTS -- WORDS" for each command, and that of info
 * "info NAME ARGUMENTS -- WORDS".
 */
static void find_hmp(struct session *session, const char *typed, struct qmp_candidates *found)
{
	bool info = text_starts(typed, "info ");
	own_json json_object *answer = ask_about(session, "human-monitor-command", "command-line",
						 info ? "help info" : "help");
	const char *line =
		json_object_is_type(answer, json_type_string) ? json_object_get_string(answer) : "";
	const char *word = info ? typed + strlen("info ") : typed;

	if (strchr(word, ' '))
		return;
	found->from += (size_t)(word - typed);
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *name = info && text_starts(line, "info ") ? line + 5 : line;
		own_free char *one = xstrndup(name, strcspn(name, " |\r\n"));

		if (*one && *one != '[' && strchr(name, ' '))
			offer_name(found, one, word, true);
	}
}

static void find_candidates(struct shell *shell, const char *line, const struct part *part,
			    struct qmp_candidates *found)
{
	const char *words[80];
	size_t n = 0, length = strlen(line + part->at);
	const char *last = line + part->at;

	if (part->is == PART_LINE || part->is == PART_COMMAND) {
		for (int looks = 0; looks < 2 && part->is == PART_LINE; looks++)
			for (const struct shell_word *word = looks ? SHELL_LOOKS : SHELL_WORDS;
			     word->name && n + 1 < ARRAY_SIZE(words); word++)
				words[n++] = word->name;
		words[n] = NULL;
		qmp_complete(&(struct completing){session_schema(shell->session), words,
						  shell_names, properties_of, shell->session},
			     line + part->at, length, found);
		found->from += part->at;
		return;
	}
	*found = (struct qmp_candidates){.from = part->at};
	if (part->is == PART_HMP)
		find_hmp(shell->session, last, found);
	else if (part->is == PART_FILE)
		find_files(last, found);
	else if (part->is == PART_EVENT)
		find_events(shell->session, last, found);
	else if (part->is == PART_USB)
		usb_complete(shell->session, last, found);
}

/* ------------------------------------------------------------------ the list */

static char *list_with_notes(const struct qmp_candidates *found)
{
	struct buf out = {0};
	size_t width = 0;

	for (size_t i = 0; i < found->n && i < NOTED_MOST; i++)
		width = strlen(found->v[i].text) > width ? strlen(found->v[i].text) : width;
	for (size_t i = 0; i < found->n && i < NOTED_MOST; i++) {
		own_free char *text = text_quote(found->v[i].text, 200);
		own_free char *note = text_quote(found->v[i].note, NOTE_MOST);

		buf_addf(&out, "  %-*s  %s\n", (int)width, text, note);
	}
	if (found->n > NOTED_MOST)
		buf_addf(&out, "  and %zu more\n", found->n - NOTED_MOST);
	return buf_steal(&out);
}

/* Columns, to be read downwards. */
static char *list_names(const struct qmp_candidates *found, size_t columns)
{
	size_t n = found->n < NAMED_MOST ? found->n : NAMED_MOST, width = 1, across, rows;
	own_free char **cell = xcalloc(n + 1, sizeof(*cell));
	struct buf out = {0};

	for (size_t i = 0; i < n; i++) {
		own_free char *text = text_quote(found->v[i].text, 200);
		const char *note = found->v[i].note;

		cell[i] = *note ? xasprintf("%s (%s)", text, note) : steal(&text);
		width = strlen(cell[i]) > width ? strlen(cell[i]) : width;
	}
	across = columns / (width + 2) ? columns / (width + 2) : 1;
	rows = (n + across - 1) / across;
	for (size_t row = 0; row < rows; row++)
		for (size_t i = row; i < n; i += rows)
			buf_addf(&out, "  %-*s%s", i + rows < n ? (int)width : 0, cell[i],
				 i + rows < n ? "" : "\n");
	if (found->n > n)
		buf_addf(&out, "  and %zu more\n", found->n - n);
	for (size_t i = 0; i < n; i++)
		free(cell[i]);
	return buf_steal(&out);
}

static void list_candidates(struct shell *shell, const struct qmp_candidates *found)
{
	own_free char *text = NULL;
	bool noted = false;

	for (size_t i = 0; i < found->n; i++)
		noted |= strlen(found->v[i].note) > SHORT_NOTE;
	text = !found->n ? xstrdup("  nothing")
	       : noted	 ? list_with_notes(found)
			 : list_names(found, shell->terminal.columns);
	terminal_print(&shell->terminal, text);
}

void shell_complete(struct shell *shell)
{
	own_qmp_candidates struct qmp_candidates found = {0};
	struct editor *editor = shell->terminal.editor;
	own_free char *line = xstrndup(editor_text(editor), editor_cursor(editor));
	own_free char *start = NULL, *more = NULL;
	struct part part = part_of(line);
	size_t typed;

	find_candidates(shell, line, &part, &found);
	start = qmp_common_start(&found);
	typed = strlen(line) - found.from;
	if (!found.n || (strlen(start) == typed && found.n != 1)) {
		list_candidates(shell, &found);
		return;
	}
	more = xasprintf("%s%s", start, found.n == 1 && found.v[0].ends ? " " : "");
	if (text_is_printable(more))
		editor_complete(editor, found.from, more);
}
