/* The agent for C: runs the driver's lines over rq.h. How lines are written is line.c's, what the
 * answers hold reply.c's.
 *
 * A setter has no reply: the library's own rule, that a call made with *error set does nothing, is
 * the protocol's rule as well, so one rq_error * a case is enough. A line that the protocol does
 * not have ends the program. Needs POSIX for getline only. */
#define _POSIX_C_SOURCE 200809L

#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 8

/* Pieces of a body, given to librq one a call. */
typedef struct {
  field *pieces;
  size_t count, next, offset;
} chunks;

static rq_session *session;
static rq_request *request;
static rq_prepared *prepared;
static rq_part *part;
static chunks *pending;
static rq_error *error;

/* ---- what lines ask for ---- */

static rq_opts *opts(void) { return request ? rq_request_opts(request) : rq_session_opts(session); }

static bool is_on(const field *f) { return strcmp(f->bytes, "1") == 0; }

static uint32_t number(const field *f) { return (uint32_t)strtoul(f->bytes, NULL, 10); }

static void free_chunks(void *context) {
  chunks *body = context;
  if (!body) return;
  for (size_t i = 0; i < body->count; i++) free(body->pieces[i].bytes);
  free(body->pieces);
  free(body);
}

/* A return of 0 would end the body: empty pieces are passed over. */
static int64_t read_chunk(void *context, void *buf, size_t cap, rq_error **unused) {
  chunks *body = context;
  (void)unused;
  while (body->next < body->count) {
    field *piece = &body->pieces[body->next];
    size_t left = piece->len - body->offset, taken = left < cap ? left : cap;
    memcpy(buf, piece->bytes + body->offset, taken);
    body->offset += taken;
    if (body->offset == piece->len) {
      body->next++;
      body->offset = 0;
    }
    if (taken > 0) return (int64_t)taken;
  }
  return 0;
}

/* The request with everything that belongs to it. */
static void forget_request(void) {
  free_chunks(pending);
  rq_prepared_free(prepared);
  rq_request_free(request);
  pending = NULL;
  prepared = NULL;
  request = NULL;
  part = NULL;
}

static void do_case(const field *f) {
  (void)f;
  forget_request();
  rq_session_free(session);
  rq_error_free(error);
  error = NULL;
  session = rq_session_new(&error);
}

static void do_request(const field *f) {
  forget_request();
  request = rq_request_new(f[0].bytes, f[1].bytes, &error);
}

static void do_header(const field *f) { rq_opts_header(opts(), f[0].bytes, f[1].bytes, &error); }

static void do_header_add(const field *f) {
  rq_opts_header_add(opts(), f[0].bytes, f[1].bytes, &error);
}

static void do_param(const field *f) { rq_opts_param(opts(), f[0].bytes, f[1].bytes, &error); }

static void do_param_add(const field *f) {
  rq_opts_param_add(opts(), f[0].bytes, f[1].bytes, &error);
}

static void do_params_raw(const field *f) { rq_opts_params_raw(opts(), f[0].bytes, &error); }

static void do_path_as_is(const field *f) {
  (void)f;
  rq_opts_path_as_is(opts(), true, &error);
}

static void do_basic(const field *f) {
  rq_opts_auth_basic(opts(), f[0].bytes, f[1].bytes, &error);
}

static void do_latin1(const field *f) {
  (void)f;
  rq_opts_auth_latin1(opts(), true, &error);
}

static void do_digest(const field *f) {
  rq_opts_auth_digest(opts(), f[0].bytes, f[1].bytes, &error);
}

static void do_bearer(const field *f) { rq_opts_auth_bearer(opts(), f[0].bytes, &error); }

static void do_cookie(const field *f) { rq_opts_cookie(opts(), f[0].bytes, f[1].bytes, &error); }

static void do_proxy_for(const field *f) { rq_opts_proxy(opts(), f[0].bytes, f[1].bytes, &error); }

static void do_no_proxy(const field *f) { rq_opts_no_proxy(opts(), f[0].bytes, &error); }

static void do_trust_env(const field *f) {
  rq_opts_trust_env(rq_session_opts(session), is_on(&f[0]), &error);
}

static void do_env(const field *f) {
  rq_opts_env(rq_session_opts(session), f[0].bytes, f[1].bytes, &error);
}

static void do_resolve(const field *f) {
  rq_opts_resolve(rq_session_opts(session), f[0].bytes, number(&f[1]), f[2].bytes, &error);
}

static void do_timeout(const field *f) {
  rq_opts_timeout_ms(opts(), number(&f[0]), number(&f[1]), &error);
}

static void do_follow_redirects(const field *f) {
  rq_opts_follow_redirects(opts(), is_on(&f[0]), &error);
}

static void do_redirects_max(const field *f) {
  rq_opts_redirects_max(opts(), number(&f[0]), &error);
}

static void do_jar_set(const field *f) {
  rq_cookies_set(rq_session_cookies(session), f[0].bytes, f[1].bytes, f[2].bytes, f[3].bytes,
                 is_on(&f[4]), &error);
}

static void do_jar_clock(const field *f) {
  rq_cookies_clock(rq_session_cookies(session), strtoll(f[0].bytes, NULL, 10));
}

static void do_body(const field *f) { rq_request_body(request, f[0].bytes, f[0].len, &error); }

static void do_json(const field *f) { rq_request_json(request, f[0].bytes, f[0].len, &error); }

static void do_field(const field *f) {
  rq_request_field(request, f[0].bytes, f[1].bytes, &error);
}

static void do_body_file(const field *f) { rq_request_body_file(request, f[0].bytes, &error); }

