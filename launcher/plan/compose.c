/* What the composing functions share: adding to the plan, refusing, ports and identities. */
#include "compose.h"

#include <string.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/tongue.h"

void compose_cause(const struct composer *c, struct cause *cause, const struct origin *at,
		   const char *why)
{
	if (at) {
		/* What nobody has written stands where the section begins. */
		bool header = at->kind == ORIGIN_DEFAULT && at->item;

		cause->key = key_text(at);
		cause->at = origin_text(c->p, header ? at->item->at : *at);
	}
	cause->why = why ? xstrdup(why) : NULL;
}

void compose_argument(struct composer *c, const char *option, char *value, const struct origin *at,
		      const char *why)
{
	struct argument *a = xappend(c->plan->argument, c->plan->arguments);

	a->option = xstrdup(option);
	a->value = value;
	compose_cause(c, &a->cause, at, why);
}

void compose_fixed(struct composer *c, const char *option, char *value, const char *why)
{
	compose_argument(c, option, value, NULL, why);
}

const char *compose_key(const struct composer *c, const struct origin *at)
{
	struct compose_names *names = c->names;

	return *xappend(names->v, names->n) = key_text(at);
}

__attribute__((format(printf, 4, 0))) static void
refuse(struct composer *c, enum error_kind kind, struct origin at, const char *fmt, va_list args)
{
	own_free char *where = origin_text(c->p, at), *message = xvasprintf(tongue(fmt), args);

	if (at.kind == ORIGIN_DEFAULT)
		error_add(c->err, kind, "%s", message);
	else
		error_add(c->err, kind, "%s: %s", where, message);
	c->good = false;
}

void compose_refuse(struct composer *c, struct origin at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse(c, ERROR_HOST, at, fmt, args);
	va_end(args);
}

void compose_wrong(struct composer *c, struct origin at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse(c, ERROR_USAGE, at, fmt, args);
	va_end(args);
}

void compose_note(struct composer *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*xappend(c->plan->note, c->plan->notes) = xvasprintf(tongue(fmt), args);
	va_end(args);
}

void compose_warn(struct composer *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*xappend(c->plan->warning, c->plan->warnings) = xvasprintf(tongue(fmt), args);
	va_end(args);
}

const struct plan_program *compose_program_known(const struct composer *c, const char *name)
{
	for (size_t i = 0; i < c->in->programs; i++)
		if (strcmp(c->in->program[i].name, name) == 0)
			return c->in->program[i].path ? &c->in->program[i] : NULL;
	return NULL;
}

const char *compose_program(const struct composer *c, const char *name)
{
	const struct plan_program *program = compose_program_known(c, name);

	return program ? program->path : NULL;
}

char *compose_id(const struct item *item)
{
	return xasprintf("%s%s%s", item->section, *item->name ? "-" : "", item->name);
}

int compose_fd(struct composer *c, enum plan_fd_role role, char *path)
{
	struct plan_fd *fd = xappend(c->plan->fd, c->plan->fds);

	/* 0, 1 and 2 are the standard ones. */
	*fd = (struct plan_fd){.role = role, .number = 2 + (int)c->plan->fds, .path = path};
	return fd->number;
}

/* Ports sit in slots 02 to 07 of the root bus, eight to a slot, behind those of GPUs, which have
 * slot 01 and as many more as they need; Intel's own may have slot 02.
 */
static char *add_port(struct composer *c, struct origin at, const char *words)
{
	unsigned first = c->gpu_ports > 8 ? 1 + (c->gpu_ports + 7) / 8 : c->igd ? 3 : 2;
	unsigned n = c->ports++, slot = first + n / 8, function = n % 8;
	own_free char *id = xasprintf("port%02x", slot * 8 + function);
	own_free char *why = xasprintf(_("a root port for %s"), words);
	struct option o;

	if (n >= 40) {
		compose_wrong(c, at, "%s: more devices than the machine has root ports for (40)",
			      words);
		return steal(&id);
	}
	o = option_new("pcie-root-port");
	option_text(&o, "id", id);
	option_text(&o, "bus", "pcie.0");
	option_slot(&o, "addr", slot, function);
	option_number(&o, "chassis", slot * 8 + function);
	option_number(&o, "port", slot * 8 + function);
	if (function == 0)
		option_on(&o, "multifunction", true);
	compose_fixed(c, "-device", option_done(&o), why);
	return steal(&id);
}

char *compose_port(struct composer *c, const struct item *item)
{
	own_free char *name = item_text(item);

	return add_port(c, item->at, name);
}

