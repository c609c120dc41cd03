/* Adapters: what their replies become, errors, which prefix wins, cookies, hooks, redirects and
 * retries over them, and that each context is freed exactly once, with no lock held (behaviours
 * S18, N4). */
#include "peer.h"
#include "take.h"

enum { THREADS = 16, TURNS = 40 };

typedef struct {
  const char *body;
  const rq_session *session; /* what the free function calls back into, if any */
  int calls, freed;
} mock;

static void free_mock(void *context) { __atomic_fetch_add(&((mock *)context)->freed, 1, 5); }

static int calls_of(mock *this) { return __atomic_load_n(&this->calls, 5); }

/* Answers with the context's text. */
static void says(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  mock *this = context;
  (void)request;
  __atomic_fetch_add(&this->calls, 1, 5);
  rq_reply_body(reply, this->body, strlen(this->body), error);
}

/* Answers with what was asked: method, URL, and the header X-In. */
static void echo(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  char body[512];
  const char *header = rq_prepared_header(request, "x-in");
  int len = snprintf(body, sizeof body, "%s %s %s", rq_prepared_method(request),
                     rq_prepared_url(request), header ? header : "-");
  __atomic_fetch_add(&((mock *)context)->calls, 1, 5);
  rq_reply_body(reply, body, (size_t)len, error);
}

static void mount(const rq_session *session, const char *prefix, rq_adapter_fn adapter,
                  mock *context) {
  rq_error *e = NULL;
  rq_session_mount(session, prefix, adapter, context, free_mock, &e);
  CHECK_CODE(e, RQ_OK);
}

static void check_body(const rq_session *session, const char *url, const char *want) {
  rq_error *e = NULL;
  char *text = take(session, rq_request_new("GET", url, &e), &e);
  CHECK_STR(text, want);
  CHECK_CODE(e, RQ_OK);
  free(text);
}

/* ---- replies ---- */

static void full(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  static const char body[] = "two\0parts";
  (void)context, (void)request;
  rq_reply_status(reply, 418, error);
  rq_reply_reason(reply, "Teapot indeed", error);
  rq_reply_header(reply, "X-Many", "1", error);
  rq_reply_header(reply, "x-many", "caf\xe9", error);
  rq_reply_header(reply, "Content-Type", "text/plain; charset=latin-1", error);
  rq_reply_body(reply, "overwritten", 11, error);
  rq_reply_body(reply, body, sizeof body - 1, error);
}

