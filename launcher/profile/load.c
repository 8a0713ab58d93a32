/* Three layers fill one struct: the file's sections, the chosen variant, --set. A later layer
 * overrides an earlier one; within the file a key may stand once. Variants that were not chosen are
 * checked all the same, so that a typing error in one is told today and not on the evening on which
 * it is needed.
 */
#include "profile.h"

#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"
#include "ini.h"
#include "keys.h"
#include "value.h"

#define SECTIONS_LIMIT 1000 /* headers are compared with each other */
#define ITEM_NAME_LIMIT 20  /* QEMU's node names hold 31 bytes, ours put a word before it */

/* What one line, of the file or of --set, asks for. */
struct assignment {
	const char *section, *name, *key, *value;
	struct origin key_at, value_at;
	const char *dir;
	bool check_only; /* of a variant that was not chosen */
};

/* A field that a line has filled, or has tried to. */
struct seen {
	const void *field;
	struct origin at;
};

struct loader {
	struct profile *p;
	struct error **err;
	bool good;
	struct seen *seen;
	size_t n;
};

__attribute__((format(printf, 3, 4))) static void complain(struct loader *l, struct origin at,
							   const char *fmt, ...)
{
	own_free char *where = origin_text(l->p, at);
	own_free char *message = NULL;
	va_list args;

	va_start(args, fmt);
	message = xvasprintf(tongue(fmt), args);
	va_end(args);
	error_add(l->err, ERROR_USAGE, "%s: %s", where, message);
	l->good = false;
}

/* item: the section's struct itself, where it may stand several times. */
static void set_defaults(const struct section_keys *section, void *base, const struct item *item)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];
		struct origin at = {.section = section, .key = key, .item = item};

		if (value_default(key, at,
				  (char *)base + key->offset)) /* a fault of the table, which the
								  unit tests walk through */
			abort();
	}
}

/* ------------------------------------------------------------------ left sides */

static const char *nearest_section(const char *name)
{
	const char *names[32];
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	names[n++] = "variant";
	return text_nearest(name, names, n);
}

static const char *nearest_key(const struct section_keys *section, const char *name)
{
	const char *names[64];

	for (size_t i = 0; i < section->n; i++)
		names[i] = section->key[i].name;
	return text_nearest(name, names, section->n);
}

/* The section's struct that an assignment means; made if it is the first to name this item. */
static void *section_struct(struct loader *l, const struct section_keys *section,
			    const struct assignment *a)
{
	struct items *items = profile_items(l->p, section);
	struct item *item;

	if (!section->items)
		return items;
	item = items_find(items, a->name);
	if (item)
		return item;
	item = xcalloc(1, section->size);
	set_defaults(section, item, item);
	item->section = section->name;
	item->name = xstrdup(a->name);
	item->at = a->key_at;
	item->at.section = section;
	item->at.item = item;
	*xappend(items->v, items->n) = item;
	return item;
}

/* What is wrong with a section's name for this item, or NULL; the caller owns it. */
static char *section_problem(struct loader *l, const struct section_keys *section,
			     const struct assignment *a)
{
	own_free char *shown = text_quote(a->section, 40), *name = text_quote(a->name, 40);
	const char *nearest;
	struct items *items;

	if (!section) {
		nearest = nearest_section(a->section);
		return nearest ? xasprintf("unknown section '%s'; did you mean %s?", shown, nearest)
			       : xasprintf("unknown section '%s'; 'vmlaunch keys' lists all",
					   shown);
	}
	if (!section->items)
		return *a->name ? xasprintf("section %s takes no name, but '%s' stands there",
					    section->name, name)
				: NULL;
	if (!ini_is_name(a->name))
		return xasprintf(
			"'%s' is no name; names are made of letters, digits and '.', '_', '-'",
			name);
	if (strlen(a->name) > ITEM_NAME_LIMIT)
		return xasprintf("the name '%s' is longer than %d characters", name,
				 ITEM_NAME_LIMIT);
	items = profile_items(l->p, section);
	if (items->n >= ITEMS_LIMIT && !items_find(items, a->name))
		return xasprintf("more than %d %s sections", ITEMS_LIMIT, section->name);
	return NULL;
}

