// Shows which proxy a request would take. Sends nothing.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(s);
  rq_opts_proxy(opts, "http", "http://ann:secret@proxy.example.net:3128", &e);
  rq_opts_proxy(opts, "https", "socks5h://proxy.example.net:1080", &e);
  rq_opts_proxy(opts, "https://example.com", NULL, &e);

  const char *urls[] = {"http://example.net/", "https://example.net/",
                        "https://example.com/"};
  for (int i = 0; i < 3; i++) {
    rq_request *q = rq_request_new("GET", urls[i], &e);
    rq_prepared *p = rq_prepare(s, q, &e);
    const char *proxy = rq_prepared_proxy(p, s, &e);
    printf("%s: %s\n", urls[i], proxy ? proxy : "direct");
    rq_prepared_free(p);
    rq_request_free(q);
  }
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  int failed = e != NULL;
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
