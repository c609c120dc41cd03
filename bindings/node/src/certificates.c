/* The certificates that a server has shown of itself. */
#include "addon.h"

static napi_value certificate_object(napi_env env, const rq_certificate *shown) {
  napi_value object = NULL, der = NULL;
  size_t len = 0;
  const void *data = rq_certificate_der(shown, &len);
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  if (napi_create_buffer_copy(env, len, data, NULL, &der) != napi_ok) return NULL;
  set(env, object, "der", der);
  set(env, object, "subject", utf8(env, rq_certificate_subject(shown)));
  set(env, object, "issuer", utf8(env, rq_certificate_issuer(shown)));
  set(env, object, "notBefore", number(env, (double)rq_certificate_not_before(shown)));
  set(env, object, "notAfter", number(env, (double)rq_certificate_not_after(shown)));
  return object;
}

/* responseCertificates(response): { der, subject, issuer, notBefore, notAfter } of each, the
   server's own first; times in seconds since 1970 */
napi_value response_certificates(napi_env env, napi_callback_info info) {
  response *of = response_of(env, arguments_of(env, info).at[0]);
  if (of == NULL) return NULL;
  if (!response_alive(of)) {
    misuse_throw(env, RESPONSE_GONE);
    return NULL;
  }
  napi_value all = NULL;
  const rq_certificate *shown;
  if (napi_create_array(env, &all) != napi_ok) return NULL;
  for (uint32_t i = 0; (shown = rq_response_certificate(of->inner, i)) != NULL; i++)
    napi_set_element(env, all, i, certificate_object(env, shown));
  return all;
}
