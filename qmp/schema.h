/* What QEMU says about its own commands: the answer to query-qmp-schema (QEMU's
 * docs/devel/qapi-code-gen, "Client JSON Protocol introspection"), read once into a small table.
 * Types go by meaningless names there; their kinds and members are all that counts.
 */
#ifndef QMP_SCHEMA_H
#define QMP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

enum schema_kind {
	SCHEMA_COMMAND,
	SCHEMA_EVENT,
	SCHEMA_OBJECT,
	SCHEMA_ENUM,
	SCHEMA_ARRAY,
	SCHEMA_ALTERNATE,
	SCHEMA_BUILTIN,
};

/* A member of an object, a word of an enum, a kind of an alternate, a case of a variant. */
struct schema_member {
	char *name; /* "" in alternates */
	char *type; /* its type's name, "" in enums */
	bool optional, unstable, deprecated;
};

struct schema_entry {
	char *name;
	enum schema_kind kind;
	struct schema_member *member;
	size_t members;
	struct schema_member *variant; /* of objects: what a value of the tag adds */
	size_t variants;
	char *tag;  /* the member that chooses, NULL where there are no variants */
	char *type; /* of commands and events: what they take; of arrays: what they hold; of
		     * built-in types: their JSON type */
	bool oob, unstable, deprecated;
};

struct schema;

/* A schema of nothing; entries come by schema_add(), and schema_close() ends that. */
struct schema *schema_new(void);
/* Adds one entry of the answer; what is no good entry is passed over. */
void schema_add(struct schema *schema, json_object *entry);
void schema_close(struct schema *schema);
/* Accepts NULL. */
void schema_free(struct schema *schema);

static inline void own_schema_(struct schema **schema)
{
	schema_free(*schema);
}
#define own_schema own_with(own_schema_)

/* The whole answer; NULL where it is no list with a command in it. */
struct schema *schema_from_answer(json_object *answer);
/* The same from text, an entry of the answer on each line. */
struct schema *schema_from_lines(const char *text, size_t len);
/* The answer as such text, which the caller owns; *len are its bytes. Each entry is taken out of
 * the answer (null is left) once it is text, to save memory.
 */
char *schema_lines(json_object *answer, size_t *len);

/* The entry of that name, or NULL. */
const struct schema_entry *schema_find(const struct schema *schema, const char *name);
/* The same if it is a command. */
const struct schema_entry *schema_command(const struct schema *schema, const char *name);
/* Entry i in the order of names, NULL behind the last. */
const struct schema_entry *schema_at(const struct schema *schema, size_t i);

/* The names of all of a kind, in order; the array is the caller's, the names are not. */
const char **schema_names(const struct schema *schema, enum schema_kind kind, size_t *n);

/* The members of an object as things stand: its own, and those of the variant that tag_value()
 * chooses, down to the last. tag_value(what, TAG) gives the value of a tag, or NULL. The array is
 * the caller's.
 */
const struct schema_member **schema_members(const struct schema *schema,
					    const struct schema_entry *object,
					    const char *(*tag_value)(void *what, const char *tag),
					    void *what, size_t *n);

/* The tag_value() of a JSON object that somebody has given so far. */
const char *schema_tag_given(void *object, const char *tag);

/* A type in words for a person, which the caller owns: "integer", "list of qcode | number". */
char *schema_words(const struct schema *schema, const char *type);

#endif
