/* What Secure Boot does with a variable store, and by which keys. */
#ifndef FIRMWARE_SECURE_BOOT_H
#define FIRMWARE_SECURE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "certificate.h"
#include "varstore.h"

/* UEFI 2.10, 32.3: without PK the firmware is in setup mode and checks nothing. */
enum secure_boot_state {
	SECURE_BOOT_SETUP, /* no PK: anybody may enrol keys */
	SECURE_BOOT_OFF,   /* keys are enrolled, and switched off in the firmware's menu */
	SECURE_BOOT_ON,
};

enum key_list_kind { KEYS_PK, KEYS_KEK, KEYS_DB, KEYS_DBX, KEY_LISTS };

struct key_list {
	struct certificate *certificate; /* in the order in which they stand there */
	size_t certificates;
	size_t hashes; /* SHA-256 of programs */
	size_t others; /* of kinds that are not read here, or broken */
};

struct secure_boot {
	enum secure_boot_state state;
	struct key_list list[KEY_LISTS];
};

/* "PK", "KEK", "db", "dbx". */
extern const char *const key_list_word[KEY_LISTS];

void secure_boot_read(struct secure_boot *secure_boot, const struct varstore *store);
void secure_boot_free(struct secure_boot *secure_boot);
#define own_secure_boot own_with(secure_boot_free)

/* Microsoft's certificates of 2011 end in 2026, and what is signed by those of 2023 alone needs
 * these. Adds to *missing (made by xappend, the words are constants) each one of 2023 that is not
 * there although the one of 2011 that it follows is: who has keys of his own lacks nothing. *ended
 * (may be NULL) is when the first of those of 2011 ends, in seconds since the epoch.
 */
size_t secure_boot_missing(const struct secure_boot *secure_boot, const char ***missing,
			   int64_t *ended);

/* The sentence about the n certificates of secure_boot_missing(), with no full stop. The caller
 * owns it.
 */
char *secure_boot_missing_words(const char *const *missing, size_t n, int64_t ended);

/* That sentence about the store that is open at fd; NULL where it lacks nothing, checks nothing
 * (see enum secure_boot_state) or cannot be read. The caller owns it.
 */
char *secure_boot_missing_in(int fd);

#endif
