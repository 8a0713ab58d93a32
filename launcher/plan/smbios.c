/* What the machine says of its make: SMBIOS records by their fields. */
#include <string.h>

#include "base/alloc.h"
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
static void add_record(struct composer *c, unsigned type, const struct field *field, size_t n,
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
	option_text(&o, "file", compose_bytes(c, "chassis.bin", &record, "chassis record"));
	compose_argument(c, "-smbios", option_done(&o), &s->chassis_type.at, "a notebook's case");
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

	add_record(c, 0, bios, ARRAY_SIZE(bios), "the firmware");
	add_record(c, 1, system, ARRAY_SIZE(system), "the system");
	add_record(c, 2, board, ARRAY_SIZE(board), "the main board");
	/* A kind of case can be said only by a whole record, which leaves no room for fields. */
	if (!s->chassis_type.automatic || compose_is_laptop(c))
		add_chassis(c);
	else
		add_record(c, 3, chassis, ARRAY_SIZE(chassis), "the case");
}
