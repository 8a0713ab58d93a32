/* The plan as a page: what people look at rather than read, from the whole to the single argument.
 * It holds no script and fetches nothing; what stands in it may come from a hostile profile or
 * device, and base/html.h lets none of that be markup.
 */
#include "page.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "option.h"
#include "print.h"

/* page.css as it is, with a NUL behind it. */
__asm__(".pushsection .rodata\n"
	".globl page_sheet\n"
	".hidden page_sheet\n"
	".type page_sheet, @object\n"
	"page_sheet:\n"
	".incbin \"launcher/plan/page.css\"\n"
	".byte 0\n"
	".size page_sheet, . - page_sheet\n"
	".popsection\n");
extern const char page_sheet[] __attribute__((visibility("hidden")));

void page_section(struct page *p, const char *id, const char *title, const char *words)
{
	html_begin(&p->h, "section");
	html_attribute(&p->h, "id", id);
	html_element(&p->h, "h2", NULL, title);
	if (*words)
		html_element(&p->h, "p", "lead", words);
}

void page_cause(struct page *p, const struct cause *cause)
{
	if (!cause->key && !cause->why)
		return;
	html_begin(&p->h, "p");
	html_attribute(&p->h, "class", "cause");
	if (cause->why)
		html_element(&p->h, "span", NULL, tongue(cause->why));
	if (cause->key) {
		html_element(&p->h, "code", NULL, cause->key);
		html_element(&p->h, "small", NULL, cause->at);
	}
	html_end(&p->h);
}

/* ------------------------------------------------------------------ at a glance */

static void put_tile(struct page *p, const char *title, const char *value, const char *more)
{
	html_begin(&p->h, "div");
	html_element(&p->h, "dt", NULL, title);
	html_begin(&p->h, "dd");
	html_text(&p->h, value);
	if (more)
		html_element(&p->h, "small", NULL, more);
	html_end(&p->h);
	html_end(&p->h);
}

static void put_processor_tile(struct page *p)
{
	const struct placement *place = &p->plan->placement;
	own_free char *value =
		xasprintf(place->cores == 1 ? _("%u core") : _("%u cores"), place->cores);
	own_free char *list = cpu_set_text(&place->vcpus);
	own_free char *more = xasprintf(
		place->threads == 1 ? _("%u thread each, %s%s") : _("%u threads each, %s%s"),
		place->threads, place->pinned ? _("on processors ") : _("not pinned"),
		place->pinned ? list : "");

	put_tile(p, _("Processors"), value, more);
}

static void put_gpu_tile(struct page *p)
{
	const struct pci_list *list = &p->in->facts->devices.pci;

	for (size_t i = 0; i < p->devices; i++) {
		const struct page_device *d = &p->device[i];

		if (!d->host_address || (d->host && !pci_is_display(d->host)))
			continue;
		put_tile(p, _("GPU"),
			 d->host && p->name && p->name[d->host - list->v]
				 ? p->name[d->host - list->v]
			 : d->host ? pci_class_words(d->host->class)
				   : _("a slice of the host's"),
			 d->host_address);
		return;
	}
	put_tile(p, _("GPU"), _("none of the host's"), NULL);
}

static void put_picture_tile(struct page *p)
{
	const struct resolution *size = &p->in->profile->glass.resolution;
	const char *value = _("none");

	if (size->width) {
		own_free char *pixels = xasprintf("%ux%u", size->width, size->height);

		put_tile(p, _("Picture"), "Looking Glass", pixels);
		return;
	}
	for (size_t i = 0; i < p->plan->arguments; i++)
		if (strcmp(p->plan->argument[i].option, "-spice") == 0)
			value = "SPICE";
		else if (strcmp(p->plan->argument[i].option, "-display") == 0 &&
			 strcmp(p->plan->argument[i].value, "none") != 0)
			value = _("a window of QEMU's");
	put_tile(p, _("Picture"), value, NULL);
}

