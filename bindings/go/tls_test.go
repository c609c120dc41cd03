// TLS: whom to trust, who to be, which name and version; what was shown, and why it was refused.

package rq

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// whoAsks answers with the name in the client's certificate.
func whoAsks(w http.ResponseWriter, r *http.Request) {
	if len(r.TLS.PeerCertificates) == 0 {
		io.WriteString(w, "nobody")
		return
	}
	io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
}

// asking has a server ask for certificates that ca has signed.
func asking(ca *identity, how tls.ClientAuthType) func(*tls.Config) {
	return func(config *tls.Config) { config.ClientAuth, config.ClientCAs = how, ca.pool() }
}

func TestClientCertificates(t *testing.T) {
	ca := root(t, "test CA")
	url := serveTLS(t, ca.sign(t, "server"), whoAsks, asking(ca, tls.VerifyClientCertIfGiven))
	ann := ca.sign(t, "middle CA", asAuthority).sign(t, "ann")
	cert, key := ann.pem(), ann.keyPEM(t)
	session := open(t, CAPEM(ca.pem()))
	for name, option := range map[string]Option{
		"two files":            Cert(written(t, cert), written(t, key), ""),
		"one file":             Cert(written(t, key, cert), "", ""),
		"memory":               CertPEM(cert, key, ""),
		"memory, in one":       CertPEM(slices.Concat(cert, key), nil, ""),
		"a password for none":  CertPEM(cert, key, "secret"),
		"the last of two wins": func(s *settings) { NoCert()(s); CertPEM(cert, key, "")(s) },
	} {
		if got := textOf(t, get(t, session, url, option)); got != "ann" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := textOf(t, get(t, session, url)); got != "nobody" {
		t.Errorf("a request's certificate stayed: %q", got)
	}
}

func TestEncryptedKeys(t *testing.T) {
	cert, key := at("CLIENT_CERT", ""), at("CLIENT_KEY_LOCKED", "")
	password := at("CLIENT_PASSWORD", "")
	certPEM, err := os.ReadFile(cert)
	must(t, err)
	keyPEM, err := os.ReadFile(key)
	must(t, err)
	session := open(t, CAFile(at("CA_FILE", "")))
	for _, option := range []Option{Cert(cert, key, password), CertPEM(certPEM, keyPEM, password)} {
		if v := visitOf(t, get(t, session, at("MTLS", "/json"), option)); v.Request == 0 {
			t.Error(v)
		}
	}
	_, err = session.Get(t.Context(), at("MTLS", "/json"))
	wantReason(t, "without one", err, ErrTLS, "alert")
	for _, wrong := range []string{"", "guess"} {
		for _, option := range []Option{Cert(cert, key, wrong), CertPEM(certPEM, keyPEM, wrong)} {
			_, err := NewSession(option)
			if wantCode(t, err, ErrFile); strings.Contains(err.Error(), "guess") {
				t.Errorf("tells the password: %v", err)
			}
		}
	}
}

// No connection, and no TLS session, serves requests of another identity.
func TestNoCertHidesTheSessionsAndSharesNoConnection(t *testing.T) {
	ca := root(t, "test CA")
	url := serveTLS(t, ca.sign(t, "server"), whoAsks, asking(ca, tls.VerifyClientCertIfGiven))
	ann, bob := ca.sign(t, "ann"), ca.sign(t, "bob")
	session := open(t, CAPEM(ca.pem()), CertPEM(ann.pem(), ann.keyPEM(t), ""))
	for range 2 {
		for want, options := range map[string][]Option{
			"ann": nil, "nobody": {NoCert()}, "bob": {CertPEM(bob.pem(), bob.keyPEM(t), "")},
		} {
			if got := textOf(t, get(t, session, url, options...)); got != want {
				t.Errorf("%q, not %q", got, want)
			}
		}
	}
}

func TestServerThatDemandsACertificate(t *testing.T) {
	ca, other := root(t, "test CA"), root(t, "other CA")
	url := serveTLS(t, ca.sign(t, "server"), whoAsks, asking(ca, tls.RequireAndVerifyClientCert))
	stranger := other.sign(t, "stranger")
	for name, options := range map[string][]Option{
		"none": nil, "of a stranger": {CertPEM(stranger.pem(), stranger.keyPEM(t), "")},
	} {
		_, err := open(t, CAPEM(ca.pem())).Get(t.Context(), url, options...)
		wantReason(t, name, err, ErrTLS, "alert")
	}
	ann := ca.sign(t, "ann")
	client := client(t, CAPEM(ca.pem()), CertPEM(ann.pem(), ann.keyPEM(t), ""))
	response, err := client.Get(url)
	if got := contentOf(t, response, err); got != "ann" {
		t.Errorf("by http.Client: %q", got)
	}
}

// wantReason asks for an error with this code and reason.
func wantReason(t *testing.T, name string, err error, code Code, reason string) {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || failure.Code != code || failure.Reason != reason {
		t.Errorf("%s: %+v", name, err)
		return
	}
	if !slices.Contains(Reasons(), reason) {
		t.Errorf("%s: %q is none of Reasons", name, reason)
	}
}

func TestWrongTLSSettings(t *testing.T) {
	ca := root(t, "test CA")
	ann, bob := ca.sign(t, "ann"), ca.sign(t, "bob")
	cert, key := ann.pem(), ann.keyPEM(t)
	for name, test := range map[string]struct {
		option Option
		want   Code
	}{
		"missing file":           {Cert("no-such-file.pem", "", ""), ErrFile},
		"no file":                {Cert("", "", ""), ErrFile},
		"missing key file":       {Cert(written(t, cert), "no-such-file.pem", ""), ErrFile},
		"no key":                 {Cert(written(t, cert), "", ""), ErrFile},
		"no certificate":         {Cert(written(t, key), "", ""), ErrFile},
		"NUL in a path":          {Cert("a\x00b", "", ""), ErrInvalidArgument},
		"NUL in a password":      {CertPEM(cert, key, "a\x00b"), ErrInvalidArgument},
		"no key in memory":       {CertPEM(cert, nil, ""), ErrFile},
		"empty key":              {CertPEM(cert, []byte{}, ""), ErrFile},
		"nothing":                {CertPEM(nil, nil, ""), ErrFile},
		"another's key":          {CertPEM(cert, bob.keyPEM(t), ""), ErrFile},
		"server name":            {ServerName("not a name"), ErrInvalidArgument},
		"empty server name":      {ServerName(""), ErrInvalidArgument},
		"version 1.1":            {MinTLS(11), ErrInvalidArgument},
		"no version":             {MinTLS(0), ErrInvalidArgument},
		"version that wraps":     {MinTLS(TLS12 + 1<<32), ErrInvalidArgument},
		"negative version":       {MinTLS(-1), ErrInvalidArgument},
		"pin":                    {Pin("sha256//nonsense"), ErrInvalidArgument},
		"empty pin":              {Pin(""), ErrInvalidArgument},
		"proxy CA file":          {ProxyCAFile("no-such-file.pem"), ErrFile},
		"empty proxy CA":         {ProxyCAPEM(nil), ErrFile},
		"proxy certificate file": {ProxyCert("no-such-file.pem", "", ""), ErrFile},
		"proxy certificate":      {ProxyCertPEM(cert, bob.keyPEM(t), ""), ErrFile},
	} {
		session, err := NewSession(test.option)
		if session != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(name, "missing") && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestServerName(t *testing.T) {
	ca := root(t, "test CA")
	var asked sync.Map
	url := serveTLS(t, ca.sign(t, "server", func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = []string{"other.test"}, nil
	}), whoAsks, func(config *tls.Config) {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			asked.Store(hello.ServerName, true)
			return nil, nil
		}
	})
	session := open(t, CAPEM(ca.pem()))
	textOf(t, get(t, session, url, ServerName("other.test")))
	if _, ok := asked.Load("other.test"); !ok {
		t.Error("the name was not asked for")
	}
	_, err := session.Get(t.Context(), url)
	wantReason(t, "the URL's host", err, ErrTLS, "wrong_host")
}

func TestMinTLS(t *testing.T) {
	ca := root(t, "test CA")
	upTo := func(version uint16) string {
		return serveTLS(t, ca.sign(t, "server"), func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, tls.VersionName(r.TLS.Version))
		}, func(config *tls.Config) { config.MaxVersion = version })
	}
	old, current := upTo(tls.VersionTLS12), upTo(tls.VersionTLS13)
	session := open(t, CAPEM(ca.pem()), MinTLS(TLS13))
	for name, test := range map[string]struct{ got, want string }{
		"1.3":                {textOf(t, get(t, session, current)), "TLS 1.3"},
		"1.3, from 1.2":      {textOf(t, get(t, session, current, MinTLS(TLS12))), "TLS 1.3"},
		"1.2, for a request": {textOf(t, get(t, session, old, MinTLS(TLS12))), "TLS 1.2"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s", name, test.got)
		}
	}
	_, err := session.Get(t.Context(), old)
	wantReason(t, "1.2 only", err, ErrTLS, "no_common_version")
}

