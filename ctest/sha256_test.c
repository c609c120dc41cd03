/* The examples' SHA-256 against the vectors of FIPS 180-4 and NIST's byte-oriented examples, in one
 * piece and in pieces of every size, and for lengths around each edge of the padding. */
#include "t.h"

#include "../bindings/c/examples/sha256.h"

static void check_digest(const char *text, size_t len, const char *want) {
  char hex[65];
  for (size_t piece = 1; piece <= len + 1; piece++) {
    sha256 sum;
    sha256_start(&sum);
    for (size_t at = 0; at < len; at += piece) {
      sha256_add(&sum, text + at, len - at < piece ? len - at : piece);
    }
    sha256_end(&sum, hex);
    CHECK_STR(hex, want);
  }
}

static void known_vectors(void) {
  static const char *const vectors[][2] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
       "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
  };
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    check_digest(vectors[i][0], strlen(vectors[i][0]), vectors[i][1]);
  }
}

static void lengths_around_a_block(void) {
  static const struct {
    size_t len;
    const char *hex;
  } edges[] = {
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
      {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
      {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
      {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
  };
  char text[130];
  memset(text, 'a', sizeof text);
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    check_digest(text, edges[i].len, edges[i].hex);
  }
}

static void a_million_letters(void) {
  char letters[1000];
  char hex[65];
  sha256 sum;
  memset(letters, 'a', sizeof letters);
  sha256_start(&sum);
  for (int i = 0; i < 1000; i++) sha256_add(&sum, letters, sizeof letters);
  sha256_end(&sum, hex);
  CHECK_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
  RUN(known_vectors);
  RUN(lengths_around_a_block);
  RUN(a_million_letters);
  DONE();
}
