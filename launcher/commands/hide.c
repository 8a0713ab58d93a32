#include "hide.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"

#define SHORTEST 3	  /* of a word that is replaced at all */
#define SERIAL_SHORTEST 6 /* of what counts as a serial number in a name */
#define MAC_TEXT 17

static const struct {
	const char *one, *many;
} KIND[] = {
	[HIDDEN_MACHINE_ID] = {"machine-id", "machine-ids"},
	[HIDDEN_UUID] = {"UUID", "UUIDs"},
	[HIDDEN_MAC] = {"MAC address", "MAC addresses"},
	[HIDDEN_CARD] = {"network card's name", "network cards' names"},
	[HIDDEN_VOLUME] = {"volume's identifier", "volumes' identifiers"},
	[HIDDEN_SERIAL] = {"serial number", "serial numbers"},
	[HIDDEN_USER] = {"user's name", "users' names"},
	[HIDDEN_HOST] = {"host's name", "host's names"},
};
_Static_assert(ARRAY_SIZE(KIND) == HIDDEN_KINDS, "words for each kind");

const char *hidden_words(enum hidden_kind kind, size_t n)
{
	return n == 1 ? KIND[kind].one : KIND[kind].many;
}

static char *stand_in(enum hidden_kind kind, size_t number)
{
	switch (kind) {
	case HIDDEN_MACHINE_ID:
		return xasprintf("%032zx", number);
	case HIDDEN_UUID:
		return xasprintf("00000000-0000-4000-8000-%012zx", number);
	case HIDDEN_MAC:
		return xasprintf("02:00:00:00:%02zx:%02zx", number >> 8 & 0xff, number & 0xff);
	case HIDDEN_CARD:
		return xasprintf("enx0200%08zx", number & 0xffffffff);
	case HIDDEN_VOLUME:
		return xasprintf("volume%zu", number);
	case HIDDEN_SERIAL:
		return xasprintf("SERIAL%zu", number);
	case HIDDEN_USER:
		return xasprintf("user%zu", number);
	case HIDDEN_HOST:
	case HIDDEN_KINDS:
		break;
	}
	return xasprintf("host%zu", number);
}

void hide_word(struct hiding *hiding, enum hidden_kind kind, const char *word, size_t len)
{
	struct hidden *hidden;

	if (len < SHORTEST)
		return;
	for (size_t i = 0; i < hiding->n; i++)
		if (strlen(hiding->v[i].from) == len &&
		    strncasecmp(hiding->v[i].from, word, len) == 0)
			return;
	hidden = xappend(hiding->v, hiding->n);
	*hidden = (struct hidden){kind, xstrndup(word, len), stand_in(kind, ++hiding->of[kind])};
}

/* ------------------------------------------------------------------ finding */

/* Whether form, in which x is a hexadecimal digit, stands at text. */
static bool has_form(const char *text, size_t len, const char *form)
{
	size_t n = strlen(form);

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	return len == n || !isalnum((unsigned char)text[n]);
}

