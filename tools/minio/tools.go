//go:build tools

// Package tools pins the MinIO server, so that go.sum covers what a build of it needs.
package tools

import _ "github.com/minio/minio"