static void do_chunk(const field *f) {
  if (!pending) pending = allocated(calloc(1, sizeof *pending));
  size_t size = (pending->count + 1) * sizeof *pending->pieces;
  pending->pieces = allocated(realloc(pending->pieces, size));
  field piece = {allocated(malloc(f[0].len + 1)), f[0].len};
  memcpy(piece.bytes, f[0].bytes, f[0].len);
  pending->pieces[pending->count++] = piece;
}

static void do_part(const field *f) {
  part = rq_request_part(request, f[0].bytes, &error);
  rq_part_filename(part, f[1].bytes, &error);
  if (f[2].bytes) rq_part_type(part, f[2].bytes, &error);
  rq_part_bytes(part, f[3].bytes, f[3].len, &error);
}

static void do_part_header(const field *f) {
  rq_part_header(part, f[0].bytes, f[1].bytes, &error);
}

/* ---- actions ---- */

static void prepare(void) {
  if (pending) {
    /* From here on the pieces are librq's, even if this fails. */
    rq_request_body_callback(request, read_chunk, NULL, pending, free_chunks, -1, &error);
    pending = NULL;
  }
  rq_prepared_free(prepared);
  prepared = rq_prepare(session, request, &error);
}

static void do_prepare(void) {
  prepare();
  if (!error) put_prepared(prepared);
}

static void do_proxy(void) {
  prepare();
  const char *url = rq_prepared_proxy(prepared, session, &error);
  if (!error) put_line("proxy", url);
}

static void do_send(void) {
  if (!prepared) prepare();
  rq_response *response = rq_send(session, prepared, NULL, &error);
  put_response(response, &error);
  rq_response_free(response);
}

static void do_jar(void) { put_cookies(rq_session_cookies(session), &error); }

/* ---- lines in ---- */

/* What a field must be: any bytes, text without NUL, or text that may be null. */
typedef struct {
  const char *word;
  const char *fields; /* a letter each: 't' text, 'n' text or null, 'b' bytes */
  void (*set)(const field *);
} setter;

static const setter setters[] = {
  {"case", "", do_case},
  {"request", "tt", do_request},
  {"header", "tn", do_header},
  {"header_add", "tt", do_header_add},
  {"param", "tn", do_param},
  {"param_add", "tt", do_param_add},
  {"params_raw", "t", do_params_raw},
  {"path_as_is", "", do_path_as_is},
  {"basic", "tt", do_basic},
  {"latin1", "", do_latin1},
  {"digest", "tt", do_digest},
  {"bearer", "t", do_bearer},
  {"cookie", "tn", do_cookie},
  {"proxy", "tn", do_proxy_for},
  {"no_proxy", "n", do_no_proxy},
  {"trust_env", "t", do_trust_env},
  {"env", "tn", do_env},
  {"resolve", "ttt", do_resolve},
  {"timeout", "tt", do_timeout},
  {"follow_redirects", "t", do_follow_redirects},
  {"redirects_max", "t", do_redirects_max},
  {"jar_set", "tnnnt", do_jar_set},
  {"jar_clock", "t", do_jar_clock},
  {"body", "b", do_body},
  {"json", "b", do_json},
  {"field", "tn", do_field},
  {"body_file", "t", do_body_file},
  {"chunk", "b", do_chunk},
  {"part", "tnnb", do_part},
  {"part_header", "tt", do_part_header},
};

static const struct {
  const char *word;
  void (*act)(void);
} actions[] = {
  {"prepare", do_prepare},
  {"proxy", do_proxy},
  {"send", do_send},
  {"jar", do_jar},
};

static void check(const field *f, const char *fields, size_t count) {
  if (count != strlen(fields)) die("a line with too few or too many fields");
  for (size_t i = 0; i < count; i++) {
    if (!f[i].bytes) {
      if (fields[i] != 'n') die("a null field");
    } else if (fields[i] != 'b' && strlen(f[i].bytes) != f[i].len) {
      die("a text with a NUL in it: C cannot say that");
    }
  }
}

/* After an error, only the next case is heard. */
static void set(const setter *found, char *rest) {
  field f[FIELDS_MAX];
  size_t count = 0;
  if (error && found->set != do_case) return;
  while (rest) {
    char *text = rest;
    if (count == FIELDS_MAX) die("too many fields");
    rest = strchr(text, '\t');
    if (rest) *rest++ = '\0';
    f[count++] = decode(text);
  }
  check(f, found->fields, count);
  found->set(f);
}

static void act(void (*action)(void)) {
  bool failed_before = error != NULL;
  if (!failed_before) action();
  if (error) {
    put_word("error");
    put_text(rq_error_exception(error));
    put_text(rq_code_name(rq_error_code(error)));
    put_text(rq_error_message(error));
    put_end_of_line();
  }
  /* An action's error is told once; a setter's holds until the next case. */
  if (error && !failed_before) {
    rq_error_free(error);
    error = NULL;
  }
  put_end();
}

static void run(char *line) {
  char *rest = strchr(line, '\t');
  if (rest) *rest++ = '\0';
  /* "proxy" with fields is a setter. */
  for (size_t i = 0; !rest && i < sizeof actions / sizeof *actions; i++) {
    if (strcmp(line, actions[i].word) == 0) {
      act(actions[i].act);
      return;
    }
  }
  for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
    if (strcmp(line, setters[i].word) == 0) {
      set(&setters[i], rest);
      return;
    }
  }
  die("an unknown word");
}

int main(void) {
  char *line = NULL;
  size_t cap = 0;
  ssize_t len;
  while ((len = getline(&line, &cap, stdin)) > 0) {
    if (line[len - 1] == '\n') line[len - 1] = '\0';
    run(line);
  }
  free(line);
  forget_request();
  rq_session_free(session);
  rq_error_free(error);
  return 0;
}
