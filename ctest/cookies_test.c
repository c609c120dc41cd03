/* Cookies of a session: received, set, sent, listed, cleared, timed, and kept in files; those of
 * one request; never to another host; from any thread (behaviours C1 to C8; RFC 6265bis). */
#include "files.h"
#include "take.h"

#include <pthread.h>
#include <sys/stat.h>

#define ONE "http://one.test/"

static rq_session *session; /* knows one.test, sub.one.test and two.test as testd */
static rq_cookies *cookies; /* its cookies; each test begins and ends with none */

static void clear(void) { rq_cookies_clear(cookies, NULL, NULL, NULL); }

static void set(const char *name, const char *value, const char *domain, const char *path) {
  rq_error *e = NULL;
  rq_cookies_set(cookies, name, value, domain, path, false, &e);
  CHECK_CODE(e, RQ_OK);
}

static void receive(const char *url, const char *set_cookie) {
  rq_error *e = NULL;
  rq_cookies_receive(cookies, url, set_cookie, &e);
  CHECK_CODE(e, RQ_OK);
}

/* Prepares and frees the request: what Cookie header it carries. */
static void check_request(rq_request *request, const char *want) {
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Cookie"), want);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void check_sent(const char *url, const char *want) {
  check_request(rq_request_new("GET", url, NULL), want);
}

static size_t count(void) {
  size_t number = 0;
  rq_cookie_list *list = rq_cookies_list(cookies, NULL);
  while (rq_cookie_list_at(list, number, NULL, NULL, NULL, NULL)) number++;
  rq_cookie_list_free(list);
  return number;
}

/* The server's a=1 and b=2 go back to it alone, as its echo shows. */
static void what_a_server_sets_is_sent_back_to_it_alone(void) {
  rq_error *e = NULL;
  free(take(session, rq_request_new("GET", ONE "headers", &e), &e));
  char *echo = take(session, rq_request_new("GET", ONE "echo", &e), &e);
  CHECK(t_has(echo, "\r\nCookie: a=1; b=2\r\n"));
  free(echo);
  echo = take(session, rq_request_new("GET", "http://two.test/echo", &e), &e);
  CHECK(t_has(echo, "\r\nHost: two.test\r\n") && !t_has(echo, "Cookie"));
  free(echo);
  CHECK_CODE(e, RQ_OK);
  check_sent("http://sub.one.test/", NULL);
  check_sent("http://test/", NULL);
  check_sent("http://notone.test/", NULL);
  check_sent("http://one.test.two.test/", NULL);
  check_sent("https://one.test:8443/any/path", "a=1; b=2");
}

static void a_server_may_share_with_its_subdomains(void) {
  receive(ONE, "shared=1; Domain=one.test");
  receive("http://sub.one.test/", "below=2; Domain=.one.test");
  check_sent("http://sub.one.test/", "shared=1; below=2");
  check_sent(ONE, "shared=1; below=2");
  check_sent("http://two.test/", NULL);
}

static void a_server_may_not_set_for_others(void) {
  receive(ONE, "a=1; Domain=two.test");
  receive(ONE, "a=1; Domain=sub.one.test");
  receive(ONE, "a=1; Domain=ne.test");
  receive("http://127.0.0.1/", "a=1; Domain=0.0.1");
  receive(ONE, "");
  receive(ONE, "=1");
  CHECK_INT(count(), 0);
}

static void paths_bound_and_order(void) {
  receive(ONE "x/y/z", "default=1");
  receive(ONE, "root=2; Path=/");
  receive(ONE, "x=3; Path=/x");
  check_sent(ONE "x/y/else", "default=1; x=3; root=2");
  check_sent(ONE "x", "x=3; root=2");
  check_sent(ONE "xy", "root=2");
}

static void secure_ones_need_https(void) {
  rq_error *e = NULL;
  receive("https://one.test/", "s=1; Secure");
  rq_cookies_set(cookies, "t", "2", "one.test", NULL, true, &e);
  set("u", "3", "one.test", NULL);
  check_sent("https://one.test/", "s=1; t=2; u=3");
  check_sent(ONE, "u=3");
  receive(ONE, "s=stolen"); /* what came in the clear does not stand in for it */
  check_sent("https://one.test/", "s=1; t=2; u=3");
  CHECK_CODE(e, RQ_OK);
}

