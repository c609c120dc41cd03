// Certificates for tests: authorities, what they sign, and servers that show it.

package rq

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// identity is a certificate with its key. Chain goes with it: those between it and the root.
type identity struct {
	certificate *x509.Certificate
	key         crypto.Signer
	chain       [][]byte
}

// change is made to a certificate before it is signed.
type change func(*x509.Certificate)

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// root is an authority that nobody has signed but itself.
func root(t *testing.T, name string, changes ...change) *identity {
	t.Helper()
	return signed(t, nil, newKey(t), name, append([]change{asAuthority}, changes...))
}

// sign makes a certificate for 127.0.0.1, localhost and clients.
func (i *identity) sign(t *testing.T, name string, changes ...change) *identity {
	t.Helper()
	return signed(t, i, newKey(t), name, changes)
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.MaxPathLen = true, true, -1
	c.KeyUsage = x509.KeyUsageCertSign
	c.ExtKeyUsage, c.DNSNames, c.IPAddresses = nil, nil, nil
}

// signed has issuer sign; nil: itself.
func signed(
	t *testing.T, issuer *identity, key crypto.Signer, name string, changes []change,
) *identity {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: serial.SetBit(serial, 62, 1), // always as long, and positive
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, change := range changes {
		change(template)
	}
	parent, signer, chain := template, key, [][]byte(nil)
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
		if issuer.certificate.Issuer.CommonName != issuer.name() { // no root
			chain = append([][]byte{issuer.certificate.Raw}, issuer.chain...)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return &identity{certificate, key, chain}
}

func (i *identity) name() string { return i.certificate.Subject.CommonName }

// pem is the certificate with its chain.
func (i *identity) pem() (text []byte) {
	for _, der := range append([][]byte{i.certificate.Raw}, i.chain...) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

func (i *identity) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// pin is the certificate's public key as curl writes it.
func (i *identity) pin() string {
	sum := sha256.Sum256(i.certificate.RawSubjectPublicKeyInfo)
	return "sha256//" + base64.StdEncoding.EncodeToString(sum[:])
}

func (i *identity) forTLS() tls.Certificate {
	return tls.Certificate{
		Certificate: append([][]byte{i.certificate.Raw}, i.chain...), PrivateKey: i.key,
	}
}

func (i *identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.certificate)
	return pool
}

// written is a file with this content.
func written(t *testing.T, content ...[]byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file.pem")
	var whole []byte
	for _, part := range content {
		whole = append(whole, part...)
	}
	must(t, os.WriteFile(path, whole, 0o600))
	return path
}

// serveTLS runs a server that shows this certificate, until the test's end.
func serveTLS(
	t *testing.T, shown *identity, handler http.HandlerFunc, changes ...func(*tls.Config),
) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what is tested
	server.TLS = &tls.Config{Certificates: []tls.Certificate{shown.forTLS()}}
	for _, change := range changes {
		change(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}