func TestPins(t *testing.T) {
	ca := root(t, "test CA")
	server, other := ca.sign(t, "server"), ca.sign(t, "other")
	url := serveTLS(t, server, whoAsks)
	session := open(t, CAPEM(ca.pem()), Pin(other.pin()))
	as7469 := strings.Replace(server.pin(), "sha256//", `pin-sha256="`, 1) + `"`
	for name, options := range map[string][]Option{
		"the right one":         {Pin(server.pin())},
		"one of two":            {Pin(other.pin()), Pin(server.pin())},
		"as RFC 7469 writes it": {Pin(as7469)},
		"without verification":  {Pin(server.pin()), Verify(false)},
	} {
		if got := textOf(t, get(t, session, url, options...)); got != "nobody" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, options := range map[string][]Option{
		"the session's": nil, "without verification": {Verify(false)}, "the CA's": {Pin(ca.pin())},
	} {
		_, err := session.Get(t.Context(), url, options...)
		wantReason(t, name, err, ErrTLS, "pin_mismatch")
		if !strings.Contains(err.Error(), server.pin()) {
			t.Errorf("%s does not tell the right one: %v", name, err)
		}
	}
	stranger := open(t, CAPEM(root(t, "other CA").pem()), Pin(server.pin()))
	_, err := stranger.Get(t.Context(), url)
	wantReason(t, "a pin is no trust", err, ErrTLS, "unknown_issuer")
}

func TestCertificatesAreShown(t *testing.T) {
	ca := root(t, "test CA")
	server := ca.sign(t, "middle CA", asAuthority).sign(t, "server")
	url := serveTLS(t, server, whoAsks)
	session := open(t, CAPEM(ca.pem()))
	response := get(t, session, url)
	shown := response.Certificates()
	if len(shown) != 2 || !shown[0].Equal(server.certificate) ||
		shown[1].Subject.CommonName != "middle CA" {
		t.Errorf("%d: %v", len(shown), shown)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{
		Roots: ca.pool(), Intermediates: func() *x509.CertPool {
			pool := x509.NewCertPool()
			pool.AddCert(shown[1])
			return pool
		}(),
	})
	must(t, err)
	textOf(t, response)
	reused := get(t, session, url)
	if again := reused.Certificates(); !reused.Reused || len(again) != 2 || !again[0].Equal(shown[0]) {
		t.Errorf("over a kept connection: %v, %v", reused.Reused, again)
	}
	must(t, response.Body.Close())
	if late := response.Certificates(); late != nil {
		t.Errorf("after Close: %v", late)
	}
	if plain := get(t, session, at("HTTP", "/json")).Certificates(); plain != nil {
		t.Errorf("without TLS: %v", plain)
	}
}

func TestTransportTellsOfTLS(t *testing.T) {
	ca := root(t, "test CA")
	server := ca.sign(t, "server")
	secure, client := serveTLS(t, server, whoAsks), client(t, CAPEM(ca.pem()))
	for _, method := range []string{"GET", "HEAD"} {
		request, err := http.NewRequest(method, secure, nil)
		must(t, err)
		response, err := client.Do(request)
		contentOf(t, response, err)
		if response.TLS == nil || !response.TLS.PeerCertificates[0].Equal(server.certificate) {
			t.Errorf("%s: %+v", method, response.TLS)
		}
	}
	response, err := client.Get(at("HTTP", "/json"))
	contentOf(t, response, err)
	if response.TLS != nil {
		t.Errorf("%+v", response.TLS)
	}
}

// Of what crypto/x509 cannot parse, the bytes are there all the same.
func TestCertificateThatGoCannotParse(t *testing.T) {
	ca := root(t, "test CA")
	broken := *ca.sign(t, "server")
	broken.certificate = &x509.Certificate{Raw: withNegativeSerial(t, broken.certificate)}
	if _, err := x509.ParseCertificate(broken.certificate.Raw); err == nil {
		t.Fatal("crypto/x509 takes it after all")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	secure := tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{broken.forTLS()},
	})
	server := &http.Server{Handler: http.HandlerFunc(whoAsks)} // httptest's would parse it
	go server.Serve(secure)
	defer server.Close()
	url := "https://" + listener.Addr().String()
	shown := get(t, open(t, Verify(false)), url).Certificates()
	if len(shown) != 1 || string(shown[0].Raw) != string(broken.certificate.Raw) {
		t.Errorf("%v", shown)
	}
}

