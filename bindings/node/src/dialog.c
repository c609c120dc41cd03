/* What a job and JavaScript say to each other while the job runs. A question goes to a JavaScript
   function, ask(what, …), and the worker waits until the answer comes, by uploadAnswer, hookAnswer
   or adapterAnswer. News are told, not asked: they are heard in order, and nobody waits for that;
   of progress only the latest counts.

   The context of a callback is a number; everything else is with the job that runs on the thread.
   So settings and prepared requests keep nothing of JavaScript, and librq frees nothing. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

struct news {
  news_kind kind;
  uint32_t level;
  double first, second;
  char *detail; /* or NULL */
  struct news *next;
};

dialog *dialog_new(napi_env env, napi_value ask) {
  if (is_nullish(env, ask)) return NULL;
  dialog *made = calloc(1, sizeof *made);
  if (made == NULL || napi_create_reference(env, ask, 1, &made->ask) != napi_ok) {
    napi_throw_error(env, NULL, "out of memory");
    free(made);
    return NULL;
  }
  made->env = env;
  pthread_mutex_init(&made->lock, NULL);
  return made;
}

static void news_free(struct news *told) {
  free(told->detail);
  free(told);
}

static struct news *take_news(dialog *with) {
  pthread_mutex_lock(&with->lock);
  struct news *first = with->first;
  with->first = with->last = NULL;
  pthread_mutex_unlock(&with->lock);
  return first;
}

void dialog_free(dialog *done) {
  if (done == NULL) return;
  dialog_retract(done);
  for (struct news *told = take_news(done), *next; told != NULL; told = next) {
    next = told->next;
    news_free(told);
  }
  napi_delete_reference(done->env, done->ask);
  pthread_mutex_destroy(&done->lock);
  free(done);
}

/* ---- worker thread ---- */

dialog *dialog_running(void) {
  job *work = pool_running();
  return work == NULL ? NULL : work->dialog;
}

int64_t dialog_ask(dialog *with, rq_error **error) {
  if (!pool_ask()) {
    rq_error_set(error, RQ_ERR_CANCELLED,
                 "the request was cancelled while it waited for JavaScript");
    return -1;
  }
  if (with->got < 0) rq_error_set(error, RQ_ERR_CALLBACK, "a function of the caller's failed");
  return with->got;
}

/* Whether told says again, and better, what the last news said. */
static bool supersedes(const struct news *told, const struct news *last) {
  return last != NULL && told->kind != NEWS_TRACE && told->kind == last->kind &&
         told->level == last->level;
}

void dialog_tell(news_kind kind, uint32_t level, double first, double second, const char *detail) {
  dialog *with = dialog_running();
  struct news *told = with == NULL ? NULL : calloc(1, sizeof *told);
  if (told == NULL) return;
  *told = (struct news){.kind = kind, .level = level, .first = first, .second = second};
  if (detail != NULL) told->detail = strdup(detail);
  pthread_mutex_lock(&with->lock);
  bool latest = supersedes(told, with->last);
  if (latest) {
    with->last->first = first;
    with->last->second = second;
  } else if (with->last != NULL) {
    with->last->next = told;
    with->last = told;
  } else {
    with->first = with->last = told;
  }
  pthread_mutex_unlock(&with->lock);
  if (latest) news_free(told);
  pool_tell();
}

/* ---- JS thread ---- */

enum { ASK_ARGUMENTS = 5 };

/* ask() catches what its parts throw; anything else, such as the end of the env, ends here. */
static void call(const dialog *with, const char *what, const napi_value *given, size_t count) {
  napi_value function = NULL, reason = NULL, all[ASK_ARGUMENTS] = {utf8(with->env, what)};
  for (size_t i = 0; i < count; i++) all[i + 1] = given[i];
  napi_get_reference_value(with->env, with->ask, &function);
  napi_call_function(with->env, undefined(with->env), function, count + 1, all, NULL);
  if (is_thrown(with->env)) napi_get_and_clear_last_exception(with->env, &reason);
}

static void tell(const dialog *with, const struct news *told) {
  napi_env env = with->env;
  napi_value first = number(env, told->first), second = number(env, told->second);
  napi_value level = number(env, told->level);
  if (told->kind == NEWS_PROGRESS)
    call(with, "progress", (napi_value[]){first, second}, 2);
  else if (told->kind == NEWS_DOWNLOAD)
    call(with, "download", (napi_value[]){level, first, second}, 3);
  else
    call(with, "trace", (napi_value[]){level, first, second, utf8(env, told->detail)}, 4);
}

static void flush(dialog *with) {
  for (struct news *told = take_news(with), *next; told != NULL; told = next) {
    napi_handle_scope scope = NULL;
    next = told->next;
    napi_open_handle_scope(with->env, &scope);
    if (told->kind != NEWS_TRACE || told->detail != NULL) tell(with, told);
    napi_close_handle_scope(with->env, scope);
    news_free(told);
  }
}

/* False: what the hook or the adapter is to see cannot be made. */
static bool ask_with_prepared(dialog *with, const char *what, bool fixed) {
  napi_value given[] = {number(with->env, with->number), NULL};
  given[1] = prepared_lend(with->env, with->prepared, fixed, &with->lent_prepared);
  if (given[1] != NULL) call(with, what, given, 2);
  return given[1] != NULL;
}

static bool ask_with_response(dialog *with) {
  napi_env env = with->env;
  napi_value given[] = {number(env, with->number), NULL, NULL};
  given[1] = response_lend(env, with->sending, with->response, &with->lent_response);
  if (given[1] != NULL) given[2] = response_head(env, with->lent_response);
  if (given[2] != NULL) call(with, "response", given, 3);
  return given[2] != NULL;
}

/* Nobody will answer: there is no memory, or the env goes down. */
static void give_up(dialog *with, job *work) {
  napi_value reason = NULL;
  if (is_thrown(with->env)) napi_get_and_clear_last_exception(with->env, &reason);
  dialog_retract(with);
  with->got = -1;
  pool_answer(with->env, work);
}

static bool ask(dialog *with) {
  switch (with->what) {
    case ASKS_READ:
    case ASKS_REWIND:
      call(with, with->what == ASKS_READ ? "read" : "rewind",
           (napi_value[]){number(with->env, with->number)}, 1);
      return true;
    case ASKS_REQUEST:
      return ask_with_prepared(with, "request", false);
    case ASKS_ADAPTER:
      return ask_with_prepared(with, "adapter", true);
    case ASKS_RESPONSE:
      return ask_with_response(with);
  }
  return false;
}

void dialog_hear(napi_env env, job *work, bool asked) {
  dialog *with = work->dialog;
  if (with == NULL) return;
  flush(with);
  /* A function that was told may have cancelled the request, and with it the question. */
  if (asked && pool_asks(env, work) && !ask(with)) give_up(with, work);
}

void dialog_retract(dialog *with) {
  if (with->lent_prepared != NULL) prepared_retract(with->lent_prepared);
  if (with->lent_response != NULL) response_retract(with->lent_response);
  with->lent_prepared = NULL;
  with->lent_response = NULL;
}

job *dialog_asks(napi_env env, napi_value handle) {
  const response *to = response_of(env, handle);
  job *work = to == NULL ? NULL : to->sending;
  bool asks = work != NULL && work->dialog != NULL && pool_asks(env, work);
  return asks ? work : NULL;
}
