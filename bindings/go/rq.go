// Package rq is librq for Go: Requests' sessions, prepared requests and streamed responses over
// librq.so. It holds no HTTP of its own: whatever goes over the wire is decided by the library,
// the same for every language.
//
//	session, err := rq.NewSession(rq.Timeout(3*time.Second, 30*time.Second))
//	if err != nil {
//		return err
//	}
//	defer session.Close()
//
//	response, err := session.Get(ctx, "https://example.org/", rq.Header("Accept", "text/html"))
//	if err != nil {
//		return err
//	}
//	defer response.Body.Close()
//
// A [Session] may be used by any number of goroutines. Every call that waits takes a context, which
// also covers the response's body until its end. Failures are *[Error]; errors.Is knows its [Code],
// the system's errno and the context's error. Code that is written for net/http can stay as it is:
// give its http.Client a [Transport].
//
// A [Request] says more than the verbs do: streamed bodies, forms, files, JSON, progress. Redirects
// are followed ([FollowRedirects]), content codings taken off ([Decode]), failures told at once
// unless [Retries] says otherwise. [OnRequest], [OnResponse], [OnTrace] and [OnDownload] see what
// happens.
//
// [Cert], [Pin], [ServerName] and [MinTLS] say how TLS is spoken, [Proxy], [UnixSocket] and
// [SourceAddress] which way requests go. [Session.Mount] has an [Adapter] answer them: a mock, a
// recorder, another transport.
//
// What of the caller's runs while a request is made or sent, or a response read (a reader,
// [AuthFunc], a hook, an [Adapter], Progress) runs in the goroutine of the call. Its errors, and
// its panics as a [*PanicError], come back from the call. It must not end its goroutine by
// runtime.Goexit, which testing's FailNow does.
//
// A call that waits holds a thread of the operating system, of which Go allows 10,000: programs
// with thousands of requests at once limit them, see [Transport].
package rq

// #cgo pkg-config: rq
// #include <rq.h>
import "C"

// Version is the version of the library that is in use, such as "0.1.0".
func Version() string {
	return C.GoString(C.rq_version())
}
