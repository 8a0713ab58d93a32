/* In which form a text holds an ACPI table. Private to this room. */
#ifndef FIRMWARE_ACPI_TEXT_FORMS_H
#define FIRMWARE_ACPI_TEXT_FORMS_H

#include <stdbool.h>
#include <stddef.h>

enum text_kind {
	TEXT_PLAIN, /* none of these */
	TEXT_MARKUP,
	TEXT_DATA_URI,
	TEXT_UUENCODE,
	TEXT_ACPIDUMP,
	TEXT_ASL,
	TEXT_DATA_TABLE, /* what iasl writes for tables without code */
	TEXT_XXD,	 /* 00000000: 5353 4454 */
	TEXT_HEXDUMP,	 /* 00000000  53 53 44 54  |SSDT| */
	TEXT_WORDS,	 /* 0000000 5353 5444: bytes in another order */
	TEXT_HEX,	 /* 53 53 44 54, in lines or without */
	TEXT_C_ARRAY,	 /* 0x53, 0x53 */
	TEXT_BASE64,
};

struct text_form {
	enum text_kind kind;
	bool squeezed; /* of dumps: lines that repeat are left out */
	bool blanks;   /* of base64: more than line feeds stands between its characters */
	bool url;      /* of base64: with - and _ */
	bool gzip;     /* of base64: what it holds is compressed */
};

/* Looks at the whole text, of len bytes without a NUL. */
struct text_form text_form_of(const char *text, size_t len);

#endif
