#include "reset_way.h"

const char *const RESET_WORDS[RESET_WAYS + 1] = {
	[RESET_AUTO] = "auto", [RESET_FLR] = "flr",   [RESET_BUS] = "bus",
	[RESET_PM] = "pm",     [RESET_ACPI] = "acpi", [RESET_DEVICE] = "device_specific",
	[RESET_NONE] = "none",
};
