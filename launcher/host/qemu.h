/* What facts_qemu() is made of: asking a binary, and remembering its answer. Private to this room
 * and to its tests.
 */
#ifndef HOST_QEMU_H
#define HOST_QEMU_H

#include <stdbool.h>

#include "base/json.h"
#include "facts.h"

/* Silence of a QEMU that does not even work, in milliseconds. */
#define QEMU_ANSWER_MS 30000

/* One question over QMP, as it is sent; answers come back under its id. */
struct qemu_question {
	const char *id, *text;
	bool may_fail; /* an error is an answer: an empty list */
};

enum qemu_question_id {
	ASK_VERSION,
	ASK_MACHINES,
	ASK_DEVICES,
	ASK_OBJECTS,
	ASK_OPTIONS,
	ASK_SCHEMA,
	ASK_BLK,
	ASK_SCSI,
	QEMU_QUESTIONS,
};
extern const struct qemu_question qemu_question[QEMU_QUESTIONS];

/* What each list of names is called in the cache. */
extern const char *const qemu_offer_word[QEMU_OFFERS];

/* Fills version, package and offers from the answers, of which none is NULL. False, with *qemu
 * untouched, where one is not what QEMU answers.
 */
bool qemu_understand(struct qemu_facts *qemu, struct json_object *const answer[QEMU_QUESTIONS]);

/* Runs the binary once and asks over QMP what it is and what it offers; qemu->path is path. Gives
 * up once it has neither said nor done anything for wait_ms, and in any case after twenty times
 * that.
 */
bool qemu_ask(struct qemu_facts *qemu, const char *path, unsigned wait_ms, struct error **err);

enum trial { TRIAL_UNKNOWN, TRIAL_GOOD, TRIAL_REFUSED };

/* Runs the binary with these arguments (at most 24, NULL at the end), which make it end by itself,
 * or hold a QMP monitor on its standard input and output: there it is told to end as soon as it is
 * a machine. *said (said NULL: nobody wants it) is what it wrote to its standard output, and NULL
 * where it could not be run. TRIAL_REFUSED: it ended by itself with a status of failure; *words is
 * then the last line of its complaint, "" without one, else NULL or of no meaning; the caller owns
 * both. TRIAL_UNKNOWN: it could not be run, was killed by a signal, or neither said nor did
 * anything for wait_ms.
 */
enum trial qemu_try(const char *path, const char *const *argv, unsigned wait_ms, char **said,
		    char **words);

/* What tells one binary from another that was put in its place; NULL when there is none. To be
 * compared by json_object_equal() and freed by json_object_put().
 */
struct json_object *qemu_identity(const char *path);

/* Fills *qemu from the cache if that speaks of just this binary. */
bool qemu_cache_read(struct qemu_facts *qemu, const char *cache_dir, const char *path,
		     struct json_object *identity);
/* Remembers *qemu; where that cannot be done the next start asks again. */
void qemu_cache_write(const struct qemu_facts *qemu, const char *cache_dir,
		      struct json_object *identity);

/* The schema of QMP that a binary gave as text before, which the caller owns, *len bytes; NULL
 * where none is kept for just this binary and build (a text without newlines that QEMU greets
 * with).
 */
char *qemu_schema_read(const char *cache_dir, const char *path, const char *build, size_t *len);
/* Keeps it; where that cannot be done it is asked for again. */
void qemu_schema_write(const char *cache_dir, const char *path, const char *build, const char *text,
		       size_t len);

/* Takes the strings out of an array: of strings (member NULL), or of objects with such a member.
 * False, with *names untouched, when it is no array or some element has no string.
 */
bool qemu_names(struct json_object *array, const char *member, struct qemu_names *names);

void qemu_facts_free(struct qemu_facts *qemu);

#endif
