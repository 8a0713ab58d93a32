/* The error object. One may hold several messages, because a profile is told all that is wrong
 * with it at once. A function that can fail takes `struct error **err` as its last argument and
 * returns false (or NULL, or -1) with *err set; callers add context on the way up with
 * error_context(); only main prints it and turns it into an exit status.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "own.h"

/* What the failure means to whoever called the program; the values are its exit statuses. */
enum error_kind {
	ERROR_FAILED = 1, /* QEMU, the guest or the operation failed */
	ERROR_USAGE = 2,  /* wrong usage or profile */
	ERROR_HOST = 3,	  /* this host cannot do it, or it was not allowed; nothing was changed */
	ERROR_LEFT = 4,	  /* something of the host could not be put back */
	ERROR_LATE = 5,	  /* of qmp: an answer or event did not come in time */
};

struct error;

/* Sets *err to a new error, or adds a message if *err holds one: the greater kind stays. */
void error_add(struct error **err, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and the words for errno value errnum behind the message. */
void error_errno(struct error **err, enum error_kind kind, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "context: " before each message of *err; err and *err may be NULL, then nothing is done. */
void error_context(struct error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes the kind of err (may be NULL) another one. */
void error_set_kind(struct error *err, enum error_kind kind);

/* Moves the messages of *from behind those of *to and leaves *from empty. */
void error_merge(struct error **to, struct error **from);

enum error_kind error_kind(const struct error *err);
size_t error_count(const struct error *err);

/* Message i of err, valid as long as err. */
const char *error_message(const struct error *err, size_t i);

/* Accepts NULL. */
void error_free(struct error *err);

static inline void own_error_(struct error **err)
{
	error_free(*err);
}
#define own_error own_with(own_error_)

#endif
