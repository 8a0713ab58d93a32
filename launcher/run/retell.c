/* How a text is taken apart: a format's own letters have to stand in it, in order and from end to
 * end; what is between them stands for the conversions, and numbers look like numbers. The
 * translation is then put together with the same pieces, each of which may be a sentence itself.
 *
 * An error is a chain, "context: context: message: the C library's word", and several are joined by
 * "; ". So a format is first looked for that has neither within one of its pieces; then such a one
 * for the text's beginning, the rest being a text of its own; and only then one whose pieces hold
 * anything.
 */
#include "retell.h"

#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/tongue.h"
#include "retell_table.h"

#define PIECES 16    /* conversions of a format */
#define LOOKS 200    /* through the table, for one text, whoever wrote it */
#define ERRNOS 134   /* EHWPOISON, the last of Linux's (asm-generic/errno.h), is 133 */
#define ANY SIZE_MAX /* a conversion that is not numbered */

static const char *const joint[] = {": ", "; "};

struct slice {
	const char *at;
	size_t len;
};

/* A format taken apart: letters, conversion, letters ... letters. */
struct form {
	struct slice letters[PIECES + 1];
	char conversion[PIECES];
	size_t number[PIECES]; /* which argument, from 0; ANY: the next one */
	size_t n;
	bool percents; /* it has a %%: such a one is left alone */
};

/* ------------------------------------------------------------------ a format's parts */

/* What stands behind the % of a conversion, up to its last letter; NULL where that is none, or one
 * that takes more than one argument.
 */
static const char *read_conversion(const char *at, char *conversion, size_t *number)
{
	size_t digits = strspn(at, "0123456789");

	*number = ANY;
	if (digits && at[digits] == '$') {
		*number = (size_t)(*at - '1');
		if (digits > 1 || *number >= PIECES)
			return NULL;
		at += 2;
	}
	at += strspn(at, "-+ #0123456789.");
	at += strspn(at, "hlzjt");
	if (!*at || !strchr("sdiuxXocgfe", *at))
		return NULL;
	*conversion = *at;
	return at + 1;
}

static bool read_form(struct form *form, const char *format)
{
	const char *from = format, *at = format;

	*form = (struct form){0};
	while ((at = strchr(at, '%'))) {
		size_t n = form->n;

		if (at[1] == '%') {
			form->percents = true;
			at += 2;
			continue;
		}
		if (n == PIECES)
			return false;
		form->letters[n] = (struct slice){from, (size_t)(at - from)};
		at = from = read_conversion(at + 1, &form->conversion[n], &form->number[n]);
		if (!at)
			return false;
		form->n++;
	}
	form->letters[form->n] = (struct slice){from, strlen(from)};
	return true;
}

/* ------------------------------------------------------------------ a text's parts */

static bool begins(struct slice text, struct slice letters)
{
	return text.len >= letters.len && memcmp(text.at, letters.at, letters.len) == 0;
}

/* How much of the text's beginning is a number. */
static size_t number_length(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.at[n] && strchr("0123456789abcdefx.+-", text.at[n]))
		n++;
	return n;
}

static bool is_number(char conversion)
{
	return conversion != 's' && conversion != 'c';
}

static bool looks_like(struct slice piece, char conversion)
{
	return !is_number(conversion) || (piece.len && number_length(piece) == piece.len);
}

static bool has_joint(struct slice piece)
{
	for (size_t i = 0; i < ARRAY_SIZE(joint); i++)
		if (memmem(piece.at, piece.len, joint[i], strlen(joint[i])))
			return true;
	return false;
}

/* Cuts the text up by the form. */
static bool fits(const struct form *form, struct slice text, bool whole, struct slice *piece)
{
	struct slice rest = text;

	if (form->percents || !begins(rest, form->letters[0]))
		return false;
	rest.at += form->letters[0].len;
	rest.len -= form->letters[0].len;
	if (form->n == 0)
		return rest.len == 0;
	for (size_t i = 0; i < form->n; i++) {
		struct slice next = form->letters[i + 1];
		const char *stop;

		if (i + 1 < form->n && !next.len)
			stop = rest.at + (is_number(form->conversion[i]) ? number_length(rest) : 0);
		else if (i + 1 < form->n)
			stop = memmem(rest.at, rest.len, next.at, next.len);
		else
			stop = rest.len < next.len ? NULL : rest.at + rest.len - next.len;
		if (!stop || memcmp(stop, next.at, next.len) != 0)
			return false;
		piece[i] = (struct slice){rest.at, (size_t)(stop - rest.at)};
		if (!looks_like(piece[i], form->conversion[i]) || (whole && has_joint(piece[i])))
			return false;
		rest.len -= piece[i].len + next.len;
		rest.at = stop + next.len;
	}
	return true;
}

