/* The keeper's sentences in the language of whoever reads them. The keeper is root, and knows no
 * language but English: it opens no catalogue and hears no word of the environment's. What it says
 * comes as text, which is taken apart here, on the user's side, by the formats that it was made
 * with (retell_table.h).
 */
#ifndef RUN_RETELL_H
#define RUN_RETELL_H

#include <stddef.h>

/* The text in the tongue, as far as it is known how it was made; else as it is. Nothing that came
 * is taken for a format. The caller owns it.
 */
char *retell(const char *text);

/* The same by a table of formats, those with more of their own letters first, and by what
 * translates one of them, which gives back the format itself where it has no translation.
 */
struct retell_table {
	const char *const *format;
	size_t n;
	const char *(*translate)(const char *format);
};
char *retell_by(const struct retell_table *table, const char *text);

#endif
