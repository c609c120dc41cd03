/* Hooks: which run, in what order, on which hops; what they may change, replace, keep and end; that
 * they may use librq; and that each context is freed exactly once (behaviours K1 to K9). */
#include "peer.h"
#include "take.h"

/* What happened, a letter each, in order. */
typedef struct {
  char seen[64];
  size_t len;
} diary;

typedef struct {
  diary *in;
  char letter;
  int freed;
  int32_t fails; /* with this code, if not 0 */
  rq_session *session;
} hook;

static void note(hook *this) {
  if (this->in->len + 1 < sizeof this->in->seen) this->in->seen[this->in->len++] = this->letter;
}

static void free_hook(void *context) { ((hook *)context)->freed++; }

static void on_request(void *context, rq_prepared *prepared, rq_error **error) {
  hook *this = context;
  char name[] = {'X', '-', this->letter, '\0'};
  note(this);
  rq_prepared_set_header(prepared, name, "1", error);
  if (this->fails) rq_error_set(error, this->fails, "the hook says no");
}

static rq_response *on_response(void *context, rq_response *response, rq_error **error) {
  hook *this = context;
  note(this);
  CHECK(rq_response_status(response) > 0);
  if (this->fails) rq_error_set(error, this->fails, "the hook says no");
  return this->letter == 's' ? response : NULL; /* which is the same */
}

static rq_request *get(const char *path) {
  return rq_request_new("GET", t_url("RQ_TEST_HTTP", path), NULL);
}

