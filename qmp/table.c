/* Theory of operation: a table is for comparing, so its columns are what differs. The columns of a
 * list of objects are the members that are no objects themselves, an object's by their path
 * (props.core-id); a list is one word of JSON. Where that is wider than the screen, a column that
 * has the same value in all rows that have it is told once below the table instead. If it is too
 * wide still, the deepest columns go, of equally deep ones the widest, and are named below, at
 * least the first of them: nothing disappears unsaid.
 *
 * Objects are alike where at least half of the table has something in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/text.h"
#include "format.h"

#define COLUMNS_MOST 400
#define DEPTH_MOST 5
/* A table of fewer columns tells less than the JSON. */
#define COLUMNS_LEAST 2
/* So many are named of those that were left out. */
#define NAMED_MOST 8

enum place { IN_TABLE, SAME_IN_ALL, LEFT_OUT };

struct column {
	const char *key[DEPTH_MOST]; /* the path, in memory of the value's */
	unsigned depth;		     /* keys in it */
	char *name;		     /* the path as it is shown */
	size_t width, filled;	     /* rows that have it */
	char *first;		     /* the value in the first row that has it */
	bool same;
	enum place place;
};

struct table {
	struct column *column;
	size_t columns, rows;
};

static void table_free(struct table *table)
{
	for (size_t i = 0; i < table->columns; i++) {
		free(table->column[i].name);
		free(table->column[i].first);
	}
	free(table->column);
}
#define own_table own_with(table_free)

/* The columns that a text takes; wide characters count as one, which only spoils a column's edge.
 */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool is_path(const struct column *column, const char *const *key, unsigned depth)
{
	if (column->depth != depth)
		return false;
	for (unsigned i = 0; i < depth; i++)
		if (strcmp(column->key[i], key[i]) != 0)
			return false;
	return true;
}

static struct column *column_of(struct table *table, const char *const *key, unsigned depth)
{
	own_buf struct buf path = {0};
	struct column *column;

	for (size_t i = 0; i < table->columns; i++)
		if (is_path(&table->column[i], key, depth))
			return &table->column[i];
	if (table->columns == COLUMNS_MOST)
		return NULL;
	column = xappend(table->column, table->columns);
	*column = (struct column){.depth = depth, .same = true};
	for (unsigned i = 0; i < depth; i++) {
		own_free char *part = text_quote(key[i], 100);

		column->key[i] = key[i];
		buf_addf(&path, "%s%s", i ? "." : "", part);
	}
	column->name = qmp_screen(path.data);
	column->name[strcspn(column->name, "\n")] = '\0';
	column->width = width_of(column->name);
	return column;
}

/* Takes the members of a row, or of an object in it, whose path is key, in; false where there are
 * too many.
 */
static bool note_members(struct table *table, json_object *object, const char **key, unsigned depth)
{
	json_object_object_foreach(object, name, value)
	{
		own_free char *cell = NULL;
		struct column *column;
		size_t width;

		key[depth] = name;
		if (json_object_is_type(value, json_type_object) && depth + 1 < DEPTH_MOST &&
		    json_object_object_length(value)) {
			if (!note_members(table, value, key, depth + 1))
				return false;
			continue;
		}
		column = column_of(table, key, depth + 1);
		if (!column)
			return false;
		cell = qmp_plain(value);
		width = width_of(cell);
		if (column->width < width)
			column->width = width;
		column->filled++;
		if (!column->first)
			column->first = steal(&cell);
		else
			column->same &= strcmp(column->first, cell) == 0;
	}
	return true;
}

/* What a row has in a column, which the caller owns. */
static char *cell_of(const struct column *column, json_object *row)
{
	for (unsigned i = 0; i < column->depth; i++)
		if (!json_object_is_type(row, json_type_object) ||
		    !json_object_object_get_ex(row, column->key[i], &row))
			return xstrdup("-");
	return qmp_plain(row);
}

static size_t table_width(const struct table *table, size_t *shown)
{
	size_t width = 0;

	*shown = 0;
	for (size_t i = 0; i < table->columns; i++)
		if (table->column[i].place == IN_TABLE)
			width += table->column[i].width + ((*shown)++ ? 2 : 0);
	return width;
}

/* The column that is missed least: the deepest, and the widest of these. */
static struct column *least_column(struct table *table)
{
	struct column *found = NULL;

