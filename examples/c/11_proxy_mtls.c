/* Through a proxy to a server that wants a client certificate. The proxy only sees a tunnel; what
 * is wrong with a certificate is told by rq_error_reason: "expired", "unknown_issuer", ... */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/sha256/0", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_proxy(opts, "https", argv[2], &e);
  rq_opts_ca_file(opts, "ca.pem", &e);
  rq_opts_cert(opts, "client.pem", "client.key", NULL, &e);

  rq_response *response = rq_get(session, url, &e);
  rq_response_raise(response, &e);
  const rq_certificate *certificate;
  for (size_t i = 0; (certificate = rq_response_certificate(response, i)) != NULL; i++)
    printf("certificate %zu: %s\n", i, rq_certificate_subject(certificate));
  if (!e) printf("%d %s\n", rq_response_status(response), rq_response_reason(response));

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
