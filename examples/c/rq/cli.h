/* cli.h: what the files of rq(1) know of each other. The program uses librq's public API only.
 *
 *   main.c       from the command line to the exit status
 *   options.c    the command line into a `cli`
 *   items.c      name=value and its kin; the JSON they make
 *   request.c    a `cli` into a session and a request
 *   ask.c        a password that is not on the command line
 *   show.c       heads, steps and errors for people
 *   save.c       the body, to a file or to standard output
 *   resume.c     -C: going on where a file ends
 *   name.c       -O: what the file is called
 *   progress.c   how far a download is
 *   interrupt.c  Ctrl-C cancels
 *
 * Errors are librq's everywhere: functions that can fail take an rq_error ** last and do nothing
 * once it is set. The program ends right after its one request, so what the command line was made
 * into is not freed. */
#ifndef RQ_CLI_H
#define RQ_CLI_H

#include <rq.h>

#include <stdarg.h>
#include <stdio.h>

/* Exit statuses that are not an error's of librq; exit_status in main.c has the others. */
enum { EXIT_USAGE = 2, EXIT_FILE = 3, EXIT_STATUS = 22, EXIT_SIGNAL = 128 };

/* A number that was not given. */
#define UNSET UINT32_MAX

typedef struct {
  const char **at;
  size_t count;
} words;

/* The command line. What was not given is NULL, false or UNSET. */
typedef struct {
  const char *method, *url;
  words items, headers;
  const char *data;
  bool form, json, multipart;
  const char *output;
  bool remote_name, resume, quiet;
  bool include, head, verbose, trace, raw, fail, curl;
  const char *proxy, *noproxy, *unix_socket;
  words resolves, pins;
  const char *ca, *cert, *key, *password;
  bool insecure, tls13;
  const char *user, *bearer, *cookies;
  bool digest, no_env, follow, no_follow;
  uint32_t redirects_max, connect_ms, read_ms, deadline_ms, retries;
  bool help, version;
} cli;

/* options.c */
void cli_read(cli *this, char **argv, rq_error **error);
void cli_help(void);

/* items.c */
typedef enum {
  ITEM_HEADER,     /* Name:value */
  ITEM_QUERY,      /* name==value */
  ITEM_TEXT,       /* name=value */
  ITEM_JSON,       /* name:=value */
  ITEM_TEXT_FILE,  /* name=@path */
  ITEM_JSON_FILE,  /* name:=@path */
  ITEM_UPLOAD,     /* name@path */
} item_kind;

typedef struct {
  item_kind kind;
  char *name;
  char *value;
} item;

item item_parse(const char *word, rq_error **error);
bool item_is_content(const item *this);
char *file_text(const char *path, rq_error **error);
char *json_of(const item *items, size_t count, rq_error **error);

/* request.c */
rq_session *session_for(const cli *given, rq_error **error);
rq_request *request_for(const cli *given, rq_error **error);

/* ask.c */
const char *ask_password(const char *user, rq_error **error);

/* show.c */
void show_heads(rq_opts *opts, rq_error **error);
void show_steps(rq_opts *opts, rq_error **error);
void show_response_head(const rq_response *response);
void say(const char *format, ...);

/* progress.c */
typedef struct {
  bool on;       /* since the body is read: the bodies of redirects do not count */
  bool bar;      /* drawn on a terminal */
  uint64_t base; /* bytes that were there before */
  uint64_t done; /* with those */
  int64_t total; /* -1: not known */
  int64_t quarters;
  size_t drawn; /* columns of the bar that is to be seen */
  double began_s, drawn_s;
} progress;

void progress_watch(progress *this, rq_opts *opts, rq_error **error);
void progress_begin(progress *this, uint64_t base);
void progress_end(progress *this);

/* resume.c */
typedef struct {
  const char *path;
  char *note;     /* the file beside it that holds the entity tag */
  char *tag;      /* NULL: not known */
  int64_t size;   /* bytes that are there */
} resume;

void resume_ask(resume *this, const char *path, rq_opts *opts, rq_error **error);
void resume_save(const resume *this, rq_response *response, progress *bar, rq_error **error);

/* name.c */
char *name_of_url(const char *url, rq_error **error);
char *name_of_response(const rq_response *response);

/* save.c */
void save_body(const cli *given, rq_response *response, progress *bar, rq_error **error);
void save_stream(rq_response *response, FILE *to, bool terminal, rq_error **error);

/* interrupt.c */
const rq_cancel *interrupt_cancels(rq_error **error);
int interrupt_signal(void);

/* main.c */
void *allocate(size_t bytes);
char *copy_text(const char *from, size_t len);
void fail(rq_error **error, rq_code code, const char *format, ...);

#endif /* RQ_CLI_H */
