package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
)

var authorization = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?` +
		`SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// checkSignature makes AWS's signature, version 4, of the request anew and compares.
func checkSignature(request *http.Request, s secret) error {
	parts := authorization.FindStringSubmatch(request.Header.Get("Authorization"))
	if parts == nil {
		return errors.New("no AWS4-HMAC-SHA256 authorization")
	}
	user, day, region, service, signed, signature := parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]
	if user != s.user {
		return errors.New("an access key that nobody knows")
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	hashed := request.Header.Get("X-Amz-Content-Sha256")
	if hashed == "" {
		hashed = digest(body)
	} else if hashed != digest(body) && hashed != "UNSIGNED-PAYLOAD" {
		return errors.New("the hash is not that of the body")
	}
	headers := ""
	for _, name := range strings.Split(signed, ";") {
		value := strings.Join(request.Header.Values(name), ",")
		if name == "host" {
			value = request.Host
		}
		headers += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	if !strings.Contains(";"+signed+";", ";host;") {
		return errors.New("the host is not signed")
	}
	// The path is encoded once more for every service but S3.
	path := request.URL.EscapedPath()
	if service != "s3" {
		path = strings.ReplaceAll(encodeForAWS(path), "%2F", "/")
	}
	canonical := strings.Join([]string{request.Method, path, canonicalQuery(request.URL.Query()), headers, signed, hashed}, "\n")
	at := request.Header.Get("X-Amz-Date")
	scope := day + "/" + region + "/" + service + "/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + digest([]byte(canonical))
	key := []byte("AWS4" + s.value)
	for _, part := range []string{day, region, service, "aws4_request", text} {
		key = keyed(key, part)
	}
	if !strings.HasPrefix(at, day) || !same(hex.EncodeToString(key), signature) {
		return fmt.Errorf("the signature is not that of this request: %q", canonical)
	}
	return nil
}

func digest(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, encodeForAWS(name)+"="+encodeForAWS(value))
		}
	}
	sort.Strings(pairs)
	return strings.Join(pairs, "&")
}

func encodeForAWS(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
