/* DER is read as a row of elements (X.690, 8.1): a tag, a length, the content. Only what lies on
 * the way to the subject and the validity is gone into, a level at a time and to a fixed depth, so
 * that nothing calls itself; everything else is stepped over by its length.
 */
#include "certificate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "utf16.h"

/* Tags. */
#define TAG_INTEGER 0x02
#define TAG_OID 0x06
#define TAG_UTF8 0x0c
#define TAG_PRINTABLE 0x13
#define TAG_T61 0x14
#define TAG_IA5 0x16
#define TAG_UTC_TIME 0x17
#define TAG_TIME 0x18
#define TAG_BMP 0x1e
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_VERSION 0xa0

/* Names of more bytes are cut. */
#define NAME_MOST 256

struct der {
	const unsigned char *p;
	size_t len;
};

/* Takes the next element off in; false at the end or where it does not fit. Lengths of more than
 * four bytes, and the open ones that DER forbids, fit nowhere.
 */
static bool next_element(struct der *in, unsigned *tag, struct der *content)
{
	size_t at = 2, len;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return false;
	len = in->p[1];
	if (len & 0x80) {
		size_t more = len & 0x7f;

		if (more == 0 || more > 4 || in->len < at + more)
			return false;
		for (len = 0; more; more--)
			len = len << 8 | in->p[at++];
	}
	if (len > in->len - at)
		return false;
	*tag = in->p[0];
	*content = (struct der){in->p + at, len};
	in->p += at + len;
	in->len -= at + len;
	return true;
}

/* The next element, which must have this tag. */
static bool take_element(struct der *in, unsigned wanted, struct der *content)
{
	unsigned tag;

	return next_element(in, &tag, content) && tag == wanted;
}

static bool two_digits(const unsigned char *p, int *value)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*value = (p[0] - '0') * 10 + p[1] - '0';
	return true;
}

/* UTCTime YYMMDDHHMMSSZ or GeneralizedTime YYYYMMDDHHMMSSZ (RFC 5280, 4.1.2.5). */
static bool read_time(unsigned tag, const struct der *text, int64_t *seconds)
{
	size_t years = tag == TAG_TIME ? 4 : 2;
	const unsigned char *p = text->p;
	struct tm tm = {0};
	int century = 0, year, part[5];

	if ((tag != TAG_TIME && tag != TAG_UTC_TIME) || text->len != years + 11 ||
	    p[years + 10] != 'Z')
		return false;
	if (years == 4 && !two_digits(p, &century))
		return false;
	if (!two_digits(p + years - 2, &year))
		return false;
	for (size_t i = 0; i < 5; i++)
		if (!two_digits(p + years + 2 * i, &part[i]))
			return false;
	if (years == 2)
		century = year < 50 ? 20 : 19;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon = part[0] - 1;
	tm.tm_mday = part[1];
	tm.tm_hour = part[2];
	tm.tm_min = part[3];
	tm.tm_sec = part[4];
	*seconds = timegm(&tm);
	return true;
}

/* A string of a name as UTF-8; NULL where it is of a kind that is not known or no good. */
static char *read_string(unsigned tag, const struct der *text)
{
	size_t len = text->len < NAME_MOST ? text->len : NAME_MOST;
	own_free char *s = NULL;

	if (tag == TAG_BMP)
		return utf16_text(text->p, len, true, NULL);
	if (tag != TAG_UTF8 && tag != TAG_PRINTABLE && tag != TAG_T61 && tag != TAG_IA5)
		return NULL;
	s = xstrndup((const char *)text->p, len);
	s[text_utf8(s, strlen(s))] = '\0';
	return steal(&s);
}

/* The last attribute of this kind in a name; NULL where there is none. kind is the last byte of the
 * object identifier 2.5.4.kind (X.520).
 */
static char *read_attribute(struct der name, unsigned char kind)
{
	own_free char *found = NULL;
	struct der set, pair, oid, value;
	unsigned tag;

	while (take_element(&name, TAG_SET, &set))
		while (take_element(&set, TAG_SEQUENCE, &pair)) {
			char *text;

			if (!take_element(&pair, TAG_OID, &oid) || oid.len != 3 ||
			    oid.p[0] != 0x55 || oid.p[1] != 4 || oid.p[2] != kind ||
			    !next_element(&pair, &tag, &value))
				continue;
			text = read_string(tag, &value);
			if (text) {
				free(found);
				found = text;
			}
		}
	return steal(&found);
}

bool certificate_read(struct certificate *certificate, const unsigned char *der, size_t len)
{
	struct der in = {der, len}, all, body, part, validity, subject;
	own_free char *name = NULL;
	int64_t not_after;
	unsigned tag;

	if (!take_element(&in, TAG_SEQUENCE, &all) || !take_element(&all, TAG_SEQUENCE, &body) ||
	    !next_element(&body, &tag, &part))
		return false;
	if (tag == TAG_VERSION && !next_element(&body, &tag, &part))
		return false;
	/* The serial number; then the algorithm, the issuer, the validity, the subject. */
	if (tag != TAG_INTEGER || !take_element(&body, TAG_SEQUENCE, &part) ||
	    !take_element(&body, TAG_SEQUENCE, &part) ||
	    !take_element(&body, TAG_SEQUENCE, &validity) ||
	    !take_element(&body, TAG_SEQUENCE, &subject))
		return false;
	/* notBefore, then notAfter. */
	if (!next_element(&validity, &tag, &part))
		return false;
	if (!next_element(&validity, &tag, &part) || !read_time(tag, &part, &not_after))
		return false;
	name = read_attribute(subject, 3);
	if (!name)
		name = read_attribute(subject, 10);
	*certificate = (struct certificate){
		.name = name ? steal(&name) : xstrdup(""),
		.not_after = not_after,
	};
	return true;
}

void certificate_free(struct certificate *certificate)
{
	free(certificate->name);
	*certificate = (struct certificate){0};
}
