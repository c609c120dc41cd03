/* interrupt.c: Ctrl-C, SIGTERM and SIGHUP cancel the request, so that what is half done is undone:
 * librq removes the file it was writing, the cookies stay as they were.
 *
 * rq_cancel_trigger is not for signal handlers, so the signals are blocked and a thread waits for
 * them. Whoever started the program with a signal ignored (nohup, a shell's background job) keeps
 * that. */
#include "cli.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* How long the request may take to end before the program does; librq promises 0.1 s, but a full
   pipe or a terminal may hold the main thread elsewhere. */
static const unsigned int GRACE_S = 1;

static sigset_t awaited;
static atomic_int caught;
static rq_cancel *token; /* never freed: a signal may come as late as it likes */

int interrupt_signal(void) { return caught; }

static void *wait_for_signals(void *nothing) {
  int number = 0;
  (void)nothing;
  if (sigwait(&awaited, &number) != 0) return NULL;
  caught = number;
  rq_cancel_trigger(token);
  sleep(GRACE_S);
  _exit(EXIT_SIGNAL + number);
}

/* The thread is never joined: it ends with the program. */
const rq_cancel *interrupt_cancels(rq_error **error) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction now;
  pthread_t thread;
  token = rq_cancel_new(error);
  if (!token) return NULL;
  sigemptyset(&awaited);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
      sigaddset(&awaited, numbers[i]);
    }
  }
  pthread_sigmask(SIG_BLOCK, &awaited, NULL);
  int failed = pthread_create(&thread, NULL, wait_for_signals, NULL);
  if (failed) fail(error, RQ_ERR_MISUSE, "no thread to wait for Ctrl-C: %s", strerror(failed));
  return token;
}
