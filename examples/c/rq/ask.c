/* ask.c: a password that is not on the command line, where others on the machine could see it. It
 * is asked for on the terminal, which does not show it. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1024 };

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static volatile sig_atomic_t caught;

static void catch_signal(int number) { caught = number; }

/* A line without its end; signals end it. The terminal edits it before it is read. */
static bool read_line(int terminal, char *into, size_t room) {
  size_t len = 0;
  char byte = '\0';
  while (!caught && len + 1 < room) {
    ssize_t got = read(terminal, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR) || (got == 1 && byte == '\n')) break;
    if (got == 1) into[len++] = byte;
  }
  into[len] = '\0';
  return byte == '\n' && !caught;
}

/* Asks once nothing is shown any more, and shows it again whatever happens meanwhile. */
static bool read_unseen(int terminal, const char *user, char *into, size_t room) {
  struct termios before, unseen;
  if (tcgetattr(terminal, &before) != 0) return false;
  unseen = before;
  unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
  unseen.c_lflag |= ECHONL;
  tcsetattr(terminal, TCSAFLUSH, &unseen);
  dprintf(terminal, "password of %s: ", user);
  bool is_whole = read_line(terminal, into, room);
  tcsetattr(terminal, TCSAFLUSH, &before);
  return is_whole;
}

/* NULL if there is no terminal, or nobody answers. A signal that came meanwhile takes effect once
   the terminal is as it was. */
const char *ask_password(const char *user, rq_error **error) {
  struct sigaction before[NUMBERS], while_asking = {.sa_handler = catch_signal};
  char *password = allocate(PASSWORD_MAX);
  int terminal = *error ? -1 : open("/dev/tty", O_RDWR | O_NOCTTY);
  bool is_whole = false;
  sigemptyset(&while_asking.sa_mask);
  if (terminal >= 0) {
    for (size_t i = 0; i < NUMBERS; i++) sigaction(numbers[i], &while_asking, &before[i]);
    is_whole = read_unseen(terminal, user, password, PASSWORD_MAX);
    for (size_t i = 0; i < NUMBERS; i++) sigaction(numbers[i], &before[i], NULL);
    close(terminal);
    if (caught) raise(caught);
  }
  if (!is_whole) {
    fail(error, RQ_ERR_INVALID_ARGUMENT, "--user has no password, and there is no terminal to ask "
         "for it: give USER:PASSWORD");
  }
  return is_whole ? password : NULL;
}
