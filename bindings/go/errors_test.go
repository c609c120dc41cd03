// Errors carry the code, the phase and the cause.

package rq

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestCertificateErrors(t *testing.T) {
	session := open(t, CAFile(at("CA_FILE", "")))
	for _, server := range []string{"HTTPS_UNTRUSTED", "HTTPS_WRONG_HOST", "HTTPS_EXPIRED"} {
		_, err := session.Get(t.Context(), at(server, "/json"))
		wantCode(t, err, ErrTLS)
		var detail *Error
		if !errors.As(err, &detail) || detail.Phase != "tls" || detail.Exception != "SSLError" {
			t.Fatalf("%s: %+v", server, err)
		}
	}
}

func TestMissingHost(t *testing.T) {
	session := open(t)
	_, err := session.Get(t.Context(), "http://missing.invalid/")
	wantCode(t, err, ErrDNS)
	if errors.Is(err, ErrConnect) || errors.Is(err, ErrCancelled) {
		t.Fatalf("%v is more than one code", err)
	}
	var detail *Error
	if !errors.As(err, &detail) || detail.Phase != "dns" || detail.URL != "http://missing.invalid/" {
		t.Fatalf("%+v", err)
	}
}

func TestRefused(t *testing.T) {
	session := open(t)
	_, err := session.Get(t.Context(), at("REFUSED", "/"))
	wantCode(t, err, ErrConnect)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("%+v", err)
	}
}

func TestMissingFileIsTheSystemsError(t *testing.T) {
	_, err := NewSession(CAFile("no-such-file.pem"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%+v", err)
	}
}

func TestEveryCodeHasItsName(t *testing.T) {
	for code, want := range map[Code]string{
		ErrCallback: "CALLBACK", ErrInvalidJSON: "INVALID_JSON", ErrInvalidCookie: "INVALID_COOKIE",
		ErrInvalidProxy: "INVALID_PROXY", ErrBody: "BODY", ErrBodyLength: "BODY_LENGTH",
		ErrStatus: "STATUS", ErrProxy: "PROXY", ErrDecode: "DECODE",
		ErrTooManyRedirects: "TOO_MANY_REDIRECTS", ErrSOCKS: "SOCKS",
	} {
		if code.Error() != "RQ_ERR_"+want {
			t.Errorf("%d: %s", code, code)
		}
	}
}

func TestReasonsAreWords(t *testing.T) {
	words := Reasons()
	for _, word := range []string{
		"not_found", "temporary", "expired", "pin_mismatch", "not_tls", "unreachable", "bad_reply",
	} {
		if !slices.Contains(words, word) {
			t.Errorf("%q is none of %q", word, words)
		}
	}
	if sorted := slices.Sorted(slices.Values(words)); len(slices.Compact(sorted)) != len(words) {
		t.Errorf("%q holds a word twice", words)
	}
	session := open(t)
	_, err := session.Get(t.Context(), "http://missing.invalid/")
	wantReason(t, "a name that is missing", err, ErrDNS, "not_found")
	_, err = session.Get(t.Context(), strings.Replace(serve(t, chain), "http", "https", 1))
	wantReason(t, "HTTP on a port of HTTPS", err, ErrTLS, "not_tls")
}

func TestErrorText(t *testing.T) {
	if ErrDNS.Error() != "RQ_ERR_DNS" {
		t.Fatal(ErrDNS.Error())
	}
	session := open(t)
	_, err := session.Get(t.Context(), "http://ann:secret@missing.invalid/")
	if !strings.HasPrefix(err.Error(), "rq: ") || strings.Contains(err.Error(), "secret") {
		t.Fatal(err)
	}
}
