/* The desktop entries of machines: the one writer of their format, and what is read back of them
 * (Desktop Entry Specification 1.4).
 */
#ifndef COMMANDS_DESKTOP_ENTRY_H
#define COMMANDS_DESKTOP_ENTRY_H

#include "profile/profile.h"

/* What marks an entry of ours: its profile, as a file URI. */
#define ENTRY_PROFILE "X-Vmlaunch-Profile"

struct entry_words {
	const char *program; /* this program's path */
	const char *profile; /* the profile's, absolute */
	const char *variant; /* that a click starts, NULL: none */
	const char *title;   /* what the menu shows, NULL: the machine's name */
	const char *icon;    /* a theme's name or an absolute path */
};

/* The file's name for a machine: a reverse DNS name whose last part is made of what D-Bus allows in
 * one, two machines never having the same. The caller owns it.
 */
char *entry_file(const char *machine);

/* The entry's text: a click starts the machine, actions end it, tell how it is, and start its
 * variants. The caller owns it.
 */
char *entry_text(const struct profile *profile, const struct entry_words *words);

/* The value of a key in the first group of an entry, without the format's escapes, which the caller
 * owns; NULL when there is none.
 */
char *entry_value(const char *text, const char *key);

#endif
