//go:build tools

// Package tools pins the Pulumi CLI that `make setup` builds when it can be had no other way.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
