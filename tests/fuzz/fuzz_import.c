/* A libvirt domain of any bytes: the profile that comes out is read back without an error of the
 * grammar's, and no name of a section or key in it is unknown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/parts.h"
#include "profile/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	own_draft struct draft d = {0};
	own_error struct error *err = NULL, *problem = NULL;
	own_free char *text = NULL;
	own_ini struct ini ini = {0};

	if (!import_domain(&d, "fuzz", (const char *)data, size, &err))
		return 0;
	text = draft_text(&d, "fuzz");
	if (!ini_parse(&ini, "fuzz.ini", text, strlen(text), &problem))
		abort();
	for (size_t i = 0; i < ini.n; i++)
		if (!draft_knows(ini.entry[i].section,
				 ini.entry[i].key ? ini.entry[i].key : "enabled") &&
		    ini.entry[i].key)
			abort();
	return 0;
}
