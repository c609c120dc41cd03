/* fork: the child may use the parent's session, but never the parent's connections. */
#include "t.h"

#include <sys/wait.h>
#include <unistd.h>

static rq_session *trusting_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), error);
  return session;
}

/* In the child: three requests on one new connection, then the session is freed. */
static int use_in_child(rq_session *session, const char *base, int parents_connection) {
  rq_error *e = NULL;
  int connection = t_get(session, t_url(base, "/json"), &e);
  CHECK(connection > 0 && connection != parents_connection);
  CHECK_INT(t_get(session, t_url(base, "/json"), &e), connection);
  CHECK_INT(t_get(session, t_url(base, "/json"), &e), connection);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session); /* must not say goodbye on the parent's connections */
  return t_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void check_fork(const char *base) {
  int status = -1;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  int connection = t_get(session, t_url(base, "/json"), &e);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(use_in_child(session, base, connection));
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  CHECK_INT(t_get(session, t_url(base, "/json"), &e), connection);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void the_child_gets_connections_of_its_own(void) { check_fork("RQ_TEST_HTTP"); }

static void the_child_gets_tls_connections_of_its_own(void) { check_fork("RQ_TEST_HTTPS"); }

static void parent_and_child_at_the_same_time(void) {
  enum { TURNS = 50 };
  int status = -1;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  int connection = t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e);
  fflush(stdout);
  pid_t child = fork();
  for (int turn = 0; turn < TURNS; turn++) {
    int now = t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e);
    CHECK(child == 0 ? now > 0 && now != connection : now == connection);
  }
  CHECK_CODE(e, RQ_OK);
  if (child == 0) _exit(t_failures ? EXIT_FAILURE : EXIT_SUCCESS);
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  rq_session_free(session);
}

/* A response that was open at the fork belongs to the parent; the child's copy may be freed. */
static void an_open_response_stays_the_parents(const char *base) {
  char start[1000];
  size_t len = 0;
  int status = -1;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_response *response = rq_get(session, t_url(base, "/bytes/16777216"), &e);
  int64_t got = rq_body_read(response, start, sizeof start, &e);
  CHECK(got > 0);
  pid_t child = fork();
  if (child == 0) {
    rq_response_free(response);
    rq_session_free(session);
    _exit(EXIT_SUCCESS);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT((long long)len + got, 16777216);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void an_open_response_survives_the_childs_free(void) {
  an_open_response_stays_the_parents("RQ_TEST_HTTP");
}

static void an_open_tls_response_survives_the_childs_free(void) {
  an_open_response_stays_the_parents("RQ_TEST_HTTPS");
}

int main(void) {
  RUN(the_child_gets_connections_of_its_own);
  RUN(the_child_gets_tls_connections_of_its_own);
  RUN(parent_and_child_at_the_same_time);
  RUN(an_open_response_survives_the_childs_free);
  RUN(an_open_tls_response_survives_the_childs_free);
  DONE();
}