static void put_tiles(struct page *p)
{
	const struct plan *plan = p->plan;
	own_free char *memory = page_size(p->in->profile->vm.memory.v);
	own_free char *changes = plan->steps == 1 ? xstrdup(_("1 step as root"))
				 : plan->steps	  ? xasprintf(_("%zu steps as root"), plan->steps)
						  : xstrdup(_("nothing is changed"));

	html_begin(&p->h, "dl");
	html_attribute(&p->h, "class", "tiles");
	put_processor_tile(p);
	put_tile(p, _("Memory"), memory, NULL);
	put_gpu_tile(p);
	put_picture_tile(p);
	put_tile(p, _("QEMU"), plan->qemu_version,
		 plan->kvm ? _("with KVM") : _("emulated, without KVM"));
	put_tile(p, _("The host"), changes,
		 plan->steps ? _("all of it is put back afterwards") : NULL);
	html_end(&p->h);
}

static void put_calls(struct page *p, const char *class, const char *word, char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		html_begin(&p->h, "p");
		html_attributef(&p->h, "class", "call %s", class);
		html_element(&p->h, "b", NULL, word);
		html_text(&p->h, " ");
		html_text(&p->h, v[i]);
		html_end(&p->h);
	}
}

/* ------------------------------------------------------------------ what happens, in order */

static void put_command(struct page *p, char *const *argv, size_t n)
{
	struct buf line = {0};

	buf_adds(&line, "");
	for (size_t i = 0; i < n; i++) {
		own_free char *word = text_word(argv[i]);

		buf_addf(&line, "%s%s", i ? " " : "", word);
	}
	html_element(&p->h, "code", "line", line.data);
	buf_free(&line);
}

static void put_prepares(struct page *p)
{
	html_begin(&p->h, "li");
	html_element(&p->h, "h3", NULL, _("Before the start, as you"));
	for (size_t i = 0; i < p->plan->prepares; i++) {
		const struct prepare *prepare = &p->plan->prepare[i];

		html_element(&p->h, "code", "line", prepare->path);
		html_begin(&p->h, "p");
		html_attribute(&p->h, "class", "cause");
		html_textf(&p->h, "%s %s", prepare_words(prepare->kind), prepare->source);
		if (prepare->store)
			html_textf(&p->h, " (%s)", prepare->store);
		html_end(&p->h);
	}
	if (!p->plan->prepares)
		html_element(&p->h, "p", "cause", _("nothing"));
	html_end(&p->h);
}

static void put_steps(struct page *p)
{
	if (!p->plan->steps)
		return;
	html_begin(&p->h, "li");
	html_element(&p->h, "h3", NULL, _("The host, by the keeper as root"));
	for (size_t i = 0; i < p->plan->steps; i++) {
		const struct plan_step *step = &p->plan->step[i];

		for (size_t k = 0; k < step->lines; k++)
			html_element(&p->h, "code", "line", step->line[k]);
		page_cause(p, &step->cause);
	}
	html_end(&p->h);
}

static void put_companions(struct page *p, enum companion_when when, const char *title)
{
	bool any = false;

	for (size_t i = 0; i < p->plan->companions; i++) {
		const struct plan_companion *companion = &p->plan->companion[i];

		if (companion->when != when)
			continue;
		if (!any) {
			html_begin(&p->h, "li");
			html_element(&p->h, "h3", NULL, title);
		}
		any = true;
		put_command(p, companion->argv, companion->args);
		page_cause(p, &companion->cause);
		html_elementf(&p->h, "p", "cause", _("if it ends: %s"), tongue(companion->loss));
	}
	if (any)
		html_end(&p->h);
}

