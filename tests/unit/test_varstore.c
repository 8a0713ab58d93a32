/* What a variable store says: variables, keys, boot entries; and every way in which it may lie. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "firmware/boot_entry.h"
#include "firmware/certificate.h"
#include "firmware/secure_boot.h"
#include "firmware/utf16.h"
#include "test_vars_make.h"

#define ADDED 0x3f
#define IN_TRANSITION 0x3e
#define DELETED 0x3c
#define DELETED_AT_ONCE 0x3d
#define HEADER_ONLY 0x7f

static void parse(struct varstore *store, struct buf *b)
{
	own_free char *why = NULL;

	if (!varstore_parse(store, finish_store(b), STORE_LEN, &why))
		fail_msg("%s", why);
}

static void variables_of_both_kinds(void **state)
{
	(void)state;
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		own_varstore struct varstore store = {0};
		const struct variable *v;
		struct buf b = {0};

		start_store(&b, is_signed);
		add_variable(&b, is_signed, ADDED, &GUID_GLOBAL, "Lang", "eng", 4);
		add_variable(&b, is_signed, DELETED, &GUID_GLOBAL, "Gone", "x", 1);
		add_variable(&b, is_signed, DELETED_AT_ONCE, &GUID_GLOBAL, "Gone", "y", 1);
		add_variable(&b, is_signed, HEADER_ONLY, &GUID_GLOBAL, "Cut", "z", 1);
		add_variable(&b, is_signed, ADDED, &GUID_DATABASE, "Lang", "", 0);
		add_variable(&b, is_signed, ADDED, &GUID_GLOBAL, "Last", "12345", 5);
		parse(&store, &b);
		assert_int_equal(store.n, 3);
		v = varstore_find(&store, &GUID_GLOBAL, "Lang");
		assert_non_null(v);
		assert_int_equal(v->size, 4);
		assert_memory_equal(v->data, "eng", 4);
		assert_int_equal(v->attributes, 7);
		assert_int_equal(varstore_find(&store, &GUID_DATABASE, "Lang")->size, 0);
		assert_int_equal(varstore_find(&store, &GUID_GLOBAL, "Last")->size, 5);
		assert_null(varstore_find(&store, &GUID_GLOBAL, "Gone"));
		assert_null(varstore_find(&store, &GUID_GLOBAL, "Cut"));
	}
}

/* A variable that is being replaced counts until its successor is whole, whichever lies first. */
static void a_replacement_counts_when_it_is_whole(void **state)
{
	static const struct {
		unsigned first, second;
		char wanted;
	} row[] = {
		{IN_TRANSITION, ADDED, 'b'}, {IN_TRANSITION, HEADER_ONLY, 'a'},
		{ADDED, IN_TRANSITION, 'a'}, {DELETED, ADDED, 'b'},
		{IN_TRANSITION, 0xff, 'a'},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_varstore struct varstore store = {0};
		struct buf b = {0};

		start_store(&b, true);
		add_variable(&b, true, row[i].first, &GUID_GLOBAL, "X", "a", 1);
		add_variable(&b, true, row[i].second, &GUID_GLOBAL, "X", "b", 1);
		parse(&store, &b);
		assert_int_equal(store.n, 1);
		assert_int_equal(*store.variable[0].data, row[i].wanted);
	}
}

