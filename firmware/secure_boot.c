/* The key variables are rows of signature lists (UEFI 2.10, 32.4.1): a header with sizes, and then
 * signatures of one size each, an owner's GUID before each.
 */
#include "secure_boot.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"

/* EFI_SIGNATURE_LIST. */
#define LIST_SIZE 16
#define LIST_HEADER_SIZE 20
#define LIST_SIGNATURE_SIZE 24
#define LIST_HEADER 28
#define OWNER 16

/* No list that is known has as many certificates. */
#define CERTIFICATES_MOST 256

const char *const key_list_word[] = {
	[KEYS_PK] = "PK", [KEYS_KEK] = "KEK", [KEYS_DB] = "db", [KEYS_DBX] = "dbx"};
_Static_assert(ARRAY_SIZE(key_list_word) == KEY_LISTS, "one word for each list");

static const struct guid TYPE_X509 = {{0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5,
				       0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}};
static const struct guid TYPE_SHA256 = {{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9,
					 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}};

static void read_signature(struct key_list *list, const struct guid *type, const unsigned char *p,
			   size_t size)
{
	struct certificate certificate;

	if (guid_is(type, &TYPE_SHA256))
		list->hashes++;
	else if (guid_is(type, &TYPE_X509) && list->certificates < CERTIFICATES_MOST &&
		 certificate_read(&certificate, p, size))
		*xappend(list->certificate, list->certificates) = certificate;
	else
		list->others++;
}

/* Reads one list at p; its size, or 0 where it does not fit into what is left. */
static size_t read_list(struct key_list *list, const unsigned char *p, size_t left)
{
	struct guid type;
	size_t size, header, each;

	if (left < LIST_HEADER)
		return 0;
	memcpy(type.byte, p, sizeof(type.byte));
	size = le32(p + LIST_SIZE);
	header = le32(p + LIST_HEADER_SIZE);
	each = le32(p + LIST_SIGNATURE_SIZE);
	if (size < LIST_HEADER || size > left || header > size - LIST_HEADER || each <= OWNER)
		return 0;
	for (size_t at = LIST_HEADER + header; each <= size - at; at += each)
		read_signature(list, &type, p + at + OWNER, each - OWNER);
	return size;
}

static void read_key_list(struct key_list *list, const struct variable *variable)
{
	size_t at = 0;

	while (variable && at < variable->size) {
		size_t n = read_list(list, variable->data + at, variable->size - at);

		if (n == 0) {
			list->others++;
			return;
		}
		at += n;
	}
}

static bool has_pk(const struct varstore *store)
{
	const struct variable *pk = varstore_find(store, &GUID_GLOBAL, "PK");

	return pk && pk->size;
}

void secure_boot_read(struct secure_boot *secure_boot, const struct varstore *store)
{
	const struct variable *enable =
		varstore_find(store, &GUID_SECURE_BOOT_ENABLE, "SecureBootEnable");

	*secure_boot = (struct secure_boot){0};
	for (size_t i = 0; i < KEY_LISTS; i++) {
		bool global = i == KEYS_PK || i == KEYS_KEK;

		read_key_list(&secure_boot->list[i],
			      varstore_find(store, global ? &GUID_GLOBAL : &GUID_DATABASE,
					    key_list_word[i]));
	}
	/* The firmware switches it on by itself at the first start with a PK. */
	secure_boot->state = !has_pk(store)				? SECURE_BOOT_SETUP
			     : enable && enable->size && !*enable->data ? SECURE_BOOT_OFF
									: SECURE_BOOT_ON;
}

void secure_boot_free(struct secure_boot *secure_boot)
{
	for (size_t i = 0; i < KEY_LISTS; i++) {
		struct key_list *list = &secure_boot->list[i];

		for (size_t k = 0; k < list->certificates; k++)
			certificate_free(&list->certificate[k]);
		free(list->certificate);
	}
	*secure_boot = (struct secure_boot){0};
}

static const struct certificate *find_certificate(const struct key_list *list, const char *name)
{
	for (size_t i = 0; i < list->certificates; i++)
		if (strcmp(list->certificate[i].name, name) == 0)
			return &list->certificate[i];
	return NULL;
}

size_t secure_boot_missing(const struct secure_boot *secure_boot, const char ***missing,
			   int64_t *ended)
{
	/* Microsoft, "Windows Secure Boot certificate expiration and CA updates". */
	static const struct {
		enum key_list_kind list;
		const char *old, *new;
	} row[] = {
		{KEYS_KEK, "Microsoft Corporation KEK CA 2011",
		 "Microsoft Corporation KEK 2K CA 2023"},
		{KEYS_DB, "Microsoft Windows Production PCA 2011", "Windows UEFI CA 2023"},
		{KEYS_DB, "Microsoft Corporation UEFI CA 2011", "Microsoft UEFI CA 2023"},
		{KEYS_DB, "Microsoft Corporation UEFI CA 2011",
		 "Microsoft Option ROM UEFI CA 2023"},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct key_list *list = &secure_boot->list[row[i].list];
		const struct certificate *old = find_certificate(list, row[i].old);

		if (!old || find_certificate(list, row[i].new))
			continue;
		if (ended && (n == 0 || old->not_after < *ended))
			*ended = old->not_after;
		*xappend(*missing, n) = row[i].new;
	}
	return n;
}

char *secure_boot_missing_words(const char *const *missing, size_t n, int64_t ended)
{
	time_t when = (time_t)ended;
	struct buf text = {0};
	struct tm tm = {0};

	gmtime_r(&when, &tm);
	buf_addf(
		&text,
		"Microsoft's certificates of 2011 are there (the first is valid until %04d-%02d-%02d), and these of 2023 are not: ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", missing[i]);
	return buf_steal(&text);
}

char *secure_boot_missing_in(int fd)
{
	own_secure_boot struct secure_boot secure_boot = {0};
	own_varstore struct varstore store = {0};
	own_free const char **missing = NULL;
	own_free char *why = NULL;
	int64_t ended = 0;
	size_t n;

	if (!varstore_read(&store, fd, &why))
		return NULL;
	secure_boot_read(&secure_boot, &store);
	if (secure_boot.state != SECURE_BOOT_ON)
		return NULL;
	n = secure_boot_missing(&secure_boot, &missing, &ended);
	return n ? secure_boot_missing_words(missing, n, ended) : NULL;
}
