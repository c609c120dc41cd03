// Proxies, and what a session takes from the environment.

package rq

// #include <rq.h>
import "C"

// Proxy sends requests through the proxy at url. key says which: "http", "https" or "all" by the
// scheme of their URL, "http://host" or "all://host" by the host too. An empty url is no proxy.
//
// The scheme of url says how the proxy is spoken to: "http", or "https" for HTTP over TLS (see
// ProxyCAFile); "socks5" and "socks4", "socks5h" and "socks4a" where the proxy is to look names up.
// Its user name and password are the proxy's. What a proxy answers in place of a tunnel is in the
// Error; a SOCKS proxy that refuses is ErrSOCKS.
func Proxy(key, url string) Option {
	return func(s *settings) {
		C.rq_opts_proxy(s.opts, s.text(key), s.text(url), &s.err)
	}
}

// NoProxy lists the hosts that the environment's proxies do not serve, as the variable NO_PROXY
// does, in place of it.
func NoProxy(list string) Option {
	return func(s *settings) {
		C.rq_opts_no_proxy(s.opts, s.text(list), &s.err)
	}
}

// TrustEnv says whether the environment's proxies and the netrc file are used. They are, unless
// told otherwise. For sessions only.
func TrustEnv(trust bool) Option {
	return func(s *settings) {
		C.rq_opts_trust_env(s.opts, C.bool(trust), &s.err)
	}
}

// Env makes the session see value in place of an environment variable: HTTP_PROXY, NETRC and the
// like. For sessions only.
func Env(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_env(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// WithoutEnv makes the session see an environment variable as if it were not set. For sessions
// only.
func WithoutEnv(name string) Option {
	return func(s *settings) {
		C.rq_opts_env(s.opts, s.text(name), nil, &s.err)
	}
}
