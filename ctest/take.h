/* take.h: one request from its sending to the last byte of its answer, as text. */
#ifndef TAKE_H
#define TAKE_H

#include "t.h"

/* Sends and frees `request`; the whole body, to be freed; NULL with *error set on failure. */
static inline char *take(const rq_session *session, rq_request *request, rq_error **error) {
  size_t len = 0;
  rq_response *response = rq_perform(session, request, NULL, error);
  const char *body = rq_body_bytes(response, &len, error);
  char *text = body ? strdup(body) : NULL;
  rq_response_free(response);
  rq_request_free(request);
  return text;
}

#endif
