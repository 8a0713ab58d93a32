/* The lab's L2 guest: a Linux whose only process reports on the serial port what it sees and turns
 * the machine off. README.md lists the lines and the parameters.
 */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A line "GUEST kind key=value ...". What is not printable, and ' ', '%', '=', appear as %xx. */
void line_begin(const char *kind);
void line_value(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_bytes(const char *key, const void *bytes, size_t length);
void line_error(void); /* error=..., from errno */
void line_end(void);

/* Contents of a file, at most @size bytes; -1 with errno set. */
ssize_t file_read(const char *path, void *buffer, size_t size);
int file_write(const char *path, const char *text);

/* The nth value of guest.NAME= on the kernel's command line, or NULL. */
const char *parameter(const char *name, unsigned nth);
long parameter_number(const char *name, long otherwise);

double uptime(void);
void sleep_ms(long ms);

/* Waits up to 20 s for a path that matches. */
bool wait_for_path(const char *pattern);

/* Loads /mods/NAME; says so if it cannot be. */
void load_module(const char *name, const char *options);

/* Loads the drivers of all devices, until no new device has appeared for guest.settle ms. */
void load_drivers(void);

void report_machine(void);
void report_devices(void);

/* Plays a tenth of a second of silence on each sound card: shows that DMA and interrupts work. */
void play_sound(void);

/* What the parameters guest.write, guest.read, guest.rom, guest.acpi-rom, guest.bar ask for. */
void do_actions(void);

#endif