/* ------------------------------------------------------------------ putting it together */

struct retelling {
	const struct retell_table *table;
	unsigned looks; /* that are left */
};

static void retell_slice(struct retelling *r, struct slice text, struct buf *out);

/* False when the translation does not have the conversions of its format. */
static bool add_translation(struct retelling *r, const char *translation, const struct slice *piece,
			    size_t n, struct buf *out)
{
	struct form form;
	size_t next = 0;

	if (!read_form(&form, translation) || form.percents)
		return false;
	for (size_t i = 0; i < form.n; i++)
		if ((form.number[i] == ANY ? next++ : form.number[i]) >= n)
			return false;
	next = 0;
	for (size_t i = 0; i <= form.n; i++) {
		buf_add(out, form.letters[i].at, form.letters[i].len);
		if (i < form.n)
			retell_slice(r, piece[form.number[i] == ANY ? next++ : form.number[i]],
				     out);
	}
	return true;
}

/* The text as one sentence of the table; false when it is none that has a translation. */
static bool add_sentence(struct retelling *r, struct slice text, bool whole, struct buf *out)
{
	struct slice piece[PIECES];
	struct form form;

	if (!r->looks)
		return false;
	r->looks--;
	for (size_t i = 0; i < r->table->n; i++) {
		const char *format = r->table->format[i], *translation;

		if (!read_form(&form, format) || !fits(&form, text, whole, piece))
			continue;
		translation = r->table->translate(format);
		if (translation != format)
			return add_translation(r, translation, piece, form.n, out);
	}
	return false;
}

/* The end of the text before its first joint, NULL: it has none; *len becomes the joint's. */
static const char *find_joint(struct slice text, size_t *len)
{
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(joint); i++) {
		const char *at = memmem(text.at, text.len, joint[i], strlen(joint[i]));

		if (at && (!first || at < first)) {
			first = at;
			*len = strlen(joint[i]);
		}
	}
	return first;
}

/* A sentence, a joint, and another text. */
static bool add_joined(struct retelling *r, struct slice text, struct buf *out)
{
	struct slice rest = text;
	size_t len;

	for (const char *at; (at = find_joint(rest, &len));) {
		rest = (struct slice){at + len, (size_t)(text.at + text.len - at) - len};
		if (!add_sentence(r, (struct slice){text.at, (size_t)(at - text.at)}, true, out))
			continue;
		buf_add(out, at, len);
		retell_slice(r, rest, out);
		return true;
	}
	return false;
}

/* A word of the C library's, which the keeper says in English as well. */
static bool add_reason(struct slice text, struct buf *out)
{
	locale_t english = newlocale(LC_MESSAGES_MASK, "C", (locale_t)0);
	bool found = false;

	for (int e = 1; english && e < ERRNOS && !found; e++) {
		const char *reason = strerror_l(e, english);

		found = strlen(reason) == text.len && memcmp(reason, text.at, text.len) == 0;
		if (found)
			buf_adds(out, strerror(e));
	}
	if (english)
		freelocale(english);
	return found;
}

static void retell_slice(struct retelling *r, struct slice text, struct buf *out)
{
	const char *at;
	size_t len;

	if (add_sentence(r, text, true, out) || add_joined(r, text, out) ||
	    add_sentence(r, text, false, out) || add_reason(text, out))
		return;
	at = r->looks ? find_joint(text, &len) : NULL;
	if (!at) {
		buf_add(out, text.at, text.len);
		return;
	}
	buf_add(out, text.at, (size_t)(at - text.at) + len);
	retell_slice(r, (struct slice){at + len, (size_t)(text.at + text.len - at) - len}, out);
}

char *retell_by(const struct retell_table *table, const char *text)
{
	struct retelling r = {.table = table, .looks = LOOKS};
	struct buf out = {0};

	buf_adds(&out, "");
	retell_slice(&r, (struct slice){text, strlen(text)}, &out);
	return buf_steal(&out);
}

/* ------------------------------------------------------------------ ours */

char *retell(const char *text)
{
	static const struct retell_table table = {SAID, ARRAY_SIZE(SAID), tongue};
	bool english = tongue(SAID[0]) == SAID[0];

	return english ? xstrdup(text) : retell_by(&table, text);
}
