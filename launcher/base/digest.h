/* SHA-256, for identities that must be the same on every start and tell nothing about what they
 * were made from.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* FIPS 180-4 SHA-256 of len bytes. */
void sha256(const void *data, size_t len, uint8_t digest[32]);

#endif