static void put_order(struct page *p)
{
	page_section(p, "order", _("What happens, in this order"), "");
	html_begin(&p->h, "ol");
	html_attribute(&p->h, "class", "order");
	put_prepares(p);
	put_steps(p);
	put_companions(p, COMPANION_BEFORE, _("Beside QEMU, as you, from its start"));
	html_begin(&p->h, "li");
	html_element(&p->h, "h3", NULL, _("QEMU, as you"));
	html_element(&p->h, "code", "line", p->plan->binary);
	html_elementf(&p->h, "p", "cause", _("%zu arguments, below; its log: %s"),
		      p->plan->arguments, p->plan->log);
	html_end(&p->h);
	put_companions(p, COMPANION_RUNNING, _("Beside QEMU, as you, when the guest runs"));
	if (p->plan->steps) {
		html_begin(&p->h, "li");
		html_element(&p->h, "h3", NULL,
			     "When the machine ends, or vmlaunch, QEMU or the keeper dies");
		html_element(&p->h, "p", "cause",
			     "all that the keeper changed is put back, in reverse order");
		html_end(&p->h);
	}
	html_end(&p->h);
	html_end(&p->h);
}

/* ------------------------------------------------------------------ each argument */

static void put_argument(struct page *p, const struct argument *a)
{
	html_begin(&p->h, "details");
	html_begin(&p->h, "summary");
	html_element(&p->h, "b", NULL, a->option);
	if (a->value) {
		html_text(&p->h, " ");
		html_element(&p->h, "code", NULL, a->value);
	}
	html_end(&p->h);
	if (a->cause.key || a->cause.why)
		page_cause(p, &a->cause);
	else
		html_element(&p->h, "p", "cause", _("belongs to the one before it"));
	html_end(&p->h);
}

static void put_arguments(struct page *p)
{
	page_section(
		p, "arguments", "Each argument of QEMU, and its reason",
		_("A line opens: what it is there for, the key that decided it, and where that stands."));
	for (size_t i = 0; i < p->plan->arguments; i++)
		put_argument(p, &p->plan->argument[i]);
	for (size_t i = 0; i < p->plan->envs; i++)
		html_elementf(&p->h, "p", "cause", _("with %s in its environment"),
			      p->plan->env[i]);
	html_end(&p->h);
}

/* ------------------------------------------------------------------ the whole */

static void put_head(struct page *p)
{
	struct html *h = &p->h;

	html_begin(h, "head");
	html_begin(h, "meta");
	html_attribute(h, "charset", "utf-8");
	html_end(h);
	html_begin(h, "meta");
	html_attribute(h, "http-equiv", "Content-Security-Policy");
	html_attribute(h, "content", "default-src 'none'; style-src 'unsafe-inline'");
	html_end(h);
	html_begin(h, "meta");
	html_attribute(h, "name", "viewport");
	html_attribute(h, "content", "width=device-width, initial-scale=1");
	html_end(h);
	html_elementf(h, "title", NULL, _("%s: plan"), p->plan->name);
	html_style(h, page_sheet);
	html_end(h);
}

static void put_devices(struct page *p)
{
	const char *words =
		_("A number on both sides is one function of the host's that becomes the guest's.");
	bool any = false;

	for (size_t i = 0; i < p->devices; i++)
		any |= p->device[i].mark != 0;
	page_section(p, "devices", _("Devices"), any ? words : _("No device of the host's moves."));
	html_begin(&p->h, "div");
	html_attribute(&p->h, "class", any ? "pair" : "single");
	if (any)
		page_host_groups(p);
	page_guest_tree(p);
	html_end(&p->h);
	html_end(&p->h);
}

char *plan_page(const struct plan *plan, const struct plan_input *in, const char *const *name)
{
	struct page p = {.plan = plan, .in = in, .name = name};

	page_devices(&p);
	html_begin(&p.h, "html");
	/* Translated as the language's name: zh-CN. */
	html_attribute(&p.h, "lang", _("en"));
	put_head(&p);
	html_begin(&p.h, "body");
	html_begin(&p.h, "header");
	html_element(&p.h, "h1", NULL, plan->name);
	html_element(&p.h, "p", "lead", plan->profile_path);
	html_end(&p.h);
	html_begin(&p.h, "main");
	put_calls(&p, "warning", _("Warning"), plan->warning, plan->warnings);
	put_calls(&p, "noted", _("Note"), plan->note, plan->notes);
	put_tiles(&p);
	page_processors(&p);
	page_memory(&p);
	put_devices(&p);
	put_order(&p);
	put_arguments(&p);
	page_devices_free(&p);
	return html_done(&p.h);
}
