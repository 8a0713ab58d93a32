/* A ROM for programs. Ids are hexadecimal text, as in all JSON of ours; offsets and lengths are
 * bytes.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "rom.h"

static void add_efi(json_object *o, const struct rom_image *image)
{
	json_object *efi = NULL;

	if (image->kind == ROM_EFI) {
		efi = json_object_new_object();
		json_add_bool(efi, "valid", image->efi.valid);
		json_add_hex(efi, "machine", image->efi.machine, 4);
		json_add_number(efi, "subsystem", image->efi.subsystem);
		json_add_number(efi, "compression", image->efi.compression);
	}
	json_object_object_add(o, "efi", efi);
}

static json_object *image_json(const struct rom_image *image)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_add_number(o, "offset", image->offset);
	json_add_number(o, "length", image->length);
	json_add_text(o, "kind", rom_kind_name(image->kind));
	json_add_hex(o, "code-type", image->code_type, 2);
	json_add_hex(o, "vendor", image->vendor, 4);
	json_add_hex(o, "device", image->device, 4);
	for (size_t i = 0; i < image->listed_n; i++) {
		own_free char *id = xasprintf("%04x", image->listed[i]);

		json_object_array_add(list, json_object_new_string(id));
	}
	json_object_object_add(o, "also-for", list);
	json_add_hex(o, "class", image->class, 6);
	json_add_hex(o, "revision", image->revision, 4);
	json_add_text(o, "checksum", rom_checksum_name(image->checksum));
	json_add_bool(o, "last", image->last);
	json_add_bool(o, "private", image->beyond);
	json_add_bool(o, "npde", image->npde);
	json_add_bool(o, "efi-x64", rom_image_is_gop(image));
	add_efi(o, image);
	return o;
}

static void add_chain(json_object *top, const struct rom_report *report)
{
	json_object *images = json_object_new_array();

	json_add_text(top, "leading", rom_lead_name(report->lead));
	json_add_number(top, "container-version", report->container_version);
	json_add_number(top, "start", report->start);
	json_add_number(top, "end", report->end);
	json_add_number(top, "trailing", report->size - report->end);
	json_add_bool(top, "padded", report->padded);
	json_add_text(top, "ending", rom_end_name(report->ending));
	json_add_bool(top, "efi-x64", rom_has_gop(report));
	json_add_number(top, "bar-size", rom_bar_size(report->size));
	for (size_t i = 0; i < report->images; i++)
		json_object_array_add(images, image_json(&report->image[i]));
	json_object_object_add(top, "images", images);
}

static void add_problems(json_object *top, const struct rom_problems *problems)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < problems->n; i++) {
		json_object *o = json_object_new_object();

		json_add_text(o, "weight", rom_weight_name(problems->v[i].weight));
		json_add_text(o, "kind", rom_problem_name(problems->v[i].kind));
		json_add_text(o, "text", problems->v[i].text);
		json_object_array_add(list, o);
	}
	json_object_object_add(top, "problems", list);
}

char *rom_json(const struct rom_view *view)
{
	json_object *top = json_object_new_object();
	own_free char *name = text_quote(view->path, SIZE_MAX);
	const struct rom_report *report = &view->report;
	bool refused = report->refusal != ROM_FINE;
	char *text;

	json_add_number(top, "version", 1);
	json_add_text(top, "file", name);
	json_add_text(top, "refused", refused ? rom_refusal_name(report->refusal) : NULL);
	if (!refused) {
		json_add_number(top, "size", report->size);
		add_chain(top, report);
		add_problems(top, &view->problems);
	}
	text = json_document(top);
	json_object_put(top);
	return text;
}
