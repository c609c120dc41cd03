/* Whole requests in one call: rq_get, rq_post_json, rq_download; what they send, leave behind, and
 * say of wrong input. */
#include "t.h"

#include <sys/stat.h>
#include <unistd.h>

static rq_session *session;
static char saved[64]; /* the name of a file that each run has for itself */

static long long size_of(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 ? (long long)found.st_size : -1;
}

static void post_json_sends_json_with_the_sessions_settings(void) {
  rq_error *e = NULL;
  rq_response *response = rq_post_json(session, t_url("RQ_TEST_HTTP", "/echo"), "{\"a\": 1}", &e);
  const char *text = rq_body_text(response, NULL, &e);
  CHECK(t_has(text, "POST /echo HTTP/1.1\r\n"));
  CHECK(t_has(text, "\r\nContent-Type: application/json\r\n"));
  CHECK(t_has(text, "\r\nContent-Length: 8\r\n"));
  CHECK(t_has(text, "\r\nX-Session: 1\r\n"));
  CHECK(t_has(text, "\r\n\r\n{\"a\": 1}"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void post_json_takes_no_status_for_an_error(void) {
  rq_error *e = NULL;
  rq_response *response = rq_post_json(session, t_url("RQ_TEST_HTTP", "/status/500"), "1", &e);
  CHECK_INT(rq_response_status(response), 500);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void post_json_refuses_what_is_none(void) {
  const char *url = t_url("RQ_TEST_HTTP", "/echo");
  rq_error *e = NULL;
  CHECK(rq_post_json(session, url, "{\"a\": ", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_JSON);
  CHECK(rq_post_json(session, url, "", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_JSON);
  CHECK(rq_post_json(session, url, "\"\xe9\"", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  CHECK(rq_post_json(session, url, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_post_json(session, NULL, "1", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_post_json(NULL, url, "1", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_post_json(session, "nonsense", "1", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISSING_SCHEMA);
}

static void download_saves_all_of_it(void) {
  rq_error *e = NULL;
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/bytes/300000"), saved, &e), 300000);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(size_of(saved), 300000);
}

/* Neither a status nor a body that is cut short replaces what was there. */
static void download_leaves_the_file_as_it_was_on_error(void) {
  rq_error *e = NULL;
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/bytes/1000"), saved, &e), 1000);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/status/404"), saved, &e), -1);
  CHECK_INT(rq_error_status(e), 404);
  CHECK_CODE(e, RQ_ERR_STATUS);
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/truncated"), saved, &e), -1);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  CHECK_INT(size_of(saved), 1000);
  remove(saved);
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/status/404"), saved, &e), -1);
  CHECK_CODE(e, RQ_ERR_STATUS);
  CHECK_INT(size_of(saved), -1);
}

static void download_refuses_what_cannot_be(void) {
  const char *url = t_url("RQ_TEST_HTTP", "/json");
  rq_error *e = NULL;
  CHECK_INT(rq_download(session, url, "no/such/folder/x", &e), -1);
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK_INT(rq_download(session, url, NULL, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_download(session, NULL, "x", &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_download(NULL, url, "x", &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  CHECK_INT(rq_download(session, url, saved, &e), -1);
  CHECK(rq_post_json(session, url, "1", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(rq_download(session, t_url("RQ_TEST_HTTP", "/bytes/49"), saved, NULL), 49);
  remove(saved);
}

int main(void) {
  snprintf(saved, sizeof saved, "one-call-%d.bin", (int)getpid());
  session = rq_session_new(NULL);
  rq_opts_header(rq_session_opts(session), "X-Session", "1", NULL);
  RUN(post_json_sends_json_with_the_sessions_settings);
  RUN(post_json_takes_no_status_for_an_error);
  RUN(post_json_refuses_what_is_none);
  RUN(download_saves_all_of_it);
  RUN(download_leaves_the_file_as_it_was_on_error);
  RUN(download_refuses_what_cannot_be);
  rq_session_free(session);
  DONE();
}