static const struct section_keys *look_up_section(struct loader *l, const struct assignment *a)
{
	const struct section_keys *section = section_find(a->section);
	own_free char *problem = section_problem(l, section, a);
	bool told = a->key && a->key_at.kind == ORIGIN_FILE; /* at the header */

	if (problem && !told)
		complain(l, a->key_at, "%s", problem);
	return problem ? NULL : section;
}

static const struct key *look_up_key(struct loader *l, const struct section_keys *section,
				     const struct assignment *a)
{
	const struct key *key = key_find(section, a->key);
	const char *nearest = key ? NULL : nearest_key(section, a->key);
	own_free char *shown = text_quote(a->key, 40);

	if (nearest)
		complain(l, a->key_at, "section %s has no key '%s'; did you mean %s?",
			 section->name, shown, nearest);
	else if (!key)
		complain(l, a->key_at, "section %s has no key '%s'; 'vmlaunch keys' lists all",
			 section->name, shown);
	return key;
}

/* ------------------------------------------------------------------ assignments */

static const struct seen *find_seen(const struct loader *l, const void *field)
{
	/* From the end: a later layer's line is the one to name. */
	for (size_t i = l->n; i-- > 0;)
		if (l->seen[i].field == field)
			return &l->seen[i];
	return NULL;
}

static bool is_duplicate(struct loader *l, const struct key *key, const void *field,
			 const struct assignment *a)
{
	const struct seen *was = find_seen(l, field);

	/* On the command line the last one counts, as everywhere. */
	if (a->key_at.kind != ORIGIN_SET && !kind_is_list(key->kind) && was &&
	    was->at.kind == a->key_at.kind) {
		complain(l, a->key_at, "%s%s%s.%s stands in line %u already", a->section,
			 *a->name ? " " : "", a->name, a->key, was->at.line);
		return true;
	}
	if (!was || was->at.kind != a->key_at.kind)
		*xappend(l->seen, l->n) = (struct seen){field, a->key_at};
	return false;
}

static void assign_value(struct loader *l, const struct assignment *a)
{
	const struct section_keys *section = look_up_section(l, a);
	const struct key *key = section ? look_up_key(l, section, a) : NULL;
	own_free char *problem = NULL;
	void *field;

	if (!key)
		return;
	if (a->check_only) {
		problem = value_problem(key, a->value, a->dir);
	} else {
		void *base = section_struct(l, section, a);
		struct origin at = a->value_at;

		at.section = section;
		at.key = key;
		at.item = section->items ? base : NULL;
		field = (char *)base + key->offset;
		if (is_duplicate(l, key, field, a))
			return;
		problem = value_parse(key, a->value, a->dir, at, field);
	}
	if (problem)
		complain(l, a->value_at, "%s%s%s.%s: %s", a->section, *a->name ? " " : "", a->name,
			 a->key, problem);
}

/* Takes SECTION[/NAME].KEY apart. A name may hold dots, a key holds none: the last dot counts. */
static bool split_left(char *left, struct assignment *a)
{
	char *dot = strrchr(left, '.'), *slash;

	if (!dot || dot == left || !dot[1])
		return false;
	*dot = '\0';
	slash = strchr(left, '/');
	if (slash)
		*slash = '\0';
	if (!*left || (slash && !slash[1]))
		return false;
	a->section = left;
	a->name = slash ? slash + 1 : "";
	a->key = dot + 1;
	return true;
}

static void assign_split(struct loader *l, const char *left, struct assignment a)
{
	own_free char *copy = xstrdup(left);

	if (split_left(copy, &a)) {
		assign_value(l, &a);
		return;
	}
	own_free char *shown = text_quote(left, 40);
	complain(l, a.key_at, "'%s' is not of the form SECTION.KEY or SECTION/NAME.KEY", shown);
}

/* ------------------------------------------------------------------ the layers */

static bool is_variant(const struct ini_entry *e)
{
	return strcmp(e->section, "variant") == 0;
}

static struct origin origin(enum origin_kind kind, struct place at)
{
	return (struct origin){.kind = kind, .line = at.line, .column = at.column};
}

