/* Theory of operation: while a line is edited, the terminal is raw but for output (OPOST), and the
 * editor draws. A program that sends text meanwhile takes the line off the screen, prints, and
 * draws it again, all in one write. What can end the program is taken by a signalfd, so that the
 * terminal is always given back. A terminal that cannot move its cursor (TERM=dumb) keeps its own
 * editing: lines come whole then, and nothing but text is written.
 */
#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define KEYS_MOST (1U << 20)

static void write_out(struct buf *out)
{
	fd_write_all(STDOUT_FILENO, out->data, out->len);
	buf_free(out);
}

static void look_at_size(struct terminal *terminal)
{
	struct winsize size = {0};

	terminal->columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 10
				    ? size.ws_col
				    : 80;
}

static void make_raw(struct terminal *terminal)
{
	struct termios raw = terminal->before;

	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

bool terminal_is_dumb(void)
{
	const char *kind = getenv("TERM");

	return !kind || !*kind || strcmp(kind, "dumb") == 0;
}

void terminal_open(struct terminal *terminal)
{
	struct buf out = {0};
	sigset_t set;

	*terminal = (struct terminal){.editor = editor_new(), .signals = -1};
	terminal->plain = terminal_is_dumb() || tcgetattr(STDIN_FILENO, &terminal->before) < 0;
	/* Widths of characters; what is written is UTF-8 whatever the user's locale is. */
	setlocale(LC_CTYPE, "C.UTF-8");
	look_at_size(terminal);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	terminal->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal->plain)
		return;
	make_raw(terminal);
	buf_adds(&out, "\x1b[?2004h"); /* what is pasted comes marked */
	write_out(&out);
}

void terminal_close(struct terminal *terminal)
{
	struct buf out = {0};

	if (!terminal->editor)
		return;
	if (terminal->plain && terminal->prompt)
		buf_addc(&out, '\n');
	if (!terminal->plain) {
		editor_hide(terminal->editor, &out);
		buf_adds(&out, "\x1b[?2004l");
	}
	write_out(&out);
	if (!terminal->plain) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
	}
	editor_free(steal(&terminal->editor));
	free(steal(&terminal->prompt));
	buf_free(&terminal->keys);
	close_fd(&terminal->signals);
}

static void draw_terminal(struct terminal *terminal, struct buf *out)
{
	if (!terminal->plain && terminal->prompt)
		editor_show(terminal->editor, terminal->prompt, terminal->columns, out);
}

void terminal_prompt(struct terminal *terminal, const char *prompt)
{
	struct buf out = {0};
	bool same = terminal->prompt && strcmp(terminal->prompt, prompt) == 0;

	editor_hide(terminal->editor, &out);
	if (!same) {
		free(terminal->prompt);
		terminal->prompt = xstrdup(prompt);
	}
	if (terminal->plain && !same)
		buf_adds(&out, prompt);
	draw_terminal(terminal, &out);
	write_out(&out);
}

void terminal_print(struct terminal *terminal, const char *text)
{
	struct buf out = {0};
	size_t len = strlen(text);

	editor_hide(terminal->editor, &out);
	if (terminal->plain && terminal->prompt)
		buf_addc(&out, '\n');
	buf_add(&out, text, len);
	if (len && text[len - 1] != '\n')
		buf_addc(&out, '\n');
	if (terminal->plain && terminal->prompt)
		buf_adds(&out, terminal->prompt);
	draw_terminal(terminal, &out);
	write_out(&out);
}

void terminal_finish(struct terminal *terminal)
{
	struct buf out = {0};

	if (!terminal->plain)
		editor_leave(terminal->editor, &out);
	free(steal(&terminal->prompt));
	write_out(&out);
}

void terminal_clear(struct terminal *terminal)
{
	struct buf out = {0};

	editor_hide(terminal->editor, &out);
	buf_adds(&out, "\x1b[H\x1b[2J");
	draw_terminal(terminal, &out);
	write_out(&out);
}

void terminal_read(struct terminal *terminal)
{
	char bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n > 0 && terminal->keys.len < KEYS_MOST)
		buf_add(&terminal->keys, bytes, (size_t)n);
	else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		terminal->ended = true;
}

void terminal_signals(struct terminal *terminal)
{
	struct signalfd_siginfo info;
	struct buf out = {0};

	while (read(terminal->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			editor_hide(terminal->editor, &out);
			look_at_size(terminal);
			draw_terminal(terminal, &out);
			write_out(&out);
		} else if (info.ssi_signo == SIGINT) {
			buf_addc(&terminal->keys, 'C' - '@'); /* of a plain terminal */
		} else {
			terminal->killed = true;
		}
	}
}

int terminal_key(struct terminal *terminal)
{
	if (terminal->keys_at == terminal->keys.len) {
		terminal->keys.len = terminal->keys_at = 0;
		return -1;
	}
	return (unsigned char)terminal->keys.data[terminal->keys_at++];
}

void terminal_forget(struct terminal *terminal)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
	terminal->keys_at = terminal->keys.len;
}

bool terminal_interrupted(struct terminal *terminal)
{
	char *keys = terminal->keys.data;

	for (size_t i = terminal->keys.len; i-- > terminal->keys_at;)
		if (keys[i] == 'C' - '@') {
			terminal->keys_at = i + 1;
			return true;
		}
	return false;
}
