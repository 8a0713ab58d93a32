/* Services that are stopped while a machine runs, and started again. Where several machines need
 * one stopped, each writes it down, and the last of them to end starts it.
 */
#include "base/alloc.h"
#include "host/manager.h"
#include "state.h"

static bool is_paused_for_another(const struct keeper *k, enum service service)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool paused = false;

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < others[i]->n; c++)
			paused = paused || (others[i]->change[c].kind == CHANGE_SERVICE &&
					    others[i]->change[c].number == service);
	journals_free(others, n);
	return paused;
}

static void report_command(struct keeper *k, enum service service, const char *verb)
{
	own_free char *command =
		manager_command(manager_read(&ROOT_REAL), service_name(service), verb);

	keeper_report(k, REPORT_PROGRESS, 0, "%s", command);
}

bool pause_service(struct keeper *k, enum service service, struct error **err)
{
	struct change change = {.kind = CHANGE_SERVICE, .number = service};
	bool active = service_is_active(service);

	if (!active && !is_paused_for_another(k, service))
		return true;
	if (!journal_add(k->journal, &change, err))
		return false;
	if (!active)
		return true;
	report_command(k, service, "stop");
	return service_stop(service, err);
}

bool undo_service(struct keeper *k, const struct change *change, struct error **err)
{
	enum service service = (enum service)change->number;

	if (change->number >= SERVICES || is_paused_for_another(k, service) ||
	    service_is_active(service))
		return true;
	report_command(k, service, "start");
	return service_start(service, err);
}
