package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// sendPage cuts a page from a list of `count` items (250), `size` (100) a page, told by
//
//	page      ?page=1…; nothing in the reply says whether there is another
//	offset    ?offset=0…
//	cursor    ?cursor=…; the next one is "cursor" in the body, null at the end
//	next      "next" in the body is the link to the next page
//	link      so is the Link header; the body is the bare list
//
// With repeat=N, page N (from 1) leads to itself for ever. With next_origin=URL the links lead there;
// with relative=true they have no origin.
func (a *api) sendPage(out *reply, request *http.Request, b behaviour, by string) {
	query := request.URL.Query()
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(query.Get(name)); err == nil {
			return n
		}
		return otherwise
	}
	count, size, repeat := number("count", 250), number("size", 100), number("repeat", 0)
	begin := 0
	switch by {
	case "page":
		begin = (number("page", 1) - 1) * size
	case "offset":
		begin = number("offset", 0)
	case "cursor", "next", "link":
		if cursor := query.Get("cursor"); cursor != "" {
			if _, err := fmt.Sscanf(cursor, "after=%d", &begin); err != nil {
				out.refuse(http.StatusBadRequest, "a cursor that was never given out: "+cursor)
				return
			}
		}
	default:
		out.refuse(http.StatusNotFound, "pages are by page, offset, cursor, next or link")
		return
	}
	if repeat > 0 {
		begin = min(begin, (repeat-1)*size)
	}
	end := max(begin, min(begin+size, count))
	list := []byte{'['}
	for id := begin; id < end; id++ {
		if id > begin {
			list = append(list, ',')
		}
		list = appendItem(list, a.seed, id)
	}
	list = append(list, ']')

	cursor, link := "null", "null"
	if next := nextOf(begin, end, count, size, repeat); next >= 0 {
		query.Set("cursor", fmt.Sprintf("after=%d", next))
		cursor = strconv.Quote(query.Get("cursor"))
		link = strconv.Quote(linkTo(request, query))
		if by == "link" {
			out.Header().Add("Link", "<"+linkTo(request, query)+`>; rel="next"; title="a, b"`)
			out.Header().Add("Link", `</items>; rel="up"`)
		}
	}
	body := list
	switch by {
	case "cursor":
		body = fmt.Appendf(nil, `{"items":%s,"paging":{"cursor":%s}}`, list, cursor)
	case "next":
		body = fmt.Appendf(nil, `{"items":%s,"next":%s}`, list, link)
	case "page", "offset":
		body = fmt.Appendf(nil, `{"items":%s,"total":%d}`, list, count)
	}
	a.send(out, request, b, 1, body)
}

// nextOf is where the page after this one begins, or -1.
func nextOf(begin, end, count, size, repeat int) int {
	if repeat > 0 && begin == (repeat-1)*size {
		return begin
	}
	if end < count {
		return end
	}
	return -1
}

func linkTo(request *http.Request, query url.Values) string {
	origin := "http://" + request.Host
	if request.TLS != nil {
		origin = "https://" + request.Host
	}
	if other := query.Get("next_origin"); other != "" {
		origin = other
	}
	if query.Get("relative") == "true" {
		origin = ""
	}
	return origin + request.URL.EscapedPath() + "?" + query.Encode()
}
