#include "format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"

#define EVENT_MOST 400

char *qmp_json_line(json_object *value)
{
	return json_shown(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

char *qmp_json_pretty(json_object *value)
{
	return json_shown(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					 JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* A string as bare text. */
static char *bare_text(const char *text)
{
	return text_quote(text, strlen(text));
}

char *qmp_screen(const char *text)
{
	struct buf out = {0};

	buf_adds(&out, "");
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		own_free char *line = xstrndup(text, len), *shown = bare_text(line);

		buf_addf(&out, "%s\n", shown);
		text += len;
		text += *text == '\r';
		text += *text == '\n';
	}
	return buf_steal(&out);
}

char *qmp_plain(json_object *value)
{
	return json_object_is_type(value, json_type_string)
		       ? bare_text(json_object_get_string(value))
		       : qmp_json_line(value);
}

/* ------------------------------------------------------------------ events */

static void add_pairs(struct buf *out, json_object *object, const char *path, unsigned depth)
{
	json_object_object_foreach(object, key, value)
	{
		own_free char *name = xasprintf("%s%s%s", path, *path ? "." : "", key);
		own_free char *shown = bare_text(name), *plain = NULL;

		if (json_object_is_type(value, json_type_object) && depth < 3) {
			add_pairs(out, value, name, depth + 1);
			continue;
		}
		plain = qmp_plain(value);
		buf_addf(out, strchr(plain, ' ') || !*plain ? " %s=\"%s\"" : " %s=%s", shown,
			 plain);
	}
}

char *qmp_event_line(const struct qmp_message *event)
{
	time_t seconds = (time_t)event->seconds;
	own_free char *name = bare_text(event->name);
	struct buf out = {0};
	struct tm at;
	char clock[32] = "--:--:--";

	if (event->seconds >= 0 && localtime_r(&seconds, &at))
		strftime(clock, sizeof(clock), "%H:%M:%S", &at);
	buf_addf(&out, "%s.%03d %s", clock,
		 event->microseconds > 0 ? (int)(event->microseconds % 1000000 / 1000) : 0, name);
	if (json_object_is_type(event->data, json_type_object))
		add_pairs(&out, event->data, "", 0);
	if (out.len > EVENT_MOST) {
		size_t n = text_utf8(out.data, EVENT_MOST);

		out.len = n;
		out.data[n] = '\0';
		buf_adds(&out, "...");
	}
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ paths */

/* One step of a path, len bytes of it; *at stays where there is none. */
static bool step_into(json_object **at, const char *part, size_t len)
{
	own_free char *name = xstrndup(part, len);
	json_object *next = NULL;
	uint64_t index;

	if (json_object_is_type(*at, json_type_object)) {
		if (!json_object_object_get_ex(*at, name, &next))
			return false;
	} else if (json_object_is_type(*at, json_type_array) && text_u64(name, 10, &index) &&
		   index < json_object_array_length(*at)) {
		next = json_object_array_get_idx(*at, index);
	} else {
		return false;
	}
	*at = next;
	return true;
}

bool qmp_pick(json_object *value, const char *path, json_object **found)
{
	json_object *at = value;

	if (strcmp(path, "return") == 0 || text_starts(path, "return."))
		path += strlen("return");
	path += *path == '.';
	while (*path) {
		size_t len = strcspn(path, ".");

		/* A name may hold dots itself: "x-org.qemu.y". */
		while (!step_into(&at, path, len)) {
			if (!path[len])
				return false;
			len += 1 + strcspn(path + len + 1, ".");
		}
		path += len;
		path += *path == '.';
	}
	*found = at;
	return true;
}

bool qmp_event_matches(const struct qmp_message *event, const char *conditions)
{
	while (*conditions) {
		size_t len = strcspn(conditions, ","), key = strcspn(conditions, "=");
		own_free char *path = NULL, *want = NULL, *is = NULL;
		json_object *found;

		if (key >= len)
			return false;
		path = xstrndup(conditions, key);
		want = xstrndup(conditions + key + 1, len - key - 1);
		if (!event->data || !qmp_pick(event->data, path, &found))
			return false;
		is = qmp_plain(found);
		if (strcmp(is, want) != 0)
			return false;
		conditions += len;
		conditions += *conditions == ',';
	}
	return true;
}
