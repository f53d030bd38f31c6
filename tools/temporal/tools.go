//go:build tools

// Package tools pins the Temporal command, so that go.sum covers what a build of it needs.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
