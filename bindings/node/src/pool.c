/* Blocking work off the JS thread. Each env has its own worker threads, at most WORKERS_MAX beside
   those that wait for JavaScript: libuv's four are shared with the file system and DNS, and a few
   slow servers would stop them all. Threads start on demand and leave after IDLE_SECONDS without
   work. What the work is, is not known here.

   A thread that waits for JavaScript makes room for another, for what JavaScript does meanwhile may
   need one: a hook sends a request, a body comes from a response. With a fixed number of threads
   these would wait for each other for ever.

   A job in call order, with the thread of each step:

     step                     thread        may use JavaScript   may block
     pool_submit              JS            yes                  no
     job.run                  worker        no                   yes, until job.cancel is triggered
       pool_ask               worker        no                   until pool_answer, or cancelled
       pool_tell              worker        no                   no
       a job of pool_hand     worker        no                   yes   (while it waits in pool_ask)
     ring (napi_call_tsfn)    worker        no                   no
     on_bell                  JS            yes                  no
       job.hear               JS            yes                  no    (while the job is running)
       job.settle             JS            yes                  no
       job.drop               JS            no                   no
     pool_hand                JS            yes                  no
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

typedef struct {
  job *first, **end;
} job_list;

/* POSTED until the JS thread has seen it, HEARD until it has an answer, or will have none. */
typedef enum { QUESTION_NONE, QUESTION_POSTED, QUESTION_HEARD } question_state;

typedef struct worker {
  pool *home;
  struct worker *next;
  pthread_t thread;
  bool left;       /* to be joined */
  job *running;
  job *asking;     /* whose question it is: what runs, or waits for what was handed to it */
  job_list handed; /* to be run while it waits for the answer */
  question_state question;
  bool answered; /* how the last question ended */
  pthread_cond_t answer;
} worker;

struct pool {
  napi_threadsafe_function bell;
  size_t unsettled; /* JS thread only: promises that keep the event loop alive */
  pthread_mutex_t lock; /* guards all that follows; never held while a job runs */
  pthread_cond_t work;
  job_list queue, done;
  size_t queued, idle, live;
  size_t calling; /* questions that are posted, and jobs that told something */
  size_t waiting; /* workers whose question was heard */
  bool closing;
  worker *workers;
};

/* The worker that this thread is. */
static _Thread_local worker *self;

static void append(job_list *list, job *work) {
  work->next = NULL;
  *list->end = work;
  list->end = &work->next;
}

static job *take_first(job_list *list) {
  job *first = list->first;
  if (first == NULL) return NULL;
  list->first = first->next;
  if (first->next == NULL) list->end = &list->first;
  return first;
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
  job *work = home->closing ? NULL : take_first(&home->queue);
  if (work != NULL) home->queued--;
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

/* Runs a job to its end: with the lock held, but not while it runs, and not when it rings. */
static void perform(worker *me, job *work) {
  pool *home = me->home;
  job *outer = me->running;
  me->running = work;
  work->by = me;
  pthread_mutex_unlock(&home->lock);
  work->run(work);
  pthread_mutex_lock(&home->lock);
  home->calling -= work->told; /* heard when the job is settled */
  work->told = false;
  work->by = NULL;
  me->running = outer;
  if (!append_done(home, work)) return;
  pthread_mutex_unlock(&home->lock); /* or the JS thread would wake to wait for it */
  ring(home);
  pthread_mutex_lock(&home->lock);
}

static void *worker_main(void *of_pool) {
  worker *me = self = of_pool;
  pool *home = me->home;
  pthread_mutex_lock(&home->lock);
  for (job *work; (work = next_job(home)) != NULL;) perform(me, work);
  me->left = true;
  home->live--;
  pthread_mutex_unlock(&home->lock);
  return NULL;
}

/* Joins the threads that left, or all of them, with the lock held if none is to be waited for. */
static void join(pool *home, bool all) {
  for (worker **at = &home->workers; *at != NULL;) {
    worker *one = *at;
    if (!one->left && !all) {
      at = &one->next;
      continue;
    }
    pthread_join(one->thread, NULL);
    *at = one->next;
    pthread_cond_destroy(&one->answer);
    free(one);
  }
}

/* Starts one more thread, with the lock held. Signals are for the host's own threads. */
static bool worker_start(pool *home) {
  join(home, false);
  worker *me = calloc(1, sizeof *me);
  if (me == NULL) return false;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  me->home = home;
  me->handed.end = &me->handed.first;
  pthread_cond_init(&me->answer, NULL);
  bool started = pthread_create(&me->thread, NULL, worker_main, me) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!started) {
    pthread_cond_destroy(&me->answer);
    free(me);
    return false;
  }
  me->next = home->workers;
  home->workers = me;
  home->live++;
  return true;
}

