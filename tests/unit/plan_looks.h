/* What is looked for in a plan, whatever host it is made for; behind the header that has that host.
 */
#ifndef TESTS_PLAN_LOOKS_H
#define TESTS_PLAN_LOOKS_H

#include "scratch.h"

#include "base/text.h"
#include "plan/plan.h"

struct world;

static inline struct plan *compose(struct world *w, const char *text, struct error **err);

static inline struct plan *planned(struct world *w, const char *text)
{
	struct error *err = NULL;
	struct plan *plan = compose(w, text, &err);

	assert_messages(err, "");
	assert_non_null(plan);
	return plan;
}

static inline void refused(struct world *w, const char *text, enum error_kind kind,
			   const char *want)
{
	struct error *err = NULL;

	assert_null(compose(w, text, &err));
	assert_non_null(err);
	assert_int_equal(error_kind(err), kind);
	assert_messages(err, want);
}

/* The argument with this option and (from its start) this value, or NULL. */
static inline const struct argument *find(const struct plan *plan, const char *option,
					  const char *value)
{
	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];

		if (strcmp(a->option, option) == 0 &&
		    (!value || (a->value && text_starts(a->value, value))))
			return a;
	}
	return NULL;
}

static inline void lacks(const struct plan *plan, const char *option, const char *value)
{
	if (find(plan, option, value))
		fail_msg("%s %s should not be there", option, value ? value : "");
}

static inline void notes_are(const struct plan *plan, const char *want)
{
	own_buf struct buf all = {0};

	buf_adds(&all, "");
	for (size_t i = 0; i < plan->notes; i++)
		buf_addf(&all, "%s\n", plan->note[i]);
	assert_string_equal(all.data, want);
}

#endif
