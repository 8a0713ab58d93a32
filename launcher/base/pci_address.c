#include "pci_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "own.h"
#include "text.h"

/* Of the small parsers each moves *at over what it read; *at and the result are untouched on
 * failure.
 */
#define HEX "0123456789abcdefABCDEF"

static bool take_hex(const char **at, size_t min, size_t max, uint32_t *value)
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

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static bool take_address(const char **at, struct pci_address *address)
{
	uint32_t domain = 0, bus, slot, function;
	const char *s = *at;

	if (s[strspn(s, HEX)] == ':' && strspn(s, HEX) > 2 &&
	    (!take_hex(&s, 4, 8, &domain) || !take_char(&s, ':')))
		return false;
	if (!take_hex(&s, 2, 2, &bus) || !take_char(&s, ':') || !take_hex(&s, 2, 2, &slot) ||
	    !take_char(&s, '.') || !take_hex(&s, 1, 1, &function) || slot > 31 || function > 7)
		return false;
	*address = (struct pci_address){domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
	*at = s;
	return true;
}

bool pci_address_parse(const char *s, struct pci_address *address)
{
	struct pci_address a;

	if (!take_address(&s, &a) || *s)
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

static uint64_t address_rank(const struct pci_address *a)
{
	return (uint64_t)a->domain << 16 | (uint64_t)a->bus << 8 | (uint64_t)(a->slot & 31U) << 3 |
	       (a->function & 7U);
}

int pci_address_compare(const struct pci_address *a, const struct pci_address *b)
{
	uint64_t x = address_rank(a), y = address_rank(b);

	return (x > y) - (x < y);
}

bool pci_same_slot(const struct pci_address *a, const struct pci_address *b)
{
	return address_rank(a) >> 3 == address_rank(b) >> 3;
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

/* ------------------------------------------------------------------ selectors */

static bool take_pair(const char **at, uint16_t *first, uint16_t *second)
{
	uint32_t a, b;
	const char *s = *at;

	if (!take_hex(&s, 4, 4, &a) || !take_char(&s, ':') || !take_hex(&s, 4, 4, &b))
		return false;
	*first = (uint16_t)a;
	*second = (uint16_t)b;
	*at = s;
	return true;
}

/* vvvv:dddd[@ssss:ssss] */
static bool take_id(const char **at, struct pci_selector *sel)
{
	if (!take_pair(at, &sel->vendor, &sel->device))
		return false;
	sel->has_id = true;
	if (!take_char(at, '@'))
		return true;
	sel->has_subsystem = take_pair(at, &sel->subvendor, &sel->subdevice);
	return sel->has_subsystem;
}

static bool take_nth(const char *s, struct pci_selector *sel)
{
	uint64_t nth;

	if (!text_u64(s, 10, &nth) || nth < 1 || nth > 64)
		return false;
	sel->nth = (unsigned)nth;
	return true;
}

bool pci_selector_parse(const char *s, struct pci_selector *selector, struct error **err)
{
	struct pci_selector sel = {0};
	own_free char *shown = NULL;
	const char *at = s;
	bool ok;

	sel.has_address = take_address(&at, &sel.address);
	if (sel.has_address)
		ok = !*at || (take_char(&at, '=') && take_id(&at, &sel) && !*at);
	else
		ok = take_id(&at, &sel) && (!*at || (take_char(&at, '#') && take_nth(at, &sel)));
	if (ok) {
		*selector = sel;
		return true;
	}
	shown = text_quote(s, 60);
	error_add(
		err, ERROR_USAGE,
		"'%s' names no PCI device: 10de:2820 (vendor:device), 10de:2820@1043:1e6c (with subsystem), 10de:2820#2 (the second one), 0000:01:00.0 (address) and 0000:01:00.0=10de:2820 (address with what must sit there) do",
		shown);
	return false;
}

static void add_id(struct buf *out, const struct pci_selector *sel)
{
	buf_addf(out, "%04x:%04x", sel->vendor, sel->device);
	if (sel->has_subsystem)
		buf_addf(out, "@%04x:%04x", sel->subvendor, sel->subdevice);
}

char *pci_selector_text(const struct pci_selector *selector)
{
	char address[PCI_ADDRESS_SIZE];
	struct buf out = {0};

	if (selector->has_address)
		buf_adds(&out, pci_address_format(&selector->address, address));
	if (selector->has_address && selector->has_id)
		buf_addc(&out, '=');
	if (selector->has_id)
		add_id(&out, selector);
	if (selector->nth)
		buf_addf(&out, "#%u", selector->nth);
	return buf_steal(&out);
}