/* Threads for what is queued, in place of those that wait for JavaScript, with the lock held. */
static void relieve(pool *home) {
  for (size_t wanted = home->queued; wanted > home->idle && !home->closing; wanted--)
    if (home->live - home->waiting >= WORKERS_MAX || !worker_start(home)) return;
}

/* ---- a job and JavaScript ---- */

job *pool_running(void) {
  return self == NULL ? NULL : self->running;
}

bool pool_ask(void) {
  pool *home = self->home;
  pthread_mutex_lock(&home->lock);
  self->answered = false;
  self->asking = self->running;
  /* Looked at under the lock: who cancels from now on finds the question. */
  if (!home->closing && !rq_cancel_triggered(self->asking->cancel)) {
    self->question = QUESTION_POSTED;
    home->calling++;
    ring(home);
  }
  for (;;) {
    job *work = take_first(&self->handed);
    if (work != NULL)
      perform(self, work);
    else if (self->question != QUESTION_NONE)
      pthread_cond_wait(&self->answer, &home->lock);
    else
      break;
  }
  self->asking = NULL;
  bool answered = self->answered;
  pthread_mutex_unlock(&home->lock);
  return answered;
}

void pool_tell(void) {
  pool *home = self->home;
  pthread_mutex_lock(&home->lock);
  bool bell = !self->running->told && !home->closing;
  if (bell) {
    self->running->told = true;
    home->calling++;
  }
  pthread_mutex_unlock(&home->lock);
  if (bell) ring(home);
}

