/* Theory of operation: a pushdown automaton that looks at each byte once. What may come next is
 * one state (EXPECT_...), what is open is one bit for each depth. A number has no end of its own:
 * the byte behind it ends it and is then looked at again.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "text.h"

enum {
	EXPECT_VALUE,	   /* anything */
	EXPECT_FIRST,	   /* a value, or "]" */
	EXPECT_FIRST_KEY,  /* a key, or "}" */
	EXPECT_KEY,	   /* a key */
	EXPECT_COLON,	   /* behind a key */
	EXPECT_NEXT,	   /* behind a value: "," or the end of what is open */
	EXPECT_END,	   /* behind the outermost value */
	EXPECT_STRING,	   /* inside a string */
	EXPECT_KEY_STRING, /* inside a key */
	EXPECT_ESCAPE,	   /* behind a backslash; + 1: in a key */
	EXPECT_KEY_ESCAPE,
	EXPECT_HEX, /* \u; + 1: in a key */
	EXPECT_KEY_HEX,
	EXPECT_LITERAL,	     /* the rest of true, false or null */
	EXPECT_INTEGER,	     /* behind "-": the first digit */
	EXPECT_DIGITS,	     /* digits, ".", "e", or the end of the number */
	EXPECT_ZERO,	     /* behind a first "0": ".", "e", or the end of the number */
	EXPECT_FRACTION,     /* behind ".": the first digit */
	EXPECT_FRACTIONS,    /* digits, "e", or the end of the number */
	EXPECT_EXPONENT,     /* behind "e": sign or digit */
	EXPECT_EXPONENT_ONE, /* behind the exponent's sign: the first digit */
	EXPECT_EXPONENTS,    /* digits, or the end of the number */
};

static const char BAD_JSON[] = "no good JSON";

void json_check_start(struct json_check *check, unsigned depth_most)
{
	*check = (struct json_check){
		.state = JSON_MORE,
		.expect = EXPECT_VALUE,
		.depth_most = depth_most < JSON_DEPTH_MOST ? depth_most : JSON_DEPTH_MOST,
	};
}

/* Each of these takes one byte; false if it is bad, with *why where there is more to say. */

