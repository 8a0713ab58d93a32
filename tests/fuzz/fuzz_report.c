/* Fuzzes the guest's-eye program's report: what is taken apart, and what the judge says of it.
 * Besides memory errors this looks for a value that the text does not have, for words that a
 * terminal could take for an order or that grow with the guest's, and for a verdict without any.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "plan/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_lines(const struct report *report, size_t size)
{
	size_t bytes = 0;

	must(report->begin < report->end && report->end <= size);
	for (size_t i = 0; i < report->lines; i++) {
		const struct report_line *line = &report->line[i];

		must(*line->kind && text_is_printable(line->kind));
		for (size_t k = 0; k < line->pairs; k++) {
			must(*line->pair[k].key && text_is_printable(line->pair[k].key));
			must(line->pair[k].value[line->pair[k].len] == '\0');
			bytes += line->pair[k].len;
		}
	}
	must(bytes + report->lines + report->broken <= size);
}

static void check_verdicts(const struct guest_view *guest, const struct report *report)
{
	own_verdicts struct verdicts verdicts = {0};

	judge(&verdicts, guest, report);
	for (size_t i = 0; i < CAUSES_OF_43; i++) {
		const struct verdict *v = &verdicts.v[i];

		must(v->words.len > 0 && v->words.len < 1000);
		must(text_is_printable(v->words.data) && (!v->key || strchr(v->key, '.')));
		must(*cause_name(i) && *judgement_name(v->judgement));
	}
}

/* The first byte says what the machine should be like; the rest stands between the markers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned bits = size ? data[0] : 0;
	char section[] = "gpu";
	struct guest_function function[2] = {
		{section,
		 1,
		 0,
		 0,
		 {0x10de, 0x2820},
		 {0x1043, 0x1e6c},
		 true,
		 true,
		 true,
		 bits & 1,
		 bits & 2,
		 bits & 4,
		 bits & 8,
		 bits & 16},
		{.section = section,
		 .bus = 1,
		 .function = 1,
		 .id = {0x10de, 0x22bd},
		 .shares = true},
	};
	struct guest_view guest = {function, bits & 32 ? 2 : 0, bits & 32, 39,	    bits & 64,
				   0,	     bits & 128,	true,	   bits & 1};
	own_report struct report report = {0};
	own_error struct error *err = NULL;
	own_buf struct buf text = {0};

	buf_adds(&text, "VMPROBE begin version=1\n");
	buf_add(&text, data + (size != 0), size - (size != 0));
	buf_adds(&text, "\nVMPROBE end\n");
	must(report_parse(&report, text.data, text.len, &err) && !err);
	check_lines(&report, text.len);
	check_verdicts(&guest, &report);
	return 0;
}
