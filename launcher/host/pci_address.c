#include "pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci_parts.h"

#define HEX "0123456789abcdefABCDEF"

bool pci_take_hex(const char **at, size_t min, size_t max, uint32_t *value)
{
	size_t n = strspn(*at, HEX);
	char digits[9] = "";

	if (n < min || n > max || n > 8)
		return false;
	memcpy(digits, *at, n);
	*value = (uint32_t)strtoul(digits, NULL, 16);
	*at += n;
	return true;
}

bool pci_take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

bool pci_take_address(const char **at, struct pci_address *address)
{
	uint32_t domain = 0, bus, slot, function;
	const char *s = *at;

	if (s[strspn(s, HEX)] == ':' && strspn(s, HEX) > 2 &&
	    (!pci_take_hex(&s, 4, 8, &domain) || !pci_take_char(&s, ':')))
		return false;
	if (!pci_take_hex(&s, 2, 2, &bus) || !pci_take_char(&s, ':') ||
	    !pci_take_hex(&s, 2, 2, &slot) || !pci_take_char(&s, '.') ||
	    !pci_take_hex(&s, 1, 1, &function) || slot > 31 || function > 7)
		return false;
	*address = (struct pci_address){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
	*at = s;
	return true;
}

bool pci_address_parse(const char *s, struct pci_address *address)
{
	struct pci_address a;

	if (!pci_take_address(&s, &a) || *s)
		return false;
	*address = a;
	return true;
}

char *pci_address_format(const struct pci_address *address, char text[PCI_ADDRESS_SIZE])
{
	snprintf(text, PCI_ADDRESS_SIZE, "%04x:%02x:%02x.%x", address->domain, address->bus,
		 address->slot & 31U, address->function & 7U);
	return text;
}

static uint64_t rank(const struct pci_address *a)
{
	return (uint64_t)a->domain << 16 | (uint64_t)a->bus << 8 | (uint64_t)(a->slot & 31U) << 3 |
	       (a->function & 7U);
}

int pci_address_compare(const struct pci_address *a, const struct pci_address *b)
{
	uint64_t x = rank(a), y = rank(b);

	return (x > y) - (x < y);
}

bool pci_same_slot(const struct pci_address *a, const struct pci_address *b)
{
	return rank(a) >> 3 == rank(b) >> 3;
}

/* The address that is the whole of one part of a path, in the kernel's form. */
static bool part_address(const char *part, size_t len, struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE], form[PCI_ADDRESS_SIZE];

	if (len >= sizeof(text))
		return false;
	memcpy(text, part, len);
	text[len] = '\0';
	return pci_address_parse(text, address) &&
	       strcmp(pci_address_format(address, form), text) == 0;
}

bool pci_path_below(const char *path, const struct pci_address *address)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");
		struct pci_address here;

		if (part_address(at, len, &here) && pci_address_compare(&here, address) == 0)
			return true;
		at += len;
		at += *at == '/';
	}
	return false;
}

bool pci_path_nearest(const char *path, struct pci_address *address)
{
	bool found = false;

	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");

		found |= part_address(at, len, address);
		at += len;
		at += *at == '/';
	}
	return found;
}
