/* A cursor goes over the text line by line and forward only, so that each message can name the
 * column it looked at. The method is a chain: If the UUID is this one, If the function is that one,
 * Return its bytes.
 */
#include "dsm.h"

#include <stdlib.h>
#include <string.h>

#include "aml.h"
#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"

#define UUID_LENGTH 36
#define FUNCTION_MAX 0xff
/* More than the 1024 bytes that NVIDIA's driver takes of any; a table holds 64 KiB. */
#define ANSWER_MAX 4096
/* Messages: a file that is no such file need not be told line by line. */
#define ERRORS_MAX 20

struct cursor {
	const char *file;
	const char *line;
	const char *at;
	unsigned number;
	struct error **err;
	size_t errors;
};

__attribute__((format(printf, 3, 4))) static void complain(struct cursor *c, const char *where,
							   const char *fmt, ...)
{
	own_free char *message = NULL;
	va_list args;

	if (c->errors++ >= ERRORS_MAX)
		return;
	va_start(args, fmt);
	message = xvasprintf(tongue(fmt), args);
	va_end(args);
	error_add(c->err, ERROR_USAGE, "%s:%u:%u: %s", c->file, c->number,
		  text_column(c->line, (size_t)(where - c->line)), message);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_space(struct cursor *c)
{
	while (is_space(*c->at))
		c->at++;
}

/* At a word's start: whether the rest of the line is empty or a comment. */
static bool line_is_over(const struct cursor *c)
{
	return !*c->at || *c->at == '#' || *c->at == ';';
}

/* The next word, which the caller owns; *where is its place. Empty at the line's end. */
static char *take_word(struct cursor *c, const char **where)
{
	skip_space(c);
	*where = c->at;
	if (line_is_over(c))
		return xstrdup("");
	while (*c->at && !is_space(*c->at))
		c->at++;
	return xstrndup(*where, (size_t)(c->at - *where));
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_uuid(struct cursor *c, char uuid[UUID_LENGTH + 1])
{
	const char *where;
	own_free char *word = take_word(c, &where);
	bool good = strlen(word) == UUID_LENGTH;

	for (size_t i = 0; good && i < UUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		good = dash ? word[i] == '-' : is_hex(word[i]);
		uuid[i] =
			(char)(word[i] >= 'A' && word[i] <= 'F' ? word[i] + ('a' - 'A') : word[i]);
	}
	uuid[UUID_LENGTH] = '\0';
	if (good)
		return true;
	own_free char *found = text_quote(word, 40);
	complain(c, where,
		 "'%s' where a UUID should be, such as a486d8f8-0bda-471b-a72b-6042a6b5bee0",
		 found);
	return false;
}

static bool take_function(struct cursor *c, unsigned *function)
{
	const char *where;
	own_free char *word = take_word(c, &where);
	uint64_t value;

	if (text_u64(text_starts(word, "0x") ? word + 2 : word, 16, &value) &&
	    value <= FUNCTION_MAX) {
		*function = (unsigned)value;
		return true;
	}
	own_free char *found = text_quote(word, 20);
	complain(c, where, "'%s' where the function's number should be, in hex, 0 to %x", found,
		 FUNCTION_MAX);
	return false;
}

/* Pairs of hex digits to the line's end, with or without white space between them. */
static bool take_bytes(struct cursor *c, struct buf *bytes)
{
	skip_space(c);
	for (; !line_is_over(c); skip_space(c)) {
		uint64_t value;

		if (!is_hex(c->at[0]) || !is_hex(c->at[1])) {
			own_free char *found = text_quote(c->at, 12);

			complain(c, c->at, "'%s' where two hex digits of the answer should be",
				 found);
			return false;
		}
		if (!text_u64((char[]){c->at[0], c->at[1], '\0'}, 16, &value))
			abort();
		buf_addc(bytes, (char)value);
		c->at += 2;
	}
	if (bytes->len > 0 && bytes->len <= ANSWER_MAX)
		return true;
	if (bytes->len)
		complain(c, c->line, "the answer has %zu bytes, more than %u", bytes->len,
			 ANSWER_MAX);
	else
		complain(c, c->at, "the answer is missing: bytes in hex, such as 02 00 00 80");
	return false;
}

static const struct acpi_dsm_answer *find_answer(const struct acpi_dsm *dsm, const char *uuid,
						 unsigned function)
{
	for (size_t i = 0; i < dsm->n; i++)
		if (dsm->answer[i].function == function && strcmp(dsm->answer[i].uuid, uuid) == 0)
			return &dsm->answer[i];
	return NULL;
}

static void parse_line(struct cursor *c, struct acpi_dsm *dsm)
{
	own_buf struct buf bytes = {0};
	struct acpi_dsm_answer *answer;
	char uuid[UUID_LENGTH + 1];
	unsigned function;
	const char *start;

	c->at = c->line;
	skip_space(c);
	start = c->at;
	if (line_is_over(c))
		return;
	if (!take_uuid(c, uuid) || !take_function(c, &function) || !take_bytes(c, &bytes))
		return;
	if (find_answer(dsm, uuid, function)) {
		complain(c, start, "function %x of %s stands twice", function, uuid);
		return;
	}
	answer = xappend(dsm->answer, dsm->n);
	memcpy(answer->uuid, uuid, sizeof(uuid));
	answer->function = function;
	answer->bytes = bytes;
	bytes = (struct buf){0};
}

bool acpi_dsm_parse(struct acpi_dsm *dsm, const char *file, const char *text, size_t len,
		    struct error **err)
{
	struct cursor c = {.file = file, .number = 1, .err = err};
	own_acpi_dsm struct acpi_dsm found = {0};
	const char *end = text + len;

	for (const char *at = text; at < end; c.number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		own_free char *line = xstrndup(at, length);

		c.line = line;
		if (strlen(line) != length)
			complain(&c, line + strlen(line), "a NUL byte; this is no text");
		else
			parse_line(&c, &found);
		at += length + 1;
	}
	if (c.errors > ERRORS_MAX)
		error_add(err, ERROR_USAGE, "%s: %zu more errors", file, c.errors - ERRORS_MAX);
	if (!c.errors && !found.n)
		error_add(err, ERROR_USAGE, "%s has no answers: UUID, function and bytes on a line",
			  file);
	if (c.errors || !found.n)
		return false;
	*dsm = found;
	found = (struct acpi_dsm){0};
	return true;
}

void acpi_dsm_free(struct acpi_dsm *dsm)
{
	for (size_t i = 0; i < dsm->n; i++)
		buf_free(&dsm->answer[i].bytes);
	free(dsm->answer);
	*dsm = (struct acpi_dsm){0};
}

/* ------------------------------------------------------------------ the method */

static bool is_npcf(const struct acpi_dsm_answer *answer)
{
	return strcmp(answer->uuid, ACPI_UUID_NVPCF) == 0;
}

size_t acpi_dsm_count(const struct acpi_dsm *dsm, bool npcf)
{
	size_t n = 0;

	for (size_t i = 0; i < dsm->n; i++)
		n += is_npcf(&dsm->answer[i]) == npcf;
	return n;
}

static void append_term(struct buf *to, struct buf term)
{
	buf_add(to, term.data, term.len);
	buf_free(&term);
}

/* All functions of one UUID; Arg2 is the function (9.1.1). */
static struct buf function_mask(const struct acpi_dsm *dsm, const char *uuid)
{
	struct buf out = {0};

	for (size_t i = 0; i < dsm->n; i++) {
		const struct acpi_dsm_answer *a = &dsm->answer[i];

		if (strcmp(a->uuid, uuid) == 0)
			append_term(&out,
				    aml_if(aml_equal(aml_arg(2), aml_int(a->function)),
					   aml_return(aml_buffer((uint32_t)a->bytes.len,
								 a->bytes.data, a->bytes.len))));
	}
	return out;
}

static bool is_first_of_its_uuid(const struct acpi_dsm *dsm, size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(dsm->answer[before].uuid, dsm->answer[i].uuid) == 0)
			return false;
	return true;
}

struct buf acpi_dsm_method(const struct acpi_dsm *dsm, bool npcf)
{
	static const uint8_t unsupported[] = {0x02, 0x00, 0x00, 0x80};
	struct buf body = {0};

	for (size_t i = 0; i < dsm->n; i++) {
		const struct acpi_dsm_answer *a = &dsm->answer[i];

		if (is_npcf(a) == npcf && is_first_of_its_uuid(dsm, i))
			append_term(&body, aml_if(aml_equal(aml_arg(0), aml_uuid(a->uuid)),
						  function_mask(dsm, a->uuid)));
	}
	append_term(&body,
		    aml_return(aml_buffer(sizeof(unsupported), unsupported, sizeof(unsupported))));
	return aml_method("_DSM", 4, body);
}

/* ------------------------------------------------------------------ for a reader */

/* NULL where we don't know; the names are those of NVIDIA's published driver. */
static const char *uuid_word(const char *uuid)
{
	static const struct {
		const char *uuid, *means;
	} table[] = {
		{"a486d8f8-0bda-471b-a72b-6042a6b5bee0", "NVOP, Optimus"},
		{"d4a50b75-65c7-46f7-bfb7-41514cea0244", "NBCI"},
		{"cbeca351-067b-4924-9cbd-b46b00b86f34", "JT, power off"},
		{"a3132d01-8cda-49ba-a52e-bc9d46df6b81", "GPS"},
		{ACPI_UUID_NVPCF, "NVPCF"},
		{"9d95a0a0-0060-4d48-b34d-7e5fea129fd4", "NVHG, hybrid graphics"},
		{"998669a6-8be9-49fb-bddb-51a1efe19c3d", "NBSI"},
		{"4004a400-917d-4cf2-b89c-79b62fd55665", "MXM"},
		{"81c6147d-735f-42d9-9e41-b002cbc6571d", "PCFG"},
		{"e5c937d0-3553-4d7a-9117-ea4d19c3434d", "PCI"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].uuid, uuid) == 0)
			return table[i].means;
	return NULL;
}

char *acpi_dsm_words(const struct acpi_dsm *dsm, bool npcf)
{
	struct buf out = {0};

	buf_adds(&out, "");
	for (size_t i = 0; i < dsm->n; i++) {
		const struct acpi_dsm_answer *a = &dsm->answer[i];
		const char *word = uuid_word(a->uuid);

		if (is_npcf(a) != npcf || !is_first_of_its_uuid(dsm, i))
			continue;
		buf_addf(&out, "        UUID %s%s%s%s, functions:", a->uuid, word ? " (" : "",
			 word ? word : "", word ? ")" : "");
		for (size_t j = i; j < dsm->n; j++)
			if (strcmp(dsm->answer[j].uuid, a->uuid) == 0)
				buf_addf(&out, " %x (%zu bytes)", dsm->answer[j].function,
					 dsm->answer[j].bytes.len);
		buf_addc(&out, '\n');
	}
	return buf_steal(&out);
}
