/* MAC addresses (IEEE 802) as six bytes in the order in which they are written, and their text. */
#ifndef BASE_MAC_ADDRESS_H
#define BASE_MAC_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_BYTES 6
#define MAC_TEXT 18 /* with the NUL */

/* "52:54:00:12:34:56", in lower case; returns text. */
char *mac_format(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT]);

/* Reads the whole of that form, in either case; mac is untouched on failure. */
bool mac_parse(const char *s, uint8_t mac[MAC_BYTES]);

/* Whether it is the address of a group, which no card may have: bit 0 of the first byte. */
static inline bool mac_is_group(const uint8_t mac[MAC_BYTES])
{
	return mac[0] & 1;
}

#endif
