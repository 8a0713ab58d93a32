/* Sound that goes past libvirt by raw arguments. Before it knew <audio> that was the only way: a
 * card, what is plugged into it, and where that leads. All of these are one key here.
 */
#include "parts.h"

#include <json-c/json.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

static const char *const SOUND_CARDS[] = {"ich9-intel-hda", "intel-hda",  "hda-micro",
					  "hda-duplex",	    "hda-output", "usb-audio"};

bool import_is_sound(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(SOUND_CARDS); i++)
		if (strcmp(SOUND_CARDS[i], type) == 0)
			return true;
	return false;
}

static bool is_one_of(const char *const *known, const char *key)
{
	for (; *known; known++)
		if (strcmp(*known, key) == 0)
			return true;
	return false;
}

static void note_field(struct draft *d, const char *option, const char *key, const char *value)
{
	draft_note(d, "sound is as sound.type has it, without %s=%s of %s", key, value, option);
}

static void note_members(struct draft *d, const char *option, const char *text,
			 const char *const *known)
{
	own_json json_object *o = json_tokener_parse(text);

	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, value)
	{
		if (!is_one_of(known, key))
			note_field(d, option, key, value ? json_object_get_string(value) : "null");
	}
}

/* Each field of "type,a=b" or of {"a": "b"} that is none of those (NULL-ended). */
static void note_fields(struct draft *d, const char *option, const char *text,
			const char *const *known)
{
	own_free char *copy = NULL;
	char *save;

	if (*text == '{') {
		note_members(d, option, text, known);
		return;
	}
	copy = xstrdup(text);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals++ = '\0';
		if (equals && !is_one_of(known, word))
			note_field(d, option, word, equals);
	}
}

char *import_sound_word(const char *value)
{
	own_free char *driver = import_field(value, "driver", NULL);

	if (driver && strcmp(driver, "pa") == 0)
		return xstrdup("pulse");
	return driver && strcmp(driver, "none") != 0 && draft_takes("sound", "type", driver)
		       ? steal(&driver)
		       : NULL;
}

/* Where it is plugged in is laid out anew. */
static const char *const SOUND_DEVICE_FIELDS[] = {"driver", "id",	"bus",	"addr",
						  "cad",    "audiodev", "port", NULL};

bool import_sound_device(struct draft *d, const char *type, const char *value)
{
	if (strcmp(type, "usb-audio") == 0)
		draft_put(d, "sound", "", "model", "usb");
	else if (text_starts(type, "hda-") && strcmp(type, "hda-duplex") != 0)
		draft_note(d, "the sound card's codec is hda-duplex, not %s", type);
	note_fields(d, "-device", value, SOUND_DEVICE_FIELDS);
	return true;
}

bool import_audiodev(struct draft *d, const char *value)
{
	own_free char *word = import_sound_word(value);

	if (!word)
		return false;
	draft_put(d, "sound", "", "type", word);
	note_fields(d, "-audiodev", value, (const char *const[]){"driver", "id", NULL});
	return true;
}
