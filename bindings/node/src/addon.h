/* What the files of the addon share. Everything here belongs to the JS thread of one env, except
   job.run, which belongs to a worker thread (pool.c has the table). HTTP is librq's business: these
   files only carry values between JavaScript and rq.h.

   Throwing: a function that gets a value from JavaScript leaves an exception pending and returns
   NULL or false when the value is wrong. */
#ifndef RQ_NODE_ADDON_H
#define RQ_NODE_ADDON_H

#include <node_api.h>
#include <rq.h>
#include <stdbool.h>
#include <stddef.h>

/* addon.c: values in and out */
enum { ARGUMENTS_MAX = 6 };
typedef struct {
  napi_value at[ARGUMENTS_MAX]; /* undefined where the caller gave fewer */
} arguments;
arguments arguments_of(napi_env env, napi_callback_info info);
char *text_of(napi_env env, napi_value value);          /* malloc'd; NUL inside is refused */
bool bytes_of(napi_env env, napi_value value, const void **data, size_t *len);
napi_value latin1(napi_env env, const char *text);
napi_value utf8(napi_env env, const char *text);        /* undefined for NULL */
napi_value undefined(napi_env env);
void set(napi_env env, napi_value object, const char *name, napi_value value);
bool is_nullish(napi_env env, napi_value value);
napi_value handle_new(napi_env env, void *data, napi_finalize collect, const napi_type_tag *tag);
void *handle_of(napi_env env, napi_value value, const napi_type_tag *tag, const char *noun);

/* errors.c: failures as plain objects, which lib/errors.cjs makes into RequestErrors */
napi_value error_object(napi_env env, const rq_error *error);
bool error_thrown(napi_env env, rq_error *error);       /* throws and frees it; false for NULL */
void misuse_throw(napi_env env, const char *message);

/* pool.c: blocking work off the JS thread */
typedef struct job job;
struct job {
  void (*run)(job *work);                            /* worker thread: blocks, sets error */
  napi_value (*settle)(napi_env env, job *work);     /* JS thread: what the promise resolves to */
  void (*drop)(job *work);                           /* JS thread: frees the job; no JavaScript */
  const rq_cancel *cancel;                           /* ends run early */
  rq_error *error;                                   /* rejects the promise */
  napi_deferred promise;
  job *next;
};
typedef struct pool pool;
pool *pool_new(napi_env env);
void pool_close(void *closing_pool);                 /* env cleanup hook */
void pool_free(napi_env env, void *closed_pool, void *hint);
napi_value pool_submit(napi_env env, job *work);     /* takes the job, gives its promise */
void pool_withdraw(napi_env env, const rq_cancel *cancel); /* ends what did not start yet */

/* session.c */
typedef struct session session;
session *session_enter(napi_env env, napi_value handle); /* NULL: no session, or a closed one */
void session_leave(session *entered);
rq_session *session_inner(const session *entered);
napi_value session_new(napi_env env, napi_callback_info info);
napi_value session_close_idle(napi_env env, napi_callback_info info);
napi_value session_close(napi_env env, napi_callback_info info);

/* options.c */
void options_apply(napi_env env, napi_value calls, rq_opts *opts, char **ca_file, rq_error **error);

/* request.c */
typedef struct prepared prepared;
prepared *prepared_enter(napi_env env, napi_value handle); /* no editing until it is left */
void prepared_leave(prepared *entered);
rq_prepared *prepared_inner(const prepared *entered);
rq_request *request_of(napi_env env, const napi_value *arguments4, char **ca_file);
napi_value prepared_new(napi_env env, napi_callback_info info);
napi_value prepared_method(napi_env env, napi_callback_info info);
napi_value prepared_url(napi_env env, napi_callback_info info);
napi_value prepared_headers(napi_env env, napi_callback_info info);
napi_value prepared_header(napi_env env, napi_callback_info info);
napi_value prepared_body(napi_env env, napi_callback_info info);
napi_value prepared_set_method(napi_env env, napi_callback_info info);
napi_value prepared_set_url(napi_env env, napi_callback_info info);
napi_value prepared_set_header(napi_env env, napi_callback_info info);
napi_value prepared_set_body(napi_env env, napi_callback_info info);

/* response.c: the handle and the head */
typedef struct response {
  rq_cancel *cancel;
  rq_response *inner;    /* NULL before the head and after the end */
  unsigned char *buffer; /* for streaming; one read at most is in flight */
  size_t accounted;      /* bytes that V8 was told of */
  unsigned holders;      /* the JS handle and the job in flight */
  bool busy;             /* a job is in flight */
} response;
response *response_enter(napi_env env, napi_value handle); /* for one job; NULL: another runs */
void response_leave(response *entered);
void response_account(napi_env env, response *open, size_t bytes);
void response_release(napi_env env, response *ended); /* gives up what is left; env may be NULL */
napi_value response_new(napi_env env, napi_callback_info info);
napi_value response_cancel(napi_env env, napi_callback_info info);
napi_value response_close(napi_env env, napi_callback_info info);
napi_value response_head(napi_env env, const rq_response *inner);
napi_value response_fields(napi_env env, const rq_response *inner, bool trailers);

/* send.c */
napi_value response_request(napi_env env, napi_callback_info info);
napi_value response_send(napi_env env, napi_callback_info info);

/* body.c */
typedef struct {
  unsigned char *data;
  size_t len, cap;
  rq_error *failure;
  bool landed; /* data is V8's, and as large as it needs to be */
} content;
void content_read(content *into, rq_response *from);
void content_free(content *read);
void content_set(napi_env env, napi_value object, response *from, const content *read);
napi_value response_read(napi_env env, napi_callback_info info);
napi_value response_rest(napi_env env, napi_callback_info info);

#endif
