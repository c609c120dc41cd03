// How a response came about and where it leads: the redirects and challenges before it, the
// request that was sent, the next one, links.

package rq

// #include "callbacks.h"
import "C"

import "slices"

// History are the responses that led here, the oldest first: the redirects that were followed, or
// else the challenge that was answered. They live inside of this response: its Body.Close ends them
// too. Of each one's body, up to 64 KiB can be read.
func (r *Response) History() []*Response {
	b := r.body()
	b.use(func(ptr *C.rq_response, _ *call) {
		for i := C.size_t(len(b.history)); i < C.rq_response_history_count(ptr); i++ {
			earlier := C.rq_response_history_at(ptr, i)
			inside := &body{handle: newLent(earlier, b.handle), alone: b.alone}
			b.history = append(b.history, newResponse(earlier, inside))
		}
	})
	return slices.Clone(b.history)
}

// Request is the request as it was sent, hooks and all. Session.Send sends it again. It ends with
// this response, and cannot be edited.
func (r *Response) Request() *Prepared {
	b := r.body()
	if b.request == nil {
		b.request = &Prepared{handle: newLent[*C.rq_prepared](nil, b.handle), frozen: true}
		b.use(func(ptr *C.rq_response, _ *call) {
			b.request.handle.ptr = C.rq_response_request(ptr)
		})
	}
	return b.request
}

// Next is the request that this redirect leads to, where redirects are not followed: to be looked
// at, edited and sent. It is nil for what is no redirect, and an error for one that cannot be
// followed.
func (r *Response) Next() (next *Prepared, err error) {
	err = r.body().use(func(ptr *C.rq_response, c *call) {
		if prepared := C.rq_response_next(ptr, &c.err); prepared != nil {
			next = newPrepared(prepared)
		}
	})
	return next, err
}

// Link is a link of a response's header (RFC 8288).
type Link struct {
	Key    string // its relation, "next"; its URL where it has none
	URL    string
	Params []Field // rel among them
}

// Links are the links of the Link header, in order.
func (r *Response) Links() (links []Link) {
	r.body().use(func(ptr *C.rq_response, _ *call) {
		var key, url *C.char
		for i := C.size_t(0); C.rq_response_link_at(ptr, i, &key, &url); i++ {
			links = append(links, Link{C.GoString(key), C.GoString(url), linkParams(ptr, i)})
		}
	})
	return links
}

func linkParams(ptr *C.rq_response, link C.size_t) (params []Field) {
	var name, value *C.char
	for i := C.size_t(0); C.rq_response_link_param_at(ptr, link, i, &name, &value); i++ {
		params = append(params, Field{C.GoString(name), C.GoString(value)})
	}
	return params
}

// Link is the URL of the link with this relation: Link("next"). It is empty if there is none.
func (r *Response) Link(rel string) (url string) {
	r.body().use(func(ptr *C.rq_response, c *call) {
		if rel := c.text(rel); c.err == nil {
			url = C.GoString(C.rq_response_link(ptr, rel))
		}
	})
	return url
}
