// The head of a response, fetched by one call: each crossing from Go to C has its price. What Go
// makes of it is response.go's.

#include "answer.h"
#include <string.h>

typedef struct {
	char *text;
	size_t room;
	size_t bytes; // also of the words that had no room
} writer;

static void write_word(writer *w, const char *word) {
	if (!word)
		word = "";
	size_t bytes = strlen(word) + 1;
	if (bytes <= w->room && w->bytes <= w->room - bytes)
		memcpy(w->text + w->bytes, word, bytes);
	w->bytes += bytes;
}

static size_t write_fields(writer *w, const rq_response *response, bool trailer) {
	bool (*at)(const rq_response *, size_t, const char **, const char **) =
		trailer ? rq_response_trailer_at : rq_response_header_at;
	const char *name, *value;
	size_t count = 0;
	for (; at(response, count, &name, &value); count++) {
		write_word(w, name);
		write_word(w, value);
	}
	return count;
}

static size_t write_words(writer *w, const rq_response *response, bool trailer) {
	if (!trailer) {
		write_word(w, rq_response_reason(response));
		write_word(w, rq_response_url(response));
	}
	return write_fields(w, response, trailer);
}

static void fill_words(rqgo_answer *answer, const rq_response *response, bool trailer) {
	writer w = {answer->text, sizeof answer->text, 0};
	answer->fields = write_words(&w, response, trailer);
	answer->bytes = w.bytes;
}

void rqgo_head(const rq_response *response, rqgo_answer *answer) {
	answer->elapsed_ms = rq_response_elapsed_ms(response);
	answer->length = rq_body_length(response);
	answer->status = rq_response_status(response);
	answer->version = rq_response_http_version(response);
	answer->reused = rq_response_reused(response);
	answer->ok = rq_response_ok(response);
	answer->redirect = rq_response_is_redirect(response);
	answer->permanent = rq_response_is_permanent_redirect(response);
	answer->coded = rq_response_header(response, "content-encoding") != NULL;
	fill_words(answer, response, false);
}

void rqgo_trailer(const rq_response *response, rqgo_answer *answer) {
	fill_words(answer, response, true);
}

void rqgo_words(const rq_response *response, bool trailer, uint8_t *text, size_t bytes) {
	writer w = {(char *)text, bytes, 0};
	write_words(&w, response, trailer);
}

void rqgo_free(rq_response *response, rq_cancel *token) {
	rq_response_free(response);
	rq_cancel_free(token);
}
