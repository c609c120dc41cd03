// The ways to a server: through HTTP proxies, over TLS or not, and SOCKS proxies; unix domain
// sockets; from a certain address.

package rq

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// proxying tells of each request, and forwards it or opens a tunnel.
func proxying(asked chan<- *http.Request) http.HandlerFunc {
	onward := &http.Transport{DisableKeepAlives: true}
	return func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		if r.Method == http.MethodConnect {
			tunnel(w, r.Host)
			return
		}
		r.RequestURI = ""
		response, err := onward.RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		w.WriteHeader(response.StatusCode)
		io.Copy(w, response.Body)
	}
}

func tunnel(w http.ResponseWriter, host string) {
	server, err := net.Dial("tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		server.Close()
		return
	}
	io.WriteString(connection, "HTTP/1.1 200 OK\r\n\r\n")
	join(connection, server)
}

// join passes on what either side sends, until one of them ends.
func join(one, other net.Conn) {
	defer one.Close()
	defer other.Close()
	go func() {
		io.Copy(one, other)
		one.Close()
	}()
	io.Copy(other, one)
}

// withUser is a proxy's URL with these credentials.
func withUser(proxy string, user string) string {
	return strings.Replace(proxy, "://", "://"+user+"@", 1)
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func TestProxyOverTLS(t *testing.T) {
	serverCA, proxyCA := root(t, "server CA"), root(t, "proxy CA")
	asked := make(chan *http.Request, 1)
	proxy := serveTLS(t, proxyCA.sign(t, "proxy"), proxying(asked))
	plain, secure := serve(t, hello), serveTLS(t, serverCA.sign(t, "server"), hello)
	session := open(t, TrustEnv(false), Proxy("all", withUser(proxy, "ann:secret")),
		CAPEM(serverCA.pem()))
	for name, trust := range map[string]Option{
		"CA":      ProxyCAPEM(proxyCA.pem()),
		"CA file": ProxyCAFile(written(t, proxyCA.pem())),
		"anyone":  ProxyVerify(false),
		"as the server": func(s *settings) {
			CAPEM(slices.Concat(serverCA.pem(), proxyCA.pem()))(s)
		},
	} {
		for method, url := range map[string]string{"GET": plain, "CONNECT": secure} {
			response := get(t, session, url, trust)
			if got := textOf(t, response); got != "hello" {
				t.Errorf("%s: %q", name, got)
			}
			r := <-asked
			if r.Method != method || r.TLS == nil ||
				r.Header.Get("Proxy-Authorization") != "Basic YW5uOnNlY3JldA==" {
				t.Errorf("%s: %+v", name, r)
			}
			session.CloseIdle() // one way serves all that trust the same
			shown := response.Certificates()
			if method == "CONNECT" && shown[0].Subject.CommonName != "server" {
				t.Errorf("%s: %v", name, shown)
			}
		}
	}
	for name, trust := range map[string][]Option{
		"the server's CA": nil, "a wrong CA": {ProxyCAPEM(serverCA.pem())},
		"a server's trust": {Verify(false), ProxyCAPEM(serverCA.pem())},
	} {
		_, err := session.Get(t.Context(), secure, trust...)
		wantReason(t, name, err, ErrTLS, "unknown_issuer")
		var failure *Error
		if errors.As(err, &failure) && (failure.Exception != "ProxyError" ||
			strings.Contains(failure.Message, "secret")) {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

// Each leg has a certificate of its own; the proxy is never shown the server's.
func TestProxyIsShownItsOwnCertificate(t *testing.T) {
	ca := root(t, "test CA")
	asked := make(chan *http.Request, 1)
	demanding := asking(ca, tls.RequireAndVerifyClientCert)
	proxy := serveTLS(t, ca.sign(t, "proxy"), proxying(asked), demanding)
	server := serveTLS(t, ca.sign(t, "server"), whoAsks, demanding)
	ann, bob := ca.sign(t, "ann"), ca.sign(t, "bob")
	session := open(t, TrustEnv(false), Proxy("all", proxy), CAPEM(ca.pem()),
		CertPEM(ann.pem(), ann.keyPEM(t), ""))
	for name, option := range map[string]Option{
		"files":  ProxyCert(written(t, bob.pem()), written(t, bob.keyPEM(t)), ""),
		"memory": ProxyCertPEM(bob.pem(), bob.keyPEM(t), ""),
	} {
		if got := textOf(t, get(t, session, server, option)); got != "ann" {
			t.Errorf("%s: the server saw %q", name, got)
		}
		if got := (<-asked).TLS.PeerCertificates[0].Subject.CommonName; got != "bob" {
			t.Errorf("%s: the proxy saw %q", name, got)
		}
		session.CloseIdle()
	}
	_, err := session.Get(t.Context(), server)
	wantReason(t, "without one", err, ErrTLS, "alert")
}

// Fault 26: the proxy answers CONNECT with 407. Its answer is in the error, and no response.
func TestFault26ProxyThatWantsOtherCredentials(t *testing.T) {
	var direct atomic.Int32
	server := serve(t, func(http.ResponseWriter, *http.Request) { direct.Add(1) })
	seen := make(chan string, 3)
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.RemoteAddr
		w.Header().Set("Proxy-Authenticate", `Basic realm="vault"`)
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.WriteHeader(http.StatusProxyAuthRequired)
		io.WriteString(w, "who are you?")
	})
	session := open(t, TrustEnv(false), Proxy("all", withUser(proxy, "ann:secret")))
	target := strings.Replace(server, "http://", "https://", 1)
	bridge := &http.Client{Transport: &Transport{Session: session}}
	for name, send := range map[string]func() error{
		"session": func() error { _, err := session.Get(t.Context(), target); return err },
		"bridge":  func() error { _, err := bridge.Get(target); return err },
	} {
		begin := time.Now()
		err := send()
		soon(t, begin)
		wantReason(t, name, err, ErrProxy, "authentication")
		var failure *Error
		if !errors.As(err, &failure) || failure.Status != 407 || failure.Phase != "connect" ||
			failure.AnswerHeader.Get("Proxy-Authenticate") != `Basic realm="vault"` ||
			!slices.Equal(failure.AnswerHeader["X-Two"], []string{"a", "b"}) ||
			string(failure.AnswerBody) != "who are you?" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v", name, err)
		}
	}
	first, second := <-seen, <-seen
	if !strings.HasPrefix(first, "CONNECT ") || first == second || len(seen) > 0 || direct.Load() > 0 {
		t.Errorf("%q, %q, %d more, %d directly", first, second, len(seen), direct.Load())
	}
}

func TestRefusalsOfProxies(t *testing.T) {
	for status, answer := range map[int]string{403: "no", 302: "", 502: strings.Repeat("x", 100_000)} {
		proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			io.WriteString(w, answer)
		})
		session := open(t, TrustEnv(false), Proxy("all", proxy))
		_, err := session.Get(t.Context(), "https://a.test/")
		wantReason(t, proxy, err, ErrProxy, "refused")
		var failure *Error
		if errors.As(err, &failure) && (failure.Status != status ||
			failure.AnswerHeader.Get("Location") != "/elsewhere" ||
			string(failure.AnswerBody) != answer[:min(len(answer), 64<<10)]) {
			t.Errorf("%d: %v and %d bytes", failure.Status, failure.AnswerHeader, len(failure.AnswerBody))
		}
	}
	session := open(t, TrustEnv(false), Proxy("all", at("REFUSED", "")))
	_, err := session.Get(t.Context(), "http://a.test/")
	wantReason(t, "not there", err, ErrProxy, "unreachable")
	var failure *Error
	if errors.As(err, &failure) && (failure.AnswerHeader != nil || failure.AnswerBody != nil) {
		t.Errorf("%+v", failure)
	}
}