static bool is_bad(struct json_check *check, const char *why)
{
	check->why = why;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A value has ended. */
static void end_value(struct json_check *check)
{
	check->expect = check->depth ? EXPECT_NEXT : EXPECT_END;
	if (check->depth == 0)
		check->state = JSON_WHOLE;
}

static bool open_container(struct json_check *check, bool object)
{
	uint64_t bit = 1ULL << (check->depth & 63);

	if (check->depth == check->depth_most)
		return is_bad(check, "nested too deep");
	check->is_object = object ? check->is_object | bit : check->is_object & ~bit;
	check->depth++;
	*(object ? &check->objects : &check->arrays) += 1;
	check->expect = object ? EXPECT_FIRST_KEY : EXPECT_FIRST;
	return true;
}

static bool in_object(const struct json_check *check)
{
	return check->depth && check->is_object >> ((check->depth - 1) & 63) & 1;
}

static bool close_container(struct json_check *check, bool object)
{
	if (in_object(check) != object)
		return false;
	check->depth--;
	end_value(check);
	return true;
}

static bool take_digit(struct json_check *check, char c)
{
	uint64_t ten;

	check->overflow |= __builtin_mul_overflow(check->integer, 10, &ten) ||
			   __builtin_add_overflow(ten, (uint64_t)(c - '0'), &check->integer);
	return true;
}

static bool start_number(struct json_check *check, char c)
{
	check->number = 1;
	check->negative = c == '-';
	check->fraction = check->overflow = false;
	check->integer = 0;
	check->expect = c == '-' ? EXPECT_INTEGER : c == '0' ? EXPECT_ZERO : EXPECT_DIGITS;
	return c == '-' || take_digit(check, c);
}

static bool start_literal(struct json_check *check, const char *rest)
{
	check->literal = rest;
	check->expect = EXPECT_LITERAL;
	return true;
}

static bool start_value(struct json_check *check, char c)
{
	switch (c) {
	case '{':
	case '[':
		return open_container(check, c == '{');
	case '"':
		check->expect = EXPECT_STRING;
		return true;
	case 't':
		return start_literal(check, "rue");
	case 'f':
		return start_literal(check, "alse");
	case 'n':
		return start_literal(check, "ull");
	default:
		return (c == '-' || is_digit(c)) && start_number(check, c);
	}
}

static bool take_next(struct json_check *check, char c)
{
	if (c == '}' || c == ']')
		return close_container(check, c == '}');
	if (c != ',')
		return false;
	check->commas++;
	check->expect = in_object(check) ? EXPECT_KEY : EXPECT_VALUE;
	return true;
}

static bool take_key(struct json_check *check, char c)
{
	if (c == '}' && check->expect == EXPECT_FIRST_KEY)
		return close_container(check, true);
	check->expect = EXPECT_KEY_STRING;
	return c == '"';
}

/* A byte between the tokens. */
static bool take_between(struct json_check *check, char c)
{
	if (is_space(c))
		return true;
	switch (check->expect) {
	case EXPECT_VALUE:
		return start_value(check, c);
	case EXPECT_FIRST:
		return c == ']' ? close_container(check, false) : start_value(check, c);
	case EXPECT_FIRST_KEY:
	case EXPECT_KEY:
		return take_key(check, c);
	case EXPECT_COLON:
		check->expect = EXPECT_VALUE;
		return c == ':';
	case EXPECT_NEXT:
		return take_next(check, c);
	default:
		return false;
	}
}

static bool take_string(struct json_check *check, char c)
{
	bool key = check->expect == EXPECT_KEY_STRING;

	if (c == '\\')
		check->expect = key ? EXPECT_KEY_ESCAPE : EXPECT_ESCAPE;
	else if (c == '"' && key)
		check->expect = EXPECT_COLON;
	else if (c == '"')
		end_value(check);
	return (unsigned char)c >= 0x20;
}

static bool take_escape(struct json_check *check, char c)
{
	bool key = check->expect == EXPECT_KEY_ESCAPE;

	check->hex = 4;
	if (c == 'u')
		check->expect = key ? EXPECT_KEY_HEX : EXPECT_HEX;
	else
		check->expect = key ? EXPECT_KEY_STRING : EXPECT_STRING;
	return c && strchr("\"\\/bfnrtu", c);
}

static bool take_hex(struct json_check *check, char c)
{
	if (--check->hex == 0)
		check->expect = check->expect == EXPECT_KEY_HEX ? EXPECT_KEY_STRING : EXPECT_STRING;
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_literal(struct json_check *check, char c)
{
	if (*check->literal++ != c)
		return false;
	if (!*check->literal)
		end_value(check);
	return true;
}

/* One more byte of a number; false if none can be this one. */
static bool take_number(struct json_check *check, char c)
{
	unsigned before = check->expect;

	switch (before) {
	case EXPECT_INTEGER:
		check->expect = c == '0' ? EXPECT_ZERO : EXPECT_DIGITS;
		return is_digit(c) && take_digit(check, c);
	case EXPECT_FRACTION:
		check->expect = EXPECT_FRACTIONS;
		return is_digit(c);
	case EXPECT_EXPONENT:
		check->expect = is_digit(c) ? EXPECT_EXPONENTS : EXPECT_EXPONENT_ONE;
		return is_digit(c) || c == '+' || c == '-';
	case EXPECT_EXPONENT_ONE:
		check->expect = EXPECT_EXPONENTS;
		return is_digit(c);
	default:
		break;
	}
	if (is_digit(c) && before == EXPECT_DIGITS)
		return take_digit(check, c);
	if (is_digit(c))
		return before != EXPECT_ZERO;
	if (c == '+' || c == '-')
		return false;
	check->fraction = true;
	check->expect = c == '.' ? EXPECT_FRACTION : EXPECT_EXPONENT;
	return c == '.' ? before == EXPECT_DIGITS || before == EXPECT_ZERO
			: before != EXPECT_EXPONENTS;
}

static bool is_number_byte(char c)
{
	return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Whether a number may end where it stands, and is one that json-c can hold. */
static bool end_number(struct json_check *check)
{
	uint64_t most = check->negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;

	if (check->expect != EXPECT_DIGITS && check->expect != EXPECT_ZERO &&
	    check->expect != EXPECT_FRACTIONS && check->expect != EXPECT_EXPONENTS)
		return false;
	if (!check->fraction && (check->overflow || check->integer > most))
		return is_bad(check, "a number beyond 64 bits");
	end_value(check);
	return true;
}

static bool is_in_number(const struct json_check *check)
{
	return check->expect >= EXPECT_INTEGER;
}

/* Takes one byte, or with *again only the end of the number before it. */
static bool take_byte(struct json_check *check, char c, bool *again)
{
	*again = false;
	switch (check->expect) {
	case EXPECT_STRING:
	case EXPECT_KEY_STRING:
		return take_string(check, c);
	case EXPECT_ESCAPE:
	case EXPECT_KEY_ESCAPE:
		return take_escape(check, c);
	case EXPECT_HEX:
	case EXPECT_KEY_HEX:
		return take_hex(check, c);
	case EXPECT_LITERAL:
		return take_literal(check, c);
	default:
		break;
	}
	if (!is_in_number(check))
		return take_between(check, c);
	*again = !is_number_byte(c);
	if (*again)
		return end_number(check);
	if (++check->number > JSON_NUMBER_MOST)
		return is_bad(check, "a number of too many digits");
	return take_number(check, c);
}

size_t json_check_add(struct json_check *check, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && check->state == JSON_MORE) {
		bool again;

		if (!take_byte(check, p[at], &again)) {
			check->state = JSON_BAD;
			check->why = check->why ? check->why : BAD_JSON;
			break;
		}
		at += !again;
	}
	return at;
}

enum json_state json_check_end(struct json_check *check)
{
	if (check->state != JSON_MORE)
		return check->state;
	if (check->depth == 0 && is_in_number(check) && end_number(check))
		return check->state;
	check->state = JSON_BAD;
	check->why = check->why ? check->why : "it ends in the middle";
	return check->state;
}

static bool is_fault(struct json_fault *fault, size_t at, const char *why)
{
	if (fault)
		*fault = (struct json_fault){at, why};
	return false;
}

bool json_make(const char *text, size_t len, unsigned depth, json_object **value)
{
	struct json_tokener *tokener;
	enum json_tokener_error error;

	*value = NULL;
	if (len > INT32_MAX)
		return false;
	/* Scalars count as a level to json-c. */
	tokener = json_tokener_new_ex((int)depth + 2);
	if (!tokener)
		no_memory();
	*value = json_tokener_parse_ex(tokener, text, (int)len);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) { /* a number or literal ends with the text */
		*value = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	return error == json_tokener_success;
}

bool json_read(const char *text, size_t len, unsigned depth_most, json_object **value,
	       struct json_fault *fault)
{
	struct json_check check;
	size_t clean = text_utf8(text, len), end;

	*value = NULL;
	json_check_start(&check, depth_most);
	end = json_check_add(&check, text, clean);
	if (check.state == JSON_MORE && clean < len)
		return is_fault(fault, clean, "a byte that is not UTF-8");
	if (json_check_end(&check) != JSON_WHOLE)
		return is_fault(fault, end, check.why);
	while (end < len && is_space(text[end]))
		end++;
	if (end < len)
		return is_fault(fault, end, "something follows the end of it");
	if (!json_make(text, len, depth_most, value))
		return is_fault(fault, 0, "too large");
	return true;
}

/* ------------------------------------------------------------------ to text */

/* How many bytes at the beginning are ASCII's that stand as they are. */
static size_t plain_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && ((text[n] >= 0x20 && text[n] < 0x7f) || text[n] == '\n'))
		n++;
	return n;
}

