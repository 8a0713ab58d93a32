/* The profile's struct: freeing it by the table, and its places in words. load.c fills it. */
#include "profile.h"

#include "base/alloc.h"
#include "base/text.h"
#include "keys.h"
#include "value.h"

static void clear_section(const struct section_keys *section, void *base)
{
	for (size_t i = 0; i < section->n; i++)
		value_clear(section->key[i].kind, (char *)base + section->key[i].offset);
}

struct items *profile_items(struct profile *p, const struct section_keys *section)
{
	return (struct items *)((char *)p + section->offset);
}

void profile_free(struct profile *p)
{
	size_t n;
	const struct section_keys *table = section_table(&n);

	if (!p)
		return;
	for (size_t i = 0; i < n; i++) {
		struct items *items = profile_items(p, &table[i]);

		if (!table[i].items) {
			clear_section(&table[i], items);
			continue;
		}
		for (size_t k = 0; k < items->n; k++) {
			clear_section(&table[i], items->v[k]);
			free(items->v[k]->name);
			free(items->v[k]);
		}
		free(items->v);
	}
	for (size_t i = 0; i < p->sets; i++)
		free(p->set[i]);
	free(p->set);
	for (size_t i = 0; i < p->knowns; i++)
		free(p->known[i]);
	free(p->known);
	free(p->path);
	free(p->dir);
	free(p->variant);
	free(p);
}

/* What the keys of one section give to fn. */
static bool section_paths(const struct section_keys *section, const void *base, unsigned flags,
			  path_fn *fn, void *context, struct error **err)
{
	bool good = true;

	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];
		const struct text *path = (const void *)((const char *)base + key->offset);

		if (key->kind == KIND_PATH && (key->flags & flags) && path->v)
			good = fn(context, key, path, err) && good;
	}
	return good;
}

bool profile_paths(const struct profile *p, unsigned flags, path_fn *fn, void *context,
		   struct error **err)
{
	size_t n;
	const struct section_keys *table = section_table(&n);
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		const void *base = (const char *)p + table[i].offset;
		const struct items *items = base;

		if (!table[i].items)
			good = section_paths(&table[i], base, flags, fn, context, err) && good;
		for (size_t k = 0; table[i].items && k < items->n; k++)
			if (items->v[k]->enabled.v)
				good = section_paths(&table[i], items->v[k], flags, fn, context,
						     err) &&
				       good;
	}
	return good;
}

char *origin_text(const struct profile *p, struct origin at)
{
	if (at.kind == ORIGIN_DEFAULT)
		return xstrdup("default");
	if (at.kind == ORIGIN_SET) {
		own_free char *word = text_quote(p->set[at.line - 1], 200);

		return xasprintf("--set %s", word);
	}
	return xasprintf("%s:%u:%u", p->path, at.line, at.column);
}

char *key_text(const struct origin *at)
{
	own_free char *item = at->item ? item_text(at->item) : NULL;

	return xasprintf("%s%s%s", item ? item : at->section->name, at->key ? "." : "",
			 at->key ? at->key->name : "");
}

char *item_text(const struct item *item)
{
	return xasprintf("%s%s%s", item->section, *item->name ? " " : "", item->name);
}
