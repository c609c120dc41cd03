/*
 * Preloaded into the programs of run.sh: counts what they ask of the allocator and the bytes that
 * they copy, librq's calls included, which go through the C library. Threads are counted together.
 * At the end of the program it writes "NAME VALUE" lines to the file that $RQ_COUNTS names:
 *
 *   allocations   blocks that were asked for; one that realloc makes larger or smaller is another
 *   allocated     their bytes, as asked for
 *   copied        bytes that memcpy and memmove have copied, in pieces of COPY_MIN and more
 *
 * counted_live() tells the program itself how many bytes are in use, as the allocator rounds them.
 * System calls are none of its business: what the kernel copies is not counted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a head and keys of a map are shorter; a body's pieces are not. */
enum { COPY_MIN = 64 };

static atomic_long allocations, allocated, copied, live;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static long held(void *block) { return block ? (long)malloc_usable_size(block) : 0; }

static void *counted(void *block, size_t size) {
  if (block == NULL) return NULL;
  atomic_fetch_add(&allocations, 1);
  atomic_fetch_add(&allocated, (long)size);
  atomic_fetch_add(&live, held(block));
  return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) {
  return counted(__libc_calloc(count, size), count * size);
}

void *realloc(void *old, size_t size) {
  long before = held(old);
  void *block = __libc_realloc(old, size);
  if (block || size == 0) atomic_fetch_sub(&live, before);
  return counted(block, size);
}

void free(void *block) {
  atomic_fetch_sub(&live, held(block));
  __libc_free(block);
}

void *memalign(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = memalign(alignment, size);
  if (made) *block = made;
  return made ? 0 : ENOMEM;
}

typedef void *copier(void *to, const void *from, size_t count);
static copier *next_memcpy, *next_memmove;

/* Until the C library's own have been found; in the order that spares what is still to be read. */
static void *by_byte(void *to, const void *from, size_t count) {
  unsigned char *out = to;
  const unsigned char *in = from;
  if (out <= in)
    for (size_t at = 0; at < count; at++) *(volatile unsigned char *)(out + at) = in[at];
  else
    while (count-- > 0) *(volatile unsigned char *)(out + count) = in[count];
  return to;
}

static void *copy(copier *next, void *to, const void *from, size_t count) {
  if (count >= COPY_MIN) atomic_fetch_add(&copied, (long)count);
  return next ? next(to, from, count) : by_byte(to, from, count);
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  return copy(next_memcpy, to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
  return copy(next_memmove, to, from, count);
}

long counted_live(void) { return atomic_load(&live); }

__attribute__((constructor)) static void begin(void) {
  next_memcpy = (copier *)dlsym(RTLD_NEXT, "memcpy");
  next_memmove = (copier *)dlsym(RTLD_NEXT, "memmove");
}

__attribute__((destructor)) static void end(void) {
  long counts[] = {atomic_load(&allocations), atomic_load(&allocated), atomic_load(&copied)};
  const char *path = getenv("RQ_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  fprintf(file, "allocations %ld\nallocated %ld\ncopied %ld\n", counts[0], counts[1], counts[2]);
  fclose(file);
}
