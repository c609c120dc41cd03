/* Prepared requests as handles. One can be read at any time, but not edited while it is being sent
   on a worker thread. In an auth function, a hook and an adapter it is lent: its handle means
   nothing afterwards. That of a response belongs to the response, and cannot be edited. */
#include "addon.h"

#include <stdlib.h>

struct prepared {
  rq_prepared *inner; /* NULL: it was lent, and taken back */
  unsigned sends;     /* jobs in flight */
  unsigned holders;   /* the JS handle, the jobs in flight, who lends it */
  bool lent;          /* by librq, for a call */
  bool fixed;         /* lent to be read only */
  response *of;       /* whose request it is: counted; NULL for all others */
  size_t accounted;   /* bytes of its body that V8 was told of */
};

static const napi_type_tag prepared_tag = {0x1d7ea35b90c84f6a, 0xb864f2097c1e5d33};

static prepared *prepared_of(napi_env env, napi_value handle) {
  prepared *wanted = handle_of(env, handle, &prepared_tag, "a prepared request was expected");
  if (wanted == NULL) return NULL;
  if (wanted->inner != NULL && (wanted->of == NULL || response_alive(wanted->of))) return wanted;
  misuse_throw(env, "the prepared request was lent to a function, for its call only");
  return NULL;
}

prepared *prepared_enter(napi_env env, napi_value handle) {
  prepared *wanted = prepared_of(env, handle);
  if (wanted == NULL) return NULL;
  if (wanted->lent) {
    misuse_throw(env, "the prepared request is still being prepared, or on its way already");
    return NULL;
  }
  wanted->sends++;
  wanted->holders++;
  if (wanted->of != NULL) response_use(wanted->of);
  return wanted;
}

static void prepared_drop(prepared *held) {
  if (--held->holders > 0) return;
  if (!held->lent && held->of == NULL) rq_prepared_free(held->inner);
  if (held->of != NULL) response_drop(held->of);
  free(held);
}

void prepared_leave(prepared *entered) {
  entered->sends--;
  if (entered->of != NULL) response_unuse(entered->of);
  prepared_drop(entered);
}

rq_prepared *prepared_inner(const prepared *entered) {
  return entered->inner;
}

/* Tells V8 how much memory the body takes that hangs on the handle. */
static void account(napi_env env, prepared *held, size_t bytes) {
  int64_t total = 0;
  if (held->lent || held->of != NULL || held->accounted == bytes) return;
  napi_adjust_external_memory(env, (int64_t)bytes - (int64_t)held->accounted, &total);
  held->accounted = bytes;
}

static size_t body_bytes(const prepared *held) {
  size_t len = 0;
  return rq_prepared_body(held->inner, &len) == NULL ? 0 : len;
}

static void prepared_collect(napi_env env, void *data, void *hint) {
  (void)hint;
  account(env, data, 0);
  prepared_drop(data);
}

