#include "desktop_entry.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/uri.h"

#define GROUP "[Desktop Entry]"
#define VERSION "1.4" /* of the specification; nothing newer is used */

/* ------------------------------------------------------------------ writing */

/* A value of type string (section "Possible value types"). */
static void add_string(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "%s=%s", key, *value == ' ' ? "\\s" : "");
	for (value += *value == ' '; *value; value++)
		switch (*value) {
		case '\\':
			buf_adds(out, "\\\\");
			break;
		case '\n':
			buf_adds(out, "\\n");
			break;
		case '\t':
			buf_adds(out, "\\t");
			break;
		case '\r':
			buf_adds(out, "\\r");
			break;
		default:
			buf_addc(out, *value);
		}
	buf_addc(out, '\n');
}

static bool is_plain(const char *word)
{
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_/.,+@%:=-", *word))
			return false;
	return true;
}

/* One argument of Exec (section "The Exec key"): in quotes where it holds anything reserved, % is
 * doubled. No shell sees it.
 */
static void add_argument(struct buf *out, const char *word)
{
	bool quoted = !is_plain(word);

	buf_addf(out, "%s%s", out->len ? " " : "", quoted ? "\"" : "");
	for (; *word; word++) {
		if (strchr("\"`$\\", *word))
			buf_addc(out, '\\');
		else if (*word == '%')
			buf_addc(out, '%');
		buf_addc(out, *word);
	}
	if (quoted)
		buf_addc(out, '"');
}

/* The whole file has to be UTF-8, or no desktop reads it; a path with other bytes is named by its
 * URI.
 */
static char *profile_word(const char *path)
{
	return text_is_printable(path) ? xstrdup(path) : uri_of_path(path);
}

static void add_exec(struct buf *out, const struct entry_words *words, const char *command,
		     const char *variant)
{
	own_free char *profile = profile_word(words->profile);
	own_buf struct buf line = {0};

	add_argument(&line, words->program);
	add_argument(&line, command);
	add_argument(&line, "--notify");
	if (variant) {
		add_argument(&line, "--variant");
		add_argument(&line, variant);
	}
	add_argument(&line, profile);
	add_string(out, "Exec", line.data);
}

/* What a click on an action does, apart from the variants. */
static const struct {
	const char *id, *command, *name, *icon;
} ACTION[] = {
	{"Stop", "stop", "Shut down", "system-shutdown"},
	{"Status", "status", "Tell its state", "dialog-information"},
	{"Pause", "pause", "Pause", "media-playback-pause"},
	{"Resume", "resume", "Go on", "media-playback-start"},
	{"Reset", "reset", "Reset", "system-reboot"},
	{"Kill", "kill", "Force off", "process-stop"},
};

static void add_actions(struct buf *out, const struct profile *profile,
			const struct entry_words *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(ACTION); i++) {
		buf_addf(out, "\n[Desktop Action %s]\n", ACTION[i].id);
		add_string(out, "Name", ACTION[i].name);
		add_string(out, "Icon", ACTION[i].icon);
		add_exec(out, words, ACTION[i].command, NULL);
	}
	for (size_t i = 0; i < profile->knowns; i++) {
		own_free char *name = xasprintf("Start as %s", profile->known[i]);

		buf_addf(out, "\n[Desktop Action Variant%zu]\n", i + 1);
		add_string(out, "Name", name);
		add_exec(out, words, "run", profile->known[i]);
	}
}

/* The program whose window the start ends with; NULL: none opens. */
static const char *window_class(const struct profile *p)
{
	if (p->glass.resolution.width)
		return p->glass.start_client.v ? path_base(p->glass.client.v) : NULL;
	if (!p->display.start_viewer.v)
		return NULL;
	return p->display.viewer.v == VIEWER_RDP ? "xfreerdp" : "remote-viewer";
}

char *entry_text(const struct profile *profile, const struct entry_words *words)
{
	const char *name = words->title ? words->title : profile->vm.name.v;
	const char *window = window_class(profile);
	own_free char *uri = uri_of_path(words->profile);
	own_free char *comment = xasprintf("Start the virtual machine %s", profile->vm.name.v);
	struct buf out = {0};

	buf_adds(&out, GROUP "\nType=Application\nVersion=" VERSION "\n");
	add_string(&out, "Name", name);
	buf_adds(&out, "GenericName=Virtual Machine\n");
	add_string(&out, "Comment", comment);
	add_string(&out, "Icon", words->icon);
	add_string(&out, "TryExec", words->program);
	add_exec(&out, words, "run", words->variant);
	buf_adds(&out, "Terminal=false\nCategories=System;Emulator;\n"
		       "Keywords=virtual;machine;VM;QEMU;GPU;\n");
	/* Without a window of its own the busy cursor would only run into its time limit. */
	buf_addf(&out, "StartupNotify=%s\n", window ? "true" : "false");
	if (window)
		add_string(&out, "StartupWMClass", window);
	add_string(&out, ENTRY_PROFILE, uri);
	buf_adds(&out, "Actions=");
	for (size_t i = 0; i < ARRAY_SIZE(ACTION); i++)
		buf_addf(&out, "%s;", ACTION[i].id);
	for (size_t i = 0; i < profile->knowns; i++)
		buf_addf(&out, "Variant%zu;", i + 1);
	buf_addc(&out, '\n');
	add_actions(&out, profile, words);
	return buf_steal(&out);
}

char *entry_file(const char *machine)
{
	struct buf name = {0};

	buf_adds(&name, "org.vmlaunch.vm_");
	for (; *machine; machine++)
		if (isalnum((unsigned char)*machine) || *machine == '-')
			buf_addc(&name, *machine);
		else
			buf_addf(&name, "_%02x", (unsigned char)*machine);
	buf_adds(&name, ".desktop");
	return buf_steal(&name);
}

/* ------------------------------------------------------------------ reading */

/* Undoes add_string(). */
static char *string_value(const char *s, size_t len)
{
	static const char from[] = "sntr\\", to[] = " \n\t\r\\";
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0; i < len; i++) {
		const char *escape =
			s[i] == '\\' && i + 1 < len && s[i + 1] ? strchr(from, s[i + 1]) : NULL;

		buf_addc(&out, escape ? to[escape - from] : s[i]);
		i += escape != NULL;
	}
	return buf_steal(&out);
}

char *entry_value(const char *text, const char *key)
{
	const char *group = text_starts(text, GROUP "\n") ? text : strstr(text, "\n" GROUP "\n");
	size_t n = strlen(key);

	if (!group)
		return NULL;
	for (const char *line = strchr(group + 1, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (*line == '[' && !text_starts(line, GROUP "\n"))
			return NULL;
		if (strncmp(line, key, n) == 0 && line[n] == '=')
			return string_value(line + n + 1, strcspn(line + n + 1, "\n"));
	}
	return NULL;
}
