/* Theory of operation: the bytes are a guest's own writing, so nothing in them is believed. All
 * positions are offsets that are compared with what is left, never pointers that are added up.
 *
 * A variable's life is in its state byte, whose bits the firmware clears one by one: written whole
 * (ADDED), about to be replaced (IN_DELETED_TRANSITION), gone (DELETED). One that is about to be
 * replaced counts as long as its successor was not written whole, so that a power failure loses
 * nothing; while the machine runs we may see just that.
 */
#include "varstore.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "utf16.h"

/* EFI_FIRMWARE_VOLUME_HEADER. */
#define FV_TYPE 16
#define FV_LENGTH 32
#define FV_SIGNATURE 40
#define FV_HEADER_LENGTH 48
#define FV_LEAST 56

/* VARIABLE_STORE_HEADER. */
#define STORE_SIZE 16
#define STORE_FORMAT 20
#define STORE_STATE 21
#define STORE_HEADER 28
#define STORE_FORMATTED 0x5a
#define STORE_HEALTHY 0xfe

/* VARIABLE_HEADER and AUTHENTICATED_VARIABLE_HEADER: where the sizes and the vendor stand. */
#define VARIABLE_START 0x55aa
#define PLAIN_SIZES 8
#define PLAIN_HEADER 32
#define SIGNED_SIZES 36
#define SIGNED_HEADER 60
#define VARIABLE_ALIGN 4

#define STATE_ADDED 0x3f
#define STATE_IN_TRANSITION 0x3e

/* A name of more bytes is no name, and no firmware keeps more variables than that. */
#define NAME_MOST 1024
#define VARIABLES_MOST 4096

const struct guid GUID_GLOBAL = {
	{0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0, 0xe0, 0x98, 3, 0x2b, 0x8c}};
const struct guid GUID_DATABASE = {{0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc,
				    0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}};
const struct guid GUID_SECURE_BOOT_ENABLE = {
	{0xc7, 0x0b, 0xa3, 0xf0, 0x08, 0xaf, 0x56, 0x45, 0x99, 0xc4, 0, 0x10, 9, 0xc9, 0x3a, 0x44}};
const struct guid GUID_CUSTOM_MODE = {{0x0c, 0xec, 0x76, 0xc0, 0x28, 0x70, 0x99, 0x43, 0xa0, 0x72,
				       0x71, 0xee, 0x5c, 0x44, 0x8b, 0x9f}};

static const struct guid VOLUME_OF_VARIABLES = {{0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
						 0xa9, 0x85, 0x27, 0x47, 7, 0x5b, 0x4f, 0x50}};
static const struct guid STORE_PLAIN = {{0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41, 0x98, 0xb6,
					 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d}};
static const struct guid STORE_SIGNED = {{0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43, 0xa1,
					  0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92}};

bool guid_is(const struct guid *a, const struct guid *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

static bool guid_at(const unsigned char *p, const struct guid *wanted)
{
	return memcmp(p, wanted->byte, sizeof(wanted->byte)) == 0;
}

/* Where the variables lie, and of which kind they are. */
struct region {
	size_t at, end;
	bool is_signed;
};

static const char *find_region(const struct varstore *store, struct region *region)
{
	const unsigned char *p = store->bytes;
	size_t header, size;

	if (store->len < FV_LEAST || memcmp(p + FV_SIGNATURE, "_FVH", 4) != 0 ||
	    !guid_at(p + FV_TYPE, &VOLUME_OF_VARIABLES))
		return "it is no firmware volume for variables";
	header = le16(p + FV_HEADER_LENGTH);
	if (header < FV_LEAST || le64(p + FV_LENGTH) > store->len ||
	    store->len - STORE_HEADER < header)
		return "its firmware volume does not fit into it";
	p += header;
	size = le32(p + STORE_SIZE);
	region->is_signed = guid_at(p, &STORE_SIGNED);
	if (!region->is_signed && !guid_at(p, &STORE_PLAIN))
		return "it holds no variable store of a kind that is known";
	if (p[STORE_FORMAT] != STORE_FORMATTED || p[STORE_STATE] != STORE_HEALTHY)
		return "its variable store is not formatted, or not healthy";
	if (size < STORE_HEADER || size > store->len - header)
		return "its variable store does not fit into it";
	region->at = header + STORE_HEADER;
	region->end = header + size;
	return NULL;
}

/* What stands at region->at; false where no variable does. */
struct found {
	struct variable variable;
	unsigned char state;
	size_t next;
};

static bool read_variable(const struct varstore *store, const struct region *region,
			  struct found *found)
{
	const unsigned char *p = store->bytes + region->at;
	size_t header = region->is_signed ? SIGNED_HEADER : PLAIN_HEADER;
	size_t sizes = region->is_signed ? SIGNED_SIZES : PLAIN_SIZES;
	size_t left = region->end - region->at, name, data;

	if (left < header || le16(p) != VARIABLE_START)
		return false;
	name = le32(p + sizes);
	data = le32(p + sizes + 4);
	if (name > left - header || data > left - header - name)
		return false;
	*found = (struct found){
		.variable =
			{
				.attributes = le32(p + 4),
				.data = p + header + name,
				.size = data,
			},
		.state = p[2],
		.next = region->at + header + name + data,
	};
	found->next += -found->next & (VARIABLE_ALIGN - 1);
	memcpy(found->variable.vendor.byte, p + sizes + 8, sizeof(found->variable.vendor.byte));
	if (found->state == STATE_ADDED || found->state == STATE_IN_TRANSITION)
		found->variable.name =
			utf16_text(p + header, name < NAME_MOST ? name : NAME_MOST, false, NULL);
	return true;
}

/* The place of a variable of this name, or the end of the list. */
static size_t index_of(const struct varstore *store, const struct guid *vendor, const char *name)
{
	size_t i = 0;

	while (i < store->n && (!guid_is(&store->variable[i].vendor, vendor) ||
				strcmp(store->variable[i].name, name) != 0))
		i++;
	return i;
}

/* Takes the variable over. One in transition gives way to one that is whole. */
static void add_variable(struct varstore *store, struct found *found)
{
	size_t i = index_of(store, &found->variable.vendor, found->variable.name);

	if (i == store->n) {
		*xappend(store->variable, store->n) = found->variable;
		return;
	}
	if (found->state == STATE_ADDED) {
		free(store->variable[i].name);
		store->variable[i] = found->variable;
	} else {
		free(found->variable.name);
	}
}

bool varstore_parse(struct varstore *store, unsigned char *bytes, size_t len, char **why)
{
	struct region region = {0};
	struct found found;
	const char *wrong;

	*store = (struct varstore){.bytes = bytes, .len = len};
	wrong = find_region(store, &region);
	if (wrong) {
		*why = xstrdup(wrong);
		varstore_free(store);
		return false;
	}
	while (region.at < region.end && store->n < VARIABLES_MOST &&
	       read_variable(store, &region, &found)) {
		if (found.variable.name && *found.variable.name)
			add_variable(store, &found);
		else
			free(found.variable.name);
		region.at = found.next;
	}
	return true;
}

void varstore_free(struct varstore *store)
{
	for (size_t i = 0; i < store->n; i++)
		free(store->variable[i].name);
	free(store->variable);
	free(store->bytes);
	*store = (struct varstore){0};
}

const struct variable *varstore_find(const struct varstore *store, const struct guid *vendor,
				     const char *name)
{
	size_t i = index_of(store, vendor, name);

	return i < store->n ? &store->variable[i] : NULL;
}
