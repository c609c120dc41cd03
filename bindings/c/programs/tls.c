// Trusts one CA and one key, shows a certificate of its own.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(s);
  rq_opts_ca_file(opts, "ca.pem", &e);
  rq_opts_cert(opts, "client.pem", "client.key", NULL, &e);
  rq_opts_pin(opts, "sha256//3QRT5sYyAF0cY2YLCy3J7kOCTzXWLmPqVDZt0bCkYbM=", &e);
  rq_opts_tls_min(opts, RQ_TLS_1_3, &e);

  rq_response *r = rq_get(s, "https://example.org/json", &e);
  const rq_certificate *shown = rq_response_certificate(r, 0);
  if (shown) printf("signed by %s\n", rq_certificate_issuer(shown));

  if (e) fprintf(stderr, "%s: %s\n", rq_error_reason(e), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
