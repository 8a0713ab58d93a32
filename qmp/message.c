/* Theory of operation: the five shapes of a QMP message (docs/interop/qmp-spec, "Protocol
 * Specification") are told apart by one member each: QMP, return, error, event. Members that we do
 * not know are ignored, as the specification wants; a known one of the wrong kind makes the message
 * garbage. Whether an id is one of ours is the client's business.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "private.h"

/* How many first bytes of garbage are shown. */
#define SAMPLE 60

void qmp_message_clear(struct qmp_message *message)
{
	json_object_put(message->whole);
	free(message->made);
	*message = (struct qmp_message){.kind = QMP_NOTHING};
}

/* Our ids are numbers from 1 on; 0 is none, false something that we never sent. */
static bool read_id(json_object *whole, uint64_t *id)
{
	json_object *member;

	*id = 0;
	if (!json_object_object_get_ex(whole, "id", &member))
		return true;
	if (!json_object_is_type(member, json_type_int) || json_object_get_int64(member) <= 0)
		return false;
	*id = (uint64_t)json_object_get_int64(member);
	return true;
}

void message_reject(struct qmp_message *message, const char *why)
{
	const char *json = json_object_to_json_string_ext(message->whole, JSON_C_TO_STRING_PLAIN);
	own_free char *sample = text_quote(json ? json : "", SAMPLE);
	char *text = xasprintf("%s: %s", why, sample);
	uint64_t id = 0;
	bool answer = (json_object_object_get_ex(message->whole, "return", NULL) ||
		       json_object_object_get_ex(message->whole, "error", NULL)) &&
		      read_id(message->whole, &id);

	qmp_message_clear(message);
	message->kind = QMP_GARBAGE;
	message->id = id;
	message->answer = answer;
	message->text = message->made = text;
}

static const char *string_member(json_object *object, const char *key)
{
	json_object *member;

	if (!json_object_object_get_ex(object, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

static int64_t number_member(json_object *object, const char *key)
{
	json_object *member;

	if (!json_object_object_get_ex(object, key, &member) ||
	    !json_object_is_type(member, json_type_int))
		return -1;
	return json_object_get_int64(member);
}

static void read_failure(struct qmp_message *message, json_object *error)
{
	message->kind = QMP_FAILURE;
	message->name = string_member(error, "class");
	message->text = string_member(error, "desc");
	if (!message->name || !message->text)
		message_reject(message, "an error without class or description");
	else if (!read_id(message->whole, &message->id))
		message_reject(message, "an error for a command that was not ours");
}

static void read_event(struct qmp_message *message)
{
	json_object *stamp;

	message->kind = QMP_EVENT;
	message->name = string_member(message->whole, "event");
	message->seconds = message->microseconds = -1;
	if (json_object_object_get_ex(message->whole, "timestamp", &stamp) &&
	    json_object_is_type(stamp, json_type_object)) {
		message->seconds = number_member(stamp, "seconds");
		message->microseconds = number_member(stamp, "microseconds");
	}
	json_object_object_get_ex(message->whole, "data", &message->data);
	if (!message->name)
		message_reject(message, "an event without a name");
}

void message_read(struct qmp_message *message, json_object *whole)
{
	json_object *member;

	*message = (struct qmp_message){.whole = whole};
	if (json_object_object_get_ex(whole, "return", &message->data)) {
		message->kind = QMP_REPLY;
		if (!read_id(whole, &message->id) || message->id == 0)
			message_reject(message, "a reply to a command that was not ours");
	} else if (json_object_object_get_ex(whole, "error", &member)) {
		if (json_object_is_type(member, json_type_object))
			read_failure(message, member);
		else
			message_reject(message, "an error that is no object");
	} else if (json_object_object_get_ex(whole, "event", &member)) {
		read_event(message);
	} else if (json_object_object_get_ex(whole, "QMP", &message->data)) {
		message->kind = QMP_GREETING;
		if (!json_object_is_type(message->data, json_type_object))
			message_reject(message, "a greeting that is no object");
	} else {
		message_reject(message, "an object that is no QMP message");
	}
}
