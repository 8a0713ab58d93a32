#include "line.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes a JSON value at text[at], to its end or, where it is bad, to the end of the word. */
static size_t take_json(const char *text, size_t at, struct qmp_line *line, struct buf *out)
{
	struct json_check check;
	size_t n;

	json_check_start(&check, JSON_DEPTH_MOST);
	n = json_check_add(&check, text + at, strlen(text + at));
	if (check.state == JSON_MORE) {
		line->open = "JSON that does not end";
		line->open_at = at;
	}
	if (check.state == JSON_BAD)
		n = strcspn(text + at, " \t\r\n");
	buf_add(out, text + at, n);
	return at + n;
}

/* Takes what stands in quotes at text[at]. */
static size_t take_quoted(const char *text, size_t at, struct qmp_line *line, struct buf *out)
{
	char quote = text[at];
	size_t from = at++;

	buf_adds(out, "");
	while (text[at] && text[at] != quote) {
		if (quote == '"' && text[at] == '\\' &&
		    (text[at + 1] == '"' || text[at + 1] == '\\'))
			at++;
		buf_addc(out, text[at++]);
	}
	if (text[at])
		return at + 1;
	line->open = "a quote that is not closed";
	line->open_at = from;
	return at;
}

static size_t take_word(const char *text, size_t at, struct qmp_line *line)
{
	struct qmp_word word = {.at = at, .value_at = at};
	struct buf out = {0};

	buf_adds(&out, "");
	while (text[at] && !is_blank(text[at])) {
		bool first = at == word.value_at;

		if (first && (text[at] == '{' || text[at] == '[')) {
			at = take_json(text, at, line, &out);
		} else if (text[at] == '"' || text[at] == '\'') {
			at = take_quoted(text, at, line, &out);
		} else {
			buf_addc(&out, text[at++]);
			if (text[at - 1] == '=' && word.value_at == word.at)
				word.value_at = at;
		}
	}
	word.end = at;
	word.text = buf_steal(&out);
	*xappend(line->word, line->words) = word;
	return at;
}

void qmp_split(const char *text, struct qmp_line *line)
{
	size_t at = 0;

	*line = (struct qmp_line){0};
	for (;;) {
		while (is_blank(text[at]))
			at++;
		if (!text[at])
			return;
		at = take_word(text, at, line);
	}
}

void qmp_line_free(struct qmp_line *line)
{
	for (size_t i = 0; i < line->words; i++)
		free(line->word[i].text);
	free(line->word);
	*line = (struct qmp_line){0};
}

char **qmp_line_words(const struct qmp_line *line)
{
	char **words = xcalloc(line->words + 1, sizeof(*words));

	for (size_t i = 1; i < line->words; i++)
		words[i - 1] = line->word[i].text;
	return words;
}
