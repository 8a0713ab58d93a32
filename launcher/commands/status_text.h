/* Machines in words, for a terminal: of list and status. */
#ifndef COMMANDS_STATUS_TEXT_H
#define COMMANDS_STATUS_TEXT_H

#include <json-c/json.h>

#include "condition.h"
#include "run/record.h"

/* The titles of the list, and the row of a machine, with what else there is to say of it. */
void status_print_head(void);
void status_print_row(const char *name, const struct run_record *record,
		      const struct condition *now);

/* All about one, whose directory is dir and whose status as JSON is o. */
void status_print(const char *name, const char *dir, const struct run_record *record,
		  const struct condition *now, json_object *o);

#endif