static void what_is_no_store_is_told(void **state)
{
	static const struct {
		size_t at;
		unsigned char byte;
		const char *why;
	} row[] = {
		{40, 'X', "no firmware volume"}, {16, 0, "no firmware volume"},
		{35, 0xff, "does not fit"},	 {48, 8, "does not fit"},
		{49, 0xff, "variable store"},	 {72, 0, "of a kind that is known"},
		{91, 0xff, "does not fit"},	 {88, 3, NULL},
		{92, 0xff, "not formatted"},	 {93, 0xfc, "not healthy"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct varstore store;
		own_free char *why = NULL;
		struct buf b = {0};
		unsigned char *bytes;
		bool good;

		start_store(&b, true);
		bytes = finish_store(&b);
		bytes[row[i].at] = row[i].byte;
		good = varstore_parse(&store, bytes, STORE_LEN, &why);
		assert_int_equal(good, row[i].why == NULL);
		if (!good && !strstr(why, row[i].why))
			fail_msg("%zu: %s", i, why);
		varstore_free(&store);
	}
	for (size_t len = 0; len < 101; len++) {
		struct varstore store;
		own_free char *why = NULL;
		struct buf b = {0};
		unsigned char *bytes, *cut = xcalloc(1, len + 1);

		start_store(&b, true);
		bytes = finish_store(&b);
		memcpy(cut, bytes, len);
		free(bytes);
		assert_false(varstore_parse(&store, cut, len, &why));
	}
}

/* Sizes that point out of the store end the list there. */
static void sizes_are_not_believed(void **state)
{
	(void)state;
	for (size_t field = 36; field <= 40; field += 4) {
		own_varstore struct varstore store = {0};
		own_free char *why = NULL;
		struct buf b = {0};
		unsigned char *bytes;
		size_t second;

		start_store(&b, true);
		add_variable(&b, true, ADDED, &GUID_GLOBAL, "A", "1", 1);
		second = b.len;
		add_variable(&b, true, ADDED, &GUID_GLOBAL, "B", "2", 1);
		bytes = finish_store(&b);
		memset(bytes + second + field, 0xff, 4);
		assert_true(varstore_parse(&store, bytes, STORE_LEN, &why));
		assert_int_equal(store.n, 1);
	}
}

static int64_t end_of(const char *name, const char *end, char **read_name)
{
	struct certificate certificate;
	own_buf struct buf b = {0};
	int64_t not_after;

	add_named_certificate(&b, name, end);
	assert_true(certificate_read(&certificate, (unsigned char *)b.data, b.len));
	*read_name = xstrdup(certificate.name);
	not_after = certificate.not_after;
	certificate_free(&certificate);
	/* Nothing of it may be missing, as far as it is read. */
	for (size_t len = 0; len < b.len - 60; len++) {
		own_free unsigned char *cut = xmalloc(len + 1);

		memcpy(cut, b.data, len);
		assert_false(certificate_read(&certificate, cut, len));
	}
	return not_after;
}

static void certificates_have_a_name_and_an_end(void **state)
{
	static const struct {
		const char *end;
		int64_t seconds;
	} row[] = {
		{"260627213245Z", 1782595965},	   {"491231235959Z", 2524607999},
		{"500101000000Z", -631152000},	   {"20500101000000Z", 2524608000},
		{"99991231235959Z", 253402300799},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *name = NULL;

		assert_true(end_of("Microsoft Corporation UEFI CA 2011", row[i].end, &name) ==
			    row[i].seconds);
		assert_string_equal(name, "Microsoft Corporation UEFI CA 2011");
	}
}

static void names_of_every_kind(void **state)
{
	static const struct {
		unsigned kind, tag;
		const char *text;
		size_t len;
		const char *wanted;
	} row[] = {
		{3, 0x0c, "b\xc3\xa4", 3, "b\xc3\xa4"},
		{3, 0x0c, "b\xff", 2, "b"},
		{3, 0x1e, "\0b\0\xe4\xd8\x3d\xde\0", 8, "b\xc3\xa4\xf0\x9f\x98\x80"},
		{3, 0x16, "x", 1, "x"},
		{10, 0x13, "an organisation", 15, "an organisation"},
		{6, 0x13, "DE", 2, ""},
		{3, 0x04, "octets", 6, ""},
		{3, 0x0c, "", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_buf struct buf subject = {0}, b = {0};
		struct certificate certificate;

		add_name(&subject, row[i].kind, row[i].tag, row[i].text, row[i].len);
		add_certificate(&b, &subject, 0x17, "260627213245Z");
		assert_true(certificate_read(&certificate, (unsigned char *)b.data, b.len));
		assert_string_equal(certificate.name, row[i].wanted);
		certificate_free(&certificate);
	}
}

static void utf16_becomes_utf8(void **state)
{
	own_free char *text = NULL;
	size_t used;

	(void)state;
	text = utf16_text((const unsigned char *)"a\0\xe4\0\xac\x20\x3d\xd8\0\xde\0\0x\0", 14,
			  false, &used);
	assert_string_equal(text, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_int_equal(used, 12);
	free(steal(&text));
	text = utf16_text((const unsigned char *)"\x3d\xd8x\0\0\xde\x3d\xd8", 9, false, &used);
	assert_string_equal(text, "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd");
	assert_int_equal(used, 8);
}

/* A store with these keys; each list may be NULL. */
static void store_with_keys(struct varstore *store, const struct buf *kek, const struct buf *db,
			    int enable)
{
	own_buf struct buf pk = {0};
	struct buf b = {0};
	unsigned char byte = (unsigned char)enable;

	add_key(&pk, "A platform", "300101000000Z");
	start_store(&b, true);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "PK", pk.data, pk.len);
	if (kek)
		add_variable(&b, true, ADDED, &GUID_GLOBAL, "KEK", kek->data, kek->len);
	if (db)
		add_variable(&b, true, ADDED, &GUID_DATABASE, "db", db->data, db->len);
	if (enable >= 0)
		add_variable(&b, true, ADDED, &GUID_SECURE_BOOT_ENABLE, "SecureBootEnable", &byte,
			     1);
	parse(store, &b);
}

static void secure_boot_is_on_off_or_in_setup(void **state)
{
	static const enum secure_boot_state wanted[] = {SECURE_BOOT_ON, SECURE_BOOT_OFF,
							SECURE_BOOT_ON};

	(void)state;
	for (int enable = -1; enable < 2; enable++) {
		own_varstore struct varstore store = {0};
		own_secure_boot struct secure_boot secure_boot = {0};

		store_with_keys(&store, NULL, NULL, enable);
		secure_boot_read(&secure_boot, &store);
		assert_int_equal(secure_boot.state, wanted[enable + 1]);
		assert_int_equal(secure_boot.list[KEYS_PK].certificates, 1);
		assert_string_equal(secure_boot.list[KEYS_PK].certificate[0].name, "A platform");
	}
	for (int deleted = 0; deleted < 2; deleted++) {
		own_varstore struct varstore store = {0};
		own_secure_boot struct secure_boot secure_boot = {0};
		struct buf b = {0};

		start_store(&b, true);
		if (deleted)
			add_variable(&b, true, DELETED, &GUID_GLOBAL, "PK", "x", 1);
		parse(&store, &b);
		secure_boot_read(&secure_boot, &store);
		assert_int_equal(secure_boot.state, SECURE_BOOT_SETUP);
	}
}

static size_t missing_of(const struct buf *kek, const struct buf *db, const char ***missing)
{
	own_varstore struct varstore store = {0};
	own_secure_boot struct secure_boot secure_boot = {0};
	int64_t ended = 0;
	size_t n;

	store_with_keys(&store, kek, db, -1);
	secure_boot_read(&secure_boot, &store);
	n = secure_boot_missing(&secure_boot, missing, &ended);
	if (n)
		assert_true(ended == 1782595965);
	return n;
}

static void certificates_of_2023_are_missed_beside_those_of_2011(void **state)
{
	own_buf struct buf kek = {0}, db = {0}, own = {0};
	const char **missing = NULL;

	(void)state;
	add_key(&own, "My own key", "300101000000Z");
	assert_int_equal(missing_of(&own, &own, &missing), 0);
	add_key(&kek, "Microsoft Corporation KEK CA 2011", "260627213245Z");
	add_key(&db, "Microsoft Windows Production PCA 2011", "261019184142Z");
	add_key(&db, "Microsoft Corporation UEFI CA 2011", "260627213245Z");
	assert_int_equal(missing_of(&kek, &db, &missing), 4);
	assert_string_equal(missing[0], "Microsoft Corporation KEK 2K CA 2023");
	assert_string_equal(missing[1], "Windows UEFI CA 2023");
	assert_string_equal(missing[2], "Microsoft UEFI CA 2023");
	assert_string_equal(missing[3], "Microsoft Option ROM UEFI CA 2023");
	free(steal(&missing));
	/* In the wrong list a certificate does nothing. */
	add_key(&kek, "Windows UEFI CA 2023", "350613000000Z");
	assert_int_equal(missing_of(&kek, &db, &missing), 4);
	free(steal(&missing));
	add_key(&kek, "Microsoft Corporation KEK 2K CA 2023", "380302000000Z");
	add_key(&db, "Windows UEFI CA 2023", "350613000000Z");
	add_key(&db, "Microsoft UEFI CA 2023", "380613000000Z");
	assert_int_equal(missing_of(&kek, &db, &missing), 1);
	assert_string_equal(missing[0], "Microsoft Option ROM UEFI CA 2023");
	free(steal(&missing));
	add_key(&db, "Microsoft Option ROM UEFI CA 2023", "381026000000Z");
	assert_int_equal(missing_of(&kek, &db, &missing), 0);
	assert_null(missing);
}

static void lists_that_lie(void **state)
{
	own_buf struct buf good = {0};

	(void)state;
	add_key(&good, "A key", "300101000000Z");
	add_signatures(&good, false, "01234567890123456789012345678901", 32, 3);
	add_signatures(&good, true, "no DER", 6, 1);
	for (size_t field = 0; field <= 24; field += 4)
		for (unsigned value = 0; value < 256; value += 51) {
			own_varstore struct varstore store = {0};
			own_secure_boot struct secure_boot secure_boot = {0};
			own_buf struct buf bad = {0};
			const struct key_list *list = &secure_boot.list[KEYS_DB];

			buf_add(&bad, good.data, good.len);
			if (field)
				memset(bad.data + field, (int)value, field == 4 ? 1 : 4);
			store_with_keys(&store, NULL, &bad, -1);
			secure_boot_read(&secure_boot, &store);
			if (field)
				continue; /* the sanitizer judges */
			assert_int_equal(list->certificates, 1);
			assert_int_equal(list->hashes, 3);
			assert_int_equal(list->others, 1);
		}
}

static void boot_entries_in_their_order(void **state)
{
	own_varstore struct varstore store = {0};
	own_buf struct buf windows = {0}, shell = {0};
	struct buf b = {0};
	struct boot_entry *entry;
	size_t n;

	(void)state;
	add_le(&windows, 1, 4);
	add_le(&windows, 4 + 4 + 2 * 9, 2);
	add_utf16(&windows, "Windows Boot Manager");
	add_le(&windows, 0x00040101, 4);
	add_le(&windows, 0x00160404, 4);
	add_utf16(&windows, "\\EFI\\a.b");
	buf_add(&windows, "options", 7);
	add_le(&shell, 0, 4);
	add_le(&shell, 0xffff, 2);
	add_utf16(&shell, "Shell");
	start_store(&b, true);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "Boot00AF", shell.data, shell.len);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "Boot0003", windows.data, windows.len);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "Boot0004", "cut", 3);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "Bootxxxx", shell.data, shell.len);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "BootOrder", "\x03\0\x07\0\x04\0\x03\0\x99", 9);
	parse(&store, &b);
	entry = boot_entries_read(&store, &n);
	assert_int_equal(n, 2);
	assert_int_equal(entry[0].number, 3);
	assert_string_equal(entry[0].name, "Windows Boot Manager");
	assert_string_equal(entry[0].file, "\\EFI\\a.b");
	assert_true(entry[0].active && entry[0].ordered);
	assert_int_equal(entry[1].number, 0xaf);
	assert_string_equal(entry[1].name, "Shell");
	assert_string_equal(entry[1].file, "");
	assert_false(entry[1].active || entry[1].ordered);
	boot_entries_free(entry, n);
}

