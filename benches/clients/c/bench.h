/*
 * What every client in C shares: the command line, the clock, the line of results.
 *
 *   CLIENT MODE URL COUNT THREADS [FILE...]
 *
 * The modes are those of ../../workloads.py. BENCH_CA names a PEM file of trusted roots,
 * BENCH_WARM a URL that is fetched once before the clock starts. Leaves to each client how it
 * sends.
 */
#pragma once
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 * 1024, THREADS_MAX = 256 };

typedef struct {
  const char *mode, *url, *ca, *warm;
  long count;
  int threads;
  char **files; /* NULL-terminated */
} arguments;

typedef struct {
  double wall, user, sys;
} instant;

static inline arguments read_arguments(int argc, char **argv) {
  if (argc < 5) {
    fputs("usage: CLIENT MODE URL COUNT THREADS [FILE...]\n", stderr);
    exit(2);
  }
  arguments a = {argv[1],       argv[2],       getenv("BENCH_CA"), getenv("BENCH_WARM"),
                 atol(argv[3]), atoi(argv[4]), argv + 5};
  if (a.count < 1 || a.threads < 1 || a.threads > THREADS_MAX) {
    fputs("COUNT or THREADS is out of range\n", stderr);
    exit(2);
  }
  return a;
}

static inline int is(const char *text, const char *word) { return strcmp(text, word) == 0; }

static inline instant now(void) {
  struct timespec t;
  struct rusage r;
  clock_gettime(CLOCK_MONOTONIC, &t);
  getrusage(RUSAGE_SELF, &r);
  return (instant){(double)t.tv_sec + (double)t.tv_nsec / 1e9,
                   (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec / 1e6,
                   (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec / 1e6};
}

/* A figure of /proc/self/status in KiB. Not ru_maxrss for the peak: that begins at the parent's. */
static inline long status_kib(const char *name) {
  char line[256];
  long kib = -1;
  size_t length = strlen(name);
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (strncmp(line, name, length) == 0 && line[length] == ':') kib = atol(line + length + 1);
  if (status) fclose(status);
  return kib;
}

/* What is resident now, without what malloc merely has not given back. */
static inline long resident_kib(void) {
  malloc_trim(0);
  return status_kib("VmRSS");
}

static inline void report(instant began, long count, unsigned long long bytes, double idle_kib) {
  instant ended = now();
  printf("n=%ld bytes=%llu wall=%.6f user=%.6f sys=%.6f peak_kib=%ld idle_kib=%.2f\n", count, bytes,
         ended.wall - began.wall, ended.user - began.user, ended.sys - began.sys,
         status_kib("VmHWM"), idle_kib);
}
