/* options.c: the command line into a `cli`. One table names every option; what they mean is told in
 * rq(1) and done in request.c. POSIX's getopt knows no long names, and GNU's is not everywhere.
 *
 * Options stand anywhere, values follow as "--name value", "--name=value", "-n value" or "-nvalue",
 * short flags may be joined, and "--" ends the options. */
#include "cli.h"

#include <stddef.h>
#include <string.h>

typedef enum { FLAG, WORD, LIST, COUNT, SECONDS } option_kind;

typedef struct {
  char letter;
  const char *name;
  option_kind kind;
  size_t offset; /* of the member of `cli` */
} option;

#define AT(member) offsetof(cli, member)

static const option options[] = {
    {'X', "request", WORD, AT(method)},
    {'H', "header", LIST, AT(headers)},
    {'d', "data", WORD, AT(data)},
    {'f', "form", FLAG, AT(form)},
    {'F', "multipart", FLAG, AT(multipart)},
    {'j', "json", FLAG, AT(json)},
    {'o', "output", WORD, AT(output)},
    {'O', "remote-name", FLAG, AT(remote_name)},
    {'C', "continue", FLAG, AT(resume)},
    {'q', "quiet", FLAG, AT(quiet)},
    {'i', "include", FLAG, AT(include)},
    {'I', "head", FLAG, AT(head)},
    {'v', "verbose", FLAG, AT(verbose)},
    {0, "trace", FLAG, AT(trace)},
    {0, "raw", FLAG, AT(raw)},
    {0, "fail", FLAG, AT(fail)},
    {0, "curl", FLAG, AT(curl)},
    {'u', "user", WORD, AT(user)},
    {0, "digest", FLAG, AT(digest)},
    {0, "bearer", WORD, AT(bearer)},
    {'c', "cookies", WORD, AT(cookies)},
    {0, "no-env", FLAG, AT(no_env)},
    {0, "follow", FLAG, AT(follow)},
    {0, "no-follow", FLAG, AT(no_follow)},
    {0, "max-redirs", COUNT, AT(redirects_max)},
    {0, "retries", COUNT, AT(retries)},
    {0, "connect-timeout", SECONDS, AT(connect_ms)},
    {0, "read-timeout", SECONDS, AT(read_ms)},
    {0, "deadline", SECONDS, AT(deadline_ms)},
    {0, "proxy", WORD, AT(proxy)},
    {0, "noproxy", WORD, AT(noproxy)},
    {0, "resolve", LIST, AT(resolves)},
    {0, "unix-socket", WORD, AT(unix_socket)},
    {0, "ca", WORD, AT(ca)},
    {0, "cert", WORD, AT(cert)},
    {0, "key", WORD, AT(key)},
    {0, "pass", WORD, AT(password)},
    {0, "pin", LIST, AT(pins)},
    {0, "tls1.3", FLAG, AT(tls13)},
    {'k', "insecure", FLAG, AT(insecure)},
    {'h', "help", FLAG, AT(help)},
    {'V', "version", FLAG, AT(version)},
};

enum { OPTION_COUNT = sizeof options / sizeof *options };

/* Fits a screen of 80 by 24. */
void cli_help(void) {
  fputs(
      "usage: rq [OPTIONS] [METHOD] URL [ITEM...]\n"
      "METHOD in capitals; without one GET, or POST if there is something to send.\n"
      "items     Name:value header     name==value query     name=text, name:=JSON body\n"
      "          name@file upload      name=@file, name:=@file: the value is in a file\n"
      "body      -j --json (default)  -f --form  -F --multipart  -d --data TEXT|@FILE\n"
      "request   -X --request METHOD  -H --header 'Name: value'  -I --head  --curl\n"
      "output    -o --output FILE  -O --remote-name  -C --continue  -q --quiet\n"
      "          -i --include (head)  --raw (as transferred)  --fail (400 and up: 22)\n"
      "look      -v --verbose (heads)  --trace (steps, times)\n"
      "auth      -u --user USER[:PASSWORD]  --digest  --bearer TOKEN  -c --cookies FILE\n"
      "follow    --no-follow  --follow (HEAD too)  --max-redirs N  --retries N\n"
      "time      --connect-timeout S  --read-timeout S  --deadline S\n"
      "way       --proxy URL  --noproxy HOSTS  --resolve HOST:PORT:ADDRESS\n"
      "          --unix-socket PATH  --no-env (no proxies, CAs and netrc from outside)\n"
      "TLS       --ca FILE  --cert FILE  --key FILE  --pass PASSWORD  --pin sha256//KEY\n"
      "          --tls1.3  -k --insecure\n"
      "also      -h --help  -V --version\n"
      "\n"
      "rq https://example.org/get q==librq     rq -f PUT example.org/form name=Ann\n"
      "rq example.org/users name=Ann age:=42   rq -O -C https://example.org/big.iso\n"
      "Exit status: 0, or what failed. man rq tells the rest.\n",
      stdout);
}

static void words_add(words *list, const char *word) {
  const char **longer = allocate((list->count + 1) * sizeof *longer);
  if (list->count) memcpy(longer, list->at, list->count * sizeof *longer);
  longer[list->count++] = word;
  list->at = longer;
}

/* A number of the command line with up to `decimals` digits behind the point, times ten to their
   power: never a sign, a blank, an exponent. -1: it is none, or too large. */
static int64_t fixed_point(const char *text, int decimals) {
  int64_t value = 0;
  const char *digit = text;
  int behind = -1; /* digits behind the point; -1: before it */
  for (; *digit; digit++) {
    if (*digit == '.' && behind < 0 && decimals > 0) {
      behind = 0;
    } else if (*digit < '0' || *digit > '9' || value > UINT32_MAX) {
      return -1;
    } else if (behind < decimals) {
      value = value * 10 + (*digit - '0');
      if (behind >= 0) behind++;
    }
  }
  if (digit == text || (behind == 0 && digit == text + 1)) return -1;
  for (int i = behind < 0 ? 0 : behind; i < decimals; i++) value *= 10;
  return value < UNSET ? value : -1;
}

