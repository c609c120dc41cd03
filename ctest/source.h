/* source.h: a body that callbacks give, with faults to order; it counts what is done to it.
 * Byte i is i % 251, as testd's /sha256/N has it; SOURCE_MAX bytes at most. Checks nothing. */
#ifndef SOURCE_H
#define SOURCE_H

#include <rq.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What goes wrong when `fails_at` bytes have been given. */
typedef enum {
  SOURCE_IS_SOUND,
  SOURCE_SAYS_WHY,     /* fails with `code` and "the tape has torn" */
  SOURCE_IS_SILENT,    /* fails and says nothing */
  SOURCE_SAYS_BOTH,    /* gives bytes, and an error */
  SOURCE_BOASTS,       /* claims more bytes than there is room for */
  SOURCE_IS_NEGATIVE,  /* returns a number that has no meaning */
} source_fault;

typedef struct {
  size_t len;   /* how many bytes it gives */
  size_t piece; /* how many at a time, at most; 0: as many as there is room for */
  size_t at;
  source_fault fault;
  size_t fails_at;
  int32_t code;
  bool stays;          /* rewinding fails, saying nothing */
  bool stays_and_says; /* rewinding fails, saying why */
  int reads, rewinds, freed;
} source;

static inline int64_t source_fails(source *this, size_t cap, rq_error **error) {
  switch (this->fault) {
    case SOURCE_SAYS_BOTH:
    case SOURCE_SAYS_WHY: rq_error_set(error, this->code, "the tape has torn"); break;
    case SOURCE_BOASTS: return (int64_t)cap + 1;
    case SOURCE_IS_NEGATIVE: return INT64_MIN;
    default: break;
  }
  return this->fault == SOURCE_SAYS_BOTH ? 1 : -1;
}

static inline int64_t source_read(void *context, void *buf, size_t cap, rq_error **error) {
  source *this = context;
  size_t count = this->len - this->at;
  unsigned char *out = buf;
  this->reads++;
  if (this->fault && this->at >= this->fails_at) return source_fails(this, cap, error);
  if (this->piece && count > this->piece) count = this->piece;
  if (count > cap) count = cap;
  for (size_t i = 0; i < count; i++) out[i] = (unsigned char)((this->at + i) % 251);
  this->at += count;
  return (int64_t)count;
}

static inline bool source_rewind(void *context, rq_error **error) {
  source *this = context;
  this->rewinds++;
  if (this->stays_and_says) rq_error_set(error, RQ_ERR_CALLBACK, "the tape is stuck");
  if (this->stays || this->stays_and_says) return false;
  this->at = 0;
  return true;
}

static inline void source_free(void *context) { ((source *)context)->freed++; }

#endif
