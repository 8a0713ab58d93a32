#include "parts.h"

static void add_left(void *context, const char *line)
{
	draft_left(context, "%s", line);
}

static bool is_machine(xmlNode *domain, const char *name, struct error **err)
{
	own_free char *type = NULL;

	if (!xml_is(domain, "domain")) {
		error_add(err, ERROR_USAGE, "%s: it is a <%s>, not a <domain>", name,
			  (const char *)domain->name);
		return false;
	}
	if (xml_has(domain, "type", "kvm") || xml_has(domain, "type", "qemu"))
		return true;
	type = xml_attr(domain, "type");
	error_add(err, ERROR_USAGE, "%s: a domain of type %s is no machine of QEMU's", name,
		  type ? type : "(none)");
	return false;
}

bool import_domain(struct draft *d, const char *name, const char *data, size_t len,
		   struct error **err)
{
	xmlNode *domain;
	own_xml xmlDoc *doc = xml_read(name, data, len, &domain, err);

	if (!doc || !is_machine(domain, name, err))
		return false;
	/* Of one that runs. */
	xml_ignore(domain, "id");
	import_machine(d, domain);
	import_processors(d, domain);
	import_devices(d, domain);
	import_hostdevs(d, domain);
	import_boot_order(d, domain);
	import_command_line(d, domain);
	import_hidden(d);
	xml_rest(domain, add_left, d);
	return true;
}