// socksProxy lets ann in, in version 5 with the password "secret", and connects all of them to one
// server; unless it is to refuse with this code.
type socksProxy struct {
	server string
	refuse byte
	asked  chan string
}

func (p *socksProxy) serve(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	p.asked = make(chan string, 10)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go p.speak(connection)
		}
	}()
	return listener.Addr().String()
}

func (p *socksProxy) speak(connection net.Conn) {
	defer connection.Close()
	var ok bool
	switch take(connection, 1)[0] {
	case 5:
		ok = p.version5(connection)
	case 4:
		ok = p.version4(connection)
	}
	if !ok {
		return
	}
	if server, err := net.Dial("tcp", p.server); err == nil {
		join(connection, server)
	}
}

func (p *socksProxy) version5(c net.Conn) bool {
	user := ""
	if methods := take(c, int(take(c, 1)[0])); slices.Contains(methods, 2) {
		c.Write([]byte{5, 2})
		take(c, 1)
		user = string(take(c, int(take(c, 1)[0])))
		if password := string(take(c, int(take(c, 1)[0]))); user != "ann" || password != "secret" {
			c.Write([]byte{1, 1})
			return false
		}
		c.Write([]byte{1, 0})
	} else {
		c.Write([]byte{5, 0})
	}
	take(c, 3)
	var host string
	switch take(c, 1)[0] {
	case 1:
		host = net.IP(take(c, 4)).String()
	case 3:
		host = string(take(c, int(take(c, 1)[0])))
	}
	take(c, 2)
	p.asked <- "5 " + user + " " + host
	c.Write([]byte{5, p.refuse, 0, 1, 0, 0, 0, 0, 0, 0})
	return p.refuse == 0
}

