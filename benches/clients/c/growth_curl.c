/*
 * libcurl beside growth.c: one handle, round robin over many hosts, each with a kept connection.
 *
 *   growth_curl hosts HOW_MANY REQUESTS PORT
 */
#include "bench.h"
#include <curl/curl.h>

static size_t drop(char *from, size_t size, size_t count, void *total) {
  (void)from;
  *(unsigned long long *)total += size * count;
  return size * count;
}

static void get(CURL *curl, const char *url) {
  curl_easy_setopt(curl, CURLOPT_URL, url);
  CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return;
  fprintf(stderr, "%s: %s\n", url, curl_easy_strerror(code));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 5 || !is(argv[1], "hosts")) return 2;
  long many = atol(argv[2]), requests = atol(argv[3]);
  unsigned long long bytes = 0;
  CURL *curl = curl_easy_init();
  struct curl_slist *names = NULL;
  char **urls = calloc((size_t)many, sizeof *urls);
  for (long i = 0; i < many; i++) {
    char name[64];
    snprintf(name, sizeof name, "h%ld.test:%s:127.0.0.1", i, argv[4]);
    /* The list is walked to its end for each that is appended: the last one goes to the front. */
    struct curl_slist *first = curl_slist_append(NULL, name);
    first->next = names;
    names = first;
    urls[i] = malloc(64);
    snprintf(urls[i], 64, "http://h%ld.test:%s/100", i, argv[4]);
  }
  curl_easy_setopt(curl, CURLOPT_RESOLVE, names);
  curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, many + 1);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
  for (long i = 0; i < many; i++) {
    get(curl, urls[i]);
    /* It would take them in again with each request. */
    curl_easy_setopt(curl, CURLOPT_RESOLVE, NULL);
  }
  bytes = 0;
  instant began = now();
  for (long i = 0; i < requests; i++) get(curl, urls[i % many]);
  report(began, requests, bytes, 0);
  curl_easy_cleanup(curl);
  curl_slist_free_all(names);
  for (long i = 0; i < many; i++) free(urls[i]);
  free(urls);
  return 0;
}
