/* Parts of what print.c prints, which `vmlaunch cpus` and the page print as well. */
#ifndef PLAN_PRINT_H
#define PLAN_PRINT_H

#include <json-c/json.h>

#include "base/buf.h"
#include "plan.h"

/* Where threads run, for a reader (nothing where none is pinned); and as an object that the caller
 * owns.
 */
void placement_print(struct buf *out, const struct placement *p);
json_object *placement_object(const struct placement *p);

/* What becomes of a prepared file, up to where it comes from: "unless it is there, copied from". */
const char *prepare_words(enum prepare_kind kind);

#endif
