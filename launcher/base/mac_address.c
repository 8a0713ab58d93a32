#include "mac_address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *mac_format(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT])
{
	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return text;
}

bool mac_parse(const char *s, uint8_t mac[MAC_BYTES])
{
	uint8_t found[MAC_BYTES];

	for (unsigned i = 0; i < MAC_BYTES; i++, s += 2) {
		if (i && *s++ != ':')
			return false;
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return false;
		found[i] = (uint8_t)strtoul((char[]){s[0], s[1], 0}, NULL, 16);
	}
	if (*s)
		return false;
	memcpy(mac, found, sizeof(found));
	return true;
}
