/* Fuzzes what reads ACPI: a user's table, a file of recorded answers. The first byte says which.
 * Besides memory errors this looks for text that a terminal could take for an order, for refusals
 * without a reason, and for answers of which no whole table comes, or which are not told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "firmware/acpi/compose.h"
#include "firmware/acpi/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_messages(const struct error *err)
{
	must(error_count(err) > 0);
	for (size_t i = 0; i < error_count(err); i++)
		must(*error_message(err, i) && text_is_printable(error_message(err, i)));
}

static void check_text(char *text)
{
	must(*text && text[strlen(text) - 1] == '\n');
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	must(text_is_printable(text));
}

/* The line for a table. */
static void show(const void *data, size_t size)
{
	own_buf struct buf out = {0};
	own_error struct error *err = NULL;
	bool good = acpi_show(&out, "f.aml", data, size, &err);

	must(good == !err);
	if (good)
		check_text(out.data);
	else
		check_messages(err);
}

static void check_table(const uint8_t *data, size_t size)
{
	own_error struct error *err = NULL;
	own_free char *warning = NULL;
	bool good = acpi_table_check("f.aml", data, size, &warning, &err);

	show(data, size);
	must(good == !err);
	must(!warning || text_is_printable(warning));
	if (!good)
		check_messages(err);
}

static void check_answers(const uint8_t *data, size_t size)
{
	own_acpi_dsm struct acpi_dsm dsm = {0};
	own_acpi_tables struct acpi_tables tables = {0};
	own_error struct error *err = NULL;
	const struct acpi_gpu gpu = {.name = "[gpu]", .dsm = &dsm};

	if (!acpi_dsm_parse(&dsm, "f.dsm", (const char *)data, size, &err)) {
		check_messages(err);
		for (size_t i = 0; i < error_count(err); i++)
			must(text_starts(error_message(err, i), "f.dsm"));
		return;
	}
	must(!err && dsm.n > 0);
	must(acpi_compose(&(struct acpi_wish){.gpu = &gpu, .gpus = 1}, &tables, &err));
	must(tables.n > 0);
	for (size_t i = 0; i < tables.n; i++) {
		const struct acpi_table *t = &tables.table[i];
		own_free char *warning = NULL;

		must(acpi_table_check(t->name, t->bytes.data, t->bytes.len, &warning, &err) &&
		     !warning);
		must(strstr(t->told, "UUID "));
		check_text(t->told);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own_free uint8_t *exact = NULL;

	if (size == 0)
		return 0;
	/* A copy that ends where it ends, so that one byte too much is seen. */
	exact = xmalloc(size - 1 ? size - 1 : 1);
	memcpy(exact, data + 1, size - 1);
	if (data[0] % 2)
		check_table(exact, size - 1);
	else
		check_answers(exact, size - 1);
	return 0;
}
