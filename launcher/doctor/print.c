/* Findings for people and for programs. Problems come first, each with what helps; what is well is
 * a number, unless all is asked for.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/paper.h"
#include "base/text.h"
#include "doctor.h"

#define MARK 9	/* width of "PROBLEM" and its space */
#define LABEL 9 /* likewise of "seen in" */

static const struct {
	const char *mark; /* for people */
	bool shown;	  /* without --verbose */
	bool remedied;	  /* what helps is told */
} HEALTH[] = {
	[HEALTH_OK] = {"ok", false, false},	    [HEALTH_NOTE] = {"note", true, true},
	[HEALTH_ABSENT] = {"absent", true, true},   [HEALTH_UNKNOWN] = {"unknown", true, true},
	[HEALTH_PROBLEM] = {"PROBLEM", true, true},
};
_Static_assert(ARRAY_SIZE(HEALTH) == HEALTHS, "a mark for each");

static const char *const HEADING[] = {
	[GROUP_HOST] = "This computer",	     [GROUP_GPU] = "Devices for guests",
	[GROUP_QEMU] = "QEMU and firmware",  [GROUP_BESIDE] = "Programs beside QEMU",
	[GROUP_PLAN] = "The profile's plan",
};
_Static_assert(ARRAY_SIZE(HEADING) == CHECK_GROUPS, "a heading for each");

static size_t count_findings(const struct findings *findings, enum health health)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->v[i].health == health;
	return n;
}

static void put_finding(struct buf *out, const struct finding *f, bool all)
{
	int indent = 2 + MARK;

	paper_put(out, 2, indent, "%-*s%s: %s", MARK, HEALTH[f->health].mark, f->check, f->cause);
	if (f->file && (all || f->health >= HEALTH_UNKNOWN))
		paper_put(out, indent, indent + LABEL, "%-*s%s%s%s", LABEL, "seen in", f->file,
			  f->value ? ": " : "", f->value ? f->value : "");
	if (f->remedy && HEALTH[f->health].remedied)
		paper_put(out, indent, indent + LABEL, "%-*s%s", LABEL, "remedy", f->remedy);
}

static void put_group(struct buf *out, const struct findings *findings, enum check_group group,
		      bool all)
{
	bool headed = false;

	/* The gravest first, else in the order of the table. */
	for (int health = HEALTH_PROBLEM; health >= HEALTH_OK; health--)
		for (size_t i = 0; i < findings->n; i++) {
			const struct finding *f = &findings->v[i];

			if (f->group != group || f->health != (enum health)health ||
			    (!all && !HEALTH[health].shown))
				continue;
			if (!headed)
				buf_addf(out, "\n%s\n", HEADING[group]);
			headed = true;
			put_finding(out, f, all);
		}
}

char *findings_text(const struct findings *findings, bool all)
{
	size_t problems = count_findings(findings, HEALTH_PROBLEM),
	       ok = count_findings(findings, HEALTH_OK);
	size_t unknown = count_findings(findings, HEALTH_UNKNOWN),
	       absent = count_findings(findings, HEALTH_ABSENT);
	struct buf out = {0};

	buf_addf(&out, "%zu problem%s, %zu cannot be told, %zu ok", problems,
		 problems == 1 ? "" : "s", unknown, ok);
	if (absent)
		buf_addf(&out, "; %zu not there, which only some profiles want", absent);
	buf_adds(&out, all ? ".\n" : ". --verbose shows all.\n");
	for (int group = 0; group < CHECK_GROUPS; group++)
		put_group(&out, findings, (enum check_group)group, all);
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ for programs */

static json_object *text_json(const char *text)
{
	own_free char *shown = text ? text_quote(text, SIZE_MAX) : NULL;

	return shown ? json_object_new_string(shown) : NULL;
}

static json_object *finding_json(const struct finding *f)
{
	json_object *o = json_object_new_object(), *evidence = NULL;

	if (f->file) {
		evidence = json_object_new_object();
		json_object_object_add(evidence, "file", text_json(f->file));
		json_object_object_add(evidence, "value", text_json(f->value));
	}
	json_add_text(o, "check", f->check);
	json_add_text(o, "group", check_group_word(f->group));
	json_add_text(o, "verdict", health_word(f->health));
	json_object_object_add(o, "cause", text_json(f->cause));
	json_object_object_add(o, "evidence", evidence);
	json_object_object_add(o, "remedy", text_json(f->remedy));
	return o;
}

char *findings_json(const struct findings *findings, const struct patient *patient)
{
	own_json json_object *top = json_object_new_object();
	json_object *list = json_object_new_array();

	json_add_number(top, "version", 1);
	json_add_text(top, "verdict", health_word(findings_worst(findings)));
	json_add_text(top, "boot_loader", boot_loader_word(patient->setup->loader));
	for (size_t i = 0; i < findings->n; i++)
		json_object_array_add(list, finding_json(&findings->v[i]));
	json_object_object_add(top, "findings", list);
	return json_document(top);
}
