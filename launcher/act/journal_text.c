/* The journal's text: JSON, and back. What is read is root's own writing of this boot; it is
 * checked all the same, as names in it become arguments and paths.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "journal.h"

#define DEFAULT_IRQ "default"
#define HIGHEST_IRQ 0xfffff

#define WORD_OF(kind, word, undo, function) [kind] = word,
static const char *const KIND[CHANGES] = {CHANGE_ROWS(WORD_OF)};

/* Only where there is something in it: most changes have to do with no processor. */
static void add_cpus(json_object *o, const char *key, const struct cpu_set *cpus)
{
	own_free char *list = cpu_set_text(cpus);

	if (*list)
		json_add_text(o, key, list);
}

static json_object *irqs_json(const struct journal *journal)
{
	json_object *o = json_object_new_object();

	for (size_t i = 0; i < journal->irqs; i++) {
		const struct irq_saved *saved = &journal->irq[i];
		own_free char *name = saved->irq == IRQ_DEFAULT ? xstrdup(DEFAULT_IRQ)
								: xasprintf("%d", saved->irq);

		add_cpus(o, name, &saved->affinity);
	}
	return o;
}

static json_object *change_json(const struct change *change)
{
	json_object *o = json_object_new_object(), *names = json_object_new_array();
	char address[PCI_ADDRESS_SIZE];
	own_free char *acl = acl_text(&change->before);

	pci_address_format(&change->address, address);
	json_add_text(o, "kind", KIND[change->kind]);
	json_add_text(o, "address", address);
	for (size_t i = 0; i < change->names; i++)
		json_object_array_add(names, json_object_new_string(change->name[i]));
	json_object_object_add(o, "names", names);
	json_add_text(o, "path", change->path);
	json_add_number(o, "uid", change->uid);
	json_add_text(o, "acl", acl);
	json_add_number(o, "size-kb", change->size_kb);
	json_add_number(o, "node", change->node);
	json_add_unsigned(o, "number", change->number);
	json_add_unsigned(o, "pool", change->pool);
	add_cpus(o, "cpus", &change->cpus);
	add_cpus(o, "rest", &change->rest);
	return o;
}

char *journal_text(const struct journal *journal)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	char *text;

	json_add_number(o, "version", 1);
	json_add_text(o, "boot-id", journal->boot_id);
	json_add_number(o, "uid", journal->uid);
	if (journal->namespaces)
		json_add_text(o, "namespaces", journal->namespaces);
	json_object_object_add(o, "keeper", json_process(journal->keeper));
	json_object_object_add(o, "client", json_process(journal->client));
	json_object_object_add(o, "qemu", json_process(journal->qemu));
	for (size_t i = 0; i < journal->n; i++)
		json_object_array_add(list, change_json(&journal->change[i]));
	json_object_object_add(o, "changes", list);
	if (journal->irqs)
		json_object_object_add(o, "irqs", irqs_json(journal));
	text = xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
								 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return text;
}

static bool member_uid(json_object *o, uid_t *uid)
{
	int64_t value;

	if (!json_member_number(o, "uid", 0, UINT32_MAX - 1, &value))
		return false;
	*uid = (uid_t)value;
	return true;
}

/* What a vmlaunch before this one did not write down: true without it as well. */
static bool parse_later_members(json_object *o, struct journal *journal)
{
	const char *namespaces = json_member_text(o, "namespaces");

	if (*namespaces)
		journal->namespaces = xstrdup(namespaces);
	return !json_object_object_get_ex(o, "client", NULL) ||
	       json_member_process(o, "client", &journal->client);
}

static bool copy_text(char *to, size_t room, const char *from)
{
	if (strlen(from) >= room)
		return false;
	strcpy(to, from);
	return true;
}

/* Names become arguments of modprobe and values of sysfs: letters, digits, - and _ alone. */
static bool name_is_good(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] ==
		       '\0' &&
	       *s != '-';
}

bool change_name(struct change *change, const char *name)
{
	if (change->names == CHANGE_NAMES || !name_is_good(name) ||
	    !copy_text(change->name[change->names], CHANGE_NAME, name))
		return false;
	change->names++;
	return true;
}