static napi_value handle_of_prepared(napi_env env, prepared made, prepared **held) {
  prepared *new = malloc(sizeof *new);
  if (new == NULL) {
    if (!made.lent && made.of == NULL) rq_prepared_free(made.inner);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  *new = made;
  new->holders = 1;
  if (new->of != NULL) new->of->holders++;
  napi_value handle = handle_new(env, new, prepared_collect, &prepared_tag);
  if (held != NULL) *held = handle == NULL ? NULL : new; /* without a handle it is gone */
  return handle;
}

napi_value prepared_handle(napi_env env, rq_prepared *owned) {
  prepared *held = NULL;
  napi_value handle = handle_of_prepared(env, (prepared){.inner = owned}, &held);
  if (held != NULL) account(env, held, body_bytes(held));
  return handle;
}

/* preparedGone(): one that was lent, and taken back already */
napi_value prepared_gone(napi_env env, napi_callback_info info) {
  (void)info;
  return handle_of_prepared(env, (prepared){.lent = true}, NULL);
}

napi_value prepared_lend(napi_env env, rq_prepared *inner, bool fixed, prepared **held) {
  prepared lent = {.inner = inner, .lent = true, .fixed = fixed};
  napi_value handle = handle_of_prepared(env, lent, held);
  if (handle != NULL) (*held)->holders++;
  return handle;
}

void prepared_retract(prepared *held) {
  held->inner = NULL;
  prepared_drop(held);
}

/* responseSent(response): its request. It is only read, and sent, so it is not const here. */
napi_value response_sent(napi_env env, napi_callback_info info) {
  response *of = response_of(env, arguments_of(env, info).at[0]);
  if (of == NULL) return NULL;
  if (!response_alive(of)) {
    misuse_throw(env, RESPONSE_GONE);
    return NULL;
  }
  prepared sent = {.inner = (rq_prepared *)of->request, .of = of};
  return handle_of_prepared(env, sent, NULL);
}

/* ---- preparing, with an auth function ---- */

/* What rq_prepare may call back on this thread, while it runs. */
typedef struct {
  napi_env env;
  napi_value auth; /* a function that takes a handle */
} preparation;

static _Thread_local preparation *preparing;

/* What the function throws stays pending in the env; prepared_new leaves it there. */
void prepared_auth(void *unused, rq_prepared *inner, rq_error **error) {
  (void)unused;
  const preparation *now = preparing;
  if (now == NULL || now->auth == NULL) {
    rq_error_set(error, RQ_ERR_CALLBACK, "the auth function can be called by prepare() only");
    return;
  }
  prepared *lent = NULL;
  napi_value handle = prepared_lend(now->env, inner, false, &lent);
  if (handle != NULL) {
    napi_call_function(now->env, undefined(now->env), now->auth, 1, &handle, NULL);
    prepared_retract(lent);
  }
  if (is_thrown(now->env)) rq_error_set(error, RQ_ERR_CALLBACK, "the auth function failed");
}

static rq_prepared *prepare(napi_env env, const session *entered, const arguments *given,
                            rq_error **error) {
  request *described = request_of(env, given->at + 1);
  if (described == NULL) return NULL;
  preparation now = {env, is_nullish(env, given->at[4]) ? NULL : given->at[4]};
  preparation *outer = preparing; /* an auth function may prepare other requests */
  preparing = &now;
  openings_run(described, error);
  const rq_session *via = entered == NULL ? NULL : session_inner(entered);
  rq_prepared *made = rq_prepare(via, described->inner, error);
  preparing = outer;
  request_free(described);
  return made;
}

/* preparedNew(session, method, url, calls, auth): without a session where that is null */
napi_value prepared_new(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  bool alone = is_nullish(env, given.at[0]);
  session *entered = alone ? NULL : session_enter(env, given.at[0]);
  if (entered == NULL && !alone) return NULL;
  rq_error *error = NULL;
  rq_prepared *inner = prepare(env, entered, &given, &error);
  if (entered != NULL) session_leave(entered);
  if (is_thrown(env))
    rq_error_free(error);
  else if (!error_thrown(env, error) && inner != NULL)
    return prepared_handle(env, inner);
  rq_prepared_free(inner);
  return NULL;
}

/* ---- reading ---- */

/* preparedMethod(prepared) */
napi_value prepared_method(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  return read == NULL ? NULL : utf8(env, rq_prepared_method(read->inner));
}

/* preparedUrl(prepared) */
napi_value prepared_url(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  return read == NULL ? NULL : utf8(env, rq_prepared_url(read->inner));
}

/* preparedHeaders(prepared): name, value, name, value, … */
napi_value prepared_headers(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  napi_value fields = NULL;
  if (read == NULL || napi_create_array(env, &fields) != napi_ok) return NULL;
  const char *name = NULL, *value = NULL;
  for (uint32_t i = 0; rq_prepared_header_at(read->inner, i, &name, &value); i++) {
    napi_set_element(env, fields, 2 * i, utf8(env, name));
    napi_set_element(env, fields, 2 * i + 1, utf8(env, value));
  }
  return fields;
}

/* preparedHeader(prepared, name): undefined if there is none */
napi_value prepared_header(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *read = prepared_of(env, given.at[0]);
  char *name = read == NULL ? NULL : text_of(env, given.at[1]);
  if (name == NULL) return NULL;
  napi_value value = utf8(env, rq_prepared_header(read->inner, name));
  free(name);
  return value;
}

/* preparedBody(prepared): a copy; undefined if there is none in memory */
napi_value prepared_body(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  size_t len = 0;
  const void *data = read == NULL ? NULL : rq_prepared_body(read->inner, &len);
  napi_value copy = NULL;
  if (data != NULL) napi_create_buffer_copy(env, len, data, NULL, &copy);
  return copy;
}

/* preparedBodyLength(prepared): -1 if it is not known before it is sent */
napi_value prepared_body_length(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  return read == NULL ? NULL : number(env, (double)rq_prepared_body_length(read->inner));
}

/* preparedCurl(prepared, secrets) */
napi_value prepared_curl(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *read = prepared_of(env, given.at[0]);
  bool secrets = false;
  rq_error *error = NULL;
  if (read == NULL) return NULL;
  napi_get_value_bool(env, given.at[1], &secrets);
  const char *command = rq_prepared_curl(read->inner, secrets, &error);
  return error_thrown(env, error) ? NULL : utf8(env, command);
}

/* preparedProxy(prepared, session): undefined if there is none */
napi_value prepared_proxy(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *read = prepared_of(env, given.at[0]);
  session *entered = read == NULL ? NULL : session_enter(env, given.at[1]);
  rq_error *error = NULL;
  if (entered == NULL) return NULL;
  const char *proxy = rq_prepared_proxy(read->inner, session_inner(entered), &error);
  session_leave(entered);
  return error_thrown(env, error) ? NULL : utf8(env, proxy);
}

/* ---- editing ---- */

static prepared *editable(napi_env env, napi_value handle) {
  prepared *wanted = prepared_of(env, handle);
  if (wanted == NULL) return NULL;
  if (wanted->fixed)
    misuse_throw(env, "the request that an adapter answers was sent; it can be read only");
  else if (wanted->of != NULL)
    misuse_throw(env, "the request of a response was sent; prepare another");
  else if (wanted->sends > 0)
    misuse_throw(env, "the prepared request is being sent");
  else
    return wanted;
  return NULL;
}

typedef void text_setter(rq_prepared *, const char *text, rq_error **);

static napi_value set_text(napi_env env, napi_callback_info info, text_setter *setter) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  char *text = edited == NULL ? NULL : text_of(env, given.at[1]);
  rq_error *error = NULL;
  if (text != NULL) setter(edited->inner, text, &error);
  free(text);
  error_thrown(env, error);
  return NULL;
}

