#include "reset_way.h"

const char *const RESET_WORDS[RESET_WAYS + 1] = {
	[RESET_AUTO] = "auto",	 [RESET_FLR] = "flr",	[RESET_BUS] = "bus",
	[RESET_PM] = "pm",	 [RESET_ACPI] = "acpi", [RESET_DEVICE] = "device",
	[RESET_SLEEP] = "sleep", [RESET_NONE] = "none",
};

const char *const RESET_METHODS[RESET_WAYS] = {
	[RESET_FLR] = "flr",
	[RESET_BUS] = "bus",
	[RESET_PM] = "pm",
	[RESET_ACPI] = "acpi",
	[RESET_DEVICE] = "device_specific",
};
