/*
 * The two languages of the report and the channel they leave by.
 *
 * The channel is QEMU's debug console (isa-debugcon) where there is one, else the first serial
 * port, written directly. The firmware's console is never used: with a graphics device it is
 * twenty times slower, and it mixes escape sequences into the text.
 *
 * Whatever comes from a table of the machine may hold any byte: a profile's SMBIOS strings, or a
 * broken or malicious ROM. Nothing but printable ASCII and '\n' leaves here, so the text can
 * go to a terminal as it is, and no value can forge a line or a key.
 */
#include <stdbool.h>

#include "io.h"
#include "out.h"
#include "text.h"

/* QEMU hw/char/debugcon.c: the default readback value, and the port that OVMF made customary. */
#define DEBUGCON_PORT 0x402
#define DEBUGCON_READBACK 0xe9

/* PC16550D data sheet: transmitter holding register at +0, line status at +5, bit 5 THR empty. */
#define SERIAL_PORT 0x3f8
#define SERIAL_STATUS (SERIAL_PORT + 5)
#define SERIAL_THR_EMPTY 0x20
/* Reads of a port where nobody answers give all ones. */
#define SERIAL_ABSENT 0xff
/* Reads of the status before a byte is given up: far over 1/960 s, the slowest real byte. */
#define SERIAL_PATIENCE 1000000

static enum { CHANNEL_NONE, CHANNEL_DEBUGCON, CHANNEL_SERIAL } channel;

static char buffer[512];
static size_t used;

void out_open(void)
{
	if (in8(DEBUGCON_PORT) == DEBUGCON_READBACK)
		channel = CHANNEL_DEBUGCON;
	else if (in8(SERIAL_STATUS) != SERIAL_ABSENT)
		channel = CHANNEL_SERIAL;
	/* The firmware's console may have left the cursor anywhere in a line of that port. */
	if (channel == CHANNEL_SERIAL)
		line_end();
}

/* A port that does not take a byte in time is given up for good: the VM must still end. */
static void serial_byte(char byte)
{
	for (int tries = 0; tries < SERIAL_PATIENCE; tries++) {
		if (in8(SERIAL_STATUS) & SERIAL_THR_EMPTY) {
			out8(SERIAL_PORT, (uint8_t)byte);
			return;
		}
	}
	channel = CHANNEL_NONE;
}

static void flush(void)
{
	if (channel == CHANNEL_DEBUGCON)
		out8_string(DEBUGCON_PORT, buffer, used);
	for (size_t i = 0; i < used && channel == CHANNEL_SERIAL; i++)
		serial_byte(buffer[i]);
	used = 0;
}

/* The only way out. Every caller has made sure that @byte is printable or '\n'. */
static void put(char byte)
{
	buffer[used++] = byte;
	if (byte == '\n' || used == sizeof(buffer))
		flush();
}

static bool printable(char byte)
{
	return byte >= 0x20 && byte <= 0x7e;
}

void people(const char *format, ...)
{
	char text[512];
	va_list list;
	size_t length;

	va_start(list, format);
	length = text_format_list(text, sizeof(text), format, list);
	va_end(list);
	for (size_t i = 0; i < length; i++)
		put(printable(text[i]) || text[i] == '\n' ? text[i] : '?');
}

static void put_word(const char *word)
{
	while (*word)
		put(*word++);
}

static void put_hex(uint8_t byte)
{
	put("0123456789abcdef"[byte >> 4]);
	put("0123456789abcdef"[byte & 15]);
}

/* Escapes what would end the value or confuse who splits the line at blanks and '='. */
static void put_escaped(char byte)
{
	if (printable(byte) && byte != ' ' && byte != '%' && byte != '=') {
		put(byte);
		return;
	}
	put('%');
	put_hex((uint8_t)byte);
}

void line_begin(const char *kind)
{
	put_word("VMPROBE ");
	put_word(kind);
}

static void put_key(const char *key)
{
	put(' ');
	put_word(key);
	put('=');
}

void line_value(const char *key, const char *format, ...)
{
	char text[256];
	va_list list;
	size_t length;

	va_start(list, format);
	length = text_format_list(text, sizeof(text), format, list);
	va_end(list);
	line_bytes(key, text, length);
}

void line_bytes(const char *key, const void *bytes, size_t length)
{
	const char *at = bytes;

	put_key(key);
	for (size_t i = 0; i < length; i++)
		put_escaped(at[i]);
}

void line_hex(const char *key, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	put_key(key);
	for (size_t i = 0; i < length; i++)
		put_hex(at[i]);
}

void line_end(void)
{
	put('\n');
}

void line_marker(const char *marker)
{
	put_word("VMPROBE ");
	put_word(marker);
	put('\n');
}
