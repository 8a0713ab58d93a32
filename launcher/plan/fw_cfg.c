/* What a guest's programs read from QEMU's firmware configuration (fw_cfg): texts and files under
 * names of the profile's.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "compose.h"

#define NAME_BYTES 55 /* QEMU, include/standard-headers/linux/qemu_fw_cfg.h: 56 with the NUL */

static void check_name(struct composer *c, const struct text *name)
{
	const char *key = compose_key(c, &name->at);

	/* Others are the firmware's and QEMU's own (QEMU, docs/specs/fw_cfg.rst). */
	if (!text_starts(name->v, "opt/") || !name->v[4])
		compose_wrong(c, name->at,
			      "%s: begins with opt/, as all names that QEMU leaves to others do",
			      key);
	else if (strlen(name->v) > NAME_BYTES || !text_is_printable(name->v))
		compose_wrong(c, name->at, "%s: has at most %d printable characters", key,
			      NAME_BYTES);
	for (size_t i = 0; i < c->p->fw_cfg.n; i++) {
		const struct fw_cfg *other = (const struct fw_cfg *)c->p->fw_cfg.v[i];

		if (&other->name == name)
			break;
		if (other->item.enabled.v && strcmp(other->name.v, name->v) == 0)
			compose_wrong(c, name->at, "%s: %s stands twice", key, name->v);
	}
}

static void add_one(struct composer *c, const struct fw_cfg *f)
{
	const char *value = f->file.v ? f->file.v : f->string.v;
	struct option o = option_new(NULL);

	check_name(c, &f->name);
	if (!f->string.v == !f->file.v)
		compose_wrong(c, f->item.at, "%s goes with %s or with %s",
			      compose_key(c, &f->name.at), compose_key(c, &f->string.at),
			      compose_key(c, &f->file.at));
	option_text(&o, "name", f->name.v);
	option_text(&o, f->file.v ? "file" : "string", value ? value : "");
	compose_argument(c, "-fw_cfg", option_done(&o), &f->name.at, NULL);
}

void compose_fw_cfg(struct composer *c)
{
	for (size_t i = 0; i < c->p->fw_cfg.n; i++)
		if (c->p->fw_cfg.v[i]->enabled.v)
			add_one(c, (const struct fw_cfg *)c->p->fw_cfg.v[i]);
}
