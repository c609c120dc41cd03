// The certificates that a server has shown. What is read of them is crypto/x509's.

package rq

// #include <rq.h>
import "C"

import (
	"crypto/x509"
)

// Certificates are those that the server has shown, its own first; none where the response did not
// come over TLS. Where Verify is off, they are what anyone may have made. Of one that crypto/x509
// cannot parse, the field Raw is all that is set.
func (r *Response) Certificates() (certificates []*x509.Certificate) {
	r.body().use(func(ptr *C.rq_response, _ *call) {
		for i := C.size_t(0); ; i++ {
			certificate := C.rq_response_certificate(ptr, i)
			if certificate == nil {
				return
			}
			certificates = append(certificates, parsed(certificate))
		}
	})
	return certificates
}

func parsed(certificate *C.rq_certificate) *x509.Certificate {
	var size C.size_t
	data := C.rq_certificate_der(certificate, &size)
	der := C.GoBytes(data, C.int(size))
	result, err := x509.ParseCertificate(der)
	if err != nil {
		return &x509.Certificate{Raw: der}
	}
	return result
}
