#include <stdio.h>

#include "base/json.h"
#include "base/own.h"
#include "command.h"

void print_document(json_object *value)
{
	own_free char *text = json_document(value);

	fputs(text, stdout);
}
