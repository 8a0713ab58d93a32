/* A command's arguments from words of a command line. */
#ifndef QMP_WORDS_H
#define QMP_WORDS_H

#include <stddef.h>

#include <json-c/json.h>

#include "base/error.h"

/* An object that the caller owns, from n words KEY=VALUE; NULL with all problems in *err. Dots in a
 * key make nested objects, numbers between them lists that grow from 0 ("a.b=1", "l.0=x"). A value
 * that is one whole JSON value is that, anything else is a string.
 */
json_object *qmp_arguments(char *const *words, size_t n, struct error **err);

/* The same tree with each value as the text that was typed; *wrong is the number of the first word
 * at fault where it returns NULL.
 */
json_object *qmp_word_tree(char *const *words, size_t n, size_t *wrong, struct error **err);
/* The number of the first word that a node of such a tree comes from. */
size_t qmp_word_number(json_object *node);
/* What qmp_arguments() makes of a node of such a tree; the caller owns it. */
json_object *qmp_untyped(json_object *node);

/* The value that qmp_arguments() sees in text (valid UTF-8); the caller owns it. NULL is JSON's
 * null, as everywhere in json-c.
 */
json_object *qmp_value(const char *text);

#endif