char *json_shown(json_object *value, int flags)
{
	size_t len;
	const char *json = json_object_to_json_string_length(value, flags, &len);
	struct buf out = {0};

	if (!json)
		no_memory();
	buf_adds(&out, "");
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t code;

		/* Nearly all of it: at once. */
		n = plain_length(json + at, len - at);
		buf_add(&out, json + at, n);
		at += n;
		if (at == len)
			break;
		n = text_code_point(json + at, len - at, &code);
		/* json-c has escaped all of C0; what it wrote itself are ends of lines. */
		if (n == 0)
			buf_adds(&out, "\xef\xbf\xbd");
		else if (code != '\n' && text_is_unsafe(code))
			buf_addf(&out, "\\u%04x", code);
		else
			buf_add(&out, json + at, n);
		n = n ? n : 1;
	}
	return buf_steal(&out);
}

char *json_document(json_object *value)
{
	own_free char *text =
		json_shown(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	struct json_check check;

	/* json-c leaves out what it has no memory for, without a word. */
	json_check_start(&check, JSON_DEPTH_MOST);
	json_check_add(&check, text, strlen(text));
	if (json_check_end(&check) != JSON_WHOLE && check.depth < JSON_DEPTH_MOST)
		no_memory();
	return xasprintf("%s\n", text);
}
