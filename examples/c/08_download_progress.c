/* Save a large body to a file, and show how far it is. The file appears whole or not at all, and
 * the body is never held in memory. */
#include <rq.h>
#include <stdio.h>

static void show(void *context, uint64_t received, int64_t total, rq_error **e) {
  int *quarter = context;
  (void)e; /* setting it would end the download */
  while (total > 0 && *quarter <= 4 && received * 4 >= (uint64_t)total * *quarter)
    printf("%d %%\n", 25 * (*quarter)++);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/bytes/10000000", argv[1]);

  rq_error *e = NULL;
  int quarter = 1;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", url, &e);
  rq_opts_on_download(rq_request_opts(request), show, &quarter, NULL, &e);

  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  int64_t written = rq_body_save(response, "download.bin", &e);
  if (!e) printf("%lld bytes saved\n", (long long)written);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
