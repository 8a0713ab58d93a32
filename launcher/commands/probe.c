/* The guest's-eye program in the profile's machine. Its report comes over the debug port, into
 * memory and not to the terminal: firmware that shares the port may write before and after it. Here
 * it is judged by what the profile wanted (plan/judge.h) and printed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "plan/judge.h"
#include "rounds.h"
#include "run/machine.h"

#define REPORT_LIMIT (1U << 20)

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
		error_add(
			err, ERROR_HOST,
			"the guest's-eye program was not built: install gnu-efi and run make again");
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

static json_object *value_json(const struct report_pair *pair)
{
	/* Anything that is no text is told as the bytes' own Latin-1, so that JSON stays JSON. */
	own_buf struct buf out = {0};

	if (text_utf8(pair->value, pair->len) == pair->len)
		return json_object_new_string_len(pair->value, (int)pair->len);
	for (size_t i = 0; i < pair->len; i++) {
		unsigned char c = (unsigned char)pair->value[i];

		if (c >= 0x80)
			buf_addc(&out, (char)(0xc0 | c >> 6));
		buf_addc(&out, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
	}
	return json_object_new_string_len(out.data, (int)out.len);
}

static json_object *report_json(const struct report *report)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < report->lines; i++) {
		const struct report_line *line = &report->line[i];
		json_object *o = json_object_new_object();

		json_add_text(o, "kind", line->kind);
		for (size_t k = 0; k < line->pairs; k++)
			/* A BAR has a kind of its own, and so has a verdict. */
			json_object_object_add(
				o,
				strcmp(line->pair[k].key, "kind") == 0 ? "type" : line->pair[k].key,
				value_json(&line->pair[k]));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *verdicts_json(const struct verdicts *verdicts)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < CAUSES_OF_43; i++) {
		const struct verdict *v = &verdicts->v[i];
		json_object *o = json_object_new_object();

		json_add_text(o, "cause", cause_name(i));
		json_add_text(o, "verdict", judgement_name(v->judgement));
		json_add_text(o, "words", v->words.data);
		json_add_text(o, "key", v->key);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(const struct report *report, const struct verdicts *verdicts)
{
	json_object *top = json_object_new_object();

	json_add_number(top, "version", 1);
	json_object_object_add(top, "report", report_json(report));
	json_add_number(top, "broken-lines", (int64_t)report->broken);
	json_object_object_add(top, "verdicts", verdicts_json(verdicts));
	print_document(top);
	json_object_put(top);
}

static void print_verdicts(const struct verdicts *verdicts)
{
	static const char *const words[] = {
		[JUDGED_NOTHING] = "does not apply",
		[JUDGED_OK] = "ok",
		[JUDGED_UNKNOWN] = "cannot tell",
		[JUDGED_PROBLEM] = "PROBLEM",
	};

	puts("\nKnown causes of Code 43");
	for (size_t i = 0; i < CAUSES_OF_43; i++) {
		const struct verdict *v = &verdicts->v[i];
		bool mend = v->key && v->judgement >= JUDGED_UNKNOWN;

		printf("  %-12s %-14s %s%s%s\n", cause_name(i), words[v->judgement], v->words.data,
		       mend ? ": see " : "", mend ? v->key : "");
	}
}

static void print_people(const struct buf *text, const struct report *report,
			 const struct verdicts *verdicts)
{
	size_t begin = report->begin;

	/* An empty line stands before the lines for programs. */
	while (begin && text->data[begin - 1] == '\n')
		begin--;
	printf("%.*s\n%s", (int)begin, text->data, text->data + report->end);
	print_verdicts(verdicts);
	if (report->broken)
		printf("\n%zu lines of the report could not be understood and do not count.\n",
		       report->broken);
}

/* False when there was no report. *problem: a verdict is one. */
static bool show(struct buf *text, const struct guest_view *guest, const struct arguments *args,
		 bool *problem, struct error **err)
{
	own_report struct report report = {0};
	own_verdicts struct verdicts verdicts = {0};

	clean(text);
	if (!report_parse(&report, text->data, text->len, err))
		return false;
	judge(&verdicts, guest, &report);
	if (argument_option(args, "lines"))
		printf("%.*s", (int)(report.end - report.begin), text->data + report.begin);
	else if (argument_option(args, "json"))
		print_json(&report, &verdicts);
	else
		print_people(text, &report, &verdicts);
	for (size_t i = 0; i < CAUSES_OF_43; i++)
		*problem = *problem || verdicts.v[i].judgement == JUDGED_PROBLEM;
	return true;
}

/* Seconds that are enough for the firmware and our program, on a busy machine too. */
#define PROBE_S 120
#define PROBE_EMULATED_S 600

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
	const char *rounds = argument_option(args, "rounds");
	uint64_t limit = 0, many = 0;
	struct ending ending;
	bool problem = false;

	if (!program)
		return ERROR_HOST;
	if (timeout && (!text_u64(timeout, 10, &limit) || limit < 1 || limit > 86400)) {
		error_add(err, ERROR_USAGE, "--timeout is a number of seconds, not '%s'", timeout);
		return ERROR_USAGE;
	}
	if (rounds && (!text_u64(rounds, 10, &many) || many < 1 || many > ROUNDS_MAX)) {
		error_add(err, ERROR_USAGE, "--rounds is a number from 1 to %d, not '%s'",
			  ROUNDS_MAX, rounds);
		return ERROR_USAGE;
	}
	if (many)
		return probe_rounds(args, (unsigned)many, err);
	what.probe_program = program;
	if (!gather(&g, args, &what, err))
		return ERROR_FAILED;
	if (!limit)
		limit = g.plan->kvm ? PROBE_S : PROBE_EMULATED_S;
	options.deadline = (int)limit * 1000;
	if (!run_gathered(&g, &options, &ending, err))
		return ERROR_FAILED;
	return show(&report, &g.plan->guest, args, &problem, err) && !problem ? 0 : ERROR_FAILED;
}
