/*
 * The words of QEMU's -append.
 *
 * They arrive as load options: one 16-bit unit for each byte of the argument, so a byte of UTF-8
 * is a unit of its own. Words are separated by spaces. A word that is not understood is
 * reported and has no effect; of two that say different things the last counts.
 */
#include "out.h"
#include "probe.h"
#include "text.h"

#define WORDS_MAX 2048
/* A day: whoever means longer means finally=halt. */
#define HOLD_MAX 86400
#define UNKNOWN_MAX 16

/* UEFI 2.7, 9.1 EFI_LOADED_IMAGE_PROTOCOL */
static const EFI_GUID loaded_image_guid = {
	0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

static char words[WORDS_MAX];
static const char *unknown[UNKNOWN_MAX];
static size_t unknown_count;

/* Copies the load options to words[], units beyond a byte as '?'. */
static void load_words(EFI_HANDLE image)
{
	EFI_GUID guid = loaded_image_guid;
	EFI_LOADED_IMAGE *loaded;
	const uint16_t *units;
	size_t count;

	if (EFI_ERROR(firmware->BootServices->HandleProtocol(image, &guid, (void **)&loaded)))
		return;
	units = loaded->LoadOptions;
	count = units ? loaded->LoadOptionsSize / sizeof(*units) : 0;
	if (count > sizeof(words) - 1)
		count = sizeof(words) - 1;
	for (size_t i = 0; i < count && units[i]; i++)
		words[i] = units[i] < 0x100 ? (char)units[i] : '?';
}

/* The rest of @word after "key=", or NULL when it has another key. */
static const char *value_of(const char *word, const char *key)
{
	size_t length = text_length(key);

	for (size_t i = 0; i < length; i++) {
		if (word[i] != key[i])
			return NULL;
	}
	return word[length] == '=' ? word + length + 1 : NULL;
}

static bool set_report(struct parameters *p, const char *value)
{
	bool both = text_same(value, "both");
	bool only_people = text_same(value, "people"), only_lines = text_same(value, "lines");

	if (!both && !only_people && !only_lines)
		return false;
	p->people = !only_lines;
	p->lines = !only_people;
	return true;
}

static bool set_finally(struct parameters *p, const char *value)
{
	if (text_same(value, "poweroff"))
		p->finally = FINALLY_POWEROFF;
	else if (text_same(value, "halt"))
		p->finally = FINALLY_HALT;
	else if (text_same(value, "reboot"))
		p->finally = FINALLY_REBOOT;
	else
		return false;
	return true;
}

static bool set_hold(struct parameters *p, const char *value)
{
	unsigned int seconds = 0;

	if (!*value)
		return false;
	for (; *value; value++) {
		if (*value < '0' || *value > '9')
			return false;
		seconds = seconds * 10 + (unsigned int)(*value - '0');
		if (seconds > HOLD_MAX)
			return false;
	}
	p->hold = seconds;
	return true;
}

static const struct {
	const char *key;
	bool (*set)(struct parameters *p, const char *value);
} known[] = {
	{"report", set_report},
	{"finally", set_finally},
	{"hold", set_hold},
};

static void take_word(struct parameters *p, const char *word)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		const char *value = value_of(word, known[i].key);

		if (value && known[i].set(p, value))
			return;
	}
	if (unknown_count < UNKNOWN_MAX)
		unknown[unknown_count++] = word;
}

struct parameters parameters_read(EFI_HANDLE image)
{
	struct parameters p = {.people = true, .lines = true, .finally = FINALLY_POWEROFF};
	char *at = words;

	load_words(image);
	while (*at) {
		char *word = at;

		while (*at && *at != ' ')
			at++;
		if (*at)
			*at++ = '\0';
		if (*word)
			take_word(&p, word);
	}
	return p;
}

void parameters_people(void)
{
	for (size_t i = 0; i < unknown_count; i++)
		people("%s%s\n", i ? "             " : "\nNot known    ", unknown[i]);
}

void parameters_lines(void)
{
	for (size_t i = 0; i < unknown_count; i++) {
		line_begin("parameter-unknown");
		line_value("word", "%s", unknown[i]);
		line_end();
	}
}
