/* The strings of /sys/class/dmi/id that need no privilege. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "parts.h"

static const char *const FILE_OF[] = {
	[DMI_MANUFACTURER] = "sys_vendor",
	[DMI_PRODUCT] = "product_name",
	[DMI_VERSION] = "product_version",
	[DMI_SKU] = "product_sku",
	[DMI_FAMILY] = "product_family",
	[DMI_BOARD_MANUFACTURER] = "board_vendor",
	[DMI_BOARD_PRODUCT] = "board_name",
	[DMI_BOARD_VERSION] = "board_version",
	[DMI_CHASSIS_MANUFACTURER] = "chassis_vendor",
	[DMI_CHASSIS_VERSION] = "chassis_version",
	[DMI_CHASSIS_TYPE] = "chassis_type",
	[DMI_BIOS_VENDOR] = "bios_vendor",
	[DMI_BIOS_VERSION] = "bios_version",
	[DMI_BIOS_DATE] = "bios_date",
};
_Static_assert(ARRAY_SIZE(FILE_OF) == DMI_FIELDS, "each field has a file");

/* Makers pad with spaces, and some write what is no text. */
static char *tidy_text(char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (!text || n > 64 || !text_is_printable(text)) {
		free(text);
		return xstrdup("");
	}
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
	return text;
}

void dmi_collect(char *dmi[DMI_FIELDS], const struct root *root)
{
	for (size_t i = 0; i < DMI_FIELDS; i++)
		dmi[i] = tidy_text(root_line(root, "/sys/class/dmi/id/%s", FILE_OF[i]));
}
