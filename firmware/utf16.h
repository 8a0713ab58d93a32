/* UEFI's and X.509's 16-bit text. */
#ifndef FIRMWARE_UTF16_H
#define FIRMWARE_UTF16_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 of at most len bytes of UTF-16, up to the first NUL; what is no UTF-16 becomes U+FFFD. The
 * caller owns it. *used (may be NULL) is how many bytes were read, the NUL included.
 */
char *utf16_text(const unsigned char *p, size_t len, bool big_endian, size_t *used);

#endif
