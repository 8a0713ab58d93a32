/* Theory of operation.
 *
 * editor_key() takes bytes as a terminal sends them: UTF-8, control characters, and sequences that
 * begin with ESC (ECMA-48: ESC [ parameters, intermediates and a final byte; ESC O and a final byte
 * from keypads). An unknown sequence does nothing. Between ESC [200~ and ESC [201~ stands what was
 * pasted, and in that nothing is a key.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "editor_private.h"

struct editor *editor_new(void)
{
	struct editor *editor = xcalloc(1, sizeof(*editor));

	buf_adds(&editor->text, "");
	buf_adds(&editor->needle, "");
	return editor;
}

void editor_free(struct editor *editor)
{
	if (!editor)
		return;
	for (size_t i = 0; i < editor->lines; i++)
		free(editor->history[i]);
	free(editor->history);
	free(editor->draft);
	free(editor->killed);
	buf_free(&editor->text);
	buf_free(&editor->needle);
	free(editor);
}

const char *editor_text(const struct editor *editor)
{
	return editor->text.data;
}

size_t editor_cursor(const struct editor *editor)
{
	return editor->cursor;
}

const char *editor_history(const struct editor *editor, size_t i)
{
	return i < editor->lines ? editor->history[i] : NULL;
}

/* ------------------------------------------------------------------ the text */

static void replace_text(struct editor *editor, const char *text)
{
	editor->text.len = 0;
	buf_adds(&editor->text, text);
	editor->cursor = editor->text.len;
}

void editor_set(struct editor *editor, const char *text)
{
	replace_text(editor, text);
	free(steal(&editor->draft));
	editor->at = editor->lines;
	editor->searching = false;
}

static void remove_bytes(struct editor *editor, size_t from, size_t to)
{
	memmove(editor->text.data + from, editor->text.data + to, editor->text.len - to + 1);
	editor->text.len -= to - from;
	if (editor->cursor >= to)
		editor->cursor -= to - from;
	else if (editor->cursor > from)
		editor->cursor = from;
}

static void insert_bytes(struct editor *editor, const char *bytes, size_t n)
{
	own_free char *behind = NULL;

	if (editor->text.len + n > EDITOR_LINE_MOST)
		return;
	behind = xstrdup(editor->text.data + editor->cursor);
	editor->text.len = editor->cursor;
	buf_add(&editor->text, bytes, n);
	buf_adds(&editor->text, behind);
	editor->cursor += n;
}

void editor_complete(struct editor *editor, size_t from, const char *text)
{
	remove_bytes(editor, from, editor->cursor);
	insert_bytes(editor, text, strlen(text));
}

/* Takes bytes away and keeps them for Ctrl-Y. */
static void kill_bytes(struct editor *editor, size_t from, size_t to)
{
	if (from == to)
		return;
	free(editor->killed);
	editor->killed = xstrndup(editor->text.data + from, to - from);
	remove_bytes(editor, from, to);
}

static size_t place_before(const struct editor *editor, size_t at)
{
	while (at > 0 && is_inside(editor->text.data[--at]))
		;
	return at;
}

static size_t place_behind(const struct editor *editor, size_t at)
{
	if (at < editor->text.len)
		at++;
	while (at < editor->text.len && is_inside(editor->text.data[at]))
		at++;
	return at;
}

