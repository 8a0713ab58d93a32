/* As much of an X.509 certificate as a reader of Secure Boot's keys wants to know. */
#ifndef FIRMWARE_CERTIFICATE_H
#define FIRMWARE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct certificate {
	char *name;	   /* the subject's common name, else its organisation, else "" */
	int64_t not_after; /* the end of its validity in seconds since the epoch */
};

/* Reads a certificate in DER (RFC 5280, 4.1); nothing is verified. False where it is none, with the
 * output untouched.
 */
bool certificate_read(struct certificate *certificate, const unsigned char *der, size_t len);
void certificate_free(struct certificate *certificate);

#endif