static void set_number(uint32_t *to, const option *which, const char *value, rq_error **error) {
  int64_t number = fixed_point(value, which->kind == SECONDS ? 3 : 0);
  if (number >= 0) {
    *to = (uint32_t)number;
  } else {
    fail(error, RQ_ERR_INVALID_ARGUMENT, "--%s needs %s, and \"%s\" is none", which->name,
         which->kind == SECONDS ? "a number of seconds" : "a number", value);
  }
}

static void set(cli *this, const option *which, const char *value, rq_error **error) {
  void *member = (char *)this + which->offset;
  switch (which->kind) {
    case FLAG: *(bool *)member = true; break;
    case WORD: *(const char **)member = value; break;
    case LIST: words_add(member, value); break;
    case COUNT:
    case SECONDS: set_number(member, which, value, error); break;
  }
}

/* Takes the value of an option that needs one: behind it in the same word, or the next word. */
static const char *value_of(const option *which, const char *joined, char ***next,
                            rq_error **error) {
  if (joined) return joined;
  if (**next) return *(*next)++;
  fail(error, RQ_ERR_INVALID_ARGUMENT, "--%s needs a value", which->name);
  return NULL;
}

static void read_long(cli *this, const char *word, char ***next, rq_error **error) {
  const char *equals = strchr(word, '=');
  size_t len = equals ? (size_t)(equals - word) : strlen(word);
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const option *which = &options[i];
    if (strncmp(which->name, word, len) != 0 || which->name[len] != '\0') continue;
    if (which->kind != FLAG) {
      const char *value = value_of(which, equals ? equals + 1 : NULL, next, error);
      if (value) set(this, which, value, error);
    } else if (equals) {
      fail(error, RQ_ERR_INVALID_ARGUMENT, "--%s takes no value", which->name);
    } else {
      set(this, which, NULL, error);
    }
    return;
  }
  fail(error, RQ_ERR_INVALID_ARGUMENT, "there is no option --%.*s", (int)len, word);
}

static const option *with_letter(char letter) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    if (options[i].letter == letter) return &options[i];
  }
  return NULL;
}

static void read_short(cli *this, const char *letters, char ***next, rq_error **error) {
  for (; *letters && !(*error); letters++) {
    const option *which = with_letter(*letters);
    if (!which) {
      fail(error, RQ_ERR_INVALID_ARGUMENT, "there is no option -%c", *letters);
    } else if (which->kind == FLAG) {
      set(this, which, NULL, error);
    } else {
      const char *value = value_of(which, letters[1] ? letters + 1 : NULL, next, error);
      if (value) set(this, which, value, error);
      return;
    }
  }
}

/* A word in capitals before others is a method: GET, M-SEARCH. -X sends any. */
static bool is_method(const char *word) {
  size_t len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
  return len > 0 && word[len] == '\0' && word[0] != '-';
}

/* METHOD, URL and items, in this order. */
static void read_plain(cli *this, const char *word, rq_error **error) {
  if (!this->url && !this->method && is_method(word)) {
    this->method = word;
  } else if (!this->url) {
    this->url = word;
  } else {
    words_add(&this->items, word);
  }
  if (word[0] == '\0') fail(error, RQ_ERR_INVALID_ARGUMENT, "an argument is empty");
}

/* What cannot be meant together. */
static void check(const cli *this, rq_error **error) {
  const struct {
    bool wrong;
    const char *why;
  } rules[] = {
      {!this->url, "a URL is missing"},
      {this->form + this->json + this->multipart > 1, "--form, --json and --multipart are three "
                                                      "kinds of body: give one"},
      {this->data && this->multipart, "--data is the whole body: it has no parts"},
      {this->output && this->remote_name, "-o and -O name two files: give one"},
      {this->resume && !this->output && !this->remote_name, "-C goes on with a file: name it with "
                                                            "-o, or give -O"},
      {this->resume && this->output && strcmp(this->output, "-") == 0, "-C cannot go on with "
                                                                       "standard output"},
      {this->head && this->method, "-I is the method HEAD: give no other"},
      {this->digest && !this->user, "--digest needs --user"},
      {this->bearer && this->user, "--bearer and --user are two credentials: give one"},
      {this->key && !this->cert, "--key needs --cert"},
      {this->password && !this->cert, "--pass is for the key of --cert: give that too"},
      {this->follow && this->no_follow, "--follow and --no-follow: give one"},
      {this->proxy && this->noproxy && this->no_env, "--noproxy cannot be used with --no-env"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (rules[i].wrong) fail(error, RQ_ERR_INVALID_ARGUMENT, "%s", rules[i].why);
  }
}

void cli_read(cli *this, char **argv, rq_error **error) {
  char **next = argv[0] ? argv + 1 : argv;
  bool options_end = false;
  this->redirects_max = this->connect_ms = this->read_ms = this->deadline_ms = UNSET;
  this->retries = UNSET;
  while (*next && !*error) {
    const char *word = *next++;
    if (options_end || word[0] != '-' || word[1] == '\0') {
      read_plain(this, word, error);
    } else if (strcmp(word, "--") == 0) {
      options_end = true;
    } else if (word[1] == '-') {
      read_long(this, word + 2, &next, error);
    } else {
      read_short(this, word + 1, &next, error);
    }
  }
  if (!this->help && !this->version) check(this, error);
  if (this->head) {
    this->method = "HEAD";
    this->include = true;
  }
}