static void ones_own_go_where_they_are_meant(void) {
  set("all", "1", NULL, NULL);
  set("one", "2", "one.test", NULL);
  set("deep", "3", "one.test", "/deep");
  check_sent(ONE, "all=1; one=2");
  check_sent("http://sub.one.test/deep/er", "deep=3; all=1; one=2");
  check_sent("http://two.test/deep", "all=1");
  set("one", "4", "one.test", NULL); /* replaced in its place */
  check_sent(ONE, "all=1; one=4");
}

/* NULL stands for any domain and any path. */
static void deleting_is_as_wide_as_it_is_told(void) {
  set("id", "1", NULL, NULL);
  set("id", "2", "one.test", NULL);
  set("id", "3", "one.test", "/x");
  set("other", "4", "one.test", NULL);
  set("id", NULL, "one.test", "/x");
  check_sent(ONE "x", "id=1; id=2; other=4");
  set("id", NULL, "two.test", NULL);
  CHECK_INT(count(), 3);
  set("id", NULL, NULL, NULL);
  check_sent(ONE "x", "other=4");
}

static void clearing_is_as_wide_as_it_is_told(void) {
  set("a", "1", "one.test", NULL);
  set("b", "2", "one.test", "/x");
  set("a", "3", "two.test", NULL);
  rq_cookies_clear(cookies, "one.test", "/x", "a");
  CHECK_INT(count(), 3);
  rq_cookies_clear(cookies, NULL, NULL, "a");
  CHECK_INT(count(), 1);
  check_sent(ONE "x", "b=2");
  rq_cookies_clear(cookies, "one.test", NULL, NULL);
  CHECK_INT(count(), 0);
}

static void a_list_is_a_copy_of_one_moment(void) {
  const char *name = NULL, *value = NULL, *domain = NULL, *path = NULL;
  rq_error *e = NULL;
  set("own", "v 1", NULL, NULL);
  receive("https://one.test/x/y", "s=\"2\"; Secure; Max-Age=60");
  rq_cookie_list *list = rq_cookies_list(cookies, &e);
  clear();
  CHECK(rq_cookie_list_at(list, 0, &name, &value, &domain, &path));
  CHECK_STR(name, "own");
  CHECK_STR(value, "v 1");
  CHECK_STR(domain, ""); /* sent to every host */
  CHECK_STR(path, "/");
  CHECK(!rq_cookie_list_secure(list, 0));
  CHECK_INT(rq_cookie_list_expires(list, 0), -1);
  CHECK(rq_cookie_list_at(list, 1, &name, &value, &domain, &path));
  CHECK_STR(name, "s");
  CHECK_STR(value, "\"2\"");
  CHECK_STR(domain, "one.test");
  CHECK_STR(path, "/x");
  CHECK(rq_cookie_list_secure(list, 1));
  CHECK(rq_cookie_list_expires(list, 1) > 1700000000);
  CHECK(!rq_cookie_list_at(list, 2, &name, &value, &domain, &path));
  CHECK(!rq_cookie_list_secure(list, 2) && rq_cookie_list_expires(list, 2) == -1);
  CHECK_STR(name, "s"); /* past the end nothing is written */
  CHECK_CODE(e, RQ_OK);
  rq_cookie_list_free(list);
}

static void time_is_what_the_clock_says(void) {
  rq_cookies_clock(cookies, 1000);
  receive(ONE, "short=1; Max-Age=10");
  receive(ONE, "long=2; Expires=Thu, 01 Jan 1970 01:00:00 GMT");
  receive(ONE, "past=3; Expires=Thu, 01 Jan 1970 00:00:01 GMT");
  receive(ONE, "session=4");
  check_sent(ONE, "short=1; long=2; session=4");
  rq_cookies_clock(cookies, 1009);
  check_sent(ONE, "short=1; long=2; session=4");
  rq_cookies_clock(cookies, 1010);
  check_sent(ONE, "long=2; session=4");
  CHECK_INT(count(), 2);
  receive(ONE, "session=; Max-Age=0"); /* a server's way to delete */
  check_sent(ONE, "long=2");
  rq_cookies_clock(cookies, -1); /* the system's: 1970 is over */
  CHECK_INT(count(), 0);
}

