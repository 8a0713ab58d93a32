/* Words of the host's as Windows has them: languages, accounts, computers. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "kit.h"

#define USER_MAX 20	/* characters of an account's name */
#define COMPUTER_MAX 15 /* of a computer's (NetBIOS) */
#define PASSWORD_LENGTH 12

static size_t count_letters(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]) && isascii((unsigned char)s[n]))
		n++;
	return n;
}

/* "de-DE" of two words of letters; NULL where they are no language and no country. */
static char *tag_of(const char *language, size_t n, const char *country, size_t m)
{
	char *tag;

	if (n < 2 || n > 3 || m != 2)
		return NULL;
	tag = xasprintf("%.*s-%.*s", (int)n, language, (int)m, country);
	for (size_t i = 0; i < n; i++)
		tag[i] = (char)tolower((unsigned char)tag[i]);
	for (size_t i = n + 1; i < n + 1 + m; i++)
		tag[i] = (char)toupper((unsigned char)tag[i]);
	return tag;
}

char *kit_locale(const char *name)
{
	size_t n = name ? count_letters(name) : 0, m;

	if (!n || name[n] != '_')
		return NULL;
	m = count_letters(name + n + 1);
	if (name[n + 1 + m] && !strchr(".@", name[n + 1 + m]))
		return NULL;
	return tag_of(name, n, name + n + 1, m);
}

char *kit_language(const char *label)
{
	for (const char *field = label; field; field = strchr(field, '_')) {
		size_t n, m;
		char *tag = NULL;

		field += *field == '_';
		n = count_letters(field);
		m = field[n] == '-' ? count_letters(field + n + 1) : 0;
		if (m && (!field[n + 1 + m] || field[n + 1 + m] == '_'))
			tag = tag_of(field, n, field + n + 1, m);
		if (tag)
			return tag;
	}
	return NULL;
}

char *kit_user(const char *name)
{
	/* Those that Windows has of its own, in any of its editions. */
	static const char *const taken[] = {"administrator", "guest", "defaultaccount",
					    "system",	     "none",  "wdagutilityaccount"};
	size_t n = name ? strlen(name) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (n && strcasecmp(name, taken[i]) == 0)
			n = 0;
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)name[i]) ||
		    (!isalnum((unsigned char)name[i]) && !(i && strchr("-_", name[i]))))
			n = 0;
	return xstrdup(n && n <= USER_MAX && strcmp(name, "root") != 0 ? name : "user");
}

char *kit_computer(const char *machine, const char *user)
{
	char name[COMPUTER_MAX + 1];
	size_t n = 0;
	bool letter = false;

	for (; *machine && n < COMPUTER_MAX; machine++) {
		unsigned char c = (unsigned char)*machine;

		if (!isascii(c) || !isalnum(c)) {
			/* Neither at an end nor twice. */
			if (n && name[n - 1] != '-')
				name[n++] = '-';
			continue;
		}
		letter |= isalpha(c) != 0;
		name[n++] = (char)c;
	}
	while (n && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	/* Only digits is no name, and an account cannot be called as its computer is; * is one that
	 * Windows makes up.
	 */
	return xstrdup(letter && strcasecmp(name, user) != 0 ? name : "*");
}

char *kit_password(struct error **err)
{
	/* 32 of them, none that is mistaken for another. */
	static const char of[] = "abcdefghjkmnprstuvwx23456789ACDE";
	uint8_t bytes[PASSWORD_LENGTH];
	char *password;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		error_errno(err, ERROR_FAILED, errno, "cannot make a password");
		return NULL;
	}
	password = xmalloc(PASSWORD_LENGTH + 1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		password[i] = of[bytes[i] % (sizeof(of) - 1)];
	password[PASSWORD_LENGTH] = '\0';
	return password;
}
