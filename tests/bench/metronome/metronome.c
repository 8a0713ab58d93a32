/* A guest that is nothing but a metronome: it sets the interval timer to a millisecond, halts until
 * the interrupt, and notes by the time stamp counter how long that took. What is longer than a
 * millisecond is the time that timer, QEMU, host's scheduler and processor took to wake it up.
 *
 * Bare metal, 32 bits, started by a multiboot loader such as QEMU's -kernel behind SeaBIOS. To the
 * debug port it writes, in the end, so that nothing is written while it measures:
 *
 *   METRONOME calibration=T samples=N    T: ticks of the counter in 20 ms
 *   then N lines with a number each: ticks from setting the timer to the interrupt
 *   END
 *
 * then it turns itself off by the ACPI registers that SeaBIOS gives to a q35.
 */
#include <stdint.h>

#define SAMPLES 3000
#define PERIOD 1193U	   /* PIT ticks: a millisecond */
#define CALIBRATION 23864U /* PIT ticks: 20 ms */

/* Ports (8254, 8259A, and QEMU's). */
#define PIC1 0x20
#define PIC2 0xa0
#define PIT 0x40
#define GATE 0x61
#define DEBUG 0x402
#define PM1A_CONTROL 0x604

/* ------------------------------------------------------------------ the way in */

__asm__(".section .multiboot, \"a\"\n"
	".align 4\n"
	".long 0x1badb002, 0, -0x1badb002\n"
	".text\n"
	".globl _start\n"
	"_start:\n"
	"	cli\n"
	"	mov $stack_end, %esp\n"
	"	call metronome\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	/* The timer's interrupt: the first thing is the time. */
	"on_timer:\n"
	"	push %eax\n"
	"	push %edx\n"
	"	rdtsc\n"
	"	mov %eax, woken\n"
	"	mov %edx, woken + 4\n"
	"	mov $0x20, %al\n"
	"	out %al, $0x20\n"
	"	movl $1, rang\n"
	"	pop %edx\n"
	"	pop %eax\n"
	"	iret\n"
	/* Any other: forget it. */
	"on_other:\n"
	"	iret\n"
	".bss\n"
	".align 16\n"
	"	.skip 16384\n"
	"stack_end:\n"
	".text\n");

void on_timer(void);
void on_other(void);
void metronome(void);
volatile uint64_t woken;
volatile uint32_t rang;

struct gate {
	uint16_t low, selector, flags, high;
} __attribute__((packed));
struct table {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

static struct gate idt[256] __attribute__((aligned(8)));
static const uint64_t gdt[] = {0, 0x00cf9a000000ffffULL, 0x00cf92000000ffffULL};
static uint32_t sample[SAMPLES];

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* ------------------------------------------------------------------ setting up */

static void set_gate(unsigned vector, void (*handler)(void))
{
	uint32_t at = (uint32_t)handler;

	idt[vector] = (struct gate){(uint16_t)at, 0x08, 0x8e00, (uint16_t)(at >> 16)};
}

static void load_tables(void)
{
	const struct table g = {sizeof(gdt) - 1, (uint32_t)gdt},
			   i = {sizeof(idt) - 1, (uint32_t)idt};

	for (unsigned v = 0; v < 256; v++)
		set_gate(v, on_other);
	set_gate(0x20, on_timer);
	__asm__ volatile("lgdt %0\n"
			 "ljmp $0x08, $1f\n"
			 "1: mov $0x10, %%eax\n"
			 "mov %%eax, %%ds\n"
			 "mov %%eax, %%es\n"
			 "mov %%eax, %%ss\n"
			 "lidt %1\n"
			 :
			 : "m"(g), "m"(i)
			 : "eax", "memory");
}

/* Both interrupt controllers at vectors 0x20 and 0x28, all but the timer masked. */
static void set_controllers(void)
{
	out8(PIC1, 0x11);
	out8(PIC2, 0x11);
	out8(PIC1 + 1, 0x20);
	out8(PIC2 + 1, 0x28);
	out8(PIC1 + 1, 4);
	out8(PIC2 + 1, 2);
	out8(PIC1 + 1, 1);
	out8(PIC2 + 1, 1);
	out8(PIC1 + 1, 0xfe);
	out8(PIC2 + 1, 0xff);
}

/* Ticks of the time stamp counter in CALIBRATION ticks of the PIT's third channel. The least of
 * several, because whatever disturbs makes it longer.
 */
static uint32_t calibrate(void)
{
	uint32_t least = UINT32_MAX;

	for (int tries = 0; tries < 5; tries++) {
		uint64_t begin;
		uint32_t took;

		out8(GATE, (in8(GATE) & 0xfcU) | 1);
		out8(PIT + 3, 0xb0);
		out8(PIT + 2, CALIBRATION & 0xff);
		out8(PIT + 2, CALIBRATION >> 8);
		begin = now();
		while (!(in8(GATE) & 0x20))
			;
		took = (uint32_t)(now() - begin);
		if (took < least)
			least = took;
	}
	return least;
}

/* ------------------------------------------------------------------ measuring */

static uint32_t one(void)
{
	uint64_t begin;

	rang = 0;
	out8(PIT + 3, 0x30);
	out8(PIT, PERIOD & 0xff);
	begin = now();
	out8(PIT, PERIOD >> 8);
	/* No interrupt comes between sti and hlt. */
	while (!rang)
		__asm__ volatile("sti\n hlt\n cli" : : : "memory");
	return woken - begin > UINT32_MAX ? UINT32_MAX : (uint32_t)(woken - begin);
}

/* ------------------------------------------------------------------ telling */

static void tell(const char *text)
{
	for (; *text; text++)
		out8(DEBUG, (uint8_t)*text);
}

static void tell_number(uint32_t value)
{
	char text[12];
	unsigned at = sizeof(text) - 1;

	text[at] = '\0';
	do
		text[--at] = (char)('0' + value % 10);
	while (value /= 10);
	tell(text + at);
}

void metronome(void)
{
	uint32_t ticks;

	load_tables();
	set_controllers();
	ticks = calibrate();
	for (unsigned i = 0; i < 100; i++)
		one();
	for (unsigned i = 0; i < SAMPLES; i++)
		sample[i] = one();
	tell("METRONOME calibration=");
	tell_number(ticks);
	tell(" samples=");
	tell_number(SAMPLES);
	tell("\n");
	for (unsigned i = 0; i < SAMPLES; i++) {
		tell_number(sample[i]);
		tell("\n");
	}
	tell("END\n");
	out16(PM1A_CONTROL, 0x2000);
}