/* Loads the file into a session of its own: what it would then send to one.test. */
static void check_loaded(const char *path, const char *want) {
  rq_error *e = NULL;
  rq_session *other = rq_session_new(&e);
  rq_cookies_load(rq_session_cookies(other), path, &e);
  rq_request *request = rq_request_new("GET", "https://one.test/x/y", &e);
  rq_prepared *prepared = rq_prepare(other, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Cookie"), want);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(other);
}

static void a_file_keeps_all_and_is_its_owners_alone(void) {
  char path[] = FILES_NAME;
  struct stat about = {0};
  rq_error *e = NULL;
  set("all", "1", NULL, NULL);
  set("own", "2", "one.test", "/x");
  receive("https://one.test/", "secure=3; Secure; HttpOnly; Max-Age=600");
  receive(ONE "x/y", "host=4");
  files_text(path, "an old file, for all to read");
  CHECK_INT(chmod(path, 0666), 0);
  mode_t mask = umask(0);
  rq_cookies_save(cookies, path, &e);
  umask(mask);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(stat(path, &about), 0);
  CHECK_INT(about.st_mode & 07777, 0600);
  check_loaded(path, "own=2; host=4; all=1; secure=3");
  set("own", "changed", "one.test", "/x");
  set("new", "5", NULL, NULL);
  rq_cookies_load(cookies, path, &e); /* adds, and replaces */
  check_sent("https://one.test/x", "own=2; host=4; all=1; secure=3; new=5");
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(unlink(path), 0);
}

static void check_no_cookies(const char *text) {
  char path[] = FILES_NAME;
  rq_error *e = NULL;
  files_text(path, text);
  set("here", "1", NULL, NULL);
  rq_cookies_load(cookies, path, &e);
  CHECK(t_has(rq_error_message(e), path) && !t_has(rq_error_message(e), "s3cret"));
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK_INT(count(), 1);
  clear();
  CHECK_INT(unlink(path), 0);
}

static void a_file_that_is_none_adds_nothing(void) {
  static const char good[] = "one.test\tFALSE\t/\tFALSE\t0\tgood\ts3cret\n";
  char text[256];
  snprintf(text, sizeof text, "%sone.test s3cret\n", good);
  check_no_cookies(text);
  snprintf(text, sizeof text, "%sone.test\tmaybe\t/\tFALSE\t0\tname\ts3cret\n", good);
  check_no_cookies(text);
  snprintf(text, sizeof text, "%sone.test\tFALSE\t/\tFALSE\tsoon\tname\ts3cret\n", good);
  check_no_cookies(text);
}

static void files_that_cannot_be_are_told(void) {
  char folder[] = FILES_NAME, path[64];
  rq_error *e = NULL;
  CHECK(mkdtemp(folder) != NULL);
  rq_cookies_load(cookies, "/no/such/cookies", &e);
  CHECK(t_has(rq_error_message(e), "/no/such/cookies"));
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_cookies_load(cookies, folder, &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_cookies_save(cookies, "/no/such/cookies", &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  snprintf(path, sizeof path, "%s/folder", folder);
  CHECK_INT(mkdir(path, 0700), 0);
  rq_cookies_save(cookies, path, &e); /* a folder is not replaced, and nothing is left beside it */
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK_INT(rmdir(path), 0);
  CHECK_INT(rmdir(folder), 0);
}

static rq_request *with_cookie(const char *name, const char *value) {
  rq_request *request = rq_request_new("GET", ONE, NULL);
  rq_opts_cookie(rq_request_opts(request), name, value, NULL);
  return request;
}

static void a_requests_own_are_not_kept(void) {
  set("all", "1", NULL, NULL);
  set("id", "2", "one.test", NULL);
  check_request(with_cookie("own", "3"), "all=1; id=2; own=3");
  check_request(with_cookie("all", "3"), "all=3; id=2"); /* in the place of every host's */
  check_request(with_cookie("id", "3"), "all=1; id=2; id=3");
  check_request(with_cookie("id", NULL), "all=1"); /* left out this once */
  check_request(with_cookie("unknown", NULL), "all=1; id=2");
  check_sent(ONE, "all=1; id=2");
  rq_request *request = with_cookie("own", "3");
  rq_opts_cookie(rq_request_opts(request), "own", "4", NULL);
  rq_opts_header(rq_request_opts(request), "Cookie", "mine", NULL);
  check_request(request, "mine"); /* a header of one's own wins over all */
}

static void a_jar_may_be_left_out(void) {
  rq_error *e = NULL;
  set("all", "1", NULL, NULL);
  rq_request *request = with_cookie("own", "2");
  rq_opts_jar(rq_request_opts(request), false, &e);
  check_request(request, "own=2");
  request = rq_request_new("GET", ONE "headers", &e);
  rq_opts_jar(rq_request_opts(request), false, &e);
  free(take(session, request, &e));
  CHECK_INT(count(), 1); /* and what the server set was not kept */
  CHECK_CODE(e, RQ_OK);
}

static void sessions_share_no_cookies(void) {
  rq_error *e = NULL;
  rq_session *other = rq_session_new(&e);
  rq_cookies_set(rq_session_cookies(other), "a", "1", NULL, NULL, false, &e);
  CHECK_INT(count(), 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(other);
}

enum { THREADS = 8, TURNS = 200 };

/* Sets and deletes cookies of its own while others do, and always finds its own. */
static void *work(void *data) {
  char name[16], want[32];
  rq_error *e = NULL;
  snprintf(name, sizeof name, "t%d", *(int *)data);
  for (int turn = 0; turn < TURNS / t_slowness(); turn++) {
    snprintf(want, sizeof want, "%s=%d", name, turn);
    receive(ONE, want);
    rq_request *request = rq_request_new("GET", ONE, &e);
    rq_prepared *prepared = rq_prepare(session, request, &e);
    CHECK(t_has(rq_prepared_header(prepared, "Cookie"), want));
    rq_cookie_list *list = rq_cookies_list(cookies, &e);
    CHECK(rq_cookie_list_at(list, 0, NULL, NULL, NULL, NULL));
    rq_cookie_list_free(list);
    rq_prepared_free(prepared);
    rq_request_free(request);
    if (turn % 2) set(name, NULL, "one.test", NULL);
  }
  set(name, "end", "one.test", NULL);
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

static void any_number_of_threads_may_use_them(void) {
  pthread_t threads[THREADS];
  int numbers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    CHECK_INT(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(count(), THREADS);
}

static void run(const char *name, void (*test)(void)) {
  t_run(name, test);
  clear();
  CHECK_INT(count(), 0);
}

#define RUN_CLEAN(test) run(#test, (test))

int main(void) {
  static const char *const hosts[] = {"one.test", "sub.one.test", "two.test"};
  session = rq_session_new(NULL);
  cookies = rq_session_cookies(session);
  for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
    rq_opts_resolve(rq_session_opts(session), hosts[i], 80, t_env("RQ_TEST_HTTP") + 7, NULL);
  }
  RUN_CLEAN(what_a_server_sets_is_sent_back_to_it_alone);
  RUN_CLEAN(a_server_may_share_with_its_subdomains);
  RUN_CLEAN(a_server_may_not_set_for_others);
  RUN_CLEAN(paths_bound_and_order);
  RUN_CLEAN(secure_ones_need_https);
  RUN_CLEAN(ones_own_go_where_they_are_meant);
  RUN_CLEAN(deleting_is_as_wide_as_it_is_told);
  RUN_CLEAN(clearing_is_as_wide_as_it_is_told);
  RUN_CLEAN(a_list_is_a_copy_of_one_moment);
  RUN_CLEAN(time_is_what_the_clock_says);
  RUN_CLEAN(a_file_keeps_all_and_is_its_owners_alone);
  RUN_CLEAN(a_file_that_is_none_adds_nothing);
  RUN_CLEAN(files_that_cannot_be_are_told);
  RUN_CLEAN(a_requests_own_are_not_kept);
  RUN_CLEAN(a_jar_may_be_left_out);
  RUN_CLEAN(sessions_share_no_cookies);
  RUN_CLEAN(any_number_of_threads_may_use_them);
  rq_session_free(session);
  DONE();
}
