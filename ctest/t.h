/* t.h: the test kit: checks that report and go on, RUN and DONE, the server's addresses, a clock.
 * It starts no server: testd does, and tells the tests through RQ_TEST_* (tests/testd).
 * A failed check never ends a test early: librq takes NULL everywhere, what follows is safe. */
#ifndef T_H
#define T_H

#include <rq.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int t_failures;

#define CHECK(condition) t_check(__FILE__, __LINE__, (condition), "%s", #condition)
#define CHECK_INT(got, want) t_check_int(__FILE__, __LINE__, (got), (want), #got)
#define CHECK_STR(got, want) t_check_str(__FILE__, __LINE__, (got), (want), #got)
/* Takes the error: checks its code and that a failure has a message; frees it, sets it to NULL. */
#define CHECK_CODE(error, want) t_check_code(__FILE__, __LINE__, &(error), (want))
#define RUN(test) t_run(#test, (test))
#define DONE() return t_failures ? EXIT_FAILURE : EXIT_SUCCESS

__attribute__((format(printf, 4, 5)))
static inline void t_check(const char *file, int line, bool ok, const char *format, ...) {
  va_list values;
  if (ok) return;
  __atomic_fetch_add(&t_failures, 1, __ATOMIC_RELAXED); /* checks run on any thread */
  printf("%s:%d: failed: ", file, line);
  va_start(values, format);
  vprintf(format, values);
  va_end(values);
  printf("\n");
  fflush(stdout);
}

static inline void t_check_int(const char *file, int line, long long got, long long want,
                               const char *text) {
  t_check(file, line, got == want, "%s is %lld, not %lld", text, got, want);
}

static inline void t_check_str(const char *file, int line, const char *got, const char *want,
                               const char *text) {
  bool same = got && want ? strcmp(got, want) == 0 : got == want;
  t_check(file, line, same, "%s is \"%s\", not \"%s\"", text, got ? got : "(null)",
          want ? want : "(null)");
}

static inline void t_check_code(const char *file, int line, rq_error **error, int32_t want) {
  int32_t got = rq_error_code(*error);
  const char *message = rq_error_message(*error);
  t_check(file, line, got == want && (want == RQ_OK) == (message[0] == '\0'),
          "%s, not %s: \"%s\"", rq_code_name(got), rq_code_name(want), message);
  rq_error_free(*error);
  *error = NULL;
}

static inline double t_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline void t_sleep_ms(long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&pause, &pause) != 0) {
  }
}

static inline void t_run(const char *name, void (*test)(void)) {
  int before = t_failures;
  double start = t_now_ms();
  test();
  printf("%s %s (%.0f ms)\n", t_failures == before ? "ok  " : "FAIL", name, t_now_ms() - start);
  fflush(stdout);
}

static inline const char *t_env(const char *name) {
  const char *value = getenv(name);
  if (value) return value;
  fprintf(stderr, "%s is not set: run this program under testd\n", name);
  exit(EXIT_FAILURE);
}

/* How much slower than a bare run this one may be: 1, or RQ_TEST_SLOWNESS (set for valgrind). */
static inline int t_slowness(void) {
  const char *value = getenv("RQ_TEST_SLOWNESS");
  return value ? atoi(value) : 1;
}

/* The value of the variable `base` and then `path`; good for the thread's next seven calls. */
static inline const char *t_url(const char *base, const char *path) {
  static _Thread_local char urls[8][512];
  static _Thread_local unsigned next;
  char *url = urls[next++ % 8];
  snprintf(url, sizeof urls[0], "%s%s", t_env(base), path);
  return url;
}

static inline bool t_has(const char *text, const char *part) { return text && strstr(text, part); }

/* The number the server gave to the connection a response came over; 0 without a response. */
static inline int t_connection(const rq_response *response) {
  const char *number = rq_response_header(response, "X-Connection");
  return number ? atoi(number) : 0;
}

/* GETs, reads all of it, and returns the connection's number; 0 with *error set on failure. */
static inline int t_get(const rq_session *session, const char *url, rq_error **error) {
  size_t len = 0;
  rq_response *response = rq_get(session, url, error);
  int connection = rq_body_bytes(response, &len, error) ? t_connection(response) : 0;
  rq_response_free(response);
  return connection;
}

#endif
