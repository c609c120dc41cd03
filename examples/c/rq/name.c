/* name.c: -O, what a downloaded file is called: a name, never a path, whatever the server says.
 * The server's proposal is read as RFC 6266 has it: filename*, in UTF-8, before filename. */
#include "cli.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* How many bytes the character here has in UTF-8; 0 if it is malformed (RFC 3629, section 4). */
static size_t character_len(const char *text) {
  const unsigned char *at = (const unsigned char *)text;
  unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  size_t len = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < len; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  bool is_odd = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] >= 0xa0) ||
                (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] >= 0x90);
  return is_odd ? 0 : len;
}

/* The last piece of a path, harmless: no control characters, no bytes that are no text, no dot or
   dash in front, which would hide the file or make it an option of the next command. NULL if
   nothing is left. */
static char *harmless(const char *from, size_t len) {
  for (size_t i = len; i > 0; i--) {
    if (from[i - 1] != '/' && from[i - 1] != '\\') continue;
    from += i;
    len -= i;
    break;
  }
  while (len > 0 && *from == '.') {
    from++;
    len--;
  }
  char *name = copy_text(from, len);
  if (*name == '-') *name = '_';
  for (char *at = name; *at;) {
    size_t len_here = character_len(at);
    if (len_here == 0 || iscntrl((unsigned char)*at)) *at = '_';
    at += len_here ? len_here : 1;
  }
  return *name ? name : NULL;
}

/* As the URL spells it: escapes stay. Requests and answers of servers have no say. */
char *name_of_url(const char *url, rq_error **error) {
  const char *from = strstr(url, "://");
  from = from ? from + 3 : url;
  from += strcspn(from, "/?#");
  char *name = harmless(from, strcspn(from, "?#"));
  if (!name) fail(error, RQ_ERR_INVALID_ARGUMENT, "the URL has no name for a file: give -o FILE");
  return name;
}

static int hex(char digit) {
  const char *all = "0123456789abcdef";
  const char *found = digit ? strchr(all, tolower((unsigned char)digit)) : NULL;
  return found ? (int)(found - all) : -1;
}

/* %XX into bytes; what would be a NUL stays as it is. */
static size_t unescape(char *text, size_t len) {
  size_t to = 0;
  for (size_t from = 0; from < len; from++, to++) {
    int high = from + 2 < len && text[from] == '%' ? hex(text[from + 1]) : -1;
    int low = high >= 0 ? hex(text[from + 2]) : -1;
    bool is_escape = low >= 0 && high * 16 + low != 0;
    text[to] = is_escape ? (char)(high * 16 + low) : text[from];
    if (is_escape) from += 2;
  }
  text[to] = '\0';
  return to;
}

/* The value of a parameter, behind its "=": a token, or a quoted string with its backslashes
   taken off. Tells where it ends. */
static char *value_at(const char *from, const char **end) {
  char *value = allocate(strlen(from) + 1);
  size_t len = 0;
  if (*from != '"') {
    len = strcspn(from, "; \t");
    memcpy(value, from, len);
    *end = from + len;
    return value;
  }
  for (from++; *from && *from != '"'; from++) {
    if (*from == '\\' && from[1]) from++;
    value[len++] = *from;
  }
  *end = *from ? from + 1 : from;
  return value;
}

/* NULL without a Content-Disposition that names a file. */
char *name_of_response(const rq_response *response) {
  const char *at = rq_response_header(response, "Content-Disposition");
  char *plain = NULL, *extended = NULL;
  while (at && (at = strchr(at, ';'))) {
    at += 1 + strspn(at + 1, " \t");
    size_t len = strcspn(at, "= ;");
    if (at[len] != '=') continue;
    const char *name = at;
    char *value = value_at(at + len + 1, &at);
    if (len == 8 && strncasecmp(name, "filename", len) == 0) plain = value;
    if (len == 9 && strncasecmp(name, "filename*", len) == 0 &&
        strncasecmp(value, "UTF-8'", 6) == 0) {
      char *quote = strchr(value + 6, '\'');
      if (quote) unescape(quote + 1, strlen(quote + 1));
      extended = quote ? quote + 1 : NULL;
    }
  }
  char *name = extended ? harmless(extended, strlen(extended)) : NULL;
  return name || !plain ? name : harmless(plain, strlen(plain));
}