static void a_reply_becomes_a_response(void) {
  size_t len = 0;
  const char *name = NULL, *value = NULL;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_session_mount(session, "mock://", full, NULL, NULL, &e);
  rq_response *response = rq_get(session, "mock://pot/brew?now=1", &e);
  CHECK_INT(rq_response_status(response), 418);
  CHECK_STR(rq_response_reason(response), "Teapot indeed");
  CHECK_STR(rq_response_header(response, "X-MANY"), "1, caf\xe9");
  CHECK(rq_response_header_at(response, 1, &name, &value));
  CHECK_STR(name, "x-many");
  CHECK_STR(rq_response_url(response), "mock://pot/brew?now=1");
  CHECK(!rq_response_ok(response) && !rq_response_reused(response));
  CHECK(rq_response_certificate(response, 0) == NULL);
  const char *body = rq_body_bytes(response, &len, &e);
  CHECK(len == 9 && body && memcmp(body, "two\0parts", 9) == 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_raise(response, &e);
  CHECK(t_has(rq_error_message(e), "Teapot indeed"));
  CHECK_CODE(e, RQ_ERR_STATUS);
  rq_response_free(response);
  rq_session_free(session);
}

static void nothing(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  (void)context, (void)request, (void)reply, (void)error;
}

static void a_reply_begins_as_an_empty_200(void) {
  size_t len = 7;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_session_mount(session, "MOCK://", nothing, NULL, NULL, &e);
  rq_response *response = rq_get(session, "mock://x/", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_response_reason(response), "OK");
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void packs(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  static const char gzip[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcd\x2b\x48\x4c\xce\x4e\x4d\x01\x00"
      "\x96\x62\x2f\xca\x08\x00\x00\x00";
  (void)context, (void)request;
  rq_reply_header(reply, "Content-Encoding", "gzip", error);
  rq_reply_body(reply, gzip, sizeof gzip - 1, error);
}

static void content_codings_are_taken_off(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_session_mount(session, "mock://", packs, NULL, NULL, &e);
  check_body(session, "mock://x/", "unpacked");
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void refuses(rq_error **error, rq_code code, const char *named) {
  if (!t_has(rq_error_message(*error), named)) {
    printf("no \"%s\" in \"%s\"\n", named, rq_error_message(*error));
  }
  CHECK(t_has(rq_error_message(*error), named));
  CHECK_CODE(*error, code);
}

/* Each bad call fails by itself, and leaves the reply as it was. */
static void bad(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  static const int32_t statuses[] = {-1, 0, 100, 199, 1000, 65736};
  rq_error *e = NULL;
  (void)context, (void)request;
  rq_reply_status(reply, 201, error);
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    rq_reply_status(reply, statuses[i], &e);
    refuses(&e, RQ_ERR_INVALID_ARGUMENT, "not a status from 200 to 999");
  }
  rq_reply_reason(reply, "two\r\nlines", &e);
  refuses(&e, RQ_ERR_INVALID_HEADER, "reason");
  rq_reply_reason(reply, "caf\xe9", &e);
  refuses(&e, RQ_ERR_INVALID_ARGUMENT, "UTF-8");
  rq_reply_header(reply, "no token", "x", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_HEADER);
  rq_reply_header(reply, "X-Split", "a\r\nX-Injected: b", &e);
  refuses(&e, RQ_ERR_INVALID_HEADER, "X-Split");
  rq_reply_header(reply, NULL, "x", &e);
  refuses(&e, RQ_ERR_MISUSE, "name is NULL");
  rq_reply_header(reply, "X", NULL, &e);
  refuses(&e, RQ_ERR_MISUSE, "value is NULL");
  rq_reply_body(reply, NULL, 3, &e);
  refuses(&e, RQ_ERR_MISUSE, "data is NULL");
  rq_reply_body(reply, "x", SIZE_MAX, &e);
  refuses(&e, RQ_ERR_INVALID_ARGUMENT, "data");
  rq_reply_status(NULL, 200, &e);
  refuses(&e, RQ_ERR_MISUSE, "reply is NULL");
  rq_reply_reason(NULL, "x", &e);
  refuses(&e, RQ_ERR_MISUSE, "reply is NULL");
  rq_reply_header(NULL, "X", "x", &e);
  refuses(&e, RQ_ERR_MISUSE, "reply is NULL");
  rq_reply_body(NULL, "x", 1, &e);
  refuses(&e, RQ_ERR_MISUSE, "reply is NULL");
  rq_reply_body(reply, NULL, 0, error); /* no bytes need no place */
}

static void bad_values_are_told_and_change_nothing(void) {
  const char *name = NULL, *value = NULL;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_session_mount(session, "mock://", bad, NULL, NULL, &e);
  rq_response *response = rq_get(session, "mock://x/", &e);
  CHECK_INT(rq_response_status(response), 201);
  CHECK_STR(rq_response_reason(response), "Created");
  CHECK(!rq_response_header_at(response, 0, &name, &value));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

/* Fails on the first call, with the second argument of its context; answers on the next. */
static void fails_once(void *context, const rq_prepared *request, rq_reply *reply,
                       rq_error **error) {
  mock *this = context;
  if (this->calls++ == 0) {
    rq_reply_status(reply, 500, error);
    rq_error_set(error, this->body ? RQ_ERR_CONNECT : 12345, "the cable is out");
    rq_reply_status(reply, 501, error); /* does nothing: the error is set */
    return;
  }
  rq_reply_body(reply, rq_prepared_url(request), 4, error);
}

static void an_error_of_the_adapter_fails_the_request(void) {
  mock this = {.body = NULL};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mount(session, "mock://", fails_once, &this);
  CHECK(rq_get(session, "mock://x/", &e) == NULL);
  CHECK_STR(rq_error_message(e), "the cable is out");
  CHECK_STR(rq_error_url(e), "mock://x/");
  CHECK_STR(rq_error_reason(e), "");
  CHECK_CODE(e, RQ_ERR_CALLBACK); /* a code that is none */
  check_body(session, "mock://x/", "mock");
  this = (mock){.body = "connect"};
  rq_opts_retries(rq_session_opts(session), 1, &e); /* what could not connect is tried again */
  check_body(session, "mock://x/", "mock");
  CHECK_INT(this.calls, 2);
  rq_session_free(session);
  CHECK_INT(this.freed, 1);
}

/* ---- which adapter ---- */

static void the_longest_prefix_wins(void) {
  mock all = {.body = "all"}, host = {.body = "host"}, path = {.body = "path"};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mount(session, "https://Site.test/", says, &host);
  mount(session, "https://", says, &all);
  mount(session, "https://site.test/api/", says, &path);
  check_body(session, "https://site.test/api/v1", "path");
  check_body(session, "HTTPS://SITE.TEST/API/v1", "path");
  check_body(session, "https://site.test/apiary", "host");
  check_body(session, "https://ann:secret@site.test/", "host"); /* user and password are no part */
  check_body(session, "https://other.test/api/", "all");
  CHECK(rq_session_unmount(session, "https://SITE.test/api/", &e));
  CHECK_INT(path.freed, 1);
  check_body(session, "https://site.test/api/v1", "host");
  CHECK(!rq_session_unmount(session, "https://site.test/api/", &e));
  CHECK(rq_session_unmount(session, "https://", &e));
  CHECK(rq_session_unmount(session, "https://site.test/", &e));
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_get(session, "mock://site.test/", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_SCHEMA);
  rq_session_free(session);
  CHECK(all.freed == 1 && host.freed == 1 && path.freed == 1);
}

/* With no function, a prefix gets connections of its own: those of the session are not used. */
static void without_a_function_connections_are_apart(void) {
  mock this = {.body = ""};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  mount(session, t_url("RQ_TEST_HTTP", "/bytes/"), NULL, &this);
  CHECK_INT(this.freed, 1); /* nobody needs the context */
  int apart = t_get(session, t_url("RQ_TEST_HTTP", "/bytes/3"), &e);
  CHECK(first > 0 && apart > 0 && apart != first);
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/bytes/3"), &e), apart);
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e), first);
  rq_session_close_idle(session); /* closes those too */
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/bytes/3"), &e) != apart);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* ---- contexts ---- */

static void each_context_is_freed_once(void) {
  mock first = {.body = "1"}, second = {.body = "2"}, refused = {.body = "3"};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mount(session, "mock://", says, &first);
  mount(session, "MOCK://", says, &second); /* the same prefix */
  CHECK(first.freed == 1 && second.freed == 0);
  check_body(session, "mock://x/", "2");
  rq_session_mount(session, "", says, &refused, free_mock, &e);
  CHECK(t_has(rq_error_message(e), "prefix"));
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_session_mount(session, NULL, says, &refused, free_mock, &e);
  refuses(&e, RQ_ERR_MISUSE, "prefix is NULL");
  rq_session_mount(session, "caf\xe9://", says, &refused, free_mock, &e);
  refuses(&e, RQ_ERR_INVALID_ARGUMENT, "UTF-8");
  rq_session_mount(NULL, "mock://", says, &refused, free_mock, &e);
  refuses(&e, RQ_ERR_MISUSE, "session is NULL");
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_session_mount(session, "mock://", says, &refused, free_mock, &e);
  CHECK(!rq_session_unmount(session, "mock://", &e));
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(refused.freed, 5);
  CHECK(!rq_session_unmount(NULL, "mock://", &e));
  refuses(&e, RQ_ERR_MISUSE, "session is NULL");
  CHECK(!rq_session_unmount(session, NULL, &e));
  refuses(&e, RQ_ERR_MISUSE, "prefix is NULL");
  check_body(session, "mock://x/", "2");
  rq_session_free(session);
  CHECK(first.freed == 1 && second.freed == 1);
}

/* A free function that uses the session: it would wait for ever on a lock that is held. */
static void free_and_use(void *context) {
  mock *this = context;
  rq_error *e = NULL;
  this->freed++;
  rq_session_mount(this->session, "again://", nothing, NULL, NULL, &e);
  rq_response *response = rq_get(this->session, "again://x/", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK(rq_session_unmount(this->session, "again://", &e));
  rq_opts_header(rq_session_opts(this->session), "X-Freed", "1", &e);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void no_lock_is_held_while_a_context_is_freed(void) {
  mock other = {.body = "other"};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mock this = {.body = "this", .session = session};
  rq_session_mount(session, "mock://", says, &this, free_and_use, &e);
  mount(session, "mock://", says, &other);
  CHECK_INT(this.freed, 1);
  rq_session_mount(session, "mock://", says, &this, free_and_use, &e);
  CHECK(rq_session_unmount(session, "mock://", &e));
  rq_session_mount(session, "mock://", NULL, &this, free_and_use, &e);
  rq_session_mount(session, "", says, &this, free_and_use, &e);
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  CHECK_INT(this.freed, 4);
  rq_session_free(session);
}

/* An adapter that takes itself away is still whole until it returns. */
static void leaves(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  mock *this = context;
  (void)request;
  CHECK(rq_session_unmount(this->session, "mock://", error));
  CHECK_INT(this->freed, 0);
  rq_reply_body(reply, this->body, strlen(this->body), error);
}

static void an_adapter_may_unmount_itself(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mock this = {.body = "bye", .session = session};
  mount(session, "mock://", leaves, &this);
  check_body(session, "mock://x/", "bye");
  CHECK_INT(this.freed, 1);
  rq_session_free(session);
}

/* ---- what the session does around them ---- */

static void wanders(void *context, const rq_prepared *request, rq_reply *reply,
                    rq_error **error) {
  const char *cookie = rq_prepared_header(request, "Cookie");
  ((mock *)context)->calls++;
  if (t_has(rq_prepared_url(request), "/start")) {
    rq_reply_status(reply, 302, error);
    rq_reply_header(reply, "Location", "/end", error);
    rq_reply_header(reply, "Set-Cookie", "crumb=1; Path=/", error);
    rq_reply_body(reply, "this way", 8, error);
    return;
  }
  rq_reply_body(reply, cookie ? cookie : "none", strlen(cookie ? cookie : "none"), error);
}

static void count_request(void *context, rq_prepared *prepared, rq_error **error) {
  ((int *)context)[0]++;
  rq_prepared_set_header(prepared, "X-In", "hook", error);
}

static rq_response *count_response(void *context, rq_response *response, rq_error **error) {
  (void)error;
  ((int *)context)[1]++;
  return response;
}

static void cookies_hooks_and_redirects_work_over_them(void) {
  size_t len = 0;
  mock this = {0}, other = {0};
  int seen[2] = {0, 0};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mount(session, "http://site.test/", wanders, &this);
  mount(session, "mock://", echo, &other);
  rq_opts_on_request(rq_session_opts(session), count_request, seen, NULL, &e);
  rq_opts_on_response(rq_session_opts(session), count_response, seen, NULL, &e);
  rq_response *response = rq_get(session, "http://site.test/start", &e);
  CHECK_STR(rq_body_bytes(response, &len, &e), "crumb=1");
  CHECK_STR(rq_response_url(response), "http://site.test/end");
  CHECK_INT(rq_response_history_count(response), 1);
  rq_response *hop = rq_response_history_at(response, 0);
  CHECK_INT(rq_response_status(hop), 302);
  CHECK_STR(rq_body_bytes(hop, &len, &e), "this way");
  CHECK(this.calls == 2 && seen[0] == 2 && seen[1] == 2);
  check_body(session, "mock://x/y", "GET mock://x/y hook"); /* what the hook has changed */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void to_mock(void *context, const rq_prepared *request, rq_reply *reply,
                    rq_error **error) {
  (void)context, (void)request;
  rq_reply_status(reply, 307, error);
  rq_reply_header(reply, "Location", t_url("RQ_TEST_HTTP", "/echo"), error);
}

/* From an adapter to a server; and an adapter that asks a server itself. */
static void forwards(void *context, const rq_prepared *request, rq_reply *reply,
                     rq_error **error) {
  size_t len = 0;
  (void)request;
  rq_response *response = rq_get(((mock *)context)->session, t_url("RQ_TEST_HTTP", "/json"), error);
  const void *body = rq_body_bytes(response, &len, error);
  rq_reply_status(reply, rq_response_status(response), error);
  rq_reply_body(reply, body, len, error);
  rq_response_free(response);
}

static void adapters_and_servers_mix(void) {
  static const peer_reply replies[] = {
      SAYS("HTTP/1.1 302 Found\r\nLocation: there://x/y\r\nContent-Length: 0\r\n\r\n")};
  peer server;
  mock there = {0};
  rq_error *e = NULL;
  PEER_SCRIPT(&server, replies);
  rq_session *session = rq_session_new(&e);
  mock this = {.session = session};
  rq_session_mount(session, "http://moved.test", to_mock, NULL, NULL, &e);
  mount(session, "mock://", forwards, &this);
  char *text = take(session, rq_request_new("GET", "http://moved.test/x", &e), &e);
  CHECK(t_has(text, "GET /echo"));
  free(text);
  text = take(session, rq_request_new("GET", "mock://x/", &e), &e);
  CHECK(t_has(text, "librq"));
  free(text);
  mount(session, "there://", echo, &there);
  check_body(session, peer_at(&server, "/"), "GET there://x/y -");
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  peer_stop(&server);
}

/* ---- threads ---- */

static mock shared, swapped;

static void *worker(void *data) {
  char url[64], want[96];
  for (int turn = 0; turn < TURNS; turn++) {
    snprintf(url, sizeof url, "mock://%p/%d", (void *)&turn, turn);
    snprintf(want, sizeof want, "GET %s -", url);
    check_body(data, url, want);
    rq_error *e = NULL;
    rq_session_mount(data, "swap://", echo, &swapped, free_mock, &e);
    rq_session_unmount(data, "swap://", &e);
    CHECK_CODE(e, RQ_OK);
  }
  return NULL;
}

static void sixteen_threads_use_and_change_them(void) {
  pthread_t threads[THREADS];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  mount(session, "mock://", echo, &shared);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, worker, session);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(calls_of(&shared), THREADS * TURNS);
  rq_session_free(session);
  CHECK_INT(shared.freed, 1);
  CHECK_INT(swapped.freed, THREADS * TURNS);
}

int main(void) {
  RUN(a_reply_becomes_a_response);
  RUN(a_reply_begins_as_an_empty_200);
  RUN(content_codings_are_taken_off);
  RUN(bad_values_are_told_and_change_nothing);
  RUN(an_error_of_the_adapter_fails_the_request);
  RUN(the_longest_prefix_wins);
  RUN(without_a_function_connections_are_apart);
  RUN(each_context_is_freed_once);
  RUN(no_lock_is_held_while_a_context_is_freed);
  RUN(an_adapter_may_unmount_itself);
  RUN(cookies_hooks_and_redirects_work_over_them);
  RUN(adapters_and_servers_mix);
  RUN(sixteen_threads_use_and_change_them);
  DONE();
}
