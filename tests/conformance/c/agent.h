/* What the files of the C agent share: fields of lines (line.c) and answers (reply.c). */
#ifndef AGENT_H
#define AGENT_H

#include <rq.h>

/* A decoded field: bytes with a NUL after them; bytes NULL is null. */
typedef struct {
  char *bytes;
  size_t len;
} field;

/* Ends the program: something is not of the protocol, or memory is out. */
void die(const char *why);

/* `memory`, unless it is NULL. */
void *allocated(void *memory);

/* Decodes a field in place: what comes out is never longer. */
field decode(char *text);

/* Writes a line: its word, then its fields; put_text writes null for NULL. */
void put_word(const char *word);
void put_bytes(const void *data, size_t len);
void put_text(const char *text);
void put_number(long long number);
void put_end_of_line(void);

/* A line of one text. */
void put_line(const char *word, const char *text);

/* Ends an answer. */
void put_end(void);

/* The answers to prepare, send and jar. An answer with *error set is to be thrown away. */
void put_prepared(const rq_prepared *prepared);
void put_response(rq_response *response, rq_error **error);
void put_cookies(rq_cookies *jar, rq_error **error);

#endif
