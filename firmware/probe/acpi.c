/*
 * The ACPI tables: RSDP, the XSDT (or RSDT) it points to, everything listed there, and what only
 * the FADT points to, the DSDT and the FACS.
 *
 * Every address is checked against the memory map, first for the header, then for the length the
 * header claims. What fails is kept as a bad entry: a launcher that passed a crooked table wants
 * to read that, and the others are still worth listing. No byte code is read here.
 *
 * References: ACPI 6.3, chapter 5.2 (RSDP table 5-27, header table 5-28, FADT table 5-33, FACS
 * table 5-39).
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define TABLES_MAX 256
#define HEADER_LENGTH 36
#define FACS_LENGTH_MIN 64
#define RSDP_LENGTH_1 20 /* of revision 0 and 1; also what its first checksum covers */
#define RSDP_LENGTH_2 36
/* Far above QEMU's 2 MiB for all tables; keeps a made-up length from taking minutes. */
#define LENGTH_MAX (16U << 20)

/* UEFI 2.7, 4.6: EFI_ACPI_20_TABLE_GUID */
static const EFI_GUID acpi20_guid = {
	0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};

struct table {
	uint64_t address;
	const uint8_t *at;    /* NULL when it must not be read */
	const char *bad;      /* why not; NULL for a good one */
	const char *checksum; /* ok, bad, none */
	uint32_t length, crc;
	bool has_header; /* owner and revision as in table 5-28; not so RSDP and FACS */
};

static struct table *tables;
static size_t table_count;
static bool too_many;

static struct table *add_entry(uint64_t address)
{
	struct table *t;

	if (!tables)
		tables = allocate(TABLES_MAX, sizeof(*tables));
	if (!tables || table_count == TABLES_MAX) {
		too_many = true;
		return NULL;
	}
	t = &tables[table_count++];
	t->address = address;
	t->checksum = "none";
	return t;
}

/* Fills in what holds for all kinds once @length bytes at the address are known to be readable. */
static void accept(struct table *t, uint32_t length, bool summed)
{
	t->at = (const uint8_t *)(uintptr_t)t->address;
	t->length = length;
	t->crc = bytes_crc32(t->at, length);
	if (summed)
		t->checksum = bytes_sum(t->at, length) ? "bad" : "ok";
}

/* Looks at what should be a table with an ordinary header (or the FACS, which has none). */
static const struct table *add_table(uint64_t address)
{
	struct table *t = add_entry(address);
	const uint8_t *at = (const uint8_t *)(uintptr_t)address;
	bool facs;
	uint32_t length;

	if (!t)
		return NULL;
	if (!memory_readable(address, HEADER_LENGTH)) {
		t->bad = "outside-memory";
		return NULL;
	}
	facs = bytes_same(at, "FACS", 4);
	length = get32(at + 4);
	if (length < (facs ? FACS_LENGTH_MIN : HEADER_LENGTH))
		t->bad = "length-too-small";
	else if (length > LENGTH_MAX)
		t->bad = "length-too-large";
	else if (!memory_readable(address, length))
		t->bad = "length-leaves-memory";
	if (t->bad)
		return NULL;
	accept(t, length, !facs);
	t->has_header = !facs;
	return t;
}

/* The FADT's two pointers; the 64-bit one counts where it is there and not zero. */
static void add_from_fadt(const struct table *fadt)
{
	static const struct {
		unsigned int narrow, wide;
	} pointers[] = {
		{40, 140}, /* DSDT, X_DSDT */
		{36, 132}, /* FIRMWARE_CTRL, X_FIRMWARE_CTRL */
	};

	for (size_t i = 0; i < COUNT_OF(pointers); i++) {
		uint64_t address = 0;

		if (fadt->length >= pointers[i].wide + 8)
			address = get64(fadt->at + pointers[i].wide);
		if (!address && fadt->length >= pointers[i].narrow + 4)
			address = get32(fadt->at + pointers[i].narrow);
		if (address)
			add_table(address);
	}
}

static void add_listed(const struct table *root, unsigned int pointer_size)
{
	uint32_t length = root->length;
	const uint8_t *at = root->at;

	for (uint32_t i = HEADER_LENGTH; i + pointer_size <= length && !too_many;
	     i += pointer_size) {
		const struct table *t =
			add_table(pointer_size == 8 ? get64(at + i) : get32(at + i));

		if (t && bytes_same(t->at, "FACP", 4))
			add_from_fadt(t);
	}
}

