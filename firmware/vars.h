/* The variable store of one VM: copied once from the firmware's template, then the guest's own. It
 * is never overwritten; only vars_reset() puts a fresh one in its place, keeping the old one.
 */
#ifndef FIRMWARE_VARS_H
#define FIRMWARE_VARS_H

#include <stdbool.h>

#include "base/error.h"

/* Makes path from template (mode 0600; temporary file and rename) unless it exists. An existing
 * store whose size is not the template's belongs to another firmware: refused, with what to do.
 */
bool vars_prepare(const char *path, const char *template_path, struct error **err);

/* Makes path anew, as vars_prepare() does, as a copy of the store, which must fit the template; of
 * the template where there is no such store.
 */
bool vars_copy(const char *path, const char *store, const char *template_path, struct error **err);

/* Moves an existing store to PATH.old (or, where that is taken, PATH.old-last) and makes a fresh
 * one. */
bool vars_reset(const char *path, const char *template_path, struct error **err);

#endif