static void big(unsigned char *p, uint64_t value, unsigned n)
{
	while (n--) {
		p[n] = (unsigned char)value;
		value >>= 8;
	}
}

/* A file with these bytes, as it is opened for reading. */
static int file_with(const void *data, size_t len)
{
	char path[] = "/tmp/vmlaunch-vars-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	return fd;
}

/* qcow2 with 4 KiB clusters: the header, both tables, then the clusters that are not empty. */
static unsigned char *make_qcow2(const unsigned char *store, size_t *len)
{
	enum { CLUSTER = 4096 };
	unsigned char *q = xcalloc(3 + STORE_LEN / CLUSTER, CLUSTER);
	size_t used = 3 * CLUSTER;

	memcpy(q, "QFI\xfb", 4);
	big(q + 4, 3, 4);
	big(q + 20, 12, 4);
	big(q + 24, STORE_LEN, 8);
	big(q + 36, 1, 4);
	big(q + 40, CLUSTER, 8);
	big(q + 100, 104, 4);
	big(q + CLUSTER, 1ULL << 63 | (2 * CLUSTER), 8);
	for (size_t at = 0; at < STORE_LEN; at += CLUSTER) {
		bool last = at + CLUSTER == STORE_LEN;

		/* The last one has no cluster and reads as zeroes: no variable lies there. */
		if (last)
			continue;
		memcpy(q + used, store + at, CLUSTER);
		big(q + 2 * CLUSTER + at / CLUSTER * 8, 1ULL << 63 | used, 8);
		used += CLUSTER;
	}
	*len = used;
	return q;
}