char *compose_own_port(struct composer *c, const char *words)
{
	return add_port(c, (struct origin){0}, words);
}

void compose_prepare_shared(struct composer *c, enum prepare_kind kind, const char *path,
			    uint64_t size)
{
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);

	prepare->kind = kind;
	prepare->path = xstrdup(path);
	prepare->source = xasprintf("%lu", size);
	prepare->size = size;
}

void compose_identity(const struct composer *c, const char *word, uint8_t *id, size_t n)
{
	own_buf struct buf source = {0};
	uint8_t digest[32];

	/* The NULs keep "a" + "bc" apart from "ab" + "c". */
	buf_adds(&source, "vmlaunch");
	buf_addc(&source, '\0');
	buf_adds(&source, word);
	buf_addc(&source, '\0');
	buf_adds(&source, c->p->vm.name.v);
	buf_addc(&source, '\0');
	buf_adds(&source, c->facts->machine_id);
	sha256(source.data, source.len, digest);
	memcpy(id, digest, n);
}

void compose_uuid(const struct composer *c, const char *word, uint8_t id[UUID_BYTES])
{
	compose_identity(c, word, id, UUID_BYTES);
	uuid_mark(id);
}

unsigned compose_bootindex(const struct composer *c, const struct item *item)
{
	const struct boot_order *order = &c->p->boot.order;
	unsigned index = 1;

	for (size_t i = 0; i < order->n; i++)
		if (order->v[i].item == item)
			return (unsigned)i + 1;
	if (order->n)
		return 0;
	/* auto: disks, then cdroms, and never a network. */
	for (int media = MEDIA_DISK; media <= MEDIA_CDROM; media++) {
		for (size_t i = 0; i < c->p->disk.n; i++) {
			const struct disk *disk = (const struct disk *)c->p->disk.v[i];

			if (!disk->item.enabled.v || disk->media.v != media)
				continue;
			if (&disk->item == item)
				return index;
			index++;
		}
	}
	return 0;
}

void compose_line(struct plan_step *step, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*xappend(step->line, step->lines) = xvasprintf(fmt, args);
	va_end(args);
}

void compose_remark(struct plan_step *step, const char *fmt, ...)
{
	char **line = &step->line[step->lines - 1];
	own_free char *before = steal(line), *remark = NULL;
	va_list args;

	va_start(args, fmt);
	remark = xvasprintf(tongue(fmt), args);
	va_end(args);
	*line = xasprintf("%s   # %s", before, remark);
}

void compose_comment(struct plan_step *step, const char *fmt, ...)
{
	own_free char *comment = NULL;
	va_list args;

	va_start(args, fmt);
	comment = xvasprintf(tongue(fmt), args);
	va_end(args);
	compose_line(step, "# %s", comment);
}

struct plan_step *compose_step(struct composer *c, enum step_kind kind, const struct origin *at,
			       const char *why)
{
	struct plan_step *step = xappend(c->plan->step, c->plan->steps);

	step->intent.kind = kind;
	compose_cause(c, &step->cause, at, why);
	return step;
}

const char *compose_bytes(struct composer *c, const char *name, struct buf *bytes,
			  const char *words)
{
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);

	prepare->kind = PREPARE_BYTES;
	prepare->path = path_join(c->plan->runtime_dir, name);
	prepare->source = xasprintf(_("%s, %zu bytes"), tongue(words), bytes->len);
	prepare->size = bytes->len;
	prepare->bytes = buf_steal(bytes);
	return prepare->path;
}

/* ------------------------------------------------------------------ what kind of machine it is */

bool compose_has_gpu(const struct composer *c)
{
	for (size_t i = 0; c->claims_device && i < c->p->gpu.n; i++) {
		const struct gpu *gpu = (const struct gpu *)c->p->gpu.v[i];

		if (gpu->item.enabled.v && !gpu->mdev.v)
			return true;
	}
	return false;
}

bool compose_is_laptop(const struct composer *c)
{
	static const char *const laptop[] = {"8", "9", "10", "14", "31", "32"};
	const char *type = c->facts->dmi[DMI_CHASSIS_TYPE];

	if (c->p->battery.present.v != WHEN_AUTO)
		return c->p->battery.present.v == WHEN_YES;
	if (!compose_has_gpu(c) || !type)
		return false;
	/* SMBIOS specification, 7.4.1: portable, laptop, notebook, sub notebook, convertible,
	 * detachable.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(laptop); i++)
		if (strcmp(type, laptop[i]) == 0)
			return true;
	return false;
}
