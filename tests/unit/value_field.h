/* A field of any kind, and what every test of a value wants of a bad one. */
#ifndef TESTS_VALUE_FIELD_H
#define TESTS_VALUE_FIELD_H

#include "scratch.h"

#include "profile/value.h"

#define AT                        \
	(struct origin)           \
	{                         \
		ORIGIN_FILE, 3, 4 \
	}

/* A field of any kind. */
union field {
	struct text text;
	struct number number;
	struct flag flag;
	struct choice choice;
	struct target target;
	struct strings strings;
	struct mac mac;
	struct machine_version machine;
	struct boot_order order;
	struct cpu_flags flags;
	struct forwards forwards;
	struct pci_pick pci;
	struct usb_pick usb;
	struct slots slots;
	struct guest_slot guest_slot;
	struct pci_ids ids;
	struct cpus cpus;
	struct uuid uuid;
	struct resolution resolution;
};

static inline void bad(const struct key *key, const char *text, const char *want)
{
	union field field = {0}, before;
	own_free char *problem = NULL;

	memset(&field, 0, sizeof(field));
	memcpy(&before, &field, sizeof(field));
	problem = value_parse(key, text, "/dir", AT, &field);
	assert_non_null(problem);
	assert_string_equal(problem, want);
	assert_memory_equal(&field, &before, sizeof(field)); /* untouched */
}

static inline void text_is(const struct key *key, const char *text, const char *want)
{
	struct text field = {0};
	own_free char *problem = value_parse(key, text, "/dir/sub", AT, &field);

	assert_null(problem);
	assert_string_equal(field.v, want);
	assert_false(field.automatic);
	assert_int_equal(field.at.line, 3);
	assert_int_equal(field.at.column, 4);
	value_clear(key->kind, &field);
	assert_null(field.v);
}

#endif