static bool is_known_guid(const char *text)
{
	static const char *const known[] = {
		"4a67b082-0a4c-41cf-b6c7-486feadeed4e", /* systemd's boot loader interface */
		"8be4df61-93ca-11d2-aa0d-00e098032b8c", /* UEFI's own variables */
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strncasecmp(text, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

/* A link's name behind "by-id/", as fstab and boot options have it. */
static void hide_link(struct hiding *hiding, const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && !isspace((unsigned char)text[n]) && !strchr("\"',;/", text[n]))
		n++;
	own_free char *name = xstrndup(text, n);

	hide_in_id(hiding, name);
}

void hide_found(struct hiding *hiding, const char *text, size_t len)
{
	static const char enx[] = "enx", address[] = "xxxxxxxxxxxx", by_id[] = "by-id/";
	static const char uuid[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
			  mac[] = "xx:xx:xx:xx:xx:xx";

	for (size_t i = 0; i < len; i++) {
		bool begins = !i || !isalnum((unsigned char)text[i - 1]);

		if (begins && len - i > 3 && strncmp(text + i, enx, 3) == 0 &&
		    has_form(text + i + 3, len - i - 3, address))
			hide_word(hiding, HIDDEN_CARD, text + i, 3 + sizeof(address) - 1);
		if (begins && len - i >= sizeof(by_id) &&
		    strncmp(text + i, by_id, sizeof(by_id) - 1) == 0)
			hide_link(hiding, text + i + sizeof(by_id) - 1,
				  len - i - (sizeof(by_id) - 1));
		if (!isxdigit((unsigned char)text[i]) ||
		    (i && (isalnum((unsigned char)text[i - 1]) || text[i - 1] == ':')))
			continue;
		if (has_form(text + i, len - i, uuid) && !is_known_guid(text + i))
			hide_word(hiding, HIDDEN_UUID, text + i, sizeof(uuid) - 1);
		else if (has_form(text + i, len - i, mac) &&
			 (i + MAC_TEXT == len || text[i + MAC_TEXT] != ':'))
			hide_word(hiding, HIDDEN_MAC, text + i, MAC_TEXT);
	}
}

/* "nvme-Samsung_SSD_980_PRO_S5GXNX0R123456-part1", "wwn-0x5002538e09a1b2c3",
 * "usb-Logitech_Receiver_4A1B2C3D-event-mouse": the last word, where it has digits and is long.
 */
void hide_in_id(struct hiding *hiding, const char *name)
{
	static const char *const behind[] = {"-part", "-event", "-mouse", "-if", "-joystick"};
	size_t len = strlen(name), start, digits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(behind); i++) {
		const char *at = strstr(name, behind[i]);

		if (at && (size_t)(at - name) < len)
			len = (size_t)(at - name);
	}
	/* USB's "-0:0": the unit of a disk. */
	if (len > 4 && name[len - 2] == ':' && name[len - 4] == '-')
		len -= 4;
	for (start = len; start && !strchr("_-.", name[start - 1]); start--)
		digits += (size_t)(isdigit((unsigned char)name[start - 1]) != 0);
	if (start && len - start >= SERIAL_SHORTEST && digits)
		hide_word(hiding, HIDDEN_SERIAL, name + start, len - start);
}

/* ------------------------------------------------------------------ replacing */

static bool is_part(char c)
{
	return isalnum((unsigned char)c);
}

/* The longest hidden word at text, or NULL. */
static const struct hidden *word_at(const struct hiding *hiding, const char *text, size_t len,
				    bool people)
{
	const struct hidden *best = NULL;

	for (size_t i = 0; i < hiding->n; i++) {
		const struct hidden *hidden = &hiding->v[i];
		size_t n = strlen(hidden->from);

		if (n <= len && (!best || n > strlen(best->from)) &&
		    (people || (hidden->kind != HIDDEN_USER && hidden->kind != HIDDEN_HOST)) &&
		    strncasecmp(hidden->from, text, n) == 0 && (n == len || !is_part(text[n])))
			best = hidden;
	}
	return best;
}

char *hide_in(const struct hiding *hiding, const char *text, size_t *len, bool people)
{
	struct buf out = {0};
	size_t from = 0;

	buf_adds(&out, "");
	for (size_t i = 0; i < *len;) {
		const struct hidden *hidden = is_part(text[i]) && (!i || !is_part(text[i - 1]))
						      ? word_at(hiding, text + i, *len - i, people)
						      : NULL;

		if (!hidden) {
			i++;
			continue;
		}
		buf_add(&out, text + from, i - from);
		buf_adds(&out, hidden->to);
		i += strlen(hidden->from);
		from = i;
	}
	buf_add(&out, text + from, *len - from);
	*len = out.len;
	return buf_steal(&out);
}

void hiding_free(struct hiding *hiding)
{
	for (size_t i = 0; i < hiding->n; i++) {
		free(hiding->v[i].from);
		free(hiding->v[i].to);
	}
	free(hiding->v);
	*hiding = (struct hiding){0};
}
