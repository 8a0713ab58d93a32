/* Theory of operation.
 *
 * First the keys are looked at, all of them: each has to be a path of non-empty parts, and none may
 * say again or stand below what another one says. After that, putting the values into the tree can
 * go wrong in one way only, that a list is not counted 0, 1, 2, or is called an object elsewhere.
 *
 * A value is JSON if all of it is one JSON value by RFC 8259, else it is a string, byte for byte. A
 * number that json-c could not give back as it was typed (an integer over 64 bits) stays a string
 * too: QEMU then says what it expected. Where the schema is known, typed.c decides instead: it gets
 * the tree with the words' texts as they are, each with the number of its word.
 */
#include "words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"

/* How deep a key or a JSON value may nest, and how much of a word an error shows. */
#define DEPTH 32
#define SHOWN 60

static size_t are_digits(const char *s)
{
	return strspn(s, "0123456789");
}

json_object *qmp_value(const char *text)
{
	static const char space[] = " \t\r\n";
	size_t len = strlen(text);
	/* " 1" and "1 " are strings; behind what has an end of its own, white space is none's. */
	bool bare = strcspn(text, space) == len, ends = *text && strchr("{[\"", *text);
	json_object *value;

	return (bare || ends) && json_read(text, len, DEPTH, &value, NULL)
		       ? value
		       : json_object_new_string(text);
}

/* A word's key: the length up to "=", 0 with an error where there is no good one. */
static size_t key_length(const char *word, struct error **err)
{
	own_free char *shown = text_quote(word, SHOWN);
	size_t len = strcspn(word, "="), parts = 1;

	if (text_utf8(word, strlen(word)) < strlen(word)) {
		error_add(err, ERROR_USAGE, "\"%s\": not UTF-8, which QMP wants", shown);
		return 0;
	}
	if (!word[len]) {
		error_add(err, ERROR_USAGE, "\"%s\": no \"=\" in it, want KEY=VALUE", shown);
		return 0;
	}
	for (size_t i = 0; i <= len; i++) {
		bool end = i == len || word[i] == '.';

		if (end && (i == 0 || word[i - 1] == '.')) {
			error_add(err, ERROR_USAGE, "\"%s\": an empty name in the key", shown);
			return 0;
		}
		parts += i < len && word[i] == '.';
	}
	if (parts > DEPTH) {
		error_add(err, ERROR_USAGE, "\"%s\": a key has at most %d parts", shown, DEPTH);
		return 0;
	}
	return len;
}

/* Whether key a is key b or one that b stands below. */
static bool word_covers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len <= b_len && memcmp(a, b, a_len) == 0 && (a_len == b_len || b[a_len] == '.');
}

/* Looks at the keys of all words; false with what is wrong, and *first of the wrong words. */
static bool check_keys(char *const *words, size_t n, size_t *first, struct error **err)
{
	own_free size_t *len = xcalloc(n, sizeof(*len));
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		len[i] = key_length(words[i], err);
		if (ok && len[i] == 0)
			*first = i;
		ok &= len[i] > 0;
		for (size_t j = 0; len[i] && j < i; j++) {
			own_free char *shown = NULL, *other = NULL;

			if (!len[j] || (!word_covers(words[i], len[i], words[j], len[j]) &&
					!word_covers(words[j], len[j], words[i], len[i])))
				continue;
			shown = text_quote(words[i], SHOWN);
			other = text_quote(words[j], SHOWN);
			error_add(err, ERROR_USAGE, "\"%s\": %s \"%s\"", shown,
				  len[i] == len[j] ? "the same key as in" : "clashes with", other);
			if (ok)
				*first = i;
			ok = false;
			break;
		}
	}
	return ok;
}

/* Reads a part of a key as a place in a list; it has one spelling only, or keys could be the same
 * without looking so.
 */
static bool list_place(const char *part, size_t *index)
{
	uint64_t value;

	if ((part[0] == '0' && part[1]) || !text_u64(part, 10, &value) || value > SIZE_MAX)
		return false;
	*index = (size_t)value;
	return true;
}

/* Puts value (taken over) at part of node; false with *why if that is no place of node's. */
static bool put_member(json_object *node, const char *part, json_object *value, const char **why)
{
	bool list = json_object_is_type(node, json_type_array);
	size_t index = 0;

	if (list && (!list_place(part, &index) || index != json_object_array_length(node))) {
		*why = "a list is counted from 0 without gaps";
		json_object_put(value);
		return false;
	}
	if (list)
		json_object_array_add(node, value);
	else
		json_object_object_add(node, part, value);
	return true;
}

static json_object *child_node(json_object *node, const char *part)
{
	size_t index;

	if (!json_object_is_type(node, json_type_array))
		return json_object_object_get(node, part);
	return list_place(part, &index) ? json_object_array_get_idx(node, index) : NULL;
}

/* Puts one word's value into the tree, its nodes on the way too; false with *why. */
static bool add_word(json_object *root, const char *word, size_t number, const char **why)
{
	size_t len = strcspn(word, "=");
	own_free char *key = xstrndup(word, len);
	char *part = key, *next;
	json_object *node = root, *leaf;

	while ((next = strchr(part, '.'))) {
		json_object *below;
		bool list;

		*next++ = '\0';
		list = are_digits(next) == strcspn(next, ".");
		below = child_node(node, part);
		if (!below) {
			below = list ? json_object_new_array() : json_object_new_object();
			if (!put_member(node, part, below, why))
				return false;
		} else if (list != json_object_is_type(below, json_type_array)) {
			*why = "the same thing is a list in one key and an object in another";
			return false;
		}
		node = below;
		part = next;
	}
	leaf = json_object_new_string(word + len + 1);
	json_object_set_userdata(leaf, (void *)(uintptr_t)(number + 1), NULL);
	return put_member(node, part, leaf, why);
}

json_object *qmp_word_tree(char *const *words, size_t n, size_t *wrong, struct error **err)
{
	json_object *root;

	if (!check_keys(words, n, wrong, err))
		return NULL;
	root = json_object_new_object();
	for (size_t i = 0; i < n; i++) {
		own_free char *shown = text_quote(words[i], SHOWN);
		const char *why = NULL;

		if (add_word(root, words[i], i, &why))
			continue;
		error_add(err, ERROR_USAGE, "\"%s\": %s", shown, why);
		*wrong = i;
		json_object_put(root);
		return NULL;
	}
	return root;
}

size_t qmp_word_number(json_object *node)
{
	while (node) {
		bool list = json_object_is_type(node, json_type_array);
		struct json_object_iterator at;

		if (json_object_is_type(node, json_type_string))
			return (size_t)(uintptr_t)json_object_get_userdata(node) - 1;
		if (list) {
			node = json_object_array_get_idx(node, 0);
			continue;
		}
		at = json_object_iter_begin(node);
		node = json_object_iter_peek_value(&at);
	}
	return 0;
}

json_object *qmp_untyped(json_object *node)
{
	json_object *copy;

	if (json_object_is_type(node, json_type_string))
		return qmp_value(json_object_get_string(node));
	if (json_object_is_type(node, json_type_array)) {
		copy = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(node); i++)
			json_object_array_add(copy,
					      qmp_untyped(json_object_array_get_idx(node, i)));
		return copy;
	}
	copy = json_object_new_object();
	json_object_object_foreach(node, key, value)
		json_object_object_add(copy, key, qmp_untyped(value));
	return copy;
}

json_object *qmp_arguments(char *const *words, size_t n, struct error **err)
{
	size_t wrong;
	own_json json_object *tree = qmp_word_tree(words, n, &wrong, err);

	return tree ? qmp_untyped(tree) : NULL;
}
