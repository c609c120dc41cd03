/* Credentials: of every kind, from every place, which of them holds; authentication by a callback,
 * whose context is freed exactly once, whatever happens (behaviours A1 to A9). */
#include "files.h"
#include "take.h"

#include <pthread.h>
#include <sys/stat.h>

#define SITE "http://site.test/"
#define BASIC_ANN_PW "Basic YW5uOnB3"

static rq_session *session; /* sees no netrc file but those that a test gives it */

static rq_request *get(const char *url) { return rq_request_new("GET", url, NULL); }

/* Prepares and frees the request, and compares its Authorization header. */
static void check_sent(rq_request *request, const char *want) {
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Authorization"), want);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static rq_request *get_as(const char *user, const char *password) {
  rq_request *request = get(SITE);
  rq_opts_auth_basic(rq_request_opts(request), user, password, NULL);
  return request;
}

static void basic_credentials_are_utf8(void) {
  check_sent(get_as("ann", "pw"), BASIC_ANN_PW);
  check_sent(get_as("", ""), "Basic Og==");
  check_sent(get_as("us\xc3\xa9r", "p"), "Basic dXPDqXI6cA==");
  check_sent(get_as("a:b", "c:d"), "Basic YTpiOmM6ZA==");
}

static void basic_credentials_may_be_latin1(void) {
  rq_error *e = NULL;
  rq_request *request = get_as("us\xc3\xa9r", "p");
  rq_opts_auth_latin1(rq_session_opts(session), true, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Authorization"), "Basic dXPpcjpw");
  rq_prepared_free(prepared);
  rq_opts_auth_latin1(rq_request_opts(request), false, &e); /* the request wins */
  check_sent(request, "Basic dXPDqXI6cA==");
  request = get_as("ann", "\xe2\x82\xac-secret");
  CHECK(rq_prepare(session, request, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "ISO-8859-1") && !t_has(rq_error_message(e), "secret"));
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_request_free(request);
  rq_opts_auth_latin1(rq_session_opts(session), false, &e);
  CHECK_CODE(e, RQ_OK);
}

static void the_request_wins_and_nothing_of_it_is_kept(void) {
  rq_opts *defaults = rq_session_opts(session);
  rq_opts_auth_bearer(defaults, "of-the-session", NULL);
  check_sent(get(SITE), "Bearer of-the-session");
  check_sent(get("http://bob:x@site.test/"), "Bearer of-the-session");
  check_sent(get_as("ann", "pw"), BASIC_ANN_PW);
  rq_request *request = get("http://bob:x@site.test/");
  rq_opts_auth_none(rq_request_opts(request), NULL);
  check_sent(request, NULL);
  check_sent(get(SITE), "Bearer of-the-session");
  rq_opts_auth_none(defaults, NULL);
  check_sent(get("http://bob:x@site.test/"), NULL);
  rq_session_free(session);
  session = rq_session_new(NULL); /* as if no credentials had ever been set */
  rq_opts_env(rq_session_opts(session), "NETRC", "", NULL);
}

static void the_urls_own_are_decoded_and_go_no_further(void) {
  rq_error *e = NULL;
  char url[256];
  check_sent(get("http://ann:pw@site.test/"), BASIC_ANN_PW);
  check_sent(get("http://%61nn:p%77@site.test/"), BASIC_ANN_PW);
  check_sent(get("http://ann:@site.test/"), "Basic YW5uOg==");
  check_sent(get("http://ann@site.test/"), NULL); /* without a colon none are meant */
  const char *address = t_env("RQ_TEST_HTTP") + strlen("http://");
  snprintf(url, sizeof url, "http://ann:pw@%s/echo", address);
  char *echo = take(session, get(url), &e);
  CHECK(t_has(echo, "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(t_has(echo, "\r\nAuthorization: " BASIC_ANN_PW "\r\n"));
  CHECK(!t_has(echo, "ann") && !t_has(echo, "pw@"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void an_explicit_header_wins_over_what_is_found(void) {
  rq_request *request = get("http://bob:x@site.test/");
  rq_opts_header(rq_request_opts(request), "authorization", "Mine", NULL);
  check_sent(request, "Mine");
  request = get_as("ann", "pw"); /* but what was set on purpose wins over it */
  rq_opts_header(rq_request_opts(request), "Authorization", "Mine", NULL);
  check_sent(request, BASIC_ANN_PW);
  request = get(SITE);
  rq_opts_header(rq_request_opts(request), "Authorization", "Mine", NULL);
  rq_opts_auth_none(rq_request_opts(request), NULL);
  check_sent(request, "Mine");
}

static void a_netrc_file_serves_the_hosts_that_it_names(void) {
  char path[] = FILES_NAME;
  rq_opts *opts = rq_session_opts(session);
  files_text(path, "machine site.test login ann password pw\nmachine other.test login bob\n");
  rq_opts_env(opts, "NETRC", path, NULL);
  check_sent(get(SITE), BASIC_ANN_PW);
  check_sent(get("http://bob:x@site.test:8080/"), BASIC_ANN_PW); /* over the URL's */
  check_sent(get("http://sub.site.test/"), NULL);
  rq_request *request = get(SITE);
  rq_opts_header(rq_request_opts(request), "Authorization", "Mine", NULL);
  check_sent(request, "Mine");
  request = get(SITE);
  rq_opts_auth_none(rq_request_opts(request), NULL);
  check_sent(request, NULL);
  CHECK_INT(truncate(path, 0), 0);
  check_sent(get(SITE), BASIC_ANN_PW); /* it was read once */
  rq_opts_trust_env(opts, false, NULL);
  check_sent(get(SITE), NULL);
  rq_opts_trust_env(opts, true, NULL);
  rq_opts_env(opts, "NETRC", "", NULL);
  check_sent(get(SITE), NULL);
  CHECK_INT(unlink(path), 0);
}

static void check_no_netrc(const char *path) {
  rq_opts_env(rq_session_opts(session), "NETRC", path, NULL);
  check_sent(get(SITE), NULL);
}

static void a_netrc_file_that_is_none_says_nothing(void) {
  char path[] = FILES_NAME;
  files_text(path, "machine site.test login ann password pw\nnonsense\n");
  check_no_netrc(path);
  check_no_netrc(".");
  check_no_netrc("/no/such/netrc");
  check_no_netrc("");
  CHECK_INT(unlink(path), 0);
}

static void the_netrc_file_is_looked_for_at_home(void) {
  char home[] = FILES_NAME;
  char path[64];
  char fresh[] = FILES_NAME;
  rq_opts *opts = rq_session_opts(session);
  CHECK(mkdtemp(home) != NULL);
  snprintf(path, sizeof path, "%s/.netrc", home);
  files_text(fresh, "default login ann password pw\n");
  CHECK_INT(rename(fresh, path), 0);
  rq_opts_env(opts, "NETRC", NULL, NULL);
  rq_opts_env(opts, "HOME", home, NULL);
  check_sent(get(SITE), BASIC_ANN_PW);
  rq_opts_env(opts, "NETRC", "", NULL);
  CHECK_INT(unlink(path), 0);
  CHECK_INT(rmdir(home), 0);
}

/* Signs with what it sees: it runs last, so it sees all that will be sent. */
static void sign(void *context, rq_prepared *prepared, rq_error **error) {
  char seen[128];
  size_t len = 0;
  const char *body = rq_prepared_body(prepared, &len);
  snprintf(seen, sizeof seen, "%s %s %s %.*s", rq_prepared_method(prepared),
           rq_prepared_header(prepared, "X-Own"), rq_prepared_header(prepared, "Content-Length"),
           (int)len, body ? body : "");
  rq_prepared_set_header(prepared, "X-Signature", seen, error);
  rq_prepared_set_header(prepared, "X-Own", NULL, error);
  rq_prepared_set_method(prepared, "PUT", error);
  rq_prepared_set_url(prepared, context, error);
  rq_prepared_set_body(prepared, "and sealed", 10, error);
}

static void a_callback_changes_all_that_is_sent(void) {
  rq_error *e = NULL;
  char target[128];
  snprintf(target, sizeof target, "%s", t_url("RQ_TEST_HTTP", "/echo?signed"));
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts_header(rq_request_opts(request), "X-Own", "1", &e);
  rq_request_body(request, "signed", 6, &e);
  rq_opts_auth_callback(rq_request_opts(request), sign, target, NULL, &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "PUT /echo?signed HTTP/1.1\r\n"));
  CHECK(t_has(echo, "\r\nX-Signature: POST 1 6 signed\r\n"));
  CHECK(t_has(echo, "\r\nContent-Length: 10\r\n") && t_has(echo, "\r\n\r\nand sealed"));
  CHECK(!t_has(echo, "X-Own"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

/* A context that counts. */
typedef struct {
  int calls, freed;
  const char *refusal; /* what it says when it refuses */
} keeper;

static void keep(void *context, rq_prepared *prepared, rq_error **error) {
  keeper *this = context;
  __atomic_fetch_add(&this->calls, 1, __ATOMIC_RELAXED);
  rq_prepared_set_header(prepared, "X-Kept", "1", error);
  if (this->refusal) rq_error_set(error, RQ_ERR_CALLBACK, this->refusal);
}

static void free_keeper(void *context) {
  __atomic_fetch_add(&((keeper *)context)->freed, 1, __ATOMIC_RELAXED);
}

static void a_callback_that_fails_fails_the_preparation(void) {
  keeper this = {.refusal = "no key for that"};
  rq_error *e = NULL;
  rq_request *request = get(t_url("RQ_TEST_HTTP", "/json"));
  rq_opts_auth_callback(rq_request_opts(request), keep, &this, free_keeper, &e);
  CHECK(rq_prepare(session, request, &e) == NULL);
  CHECK_STR(rq_error_message(e), "no key for that");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK(rq_perform(session, request, NULL, NULL) == NULL); /* nobody wants to know why */
  this.refusal = NULL;
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(this.calls, 4);
  CHECK_INT(this.freed, 0);
  rq_response_free(response);
  rq_request_free(request);
  CHECK_INT(this.freed, 1);
}

static void edit_badly(void *context, rq_prepared *prepared, rq_error **error) {
  rq_prepared_set_header(prepared, "X-Bad", context, error);
  rq_prepared_set_method(prepared, "PUT", error); /* does nothing: the error is set */
}

static void an_edit_that_fails_in_a_callback_is_its_failure(void) {
  rq_error *e = NULL;
  rq_request *request = get(SITE);
  rq_opts_auth_callback(rq_request_opts(request), edit_badly, "secret\r\nX: 1", NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_prepare(session, request, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "X-Bad") && !t_has(rq_error_message(e), "secret"));
  CHECK_CODE(e, RQ_ERR_INVALID_HEADER);
  rq_request_free(request);
}

/* Uses the session that is preparing: no lock of it may be held. */
static void ask_elsewhere(void *context, rq_prepared *prepared, rq_error **error) {
  rq_session *same = context;
  rq_request *request = get(t_url("RQ_TEST_HTTP", "/json"));
  rq_opts_auth_none(rq_request_opts(request), error);
  char *token = take(same, request, error);
  CHECK(t_has(token, "librq"));
  rq_opts_header(rq_session_opts(same), "X-Asked", "1", error);
  rq_prepared_set_header(prepared, "Authorization", "Asked", error);
  free(token);
}

static void a_callback_may_call_librq(void) {
  rq_opts_auth_callback(rq_session_opts(session), ask_elsewhere, session, NULL, NULL);
  check_sent(get(SITE), "Asked");
  rq_opts_auth_none(rq_session_opts(session), NULL);
  rq_opts_header(rq_session_opts(session), "X-Asked", NULL, NULL);
}

static void a_context_is_freed_once_when_it_is_replaced(void) {
  keeper first = {0}, second = {0};
  rq_opts *opts = rq_session_opts(session);
  rq_opts_auth_callback(opts, keep, &first, free_keeper, NULL);
  rq_opts_auth_callback(opts, keep, &second, free_keeper, NULL);
  CHECK_INT(first.freed, 1);
  CHECK_INT(second.freed, 0);
  rq_opts_auth_basic(opts, "ann", "pw", NULL);
  CHECK_INT(second.freed, 1);
  rq_opts_auth_none(opts, NULL);
  CHECK_INT(first.freed + second.freed, 2);
}

static void a_context_is_freed_once_also_where_it_was_not_taken(void) {
  keeper this = {0};
  rq_error *e = NULL;
  rq_opts_auth_callback(NULL, keep, &this, free_keeper, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(this.freed, 1);
  rq_opts_auth_callback(rq_session_opts(session), NULL, &this, free_keeper, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(this.freed, 2);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_opts_auth_callback(rq_session_opts(session), keep, &this, free_keeper, &e);
  CHECK_STR(rq_error_message(e), "set before");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(this.freed, 3);
  check_sent(get(SITE), NULL);
  CHECK_INT(this.calls, 0);
}

/* Whatever outlives what: once all is freed, so is the context, and once. */
static void a_context_is_freed_once_whatever_is_freed_last(void) {
  keeper of_session = {0}, of_request = {0}, of_opts = {0};
  rq_error *e = NULL;
  rq_session *own = rq_session_new(&e);
  rq_opts_auth_callback(rq_session_opts(own), keep, &of_session, free_keeper, &e);
  rq_response *response = rq_get(own, t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_request *request = get(t_url("RQ_TEST_HTTP", "/json"));
  rq_opts_auth_callback(rq_request_opts(request), keep, &of_request, free_keeper, &e);
  rq_prepared *prepared = rq_prepare(own, request, &e);
  rq_opts *opts = rq_opts_new(&e);
  rq_opts_auth_callback(opts, keep, &of_opts, free_keeper, &e);
  CHECK_INT(of_session.calls, 1);
  CHECK_INT(of_request.calls, 1);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(own);
  rq_request_free(request);
  rq_prepared_free(prepared);
  rq_response_free(response);
  rq_opts_free(opts);
  CHECK_INT(of_session.freed, 1);
  CHECK_INT(of_request.freed, 1);
  CHECK_INT(of_opts.freed, 1);
}

enum { THREADS = 8, TURNS = 200 };

static void *prepare_often(void *data) {
  for (int turn = 0; turn < TURNS; turn++) {
    rq_request *request = get(SITE);
    rq_prepared *prepared = rq_prepare(data, request, NULL);
    CHECK_STR(rq_prepared_header(prepared, "X-Kept"), "1");
    rq_prepared_free(prepared);
    rq_request_free(request);
  }
  return NULL;
}

static void a_sessions_callback_serves_many_threads(void) {
  pthread_t threads[THREADS];
  keeper this = {0};
  rq_session *shared = rq_session_new(NULL);
  rq_opts_auth_callback(rq_session_opts(shared), keep, &this, free_keeper, NULL);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, prepare_often, shared);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(this.calls, THREADS * TURNS);
  rq_session_free(shared);
  CHECK_INT(this.freed, 1);
}

int main(void) {
  session = rq_session_new(NULL);
  rq_opts_env(rq_session_opts(session), "NETRC", "", NULL);
  RUN(basic_credentials_are_utf8);
  RUN(basic_credentials_may_be_latin1);
  RUN(the_request_wins_and_nothing_of_it_is_kept);
  RUN(the_urls_own_are_decoded_and_go_no_further);
  RUN(an_explicit_header_wins_over_what_is_found);
  RUN(a_netrc_file_serves_the_hosts_that_it_names);
  RUN(a_netrc_file_that_is_none_says_nothing);
  RUN(the_netrc_file_is_looked_for_at_home);
  RUN(a_callback_changes_all_that_is_sent);
  RUN(a_callback_that_fails_fails_the_preparation);
  RUN(an_edit_that_fails_in_a_callback_is_its_failure);
  RUN(a_callback_may_call_librq);
  RUN(a_context_is_freed_once_when_it_is_replaced);
  RUN(a_context_is_freed_once_also_where_it_was_not_taken);
  RUN(a_context_is_freed_once_whatever_is_freed_last);
  RUN(a_sessions_callback_serves_many_threads);
  rq_session_free(session);
  DONE();
}
