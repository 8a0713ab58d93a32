#include "uri.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "text.h"

#define SCHEME "file://"

char *uri_of_path(const char *path)
{
	struct buf uri = {0};

	buf_adds(&uri, SCHEME);
	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		if (*c < 0x80 && (isalnum(*c) || strchr("/-._~", *c)))
			buf_addc(&uri, (char)*c);
		else
			buf_addf(&uri, "%%%02X", *c);
	return buf_steal(&uri);
}

char *uri_path(const char *uri)
{
	own_buf struct buf path = {0};

	if (!text_starts(uri, SCHEME "/"))
		return NULL;
	for (const char *c = uri + strlen(SCHEME); *c; c++) {
		char digits[3] = {0};
		uint64_t byte;

		if (*c != '%') {
			buf_addc(&path, *c);
			continue;
		}
		strncpy(digits, c + 1, 2);
		if (strlen(digits) != 2 || !text_u64(digits, 16, &byte) || !byte)
			return NULL;
		buf_addc(&path, (char)byte);
		c += 2;
	}
	return buf_steal(&path);
}
