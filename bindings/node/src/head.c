/* The head of a response as a plain object, made once: what can be asked of a response at any time,
   also while a job reads its body. */
#include "addon.h"

/* name, value, name, value, … as received. HTTP/1.1 text is bytes: each becomes one character. */
napi_value response_fields(napi_env env, const rq_response *inner, bool trailers) {
  napi_value fields = NULL;
  const char *name = NULL, *value = NULL;
  if (napi_create_array(env, &fields) != napi_ok) return NULL;
  for (uint32_t i = 0; trailers ? rq_response_trailer_at(inner, i, &name, &value)
                                : rq_response_header_at(inner, i, &name, &value);
       i++) {
    napi_set_element(env, fields, 2 * i, latin1(env, name));
    napi_set_element(env, fields, 2 * i + 1, latin1(env, value));
  }
  return fields;
}

/* What raise() will throw for a 4xx or 5xx. */
static void set_raised(napi_env env, napi_value head, const rq_response *inner) {
  rq_error *error = NULL;
  rq_response_raise(inner, &error);
  if (error != NULL) set(env, head, "raised", error_object(env, error));
  rq_error_free(error);
}

/* What next() will give, or throw. */
static void set_next(napi_env env, napi_value head, const rq_response *inner) {
  rq_error *error = NULL;
  rq_prepared *next = rq_response_next(inner, &error);
  if (next != NULL) set(env, head, "next", prepared_handle(env, next));
  if (error != NULL) set(env, head, "misled", error_object(env, error));
  rq_error_free(error);
}

static void set_cookies(napi_env env, napi_value head, const rq_response *inner) {
  rq_error *error = NULL;
  set(env, head, "cookies", cookie_objects(env, rq_response_cookies(inner), &error));
  rq_error_free(error);
}

static napi_value link_object(napi_env env, const rq_response *inner, uint32_t index) {
  const char *key = NULL, *url = NULL, *name = NULL, *value = NULL;
  napi_value link = NULL, params = NULL;
  if (!rq_response_link_at(inner, index, &key, &url)) return NULL;
  if (napi_create_object(env, &link) != napi_ok) return NULL;
  napi_create_array(env, &params);
  for (uint32_t i = 0; rq_response_link_param_at(inner, index, i, &name, &value); i++) {
    napi_value pair = NULL;
    napi_create_array(env, &pair);
    napi_set_element(env, pair, 0, utf8(env, name));
    napi_set_element(env, pair, 1, utf8(env, value));
    napi_set_element(env, params, i, pair);
  }
  set(env, link, "key", utf8(env, key));
  set(env, link, "url", utf8(env, url));
  set(env, link, "params", params);
  return link;
}

static void set_links(napi_env env, napi_value head, const rq_response *inner) {
  napi_value links = NULL, link;
  if (napi_create_array(env, &links) != napi_ok) return;
  for (uint32_t i = 0; (link = link_object(env, inner, i)) != NULL; i++)
    napi_set_element(env, links, i, link);
  set(env, head, "links", links);
}

/* [handle, head] of each, the oldest first. */
static void set_history(napi_env env, napi_value head, response *of, uint32_t count) {
  napi_value hops = NULL;
  if (napi_create_array(env, &hops) != napi_ok) return;
  for (uint32_t i = 0; i < count; i++) {
    response hop = {.kind = RESPONSE_HOP, .lender = of}, *held = NULL;
    hop.inner = rq_response_history_at(of->inner, i);
    hop.request = rq_response_request(hop.inner);
    napi_value pair = NULL, handle = response_handle(env, hop, &held);
    if (handle == NULL || napi_create_array(env, &pair) != napi_ok) return;
    napi_set_element(env, pair, 0, handle);
    napi_set_element(env, pair, 1, response_head(env, held));
    napi_set_element(env, hops, i, pair);
  }
  set(env, head, "history", hops);
}

napi_value response_head(napi_env env, response *of) {
  const rq_response *inner = of->inner;
  napi_value head = NULL;
  if (napi_create_object(env, &head) != napi_ok) return NULL;
  set(env, head, "status", number(env, rq_response_status(inner)));
  set(env, head, "ok", boolean(env, rq_response_ok(inner)));
  set(env, head, "reason", latin1(env, rq_response_reason(inner)));
  set(env, head, "url", utf8(env, rq_response_url(inner)));
  set(env, head, "version", number(env, rq_response_http_version(inner)));
  set(env, head, "elapsed", number(env, rq_response_elapsed_ms(inner)));
  set(env, head, "length", number(env, (double)rq_body_length(inner)));
  set(env, head, "reused", boolean(env, rq_response_reused(inner)));
  set(env, head, "headers", response_fields(env, inner, false));
  set(env, head, "encoding", utf8(env, rq_response_encoding(inner)));
  if (!rq_response_ok(inner)) set_raised(env, head, inner);
  if (rq_response_is_redirect(inner)) {
    set(env, head, "redirects", boolean(env, rq_response_is_permanent_redirect(inner)));
    set_next(env, head, inner);
  }
  if (rq_response_header(inner, "Set-Cookie") != NULL) set_cookies(env, head, inner);
  if (rq_response_header(inner, "Link") != NULL) set_links(env, head, inner);
  size_t count = rq_response_history_count(inner);
  if (count > 0) set_history(env, head, of, (uint32_t)count);
  return head;
}