static void images_are_read(void **state)
{
	static const struct {
		size_t at;
		unsigned char byte;
		const char *why;
	} row[] = {
		{7, 3, NULL},
		{7, 2, NULL},
		{7, 4, "unknown version"},
		{15, 1, "backing file"},
		{23, 30, "header is wrong"},
		{35, 1, "encrypted"},
		{79, 0x10, "features"},
		{79, 0x01, NULL},
		{39, 0, "tables are too short"},
		{8192, 0xc0, "compressed"},
		{4096 + 4, 0x70, "cut short"},
		{8192 + 4, 0x70, "cut short"},
		{24, 1, "no variable store has its size"},
	};
	struct buf b = {0};
	own_free unsigned char *store_bytes = NULL;

	(void)state;
	start_store(&b, true);
	add_variable(&b, true, ADDED, &GUID_GLOBAL, "Lang", "eng", 4);
	store_bytes = finish_store(&b);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_varstore struct varstore store = {0};
		own_free char *why = NULL;
		size_t len;
		own_free unsigned char *q = make_qcow2(store_bytes, &len);
		own_fd int fd = -1;
		bool good;

		q[row[i].at] = row[i].byte;
		fd = file_with(q, len);
		good = varstore_read(&store, fd, &why);
		if (good != !row[i].why || (why && !strstr(why, row[i].why)))
			fail_msg("%zu: %s", i, why ? why : "read");
		if (good)
			assert_non_null(varstore_find(&store, &GUID_GLOBAL, "Lang"));
	}
	for (int empty = 0; empty < 2; empty++) {
		own_varstore struct varstore store = {0};
		own_free char *why = NULL;
		own_fd int fd = file_with(store_bytes, empty ? 0 : STORE_LEN);

		assert_int_equal(varstore_read(&store, fd, &why), !empty);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_of_both_kinds),
		cmocka_unit_test(a_replacement_counts_when_it_is_whole),
		cmocka_unit_test(what_is_no_store_is_told),
		cmocka_unit_test(sizes_are_not_believed),
		cmocka_unit_test(certificates_have_a_name_and_an_end),
		cmocka_unit_test(names_of_every_kind),
		cmocka_unit_test(utf16_becomes_utf8),
		cmocka_unit_test(secure_boot_is_on_off_or_in_setup),
		cmocka_unit_test(certificates_of_2023_are_missed_beside_those_of_2011),
		cmocka_unit_test(lists_that_lie),
		cmocka_unit_test(boot_entries_in_their_order),
		cmocka_unit_test(images_are_read),
	};

	return cmocka_run_group_tests_name("variable store", tests, NULL, NULL);
}
