/* SIGPIPE at its default, which ends the process: no request may raise it, whatever the peer does.
 * The first test shows that this process would die of it, so that the others can fail. */
#include "t.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
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
enum { UPLOAD_BYTES = 16 << 20 };

static void upload_to_a_killed_peer(const char *base, const char *file) {
  void *body = calloc(1, UPLOAD_BYTES);
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_request *request = rq_request_new("POST", t_url(base, "/kill-upload"), &e);
  if (file)
    rq_request_body_file(request, file, &e);
  else
    rq_request_body(request, body, UPLOAD_BYTES, &e);
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

static void peer_killed_during_a_plain_upload(void) {
  upload_to_a_killed_peer("RQ_TEST_HTTP", NULL);
}

static void peer_killed_during_a_tls_upload(void) {
  upload_to_a_killed_peer("RQ_TEST_HTTPS", NULL);
}

/* A file leaves in another way: sendfile has no flag against SIGPIPE. */
static void peer_killed_during_the_upload_of_a_file(void) {
  char path[] = "rq-upload-XXXXXX";
  int fd = mkstemp(path);
  CHECK(fd >= 0 && ftruncate(fd, UPLOAD_BYTES) == 0);
  close(fd);
  upload_to_a_killed_peer("RQ_TEST_HTTP", path);
  upload_to_a_killed_peer("RQ_TEST_HTTPS", path);
  unlink(path);
}

/* Reads all that comes on each connection, and answers nothing. */
static void *reads_for_ever(void *listener) {
  static char bytes[1 << 16];
  for (;;) {
    int fd = accept(*(int *)listener, NULL, NULL);
    if (fd < 0) return NULL;
    while (read(fd, bytes, sizeof bytes) > 0) continue;
    close(fd);
  }
}

static void *triggers_soon(void *cancel) {
  static unsigned turn;
  usleep(2000 + turn++ * 700);
  rq_cancel_trigger(cancel);
  return NULL;
}

/* The socket is shut down while the kernel sends a file: that raises SIGPIPE at once. */
static void upload_of_a_file_that_is_cancelled(void) {
  char path[] = "rq-upload-XXXXXX", url[64];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  pthread_t server, trigger;
  rq_error *e = NULL;
  int fd = mkstemp(path), listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)64 << 30) == 0);
  CHECK_INT(bind(listener, (struct sockaddr *)&address, length), 0);
  CHECK_INT(listen(listener, 5), 0);
  CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
  CHECK_INT(pthread_create(&server, NULL, reads_for_ever, &listener), 0);
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("PUT", url, &e);
  rq_request_body_file(request, path, &e);
  for (int turn = 0; turn < 20; turn++) {
    rq_cancel *cancel = rq_cancel_new(&e);
    CHECK_CODE(e, RQ_OK);
    CHECK_INT(pthread_create(&trigger, NULL, triggers_soon, cancel), 0);
    CHECK(rq_perform(session, request, cancel, &e) == NULL);
    CHECK_CODE(e, RQ_ERR_CANCELLED);
    rq_error_free(e);
    e = NULL;
    pthread_join(trigger, NULL);
    rq_cancel_free(cancel);
  }
  rq_request_free(request);
  rq_session_free(session);
  shutdown(listener, SHUT_RDWR);
  pthread_join(server, NULL);
  close(listener);
  close(fd);
  unlink(path);
}

/* What the thread blocks stays blocked, and a signal that waits for it already stays. */
static void a_sigpipe_of_the_programs_own_stays(void) {
  sigset_t pipe_only, before, pending;
  struct timespec no_wait = {0, 0};
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  CHECK_INT(pthread_sigmask(SIG_BLOCK, &pipe_only, &before), 0);
  upload_of_a_file_that_is_cancelled();
  CHECK_INT(sigpending(&pending), 0);
  CHECK_INT(sigismember(&pending, SIGPIPE), 0);
  CHECK_INT(raise(SIGPIPE), 0);
  upload_of_a_file_that_is_cancelled();
  CHECK_INT(sigtimedwait(&pipe_only, NULL, &no_wait), SIGPIPE);
  CHECK_INT(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

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
  RUN(peer_killed_during_the_upload_of_a_file);
  RUN(upload_of_a_file_that_is_cancelled);
  RUN(a_sigpipe_of_the_programs_own_stays);
  RUN(reuse_after_a_reset);
  RUN(reuse_after_a_close);
  RUN(signals_are_as_they_were);
  DONE();
}
