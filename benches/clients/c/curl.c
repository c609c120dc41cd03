/*
 * libcurl: the easy interface, its handle used again. Threads have a handle each, and share names
 * and TLS sessions: libcurl cannot share live connections between threads. Idle connections are
 * the multi interface's, whose cache holds many.
 */
#include "bench.h"
#include <curl/curl.h>
#include <pthread.h>

typedef unsigned long long bytes_t;

static const char *ca;
static CURLSH *share;
static pthread_mutex_t locks[CURL_LOCK_DATA_LAST];

static void lock(CURL *c, curl_lock_data data, curl_lock_access access, void *user) {
  (void)c, (void)access, (void)user;
  pthread_mutex_lock(&locks[data]);
}

static void unlock(CURL *c, curl_lock_data data, void *user) {
  (void)c, (void)user;
  pthread_mutex_unlock(&locks[data]);
}

static size_t drop(char *from, size_t size, size_t count, void *total) {
  (void)from;
  *(bytes_t *)total += size * count;
  return size * count;
}

typedef struct {
  char text[64];
  size_t length;
} saying;

static size_t keep(char *from, size_t size, size_t count, void *into) {
  saying *said = into;
  size_t bytes = size * count;
  if (said->length + bytes >= sizeof said->text) return 0;
  memcpy(said->text + said->length, from, bytes);
  said->length += bytes;
  return bytes;
}

static size_t generate(char *into, size_t size, size_t count, void *left) {
  bytes_t *bytes = left;
  size_t part = *bytes % BLOCK_BYTES ? (size_t)(*bytes % BLOCK_BYTES) : BLOCK_BYTES;
  if (*bytes == 0) return 0;
  if (part > size * count) part = size * count;
  memset(into, (int)('a' + *bytes / BLOCK_BYTES % 26), part);
  *bytes -= part;
  return part;
}

static size_t read_file(char *into, size_t size, size_t count, void *file) {
  ssize_t got = read(fileno(file), into, size * count);
  return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static CURL *handle(const char *url, bytes_t *total) {
  CURL *c = curl_easy_init();
  curl_easy_setopt(c, CURLOPT_URL, url);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, total);
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BLOCK_BYTES);
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  if (ca) curl_easy_setopt(c, CURLOPT_CAINFO, ca);
  if (share) curl_easy_setopt(c, CURLOPT_SHARE, share);
  return c;
}

static void must(CURLcode result) {
  if (result == CURLE_OK) return;
  fprintf(stderr, "%s\n", curl_easy_strerror(result));
  exit(1);
}

static void perform(CURL *c) {
  long status = 0;
  must(curl_easy_perform(c));
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) exit(1);
}

/* Performs an upload; the sink's answer is the number of bytes that it has read. */
static bytes_t told(CURL *c) {
  saying said = {{0}, 0};
  struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)BLOCK_BYTES);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &said);
  perform(c);
  curl_slist_free_all(headers);
  return strtoull(said.text, NULL, 10);
}

typedef struct {
  const char *url;
  long count;
  bytes_t bytes;
  pthread_t thread;
} job;

static void *gets_of(void *given) {
  job *j = given;
  CURL *c = handle(j->url, &j->bytes);
  for (long i = 0; i < j->count; i++) perform(c);
  curl_easy_cleanup(c);
  return NULL;
}

static bytes_t get_on_threads(const arguments *a) {
  job jobs[THREADS_MAX];
  bytes_t total = 0;
  for (int i = 0; i < CURL_LOCK_DATA_LAST; i++) pthread_mutex_init(&locks[i], NULL);
  share = curl_share_init();
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_share_setopt(share, CURLSHOPT_LOCKFUNC, lock);
  curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, unlock);
  for (int i = 0; i < a->threads; i++) {
    jobs[i] = (job){a->url, a->count / a->threads, 0, 0};
    if (pthread_create(&jobs[i].thread, NULL, gets_of, &jobs[i])) exit(1);
  }
  for (int i = 0; i < a->threads; i++) {
    pthread_join(jobs[i].thread, NULL);
    total += jobs[i].bytes;
  }
  return total;
}

static void get(CURL *c, const arguments *a) {
  for (long i = 0; i < a->count; i++) perform(c);
}

/* As many transfers at a time as there are to be connections. */
static void transfer_all(CURLM *multi, long count) {
  int running = 0, queued = 0;
  for (long done = 0; done < count;) {
    if (curl_multi_perform(multi, &running)) exit(1);
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued)); done++) {
      must(message->data.result);
      curl_multi_remove_handle(multi, message->easy_handle);
      curl_easy_cleanup(message->easy_handle);
    }
    if (done < count && running) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
}

static bytes_t hold_idle(const arguments *a, double *idle_kib) {
  bytes_t total = 0;
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, a->count + 10);
  long before = resident_kib();
  for (long i = 0; i < a->count; i++) curl_multi_add_handle(multi, handle(a->url, &total));
  transfer_all(multi, a->count);
  *idle_kib = (double)(resident_kib() - before) / (double)a->count;
  curl_multi_cleanup(multi);
  return total;
}

static bytes_t put(CURL *c, const arguments *a) {
  bytes_t total = 0;
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, read_file);
  for (long i = 0; i < a->count; i++) {
    FILE *file = fopen(a->files[0], "r");
    if (!file || fseek(file, 0, SEEK_END)) exit(1);
    curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ftell(file));
    rewind(file);
    curl_easy_setopt(c, CURLOPT_READDATA, file);
    total += told(c);
    fclose(file);
  }
  return total;
}

static bytes_t put_chunked(CURL *c, const arguments *a) {
  bytes_t left = (bytes_t)a->count * BLOCK_BYTES;
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, generate);
  curl_easy_setopt(c, CURLOPT_READDATA, &left);
  return told(c);
}

static bytes_t post_multipart(CURL *c, const arguments *a) {
  curl_mime *form = curl_mime_init(c);
  char name[16];
  for (int i = 0; a->files[i]; i++) {
    curl_mimepart *part = curl_mime_addpart(form);
    snprintf(name, sizeof name, "f%d", i);
    curl_mime_name(part, name);
    must(curl_mime_filedata(part, a->files[i]));
  }
  curl_easy_setopt(c, CURLOPT_MIMEPOST, form);
  bytes_t total = told(c);
  curl_mime_free(form);
  return total;
}

int main(int argc, char **argv) {
  arguments a = read_arguments(argc, argv);
  bytes_t bytes = 0;
  double idle_kib = 0;
  curl_global_init(CURL_GLOBAL_ALL);
  ca = a.ca;
  CURL *c = handle(a.warm ? a.warm : a.url, &bytes);
  if (a.warm) perform(c);
  curl_easy_setopt(c, CURLOPT_URL, a.url);
  bytes = 0;
  instant began = now();
  if (is(a.mode, "gzip")) curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (is(a.mode, "new")) {
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
  }
  if (is(a.mode, "get") && a.threads > 1) bytes = get_on_threads(&a);
  else if (is(a.mode, "get") || is(a.mode, "gzip") || is(a.mode, "new")) get(c, &a);
  else if (is(a.mode, "idle")) bytes = hold_idle(&a, &idle_kib);
  else if (is(a.mode, "put")) bytes = put(c, &a);
  else if (is(a.mode, "chunked")) bytes = put_chunked(c, &a);
  else if (is(a.mode, "mime")) bytes = post_multipart(c, &a);
  else return 2;
  report(began, a.count, bytes, idle_kib);
  curl_easy_cleanup(c);
  return 0;
}