static bool is_word(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static size_t word_before(const struct editor *editor, size_t at)
{
	while (at > 0 && !is_word(editor->text.data[at - 1]))
		at--;
	while (at > 0 && is_word(editor->text.data[at - 1]))
		at--;
	return at;
}

static size_t word_behind(const struct editor *editor, size_t at)
{
	while (at < editor->text.len && !is_word(editor->text.data[at]))
		at++;
	while (at < editor->text.len && is_word(editor->text.data[at]))
		at++;
	return at;
}

/* The start of what stands before a place, up to white space. */
static size_t blank_before(const struct editor *editor, size_t at)
{
	while (at > 0 && strchr(" \n", editor->text.data[at - 1]))
		at--;
	while (at > 0 && !strchr(" \n", editor->text.data[at - 1]))
		at--;
	return at;
}

/* ------------------------------------------------------------------ history */

void editor_remember(struct editor *editor, const char *line)
{
	if (!*line || (editor->lines && strcmp(editor->history[editor->lines - 1], line) == 0))
		return;
	if (editor->lines == EDITOR_HISTORY_MOST) {
		free(editor->history[0]);
		memmove(editor->history, editor->history + 1,
			--editor->lines * sizeof(*editor->history));
	}
	*xappend(editor->history, editor->lines) = xstrdup(line);
	editor->at = editor->lines;
}

static void go_in_history(struct editor *editor, size_t at)
{
	if (at > editor->lines || at == editor->at)
		return;
	if (editor->at == editor->lines) {
		free(editor->draft);
		editor->draft = xstrdup(editor->text.data);
	}
	editor->at = at;
	replace_text(editor, at < editor->lines ? editor->history[at] : editor->draft);
}

/* The last word of the line before the present one, as Alt-. gives it. */
static void insert_last_word(struct editor *editor)
{
	const char *line = editor->lines ? editor->history[editor->lines - 1] : "";
	const char *word = strrchr(line, ' ');

	word = word ? word + 1 : line;
	insert_bytes(editor, word, strlen(word));
}

/* Looks for the needle in the lines before at. */
static void search_before(struct editor *editor, size_t at)
{
	editor->failed = true;
	while (at-- > 0) {
		const char *found = strstr(editor->history[at], editor->needle.data);

		if (!found)
			continue;
		editor->failed = false;
		go_in_history(editor, at);
		editor->cursor = (size_t)(found - editor->history[at]);
		return;
	}
}

static void start_search(struct editor *editor)
{
	editor->searching = true;
	editor->failed = false;
	editor->needle.len = 0;
	buf_adds(&editor->needle, "");
}

/* A key while a search goes on; true if it was for the search. */
static bool search_key(struct editor *editor, unsigned char byte)
{
	switch (byte) {
	case 'R' - '@':
		search_before(editor, editor->at);
		return true;
	case 0x7f:
	case 'H' - '@':
		while (editor->needle.len && is_inside(editor->needle.data[editor->needle.len - 1]))
			editor->needle.len--;
		editor->needle.len -= editor->needle.len > 0;
		editor->needle.data[editor->needle.len] = '\0';
		search_before(editor, editor->lines);
		return true;
	case 'C' - '@':
	case 'G' - '@':
		editor->searching = false;
		go_in_history(editor, editor->lines);
		return true;
	default:
		if (byte >= 0x20) {
			buf_addc(&editor->needle, (char)byte);
			/* Half a character finds what it is the half of. */
			search_before(editor,
				      editor->at < editor->lines ? editor->at + 1 : editor->lines);
			return true;
		}
		editor->searching = false;
		return false;
	}
}

/* ------------------------------------------------------------------ keys */

static void move_end(struct editor *editor)
{
	editor->cursor = editor->text.len;
}

static void delete_at_cursor(struct editor *editor)
{
	remove_bytes(editor, editor->cursor, place_behind(editor, editor->cursor));
}

static void swap_characters(struct editor *editor)
{
	size_t at = editor->cursor == editor->text.len ? place_before(editor, editor->cursor)
						       : editor->cursor;
	size_t first = place_before(editor, at), end = place_behind(editor, at);
	own_free char *left = NULL;

	if (at == 0 || at == end)
		return;
	left = xstrndup(editor->text.data + first, at - first);
	remove_bytes(editor, first, at);
	editor->cursor = first + (end - at);
	insert_bytes(editor, left, strlen(left));
}

/* Where the word that ends a sequence of ESC leads; "" for those without parameters. */
static enum editor_event take_csi(struct editor *editor, const char *parameters, char last)
{
	bool word = strcmp(parameters, "1;5") == 0 || strcmp(parameters, "1;3") == 0;

	switch (last) {
	case 'A':
		go_in_history(editor, editor->at - 1);
		break;
	case 'B':
		go_in_history(editor, editor->at + 1);
		break;
	case 'C':
		editor->cursor = word ? word_behind(editor, editor->cursor)
				      : place_behind(editor, editor->cursor);
		break;
	case 'D':
		editor->cursor = word ? word_before(editor, editor->cursor)
				      : place_before(editor, editor->cursor);
		break;
	case 'H':
		editor->cursor = 0;
		break;
	case 'F':
		move_end(editor);
		break;
	case 'P': /* ESC O P */
		return EDITOR_HELP;
	case '~':
		if (strcmp(parameters, "1") == 0 || strcmp(parameters, "7") == 0)
			editor->cursor = 0;
		else if (strcmp(parameters, "4") == 0 || strcmp(parameters, "8") == 0)
			move_end(editor);
		else if (strcmp(parameters, "3") == 0)
			delete_at_cursor(editor);
		else if (strcmp(parameters, "11") == 0)
			return EDITOR_HELP;
		else
			editor->pasting = strcmp(parameters, "200") == 0;
		break;
	default:
		break;
	}
	return EDITOR_NOTHING;
}

static enum editor_event take_alt(struct editor *editor, char c)
{
	switch (c) {
	case 'b':
		editor->cursor = word_before(editor, editor->cursor);
		break;
	case 'f':
		editor->cursor = word_behind(editor, editor->cursor);
		break;
	case 'd':
		kill_bytes(editor, editor->cursor, word_behind(editor, editor->cursor));
		break;
	case 0x7f:
	case 'H' - '@':
		kill_bytes(editor, word_before(editor, editor->cursor), editor->cursor);
		break;
	case '.':
	case '_':
		insert_last_word(editor);
		break;
	case '\r':
	case '\n':
		insert_bytes(editor, "\n", 1);
		break;
	case '<':
		go_in_history(editor, 0);
		break;
	case '>':
		go_in_history(editor, editor->lines);
		break;
	default:
		break;
	}
	return EDITOR_NOTHING;
}

/* One byte more of a sequence. */
static enum editor_event take_sequence(struct editor *editor, unsigned char byte)
{
	char first;

	editor->sequence[editor->sequence_len++] = (char)byte;
	first = editor->sequence[1];
	if (editor->sequence_len == 2 && (byte == '[' || byte == 'O'))
		return EDITOR_NOTHING;
	if (editor->sequence_len == 2) {
		editor->sequence_len = 0;
		return take_alt(editor, (char)byte);
	}
	if (byte >= 0x40 && byte <= 0x7e && (first == 'O' || first == '[')) {
		editor->sequence[editor->sequence_len - 1] = '\0';
		editor->sequence_len = 0;
		return take_csi(editor, editor->sequence + 2, (char)byte);
	}
	if (editor->sequence_len == SEQUENCE_MOST)
		editor->sequence_len = 0;
	return EDITOR_NOTHING;
}

/* Control keys that move the cursor, or on to another line of the history. */
static void move_by_control(struct editor *editor, unsigned char byte)
{
	switch (byte + '@') {
	case 'A':
		editor->cursor = 0;
		break;
	case 'B':
		editor->cursor = place_before(editor, editor->cursor);
		break;
	case 'E':
		move_end(editor);
		break;
	case 'F':
		editor->cursor = place_behind(editor, editor->cursor);
		break;
	case 'N':
		go_in_history(editor, editor->at + 1);
		break;
	case 'P':
		go_in_history(editor, editor->at - 1);
		break;
	default:
		break;
	}
}

static enum editor_event take_control(struct editor *editor, unsigned char byte)
{
	switch (byte + '@') {
	case 'C':
		return EDITOR_CANCEL;
	case 'D':
		if (editor->text.len == 0)
			return EDITOR_END;
		delete_at_cursor(editor);
		break;
	case 'H':
		remove_bytes(editor, place_before(editor, editor->cursor), editor->cursor);
		break;
	case 'I':
		return EDITOR_COMPLETE;
	case 'J':
	case 'M':
		return EDITOR_LINE;
	case 'K':
		kill_bytes(editor, editor->cursor, editor->text.len);
		break;
	case 'L':
		return EDITOR_CLEAR;
	case 'R':
		start_search(editor);
		break;
	case 'T':
		swap_characters(editor);
		break;
	case 'U':
		kill_bytes(editor, 0, editor->cursor);
		break;
	case 'W':
		kill_bytes(editor, blank_before(editor, editor->cursor), editor->cursor);
		break;
	case 'Y':
		if (editor->killed)
			insert_bytes(editor, editor->killed, strlen(editor->killed));
		break;
	default:
		move_by_control(editor, byte);
	}
	return EDITOR_NOTHING;
}

enum editor_event editor_key(struct editor *editor, unsigned char byte)
{
	char c = (char)byte;

	if (editor->sequence_len)
		return take_sequence(editor, byte);
	if (byte == 0x1b) {
		editor->searching = false;
		editor->sequence[editor->sequence_len++] = c;
		return EDITOR_NOTHING;
	}
	if (editor->pasting) {
		c = c == '\r' ? '\n' : c == '\t' ? ' ' : c;
		if (byte >= 0x20 || c == '\n' || c == ' ')
			insert_bytes(editor, &c, 1);
		return EDITOR_NOTHING;
	}
	if (editor->searching && search_key(editor, byte))
		return EDITOR_NOTHING;
	if (byte == 0x7f)
		return take_control(editor, 'H' - '@');
	if (byte < 0x20)
		return take_control(editor, byte);
	insert_bytes(editor, &c, 1);
	return EDITOR_NOTHING;
}
