/* A command's arguments typed by the schema, before anything is sent. */
#ifndef QMP_TYPED_H
#define QMP_TYPED_H

#include "schema.h"

/* What is wrong with words of a command. */
struct qmp_fault {
	size_t word; /* its number; that of the words: it is what is missing behind them */
	bool value;  /* what stands behind "=" is meant, not the key */
	char *text;  /* a sentence, which is the fault's */
};

void qmp_fault_free(struct qmp_fault *fault);
#define own_qmp_fault own_with(qmp_fault_free)

/* What the words are typed by. */
struct typing {
	const struct schema *schema;
	/* The answer to device-list-properties for the driver of a device_add, whose schema knows
	 * three members of all; NULL where there is none.
	 */
	json_object *properties;
};

/* Whether a command takes a device's properties beside what the schema has: device_add. */
bool qmp_takes_properties(const char *command);

/* The arguments of a command, which the caller owns, from n words KEY=VALUE. Sizes may have a
 * suffix (80G: powers of 1024), booleans be on, off, yes or no; lists and objects may be JSON. A
 * string in double quotes is read as JSON's. NULL with *fault.
 */
json_object *qmp_typed_arguments(const struct typing *typing, const struct schema_entry *command,
				 char *const *words, size_t n, struct qmp_fault *fault);

/* Reads an integer as above into a JSON number that the caller owns, or NULL. */
json_object *qmp_integer(const char *text);

/* The property of that name in the answer to device-list-properties, or NULL. */
json_object *qmp_property(json_object *properties, const char *name);

#endif
