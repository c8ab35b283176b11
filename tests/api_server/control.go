package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// control is the port that tests talk to: what came, and how to behave from now on.
//
//	GET /counts               numbers
//	GET /requests?path=/dev   JSON lines, in the order that they came
//	DELETE /requests          forget them, and the counts
//	PUT /settings             a query as the body, in place of all settings
type control struct {
	api     *api
	records *records
}

func (c *control) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	switch request.Method + " " + request.URL.Path {
	case "GET /counts":
		c.records.writeCounts(json.NewEncoder(out))
	case "GET /requests":
		c.records.writeRequests(json.NewEncoder(out), request.URL.Query().Get("path"))
	case "DELETE /requests":
		c.records.forget()
	case "PUT /settings":
		body, err := io.ReadAll(request.Body)
		if err == nil {
			var settings url.Values
			if settings, err = url.ParseQuery(string(body)); err == nil {
				err = c.api.setDefaults(settings)
			}
		}
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
		}
	default:
		http.NotFound(out, request)
	}
}