static void those_of_the_session_run_first_on_every_hop(void) {
  diary in = {.len = 0};
  hook a = {&in, 'A', 0, 0, NULL}, b = {&in, 'B', 0, 0, NULL}, c = {&in, 'C', 0, 0, NULL};
  hook r = {&in, 'r', 0, 0, NULL}, s = {&in, 's', 0, 0, NULL};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = get("/redirect/0");
  rq_opts_on_request(rq_request_opts(request), on_request, &c, free_hook, &e);
  rq_opts_on_response(rq_request_opts(request), on_response, &s, free_hook, &e);
  rq_opts_on_request(rq_session_opts(session), on_request, &a, free_hook, &e);
  rq_opts_on_request(rq_session_opts(session), on_request, &b, free_hook, &e);
  rq_opts_on_response(rq_session_opts(session), on_response, &r, free_hook, &e);
  char *echo = take(session, request, &e);
  CHECK_STR(in.seen, "ABCrsABCrs");
  CHECK(t_has(echo, "\r\nX-A: 1\r\nX-B: 1\r\nX-C: 1\r\n"));
  CHECK_INT(c.freed + s.freed, 2);
  CHECK_INT(a.freed + b.freed + r.freed, 0);
  rq_session_free(session);
  CHECK_INT(a.freed + b.freed + r.freed, 3);
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void a_request_hook_that_fails_sends_nothing(void) {
  diary in = {.len = 0};
  hook a = {&in, 'A', 0, RQ_ERR_CALLBACK, NULL}, b = {&in, 'B', 0, 0, NULL};
  static const peer_reply script[] = {SAYS("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
  peer there;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("GET", there.url, &e);
  rq_opts_on_request(rq_request_opts(request), on_request, &a, NULL, &e);
  rq_opts_on_request(rq_request_opts(request), on_request, &b, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_message(e), "the hook says no");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_STR(in.seen, "A");
  CHECK_INT(peer_requests(&there), 0);
  rq_request_free(request);
  rq_session_free(session);
  peer_stop(&there);
}

/* Its error is the caller's, whatever it looks like, and nothing is sent again for it. */
static void a_response_hook_that_fails_fails_the_call(void) {
  static const int32_t codes[] = {RQ_ERR_CALLBACK, RQ_ERR_CLOSED, RQ_ERR_CONNECT};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    diary in = {.len = 0};
    hook first = {&in, 'f', 0, codes[i], NULL}, second = {&in, 's', 0, 0, NULL};
    rq_request *request = get("/json");
    rq_opts_retries(rq_request_opts(request), 3, &e);
    rq_opts_on_response(rq_request_opts(request), on_response, &first, free_hook, &e);
    rq_opts_on_response(rq_request_opts(request), on_response, &second, free_hook, &e);
    CHECK_CODE(e, RQ_OK);
    CHECK(rq_perform(session, request, NULL, &e) == NULL);
    CHECK_STR(rq_error_message(e), "the hook says no");
    CHECK_CODE(e, (rq_code)codes[i]);
    CHECK_STR(in.seen, "f");
    rq_request_free(request);
    CHECK_INT(first.freed + second.freed, 2);
  }
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* Puts another response in the place of the one it sees, by the session that is sending. */
static rq_response *replace(void *context, rq_response *response, rq_error **error) {
  hook *this = context;
  note(this);
  if (!t_has(rq_response_url(response), "/json")) return NULL;
  return rq_get(this->session, t_url("RQ_TEST_HTTP", "/redirect/0?instead"), error);
}

static rq_response *replace_and_fail(void *context, rq_response *response, rq_error **error) {
  rq_response *other = replace(context, response, error);
  rq_error_set(error, RQ_ERR_CALLBACK, "neither");
  return other;
}

static void another_response_takes_its_place(void) {
  diary in = {.len = 0};
  rq_error *e = NULL;
  size_t len = 0;
  rq_session *session = rq_session_new(&e);
  hook other = {&in, 'o', 0, 0, session}, next = {&in, 'n', 0, 0, NULL};
  rq_request *request = get("/json");
  rq_opts_on_response(rq_request_opts(request), replace, &other, NULL, &e);
  rq_opts_on_response(rq_request_opts(request), on_response, &next, NULL, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_STR(in.seen, "on");
  CHECK_STR(rq_response_url(response), t_url("RQ_TEST_HTTP", "/echo?instead"));
  CHECK_INT(rq_response_history_count(response), 1);
  CHECK_STR(rq_body_bytes(rq_response_history_at(response, 0), &len, &e), "elsewhere\n");
  CHECK(t_has(rq_body_bytes(response, &len, &e), "GET /echo?instead"));
  rq_response_free(response);
  rq_opts_clear_hooks(rq_request_opts(request), &e);
  rq_opts_on_response(rq_request_opts(request), replace_and_fail, &other, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_message(e), "neither");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  rq_request_free(request);
  rq_session_free(session);
}

/* Reads in the hook, each time in another way. */
static rq_response *read_all(void *context, rq_response *response, rq_error **error) {
  static const char *const ways[] = {"bytes", "text", "json"};
  size_t len = 0;
  hook *this = context;
  const char *body = NULL;
  const char *way = ways[this->fails++ % 3];
  if (way[0] == 'b') body = rq_body_bytes(response, &len, error);
  if (way[0] == 't') body = rq_body_text(response, &len, error);
  if (way[0] == 'j') body = rq_body_json(response, &len, error);
  CHECK(t_has(body, "librq") && len == strlen(body));
  return response;
}

static void what_a_hook_has_read_stays_readable(void) {
  diary in = {.len = 0};
  hook reader = {&in, 'r', 0, 0, NULL};
  char some[8] = "";
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_on_response(rq_session_opts(session), read_all, &reader, NULL, &e);
  for (int way = 0; way < 3; way++) {
    rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
    CHECK_INT(rq_body_read(response, some, 7, &e), 7);
    CHECK_STR(some, "{\"hello");
    CHECK(t_has(rq_body_bytes(response, &len, &e), "librq"));
    CHECK(t_has(rq_body_text(response, &len, &e), "librq"));
    CHECK(t_has(rq_body_json(response, &len, &e), "librq"));
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static rq_response *read_some(void *context, rq_response *response, rq_error **error) {
  char text[9];
  size_t len = 0;
  CHECK_INT(rq_body_read_text(response, text, 5, error), 5);
  (void)context, (void)len;
  return NULL;
}

static void what_a_hook_has_not_read_comes_next(void) {
  static const peer_reply script[] = {
      OK_WITH("Content-Type: text/plain; charset=latin1\r\n", "caf\xe9 au lait")};
  char text[64] = "";
  peer there;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  PEER_SCRIPT(&there, script);
  rq_opts_on_response(rq_session_opts(session), read_some, NULL, NULL, &e);
  rq_response *response = rq_get(session, there.url, &e);
  size_t at = 0;
  for (int64_t got; (got = rq_body_read_text(response, text + at, 4, &e)) > 0;) at += (size_t)got;
  CHECK_STR(text, " au lait");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
  peer_stop(&there);
}

typedef struct {
  char steps[32]; /* a digit each */
  uint64_t last_us;
  int freed;
} trace;

static void on_trace(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  trace *this = context;
  size_t len = strlen(this->steps);
  CHECK(elapsed_us >= this->last_us && about != NULL && !t_has(about, "s3cret"));
  this->last_us = elapsed_us;
  if (len + 1 < sizeof this->steps) this->steps[len] = (char)('0' + step);
}

static void check_traced(rq_session *session, const char *url, const char *want) {
  trace seen = {.last_us = 0};
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", url, &e);
  rq_opts_auth_basic(rq_request_opts(request), "ann", "s3cret", &e);
  rq_opts_on_trace(rq_request_opts(request), on_trace, &seen, NULL, &e);
  free(take(session, request, &e));
  CHECK_STR(seen.steps, want);
  CHECK_CODE(e, RQ_OK);
}

static void each_step_is_told_in_order(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  check_traced(session, t_url("RQ_TEST_HTTP", "/json"), "2567"); /* connect sent head body */
  check_traced(session, t_url("RQ_TEST_HTTP", "/json"), "4567"); /* reused ... */
  check_traced(session, t_url("RQ_TEST_HTTP", "/redirect/0"), "456794567"); /* ... redirect ... */
  check_traced(session, t_url("RQ_TEST_HTTPS", "/json"), "123567"); /* dns connect tls ... */
  char named[128]; /* a name is looked up, an address is not */
  snprintf(named, sizeof named, "http://localhost%.60s", strrchr(t_url("RQ_TEST_HTTP", ""), ':'));
  check_traced(session, named, "12567"); /* dns connect ... */
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void a_retry_is_told(void) {
  static const peer_reply script[] = {
      SAYS(""), SAYS("HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")};
  trace seen = {.last_us = 0};
  peer there;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  PEER_SCRIPT(&there, script);
  rq_opts_retries(rq_session_opts(session), 1, &e);
  rq_opts_on_trace(rq_session_opts(session), on_trace, &seen, NULL, &e);
  rq_response_free(rq_get(session, there.url, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK_STR(seen.steps, "2582567"); /* ... sent, retry, connect ... */
  rq_session_free(session);
  peer_stop(&there);
}

typedef struct {
  uint64_t last;
  int64_t total;
  uint64_t ends_at; /* fails from there on, if not 0 */
  int calls, freed;
} download;

static void on_download(void *context, uint64_t received, int64_t total, rq_error **error) {
  download *this = context;
  CHECK(received > this->last);
  this->calls++;
  this->last = received;
  this->total = total;
  if (this->ends_at && received >= this->ends_at) rq_error_set(error, RQ_ERR_CALLBACK, "enough");
}

static void free_download(void *context) { ((download *)context)->freed++; }

static void check_downloaded(const char *path, int64_t total) {
  download seen = {.last = 0};
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = get(path);
  rq_opts_on_download(rq_request_opts(request), on_download, &seen, free_download, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_request_free(request);
  rq_session_free(session);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 1000000);
  CHECK_INT(seen.last, 1000000);
  CHECK_INT(seen.total, total);
  CHECK(seen.calls > 1);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  CHECK_INT(seen.freed, 1);
}

static void progress_is_told_while_a_body_is_read(void) {
  check_downloaded("/bytes/1000000", 1000000);
  check_downloaded("/chunked/1000000", -1);
}

static void progress_may_end_the_reading(void) {
  download seen = {.ends_at = 100000};
  char some[1000];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_on_download(rq_session_opts(session), on_download, &seen, free_download, &e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1000000"), &e);
  while (rq_body_read(response, some, sizeof some, &e) > 0) {
  }
  CHECK_STR(rq_error_message(e), "enough");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(rq_body_read(response, some, sizeof some, &e), -1); /* it stays */
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK(seen.last >= 100000 && seen.last < 1000000);
  rq_response_free(response);
  rq_session_free(session);
  CHECK_INT(seen.freed, 1);
}

/* Changes the settings that it is removed from: no lock of them may be held. */
static void free_and_set(void *context) {
  hook *this = context;
  this->freed++;
  rq_opts_header(rq_session_opts(this->session), "X-Freed", "1", NULL);
}

static void cleared_hooks_are_freed_and_run_no_more(void) {
  diary in = {.len = 0};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  hook a = {&in, 'A', 0, 0, session}, s = {&in, 's', 0, 0, session};
  trace steps = {.last_us = 0};
  download seen = {.last = 0};
  rq_opts_on_request(opts, on_request, &a, free_and_set, &e);
  rq_opts_on_response(opts, on_response, &s, free_and_set, &e);
  rq_opts_on_trace(opts, on_trace, &steps, NULL, &e);
  rq_opts_on_download(opts, on_download, &seen, free_download, &e);
  rq_opts_clear_hooks(opts, &e);
  CHECK_INT(a.freed + s.freed + seen.freed, 3);
  char *echo = take(session, get("/echo"), &e);
  CHECK(t_has(echo, "\r\nX-Freed: 1\r\n"));
  CHECK(in.len == 0 && steps.steps[0] == '\0' && seen.calls == 0);
  CHECK_CODE(e, RQ_OK);
  free(echo);
  rq_session_free(session);
  CHECK_INT(a.freed + s.freed + seen.freed, 3);
}

static void a_context_that_is_not_taken_is_freed_once(void) {
  diary in = {.len = 0};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  hook this = {&in, 'A', 0, 0, session};
  rq_opts_on_request(opts, NULL, &this, free_and_set, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_opts_on_response(opts, NULL, &this, free_and_set, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_opts_on_trace(opts, NULL, &this, free_and_set, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_opts_on_download(opts, NULL, &this, free_and_set, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_opts_on_request(NULL, on_request, &this, free_and_set, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_opts_on_response(opts, on_response, &this, free_and_set, &e);
  rq_opts_clear_hooks(opts, &e);
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(this.freed, 6);
  free(take(session, get("/json"), &e));
  CHECK_INT(in.len, 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  CHECK_INT(this.freed, 6);
}

int main(void) {
  RUN(those_of_the_session_run_first_on_every_hop);
  RUN(a_request_hook_that_fails_sends_nothing);
  RUN(a_response_hook_that_fails_fails_the_call);
  RUN(another_response_takes_its_place);
  RUN(what_a_hook_has_read_stays_readable);
  RUN(what_a_hook_has_not_read_comes_next);
  RUN(each_step_is_told_in_order);
  RUN(a_retry_is_told);
  RUN(progress_is_told_while_a_body_is_read);
  RUN(progress_may_end_the_reading);
  RUN(cleared_hooks_are_freed_and_run_no_more);
  RUN(a_context_that_is_not_taken_is_freed_once);
  DONE();
}
