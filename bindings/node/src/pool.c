/* Blocking work off the JS thread. Each env has its own worker threads, at most WORKERS_MAX:
   libuv's four are shared with the file system and DNS, and a few slow servers would stop them
   all. Threads start on demand and leave after IDLE_SECONDS without work. What the work is, is
   not known here.

   A job in call order, with the thread of each step:

     step                     thread        may use JavaScript   may block
     pool_submit              JS            yes                  no
     job.run                  worker        no                   yes, until job.cancel is triggered
     ring (napi_call_tsfn)    worker        no                   no
     on_bell                  JS            yes                  no
       job.settle             JS            yes                  no
       job.drop               JS            no                   no
     pool_withdraw            JS            no                   no    (a job that did not start)
     pool_close               JS            no                   until the running jobs gave up
       job.drop               JS            no                   no    (jobs that found no end)
     pool_free                JS            no                   no

   So a job is touched by one thread at a time: the JS thread until it is in the queue, a worker
   while it is running, the JS thread again once it is done. Handles that a job holds are counted
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

typedef struct {
  pool *home;
  pthread_t thread;
  worker_state state;
  job *running;
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
  bool closing;
  worker workers[WORKERS_MAX];
};

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
  return made;
}

void pool_free(napi_env env, void *closed_pool, void *hint) {
  (void)env, (void)hint;
  pool *closed = closed_pool;
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

static void *worker_main(void *self) {
  worker *me = self;
  pool *home = me->home;
  pthread_mutex_lock(&home->lock);
  while ((me->running = next_job(home)) != NULL) {
    pthread_mutex_unlock(&home->lock);
    me->running->run(me->running);
    pthread_mutex_lock(&home->lock);
    bool bell = append_done(home, me->running);
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
  *me = (worker){.home = home, .state = WORKER_LIVE};
  if (pthread_create(&me->thread, NULL, worker_main, me) == 0)
    home->live++;
  else
    me->state = WORKER_FREE;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
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

void pool_withdraw(napi_env env, const rq_cancel *cancel) {
  pool *home = pool_of(env);
  bool bell = false;
  pthread_mutex_lock(&home->lock);
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
  pthread_mutex_lock(&home->lock);
  job *work = take_all(&home->done);
  pthread_mutex_unlock(&home->lock);
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
  }
  pthread_cond_broadcast(&home->work);
  pthread_mutex_unlock(&home->lock);
  for (int i = 0; i < WORKERS_MAX; i++)
    if (started[i]) pthread_join(home->workers[i].thread, NULL);
  drop_all(take_all(&home->queue));
  drop_all(take_all(&home->done));
}
