package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// secret is what clients must show; settings name it: user, secret, name.
type secret struct {
	user  string // of basic; oauth2's client_id; sigv4's access key
	value string
	name  string // of the header, or of the query parameter
}

func secretOf(settings url.Values) secret {
	s := secret{user: "user", value: "secret", name: "X-Api-Key"}
	for name, to := range map[string]*string{"user": &s.user, "secret": &s.value, "name": &s.name} {
		if settings.Has(name) {
			*to = settings.Get(name)
		}
	}
	return s
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// allowed answers 401 to requests without the credentials that the behaviour asks for.
func (a *api) allowed(out *reply, request *http.Request, b behaviour, s secret) bool {
	given := request.Header.Get("Authorization")
	why := "no credentials, or wrong ones"
	granted := false
	switch b.auth {
	case "bearer":
		granted = same(given, "Bearer "+s.value)
	case "basic":
		user, password, has := request.BasicAuth()
		granted = has && same(user, s.user) && same(password, s.value)
	case "header":
		granted = same(request.Header.Get(s.name), s.value)
	case "query":
		granted = same(request.URL.Query().Get(s.name), s.value)
	case "oauth2":
		granted = a.tokens.use(strings.TrimPrefix(given, "Bearer "))
		why = "this token is not, or no longer, good"
	case "sigv4":
		if err := checkSignature(request, s); err != nil {
			why = err.Error()
		} else {
			granted = true
		}
	}
	if !granted {
		out.Header().Set("WWW-Authenticate", "Bearer")
		out.refuse(http.StatusUnauthorized, why)
	}
	return granted
}

type token struct {
	until time.Time
	uses  int // that are left; negative: no limit
}

type tokens struct {
	mutex sync.Mutex
	left  map[string]*token
}

func (t *tokens) use(name string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	found := t.left[name]
	if found == nil || time.Now().After(found.until) || found.uses == 0 {
		return false
	}
	found.uses--
	return true
}

// issueToken is the token endpoint of client credentials (RFC 6749, 4.4), which may come in the header
// or in the body.
func (a *api) issueToken(out *reply, request *http.Request, b behaviour, s secret) {
	if request.Method != http.MethodPost || request.ParseForm() != nil ||
		request.PostForm.Get("grant_type") != "client_credentials" {
		out.refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	user, password, has := request.BasicAuth()
	if has { // RFC 6749, 2.3.1: each is encoded as a form's value before it goes into the header
		user, _ = url.QueryUnescape(user)
		password, _ = url.QueryUnescape(password)
	} else {
		user, password = request.PostForm.Get("client_id"), request.PostForm.Get("client_secret")
	}
	if !same(user, s.user) || !same(password, s.value) {
		out.refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	life, uses := b.tokenLife, -1
	if life == 0 {
		life = time.Hour
	}
	if b.tokenUses > 0 {
		uses = b.tokenUses
	}
	name := fmt.Sprintf("%s-token-%d", s.value, a.records.token())
	a.tokens.mutex.Lock()
	a.tokens.left[name] = &token{until: time.Now().Add(life), uses: uses}
	a.tokens.mutex.Unlock()
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(http.StatusOK)
	json.NewEncoder(out).Encode(map[string]any{
		"access_token": name, "token_type": "Bearer", "expires_in": int(life.Seconds()),
		"scope": request.PostForm.Get("scope"),
	})
}
