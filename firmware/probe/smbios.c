/*
 * SMBIOS: what the machine calls itself.
 *
 * The 64-bit entry point is preferred, as operating systems do. Records are a fixed part with its
 * length in front and a list of strings that ends with an empty one; both are kept inside the
 * table by hand, because a record file of a user's own making ends up here unchecked.
 *
 * References: DMTF DSP0134 3.3, 5.2 (entry points), 6.1 (records), 7.1 to 7.5 (types 0 to 4), 7.18
 * (17).
 */
#include "io.h"
#include "out.h"
#include "probe.h"
#include "text.h"

#define HEADER_LENGTH 4 /* type, length, handle */
#define TYPE_END 127
#define TABLE_LENGTH_MAX (4U << 20)

/* UEFI 2.7, 4.6: SMBIOS_TABLE_GUID and SMBIOS3_TABLE_GUID */
static const EFI_GUID smbios_guid = {
	0xeb9d2d31, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const EFI_GUID smbios3_guid = {
	0xf2fd1544, 0x9794, 0x4a2c, {0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94}};

enum field_kind { FIELD_STRING, FIELD_UUID, FIELD_CHASSIS };

/* What is reported of each type: the word in the line, where it stands, how it is read. */
static const struct field {
	uint8_t type, offset;
	enum field_kind kind;
	const char *key;
} fields[] = {
	{0, 4, FIELD_STRING, "vendor"},		{0, 5, FIELD_STRING, "version"},
	{0, 8, FIELD_STRING, "date"},		{1, 4, FIELD_STRING, "manufacturer"},
	{1, 5, FIELD_STRING, "product"},	{1, 6, FIELD_STRING, "version"},
	{1, 7, FIELD_STRING, "serial"},		{1, 8, FIELD_UUID, "uuid"},
	{1, 25, FIELD_STRING, "sku"},		{1, 26, FIELD_STRING, "family"},
	{2, 4, FIELD_STRING, "manufacturer"},	{2, 5, FIELD_STRING, "product"},
	{2, 6, FIELD_STRING, "version"},	{2, 7, FIELD_STRING, "serial"},
	{3, 4, FIELD_STRING, "manufacturer"},	{3, 5, FIELD_CHASSIS, "chassis"},
	{3, 6, FIELD_STRING, "version"},	{3, 7, FIELD_STRING, "serial"},
	{4, 7, FIELD_STRING, "manufacturer"},	{4, 16, FIELD_STRING, "version"},
	{17, 23, FIELD_STRING, "manufacturer"},
};
#define TYPE_LAST_SHOWN 3 /* to people */

struct record {
	const uint8_t *at;
	uint32_t length; /* with its strings */
};

static struct {
	const uint8_t *table;
	uint32_t length;
	unsigned int entry, major, minor, count;
	const char *bad;
} found;

static bool find_entry(void)
{
	const uint8_t *entry = firmware_table(&smbios3_guid);
	uint64_t address;

	/* Entry point offsets: 5.2.2 and 5.2.1 of DSP0134. */
	if (entry && memory_readable((uintptr_t)entry, 24) && bytes_same(entry, "_SM3_", 5)) {
		found.entry = 3;
		found.major = entry[7];
		found.minor = entry[8];
		found.length = get32(entry + 12);
		address = get64(entry + 16);
	} else {
		entry = firmware_table(&smbios_guid);
		if (!entry || !memory_readable((uintptr_t)entry, 31) ||
		    !bytes_same(entry, "_SM_", 4))
			return false;
		found.entry = 2;
		found.major = entry[6];
		found.minor = entry[7];
		found.length = get16(entry + 22);
		address = get32(entry + 24);
	}
	found.table = (const uint8_t *)(uintptr_t)address;
	if (found.length > TABLE_LENGTH_MAX || !memory_readable(address, found.length))
		found.bad = "table-outside-memory";
	return !found.bad;
}

/*
 * Measures the record at @offset. False at the end, and where a record does not fit: what lies
 * behind it can't be found.
 */
static bool record_at(uint32_t offset, struct record *record)
{
	uint32_t left = found.length - offset, i;

	record->at = found.table + offset;
	if (left < HEADER_LENGTH || record->at[1] < HEADER_LENGTH || record->at[1] > left)
		return false;
	for (i = record->at[1]; i + 2 <= left; i++) {
		if (!record->at[i] && !record->at[i + 1]) {
			record->length = i + 2;
			return true;
		}
	}
	return false;
}

/* Calls @each with every record; says how many there were. */
static unsigned int for_each(void (*each)(const struct record *record))
{
	struct record record;
	unsigned int count = 0;
	uint32_t offset = 0;

	while (found.table && !found.bad && record_at(offset, &record)) {
		count++;
		if (each)
			each(&record);
		if (record.at[0] == TYPE_END)
			break;
		offset += record.length;
	}
	return count;
}

void smbios_collect(void)
{
	if (find_entry())
		found.count = for_each(NULL);
}

/* String number @index of the record (1 is the first); empty when there is none. */
static const char *string_of(const struct record *record, uint8_t index, size_t *length)
{
	const char *at = (const char *)record->at + record->at[1];
	const char *end = (const char *)record->at + record->length;

	*length = 0;
	for (; index && at < end && *at; index--) {
		size_t n = text_length(at); /* the record ends with two NULs */

		if (index == 1) {
			*length = n;
			return at;
		}
		at += n + 1;
	}
	return "";
}

static const char *string_at(const struct record *record, uint8_t offset, size_t *length)
{
	return string_of(record, offset < record->at[1] ? record->at[offset] : 0, length);
}

/* 7.2.1: the first three fields are little endian from version 2.6 on, and by habit before. */
static void format_uuid(char to[40], const uint8_t *u)
{
	text_format(to, 40, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", get32(u),
		    get16(u + 4), get16(u + 6), u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		    u[15]);
}

/* 7.4.1, the commoner ones. */
static const char *chassis_word(uint8_t type)
{
	static const char *const words[] = {
		[1] = "other",	      [2] = "unknown",
		[3] = "desktop",      [4] = "low profile desktop",
		[6] = "mini tower",   [7] = "tower",
		[8] = "portable",     [9] = "laptop",
		[10] = "notebook",    [11] = "hand held",
		[13] = "all in one",  [14] = "sub notebook",
		[17] = "server",      [30] = "tablet",
		[31] = "convertible", [32] = "detachable",
		[35] = "mini PC",     [36] = "stick PC",
	};

	return type < COUNT_OF(words) && words[type] ? words[type] : "not a common type";
}

static void people_string(const struct record *record, uint8_t offset, const char *before)
{
	size_t length;
	const char *text = string_at(record, offset, &length);

	if (length)
		people("%s%.*s", before, length > 60 ? 60 : (int)length, text);
}

static void people_record(const struct record *record)
{
	static const char *const titles[] = {"Firmware", "System", "Board", "Chassis"};
	uint8_t type = record->at[0];
	char uuid[40];

	if (type > TYPE_LAST_SHOWN)
		return;
	people("  %-10s", titles[type]);
	if (type == 3 && record->at[1] > 5)
		people(" %s (type %u)", chassis_word(record->at[5] & 0x7f), record->at[5] & 0x7f);
	people_string(record, 4, type == 3 ? ", " : " ");
	people_string(record, type == 3 ? 6 : 5, ", ");
	if (type == 1 || type == 2)
		people_string(record, 6, ", ");
	if (type)
		people_string(record, 7, ", serial ");
	people("\n");
	if (type == 1 && record->at[1] >= 24) {
		format_uuid(uuid, record->at + 8);
		people("             UUID %s\n", uuid);
	}
}

void smbios_people(void)
{
	if (!found.entry)
		people("\nSMBIOS       none\n");
	else if (found.bad)
		people("\nSMBIOS       unusable: %s\n", found.bad);
	else
		people("\nSMBIOS       version %u.%u, %u records\n", found.major, found.minor,
		       found.count);
	for_each(people_record);
}

static void field_value(const struct record *record, const struct field *field)
{
	char uuid[40];
	size_t length;
	const char *text;

	switch (field->kind) {
	case FIELD_STRING:
		text = string_at(record, field->offset, &length);
		line_bytes(field->key, text, length);
		break;
	case FIELD_UUID:
		if (record->at[1] < field->offset + 16)
			break;
		format_uuid(uuid, record->at + field->offset);
		line_value(field->key, "%s", uuid);
		break;
	case FIELD_CHASSIS:
		/* 7.4: bit 7 says that there is a lock. */
		if (record->at[1] > field->offset)
			line_value(field->key, "%u", record->at[field->offset] & 0x7f);
		break;
	}
}

static bool is_reported(uint8_t type)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (fields[i].type == type)
			return true;
	return false;
}

static void record_line(const struct record *record)
{
	if (!is_reported(record->at[0]))
		return;
	line_begin("smbios");
	line_value("type", "%u", record->at[0]);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (fields[i].type == record->at[0])
			field_value(record, &fields[i]);
	}
	line_end();
}

void smbios_lines(void)
{
	line_begin("smbios-table");
	line_value("entry", "%u", found.entry);
	line_value("version", "%u.%u", found.major, found.minor);
	line_value("count", "%u", found.count);
	line_value("length", "%u", found.length);
	line_value("state", "%s", found.bad ? found.bad : found.entry ? "ok" : "none");
	line_end();
	for_each(record_line);
}