// withNegativeSerial sets the sign of the serial number, which breaks the signature too.
func withNegativeSerial(t *testing.T, certificate *x509.Certificate) []byte {
	t.Helper()
	der := slices.Clone(certificate.Raw)
	number := certificate.SerialNumber.Bytes()
	at := strings.Index(string(der), string(number))
	if at < 0 || number[0] >= 0x80 {
		t.Fatalf("no serial number %x to change", number)
	}
	der[at] |= 0x80
	return der
}

// badCertificates are servers' identities that must be refused by who trusts ca, by their reason.
func badCertificates(t *testing.T, ca *identity) map[string]*identity {
	day := 24 * time.Hour
	narrow := ca.sign(t, "narrow CA", asAuthority, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"other.test"}, true
	})
	last := ca.sign(t, "last CA", asAuthority, func(c *x509.Certificate) {
		c.MaxPathLen, c.MaxPathLenZero = 0, true
	})
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	forged := ca.sign(t, "server")
	forged.certificate.Raw[len(forged.certificate.Raw)-1] ^= 1
	return map[string]*identity{
		"expired": ca.sign(t, "server", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*day), time.Now().Add(-day)
		}),
		"not_yet_valid": ca.sign(t, "server", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(day), time.Now().Add(2*day)
		}),
		"unknown_issuer": root(t, "other CA").sign(t, "server"),
		"self_signed":    signed(t, nil, newKey(t), "server", nil),
		"wrong_host": ca.sign(t, "server", func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = []string{"other.test"}, nil
		}),
		"bad_signature":  forged,
		"weak_algorithm": signed(t, ca, short, "server", nil),
		"not_for_servers": ca.sign(t, "server", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}),
		"not_a_ca": ca.sign(t, "no CA").sign(t, "server"),
		"ca_as_server": ca.sign(t, "server", func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid = true, true
		}),
		"name_constraint": narrow.sign(t, "server"),
		"path_length":     last.sign(t, "one too many", asAuthority).sign(t, "server"),
	}
}

// Fault 19: a bad certificate is refused, with the reason; nothing of the request is sent.
func TestFault19BadCertificates(t *testing.T) {
	ca := root(t, "test CA")
	session := open(t, CAPEM(ca.pem()))
	for reason, shown := range badCertificates(t, ca) {
		var asked atomic.Bool
		url := serveTLS(t, shown, func(http.ResponseWriter, *http.Request) { asked.Store(true) })
		begin := time.Now()
		_, err := session.Get(t.Context(), strings.Replace(url, "//", "//ann:secret@", 1))
		soon(t, begin)
		wantReason(t, reason, err, ErrTLS, reason)
		var failure *Error
		if errors.As(err, &failure) && (failure.Phase != "tls" || failure.Exception != "SSLError" ||
			!strings.Contains(failure.Message, "127.0.0.1") || strings.Contains(failure.Message, "secret")) {
			t.Errorf("%s: %+v", reason, failure)
		}
		if asked.Load() {
			t.Errorf("%s: the request was sent", reason)
		}
		if textOf(t, get(t, session, url, Verify(false))); !asked.Load() {
			t.Errorf("%s: not asked without verification", reason)
		}
	}
}
