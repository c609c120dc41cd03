/* What the files of the addon share. Everything here belongs to the JS thread of one env, except
   job.run, which belongs to a worker thread (pool.c has the table), and what it calls. HTTP is
   librq's business: these files only carry values between JavaScript and rq.h.

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
char *text_or_null(napi_env env, napi_value value);     /* also NULL for null and undefined */
bool bytes_of(napi_env env, napi_value value, const void **data, size_t *len);
napi_value latin1(napi_env env, const char *text);
napi_value utf8(napi_env env, const char *text);        /* undefined for NULL */
napi_value boolean(napi_env env, bool value);
napi_value number(napi_env env, double value);
napi_value undefined(napi_env env);
void set(napi_env env, napi_value object, const char *name, napi_value value);
bool is_nullish(napi_env env, napi_value value);
bool is_thrown(napi_env env);                           /* an exception is pending */
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
  void (*hear)(napi_env env, job *work, bool asked); /* JS thread: run called pool_ask or _tell */
  struct upload *upload;                             /* what run may ask for; NULL: nothing */
  const rq_cancel *cancel;                           /* ends run early */
  rq_error *error;                                   /* rejects the promise */
  napi_deferred promise;
  struct worker *by;                                 /* who runs it */
  job *next;
};
typedef struct pool pool;
pool *pool_new(napi_env env);
void pool_close(void *closing_pool);                 /* env cleanup hook */
void pool_free(napi_env env, void *closed_pool, void *hint);
napi_value pool_submit(napi_env env, job *work);     /* takes the job, gives its promise */
void pool_withdraw(napi_env env, const rq_cancel *cancel); /* ends what waits in or for the pool */
job *pool_running(void);                             /* any thread: the job it runs, or NULL */
bool pool_ask(void);                                 /* in run: waits for an answer; false: none */
void pool_tell(void);                                /* in run: does not wait */
bool pool_asks(napi_env env, const job *work);       /* JS thread: it waits for pool_answer */
void pool_answer(napi_env env, job *work);

/* session.c */
typedef struct session session;
session *session_enter(napi_env env, napi_value handle); /* NULL: no session, or a closed one */
void session_leave(session *entered);
rq_session *session_inner(const session *entered);
napi_value session_new(napi_env env, napi_callback_info info);
napi_value session_close_idle(napi_env env, napi_callback_info info);
napi_value session_close(napi_env env, napi_callback_info info);

/* cookies.c */
napi_value cookies_set(napi_env env, napi_callback_info info);
napi_value cookies_receive(napi_env env, napi_callback_info info);
napi_value cookies_clear(napi_env env, napi_callback_info info);
napi_value cookies_clock(napi_env env, napi_callback_info info);
napi_value cookies_list(napi_env env, napi_callback_info info);
napi_value cookies_load(napi_env env, napi_callback_info info);
napi_value cookies_save(napi_env env, napi_callback_info info);

/* calls.c: lists of calls, each an array of a setter's name and its arguments */
typedef bool call_maker(napi_env env, const char *name, napi_value call, void *target,
                        rq_error **error);             /* false: it knows no such setter */
void calls_make(napi_env env, napi_value calls, call_maker *make, void *target, rq_error **error);
napi_value argument(napi_env env, napi_value call, uint32_t index);
char *text_argument(napi_env env, napi_value call, uint32_t index); /* as text_or_null */
uint32_t number_argument(napi_env env, napi_value call, uint32_t index);
int64_t length_argument(napi_env env, napi_value call, uint32_t index);
bool flag_argument(napi_env env, napi_value call, uint32_t index);

/* options.c */
call_maker option_make;                                /* the target is an rq_opts */

/* request.c */
typedef struct {
  rq_request *inner;
  rq_part *part;         /* the part that the next calls are about */
  struct opening *files; /* named, but not opened yet */
} request;
request *request_of(napi_env env, const napi_value *arguments3);
void request_free(request *described);

/* request_body.c */
call_maker body_make;                                  /* the target is a request */
bool opening_add(napi_env env, request *to, rq_opts *opts, rq_part *part, char *path);
void openings_run(request *of, rq_error **error);      /* any thread: opens the files, may block */
void openings_free(struct opening *files);

/* prepared.c */
typedef struct prepared prepared;
prepared *prepared_enter(napi_env env, napi_value handle); /* no editing until it is left */
void prepared_leave(prepared *entered);
rq_prepared *prepared_inner(const prepared *entered);
void prepared_auth(void *unused, rq_prepared *lent, rq_error **error); /* an rq_auth_fn */
napi_value prepared_new(napi_env env, napi_callback_info info);
napi_value prepared_method(napi_env env, napi_callback_info info);
napi_value prepared_url(napi_env env, napi_callback_info info);
napi_value prepared_headers(napi_env env, napi_callback_info info);
napi_value prepared_header(napi_env env, napi_callback_info info);
napi_value prepared_body(napi_env env, napi_callback_info info);
napi_value prepared_body_length(napi_env env, napi_callback_info info);
napi_value prepared_curl(napi_env env, napi_callback_info info);
napi_value prepared_proxy(napi_env env, napi_callback_info info);
napi_value prepared_set_method(napi_env env, napi_callback_info info);
napi_value prepared_set_url(napi_env env, napi_callback_info info);
napi_value prepared_set_header(napi_env env, napi_callback_info info);
napi_value prepared_add_header(napi_env env, napi_callback_info info);
napi_value prepared_set_body(napi_env env, napi_callback_info info);

/* response.c: the handle and the head */
typedef struct response {
  rq_cancel *cancel;
  rq_response *inner;    /* NULL before the head and after the end */
  job *sending;          /* until the head is here */
  unsigned char *buffer; /* for streaming; one read at most is in flight */
  size_t accounted;      /* bytes that V8 was told of */
  unsigned holders;      /* the JS handle and the job in flight */
  bool busy;             /* a job is in flight */
} response;
response *response_of(napi_env env, napi_value handle);
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

/* upload.c: bodies that JavaScript gives piece by piece, and progress */
typedef struct upload upload;
upload *upload_new(napi_env env, napi_value ask);      /* NULL, and no exception, for undefined */
void upload_free(upload *done);
void upload_hear(napi_env env, job *work, bool asked);
void upload_flush(napi_env env, upload *done);         /* the last progress */
int64_t upload_read(void *source, void *buf, size_t cap, rq_error **error); /* an rq_read_fn */
bool upload_rewind(void *source, rq_error **error);    /* an rq_rewind_fn */
void upload_progress(void *unused, uint64_t sent, int64_t total, rq_error **error);
napi_value upload_answer(napi_env env, napi_callback_info info);

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
