/* Tables, and nothing but. Sections: names ACPI 6.4, 5.6.8; device ids 5.6.7; battery 10.2.2;
 * status 6.3.7; signatures 5.2.6. NVIDIA's UUIDs and ids are those of its published driver.
 */
#include "words.h"

#include <string.h>

#include "dsm.h"

struct word {
	const char *key, *means;
};

static const char *look_up(const struct word *table, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].key, key) == 0)
			return table[i].means;
	return NULL;
}

const char *acpi_name_word(const char *name)
{
	static const struct word table[] = {
		{"_ADR", "address on its bus"},
		{"_BBN", "number of the PCI bus"},
		{"_BCL", "levels of brightness"},
		{"_BCM", "set the brightness"},
		{"_BIF", "battery as it was made, old form"},
		{"_BIX", "battery as it was made"},
		{"_BST", "battery now"},
		{"_CID", "compatible id"},
		{"_CRS", "resources in use"},
		{"_DDC", "EDID of a display"},
		{"_DIS", "switch off"},
		{"_DOD", "displays that there are"},
		{"_DSM", "the device's own functions, by UUID"},
		{"_EJ0", "eject"},
		{"_HID", "hardware id"},
		{"_INI", "initialise"},
		{"_OFF", "power off"},
		{"_ON", "power on"},
		{"_OSC", "what the system can do"},
		{"_PCL", "what it powers"},
		{"_PR0", "power needed in D0"},
		{"_PR3", "power needed in D3hot"},
		{"_PRS", "resources possible"},
		{"_PRT", "interrupt routing"},
		{"_PRW", "wakes the machine"},
		{"_PS0", "go to D0"},
		{"_PS3", "go to D3"},
		{"_PSR", "whether on mains power"},
		{"_PXM", "memory node"},
		{"_REG", "who may use a region"},
		{"_ROM", "option ROM, by offset and length"},
		{"_SEG", "PCI segment"},
		{"_SRS", "set resources"},
		{"_STA", "status"},
		{"_SUN", "number of the slot"},
		{"_UID", "unique id"},
	};

	return look_up(table, ARRAY_SIZE(table), name);
}

const char *acpi_id_word(const char *id)
{
	static const struct word table[] = {
		{"ACPI0003", "AC adapter"},
		{"ACPI0007", "processor"},
		{"ACPI0010", "container of processors"},
		{"NVDA0000", "NVIDIA power, an id of one published table"},
		{"NVDA0001", "NVIDIA power, an id of one published table"},
		{"NVDA0820", "NVIDIA platform controller (NVPCF)"},
		{"PNP0000", "interrupt controller"},
		{"PNP0103", "HPET timer"},
		{"PNP0303", "PS/2 keyboard"},
		{"PNP0501", "serial port"},
		{"PNP0A03", "PCI host bridge"},
		{"PNP0A06", "container"},
		{"PNP0A08", "PCI Express host bridge"},
		{"PNP0B00", "real-time clock"},
		{"PNP0C02", "reserved resources"},
		{"PNP0C09", "embedded controller"},
		{"PNP0C0A", "battery"},
		{"PNP0C0C", "power button"},
		{"PNP0C0D", "lid"},
		{"PNP0C0E", "sleep button"},
		{"PNP0C0F", "interrupt link"},
		{"PNP0F13", "PS/2 mouse"},
		{"QEMU0002", "QEMU's fw_cfg"},
	};

	return look_up(table, ARRAY_SIZE(table), id);
}

const char *acpi_uuid_word(const char *uuid)
{
	static const struct word table[] = {
		{"a486d8f8-0bda-471b-a72b-6042a6b5bee0", "NVOP, Optimus"},
		{"d4a50b75-65c7-46f7-bfb7-41514cea0244", "NBCI"},
		{"cbeca351-067b-4924-9cbd-b46b00b86f34", "JT, power off"},
		{"a3132d01-8cda-49ba-a52e-bc9d46df6b81", "GPS"},
		{ACPI_UUID_NVPCF, "NVPCF"},
		{"9d95a0a0-0060-4d48-b34d-7e5fea129fd4", "NVHG, hybrid graphics"},
		{"998669a6-8be9-49fb-bddb-51a1efe19c3d", "NBSI"},
		{"4004a400-917d-4cf2-b89c-79b62fd55665", "MXM"},
		{"81c6147d-735f-42d9-9e41-b002cbc6571d", "PCFG"},
		{"e5c937d0-3553-4d7a-9117-ea4d19c3434d", "PCI"},
	};

	return look_up(table, ARRAY_SIZE(table), uuid);
}

