// What answer.c gives: the head of a response in one piece, and its end.

#ifndef RQGO_ANSWER_H
#define RQGO_ANSWER_H

#include <rq.h>

enum { RQGO_TEXT_BYTES = 2048 }; // of an answer, before it needs memory of its own

// The head of a response. Its words, each with a NUL behind it: the reason, the URL, and names and
// values of the fields by turns. Where bytes says more than there is room for, ask rqgo_words.
typedef struct {
	double elapsed_ms;
	int64_t length; // as declared
	size_t fields;
	size_t bytes; // of the words
	int32_t status;
	int32_t version;
	bool reused;
	bool ok;
	bool redirect;
	bool permanent;
	bool coded; // content codings are between the length and what is read
	char text[RQGO_TEXT_BYTES];
} rqgo_answer;

void rqgo_head(const rq_response *response, rqgo_answer *answer);

// The trailer fields alone, as their names and values.
void rqgo_trailer(const rq_response *response, rqgo_answer *answer);

// The words of one of those, where there are this many bytes of them.
void rqgo_words(const rq_response *response, bool trailer, uint8_t *text, size_t bytes);

// Frees both; each may be NULL.
void rqgo_free(rq_response *response, rq_cancel *token);

#endif
