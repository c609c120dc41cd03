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
// also covers the response's body until its end.
//
// # Requests
//
// The verbs take a URL and options. A [Request] says more: streamed bodies, forms, files, JSON,
// progress. A [Prepared] is exactly what goes out, to be looked at, edited and sent, or shown as a
// command line of curl.
//
// Settings are options ([Header], [Params], [BasicAuth], [Timeout], …), the same for a session and
// for a request, whose win. Redirects are followed ([FollowRedirects]), content codings taken off
// ([Decode]), failures told at once unless [Retries] says otherwise. [Cert], [Pin], [ServerName]
// and [MinTLS] say how TLS is spoken; [Proxy], [UnixSocket] and [SourceAddress], which way requests
// go.
//
// # Responses
//
// Body is an [io.ReadCloser]; [Response.Bytes], [Response.Text], [Response.JSON], [Response.Lines],
// [Response.Chunks] and [Response.Save] read it in other shapes. [Response.History] are the
// redirects that led here.
//
// # Errors
//
// Failures are *[Error]. errors.Is knows its [Code], the system's errno, the context's error and
// what a callback returned: ErrConnect, [syscall.ECONNREFUSED], [context.DeadlineExceeded].
// errors.As knows the types of net, crypto/tls and crypto/x509. A status of 4xx or 5xx is no
// failure; [Response.Raise] makes it one.
//
// # With net/http
//
// Code that is written for net/http can stay as it is: give its http.Client a [Transport]. A
// session's [Cookies] are an [http.CookieJar], and [CookieJar] has a session use another's.
// [HandlerAdapter] has an [http.Handler] answer in place of a server, as tests want it;
// [RoundTripperAdapter] sends by another transport.
//
// # Callbacks
//
// What of the caller's runs while a request is made or sent, or a response read (a reader,
// [AuthFunc], [OnRequest], [OnResponse], [OnTrace], [OnDownload], an [Adapter] that [Session.Mount]
// has answer, Progress) runs in the goroutine of the call. Its errors, and its panics as a
// [*PanicError], come back from the call. It must not end its goroutine by runtime.Goexit, which
// testing's FailNow does.
//
// # Threads
//
// A call that waits holds a thread of the operating system, of which Go allows 10,000: programs
// with thousands of requests at once limit them, by [Transport].MaxConcurrent, say.
package rq

// #cgo pkg-config: rq
// #include <rq.h>
import "C"

// Version is the version of the library that is in use, such as "0.1.0".
func Version() string {
	return C.GoString(C.rq_version())
}