const char *acpi_signature_word(const char signature[4])
{
	static const struct word table[] = {
		{"APIC", "processors and interrupts"},
		{"BGRT", "boot logo"},
		{"DMAR", "Intel IOMMU"},
		{"DSDT", "the machine's devices"},
		{"FACP", "fixed features"},
		{"HPET", "HPET timer"},
		{"IVRS", "AMD IOMMU"},
		{"MCFG", "PCI Express configuration space"},
		{"MSDM", "Windows product key"},
		{"PSDT", "more devices, old form"},
		{"SLIC", "Windows licence"},
		{"SRAT", "which memory is near which processor"},
		{"SSDT", "more devices"},
		{"TPM2", "TPM"},
		{"WAET", "hints for Windows in a virtual machine"},
	};
	char key[5] = {signature[0], signature[1], signature[2], signature[3], '\0'};

	return look_up(table, ARRAY_SIZE(table), key);
}

/* ------------------------------------------------------------------ battery and status */

static const char *const bif[] = {"unit",
				  "capacity by design",
				  "capacity when last full",
				  "technology",
				  "voltage by design, mV",
				  "warns at",
				  "shuts down at",
				  "step between low and warning",
				  "step between warning and full",
				  "model",
				  "serial",
				  "type",
				  "maker"};
static const char *const bix[] = {"revision",
				  "unit",
				  "capacity by design",
				  "capacity when last full",
				  "technology",
				  "voltage by design, mV",
				  "warns at",
				  "shuts down at",
				  "charging cycles",
				  "accuracy, 1/1000 %",
				  "longest sampling, ms",
				  "shortest sampling, ms",
				  "longest averaging, ms",
				  "shortest averaging, ms",
				  "step between low and warning",
				  "step between warning and full",
				  "model",
				  "serial",
				  "type",
				  "maker",
				  "swapping"};
static const char *const bst[] = {"state", "rate", "capacity left", "voltage now, mV"};

const char *acpi_element_word(const char *name, unsigned i)
{
	static const struct {
		const char *name;
		const char *const *word;
		size_t n;
	} table[] = {{"_BIF", bif, ARRAY_SIZE(bif)},
		     {"_BIX", bix, ARRAY_SIZE(bix)},
		     {"_BST", bst, ARRAY_SIZE(bst)}};

	for (size_t t = 0; t < ARRAY_SIZE(table); t++)
		if (strcmp(table[t].name, name) == 0 && i < table[t].n)
			return table[t].word[i];
	return NULL;
}

/* Names of the bits that are set, or of none. */
static void add_bits(struct buf *out, uint64_t value, const char *const *bit, size_t n,
		     const char *none)
{
	const char *before = " (";

	for (size_t i = 0; i < n; i++)
		if (value >> i & 1) {
			buf_addf(out, "%s%s", before, bit[i]);
			before = ", ";
		}
	if (*before == ',')
		buf_adds(out, ")");
	else
		buf_addf(out, " (%s)", none);
}

void acpi_add_value_word(struct buf *out, const char *name, int i, uint64_t value)
{
	static const char *const status[] = {"present", "enabled", "shown", "working",
					     "battery in its bay"};
	static const char *const state[] = {"discharging", "charging", "critical"};
	const char *element = i >= 0 ? acpi_element_word(name, (unsigned)i) : NULL;

	if (i < 0 && strcmp(name, "_STA") == 0)
		add_bits(out, value, status, ARRAY_SIZE(status), "not there");
	else if (i < 0 && strcmp(name, "_PSR") == 0)
		buf_adds(out, value ? " (on mains)" : " (on battery)");
	else if (!element)
		return;
	else if (strcmp(element, "state") == 0)
		add_bits(out, value, state, ARRAY_SIZE(state), "idle: full, or not charging");
	else if (strcmp(element, "unit") == 0)
		buf_adds(out, value ? " (mA, mAh)" : " (mW, mWh)");
	else if (strcmp(element, "technology") == 0)
		buf_adds(out, value ? " (rechargeable)" : " (not rechargeable)");
}