static bool parse_names(json_object *o, struct change *change)
{
	json_object *list;

	if (!json_object_object_get_ex(o, "names", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > CHANGE_NAMES)
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		if (!name || !change_name(change, name))
			return false;
	}
	return true;
}

static bool parse_change(json_object *o, struct change *change)
{
	const char *kind = json_member_text(o, "kind");
	int64_t size_kb, node, number, pool;
	size_t k = 0;

	*change = (struct change){0};
	while (k < CHANGES && strcmp(KIND[k], kind) != 0)
		k++;
	if (k == CHANGES)
		return false;
	change->kind = (enum change_kind)k;
	if (!member_uid(o, &change->uid) ||
	    !json_member_number(o, "size-kb", 0, INT32_MAX, &size_kb) ||
	    !json_member_number(o, "node", -1, INT32_MAX, &node) ||
	    !json_member_number(o, "number", 0, INT64_MAX, &number) ||
	    !json_member_number(o, "pool", 0, INT64_MAX, &pool))
		return false;
	change->size_kb = (unsigned)size_kb;
	change->node = (int)node;
	change->number = (uint64_t)number;
	change->pool = (uint64_t)pool;
	return cpu_set_parse(&change->cpus, json_member_text(o, "cpus")) &&
	       cpu_set_parse(&change->rest, json_member_text(o, "rest")) &&
	       pci_address_parse(json_member_text(o, "address"), &change->address) &&
	       parse_names(o, change) &&
	       copy_text(change->path, sizeof(change->path), json_member_text(o, "path")) &&
	       (!*change->path || text_starts(change->path, "/dev/")) &&
	       !strstr(change->path, "/../") &&
	       acl_parse(json_member_text(o, "acl"), &change->before);
}

static bool parse_changes(json_object *o, struct journal *journal)
{
	json_object *list;

	if (!json_object_object_get_ex(o, "changes", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > JOURNAL_CHANGES)
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct change change;

		if (!parse_change(json_object_array_get_idx(list, i), &change))
			return false;
		*xappend(journal->change, journal->n) = change;
	}
	return true;
}

static bool parse_irq(const char *name, json_object *value, struct irq_saved *saved)
{
	uint64_t number = 0;

	*saved = (struct irq_saved){.irq = IRQ_DEFAULT};
	if (strcmp(name, DEFAULT_IRQ) != 0) {
		if (!text_u64(name, 10, &number) || number > HIGHEST_IRQ)
			return false;
		saved->irq = (int)number;
	}
	return json_object_is_type(value, json_type_string) &&
	       cpu_set_parse(&saved->affinity, json_object_get_string(value));
}

static bool parse_irqs(json_object *o, struct journal *journal)
{
	json_object *table;

	if (!json_object_object_get_ex(o, "irqs", &table))
		return true;
	if (!json_object_is_type(table, json_type_object) ||
	    json_object_object_length(table) > JOURNAL_IRQS)
		return false;
	json_object_object_foreach(table, name, value)
	{
		struct irq_saved saved;

		if (!parse_irq(name, value, &saved))
			return false;
		*xappend(journal->irq, journal->irqs) = saved;
	}
	return true;
}

struct journal *journal_parse(const char *text, struct error **err)
{
	json_object *o = json_tokener_parse(text);
	own_journal struct journal *journal = xcalloc(1, sizeof(*journal));
	int64_t version;
	bool good = json_object_is_type(o, json_type_object) &&
		    json_member_number(o, "version", 1, 1, &version) && version == 1;

	if (good) {
		journal->boot_id = xstrdup(json_member_text(o, "boot-id"));
		good = member_uid(o, &journal->uid) &&
		       json_member_process(o, "keeper", &journal->keeper) &&
		       json_member_process(o, "qemu", &journal->qemu) &&
		       parse_later_members(o, journal) && parse_changes(o, journal) &&
		       parse_irqs(o, journal);
	}
	json_object_put(o);
	if (good)
		return steal(&journal);
	error_add(err, ERROR_LEFT, "this is no journal of vmlaunch");
	return NULL;
}