func (p *socksProxy) version4(c net.Conn) bool {
	take(c, 3)
	address := take(c, 4)
	user, host := line(c), net.IP(address).String()
	if address[0] == 0 {
		host = line(c)
	}
	p.asked <- "4 " + user + " " + host
	code := byte(90)
	if p.refuse != 0 {
		code = p.refuse
	}
	c.Write([]byte{0, code, 0, 0, 0, 0, 0, 0})
	return p.refuse == 0
}

// take reads this many bytes; zeros, if they do not come.
func take(r io.Reader, count int) []byte {
	content := make([]byte, count)
	io.ReadFull(r, content)
	return content
}

// line reads up to a NUL.
func line(r io.Reader) (text string) {
	for {
		next := take(r, 1)[0]
		if next == 0 {
			return text
		}
		text += string(next)
	}
}

func TestSOCKS(t *testing.T) {
	ca := root(t, "test CA")
	plain, secure := serve(t, hello), serveTLS(t, ca.sign(t, "server"), hello)
	session := open(t, TrustEnv(false), CAPEM(ca.pem()), Resolve("localhost", 80, "127.0.0.1"))
	for _, server := range []string{plain, secure} {
		scheme, address, _ := strings.Cut(server, "://")
		proxy := &socksProxy{server: address}
		at := proxy.serve(t)
		for _, test := range []struct{ proxy, host, want string }{
			{"socks5h://ann:secret@" + at, "localhost", "5 ann localhost"},
			{"socks5h://" + at, "127.0.0.1", "5  127.0.0.1"},
			{"socks5://ann:secret@" + at, "127.0.0.1", "5 ann 127.0.0.1"},
			{"socks4a://ann@" + at, "localhost", "4 ann localhost"},
			{"socks4://" + at, "127.0.0.1", "4  127.0.0.1"},
		} {
			got := textOf(t, get(t, session, scheme+"://"+test.host+"/", Proxy("all", test.proxy)))
			if asked := <-proxy.asked; got != "hello" || asked != test.want {
				t.Errorf("%s: %q, %q", test.proxy, got, asked)
			}
		}
		bridge := client(t, TrustEnv(false), CAPEM(ca.pem()), Proxy("all", "socks5h://"+at))
		response, err := bridge.Get(scheme + "://localhost/")
		if got := contentOf(t, response, err); got != "hello" || <-proxy.asked != "5  localhost" {
			t.Errorf("by http.Client: %q", got)
		}
	}
}

func TestRefusalsOfSOCKSProxies(t *testing.T) {
	for refuse, reason := range []string{
		1: "general_failure", 2: "refused", 3: "network_unreachable", 4: "host_unreachable",
		5: "connection_refused", 6: "ttl_expired", 7: "command_not_supported",
		8: "address_not_supported", 91: "refused", 92: "authentication",
	} {
		if reason == "" {
			continue
		}
		proxy := &socksProxy{refuse: byte(refuse)}
		url := "socks5h://ann:secret@" + proxy.serve(t)
		if refuse > 90 {
			url = strings.Replace(url, "socks5h", "socks4a", 1)
		}
		session := open(t, TrustEnv(false), Proxy("all", url))
		_, err := session.Get(t.Context(), "http://a.test/")
		wantReason(t, url, err, ErrSOCKS, reason)
		if !errors.Is(err, ErrSOCKS) || errors.Is(err, ErrProxy) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", refuse, err)
		}
	}
	proxy := new(socksProxy)
	wrong := "socks5h://ann:guess@" + proxy.serve(t)
	_, err := open(t, TrustEnv(false)).Get(t.Context(), "http://a.test/", Proxy("all", wrong))
	wantReason(t, "wrong password", err, ErrSOCKS, "authentication")
	absent := strings.Replace(at("REFUSED", ""), "http://", "socks5://", 1)
	_, err = open(t, TrustEnv(false)).Get(t.Context(), "http://127.0.0.1/", Proxy("all", absent))
	wantReason(t, "not there", err, ErrSOCKS, "unreachable")
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%+v", err)
	}
}

