/* items.c: what follows the URL, in HTTPie's words: `Name:value`, `name==value`, `name=text`,
 * `name:=JSON`, `name@path`, `name=@path`, `name:=@path`. What becomes of them is request.c's.
 *
 * The first separator counts, the longest one where several begin at one place. A backslash before
 * a separator's character takes it for a letter: `a\:b=c` has the name `a:b`. */
#include "cli.h"

#include <errno.h>
#include <string.h>

/* A file that is a field's value is held in memory; anything larger is an upload. */
static const size_t TEXT_BYTES_MAX = 64u << 20;

/* Longer separators before those they begin with. */
static const struct {
  const char *text;
  item_kind kind;
} separators[] = {
    {":=@", ITEM_JSON_FILE}, {":=", ITEM_JSON},   {"==", ITEM_QUERY},  {"=@", ITEM_TEXT_FILE},
    {"=", ITEM_TEXT},        {"@", ITEM_UPLOAD}, {":", ITEM_HEADER},
};

/* Which separator begins here, and how long it is; 0: none. */
static size_t separator_at(const char *text, item_kind *kind) {
  for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
    size_t len = strlen(separators[i].text);
    if (strncmp(text, separators[i].text, len) != 0) continue;
    *kind = separators[i].kind;
    return len;
  }
  return 0;
}

item item_parse(const char *word, rq_error **error) {
  item made = {0};
  char *name = allocate(strlen(word) + 1);
  size_t len = 0;
  made.name = name;
  for (const char *at = word; *at; at++) {
    size_t separator = separator_at(at, &made.kind);
    if (separator && len > 0) {
      made.value = copy_text(at + separator, strlen(at + separator));
      return made;
    }
    if (separator) break; /* without a name */
    if (*at == '\\' && at[1] && strchr(":=@\\", at[1])) at++;
    name[len++] = *at;
  }
  fail(error, RQ_ERR_INVALID_ARGUMENT, "\"%s\" is no item: they are Name:value, name==value, "
       "name=text, name:=JSON and name@file", word);
  return made;
}

/* Whether the request gets a body by it. */
bool item_is_content(const item *this) {
  return this->kind != ITEM_HEADER && this->kind != ITEM_QUERY;
}

/* A small file whole, as text; "-" is standard input. */
char *file_text(const char *path, rq_error **error) {
  size_t len = 0, room = 4096;
  char *text = allocate(room + 1);
  if (*error) return NULL;
  FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
  if (!file) {
    fail(error, RQ_ERR_FILE, "%s cannot be read: %s", path, strerror(errno));
    return NULL;
  }
  for (size_t got; (got = fread(text + len, 1, room - len, file)) > 0;) {
    len += got;
    if (len < room || len >= TEXT_BYTES_MAX) continue;
    char *longer = allocate(2 * room + 1);
    memcpy(longer, text, len);
    text = longer;
    room *= 2;
  }
  if (ferror(file)) fail(error, RQ_ERR_FILE, "%s cannot be read: %s", path, strerror(errno));
  if (len >= TEXT_BYTES_MAX) fail(error, RQ_ERR_FILE, "%s is too large to be a value", path);
  if (memchr(text, '\0', len)) fail(error, RQ_ERR_FILE, "%s is no text: it holds a NUL", path);
  if (file != stdin) fclose(file);
  return *error ? NULL : text;
}

typedef struct {
  char *at;
  size_t len, room;
} buffer;

static void add(buffer *this, const char *bytes, size_t len) {
  if (this->room - this->len < len + 1) {
    size_t room = 2 * (this->room + len + 1);
    char *longer = allocate(room);
    if (this->len) memcpy(longer, this->at, this->len);
    this->at = longer;
    this->room = room;
  }
  memcpy(this->at + this->len, bytes, len);
  this->len += len;
  this->at[this->len] = '\0';
}

/* As RFC 8259, section 7, has it: what must be escaped is, everything else stays as it is. */
static void add_string(buffer *this, const char *text) {
  add(this, "\"", 1);
  for (const char *at = text; *at; at++) {
    unsigned char byte = (unsigned char)*at;
    char escape[8];
    if (byte == '"' || byte == '\\') {
      snprintf(escape, sizeof escape, "\\%c", byte);
    } else if (byte < 0x20) {
      snprintf(escape, sizeof escape, "\\u%04x", byte);
    } else {
      snprintf(escape, sizeof escape, "%c", byte);
    }
    add(this, escape, strlen(escape));
  }
  add(this, "\"", 1);
}

/* librq says whether it is one JSON value: no request is made of this. */
static void check_json(const item *this, rq_error **error) {
  rq_error *refused = NULL;
  rq_request *scratch = rq_request_new("GET", "http://localhost/", error);
  rq_request_json(scratch, this->value, strlen(this->value), &refused);
  if (refused) fail(error, RQ_ERR_INVALID_JSON, "the value of %s is not JSON", this->name);
  rq_error_free(refused);
  rq_request_free(scratch);
}

static bool is_replaced(const item *items, size_t count, size_t at) {
  for (size_t later = at + 1; later < count; later++) {
    if (item_is_content(&items[later]) && strcmp(items[later].name, items[at].name) == 0) {
      return true;
    }
  }
  return false;
}

/* One object of all text and JSON items in their order; of equal names the last counts. */
char *json_of(const item *items, size_t count, rq_error **error) {
  buffer made = {0};
  add(&made, "{", 1);
  for (size_t i = 0; i < count; i++) {
    if (!item_is_content(&items[i]) || is_replaced(items, count, i)) continue;
    if (made.len > 1) add(&made, ", ", 2);
    add_string(&made, items[i].name);
    add(&made, ": ", 2);
    if (items[i].kind == ITEM_JSON) {
      check_json(&items[i], error);
      add(&made, items[i].value, strlen(items[i].value));
    } else {
      add_string(&made, items[i].value);
    }
  }
  add(&made, "}", 1);
  return made.at;
}
