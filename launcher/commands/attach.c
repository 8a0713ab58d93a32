#include "run/attach.h"
#include "common.h"
#include "plugged.h"

int command_attach(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *dir = name ? instance(name, &record, err) : NULL;
	struct ending ending;

	return dir && machine_attach(dir, plugged_find, &ending, err) ? 0 : ERROR_FAILED;
}