void acpi_collect(void)
{
	const uint8_t *rsdp = firmware_table(&acpi20_guid);
	const struct table *root = NULL;
	struct table *t;
	uint32_t length;

	if (!rsdp)
		return;
	t = add_entry((uintptr_t)rsdp);
	if (!t)
		return;
	if (!memory_readable(t->address, RSDP_LENGTH_1) || !bytes_same(rsdp, "RSD PTR ", 8)) {
		t->bad = "no-rsdp";
		return;
	}
	length = rsdp[15] >= 2 ? RSDP_LENGTH_2 : RSDP_LENGTH_1;
	if (!memory_readable(t->address, length)) {
		t->bad = "length-leaves-memory";
		return;
	}
	accept(t, length, true);
	if (length == RSDP_LENGTH_2 && get64(rsdp + 24))
		root = add_table(get64(rsdp + 24));
	if (root)
		add_listed(root, 8);
	else if ((root = add_table(get32(rsdp + 16))))
		add_listed(root, 4);
}

const uint8_t *acpi_find(const char signature[4], uint32_t *length)
{
	for (size_t i = 0; i < table_count; i++) {
		if (tables[i].has_header && bytes_same(tables[i].at, signature, 4)) {
			*length = tables[i].length;
			return tables[i].at;
		}
	}
	return NULL;
}

bool acpi_code(size_t index, const uint8_t **at, uint32_t *length)
{
	const struct table *t;

	if (index >= table_count)
		return false;
	t = &tables[index];
	*at = NULL;
	if (t->has_header && (bytes_same(t->at, "DSDT", 4) || bytes_same(t->at, "SSDT", 4))) {
		*at = t->at + HEADER_LENGTH;
		*length = t->length - HEADER_LENGTH;
	}
	return true;
}

/* One cell of the two columns; @last ends the row, so nothing is padded there. */
static void people_table(const struct table *t, bool last)
{
	const char *at = (const char *)t->at;
	char size[TEXT_SHORT], cell[64];

	if (t->bad)
		text_format(cell, sizeof(cell), "0x%lx: %s", t->address, t->bad);
	else if (t->has_header)
		text_format(cell, sizeof(cell), "%.4s %9s  %.*s %.*s%s", at,
			    text_size(size, t->length), (int)text_unpadded(at + 10, 6), at + 10,
			    (int)text_unpadded(at + 16, 8), at + 16,
			    text_same(t->checksum, "bad") ? ", BAD CHECKSUM" : "");
	else
		text_format(cell, sizeof(cell), "%s %9s", t == tables ? "RSDP" : "FACS",
			    text_size(size, t->length));
	people(last ? "  %s\n" : "  %-44s", cell);
}

void acpi_people(void)
{
	people("\nACPI         %u tables%s\n", (unsigned int)table_count,
	       too_many ? " and more" : "");
	for (size_t i = 0; i < table_count; i++)
		people_table(&tables[i], i % 2 || i + 1 == table_count);
}

static void table_line(const struct table *t)
{
	if (t->bad) {
		line_begin("acpi-bad");
		line_value("address", "0x%lx", t->address);
		line_value("reason", "%s", t->bad);
		line_end();
		return;
	}
	line_begin("acpi");
	line_bytes("signature", t->at, t == tables ? 8 : 4);
	if (t->has_header) {
		line_bytes("oem", t->at + 10, 6);
		line_bytes("oem-table", t->at + 16, 8);
		line_value("oem-revision", "%08x", get32(t->at + 24));
		line_value("revision", "%u", t->at[8]);
	}
	line_value("length", "%u", t->length);
	line_value("checksum", "%s", t->checksum);
	line_value("crc32", "%08x", t->crc);
	line_value("address", "0x%lx", t->address);
	line_end();
}

void acpi_lines(void)
{
	for (size_t i = 0; i < table_count; i++)
		table_line(&tables[i]);
	if (too_many) {
		line_begin("truncated");
		line_value("what", "acpi");
		line_end();
	}
}
