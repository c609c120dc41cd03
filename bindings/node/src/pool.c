/* Blocking work off the JS thread. Each env has its own worker threads, at most WORKERS_MAX:
   libuv's four are shared with the file system and DNS, and a few slow servers would stop them
   all. Threads start on demand and leave after IDLE_SECONDS without work. What the work is, is
   not known here.

   A job in call order, with the thread of each step:

     step                     thread        may use JavaScript   may block
     pool_submit              JS            yes                  no
     job.run                  worker        no                   yes, until job.cancel is triggered
       pool_ask               worker        no                   until pool_answer, or cancelled
       pool_tell              worker        no                   no
     ring (napi_call_tsfn)    worker        no                   no
     on_bell                  JS            yes                  no
       job.hear               JS            yes                  no    (while the job is running)
       job.settle             JS            yes                  no
       job.drop               JS            no                   no
     pool_answer              JS            no                   no
     pool_withdraw            JS            no                   no    (a job that did not start,
                                                                       or that waits in pool_ask)
     pool_close               JS            no                   until the running jobs gave up
       job.drop               JS            no                   no    (jobs that found no end)
     pool_free                JS            no                   no

   So a job is touched by one thread at a time: the JS thread until it is in the queue, a worker
   while it is running (but while it waits in pool_ask, the JS thread), the JS thread again once it
   is done. Handles that a job holds are counted
   on the JS thread alone, before the queue and after the end, and need no atomics.

   The thread-safe function is only a bell: done jobs wait in a list here, so that one ring
   settles all that are done, and so that a job is never lost inside Node when the env goes down. */
#include "addon.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS_MAX = 64, IDLE_SECONDS = 5 };

typedef enum { WORKER_FREE, WORKER_LIVE, WORKER_LEFT /* to be joined */ } worker_state;

/* POSTED until the JS thread has seen it, HEARD until it has an answer, or will have none. */
typedef enum { QUESTION_NONE, QUESTION_POSTED, QUESTION_HEARD } question_state;

typedef struct worker {
  pool *home;
  pthread_t thread;
  worker_state state;
  job *running;
  question_state question;
  bool answered; /* how the last question ended */
  bool told;     /* there is something to hear without an answer */
  pthread_cond_t answer;
} worker;

typedef struct {
  job *first, **end;
} job_list;

struct pool {
  napi_threadsafe_function bell;
  size_t unsettled; /* JS thread only: promises that keep the event loop alive */
  pthread_mutex_t lock; /* guards all that follows; never held while a job runs */
  pthread_cond_t work;
  job_list queue, done;
  size_t queued, idle, live;
  size_t calling; /* workers whose question is posted, or that told something */
  bool closing;
  worker workers[WORKERS_MAX];
};

/* The worker that this thread is. */
static _Thread_local worker *self;

static void append(job_list *list, job *work) {
  work->next = NULL;
  *list->end = work;
  list->end = &work->next;
}

static job *take_all(job_list *list) {
  job *first = list->first;
  *list = (job_list){NULL, &list->first};
  return first;
}

static void on_bell(napi_env env, napi_value unused, void *context, void *none);

pool *pool_new(napi_env env) {
  pool *made = calloc(1, sizeof *made);
  napi_value name = utf8(env, "librq");
  if (made == NULL) return NULL;
  if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, made, on_bell,
                                      &made->bell) != napi_ok) {
    free(made);
    return NULL;
  }
  napi_unref_threadsafe_function(env, made->bell);
  made->queue.end = &made->queue.first;
  made->done.end = &made->done.first;
  pthread_mutex_init(&made->lock, NULL);
  pthread_cond_init(&made->work, NULL);
  for (int i = 0; i < WORKERS_MAX; i++) pthread_cond_init(&made->workers[i].answer, NULL);
  return made;
}

void pool_free(napi_env env, void *closed_pool, void *hint) {
  (void)env, (void)hint;
  pool *closed = closed_pool;
  for (int i = 0; i < WORKERS_MAX; i++) pthread_cond_destroy(&closed->workers[i].answer);
  pthread_cond_destroy(&closed->work);
  pthread_mutex_destroy(&closed->lock);
  free(closed);
}

/* ---- worker threads ---- */

