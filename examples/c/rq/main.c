/* main.c: rq, HTTP from the command line, for daily work. rq(1) is its manual.
 *
 *   cc *.c $(pkg-config --cflags --libs rq) -pthread -o rq
 *   ./rq https://example.org/get q==librq
 *   ./rq POST https://example.org/post name=Ann age:=42
 *
 * Here: the order of things, what they fail as, and memory. The rest is listed in cli.h. */
#include "cli.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was allocated, the last first. */
typedef struct block {
  struct block *before;
  max_align_t memory[];
} block;

static block *blocks;

/* Memory for as long as the program runs, zeroed: a tool of one request has no use for less. */
void *allocate(size_t bytes) {
  block *made = bytes < SIZE_MAX - sizeof *made ? calloc(1, sizeof *made + bytes) : NULL;
  if (!made) {
    fputs("rq: out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  made->before = blocks;
  blocks = made;
  return made->memory;
}

static void free_all(void) {
  while (blocks) {
    block *before = blocks->before;
    free(blocks);
    blocks = before;
  }
}

char *copy_text(const char *from, size_t len) {
  char *copy = allocate(len + 1);
  memcpy(copy, from, len);
  return copy;
}

/* Sets an error of the program's own; one that is set already stays. */
void fail(rq_error **error, rq_code code, const char *format, ...) {
  char message[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  rq_error_set(error, (int32_t)code, message);
}

/* The exit status of an error, part of the interface: rq(1), EXIT STATUS. Never changed, added to
   only. */
static int exit_status(rq_code code) {
  switch (code) {
    case RQ_OK: return EXIT_SUCCESS;
    case RQ_ERR_INVALID_ARGUMENT:
    case RQ_ERR_INVALID_URL:
    case RQ_ERR_MISSING_SCHEMA:
    case RQ_ERR_INVALID_SCHEMA:
    case RQ_ERR_INVALID_HEADER:
    case RQ_ERR_INVALID_METHOD:
    case RQ_ERR_INVALID_JSON:
    case RQ_ERR_INVALID_COOKIE:
    case RQ_ERR_INVALID_PROXY: return EXIT_USAGE;
    case RQ_ERR_FILE: return EXIT_FILE;
    case RQ_ERR_DNS: return 4;
    case RQ_ERR_CONNECT: return 5;
    case RQ_ERR_TLS: return 6;
    case RQ_ERR_PROXY:
    case RQ_ERR_SOCKS: return 7;
    case RQ_ERR_CONNECT_TIMEOUT:
    case RQ_ERR_READ_TIMEOUT:
    case RQ_ERR_WRITE_TIMEOUT:
    case RQ_ERR_TOTAL_TIMEOUT:
    case RQ_ERR_POOL_TIMEOUT: return 8;
    case RQ_ERR_SEND:
    case RQ_ERR_CLOSED:
    case RQ_ERR_PROTOCOL:
    case RQ_ERR_INCOMPLETE:
    case RQ_ERR_LIMIT:
    case RQ_ERR_DECODE: return 9;
    case RQ_ERR_BODY:
    case RQ_ERR_BODY_LENGTH: return 10;
    case RQ_ERR_TOO_MANY_REDIRECTS: return 11;
    case RQ_ERR_STATUS: return EXIT_STATUS;
    case RQ_ERR_CANCELLED: return EXIT_SIGNAL + interrupt_signal();
    default: return EXIT_FAILURE;
  }
}

static int report(rq_error *error) {
  int status = exit_status(rq_error_code(error));
  if (error) say("%s", rq_error_message(error));
  if (status == EXIT_USAGE) fputs("Try \"rq --help\", or \"man rq\".\n", stderr);
  rq_error_free(error);
  return status;
}

/* --curl: shows what would be sent, and sends nothing. */
static void print_as_curl(const rq_session *session, const rq_request *request, rq_error **error) {
  rq_prepared *prepared = rq_prepare(session, request, error);
  const char *line = rq_prepared_curl(prepared, false, error);
  if (line) puts(line);
  rq_prepared_free(prepared);
}

/* Where -C will put the body, known before the request; NULL without -C. */
static const char *resumed_path(const cli *given, rq_error **error) {
  if (!given->resume) return NULL;
  return given->remote_name ? name_of_url(given->url, error) : given->output;
}

/* A status is no failure unless --fail says so; -C never adds an error's page to a file. */
static void exchange(const cli *given, const rq_session *session, rq_request *request,
                     rq_error **error) {
  progress bar = {0};
  resume rest = {0};
  const rq_cancel *cancel = interrupt_cancels(error);
  const char *path = resumed_path(given, error);
  if (path) resume_ask(&rest, path, rq_request_opts(request), error);
  if (!given->quiet && (given->output || given->remote_name)) {
    progress_watch(&bar, rq_request_opts(request), error);
  }
  rq_response *response = rq_perform(session, request, cancel, error);
  if (given->cookies && response) {
    rq_cookies_save(rq_session_cookies(session), given->cookies, error);
  }
  if (given->include && response) show_response_head(response);
  if (given->fail && !path) rq_response_raise(response, error);
  if (path) {
    resume_save(&rest, response, &bar, error);
  } else {
    save_body(given, response, &bar, error);
  }
  progress_end(&bar);
  rq_response_free(response);
}

/* Who closes a standard stream shall not find its number given to a socket: what is written to it
   would be sent. */
static void open_streams(void) {
  int opened;
  do {
    opened = open("/dev/null", O_RDWR);
  } while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened > STDERR_FILENO) close(opened);
}

int main(int argc, char **argv) {
  rq_error *e = NULL;
  cli given = {0};
  (void)argc;
  open_streams();
  cli_read(&given, argv, &e);
  if (!e && given.help) cli_help();
  if (!e && given.version) printf("rq %s (librq %s)\n", RQ_VERSION, rq_version());
  if (e || given.help || given.version) {
    free_all();
    return report(e);
  }

  rq_session *session = session_for(&given, &e);
  rq_request *request = request_for(&given, &e);
  if (!e && given.curl) {
    print_as_curl(session, request, &e);
  } else if (!e) {
    exchange(&given, session, request, &e);
  }
  if (fflush(stdout) != 0) fail(&e, RQ_ERR_FILE, "standard output cannot be written");
  rq_request_free(request);
  rq_session_free(session);
  free_all();
  return report(e);
}