/* Ends a worker's wait, with the lock held. */
static void question_end(worker *asker, bool answered) {
  if (asker->question == QUESTION_NONE) return;
  if (asker->question == QUESTION_POSTED)
    asker->home->calling--;
  else
    asker->home->waiting--;
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

/* The promise of a job; NULL: the job is dropped. */
static napi_value promise_of(napi_env env, job *work) {
  pool *home = pool_of(env);
  napi_value promise = NULL;
  if (napi_create_promise(env, &work->promise, &promise) != napi_ok) {
    work->drop(work);
    return NULL;
  }
  if (home->unsettled++ == 0) napi_ref_threadsafe_function(env, home->bell);
  return promise;
}

/* Ends a job that will not run, with the lock held. */
static void refuse(pool *home, job *work, rq_code code, const char *why) {
  rq_error_set(&work->error, code, why);
  if (append_done(home, work)) ring(home);
}

napi_value pool_submit(napi_env env, job *work) {
  pool *home = pool_of(env);
  napi_value promise = promise_of(env, work);
  if (promise == NULL) return NULL;
  pthread_mutex_lock(&home->lock);
  bool more = home->queued >= home->idle && !home->closing;
  if (more && home->live < WORKERS_MAX) more = !worker_start(home);
  bool queued = home->live > 0 && !home->closing;
  if (queued) {
    append(&home->queue, work);
    home->queued++;
    if (more && home->waiting > 0) ring(home); /* to relieve those that then still wait */
  } else {
    refuse(home, work, RQ_ERR_LIMIT, "no thread could be started");
  }
  pthread_mutex_unlock(&home->lock);
  if (queued) pthread_cond_signal(&home->work); /* now, or who wakes would wait for the lock */
  return promise;
}

napi_value pool_hand(napi_env env, job *to, job *work) {
  pool *home = pool_of(env);
  napi_value promise = promise_of(env, work);
  if (promise == NULL) return NULL;
  pthread_mutex_lock(&home->lock);
  if (to->by != NULL && to->by->question == QUESTION_HEARD) {
    append(&to->by->handed, work);
    pthread_cond_signal(&to->by->answer);
  } else {
    refuse(home, work, RQ_ERR_MISUSE, "the response was lent to a hook, for its call only");
  }
  pthread_mutex_unlock(&home->lock);
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
  pthread_mutex_lock(&home->lock);
  for (worker *at = home->workers; at != NULL; at = at->next)
    if (at->asking != NULL && at->asking->cancel == cancel) question_end(at, false);
  for (job *left = take_all(&home->queue), *next; left != NULL; left = next) {
    next = left->next;
    if (left->cancel != cancel) {
      append(&home->queue, left);
      continue;
    }
    home->queued--;
    refuse(home, left, RQ_ERR_CANCELLED, "the request was cancelled before it was sent");
  }
  pthread_mutex_unlock(&home->lock);
}

/* Adds a job that asks or tells to those that are to be heard, with the lock held. */
static void take_call(pool *home, job *from, bool asks, job ***end) {
  if (from == NULL || !(asks || from->told)) return;
  home->calling -= (size_t)asks + from->told;
  from->told = false;
  from->asks = asks;
  from->heard = NULL;
  **end = from;
  *end = &from->heard;
}

/* The jobs that ask or tell, with the lock held; how many ask is added to home->waiting. */
static job *take_calls(pool *home) {
  job *first = NULL, **end = &first;
  for (worker *at = home->workers; home->calling > 0 && at != NULL; at = at->next) {
    bool asks = at->question == QUESTION_POSTED;
    if (asks) {
      at->question = QUESTION_HEARD;
      home->waiting++;
    }
    take_call(home, at->asking, asks, &end);
    if (at->running != at->asking) take_call(home, at->running, false, &end);
  }
  return first;
}

/* A job that was taken lives on, for it is settled on this thread. */
static void hear(napi_env env, job *calls) {
  for (job *from = calls, *next; from != NULL; from = next) {
    napi_handle_scope scope = NULL;
    next = from->heard;
    napi_open_handle_scope(env, &scope);
    from->hear(env, from, from->asks);
    napi_close_handle_scope(env, scope);
  }
}

static void settle(napi_env env, job *work) {
  napi_handle_scope scope = NULL;
  napi_value result = NULL;
  bool failed = work->error != NULL, thrown = false;
  napi_open_handle_scope(env, &scope);
  if (work->hear != NULL) work->hear(env, work, false); /* what it told last, also if it failed */
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
  relieve(home); /* those that were heard before, and are not answered yet */
  size_t waited = home->waiting;
  job *calls = take_calls(home);
  /* Whoever is not answered by the next bell waits for more than a function that returns. */
  if (home->waiting > waited && home->queued > home->idle) ring(home);
  job *work = take_all(&home->done);
  pthread_mutex_unlock(&home->lock);
  hear(env, calls);
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
  pthread_mutex_lock(&home->lock);
  home->closing = true;
  for (worker *at = home->workers; at != NULL; at = at->next) {
    if (at->running != NULL && at->running->stop != NULL) at->running->stop(at->running);
    if (at->asking != NULL && at->asking->stop != NULL) at->asking->stop(at->asking);
    question_end(at, false);
  }
  pthread_cond_broadcast(&home->work);
  pthread_mutex_unlock(&home->lock);
  join(home, true);
  drop_all(take_all(&home->queue));
  drop_all(take_all(&home->done));
}