/* Waits for a job, with the lock held. NULL: this thread is to leave. */
static job *next_job(pool *home) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until); /* if it jumps, a thread leaves too early or late */
  until.tv_sec += IDLE_SECONDS;
  int waited = 0;
  while (home->queue.first == NULL && !home->closing && waited != ETIMEDOUT) {
    home->idle++;
    waited = pthread_cond_timedwait(&home->work, &home->lock, &until);
    home->idle--;
  }
  job *work = home->queue.first;
  if (home->closing || work == NULL) return NULL;
  home->queue.first = work->next;
  if (work->next == NULL) home->queue.end = &home->queue.first;
  home->queued--;
  return work;
}

static bool append_done(pool *home, job *work) {
  bool was_empty = home->done.first == NULL;
  append(&home->done, work);
  return was_empty;
}

static void ring(pool *home) {
  napi_call_threadsafe_function(home->bell, NULL, napi_tsfn_nonblocking);
}

static void *worker_main(void *of_pool) {
  worker *me = self = of_pool;
  pool *home = me->home;
  pthread_mutex_lock(&home->lock);
  while ((me->running = next_job(home)) != NULL) {
    me->running->by = me;
    pthread_mutex_unlock(&home->lock);
    me->running->run(me->running);
    pthread_mutex_lock(&home->lock);
    bool bell = append_done(home, me->running);
    home->calling -= me->told; /* heard when the job is settled */
    me->told = false;
    me->running->by = NULL;
    me->running = NULL;
    pthread_mutex_unlock(&home->lock);
    if (bell) ring(home);
    pthread_mutex_lock(&home->lock);
  }
  me->state = WORKER_LEFT;
  home->live--;
  pthread_mutex_unlock(&home->lock);
  return NULL;
}

/* Starts one more thread, with the lock held. Signals are for the host's own threads. */
static void worker_start(pool *home) {
  worker *me = home->workers;
  while (me->state == WORKER_LIVE) me++; /* there is one: live < WORKERS_MAX */
  if (me->state == WORKER_LEFT) pthread_join(me->thread, NULL);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  me->home = home;
  me->state = WORKER_LIVE;
  if (pthread_create(&me->thread, NULL, worker_main, me) == 0)
    home->live++;
  else
    me->state = WORKER_FREE;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- a job and JavaScript ---- */

job *pool_running(void) {
  return self == NULL ? NULL : self->running;
}

bool pool_ask(void) {
  pool *home = self->home;
  pthread_mutex_lock(&home->lock);
  self->answered = false;
  /* Looked at under the lock: who cancels from now on finds the question. */
  if (!home->closing && !rq_cancel_triggered(self->running->cancel)) {
    self->question = QUESTION_POSTED;
    home->calling++;
    ring(home);
  }
  while (self->question != QUESTION_NONE) pthread_cond_wait(&self->answer, &home->lock);
  bool answered = self->answered;
  pthread_mutex_unlock(&home->lock);
  return answered;
}

void pool_tell(void) {
  pool *home = self->home;
  pthread_mutex_lock(&home->lock);
  bool bell = !self->told && !home->closing;
  if (bell) {
    self->told = true;
    home->calling++;
  }
  pthread_mutex_unlock(&home->lock);
  if (bell) ring(home);
}

/* Ends a worker's wait, with the lock held. */
static void question_end(worker *asker, bool answered) {
  if (asker->question == QUESTION_NONE) return;
  if (asker->question == QUESTION_POSTED) asker->home->calling--;
  asker->question = QUESTION_NONE;
  asker->answered = answered;
  pthread_cond_signal(&asker->answer);
}

/* ---- the JS thread ---- */

static pool *pool_of(napi_env env) {
  void *data = NULL;
  napi_get_instance_data(env, &data);
  return data;
}

napi_value pool_submit(napi_env env, job *work) {
  pool *home = pool_of(env);
  napi_value promise = NULL;
  if (napi_create_promise(env, &work->promise, &promise) != napi_ok) {
    work->drop(work);
    return NULL;
  }
  if (home->unsettled++ == 0) napi_ref_threadsafe_function(env, home->bell);
  bool bell = false;
  pthread_mutex_lock(&home->lock);
  if (home->queued >= home->idle && home->live < WORKERS_MAX && !home->closing) worker_start(home);
  if (home->live > 0 && !home->closing) {
    append(&home->queue, work);
    home->queued++;
    pthread_cond_signal(&home->work);
  } else {
    rq_error_set(&work->error, RQ_ERR_LIMIT, "no thread could be started");
    bell = append_done(home, work);
  }
  pthread_mutex_unlock(&home->lock);
  if (bell) ring(home);
  return promise;
}

bool pool_asks(napi_env env, const job *work) {
  pool *home = pool_of(env);
  pthread_mutex_lock(&home->lock);
  bool asks = work->by != NULL && work->by->question == QUESTION_HEARD;
  pthread_mutex_unlock(&home->lock);
  return asks;
}

void pool_answer(napi_env env, job *work) {
  pool *home = pool_of(env);
  pthread_mutex_lock(&home->lock);
  question_end(work->by, true);
  pthread_mutex_unlock(&home->lock);
}

void pool_withdraw(napi_env env, const rq_cancel *cancel) {
  pool *home = pool_of(env);
  bool bell = false;
  pthread_mutex_lock(&home->lock);
  for (worker *at = home->workers; at < home->workers + WORKERS_MAX; at++)
    if (at->running != NULL && at->running->cancel == cancel) question_end(at, false);
  for (job *left = take_all(&home->queue), *next; left != NULL; left = next) {
    next = left->next;
    if (left->cancel != cancel) {
      append(&home->queue, left);
      continue;
    }
    home->queued--;
    rq_error_set(&left->error, RQ_ERR_CANCELLED, "the request was cancelled before it was sent");
    bell |= append_done(home, left);
  }
  pthread_mutex_unlock(&home->lock);
  if (bell) ring(home);
}

typedef struct {
  job *work;
  bool asked;
} call;

/* Takes the workers that ask or tell, with the lock held: how many. */
static size_t take_calls(pool *home, call *calls) {
  size_t count = 0;
  for (worker *at = home->workers; home->calling > 0 && at < home->workers + WORKERS_MAX; at++) {
    bool asked = at->question == QUESTION_POSTED, told = at->told;
    if (asked) at->question = QUESTION_HEARD;
    at->told = false;
    home->calling -= (size_t)asked + told;
    if (asked || told) calls[count++] = (call){at->running, asked};
  }
  return count;
}

/* A job that was taken lives on, for it is settled on this thread. */
static void hear(napi_env env, const call *calls, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_handle_scope scope = NULL;
    napi_open_handle_scope(env, &scope);
    calls[i].work->hear(env, calls[i].work, calls[i].asked);
    napi_close_handle_scope(env, scope);
  }
}

