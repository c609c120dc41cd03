// Four threads, one session, two connections.
#include <pthread.h>
#include <rq.h>
#include <stdio.h>

static void *fetch(void *session) {
  rq_error *e = NULL;
  rq_response *r = rq_get(session, "https://example.org/json", &e);
  const char *json = rq_body_json(r, NULL, &e);
  printf("%s\n", json ? json : rq_error_message(e));
  rq_response_free(r);
  rq_error_free(e);
  return NULL;
}

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(s), 10, 10, 2, &e);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, fetch, s);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  rq_session_free(s);
  rq_error_free(e);
  return 0;
}
