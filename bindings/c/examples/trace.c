/* trace.c: GETs a URL as a browser would, and tells on stderr what happens and when: every step,
 * every redirect, every try; the body goes to a file, whole or not at all, or to stdout.
 *
 *   cc trace.c $(pkg-config --cflags --libs rq) -o trace
 *   ./trace https://example.org/ page.html
 *
 * Hooks belong to settings: these are the session's, so they see all of its requests. */
#include <rq.h>

#include <inttypes.h>
#include <stdio.h>

static void show_step(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  static const char *const names[] = {"?",    "dns",  "connect", "tls",   "reused",
                                      "sent", "head", "body",    "retry", "redirect"};
  size_t number = (size_t)step < sizeof names / sizeof names[0] ? (size_t)step : 0;
  (void)context;
  fprintf(stderr, "%8.1f ms  %-8s  %s\n", (double)elapsed_us / 1000, names[number], about);
}

/* Runs for each response, redirects too. NULL: it stays as it is. */
static rq_response *show_response(void *context, rq_response *response, rq_error **error) {
  const char *type = rq_response_header(response, "Content-Type");
  (void)context, (void)error;
  fprintf(stderr, "             %d %s, %s\n", (int)rq_response_status(response),
          rq_response_reason(response), type ? type : "of no type");
  return NULL;
}

/* To the file if there is one; else line by line as UTF-8, whatever encoding it came in. */
static void keep(rq_response *response, const char *path, rq_error **error) {
  size_t len = 0;
  const char *line;
  if (path) {
    int64_t bytes = rq_body_save(response, path, error);
    if (bytes >= 0) fprintf(stderr, "%" PRId64 " bytes in %s\n", bytes, path);
    return;
  }
  while ((line = rq_body_text_line(response, &len, error))) printf("%.*s\n", (int)len, line);
}

int main(int argc, char **argv) {
  rq_error *e = NULL;
  if (argc < 2) {
    fprintf(stderr, "usage: trace URL [FILE]\n");
    return 2;
  }
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_on_trace(opts, show_step, NULL, NULL, &e);
  rq_opts_on_response(opts, show_response, NULL, NULL, &e);
  rq_opts_retries(opts, 2, &e);
  rq_opts_retry_backoff_ms(opts, 500, 10000, &e);

  rq_response *response = rq_get(session, argv[1], &e);
  for (size_t i = 0; i < rq_response_history_count(response); i++) {
    fprintf(stderr, "by way of %s\n", rq_response_url(rq_response_history_at(response, i)));
  }
  keep(response, argc > 2 ? argv[2] : NULL, &e);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int status = e ? 1 : 0;
  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return status;
}
