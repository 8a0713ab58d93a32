/* JSON by RFC 8259, judged here and made into objects by json-c. json-c alone would do, were it not
 * that what it takes changes from version to version: its strict mode refuses every byte above 0x7F
 * in a string in 0.18 (not in 0.16 nor in 0.19), and integers beyond 64 bits since 0.18. So json-c
 * is never made strict, and sees nothing that was not found good here.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "alloc.h"
#include "cpu_set.h"
#include "own.h"
#include "process.h"

/* json-c's makers of values give NULL where there is no memory, and its adders -1: here they do as
 * alloc.h's do.
 */
static inline json_object *json_made(json_object *value)
{
	if (!value)
		no_memory();
	return value;
}

static inline void json_added(int result)
{
	if (result)
		no_memory();
}

#define json_object_new_object() json_made(json_object_new_object())
#define json_object_new_array() json_made(json_object_new_array())
#define json_object_new_string(text) json_made(json_object_new_string(text))
#define json_object_new_string_len(text, n) json_made(json_object_new_string_len(text, n))
#define json_object_new_boolean(value) json_made(json_object_new_boolean(value))
#define json_object_new_int(value) json_made(json_object_new_int(value))
#define json_object_new_int64(value) json_made(json_object_new_int64(value))
#define json_object_new_uint64(value) json_made(json_object_new_uint64(value))
#define json_object_new_double(value) json_made(json_object_new_double(value))
#define json_object_new_double_s(value, text) json_made(json_object_new_double_s(value, text))
#define json_object_object_add(object, key, value) \
	json_added(json_object_object_add(object, key, value))
#define json_object_array_add(array, value) json_added(json_object_array_add(array, value))
#define json_object_array_put_idx(array, at, value) \
	json_added(json_object_array_put_idx(array, at, value))

/* How deep arrays and objects may nest at most, and how many bytes a number may have. */
#define JSON_DEPTH_MOST 64
#define JSON_NUMBER_MOST 100

enum json_state {
	JSON_MORE,  /* good so far, and not at its end */
	JSON_WHOLE, /* one whole value, an object or an array */
	JSON_BAD,   /* see why */
};

/* A value that comes in pieces. */
struct json_check {
	enum json_state state;
	const char *why; /* of JSON_BAD: a phrase for a message */
	/* What was seen of each, for who bounds what json-c makes of it. */
	size_t objects, arrays, commas;

	/* json.c's own. */
	unsigned depth, depth_most;
	uint64_t is_object; /* bit N: what is open at depth N */
	unsigned expect;
	const char *literal; /* what is still to come of true, false, null */
	unsigned hex;	     /* digits still to come of \uXXXX */
	unsigned number;     /* bytes of the present one */
	bool negative, fraction, overflow;
	uint64_t integer;
};

/* Starts with nothing; depth_most is 1 to JSON_DEPTH_MOST. */
void json_check_start(struct json_check *check, unsigned depth_most);
/* Looks at n more bytes (UTF-8, which is not looked at here). Returns how many of them are good:
 * fewer than n behind the end of a value (JSON_WHOLE) and at the first bad byte (JSON_BAD).
 */
size_t json_check_add(struct json_check *check, const char *p, size_t n);
/* No more bytes come: JSON_WHOLE if they were one value, which here may also be a number or a
 * literal.
 */
enum json_state json_check_end(struct json_check *check);

/* Where and why a text is no JSON. */
struct json_fault {
	size_t at;	 /* bytes before it */
	const char *why; /* a phrase for a message */
};

/* Reads the whole of text (len bytes) as one JSON value, with white space around it at most, in
 * UTF-8, nested at most depth_most deep, its integers within int64_t or uint64_t. The caller owns
 * *value (NULL: JSON's null). False with *fault (may be NULL) where it is anything else.
 */
bool json_read(const char *text, size_t len, unsigned depth_most, json_object **value,
	       struct json_fault *fault);

/* What json-c makes of a text (UTF-8, len bytes) that a check found whole, nested at most depth
 * deep; the caller owns *value. False where json-c refuses it all the same, or len is over 2 GiB.
 */
bool json_make(const char *text, size_t len, unsigned depth, json_object **value);

/* A value's text for whoever reads it, on a terminal too: what is unsafe there (text.h) stands as
 * \uHHHH, and a byte that is no UTF-8 as U+FFFD. flags: json-c's. The caller owns it.
 */
char *json_shown(json_object *value, int flags);
/* The same as a command prints it: indented, with the end of the last line. */
char *json_document(json_object *value);

static inline void own_json_(json_object **object)
{
	json_object_put(*object);
}
#define own_json own_with(own_json_)

/* Members of a mapping. Its owner owns what they return; what is no mapping (NULL among it) has
 * none.
 */

/* The member if it is of that type, else NULL. */
json_object *json_member(json_object *object, const char *key, enum json_type type);
/* Its text; "" where there is none of that name, or one that is no string. */
const char *json_member_text(json_object *object, const char *key);
/* A number from min to max, where 0 stands for an absent one; false for anything else. */
bool json_member_number(json_object *object, const char *key, int64_t min, int64_t max,
			int64_t *value);
/* A number that is not negative; 0 where there is none. */
uint64_t json_member_unsigned(json_object *object, const char *key);
/* A process as json_process() has it; false, and none, for anything else. */
bool json_member_process(json_object *object, const char *key, struct process *process);

/* Each adds a member, in the order of the calls; of a text NULL is JSON's null, and its bytes stay
 * as they are: json_shown() is for whoever reads them.
 */
void json_add_text(json_object *object, const char *key, const char *text);
void json_add_number(json_object *object, const char *key, int64_t number);
void json_add_unsigned(json_object *object, const char *key, uint64_t number);
void json_add_bool(json_object *object, const char *key, bool value);
/* In hexadecimal, with at least so many digits. */
void json_add_hex(json_object *object, const char *key, unsigned value, int digits);
/* As cpu_set_text() writes it. */
void json_add_cpus(json_object *object, const char *key, const struct cpu_set *cpus);
/* An empty array, which it returns; and an empty mapping, as the next one of an array. */
json_object *json_add_list(json_object *object, const char *key);
json_object *json_list_mapping(json_object *list);

/* A process by its number and its start; the caller owns it. */
json_object *json_process(struct process process);

#endif