/* Whether the header e repeats an earlier one. */
static bool header_again(struct loader *l, const struct ini *ini, size_t e)
{
	const struct ini_entry *now = &ini->entry[e];

	for (size_t i = 0; i < e; i++) {
		const struct ini_entry *was = &ini->entry[i];

		if (was->key || strcmp(was->section, now->section) != 0 ||
		    strcmp(was->name, now->name) != 0)
			continue;
		complain(l, origin(ORIGIN_FILE, now->key_at), "[%s%s%s] stands in line %u already",
			 now->section, *now->name ? " " : "", now->name, was->key_at.line);
		return true;
	}
	return false;
}

/* The header itself makes an item, even where no key follows. */
static void apply_header(struct loader *l, const struct ini *ini, size_t e)
{
	const struct ini_entry *entry = &ini->entry[e];
	struct assignment a = {.section = entry->section, .name = entry->name};
	const struct section_keys *section;

	a.key_at = origin(ORIGIN_FILE, entry->key_at);
	if (header_again(l, ini, e))
		return;
	if (is_variant(entry)) {
		if (!*entry->name)
			complain(l, a.key_at, "a variant needs a name: [variant NAME]");
		return;
	}
	section = look_up_section(l, &a);
	if (section)
		section_struct(l, section, &a);
}

static void apply_file(struct loader *l, const struct ini *ini)
{
	size_t sections = 0;

	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *e = &ini->entry[i];
		struct assignment a = {
			.section = e->section,
			.name = e->name,
			.key = e->key,
			.value = e->value,
			.key_at = origin(ORIGIN_FILE, e->key_at),
			.value_at = origin(ORIGIN_FILE, e->value_at),
			.dir = l->p->dir,
		};

		if (!e->key && ++sections > SECTIONS_LIMIT) {
			complain(l, a.key_at, "more than %d sections; that is no profile",
				 SECTIONS_LIMIT);
			return;
		}
		if (!e->key)
			apply_header(l, ini, i);
		else if (!is_variant(e))
			assign_value(l, &a);
	}
}

/* "install, no-gpu", which the caller owns. */
static char *known_words(const struct profile *p)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0; i < p->knowns; i++)
		buf_addf(&out, "%s%s", i ? ", " : "", p->known[i]);
	return buf_steal(&out);
}

static void apply_variants(struct loader *l, const struct ini *ini)
{
	const char *names[32];
	size_t n = 0;
	bool found = false;

	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *e = &ini->entry[i];
		bool chosen = l->p->variant && strcmp(e->name, l->p->variant) == 0;

		if (!is_variant(e))
			continue;
		found = found || chosen;
		if (!e->key) {
			if (n < ARRAY_SIZE(names))
				names[n++] = e->name;
			*xappend(l->p->known, l->p->knowns) = xstrdup(e->name);
			continue;
		}
		assign_split(l, e->key,
			     (struct assignment){
				     .value = e->value,
				     .key_at = origin(ORIGIN_VARIANT, e->key_at),
				     .value_at = origin(ORIGIN_VARIANT, e->value_at),
				     .dir = l->p->dir,
				     .check_only = !chosen,
			     });
	}
	if (l->p->variant && !found) {
		const char *nearest = text_nearest(l->p->variant, names, n);
		own_free char *shown = text_quote(l->p->variant, 40), *all = known_words(l->p);

		error_add(l->err, ERROR_USAGE, "%s: no [variant %s]%s%s%s", l->p->path, shown,
			  nearest ? _("; did you mean ")
			  : n	  ? _("; it has ")
				  : _("; the profile has no variants"),
			  nearest ? nearest
			  : n	  ? all
				  : "",
			  nearest ? "?" : "");
		l->good = false;
	}
}

static void apply_sets(struct loader *l)
{
	own_free char *here = realpath(".", NULL);

	for (size_t i = 0; i < l->p->sets; i++) {
		const char *word = l->p->set[i], *equals = strchr(word, '=');
		struct origin at = {.kind = ORIGIN_SET, .line = (unsigned)i + 1};
		own_free char *left = NULL;

		if (!equals) {
			complain(l, at, "no '='; write SECTION[/NAME].KEY=VALUE");
			continue;
		}
		left = xstrndup(word, (size_t)(equals - word));
		assign_split(l, left,
			     (struct assignment){.value = equals + 1,
						 .key_at = at,
						 .value_at = at,
						 .dir = here ? here : "/"});
	}
}

