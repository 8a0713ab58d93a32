/* Fuzzes variable stores, which are a guest's own writing. The first byte says what the rest is: a
 * store's variables behind a good header ('v'), the value of db ('k'), a certificate ('c'), a boot
 * entry ('b'), a qcow2 image ('q'), anything else a whole store. Besides memory errors this looks
 * for variables that lie outside of the store, twice the same one, and names that are no UTF-8.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "firmware/boot_entry.h"
#include "firmware/certificate.h"
#include "firmware/secure_boot.h"
#include "firmware/varstore.h"

#define HEADER 72U
#define FIRST (HEADER + 28U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void must_be_text(const char *s)
{
	must(text_utf8(s, strlen(s)) == strlen(s));
}

static void check_keys(const struct varstore *store)
{
	own_secure_boot struct secure_boot secure_boot = {0};
	own_free const char **missing = NULL;

	secure_boot_read(&secure_boot, store);
	for (size_t i = 0; i < KEY_LISTS; i++)
		for (size_t k = 0; k < secure_boot.list[i].certificates; k++)
			must_be_text(secure_boot.list[i].certificate[k].name);
	must(secure_boot_missing(&secure_boot, &missing, NULL) <= 4);
}

static void check_entries(const struct varstore *store)
{
	size_t n;
	struct boot_entry *entry = boot_entries_read(store, &n);

	for (size_t i = 0; i < n; i++) {
		must_be_text(entry[i].name);
		must_be_text(entry[i].file);
		for (size_t k = 0; k < i; k++)
			must(entry[k].number != entry[i].number);
	}
	boot_entries_free(entry, n);
}

static void check_store(const struct varstore *store)
{
	for (size_t i = 0; i < store->n; i++) {
		const struct variable *v = &store->variable[i];

		must(v->data >= store->bytes && v->size <= store->len &&
		     v->data + v->size <= store->bytes + store->len);
		must(*v->name);
		must_be_text(v->name);
		must(varstore_find(store, &v->vendor, v->name) == v);
	}
	check_keys(store);
	check_entries(store);
}

/* Takes bytes over. */
static void parse(uint8_t *bytes, size_t len)
{
	own_varstore struct varstore store = {0};
	own_free char *why = NULL;

	if (varstore_parse(&store, bytes, len, &why))
		check_store(&store);
	else
		must(why && *why && !store.bytes);
}

static void put_32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

/* A store with size bytes of variables. */
static uint8_t *make_store(const uint8_t *data, size_t size)
{
	static const uint8_t volume[] = {0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					 0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50};
	static const uint8_t kind[] = {0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
				       0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92};
	uint8_t *store = xcalloc(1, FIRST + size);

	memcpy(store + 16, volume, sizeof(volume));
	put_32(store + 32, (uint32_t)(FIRST + size));
	memcpy(store + 40, "_FVH", 4);
	store[48] = HEADER;
	memcpy(store + HEADER, kind, sizeof(kind));
	put_32(store + HEADER + 16, (uint32_t)(28 + size));
	store[HEADER + 20] = 0x5a;
	store[HEADER + 21] = 0xfe;
	memcpy(store + FIRST, data, size);
	return store;
}

/* A store with one variable of this value. */
static void parse_value(const char *name, const struct guid *vendor, const uint8_t *data,
			size_t size)
{
	size_t name_size = 2 * strlen(name) + 2, len = 60 + name_size + size;
	own_free uint8_t *variable = xcalloc(1, len);

	memcpy(variable, "\xaa\x55\x3f", 3);
	put_32(variable + 36, (uint32_t)name_size);
	put_32(variable + 40, (uint32_t)size);
	memcpy(variable + 44, vendor->byte, sizeof(vendor->byte));
	for (size_t i = 0; name[i]; i++)
		variable[60 + 2 * i] = (uint8_t)name[i];
	memcpy(variable + 60 + name_size, data, size);
	parse(make_store(variable, len), FIRST + len);
}

static void check_certificate(const uint8_t *data, size_t size)
{
	struct certificate certificate;

	if (!certificate_read(&certificate, data, size))
		return;
	must_be_text(certificate.name);
	certificate_free(&certificate);
}

static void check_image(const uint8_t *data, size_t size)
{
	own_varstore struct varstore store = {0};
	own_free char *why = NULL;
	own_fd int fd = memfd_create("image", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (varstore_read(&store, fd, &why))
		check_store(&store);
	else
		must(why && *why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kind = size ? data[0] : 0;
	uint8_t *copy;

	if (size && strchr("vkcbq", kind) && kind) {
		data++;
		size--;
	}
	switch (kind) {
	case 'v':
		parse(make_store(data, size), FIRST + size);
		break;
	case 'k':
		parse_value("db", &GUID_DATABASE, data, size);
		break;
	case 'c':
		check_certificate(data, size);
		break;
	case 'b':
		parse_value("Boot0001", &GUID_GLOBAL, data, size);
		break;
	case 'q':
		check_image(data, size);
		break;
	default:
		copy = xmalloc(size + 1);
		memcpy(copy, data, size);
		parse(copy, size);
	}
	return 0;
}