// serveUnix runs a server at a unix domain socket, until the test's end.
func serveUnix(t *testing.T, handler http.HandlerFunc) (path string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "rq") // TempDir's names are too long for sockets
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	path = filepath.Join(folder, "app.sock")
	listener, err := net.Listen("unix", path)
	must(t, err)
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return path
}

func TestUnixSockets(t *testing.T) {
	path := serveUnix(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Method+" "+r.Host+" "+r.URL.String())
	})
	session := open(t, UnixSocket(path), Proxy("all", at("REFUSED", "")))
	for name, test := range map[string]struct{ got, want string }{
		"session": {textOf(t, get(t, session, "http://a.test:81/b?c")), "GET a.test:81 /b?c"},
		"request": {textOf(t, get(t, open(t), "http://a.test/", UnixSocket(path))), "GET a.test /"},
		"URL": {
			textOf(t, get(t, open(t), "http+unix://"+url.PathEscape(path)+"/b?c")), "GET localhost /b?c",
		},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, not %q", name, test.got, test.want)
		}
	}
	direct := get(t, session, at("HTTP", "/json"), UnixSocket(""), Proxy("all", ""))
	if visitOf(t, direct).Connection == 0 {
		t.Error("a request cannot do without the session's socket")
	}
	bridge := client(t, UnixSocket(path))
	response, err := bridge.Post("http://a.test/", "text/plain", strings.NewReader("content"))
	if got := contentOf(t, response, err); got != "POST a.test /" {
		t.Errorf("by http.Client: %q", got)
	}
}

func TestUnixSocketsThatFail(t *testing.T) {
	session := open(t)
	for name, path := range map[string]string{
		"no socket": written(t), "missing": filepath.Join(t.TempDir(), "a"),
	} {
		_, err := session.Get(t.Context(), "http://a.test/", UnixSocket(path))
		if !errors.Is(err, ErrConnect) ||
			!errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%s: %+v", name, err)
		}
	}
	for _, path := range []string{strings.Repeat("a", 200), "a\x00b"} {
		_, err := session.Get(t.Context(), "http://a.test/", UnixSocket(path))
		wantCode(t, err, ErrInvalidArgument)
	}
}

func TestSourceAddress(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		io.WriteString(w, host)
	})
	session := open(t, SourceAddress("127.0.0.2"))
	for want, options := range map[string][]Option{
		"127.0.0.2": nil, "127.0.0.3": {SourceAddress("127.0.0.3")}, "127.0.0.1": {SourceAddress("")},
	} {
		if got := textOf(t, get(t, session, server, options...)); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	for address, code := range map[string]Code{
		"localhost": ErrInvalidArgument, "127.0.0.1:80": ErrInvalidArgument,
		"a\x00b": ErrInvalidArgument, "192.0.2.1": ErrConnect, "::1": ErrConnect,
	} {
		_, err := session.Get(t.Context(), server, SourceAddress(address))
		if !errors.Is(err, code) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Fault 7: nobody listens. The system's error is kept, and tells which it was.
func TestFault07Refused(t *testing.T) {
	session := open(t)
	target := withUser(at("REFUSED", "/"), "ann:secret")
	begin := time.Now()
	_, err := session.Get(t.Context(), target)
	soon(t, begin)
	var failure *Error
	if !errors.As(err, &failure) || failure.Code != ErrConnect || failure.Phase != "connect" ||
		failure.Errno != syscall.ECONNREFUSED || failure.Exception != "ConnectionError" ||
		failure.Reason != "" || failure.URL != at("REFUSED", "/") {
		t.Errorf("%+v", failure)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
