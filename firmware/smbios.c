/* A record is a fixed part and, behind it, the strings that it numbers from 1, each ended by NUL,
 * and one more NUL (two, when there are none): DMTF DSP0134 3.3, 6.1.2 and 6.1.3. The fixed part is
 * that of QEMU's own chassis but for the type, and so is its handle, because QEMU's board record
 * (type 2) refers to its chassis by that handle.
 */
#include "smbios.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define TYPE_CHASSIS 3
#define HANDLE 0x0300

/* 7.4: the fixed part with no contained elements and a SKU (2.7 and later). */
#define FIXED_SIZE 22
#define AT_MANUFACTURER 4
#define AT_TYPE 5
#define AT_VERSION 6
#define AT_SERIAL 7
#define AT_ASSET 8
#define AT_BOOT_STATE 9
#define AT_POWER_STATE 10
#define AT_THERMAL_STATE 11
#define AT_SECURITY 12
#define AT_SKU 21

#define STATE_SAFE 3	   /* table 18 */
#define SECURITY_UNKNOWN 2 /* table 19 */

#define STRING_MAX 255

const char *smbios_chassis_word(unsigned type)
{
	static const char *const word[] = {
		[1] = "other",
		[2] = "unknown",
		[3] = "desktop",
		[4] = "low profile desktop",
		[5] = "pizza box",
		[6] = "mini tower",
		[7] = "tower",
		[8] = "portable",
		[SMBIOS_CHASSIS_LAPTOP] = "laptop",
		[SMBIOS_CHASSIS_NOTEBOOK] = "notebook",
		[11] = "hand held",
		[12] = "docking station",
		[13] = "all in one",
		[14] = "sub notebook",
		[15] = "space-saving",
		[16] = "lunch box",
		[17] = "main server chassis",
		[18] = "expansion chassis",
		[19] = "sub chassis",
		[20] = "bus expansion chassis",
		[21] = "peripheral chassis",
		[22] = "RAID chassis",
		[23] = "rack mount chassis",
		[24] = "sealed-case PC",
		[25] = "multi-system chassis",
		[26] = "compact PCI",
		[27] = "advanced TCA",
		[28] = "blade",
		[29] = "blade enclosure",
		[30] = "tablet",
		[31] = "convertible",
		[32] = "detachable",
		[33] = "IoT gateway",
		[34] = "embedded PC",
		[35] = "mini PC",
		[36] = "stick PC",
	};

	_Static_assert(ARRAY_SIZE(word) == SMBIOS_CHASSIS_LAST + 1, "a word for each type");
	return type <= SMBIOS_CHASSIS_LAST ? word[type] : NULL;
}

static bool check_string(const char *what, const char *s, struct error **err)
{
	if (!s || (text_is_printable(s) && strlen(s) <= STRING_MAX))
		return true;
	error_add(err, ERROR_USAGE,
		  "the chassis' %s is at most %u bytes of UTF-8 without control characters", what,
		  STRING_MAX);
	return false;
}

bool smbios_chassis(const struct smbios_chassis *c, struct buf *record, struct error **err)
{
	const struct {
		const char *what, *text;
		unsigned at; /* of its number in the fixed part */
	} strings[] = {
		{"manufacturer", c->manufacturer, AT_MANUFACTURER},
		{"version", c->version, AT_VERSION},
		{"serial number", c->serial, AT_SERIAL},
		{"asset tag", c->asset, AT_ASSET},
		{"SKU number", c->sku, AT_SKU},
	};
	unsigned type = c->type ? c->type : SMBIOS_CHASSIS_NOTEBOOK;
	uint8_t fixed[FIXED_SIZE] = {TYPE_CHASSIS, FIXED_SIZE, HANDLE & 0xff, HANDLE >> 8};
	own_buf struct buf text = {0};
	uint8_t number = 0;
	bool good = smbios_chassis_word(type);

	if (!good)
		error_add(err, ERROR_USAGE, "there is no chassis type %u; SMBIOS has 1 to %u", type,
			  SMBIOS_CHASSIS_LAST);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		good &= check_string(strings[i].what, strings[i].text, err);
		if (!strings[i].text || !*strings[i].text)
			continue;
		fixed[strings[i].at] = ++number;
		buf_add(&text, strings[i].text, strlen(strings[i].text) + 1);
	}
	if (!good)
		return false;
	fixed[AT_TYPE] = (uint8_t)type;
	fixed[AT_BOOT_STATE] = fixed[AT_POWER_STATE] = fixed[AT_THERMAL_STATE] = STATE_SAFE;
	fixed[AT_SECURITY] = SECURITY_UNKNOWN;
	buf_add(record, fixed, sizeof(fixed));
	buf_add(record, text.data ? text.data : "", text.len);
	buf_add(record, "\0", number ? 1 : 2);
	return true;
}
