/* The cookies of a session. Each call enters the session for as long as it lasts; files are read
   and written by a job, off the JS thread. */
#include "addon.h"

#include <stdlib.h>

enum { FIELDS_MAX = 4 };

/* The session of the first argument, and the texts (or NULLs) of those after it. */
typedef struct {
  session *entered;
  rq_cookies *jar;
  char *text[FIELDS_MAX];
  napi_value flag;
} jar_call;

/* False: an exception is pending, and there is nothing to end. */
static bool jar_begin(napi_env env, napi_callback_info info, int texts, jar_call *call) {
  arguments given = arguments_of(env, info);
  *call = (jar_call){.entered = session_enter(env, given.at[0]), .flag = given.at[texts + 1]};
  if (call->entered == NULL) return false;
  call->jar = rq_session_cookies(session_inner(call->entered));
  for (int i = 0; i < texts && !is_thrown(env); i++)
    call->text[i] = text_or_null(env, given.at[i + 1]);
  return true;
}

static napi_value jar_end(napi_env env, jar_call *call, rq_error *error) {
  for (int i = 0; i < FIELDS_MAX; i++) free(call->text[i]);
  session_leave(call->entered);
  error_thrown(env, error);
  return NULL;
}

/* cookiesSet(session, name, value, domain, path, secure): value null deletes */
napi_value cookies_set(napi_env env, napi_callback_info info) {
  jar_call call;
  rq_error *error = NULL;
  bool secure = false;
  if (!jar_begin(env, info, 4, &call)) return NULL;
  napi_get_value_bool(env, call.flag, &secure);
  if (!is_thrown(env))
    rq_cookies_set(call.jar, call.text[0], call.text[1], call.text[2], call.text[3], secure,
                   &error);
  return jar_end(env, &call, error);
}

/* cookiesReceive(session, url, setCookie) */
napi_value cookies_receive(napi_env env, napi_callback_info info) {
  jar_call call;
  rq_error *error = NULL;
  if (!jar_begin(env, info, 2, &call)) return NULL;
  if (!is_thrown(env)) rq_cookies_receive(call.jar, call.text[0], call.text[1], &error);
  return jar_end(env, &call, error);
}

/* cookiesClear(session, domain, path, name): null for any */
napi_value cookies_clear(napi_env env, napi_callback_info info) {
  jar_call call;
  if (!jar_begin(env, info, 3, &call)) return NULL;
  if (!is_thrown(env)) rq_cookies_clear(call.jar, call.text[0], call.text[1], call.text[2]);
  return jar_end(env, &call, NULL);
}

/* cookiesClock(session, seconds): -1 for the system's */
napi_value cookies_clock(napi_env env, napi_callback_info info) {
  jar_call call;
  int64_t seconds = -1;
  if (!jar_begin(env, info, 0, &call)) return NULL;
  if (napi_get_value_int64(env, call.flag, &seconds) == napi_ok)
    rq_cookies_clock(call.jar, seconds);
  else
    napi_throw_type_error(env, NULL, "a number of seconds was expected");
  return jar_end(env, &call, NULL);
}

static napi_value cookie_object(napi_env env, const rq_cookie_list *list, size_t index) {
  const char *name = NULL, *value = NULL, *domain = NULL, *path = NULL;
  napi_value cookie = NULL, null = NULL;
  int64_t expires = rq_cookie_list_expires(list, index);
  if (!rq_cookie_list_at(list, index, &name, &value, &domain, &path)) return NULL;
  if (napi_create_object(env, &cookie) != napi_ok) return NULL;
  napi_get_null(env, &null);
  set(env, cookie, "name", utf8(env, name));
  set(env, cookie, "value", utf8(env, value));
  set(env, cookie, "domain", domain == NULL ? null : utf8(env, domain));
  set(env, cookie, "path", utf8(env, path));
  set(env, cookie, "secure", boolean(env, rq_cookie_list_secure(list, index)));
  set(env, cookie, "expires", expires < 0 ? null : number(env, (double)expires));
  return cookie;
}

/* An array of { name, value, domain, path, secure, expires } */
napi_value cookie_objects(napi_env env, const rq_cookies *jar, rq_error **error) {
  napi_value cookies = NULL, cookie;
  rq_cookie_list *list = rq_cookies_list(jar, error);
  if (list != NULL && napi_create_array(env, &cookies) == napi_ok)
    for (uint32_t i = 0; (cookie = cookie_object(env, list, i)) != NULL; i++)
      napi_set_element(env, cookies, i, cookie);
  rq_cookie_list_free(list);
  return cookies;
}

/* cookiesList(session) */
napi_value cookies_list(napi_env env, napi_callback_info info) {
  jar_call call;
  rq_error *error = NULL;
  if (!jar_begin(env, info, 0, &call)) return NULL;
  napi_value cookies = cookie_objects(env, call.jar, &error);
  jar_end(env, &call, error);
  return cookies;
}

/* ---- files ---- */

typedef struct {
  job job; /* first, so that a job * is a file_job * */
  session *session;
  char *path;
  bool save; /* else load */
} file_job;

/* Worker thread. */
static void file_run(job *work) {
  const file_job *file = (file_job *)work;
  rq_cookies *jar = rq_session_cookies(session_inner(file->session));
  if (file->save)
    rq_cookies_save(jar, file->path, &work->error);
  else
    rq_cookies_load(jar, file->path, &work->error);
}

static napi_value file_settle(napi_env env, job *work) {
  (void)work;
  return undefined(env);
}

static void file_drop(job *work) {
  file_job *file = (file_job *)work;
  if (file->session != NULL) session_leave(file->session);
  rq_error_free(work->error);
  free(file->path);
  free(file);
}

static napi_value file_submit(napi_env env, napi_callback_info info, bool save) {
  arguments given = arguments_of(env, info);
  file_job *file = calloc(1, sizeof *file);
  if (file == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  file->job = (job){.run = file_run, .settle = file_settle, .drop = file_drop};
  file->save = save;
  file->session = session_enter(env, given.at[0]);
  if (file->session != NULL) file->path = text_of(env, given.at[1]);
  if (file->path != NULL) return pool_submit(env, &file->job);
  file_drop(&file->job);
  return NULL;
}

/* cookiesLoad(session, path) */
napi_value cookies_load(napi_env env, napi_callback_info info) {
  return file_submit(env, info, false);
}

/* cookiesSave(session, path) */
napi_value cookies_save(napi_env env, napi_callback_info info) {
  return file_submit(env, info, true);
}
