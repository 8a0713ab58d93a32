/* What QEMU sends, as text for people and scripts. None of it can control a terminal, whatever a
 * guest has put into it: control characters (C1 and DEL too, which JSON lets through) and those
 * that turn the direction of writing are escaped.
 */
#ifndef QMP_FORMAT_H
#define QMP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#include "client.h"

/* JSON on one line, or over several with two spaces of indent; it stays the same JSON. The caller
 * owns what these return.
 */
char *qmp_json_line(json_object *value);
char *qmp_json_pretty(json_object *value);

/* Lines of text, as human-monitor-command answers, with a newline at the end of each. */
char *qmp_screen(const char *text);

/* A value as one word: strings bare, anything else as JSON on one line. */
char *qmp_plain(json_object *value);

/* A table of a list of alike objects, as wide as columns at most (what does not fit is told below
 * it, see table.c), or NULL where that is no table: no list of two or more objects with mostly the
 * same members, or too wide for any. The caller owns it.
 */
char *qmp_table(json_object *value, size_t columns);

/* An event on one line without a newline: local time, name, and its data as KEY=VALUE. */
char *qmp_event_line(const struct qmp_message *event);

/* What stands at a path such as "return.cpus.0.thread-id" in a reply whose "return" is value: the
 * leading "return" may be left out. False where nothing does; *found (may be NULL: null) belongs to
 * value.
 */
bool qmp_pick(json_object *value, const char *path, json_object **found);

/* Whether the data of an event has all that "KEY=VALUE,KEY=VALUE" says, with paths as keys. */
bool qmp_event_matches(const struct qmp_message *event, const char *conditions);

#endif
