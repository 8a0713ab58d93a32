#include "draft.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "profile/ini.h"
#include "profile/ini_write.h"
#include "profile/value.h"

#define SENTENCE 600 /* bytes of one that are shown */

static const struct key *find_key(const char *section, const char *key)
{
	const struct section_keys *s = section_find(section);

	return s ? key_find(s, key) : NULL;
}

bool draft_knows(const char *section, const char *key)
{
	return find_key(section, key);
}

/* NULL, or why the key does not take the value; the caller owns it. */
static char *refuse_key(const char *section, const char *key, const char *value)
{
	const struct key *k = find_key(section, key);

	if (!k)
		return xasprintf("there is no key %s.%s", section, key);
	return value_problem(k, value, "/");
}

bool draft_takes(const char *section, const char *key, const char *value)
{
	own_free char *why = refuse_key(section, key, value);

	return !why;
}

static struct draft_line *find_section(const struct draft *d, const char *section, const char *name,
				       const char *key)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->line[i].key && strcmp(d->line[i].section, section) == 0 &&
		    strcmp(d->line[i].name, name) == 0 && strcmp(d->line[i].key, key) == 0)
			return &d->line[i];
	return NULL;
}

const char *draft_value(const struct draft *d, const char *section, const char *name,
			const char *key)
{
	const struct draft_line *line = find_section(d, section, name, key);

	return line && !line->off ? line->value : NULL;
}

static void put_key(struct draft *d, const char *section, const char *name, const char *key,
		    const char *value, bool off)
{
	own_free char *why = ini_is_name(name) ? refuse_key(section, key, value)
					       : xstrdup("its name cannot be a section's");
	const struct key *k = find_key(section, key);
	struct draft_line *line = find_section(d, section, name, key);

	if (why) {
		own_free char *shown = text_quote(value, 80);

		draft_left(d, "%s.%s = %s: %s", section, key, shown, why);
		return;
	}
	if (!line && !off && !section_find(section)->items && k->dflt &&
	    strcmp(k->dflt, value) == 0)
		return;
	if (line && !kind_is_list(k->kind)) {
		free(line->value);
		line->value = xstrdup(value);
		line->off = off;
		return;
	}
	*xappend(d->line, d->n) = (struct draft_line){xstrdup(section), xstrdup(name), xstrdup(key),
						      xstrdup(value), off};
}

void draft_put(struct draft *d, const char *section, const char *name, const char *key,
	       const char *value)
{
	put_key(d, section, name, key, value, false);
}

void draft_put_off(struct draft *d, const char *section, const char *name, const char *key,
		   const char *value)
{
	put_key(d, section, name, key, value, true);
}

void draft_putf(struct draft *d, const char *section, const char *name, const char *key,
		const char *fmt, ...)
{
	own_free char *value = NULL;
	va_list args;

	va_start(args, fmt);
	value = xvasprintf(fmt, args);
	va_end(args);
	put_key(d, section, name, key, value, false);
}

void draft_comment(struct draft *d, const char *section, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*xappend(d->line, d->n) = (struct draft_line){xstrdup(section), xstrdup(name), NULL,
						      xvasprintf(fmt, args), false};
	va_end(args);
}

/* Takes over the sentence. A domain's values may hold what ends a line. */
static void add_sentence(char ***list, size_t *n, char *raw)
{
	char *sentence = text_quote(raw, SENTENCE);

	free(raw);
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i], sentence) == 0) {
			free(sentence);
			return;
		}
	char **v = *list;

	*xappend(v, *n) = sentence;
	*list = v;
}

void draft_left(struct draft *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_sentence(&d->left, &d->lefts, xvasprintf(fmt, args));
	va_end(args);
}

void draft_note(struct draft *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_sentence(&d->note, &d->notes, xvasprintf(fmt, args));
	va_end(args);
}

/* ------------------------------------------------------------------ the text */

static void put_item(struct ini_writer *w, const struct draft *d, const char *section,
		     const char *name)
{
	ini_gap(w);
	ini_put_section(w, section, name);
	for (size_t i = 0; i < d->n; i++) {
		const struct draft_line *line = &d->line[i];

		if (strcmp(line->section, section) != 0 || strcmp(line->name, name) != 0)
			continue;
		if (!line->key)
			ini_comment(w, "%s", line->value);
		else if (line->off)
			ini_put_off(w, line->key, line->value);
		else
			ini_put(w, line->key, line->value);
	}
}

static bool was_before(const struct draft *d, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(d->line[k].section, d->line[i].section) == 0 &&
		    strcmp(d->line[k].name, d->line[i].name) == 0)
			return true;
	return false;
}

static void put_list(struct ini_writer *w, const char *head, char *const *list, size_t n)
{
	if (!n)
		return;
	ini_gap(w);
	ini_comment(w, "%s", head);
	for (size_t i = 0; i < n; i++)
		ini_comment(w, "- %s", list[i]);
}

char *draft_text(const struct draft *d, const char *from)
{
	struct ini_writer w = {0};
	size_t n;
	const struct section_keys *table = section_table(&n);

	ini_comment(
		&w,
		"Written by 'vmlaunch import' from %s. Controllers and PCI addresses are laid out anew; 'vmlaunch plan' shows how.",
		from);
	put_list(&w, "Not taken over, as nothing here does it:", d->left, d->lefts);
	put_list(&w, "Otherwise than libvirt did it:", d->note, d->notes);
	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < d->n; i++)
			if (strcmp(d->line[i].section, table[s].name) == 0 && !was_before(d, i))
				put_item(&w, d, d->line[i].section, d->line[i].name);
	return ini_text(&w);
}

void draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->line[i].section);
		free(d->line[i].name);
		free(d->line[i].key);
		free(d->line[i].value);
	}
	free(d->line);
	for (size_t i = 0; i < d->boots; i++)
		free(d->boot[i].item);
	free(d->boot);
	names_free(d->left, d->lefts);
	names_free(d->note, d->notes);
	pci_list_free(&d->pci);
	*d = (struct draft){0};
}
