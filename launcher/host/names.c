/* The files' form, the same for both:
 *
 *	vvvv  vendor name
 *	<tab>dddd  device name
 *	<tab><tab>ssss ssss  subsystem name		(PCI only)
 *	C 03  ...					other tables, which begin with capitals
 */
#include "names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"

#define LIMIT (16U << 20)

/* Four lower-case hexadecimal digits. */
static bool id_at(const char *s, const char *end, uint16_t *id)
{
	unsigned value = 0;

	if (end - s < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10U);
		else
			return false;
	}
	*id = (uint16_t)value;
	return true;
}

static void set_name(char **name, const char *s, const char *end)
{
	while (s < end && *s == ' ')
		s++;
	while (end > s && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	if (!*name && end > s)
		*name = xstrndup(s, (size_t)(end - s));
}

struct pass {
	struct id_name *v;
	size_t n;
	uint16_t vendor, device;
	bool wanted;	    /* somebody asked for a device of this vendor */
	bool device_wanted; /* ... for this device */
};

static void take_vendor(struct pass *pass, const char *line, const char *end)
{
	pass->wanted = pass->device_wanted = false;
	if (!id_at(line, end, &pass->vendor))
		return;
	for (size_t i = 0; i < pass->n; i++) {
		if (pass->v[i].vendor == pass->vendor) {
			set_name(&pass->v[i].vendor_name, line + 4, end);
			pass->wanted = true;
		}
		if (pass->v[i].subvendor == pass->vendor)
			set_name(&pass->v[i].subvendor_name, line + 4, end);
	}
}

static void take_device(struct pass *pass, const char *line, const char *end)
{
	pass->device_wanted = false;
	if (!id_at(line, end, &pass->device))
		return;
	for (size_t i = 0; i < pass->n; i++) {
		if (pass->v[i].vendor != pass->vendor || pass->v[i].device != pass->device)
			continue;
		set_name(&pass->v[i].device_name, line + 4, end);
		pass->device_wanted = true;
	}
}

static void take_subsystem(struct pass *pass, const char *line, const char *end)
{
	uint16_t subvendor, subdevice;

	if (end - line < 9 || !id_at(line, end, &subvendor) || !id_at(line + 5, end, &subdevice))
		return;
	for (size_t i = 0; i < pass->n; i++)
		if (pass->v[i].vendor == pass->vendor && pass->v[i].device == pass->device &&
		    pass->v[i].subvendor == subvendor && pass->v[i].subdevice == subdevice)
			set_name(&pass->v[i].subsystem_name, line + 9, end);
}

static void parse_names(struct pass *pass, const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *line = text; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		const char *stop = next ? next : end;

		if (*line != '\t')
			take_vendor(pass, line, stop);
		else if (pass->wanted && stop - line > 1 && line[1] != '\t')
			take_device(pass, line + 1, stop);
		else if (pass->device_wanted && stop - line > 2)
			take_subsystem(pass, line + 2, stop);
		line = stop + 1;
	}
}

static bool names_from(struct id_name *v, size_t n, const struct root *root, const char *file)
{
	for (size_t i = 0; n && LAYOUT_IDS[i]; i++) {
		own_free char *path = path_join(LAYOUT_IDS[i], file);
		own_fd int fd = root_open(root, path, O_RDONLY);
		own_free char *text = NULL;
		struct pass pass = {.v = v, .n = n};
		size_t len;

		if (fd < 0)
			continue;
		text = fd_read_all(fd, LIMIT, &len);
		if (!text)
			continue;
		parse_names(&pass, text, len);
		return true;
	}
	return false;
}

bool names_pci(struct id_name *v, size_t n, const struct root *root)
{
	return names_from(v, n, root, "pci.ids");
}

bool names_usb(struct id_name *v, size_t n, const struct root *root)
{
	return names_from(v, n, root, "usb.ids");
}

void id_names_free(struct id_name *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].vendor_name);
		free(v[i].device_name);
		free(v[i].subvendor_name);
		free(v[i].subsystem_name);
	}
}
