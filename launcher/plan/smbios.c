/* What the machine says of its make: SMBIOS records by their fields. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "compose.h"
#include "firmware/smbios.h"

struct field {
	const char *key; /* of QEMU's -smbios */
	const struct text *value;
	int host;   /* enum dmi_field that stands for it, -1: none */
	bool named; /* QEMU writes its own name, or the machine's, where nothing is said */
};

/* What stands in a field: the profile's text or the host's, NULL for neither. */
static const char *field_text(const struct composer *c, const struct field *field)
{
	const char *host;

	if (field->value->v || !c->p->smbios.copy_host.v || field->host < 0)
		return field->value->v;
	host = c->facts->dmi[field->host];
	return *host ? host : NULL;
}

/* One record, where any of its fields is known; in those of the others that QEMU would fill there
 * is then nothing (QEMU, hw/smbios/smbios.c: smbios_set_defaults() minds what is given, also "").
 */
static bool add_record(struct composer *c, unsigned type, const struct field *field, size_t n,
		       const char *words)
{
	const struct smbios_section *s = &c->p->smbios;
	struct origin at = s->copy_host.at;
	struct option o = option_new(NULL);
	bool any = false;

	option_number(&o, "type", type);
	for (size_t i = 0; i < n; i++) {
		const char *text = field_text(c, &field[i]);

		if (field[i].value->v)
			at = field[i].value->at;
		if (text || field[i].named)
			option_text(&o, field[i].key, text ? text : "");
		any = any || text;
	}
	at.key = NULL; /* several of the section have a say */
	if (any)
		compose_argument(c, "-smbios", option_done(&o), &at, words);
	else
		buf_free(&o.text);
	return any;
}

static const char *or_host(const struct composer *c, const struct text *value, enum dmi_field field)
{
	return value->v ? value->v : c->p->smbios.copy_host.v ? c->facts->dmi[field] : NULL;
}

static void add_chassis(struct composer *c)
{
	const struct smbios_section *s = &c->p->smbios;
	const struct smbios_chassis chassis = {
		.type = s->chassis_type.automatic ? SMBIOS_CHASSIS_NOTEBOOK
						  : (unsigned)s->chassis_type.v,
		.manufacturer = or_host(c, &s->chassis_manufacturer, DMI_CHASSIS_MANUFACTURER),
		.version = or_host(c, &s->chassis_version, DMI_CHASSIS_VERSION),
		.serial = s->chassis_serial.v,
	};
	struct error *problem = NULL;
	struct buf record = {0};
	struct option o = option_new(NULL);

	if (!smbios_chassis(&chassis, &record, &problem)) {
		error_merge(c->err, &problem);
		c->good = false;
	}
	option_text(&o, "file", compose_bytes(c, "chassis.bin", &record, N_("chassis record")));
	compose_argument(c, "-smbios", option_done(&o), &s->chassis_type.at, "a notebook's case");
}

/* A machine with a maker's name has processors and memory without one, and not with QEMU's, which
 * it writes there as well.
 */
static void unname_parts(struct composer *c)
{
	static const struct {
		unsigned type;
		const char *key[2], *words;
	} part[] = {
		{4, {"manufacturer", "version"}, N_("the processor, without QEMU's name")},
		{17, {"manufacturer"}, N_("the memory, without QEMU's name")},
	};
	struct origin at = c->p->smbios.copy_host.at;

	at.key = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		struct option o = option_new(NULL);

		option_number(&o, "type", part[i].type);
		for (size_t k = 0; k < ARRAY_SIZE(part[i].key) && part[i].key[k]; k++)
			option_text(&o, part[i].key[k], "");
		compose_argument(c, "-smbios", option_done(&o), &at, part[i].words);
	}
}

/* Free words, which programs in the guest look for (SMBIOS specification, 7.12). */
static void add_oem_strings(struct composer *c)
{
	const struct strings *list = &c->p->smbios.oem_strings;

	for (size_t i = 0; i < list->n; i++) {
		struct option o = option_new(NULL);

		if (!*list->v[i] || !text_is_printable(list->v[i]))
			compose_wrong(c, list->at[i], "%s: is not of printable characters",
				      compose_key(c, &list->at[i]));
		option_number(&o, "type", 11);
		option_text(&o, "value", list->v[i]);
		compose_argument(c, "-smbios", option_done(&o), &list->at[i], NULL);
	}
}

void compose_smbios(struct composer *c)
{
	const struct smbios_section *s = &c->p->smbios;
	const struct field bios[] = {
		{"vendor", &s->bios_vendor, DMI_BIOS_VENDOR},
		{"version", &s->bios_version, DMI_BIOS_VERSION},
		{"date", &s->bios_date, DMI_BIOS_DATE},
	};
	const struct field system[] = {
		{"manufacturer", &s->manufacturer, DMI_MANUFACTURER, true},
		{"product", &s->product, DMI_PRODUCT, true},
		{"version", &s->version, DMI_VERSION, true},
		{"serial", &s->serial, -1},
		{"sku", &s->sku, DMI_SKU},
		{"family", &s->family, DMI_FAMILY},
	};
	const struct field board[] = {
		{"manufacturer", &s->board_manufacturer, DMI_BOARD_MANUFACTURER, true},
		{"product", &s->board_product, DMI_BOARD_PRODUCT, true},
		{"version", &s->board_version, DMI_BOARD_VERSION, true},
		{"serial", &s->board_serial, -1},
	};
	const struct field chassis[] = {
		{"manufacturer", &s->chassis_manufacturer, DMI_CHASSIS_MANUFACTURER, true},
		{"version", &s->chassis_version, DMI_CHASSIS_VERSION, true},
		{"serial", &s->chassis_serial, -1},
	};

	bool named; /* anything but the firmware has a maker */

	add_record(c, 0, bios, ARRAY_SIZE(bios), N_("the firmware"));
	named = add_record(c, 1, system, ARRAY_SIZE(system), N_("the system"));
	named = add_record(c, 2, board, ARRAY_SIZE(board), N_("the main board")) || named;
	/* A kind of case can be said only by a whole record, which leaves no room for fields. */
	if (!s->chassis_type.automatic || compose_is_laptop(c))
		add_chassis(c);
	else
		named = add_record(c, 3, chassis, ARRAY_SIZE(chassis), N_("the case")) || named;
	if (named)
		unname_parts(c);
	add_oem_strings(c);
}
