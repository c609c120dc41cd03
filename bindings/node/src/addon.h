/* What the files of the addon share. Everything here belongs to the JS thread of one env, except
   job.run, which belongs to a worker thread (pool.c has the table), and what it calls. HTTP is
   librq's business: these files only carry values between JavaScript and rq.h.

   Throwing: a function that gets a value from JavaScript leaves an exception pending and returns
   NULL or false when the value is wrong. */
#ifndef RQ_NODE_ADDON_H
#define RQ_NODE_ADDON_H

#include <node_api.h>
#include <pthread.h>
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
napi_value error_codes(napi_env env);                   /* the names, in order */
napi_value error_reasons(napi_env env);                 /* the words, in order */
void misuse_throw(napi_env env, const char *message);

/* pool.c: blocking work off the JS thread */
typedef struct job job;
struct job {
  void (*run)(job *work);                            /* worker thread: blocks, sets error */
  napi_value (*settle)(napi_env env, job *work);     /* JS thread: what the promise resolves to */
  void (*drop)(job *work);                           /* JS thread: frees the job; no JavaScript */
  void (*hear)(napi_env env, job *work, bool asked); /* JS thread: run asked, told or ended */
  void (*stop)(job *work);                           /* JS thread: ends run early; or NULL */
  struct dialog *dialog;                             /* with whom run may speak; NULL: nobody */
  const rq_cancel *cancel;                           /* by which pool_withdraw knows it */
  rq_error *error;                                   /* rejects the promise */
  napi_deferred promise;
  /* The pool's own. */
  struct worker *by; /* who runs it */
  job *next;
  job *heard; /* the next of those that are heard */
  bool told;  /* there is something to hear without an answer */
  bool asks;  /* it is heard for its question */
};
typedef struct pool pool;
pool *pool_new(napi_env env);
void pool_close(void *closing_pool);                 /* env cleanup hook */
void pool_free(napi_env env, void *closed_pool, void *hint);
napi_value pool_submit(napi_env env, job *work);     /* takes the job, gives its promise */
/* Is run by whom `to` waits on, in pool_ask. */
napi_value pool_hand(napi_env env, job *to, job *work);
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
napi_value cookie_objects(napi_env env, const rq_cookies *jar, rq_error **error);

/* adapter.c: functions of JavaScript in the place of servers */
napi_value session_mount(napi_env env, napi_callback_info info);
napi_value session_unmount(napi_env env, napi_callback_info info);
napi_value adapter_answer(napi_env env, napi_callback_info info);

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

/* openings.c: the files that a request names, opened in its job */
typedef enum {
  OPENS_BODY, OPENS_PART, OPENS_CA, OPENS_PROXY_CA, OPENS_CERT, OPENS_PROXY_CERT
} opening_kind;
bool opening_add(napi_env env, request *to, opening_kind kind, napi_value call);
void openings_run(request *of, rq_error **error);      /* any thread: opens the files, may block */
void openings_free(struct opening *files);

/* prepared.c */
typedef struct prepared prepared;
prepared *prepared_enter(napi_env env, napi_value handle); /* no editing until it is left */
void prepared_leave(prepared *entered);
rq_prepared *prepared_inner(const prepared *entered);
void prepared_auth(void *unused, rq_prepared *lent, rq_error **error); /* an rq_auth_fn */
napi_value prepared_handle(napi_env env, rq_prepared *owned);
/* Lent as one that can be read only, if it is fixed. */
napi_value prepared_lend(napi_env env, rq_prepared *inner, bool fixed, prepared **held);
void prepared_retract(prepared *held); /* it means nothing any more */
napi_value prepared_gone(napi_env env, napi_callback_info info);
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
napi_value response_sent(napi_env env, napi_callback_info info);

/* response.c: the handle */
typedef struct response response;
struct response {
  enum { RESPONSE_OWN, RESPONSE_HOP /* of a history */, RESPONSE_LENT /* to a hook */ } kind;
  rq_response *inner;         /* NULL before the head, and when it was given away or taken back */
  const rq_prepared *request; /* of inner */
  response *lender;           /* HOP: whose history it is in; LENT: by whose sending */
  rq_cancel *cancel;          /* OWN */
  response *adopted;          /* OWN: those that hooks put in its place, for their cancel */
  job *sending;               /* OWN: until the head is here */
  unsigned char *buffer;      /* for streaming; one read at most is in flight */
  size_t room;                /* for the next piece; 0 at the beginning */
  size_t accounted;           /* bytes that V8 was told of */
  unsigned holders;           /* the JS handle, the job in flight, those that it lends to */
  unsigned users;             /* jobs that use what it lends */
  bool busy;                  /* a job is in flight */
  bool whole;                 /* the body is in memory: reading it does not block */
  bool fast;                  /* the last piece filled its room */
};
#define RESPONSE_GONE "the response was lent to a hook, for its call only, or given away by one"
napi_value response_handle(napi_env env, response made, response **held);
void response_drop(response *held);
response *response_of(napi_env env, napi_value handle);
response *response_enter(napi_env env, napi_value handle); /* for one job; NULL: not possible */
void response_leave(response *entered);
bool response_alive(const response *of);
void response_use(response *lender);                    /* a job uses what it lends */
void response_unuse(response *lender);
const rq_cancel *response_token(const response *of);
void response_stop(const response *of);                 /* ends whatever it waits for */
napi_value response_submit(napi_env env, response *of, job *work, bool blocks); /* its outcome */
napi_value response_conclude(napi_env env, job *work); /* what ran on the JS thread; drops it */
napi_value response_lend(napi_env env, response *by, rq_response *inner, response **held);
void response_retract(response *held);                  /* it means nothing any more */
rq_response *response_give(napi_env env, napi_value handle, response *to); /* NULL: thrown */
void response_account(napi_env env, response *open, size_t bytes);
napi_value response_new(napi_env env, napi_callback_info info);
napi_value response_cancel(napi_env env, napi_callback_info info);
napi_value response_close(napi_env env, napi_callback_info info);