/* ------------------------------------------------------------------ after all layers */

/* An item that no section of the file introduces, and of which only `enabled = no` is said, is a
 * typing error: what was to be switched off is still on.
 */
static void check_switched(struct loader *l, const struct section_keys *section, struct item *item)
{
	struct items *items = profile_items(l->p, section);
	own_free char *name = item_text(item);
	const char *names[ITEMS_LIMIT], *nearest;
	size_t n = 0;

	if (item->at.kind == ORIGIN_FILE || item->enabled.v)
		return;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i] != item && items->v[i]->at.kind == ORIGIN_FILE && n < ITEMS_LIMIT)
			names[n++] = items->v[i]->name;
	if (!n)
		return;
	nearest = text_nearest(item->name, names, n);
	if (nearest)
		complain(l, item->at, "there is no [%s]; did you mean %s?", name, nearest);
}

static void check_required(struct loader *l, const struct section_keys *section, void *base)
{
	struct item *item = base;
	own_free char *name = item_text(item);

	if (!item->enabled.v)
		return;
	for (size_t i = 0; i < section->n; i++) {
		const struct key *key = &section->key[i];

		/* A value that was given and is wrong has its message already. */
		if ((key->flags & KEY_REQUIRED) && !find_seen(l, (char *)base + key->offset))
			complain(l, item->at, "[%s] has no %s: %s", name, key->name, key->help);
	}
}

static void check_item(struct loader *l, const struct section_keys *section, struct item *item)
{
	check_required(l, section, item);
	check_switched(l, section, item);
}

/* The default name is the file's, without .ini. */
static void default_name(struct loader *l)
{
	struct text *name = &l->p->vm.name;
	const char *base = path_base(l->p->path);
	own_free char *stem = xstrndup(base, strlen(base) - (text_ends(base, ".ini") ? 4 : 0));
	own_free char *problem = NULL, *key_name = NULL;
	struct key key = {.kind = KIND_NAME};
	struct origin at = {.section = name->at.section, .key = name->at.key};

	if (!name->automatic)
		return;
	problem = value_parse(&key, stem, "/", at, name);
	if (problem) {
		key_name = key_text(&at);
		error_add(l->err, ERROR_USAGE,
			  "%s: the file's name makes no machine name, so give %s: %s", l->p->path,
			  key_name, problem);
		l->good = false;
	}
}

static void finish_profile(struct loader *l)
{
	size_t n;
	const struct section_keys *table = section_table(&n);

	for (size_t i = 0; i < n; i++) {
		struct items *items = profile_items(l->p, &table[i]);

		for (size_t k = 0; table[i].items && k < items->n; k++)
			check_item(l, &table[i], items->v[k]);
	}
	default_name(l);
	l->good = profile_check_together(l->p, l->err) && l->good;
}

struct profile *profile_layers(const char *path, const char *text, size_t len, const char *variant,
			       char *const *set, size_t sets, bool files, struct error **err)
{
	struct loader l = {.p = xcalloc(1, sizeof(*l.p)), .err = err, .good = true};
	own_profile struct profile *p = l.p;
	own_ini struct ini ini = {0};
	own_free char *dir = path_dir(path);
	size_t n;
	const struct section_keys *table = section_table(&n);

	p->path = xstrdup(path);
	p->dir = realpath(dir, NULL);
	if (!p->dir)
		p->dir = xstrdup(dir);
	p->variant = variant ? xstrdup(variant) : NULL;
	for (size_t i = 0; i < sets; i++)
		*xappend(p->set, p->sets) = xstrdup(set[i]);
	for (size_t i = 0; i < n; i++)
		if (!table[i].items)
			set_defaults(&table[i], profile_items(p, &table[i]), NULL);
	l.good = ini_parse(&ini, path, text, len, err);
	apply_file(&l, &ini);
	apply_variants(&l, &ini);
	apply_sets(&l);
	finish_profile(&l);
	free(l.seen);
	/* Where there is no start anyway, all that is wrong is told. */
	if ((files || !l.good) && !profile_check_files(p, err))
		return NULL;
	return l.good ? steal(&p) : NULL;
}
