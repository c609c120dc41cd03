/* show.c: heads and steps for people, on standard error, by librq's hooks; the head that -i asks
 * for on standard output, as it came.
 *
 * What -v shows of a request holds no credential: Authorization, Proxy-Authorization and Cookie
 * are masked, and a URL's user and password are in neither line. What a server says may hold
 * anything, so control characters are not passed on to the terminal. */
#include "cli.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* One line, ended by a newline, of text that others wrote. */
static void put_line(FILE *to, const char *text) {
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    fputc((byte < 0x20 && byte != '\t') || byte == 0x7f ? '?' : byte, to);
  }
  fputc('\n', to);
}

/* "rq: ...". */
void say(const char *format, ...) {
  char line[4096];
  va_list values;
  va_start(values, format);
  vsnprintf(line, sizeof line, format, values);
  va_end(values);
  fputs("rq: ", stderr);
  put_line(stderr, line);
}

static void put_field(const char *mark, const char *name, const char *value) {
  fprintf(stderr, "%s %s: ", mark, name);
  put_line(stderr, value);
}

/* The scheme of credentials says something and gives nothing away. */
static void put_masked(const char *name, const char *value) {
  size_t scheme = strcspn(value, " ");
  if (strcasecmp(name, "Cookie") == 0 || value[scheme] == '\0') scheme = 0;
  fprintf(stderr, "> %s: %.*s%s***\n", name, (int)scheme, value, scheme ? " " : "");
}

static bool is_secret(const char *name) {
  static const char *const secret[] = {"Authorization", "Proxy-Authorization", "Cookie"};
  for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
    if (strcasecmp(name, secret[i]) == 0) return true;
  }
  return false;
}

/* What Host will be where no header sets it: the URL's authority without user and password. librq
   has taken a default port off already. */
static void put_host(const char *url) {
  const char *from = strstr(url, "://");
  from = from ? from + 3 : url;
  size_t len = strcspn(from, "/?#");
  for (size_t i = 0; i < len; i++) {
    if (from[i] != '@') continue;
    from += i + 1;
    len -= i + 1;
    i = 0;
  }
  fprintf(stderr, "> Host: %.*s\n", (int)len, from);
}

static void put_request_line(const rq_prepared *prepared) {
  const char *url = rq_prepared_url(prepared);
  const char *from = strstr(url, "://");
  from = from ? from + 3 : url;
  from += strcspn(from, "/?#");
  fprintf(stderr, "> %s %s%.*s HTTP/1.1\n", rq_prepared_method(prepared), *from == '/' ? "" : "/",
          (int)strcspn(from, "#"), from);
}

/* Before each hop. */
static void show_request(void *context, rq_prepared *prepared, rq_error **error) {
  const char *name, *value;
  (void)context, (void)error;
  put_request_line(prepared);
  if (!rq_prepared_header(prepared, "Host")) put_host(rq_prepared_url(prepared));
  for (size_t i = 0; rq_prepared_header_at(prepared, i, &name, &value); i++) {
    if (is_secret(name)) {
      put_masked(name, value);
    } else {
      put_field(">", name, value);
    }
  }
  fputs(">\n", stderr);
}

/* After each hop. */
static rq_response *show_response(void *context, rq_response *response, rq_error **error) {
  const char *name, *value;
  int version = rq_response_http_version(response);
  (void)context, (void)error;
  fprintf(stderr, "< HTTP/%d.%d %d ", version / 10, version % 10,
          (int)rq_response_status(response));
  put_line(stderr, rq_response_reason(response));
  for (size_t i = 0; rq_response_header_at(response, i, &name, &value); i++) {
    put_field("<", name, value);
  }
  fputs("<\n", stderr);
  return NULL;
}

void show_heads(rq_opts *opts, rq_error **error) {
  rq_opts_on_request(opts, show_request, NULL, NULL, error);
  rq_opts_on_response(opts, show_response, NULL, NULL, error);
}

static void show_step(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  static const char *const names[] = {"?",    "dns",  "connect", "tls",   "reused",
                                      "sent", "head", "body",    "retry", "redirect"};
  size_t number = (size_t)step < sizeof names / sizeof *names ? (size_t)step : 0;
  (void)context;
  fprintf(stderr, "%10.3f ms  %-8s  ", (double)elapsed_us / 1000, names[number]);
  put_line(stderr, about);
}

void show_steps(rq_opts *opts, rq_error **error) {
  rq_opts_on_trace(opts, show_step, NULL, NULL, error);
}

/* -i: the last hop's, with the line ends of the wire, byte for byte. */
void show_response_head(const rq_response *response) {
  const char *name, *value;
  int version = rq_response_http_version(response);
  printf("HTTP/%d.%d %d %s\r\n", version / 10, version % 10, (int)rq_response_status(response),
         rq_response_reason(response));
  for (size_t i = 0; rq_response_header_at(response, i, &name, &value); i++) {
    printf("%s: %s\r\n", name, value);
  }
  fputs("\r\n", stdout);
}
