/* EFI_LOAD_OPTION (UEFI 2.10, 3.1.3): attributes, the length of the device path, a description, the
 * device path; its nodes (10.3) have a type, a subtype and a length.
 */
#include "boot_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "utf16.h"

#define OPTION_HEADER 6
#define OPTION_ACTIVE 1U
#define NODE_HEADER 4
#define NODE_MEDIA 4
#define NODE_MEDIA_FILE 4

/* The firmware lists each entry once; a BootOrder is not believed to be short. */
#define ENTRIES_MOST 1024

static char *read_file_path(const unsigned char *p, size_t len)
{
	while (len >= NODE_HEADER) {
		size_t node = le16(p + 2);

		if (node < NODE_HEADER || node > len)
			break;
		if (p[0] == NODE_MEDIA && p[1] == NODE_MEDIA_FILE)
			return utf16_text(p + NODE_HEADER, node - NODE_HEADER, false, NULL);
		p += node;
		len -= node;
	}
	return xstrdup("");
}

static bool read_entry(struct boot_entry *entry, unsigned number, const struct variable *variable)
{
	size_t path, used;

	if (!variable || variable->size < OPTION_HEADER)
		return false;
	*entry = (struct boot_entry){
		.number = number,
		.active = le32(variable->data) & OPTION_ACTIVE,
		.name = utf16_text(variable->data + OPTION_HEADER, variable->size - OPTION_HEADER,
				   false, &used),
	};
	path = variable->size - OPTION_HEADER - used;
	if (path > le16(variable->data + 4))
		path = le16(variable->data + 4);
	entry->file = read_file_path(variable->data + OPTION_HEADER + used, path);
	return true;
}

/* The number in "Boot####" (upper-case hexadecimal digits); false where a name is none. */
static bool read_number(const char *name, unsigned *number)
{
	*number = 0;
	if (strncmp(name, "Boot", 4) != 0 || strlen(name) != 8)
		return false;
	for (const char *p = name + 4; *p; p++) {
		if (!((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'F')))
			return false;
		*number = *number << 4 | (unsigned)(*p <= '9' ? *p - '0' : *p - 'A' + 10);
	}
	return true;
}

static bool has_number(const struct boot_entry *entry, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (entry[i].number == number)
			return true;
	return false;
}

static void add_entry(struct boot_entry **entry, size_t *n, const struct varstore *store,
		      unsigned number, bool ordered)
{
	char name[sizeof("Boot0000")];
	struct boot_entry read;

	snprintf(name, sizeof(name), "Boot%04X", number & 0xffff);
	if (*n == ENTRIES_MOST || has_number(*entry, *n, number) ||
	    !read_entry(&read, number, varstore_find(store, &GUID_GLOBAL, name)))
		return;
	read.ordered = ordered;
	*xappend(*entry, *n) = read;
}

struct boot_entry *boot_entries_read(const struct varstore *store, size_t *n)
{
	const struct variable *order = varstore_find(store, &GUID_GLOBAL, "BootOrder");
	struct boot_entry *entry = NULL;
	unsigned number;

	*n = 0;
	for (size_t at = 0; order && at + 2 <= order->size && at < 2 * ENTRIES_MOST; at += 2)
		add_entry(&entry, n, store, le16(order->data + at), true);
	for (size_t i = 0; i < store->n; i++)
		if (guid_is(&store->variable[i].vendor, &GUID_GLOBAL) &&
		    read_number(store->variable[i].name, &number))
			add_entry(&entry, n, store, number, false);
	return entry;
}

void boot_entries_free(struct boot_entry *entry, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(entry[i].name);
		free(entry[i].file);
	}
	free(entry);
}