/* head.c */
napi_value response_head(napi_env env, response *of);
napi_value response_fields(napi_env env, const rq_response *inner, bool trailers);

/* certificates.c */
napi_value response_certificates(napi_env env, napi_callback_info info);

/* send.c */
napi_value response_request(napi_env env, napi_callback_info info);
napi_value response_send(napi_env env, napi_callback_info info);

/* dialog.c: what a job and JavaScript say to each other while it runs */
typedef struct dialog {
  napi_env env;
  napi_ref ask;
  response *sending; /* whose job asks */
  /* The question: the worker's until it asks, the JS thread's until it answers. */
  enum { ASKS_READ, ASKS_REWIND, ASKS_REQUEST, ASKS_RESPONSE, ASKS_ADAPTER } what;
  uint32_t number; /* of a source or an adapter, or the level of a hook */
  void *buf;
  size_t cap;
  rq_prepared *prepared;
  rq_response *response;
  rq_reply *reply; /* to be filled in */
  /* What a hook or an adapter was lent of it. */
  struct prepared *lent_prepared;
  response *lent_response;
  /* The answer. */
  int64_t got;        /* bytes, 0 at the end or when it is done, -1 for a failure */
  rq_response *other; /* in place of the response */
  /* What was told and not heard yet. */
  pthread_mutex_t lock;
  struct news *first, *last;
} dialog;
typedef enum { NEWS_PROGRESS, NEWS_DOWNLOAD, NEWS_TRACE } news_kind;
dialog *dialog_new(napi_env env, napi_value ask);      /* NULL, and no exception, for undefined */
void dialog_free(dialog *done);
dialog *dialog_running(void);                          /* of the job of this thread, or NULL */
int64_t dialog_ask(dialog *with, rq_error **error);    /* in run: what it got, -1 with an error */
void dialog_tell(news_kind kind, uint32_t level, double first, double second, const char *detail);
void dialog_hear(napi_env env, job *work, bool asked);
void dialog_retract(dialog *with);                     /* the question has ended */
job *dialog_asks(napi_env env, napi_value handle);     /* who waits for an answer, or NULL */

/* upload.c: bodies that JavaScript gives piece by piece, and progress */
int64_t upload_read(void *source, void *buf, size_t cap, rq_error **error); /* an rq_read_fn */
bool upload_rewind(void *source, rq_error **error);    /* an rq_rewind_fn */
void upload_progress(void *unused, uint64_t sent, int64_t total, rq_error **error);
napi_value upload_answer(napi_env env, napi_callback_info info);

/* hooks.c */
void hooks_make(napi_env env, napi_value call, rq_opts *opts, rq_error **error);
napi_value hook_answer(napi_env env, napi_callback_info info);

/* body.c: the jobs that read bodies as bytes */
typedef struct body_job {
  job job; /* first, so that a job * is a body_job * */
  response *response;
  rq_response *inner; /* the worker's */
  napi_env env;
  int64_t got;
  const void *whole; /* lent by inner */
  size_t len;
  char *path;
  napi_ref landing; /* what bytes are copied to: for a whole body, or the caller's */
  void *landing_data;
  size_t landing_len;
} body_job;
void *body_new(napi_env env, napi_callback_info info, int ask, size_t size); /* NULL: thrown */
napi_value body_submit(napi_env env, body_job *body, void (*run)(job *),
                       napi_value (*settle)(napi_env, job *));
unsigned char *body_buffer(body_job *body); /* in run: of BODY_BUFFER_BYTES, or NULL */
bool body_alive(napi_env env, const body_job *body);   /* false: an exception is pending */
napi_value body_trailers(napi_env env, const body_job *body);
enum { BODY_BUFFER_BYTES = 64 * 1024 };
napi_value response_read(napi_env env, napi_callback_info info);
napi_value response_read_into(napi_env env, napi_callback_info info);
napi_value response_read_raw(napi_env env, napi_callback_info info);
napi_value response_bytes(napi_env env, napi_callback_info info);
napi_value response_save(napi_env env, napi_callback_info info);

/* text.c: the jobs that read them as text */
napi_value response_text(napi_env env, napi_callback_info info);
napi_value response_json(napi_env env, napi_callback_info info);
napi_value response_read_text(napi_env env, napi_callback_info info);
napi_value response_apparent_encoding(napi_env env, napi_callback_info info);
napi_value response_set_encoding(napi_env env, napi_callback_info info);

/* lines.c */
napi_value response_lines(napi_env env, napi_callback_info info);
napi_value response_delimiter(napi_env env, napi_callback_info info);

#endif
