/* What counts was found by leaving out or changing one thing at a time in a Linux guest: without
 * bit 4 in _STA there is no battery, without _BST or _BIF none either; state 0 with all of the
 * capacity remaining is "full". NVIDIA's driver reads the technology field from _BIX, then from
 * _BIF, and does not care for _STA.
 *
 * Microsoft's requirements for firmware are kept too: _BIX in revision 0, milliwatts and not
 * milliamperes, technology 1, and one power source device in all.
 *
 * The four setups that we began with hang their battery under the PCI host bridge and have no
 * adapter (two of them), or use other names and units; for a guest they are the same thing.
 */
#include "battery.h"

#include "aml.h"
#include "base/alloc.h"

#define STA_PRESENT 0x0f /* present, enabled, shown, working (6.3.7) */
#define STA_BATTERY 0x1f /* and the battery is in its bay */

#define UNIT_MWH 0
#define TECHNOLOGY_RECHARGEABLE 1
#define STATE_IDLE 0 /* neither charging nor discharging */

/* Parts of the full capacity: when to warn, when to shut down, in what steps it is told. */
#define WARNING_PART 20
#define LOW_PART 50
#define STEP_PART 100
#define ACCURACY 95000 /* thousandths of a percent */
#define SAMPLING_MS 1000

#define FIGURE_MAX 0x7fffffff

static uint32_t capacity_of(const struct acpi_battery *b)
{
	return b->capacity ? b->capacity : ACPI_BATTERY_CAPACITY;
}

static uint32_t voltage_of(const struct acpi_battery *b)
{
	return b->voltage ? b->voltage : ACPI_BATTERY_VOLTAGE;
}

static const char *or_default(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

bool acpi_battery_check(const struct acpi_battery *b, struct error **err)
{
	const struct {
		const char *what, *text;
	} strings[] = {
		{"model", b->model}, {"serial", b->serial}, {"type", b->type}, {"maker", b->maker}};
	bool good = true;

	if (b->capacity > FIGURE_MAX || b->voltage > FIGURE_MAX) {
		error_add(err, ERROR_USAGE,
			  "a battery's capacity (mWh) and voltage (mV) are at most %u", FIGURE_MAX);
		good = false;
	}
	if (b->device && !aml_is_segment(b->device)) {
		error_add(
			err, ERROR_USAGE,
			"a battery's ACPI name has 1 to 4 capital letters, digits and _, such as BAT0");
		good = false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (strings[i].text && !aml_is_string(strings[i].text)) {
			error_add(
				err, ERROR_USAGE,
				"a battery's %s is printable ASCII; ACPI strings hold nothing else",
				strings[i].what);
			good = false;
		}
	return good;
}

/* Package of what this device supplies power to (10.3.2): all of the machine. */
static struct buf power_consumers(void)
{
	return aml_name("_PCL", aml_package(aml_path("\\_SB")));
}

static struct buf method_returning(const char *name, struct buf value)
{
	return aml_method(name, 0, aml_return(value));
}

/* 10.2.2.1 */
static struct buf bif(const struct acpi_battery *b)
{
	uint32_t full = capacity_of(b);

	return aml_package(aml_int(UNIT_MWH), aml_int(full) /* by design */,
			   aml_int(full) /* when last charged */, aml_int(TECHNOLOGY_RECHARGEABLE),
			   aml_int(voltage_of(b)), aml_int(full / WARNING_PART),
			   aml_int(full / LOW_PART), aml_int(full / STEP_PART),
			   aml_int(full / STEP_PART), aml_string(or_default(b->model, "Primary")),
			   aml_string(or_default(b->serial, "00001")),
			   aml_string(or_default(b->type, "LION")),
			   aml_string(or_default(b->maker, "OEM")));
}

/* 10.2.2.2, in its revision 0, which has no word on swapping. */
static struct buf bix(const struct acpi_battery *b)
{
	uint32_t full = capacity_of(b);

	return aml_package(aml_int(0) /* revision */, aml_int(UNIT_MWH), aml_int(full),
			   aml_int(full), aml_int(TECHNOLOGY_RECHARGEABLE), aml_int(voltage_of(b)),
			   aml_int(full / WARNING_PART), aml_int(full / LOW_PART),
			   aml_int(0) /* charging cycles */, aml_int(ACCURACY),
			   aml_int(SAMPLING_MS) /* longest */, aml_int(SAMPLING_MS) /* shortest */,
			   aml_int(SAMPLING_MS) /* averaged over at most */,
			   aml_int(SAMPLING_MS) /* and at least */, aml_int(full / STEP_PART),
			   aml_int(full / STEP_PART), aml_string(or_default(b->model, "Primary")),
			   aml_string(or_default(b->serial, "00001")),
			   aml_string(or_default(b->type, "LION")),
			   aml_string(or_default(b->maker, "OEM")));
}

/* 10.2.2, _BST */
static struct buf bst(const struct acpi_battery *b)
{
	return aml_package(aml_int(STATE_IDLE), aml_int(0) /* mW in or out */,
			   aml_int(capacity_of(b)) /* left */, aml_int(voltage_of(b)));
}

struct buf acpi_battery_device(const struct acpi_battery *b)
{
	return aml_scope("\\_SB",
			 aml_device(or_default(b->device, "BAT0"),
				    aml_list(aml_name("_HID", aml_eisa_id("PNP0C0A")),
					     aml_name("_UID", aml_int(1)), power_consumers(),
					     method_returning("_STA", aml_int(STA_BATTERY)),
					     method_returning("_BIF", bif(b)),
					     method_returning("_BIX", bix(b)),
					     method_returning("_BST", bst(b)))));
}

struct buf acpi_adapter_device(void)
{
	return aml_scope(
		"\\_SB",
		aml_device("ADP0",
			   aml_list(aml_name("_HID", aml_string("ACPI0003")), power_consumers(),
				    method_returning("_STA", aml_int(STA_PRESENT)),
				    method_returning("_PSR", aml_int(1) /* on mains */))));
}

/* ------------------------------------------------------------------ for a reader */

char *acpi_battery_words(const struct acpi_battery *b)
{
	uint32_t full = capacity_of(b);

	return xasprintf(
		"    device \\_SB.%s: battery (PNP0C0A)\n"
		"        _STA: present, in its bay\n"
		"        _BIF and _BIX: %u mWh by design and when last full, %u mV, rechargeable, warns at %u mWh, low at %u mWh\n"
		"        _BIF and _BIX: model \"%s\", serial \"%s\", type \"%s\", maker \"%s\"\n"
		"        _BST: idle, %u mWh left, %u mV\n",
		or_default(b->device, "BAT0"), full, voltage_of(b), full / WARNING_PART,
		full / LOW_PART, or_default(b->model, "Primary"), or_default(b->serial, "00001"),
		or_default(b->type, "LION"), or_default(b->maker, "OEM"), full, voltage_of(b));
}

char *acpi_adapter_words(void)
{
	return xstrdup("    device \\_SB.ADP0: AC adapter (ACPI0003)\n"
		       "        _STA: present\n"
		       "        _PSR: 1, on mains\n");
}
