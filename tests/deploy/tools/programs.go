// Package tools pins, by go.mod and go.sum, the Go programs that the tests of deploy/ run.
package tools

import _ "github.com/rhysd/actionlint" // its command, in cmd/actionlint
