/* Theory of operation: a script is read whole before anything else happens, so that a mistake in it
 * cannot look like a mistake of what is tested. One line is one action, or "on COMMAND" and an
 * action. The table below is all there is to know about an action's form.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

enum form {
	NOTHING,
	NUMBER,	   /* N */
	WORD,	   /* COMMAND */
	TEXT,	   /* the rest of the line */
	JSON,	   /* the rest of the line, one JSON value */
	WORD_TEXT, /* CLASS and the rest of the line */
};

static const struct {
	const char *name;
	enum form form;
	bool reply; /* only in "on" */
} verbs[] = {
	[DO_GREET] = {"greet", NOTHING, false},
	[DO_GREET_SPLIT] = {"greet-split", NOTHING, false},
	[DO_GREET_PRETTY] = {"greet-pretty", NOTHING, false},
	[DO_DELAY] = {"delay", NUMBER, false},
	[DO_WAIT] = {"wait", WORD, false},
	[DO_GARBAGE] = {"garbage", TEXT, false},
	[DO_RAW] = {"raw", TEXT, false},
	[DO_EVENT] = {"event", JSON, false},
	[DO_FLOOD] = {"flood", NUMBER, false},
	[DO_CLOSE] = {"close", NOTHING, false},
	[DO_EXIT] = {"exit", NUMBER, false},
	[DO_SIGNAL] = {"signal", NUMBER, false},
	[DO_STDERR] = {"stderr", TEXT, false},
	[DO_NOISE] = {"noise", NUMBER, false},
	[DO_HANG] = {"hang", NOTHING, false},
	[DO_IGNORE_TERM] = {"ignore-term", NOTHING, false},
	[DO_THREAD] = {"thread", NOTHING, false},
	[DO_STATE] = {"state", WORD, false},
	[DO_REPLY] = {"reply", JSON, true},
	[DO_REPLY_SPLIT] = {"reply-split", JSON, true},
	[DO_BULK] = {"bulk", NUMBER, true},
	[DO_ERROR] = {"error", WORD_TEXT, true},
	[DO_IGNORE] = {"ignore", NOTHING, true},
	[DO_DEFAULT] = {"default", NOTHING, true},
};

/* Takes the next word off a line; "" at the end. */
static char *take_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	char *end = word + strcspn(word, " \t");

	*line = end + strspn(end, " \t");
	*end = '\0';
	return word;
}

static long take_number(const char *what, char **line)
{
	const char *word = take_word(line);
	char *end;
	long number = strtol(word, &end, 10);

	if (end == word || *end || number < 0)
		fail("%s: not a number: \"%s\"", what, word);
	return number;
}

/* Resolves \n \r \t \\ and \xHH. */
static char *resolve(const char *text, size_t *len)
{
	char *out = malloc(strlen(text) + 1), *p = out;

	for (; *text; text++) {
		unsigned hex;

		if (*text != '\\') {
			*p++ = *text;
		} else if (text[1] == 'x' && sscanf(text + 2, "%2x", &hex) == 1) {
			*p++ = (char)hex;
			text += 3;
		} else {
			text++;
			*p++ = (char)(*text == 'n'   ? '\n'
				      : *text == 'r' ? '\r'
				      : *text == 't' ? '\t'
						     : *text);
			if (!*text)
				break;
		}
	}
	*p = '\0';
	*len = (size_t)(p - out);
	return out;
}

static void check_json(const char *what, const char *text)
{
	json_object *value = json_tokener_parse(text);

	if (!value && strcmp(text, "null") != 0)
		fail("%s: not JSON: %s", what, text);
	json_object_put(value);
}

static struct action read_action(char *line, bool in_rule)
{
	const char *name = take_word(&line);
	struct action action = {0};
	size_t verb = 0;

	while (verb < sizeof(verbs) / sizeof(verbs[0]) && strcmp(verbs[verb].name, name) != 0)
		verb++;
	if (verb == sizeof(verbs) / sizeof(verbs[0]))
		fail("script: no such action: %s", name);
	if (verbs[verb].reply && !in_rule)
		fail("script: %s needs \"on COMMAND\" before it", name);
	if (in_rule && verb == DO_WAIT)
		fail("script: wait cannot stand behind \"on COMMAND\"");
	action.verb = (enum verb)verb;
	if (verbs[verb].form == NUMBER)
		action.number = take_number(name, &line);
	if (verbs[verb].form == WORD || verbs[verb].form == WORD_TEXT)
		action.word = strdup(take_word(&line));
	if (verbs[verb].form == JSON) {
		check_json(name, line);
		action.text = strdup(line);
	} else if (verbs[verb].form == TEXT || verbs[verb].form == WORD_TEXT) {
		action.text = resolve(line, &action.len);
	} else if (*line) {
		fail("script: %s: too much: %s", name, line);
	}
	return action;
}

static void read_rule(struct script *script, char *line)
{
	struct rule rule = {.command = strdup(take_word(&line))};
	char *colon = strchr(rule.command, ':');

	if (colon) {
		*colon++ = '\0';
		rule.nth = take_number("on", &colon);
	}
	rule.action = read_action(line, true);
	script->rules = realloc(script->rules, (script->n_rules + 1) * sizeof(rule));
	script->rules[script->n_rules++] = rule;
}

static void read_line(struct script *script, char *line)
{
	struct action action;
	char *rest = line + strspn(line, " \t");

	if (!*rest || *rest == '#')
		return;
	if (strncmp(rest, "on ", 3) == 0) {
		rest += 3;
		read_rule(script, rest);
		return;
	}
	action = read_action(rest, false);
	if (action.verb <= DO_GREET_PRETTY)
		script->greets = true;
	script->program = realloc(script->program, (script->n_program + 1) * sizeof(action));
	script->program[script->n_program++] = action;
}

void script_read(struct script *script, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	FILE *f;

	*script = (struct script){0};
	if (!path)
		return;
	f = fopen(path, "re");
	if (!f)
		fail("cannot read the script %s", path);
	while (getline(&line, &room, f) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		read_line(script, line);
	}
	free(line);
	fclose(f);
}
