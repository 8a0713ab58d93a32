/* Sound that goes past libvirt by raw arguments. Before it knew <audio> that was the only way: a
 * card, what is plugged into it, and where that leads. All of these are one key here.
 */
#include "parts.h"

#include <string.h>

#include "base/alloc.h"
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

char *import_sound_word(const char *value)
{
	own_free char *driver = import_field(value, "driver", NULL);

	if (driver && strcmp(driver, "pa") == 0)
		return xstrdup("pulse");
	return driver && strcmp(driver, "none") != 0 && draft_takes("sound", "type", driver)
		       ? steal(&driver)
		       : NULL;
}

bool import_sound_device(struct draft *d, const char *type)
{
	if (strcmp(type, "usb-audio") == 0)
		draft_put(d, "sound", "", "model", "usb");
	return true;
}

bool import_audiodev(struct draft *d, const char *value)
{
	own_free char *word = import_sound_word(value);

	if (word)
		draft_put(d, "sound", "", "type", word);
	return word;
}