static void settle(napi_env env, job *work) {
  napi_handle_scope scope = NULL;
  napi_value result = NULL;
  bool failed = work->error != NULL, thrown = false;
  napi_open_handle_scope(env, &scope);
  result = failed ? error_object(env, work->error) : work->settle(env, work);
  napi_is_exception_pending(env, &thrown);
  if (thrown) napi_get_and_clear_last_exception(env, &result);
  if (failed || thrown || result == NULL)
    napi_reject_deferred(env, work->promise, result != NULL ? result : undefined(env));
  else
    napi_resolve_deferred(env, work->promise, result);
  work->drop(work);
  napi_close_handle_scope(env, scope);
}

static void on_bell(napi_env env, napi_value unused, void *context, void *none) {
  (void)unused, (void)none;
  pool *home = context;
  if (env == NULL) return; /* the env went down between ring and bell: pool_close had the jobs */
  call calls[WORKERS_MAX];
  pthread_mutex_lock(&home->lock);
  size_t count = take_calls(home, calls);
  job *work = take_all(&home->done);
  pthread_mutex_unlock(&home->lock);
  hear(env, calls, count);
  while (work != NULL) {
    job *next = work->next;
    settle(env, work);
    if (--home->unsettled == 0) napi_unref_threadsafe_function(env, home->bell);
    work = next;
  }
}

static void drop_all(job *work) {
  while (work != NULL) {
    job *next = work->next;
    work->drop(work);
    work = next;
  }
}

/* Hooks run last in, first out: this one before Node takes the bell away. */
void pool_close(void *closing_pool) {
  pool *home = closing_pool;
  bool started[WORKERS_MAX];
  pthread_mutex_lock(&home->lock);
  home->closing = true;
  for (int i = 0; i < WORKERS_MAX; i++) {
    started[i] = home->workers[i].state != WORKER_FREE;
    if (home->workers[i].running != NULL) rq_cancel_trigger(home->workers[i].running->cancel);
    question_end(&home->workers[i], false);
  }
  pthread_cond_broadcast(&home->work);
  pthread_mutex_unlock(&home->lock);
  for (int i = 0; i < WORKERS_MAX; i++)
    if (started[i]) pthread_join(home->workers[i].thread, NULL);
  drop_all(take_all(&home->queue));
  drop_all(take_all(&home->done));
}