	for (size_t i = 0; i < table->columns; i++) {
		struct column *column = &table->column[i];

		if (column->place == IN_TABLE &&
		    (!found || column->depth > found->depth ||
		     (column->depth == found->depth && column->width > found->width)))
			found = column;
	}
	return found;
}

/* Makes the table as narrow as that; false where too little of it would be left. */
static bool fit_columns(struct table *table, size_t columns)
{
	size_t shown;

	if (table_width(table, &shown) <= columns)
		return shown > 0;
	for (size_t i = 0; i < table->columns; i++)
		if (table->column[i].same && table->column[i].filled > 1)
			table->column[i].place = SAME_IN_ALL;
	while (table_width(table, &shown) > columns) {
		if (shown <= COLUMNS_LEAST)
			return false;
		least_column(table)->place = LEFT_OUT;
	}
	return shown >= COLUMNS_LEAST;
}

static bool is_alike(const struct table *table)
{
	size_t filled = 0;

	for (size_t i = 0; i < table->columns; i++)
		filled += table->column[i].filled;
	return 2 * filled >= table->columns * table->rows;
}

static void add_row(struct buf *out, const struct table *table, json_object *row)
{
	size_t pad = 0;

	for (size_t i = 0; i < table->columns; i++) {
		const struct column *column = &table->column[i];
		own_free char *cell = NULL;

		if (column->place != IN_TABLE)
			continue;
		buf_addf(out, "%*s", (int)pad, "");
		cell = row ? cell_of(column, row) : xstrdup(column->name);
		buf_adds(out, cell);
		pad = column->width + 2 - width_of(cell);
	}
	buf_addc(out, '\n');
}

/* What says little where it is the same everywhere. */
static bool is_nothing(const char *value)
{
	static const char *const nothing[] = {"0", "false", "", "[]", "{}", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		if (strcmp(nothing[i], value) == 0)
			return true;
	return false;
}

/* The column as a word below the table, which the caller owns; NULL where it is counted alone. */
static char *column_word(const struct column *column, size_t named)
{
	if (column->place == LEFT_OUT)
		return named < NAMED_MOST ? xstrdup(column->name) : NULL;
	if (is_nothing(column->first))
		return NULL;
	return xasprintf(strchr(column->first, ' ') ? "%s=\"%s\"" : "%s=%s", column->name,
			 column->first);
}

/* The columns of that place as words behind a first one, on as many lines as they take. */
static void add_words(struct buf *out, const struct table *table, enum place place,
		      const char *first, size_t columns)
{
	size_t at = 0, named = 0, more = 0;

	for (size_t i = 0; i < table->columns; i++) {
		const struct column *column = &table->column[i];
		own_free char *word = column->place == place ? column_word(column, named) : NULL;
		size_t width = word ? width_of(word) : 0;

		more += column->place == place && !word;
		if (!word)
			continue;
		named++;
		if (at && at + 1 + width > columns) {
			buf_adds(out, "\n ");
			at = 1;
		} else if (!at) {
			buf_addf(out, "%s%s", first,
				 width_of(first) + 1 + width > columns ? "\n " : "");
			at = width_of(first);
		}
		buf_addf(out, " %s", word);
		at += 1 + width;
	}
	if (more && place == LEFT_OUT)
		buf_addf(out, " and %zu more", more);
	else if (more)
		buf_addf(out, "%s%s %zu of 0, false or nothing", named ? "" : first,
			 named ? ", and" : "", more);
	if (named || more)
		buf_addc(out, '\n');
}

char *qmp_table(json_object *value, size_t columns)
{
	own_table struct table table = {0};
	struct buf out = {0};

	if (json_object_is_type(value, json_type_array))
		table.rows = json_object_array_length(value);
	for (size_t i = 0; i < table.rows; i++) {
		json_object *row = json_object_array_get_idx(value, i);
		const char *key[DEPTH_MOST];

		if (!json_object_is_type(row, json_type_object) ||
		    !note_members(&table, row, key, 0))
			return NULL;
	}
	if (table.rows < 2 || !is_alike(&table) || !fit_columns(&table, columns))
		return NULL;
	for (size_t i = 0; i <= table.rows; i++)
		add_row(&out, &table, i ? json_object_array_get_idx(value, i - 1) : NULL);
	add_words(&out, &table, SAME_IN_ALL, "the same in all:", columns);
	add_words(&out, &table, LEFT_OUT, "too wide, 'json' shows them:", columns);
	return buf_steal(&out);
}
