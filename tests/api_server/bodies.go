package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (a *api) sendReadings(out *reply, request *http.Request, b behaviour, device string, attempt int) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = appendReadings((*buffer)[:0], a.seed, device, b.day, b.values.of(a.seed, device), b.bits)
	body := *buffer
	if b.wrong != "" {
		body = spoil(body, b.wrong)
	}
	a.send(out, request, b, attempt, body)
}

// sendEcho shows the request as it came, for what is said about requests' own form.
func (a *api) sendEcho(out *reply, request *http.Request, b behaviour, attempt int) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		out.refuse(http.StatusBadRequest, err.Error())
		return
	}
	text, err := json.Marshal(map[string]string{
		"method": request.Method, "path": request.URL.EscapedPath(), "query": request.URL.RawQuery,
		"body": string(body), "type": request.Header.Get("Content-Type"),
	})
	if err != nil {
		panic(err)
	}
	a.send(out, request, b, attempt, text)
}

// spoil makes readings that a strict reader must object to, each in one way.
func spoil(body []byte, how string) []byte {
	text := string(body)
	inValues := func(value string) string { return strings.Replace(text, `"values":[`, `"values":[`+value+`,`, 1) }
	switch how {
	case "missing":
		text = text[:strings.Index(text, `,"values"`)] + "}"
	case "unknown":
		text = strings.Replace(text, "{", `{"surprise":1,`, 1)
	case "text":
		text = inValues(`"seven"`)
	case "decimal":
		text = inValues("7.5")
	case "null":
		text = inValues("null")
	case "nested":
		text = inValues("[7]")
	case "big":
		text = inValues("9223372036854775808")
	case "no-list":
		text = text[:strings.Index(text, `"values"`)] + `"values":7}`
	case "no-datetime":
		text = `{"datetime":null,` + text[strings.Index(text, `"values"`):]
	case "broken":
		text = text[:len(text)/2]
	case "html":
		text = "<html><body>Bad gateway</body></html>"
	case "empty":
		text = ""
	case "array":
		text = "[" + text + "," + text + "]"
	case "pretty":
		text = strings.NewReplacer(",", ",\n  ", "{", "{\n  ", "}", "\n}\n").Replace(text)
	}
	return []byte(text)
}

func (a *api) send(out *reply, request *http.Request, b behaviour, attempt int, body []byte) {
	misbehaves := b.first == 0 || attempt <= b.first
	header := out.Header()
	header["Content-Type"] = []string{"application/json"}
	encoding := chosen(b.hint, request.Header.Get("Accept-Encoding"))
	if b.bomb > 0 {
		encoding = "gzip"
	}
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
		body = encoded(encoding, body, b.bomb)
	}
	switch {
	case b.endless && misbehaves:
		out.WriteHeader(http.StatusOK)
		sendEndlessly(out, request, b)
	case b.drip > 0 && misbehaves:
		header.Set("Content-Length", strconv.Itoa(len(body)))
		out.WriteHeader(http.StatusOK)
		for i := range body {
			if _, err := out.Write(body[i : i+1]); err != nil || !out.flush() || !wait(request, b.drip) {
				return
			}
		}
	case misbehaves && a.happens(request, "truncate", attempt, b.truncate):
		header.Set("Content-Length", strconv.Itoa(len(body)))
		out.WriteHeader(http.StatusOK)
		out.Write(body[:len(body)/2])
		out.flush()
		panic(http.ErrAbortHandler)
	default:
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
		out.WriteHeader(http.StatusOK)
		out.Write(body)
	}
}

// sendEndlessly begins readings and never ends them: a byte at a time where the behaviour drips.
func sendEndlessly(out *reply, request *http.Request, b behaviour) {
	piece := []byte(strings.Repeat("1234567,", 8192))
	if b.drip > 0 {
		piece = []byte("1,")
	}
	_, err := out.Write([]byte(`{"datetime":"2020-01-27T07:07:27.744489","values":[`))
	for err == nil && out.flush() && wait(request, b.drip) && request.Context().Err() == nil {
		_, err = out.Write(piece)
	}
}

func chosen(hint, accepted string) string {
	switch hint {
	case "gzip", "zstd":
		return hint
	case "auto":
		for _, encoding := range []string{"zstd", "gzip"} {
			if strings.Contains(accepted, encoding) {
				return encoding
			}
		}
	}
	return ""
}

// encoded is the body in that encoding, or as many zeros as `bomb` says.
func encoded(encoding string, body []byte, bomb int64) []byte {
	var packed bytes.Buffer
	var to io.WriteCloser
	if encoding == "gzip" {
		to = gzip.NewWriter(&packed)
	} else {
		to, _ = zstd.NewWriter(&packed) // fails for wrong options only
	}
	if bomb > 0 {
		io.CopyN(to, zeros{}, bomb)
	} else {
		to.Write(body)
	}
	to.Close()
	return packed.Bytes()
}

type zeros struct{}

func (zeros) Read(to []byte) (int, error) {
	clear(to)
	return len(to), nil
}
