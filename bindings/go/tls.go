// Whom a TLS connection trusts, who it shows itself as, what it speaks: to the server, and to an
// https:// proxy, whose leg has settings of its own. Checks and defaults are the library's.

package rq

// #include <rq.h>
import "C"

import "unsafe"

// Verify says whether the certificates of https:// servers are checked. They are, unless told
// otherwise.
func Verify(verify bool) Option {
	return func(s *settings) {
		C.rq_opts_verify(s.opts, C.bool(verify), &s.err)
	}
}

// CAFile trusts the certificates in a PEM file, or in a folder's files, instead of the system's.
func CAFile(path string) Option {
	return func(s *settings) {
		C.rq_opts_ca_file(s.opts, s.text(path), &s.err)
	}
}

// CAPEM trusts the certificates in pem instead of the system's.
func CAPEM(pem []byte) Option {
	return func(s *settings) {
		data := addressable(pem)
		C.rq_opts_ca_pem(s.opts, unsafe.Pointer(&data[0]), C.size_t(len(pem)), &s.err)
	}
}

// Cert shows a client certificate to servers that ask for one: a PEM file with the certificate, its
// chain behind it, and one with its key; an empty key is in the same file. An encrypted key needs
// the password; empty is none. What does not belong together is ErrFile.
func Cert(cert, key, password string) Option {
	return func(s *settings) {
		C.rq_opts_cert(s.opts, s.text(cert), s.optional(key), s.optional(password), &s.err)
	}
}

// CertPEM is Cert with PEM in memory; a nil key is in cert.
func CertPEM(cert, key []byte, password string) Option {
	return func(s *settings) {
		data := addressable(cert)
		keyData, keySize := optionalBytes(key)
		C.rq_opts_cert_pem(s.opts, unsafe.Pointer(&data[0]), C.size_t(len(cert)),
			keyData, keySize, s.optional(password), &s.err)
	}
}

// NoCert shows no client certificate, whatever the session has.
func NoCert() Option {
	return func(s *settings) {
		C.rq_opts_cert(s.opts, nil, nil, nil, &s.err)
	}
}

// ServerName asks https:// servers for name, and has their certificates be for it, in place of the
// URL's host.
func ServerName(name string) Option {
	return func(s *settings) {
		C.rq_opts_server_name(s.opts, s.text(name), &s.err)
	}
}

// TLSVersion is a version of TLS.
type TLSVersion int

// The versions that are spoken.
const (
	TLS12 TLSVersion = C.RQ_TLS_1_2
	TLS13 TLSVersion = C.RQ_TLS_1_3
)

// MinTLS sets the oldest version of TLS that is spoken, with servers and proxies. The default is
// TLS12.
func MinTLS(version TLSVersion) Option {
	return func(s *settings) {
		C.rq_opts_tls_min(s.opts, C.int32_t(s.number(int(version))), &s.err)
	}
}

// Pin accepts only servers with this public key: "sha256//" and its SHA-256 in base64, as curl
// writes it. Each further one is accepted too; a request's are in place of the session's. It comes
// on top of Verify, and holds also where that is off. Another key is ErrTLS, with the right pin of
// what was shown in its message.
func Pin(pin string) Option {
	return func(s *settings) {
		C.rq_opts_pin(s.opts, s.text(pin), &s.err)
	}
}

// ProxyVerify says whether the certificates of https:// proxies are checked. They are as servers'
// are, unless told otherwise.
func ProxyVerify(verify bool) Option {
	return func(s *settings) {
		C.rq_opts_proxy_verify(s.opts, C.bool(verify), &s.err)
	}
}

// ProxyCAFile is CAFile for https:// proxies, which trust as servers do unless told otherwise.
func ProxyCAFile(path string) Option {
	return func(s *settings) {
		C.rq_opts_proxy_ca_file(s.opts, s.text(path), &s.err)
	}
}

// ProxyCAPEM is CAPEM for https:// proxies.
func ProxyCAPEM(pem []byte) Option {
	return func(s *settings) {
		data := addressable(pem)
		C.rq_opts_proxy_ca_pem(s.opts, unsafe.Pointer(&data[0]), C.size_t(len(pem)), &s.err)
	}
}

// ProxyCert is Cert for https:// proxies. They are never shown the certificate that Cert sets.
func ProxyCert(cert, key, password string) Option {
	return func(s *settings) {
		C.rq_opts_proxy_cert(s.opts, s.text(cert), s.optional(key), s.optional(password), &s.err)
	}
}

// ProxyCertPEM is CertPEM for https:// proxies.
func ProxyCertPEM(cert, key []byte, password string) Option {
	return func(s *settings) {
		data := addressable(cert)
		keyData, keySize := optionalBytes(key)
		C.rq_opts_proxy_cert_pem(s.opts, unsafe.Pointer(&data[0]), C.size_t(len(cert)),
			keyData, keySize, s.optional(password), &s.err)
	}
}