/* preparedSetMethod(prepared, method) */
napi_value prepared_set_method(napi_env env, napi_callback_info info) {
  return set_text(env, info, rq_prepared_set_method);
}

/* preparedSetUrl(prepared, url) */
napi_value prepared_set_url(napi_env env, napi_callback_info info) {
  return set_text(env, info, rq_prepared_set_url);
}

typedef void header_setter(rq_prepared *, const char *name, const char *value, rq_error **);

static napi_value set_header(napi_env env, napi_callback_info info, header_setter *setter) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  char *name = edited == NULL ? NULL : text_of(env, given.at[1]);
  char *value = name == NULL ? NULL : text_or_null(env, given.at[2]);
  rq_error *error = NULL;
  if (name != NULL && !is_thrown(env)) setter(edited->inner, name, value, &error);
  free(name);
  free(value);
  error_thrown(env, error);
  return NULL;
}

/* preparedSetHeader(prepared, name, value): null removes */
napi_value prepared_set_header(napi_env env, napi_callback_info info) {
  return set_header(env, info, rq_prepared_set_header);
}

/* preparedAddHeader(prepared, name, value) */
napi_value prepared_add_header(napi_env env, napi_callback_info info) {
  return set_header(env, info, rq_prepared_add_header);
}

/* preparedSetBody(prepared, bytes): null removes */
napi_value prepared_set_body(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  bool removal = is_nullish(env, given.at[1]);
  const void *data = NULL;
  size_t len = 0;
  rq_error *error = NULL;
  if (edited != NULL && (removal || bytes_of(env, given.at[1], &data, &len)))
    rq_prepared_set_body(edited->inner, data, len, &error);
  if (edited != NULL) account(env, edited, body_bytes(edited));
  error_thrown(env, error);
  return NULL;
}
