/* SIGPIPE at its default, which ends the process: no request may raise it, whatever the peer does.
 * The first test shows that this process would die of it, so that the others can fail. */
#include "t.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void this_process_would_die_of_sigpipe(void) {
  int ends[2];
  int status = 0;
  CHECK_INT(pipe(ends), 0);
  close(ends[0]);
  pid_t child = fork();
  if (child == 0) _exit(write(ends[1], "x", 1) == 1);
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
  close(ends[1]);
}

static rq_session *trusting_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), error);
  return session;
}

/* Large enough that much is unsent when the peer resets the connection. */
static void upload_to_a_killed_peer(const char *base) {
  size_t len = 16u << 20;
  void *body = calloc(1, len);
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_request *request = rq_request_new("POST", t_url(base, "/kill-upload"), &e);
  rq_request_body(request, body, len, &e);
  CHECK_CODE(e, RQ_OK);
  for (int turn = 0; turn < 5; turn++) {
    CHECK(rq_perform(session, request, NULL, &e) == NULL);
    CHECK(rq_error_code(e) != RQ_OK);
    rq_error_free(e);
    e = NULL;
  }
  free(body);
  rq_request_free(request);
  rq_session_free(session);
}

static void peer_killed_during_a_plain_upload(void) { upload_to_a_killed_peer("RQ_TEST_HTTP"); }

static void peer_killed_during_a_tls_upload(void) { upload_to_a_killed_peer("RQ_TEST_HTTPS"); }

/* The kept connection is dead when the next request is written to it. */
static void reuse_after_the_peer_is_gone(const char *base, const char *path) {
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  for (int turn = 0; turn < 20; turn++) {
    CHECK(t_get(session, t_url(base, path), &e) > 0);
    CHECK_CODE(e, RQ_OK);
  }
  rq_session_free(session); /* closing a dead TLS connection writes too */
}

static void reuse_after_a_reset(void) {
  reuse_after_the_peer_is_gone("RQ_TEST_HTTP", "/then-rst");
  reuse_after_the_peer_is_gone("RQ_TEST_HTTPS", "/then-rst");
}

static void reuse_after_a_close(void) {
  reuse_after_the_peer_is_gone("RQ_TEST_HTTP", "/then-close");
  reuse_after_the_peer_is_gone("RQ_TEST_HTTPS", "/then-close");
}

static void signals_are_as_they_were(void) {
  struct sigaction action;
  sigset_t blocked;
  CHECK_INT(sigaction(SIGPIPE, NULL, &action), 0);
  CHECK(action.sa_handler == SIG_DFL);
  CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
  CHECK_INT(sigismember(&blocked, SIGPIPE), 0);
}

int main(void) {
  signal(SIGPIPE, SIG_DFL);
  RUN(this_process_would_die_of_sigpipe);
  RUN(peer_killed_during_a_plain_upload);
  RUN(peer_killed_during_a_tls_upload);
  RUN(reuse_after_a_reset);
  RUN(reuse_after_a_close);
  RUN(signals_are_as_they_were);
  DONE();
}
