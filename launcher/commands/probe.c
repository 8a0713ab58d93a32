/* The guest's-eye program in the profile's machine. Its report comes over the debug port, into
 * memory and not to the terminal: firmware that shares the port may write before and after it.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "run/machine.h"

#define REPORT_LIMIT (1U << 20)
#define BEGIN "VMPROBE begin version=1"
#define END "VMPROBE end"

/* Where the program may lie: beside a program that was built in its source tree, or where it was
 * installed. NULL with words when it is in none of these places.
 */
static char *find_program(struct error **err)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	own_free char *dir = NULL;
	char *place[4];
	char *found = NULL;

	self[n > 0 ? n : 0] = '\0';
	dir = path_dir(self);
	place[0] = path_join(dir, "build/probe.efi");
	place[1] = path_join(dir, "../probe.efi");
	place[2] = path_join(dir, "../lib/vmlaunch/probe.efi");
	place[3] = xstrdup(VMLAUNCH_LIBDIR "/probe.efi");
	for (size_t i = 0; i < ARRAY_SIZE(place); i++) {
		if (!found && access(place[i], R_OK) == 0)
			found = realpath(place[i], NULL);
		free(place[i]);
	}
	if (!found)
		error_add(err, ERROR_HOST,
			  "the guest's-eye program was not built: install gnu-efi and run make "
			  "again");
	return found;
}

static void collect(void *context, const char *data, size_t len)
{
	struct buf *report = context;

	if (report->len + len <= REPORT_LIMIT)
		buf_add(report, data, len);
}

/* Nothing but text reaches the terminal, whoever wrote it. */
static void clean(struct buf *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->len; i++) {
		char c = report->data[i];

		if (c == '\n' || (c >= 0x20 && c < 0x7f))
			report->data[kept++] = c;
	}
	report->len = kept;
	if (report->data)
		report->data[kept] = '\0';
}

/* %XX back into bytes, which json-c then escapes where JSON wants it. */
static json_object *value_json(const char *s, size_t len)
{
	struct buf out = {0};
	json_object *text;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = {0};
		uint64_t byte;

		if (s[i] == '%' && i + 2 < len + 0) {
			hex[0] = s[i + 1];
			hex[1] = s[i + 2];
		}
		if (*hex && text_u64(hex, 16, &byte) && byte) {
			buf_addc(&out, (char)byte);
			i += 2;
		} else {
			buf_addc(&out, s[i]);
		}
	}
	if (text_utf8(out.data ? out.data : "", out.len) < out.len)
		text = json_object_new_string_len(s, (int)len);
	else
		text = json_object_new_string_len(out.data ? out.data : "", (int)out.len);
	buf_free(&out);
	return text;
}

/* "VMPROBE kind key=value ...": an object with "kind" and the keys. */
static json_object *line_json(const char *line)
{
	json_object *o = json_object_new_object();
	bool first = true;

	line += strlen("VMPROBE ");
	while (*line) {
		size_t n = strcspn(line, " ");
		const char *equals = memchr(line, '=', n);

		if (first)
			json_object_object_add(o, "kind", json_object_new_string_len(line, (int)n));
		else if (equals) {
			own_free char *key = xstrndup(line, (size_t)(equals - line));

			json_object_object_add(
				o, key, value_json(equals + 1, n - (size_t)(equals + 1 - line)));
		}
		first = false;
		line += n;
		line += strspn(line, " ");
	}
	return o;
}

static void print_report(char *begin, char *end, const char *text, bool lines, bool json)
{
	json_object *top = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "report", list);
	if (!lines && !json) {
		printf("%.*s", (int)(begin - text), text);
		printf("%s", end + strlen(END) + strspn(end + strlen(END), "\n"));
	} else if (lines) {
		printf("%.*s\n", (int)(end + strlen(END) - begin), begin);
	} else {
		*end = '\0';
		for (char *line = strtok(begin, "\n"); line; line = strtok(NULL, "\n"))
			if (text_starts(line, "VMPROBE ") && !text_starts(line, BEGIN))
				json_object_array_add(list, line_json(line));
		puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY |
								 JSON_C_TO_STRING_NOSLASHESCAPE));
	}
	json_object_put(top);
}

static bool show(struct buf *report, const struct arguments *args, struct error **err)
{
	char *begin, *end;

	clean(report);
	begin = report->data ? strstr(report->data, BEGIN "\n") : NULL;
	end = begin ? strstr(begin, "\n" END) : NULL;
	if (!end) {
		error_add(err, ERROR_FAILED,
			  "the guest's-eye program %s; a longer --timeout gives a slow machine "
			  "more time",
			  begin ? "did not finish its report" : "did not report");
		return false;
	}
	print_report(begin, end + 1, report->data, argument_option(args, "lines"),
		     argument_option(args, "json"));
	return true;
}

int command_probe(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	own_free char *program = find_program(err);
	own_buf struct buf report = {0};
	struct supervise_options options = {
		.debug_sink = collect, .debug_context = &report, .hurried = true};
	struct gather_for what = {
		.purpose = PURPOSE_PROBE,
		.acts = true,
		.no_devices = argument_option(args, "no-devices"),
		.probe_parameters = "report=both",
	};
	const char *timeout = argument_option(args, "timeout");
	uint64_t limit = 120;
	struct ending ending;

	if (!program)
		return ERROR_HOST;
	if (timeout && (!text_u64(timeout, 10, &limit) || limit < 1 || limit > 86400)) {
		error_add(err, ERROR_USAGE, "--timeout is a number of seconds, not '%s'", timeout);
		return ERROR_USAGE;
	}
	if (argument_option(args, "host-root")) {
		error_add(err, ERROR_USAGE,
			  "a machine runs on this host: probe takes no --host-root");
		return ERROR_USAGE;
	}
	options.deadline = (int)limit * 1000;
	what.probe_program = program;
	if (!gather(&g, args, &what, err) || !run_gathered(&g, &options, &ending, err))
		return ERROR_FAILED;
	return show(&report, args, err) ? 0 : ERROR_FAILED;
}
