/* Services that are stopped while a machine runs, and started again. */
#include "state.h"

bool pause_service(struct keeper *k, enum service service, struct error **err)
{
	struct change change = {.kind = CHANGE_SERVICE, .number = service};

	if (!service_is_active(service))
		return true;
	if (!journal_add(k->journal, &change, err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "systemctl stop %s", service_name(service));
	return service_stop(service, err);
}

bool undo_service(struct keeper *k, const struct change *change, struct error **err)
{
	if (change->number >= SERVICES || service_is_active((enum service)change->number))
		return true;
	keeper_report(k, REPORT_PROGRESS, 0, "systemctl start %s",
		      service_name((enum service)change->number));
	return service_start((enum service)change->number, err);
}
